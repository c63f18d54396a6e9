"""`infersim doctor`: whether everything that infersim needs is there and works."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from infersim.cli.groups import Command
from infersim.cli.output import print_json, terminal_width

if TYPE_CHECKING:
    from infersim.cli.checks import Check

BROKEN = 1
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_NAME = 15


@click.command(
    cls=Command,
    short_help="Check the installation and say what to mend.",
    examples=("infersim doctor", "infersim doctor --json"),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check versions, profiles, a small simulation, files, pictures and the terminal.

    Exit code 1 if something fails, 0 otherwise.
    """
    from infersim.cli.checks import FAIL, checks

    done = []
    for check in checks():
        done.append(check)
        if not as_json:
            _tell(check)
    failed = any(check.state == FAIL for check in done)
    if as_json:
        print_json({"works": not failed, "checks": [asdict(check) for check in done]})
    if failed:
        ctx.exit(BROKEN)


def _tell(check: Check) -> None:
    head, indent = f"{check.state:<4}  {check.name:<{_NAME}} ", " " * 6
    told = check.found + (f". Remedy: {check.remedy}" if check.remedy else "")
    width = terminal_width(without=1000)
    text = textwrap.fill(head + told, width, subsequent_indent=indent, break_on_hyphens=False)
    click.echo(click.style(text[:4], fg=_COLOURS[check.state]) + text[4:])
