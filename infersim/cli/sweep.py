"""`infersim sweep`: a study's points simulated on all cores, each run once and for all, into a folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infersim.cli.groups import Command
from infersim.cli.options import PROFILES
from infersim.cli.output import print_json, terminal_width
from infersim.cli.progress import counting, say
from infersim.errors import InfersimError, InputError

if TYPE_CHECKING:
    from infersim.load.study import LoadedStudy
    from infersim.sweep.outcome import SweepResult
    from infersim.sweep.runs import Progress

PICTURE = "sweep.png"


@click.command(
    cls=Command,
    short_help="Simulate a scenario at many points.",
    examples=(
        "infersim sweep study.yaml --out out/study",
        "infersim sweep chat.yaml --axis fleet.main.replicas=1,2,4 --replications 5 --out out/replicas",
        "infersim sweep chat.yaml --axis 'fleet.main.engine.max_num_seqs={from: 8, to: 512, points: 7, scale: log}' "
        "--out out/batches",
    ),
)
@click.argument("file", metavar="STUDY.yaml|SCENARIO.yaml")
@click.option(
    "--axis",
    "axes",
    metavar="PATH=V1,V2,…",
    multiple=True,
    help="Vary a path of the scenario; repeatable, for all combinations. Also PATH={from: 1, to: 8, points: 4}.",
)
@click.option("--out", metavar="DIR", required=True, help="Folder of the runs and of the result table.")
@click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a setting over the scenario; repeatable."
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of all random streams, in place of run.seed.")
@click.option(
    "--replications", metavar="R", type=click.IntRange(1, 10_000), help="Runs of each point, for 95% intervals."
)
@click.option("--jobs", metavar="J", type=click.IntRange(1, 1024), help="Processes; all cores by default.")
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT, whose workers do the runs.")
@click.option("--verbose", is_flag=True, help="Tell each point on stderr, as it is finished.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of the table.")
@PROFILES
def sweep(
    file: str,
    axes: tuple[str, ...],
    out: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int | None,
    dask: str | None,
    verbose: bool,
    as_json: bool,
    profiles: str | None,
) -> None:
    """Simulate all points of a study, or of a scenario and its axes.

    Stop it in any way and start it again: only what is missing is run. The table is in DIR/results.csv and
    results.parquet, a picture of it in sweep.png; infersim results DIR shows it, while the sweep runs, too.
    """
    from infersim.load import overlay
    from infersim.runs.pool import cores
    from infersim.sweep.sweep import on_cluster, sweep_study
    from infersim.text.sweep import tally

    folder, began = Path(out), time.perf_counter()
    with overlay(profiles):
        loaded = _study(file, axes, overrides, seed, replications)
        with counting("runs") as progress, _told(folder, progress) as told:
            doer = None if dask is None else on_cluster(loaded, dask, profiles)
            found = sweep_study(loaded, folder, jobs or cores(), told, doer, say if verbose else None)
    if as_json:
        print_json(found.summary())
    else:
        click.echo(found.page(terminal_width()))
    took_s = time.perf_counter() - began
    click.echo(f"{len(found):,} points: {tally(found.statuses)}", err=True)
    click.echo(f"{found.simulated:,} runs simulated in {took_s:.1f} s; table: {folder / 'results.csv'}", err=True)
    click.echo(_drawn(found, folder), err=True)


def _drawn(found: SweepResult, folder: Path) -> str:
    """The picture beside the table, or why there is none; one of an earlier sweep would not belong to it."""
    from infersim.sweep.pictures import save_picture

    try:
        return f"picture: {save_picture(found.plot(), folder / PICTURE)}"
    except InputError as error:
        with suppress(OSError):
            (folder / PICTURE).unlink(missing_ok=True)
        return f"no picture: {error.problem}"


def _study(
    file: str, axes: tuple[str, ...], overrides: tuple[str, ...], seed: int | None, replications: int | None
) -> LoadedStudy:
    from infersim.load.axes import typed_study
    from infersim.load.study import read_study

    if axes:
        return typed_study(file, axes, overrides, seed, replications)
    return read_study(file, overrides, seed, replications)


@contextmanager
def _told(folder: Path, progress: Progress) -> Iterator[Progress]:
    """Ctrl-C, and a cluster that is lost, say how far the sweep is, and how to go on."""
    at = [0, 0]

    def told(done: int, of: int) -> None:
        at[:] = done, of
        progress(done, of)

    try:
        yield told
    except (KeyboardInterrupt, InfersimError) as error:
        if at[1] and not isinstance(error, InputError):
            click.echo(
                f"\n{at[0]:,} of {at[1]:,} runs are done and kept in {folder}; the same command goes on", err=True
            )
        raise
