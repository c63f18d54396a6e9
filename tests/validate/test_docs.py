"""docs/run_tables.md: its table of three rows is validated as the page says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "run_tables.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first example in a language."""
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[1]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "mine.base.yaml").write_text(block("yaml"))
    (tmp_path / "mine.csv").write_text(block("csv"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_numbers(text: str) -> list[list[str]]:
    """Words of each line, every number as 0: errors change with the profiles, the page's form does not."""
    return [re.sub(r"[-+]?\d+(\.\d+)?", "0", line).split() for line in text.splitlines()]


def test_the_example_is_answered_in_the_form_shown(infersim, folder):
    answer = infersim("validate", "mine.csv")
    assert (answer.code, answer.err) == (0, "")
    assert without_numbers(answer.out) == without_numbers(block("text"))
    (report,) = json.loads(infersim("validate", "mine.csv", "--json").out)["files"]
    assert (report["rows"], report["refused"], len(report["predictions"])) == (3, [], 3)
    assert {errors["n"] for errors in report["overall"].values()} == {3}


def test_every_command_of_the_page_runs(infersim, folder):
    commands = re.findall(r"^(infersim validate .*)$", TEXT, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        assert infersim(*shlex.split(command, comments=True)[1:]).code in (0, 1), command
    assert (folder / "out" / "mine" / "scatter.png").is_file()
    row = re.search(r"`infersim (run mine.base.yaml .*?)`", TEXT)[1]
    single = json.loads(infersim(*shlex.split(row), "--json").out)
    (report,) = json.loads(infersim("validate", "mine.csv", "--json").out)["files"]
    assert report["predictions"][2]["ttft_s.mean"] == single["ttft_s"]["mean"]
