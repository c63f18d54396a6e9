"""`infersim run`: simulate a scenario, print its figures, keep them in a folder."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infersim.cli.complete import SCENARIO, complete_setting
from infersim.cli.groups import Command
from infersim.cli.interrupt import INTERRUPTED, softly
from infersim.cli.options import PROFILES
from infersim.cli.output import check_folder, save, show, terminal_width
from infersim.cli.progress import bar, run_bar

if TYPE_CHECKING:
    from infersim.load import Loaded
    from infersim.result import Result
    from infersim.runs import Replications


@click.command(
    cls=Command,
    examples=(
        "infersim run chat.yaml",
        "infersim run chat.yaml --set fleet.main.replicas=2 --out out/two",
        "infersim run chat.yaml --replications 10 --json",
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
    "--replications",
    metavar="R",
    type=click.IntRange(1, 10_000),
    help="Independent runs; figures are then means, with 95% intervals. In place of run.replications.",
)
@click.option(
    "--jobs",
    metavar="J",
    type=click.IntRange(1, 1024),
    help="Processes to share the replications among; all cores by default.",
)
@click.option("--out", metavar="DIR", help="Write summary, scenario, tables, provenance and dashboard into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@PROFILES
@click.pass_context
def run(
    ctx: click.Context,
    scenario: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int | None,
    out: str | None,
    as_json: bool,
    profiles: str | None,
) -> None:
    """Simulate a scenario and print what the service would do.

    Ctrl-C ends the run and shows what was simulated by then.
    """
    from infersim.load import load_scenario, overlay

    laid = (*overrides, *([] if replications is None else [f"run.replications={replications}"]))
    with overlay(profiles):
        loaded = load_scenario(scenario, laid, seed)
        if out is not None:
            check_folder(Path(out))
        found = _one(loaded) if loaded.scenario.run.replications == 1 else _several(loaded, jobs)
    show(found, as_json, _page)
    save(found, out)
    if found.interrupted:
        ctx.exit(INTERRUPTED)


def _one(loaded: Loaded) -> Result:
    from infersim.sim.watch import Watch
    from infersim.simulate import simulate

    watch = Watch()
    with softly(watch.stop), run_bar(watch):
        return simulate(loaded, watch=watch)


def _several(loaded: Loaded, jobs: int | None) -> Replications:
    from infersim.runs import replicate
    from infersim.runs.pool import cores

    began, runs = time.perf_counter(), loaded.scenario.run.replications
    jobs = min(jobs or cores(), runs)
    with ExitStack() as stack:
        try:
            found = replicate(loaded, jobs=jobs, progress=bar(stack, "replications"), keep=True)
        except KeyboardInterrupt:
            stack.close()
            click.echo(f"none of {runs:,} replications is finished: there is nothing to show or to save", err=True)
            raise
    took_s = time.perf_counter() - began
    where = "one process" if jobs == 1 else f"{jobs} processes"
    click.echo(f"{len(found.seeds):,} replications in {took_s:.1f} s on {where}", err=True)
    return found


def _page(summary: dict[str, Any]) -> str:
    if "ci95" in summary:
        from infersim.text.replicated import page
    else:
        from infersim.text.page import page

    return page(summary, min(100, terminal_width()))
