"""`infersim explain`: where a step's time goes, what memory holds, and which assumptions move the answer."""

from __future__ import annotations

import click

from infersim.cli.complete import SCENARIO, complete_setting
from infersim.cli.groups import Command
from infersim.cli.options import PROFILES
from infersim.cli.output import print_json, terminal_width


@click.command(
    cls=Command,
    short_help="Show where the time goes and which assumptions move the answer.",
    examples=(
        "infersim explain chat.yaml",
        "infersim explain chat.yaml --set fleet.main.engine.max_num_seqs=64 --requests 500",
    ),
)
@click.argument("scenario", metavar="SCENARIO.yaml", type=SCENARIO)
@click.option(
    "--set",
    "overrides",
    metavar="PATH=VALUE",
    multiple=True,
    shell_complete=complete_setting,
    help="Lay a setting over the file; repeatable.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of all random streams, in place of run.seed.")
@click.option(
    "--requests",
    metavar="N",
    type=click.IntRange(min=1),
    help="Requests to simulate with each assumption changed; by default 1,000, or four a client of closed loops.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the page.")
@PROFILES
def explain(
    scenario: str,
    overrides: tuple[str, ...],
    seed: int | None,
    requests: int | None,
    as_json: bool,
    profiles: str | None,
) -> None:
    """Show where a step's time goes, what memory holds, and which assumptions move the answer most.

    It answers "why is the prediction not my benchmark?".
    """
    from infersim.load import load_scenario, overlay

    with overlay(profiles):
        loaded = load_scenario(scenario, overrides, seed)
        from infersim.explain import explain as explained

        data = explained(loaded, requests=requests)
    if as_json:
        print_json(data)
    else:
        from infersim.text.explanation import explanation

        click.echo(explanation(data, min(100, terminal_width())))
