"""`infersim devices check`: what is missing or implausible in a device profile of one's own."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from infersim.cli.groups import Command
from infersim.cli.options import PROFILES
from infersim.cli.output import print_json, terminal_width

if TYPE_CHECKING:
    from infersim.load.device_check import Finding

IMPLAUSIBLE = 1


@click.command(
    "check",
    cls=Command,
    examples=("infersim devices check my-card.yaml", "infersim devices check my-card.yaml --strict --json"),
)
@click.argument("file", type=click.Path())
@PROFILES
@click.option("--strict", is_flag=True, help="Exit with 1 if something is implausible.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, file: str, profiles: str | None, strict: bool, as_json: bool) -> None:
    """Say what is missing or implausible in FILE, a device profile in YAML.

    Units, sparse rates given as dense, GB given for GiB, curves above the data sheet, and what stands in for curves
    that are not there.
    """
    from infersim.load import overlay
    from infersim.load.device_check import check_device

    with overlay(profiles):
        device, found = check_device(file)
    wrong = sum(finding.kind == "implausible" for finding in found)
    if as_json:
        listed = [asdict(finding) for finding in found]
        print_json({"file": file, "device": device.name, "implausible": wrong, "findings": listed})
    else:
        click.echo(f"{device.name}: {f'{wrong} implausible' if wrong else 'nothing implausible'}")
        for finding in found:
            _tell(finding)
    if strict and wrong:
        ctx.exit(IMPLAUSIBLE)


def _tell(finding: Finding) -> None:
    width = terminal_width(without=120)
    click.echo(f"{finding.kind}: {finding.field}")
    for text in (finding.problem, finding.hint):
        if text:
            click.echo(textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  "))
