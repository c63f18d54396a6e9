"""docs/compare.md: the page that it shows is the command's, row by row; only numbers may change with the profiles."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.console import Console

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")


def rows(text: str) -> list[str]:
    """Titles, and labels of rows and sentences."""
    return re.findall(r"^(?:\S+ \(this\) against .*|\S(?: ?\S)*(?=  ))", text, re.MULTILINE)


def test_the_example_shows_the_rows_that_the_command_prints(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    command = re.search(r"```console\n(.*?)```", TEXT, re.DOTALL)[1]
    shown = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    answer = Console(capsys)(*shlex.split(command)[1:], "--replications", 3, "--jobs", 1)
    assert answer.code == 0
    assert rows(answer.out) == rows(shown)
    assert len(rows(shown)) == 2 * (1 + 8) + 2


def test_every_verdict_is_told():
    for verdict in ("better", "worse", "higher", "lower", "not told apart", "the same", "no value"):
        assert f"`{verdict}`" in TEXT
