"""`infersim schema`: JSON Schemas, for editors that complete and check while people type."""

from __future__ import annotations

import click

from infersim.cli.output import print_json


@click.command()
@click.argument("what", type=click.Choice(["scenario"]))
def schema(what: str) -> None:
    """Print the JSON Schema of a scenario."""
    from infersim.load import scenario_schema

    print_json(scenario_schema())
