"""docs/explain.md: the page that it shows is the command's, line by line; only numbers may change with the profiles."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")


def labels(text: str) -> list[str]:
    """Labels of sentences and rows, and what heads stand above them; sorted, as an order by size changes with sizes."""
    heads = re.findall(r"^(?:decode step|prefill step|what would move it)", text, re.MULTILINE)
    return sorted({*heads, *re.findall(r"^(\S(?: ?\S)*)  ", text, re.MULTILINE)})


def test_the_example_shows_the_lines_that_the_command_prints(infersim, monkeypatch):
    monkeypatch.chdir(ROOT)
    command = re.search(r"```console\n(.*?)```", TEXT, re.DOTALL)[1]
    shown = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    answer = infersim(*shlex.split(command)[1:])
    assert (answer.code, answer.err) == (0, "")
    assert labels(answer.out) == labels(shown)
    assert len(labels(shown)) > 25


def test_every_row_of_the_example_is_told():
    shown = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    told = TEXT.partition("## How to read it")[2]
    rows = re.findall(r"^([a-zA-Z/ ,-]+?) +\d+ +[\d.]+ [µm]?s", shown, re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        word = row.removesuffix(" product").removeprefix("host, ")
        assert word in told, row
