"""Each command's help shows examples, of commands and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.cli.commands import COMMANDS, NAMED

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def typed(example: str) -> list[list[str]]:
    """The words after each `infersim` of an example: a shell may join two, or put one into quotes of another's."""
    return [shlex.split(part.split(" > ")[0]) for part in re.findall(r"infersim ([^&)]+)", example)]


@pytest.mark.parametrize("named", NAMED)
def test_help_ends_with_examples_of_this_command(infersim, named):
    command = COMMANDS[NAMED[named]]
    assert 1 <= len(command.examples) <= 3
    assert any(example.lstrip('eval "$(').startswith(named) for example in command.examples)
    answer = infersim(*NAMED[named], "--help")
    assert answer.code == 0
    shown = answer.out.replace(" \\\n", "").replace("    ", " ")
    for example in command.examples:
        assert " ".join(example.split()) in " ".join(shown.split())


@pytest.mark.parametrize("named", NAMED)
def test_examples_are_of_commands_and_options_that_exist(named):
    for example in COMMANDS[NAMED[named]].examples:
        for words in typed(example):
            path = next(tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in COMMANDS)
            command = COMMANDS[path]
            assert not isinstance(command, click.Group), example
            context = command.make_context(path[-1], words[len(path) :])  # raises where it does not take them
            assert context.params


def test_a_narrow_terminal_gets_examples_in_lines_that_a_shell_joins(infersim, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = infersim("run", "--help").out.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.endswith(" \\"))
    assert lines[begin].startswith("  infersim run chat.yaml")
    assert lines[begin + 1].startswith("    ")
    assert max(map(len, lines)) <= 50


def test_the_page_of_commands_lists_them_all():
    told = set(re.findall(r"^\| `(infersim [^`]*)` \|", PAGE, re.MULTILINE))
    assert told == {name for name, path in NAMED.items() if not isinstance(COMMANDS[path], click.Group)}
