"""`infersim schema`: JSON Schemas, for editors that complete and check while people type."""

from __future__ import annotations

import click

from infersim.cli.groups import Command
from infersim.cli.output import print_json

KINDS = ("scenario", "study", "device", "model", "engine", "workload")


@click.command(
    cls=Command,
    short_help="Print the JSON Schema of a kind of files.",
    examples=("infersim schema scenario > scenario.schema.json", "infersim schema device"),
)
@click.argument("kind", type=click.Choice(KINDS))
def schema(kind: str) -> None:
    """Print the JSON Schema of a scenario, a study, or a device, model, engine or workload profile.

    An editor that reads `# yaml-language-server: $schema=scenario.schema.json` on a file's first line completes and
    checks by it.
    """
    from infersim.load import json_schema

    print_json(json_schema(kind))
