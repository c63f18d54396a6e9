"""`infersim run`: simulate a scenario, print its figures, keep them in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infersim.cli.output import check_folder, print_json, terminal_width, warn

if TYPE_CHECKING:
    from infersim.result import Result


@click.command()
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a setting over the file; repeatable."
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of all random streams, in place of run.seed.")
@click.option("--out", metavar="DIR", help="Write summary, scenario, tables, provenance and dashboard into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option("--profiles", metavar="DIR", help="Folder of profiles of your own, laid over the shipped ones.")
def run(
    scenario: str, overrides: tuple[str, ...], seed: int | None, out: str | None, as_json: bool, profiles: str | None
) -> None:
    """Simulate a scenario and print what the service would do."""
    from infersim.load import load_scenario, overlay

    with overlay(profiles):
        loaded = load_scenario(scenario, overrides, seed)
        if out is not None:
            check_folder(Path(out))
        from infersim.simulate import simulate

        result = simulate(loaded)
    _show(result, as_json)
    if out is not None:
        from infersim.result import FILES

        click.echo(f"saved to {result.save(Path(out))}: {', '.join(FILES)}", err=True)


def _show(result: Result, as_json: bool) -> None:
    if as_json:
        print_json(result.summary())
        for warning in result.warnings:
            warn(warning)
    else:
        from infersim.text.page import page

        click.echo(page(result.summary(), min(100, terminal_width())))
