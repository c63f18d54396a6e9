"""`infersim curve`: latency against load, the saturation point, and the capacity at an SLO."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infersim.cli.groups import Command
from infersim.cli.interrupt import INTERRUPTED
from infersim.cli.options import PROFILES
from infersim.cli.output import check_folder, save, show, terminal_width
from infersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@click.command(
    cls=Command,
    short_help="Latency against load, and how much load an SLO allows.",
    examples=(
        "infersim curve chat.yaml --slo ttft_s.p99=1 --slo tpot_s.p95=50ms",
        "infersim curve chat.yaml --rates 2,4,8,16,32 --out out/curve",
        "infersim curve chat.yaml --points 0 --json",
    ),
)
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option(
    "--class",
    "classes",
    metavar="NAME",
    multiple=True,
    help="Traffic class whose load varies; repeatable. All open ones by default, in their mix.",
)
@click.option(
    "--slo",
    metavar="BOUND",
    multiple=True,
    help="ttft_s.p99=1, or CLASS.tpot_s.p95=50ms, in place of the scenario's SLOs; repeatable.",
)
@click.option("--rates", metavar="R,R,…", help="Loads to run: requests a second, or clients of closed loops.")
@click.option(
    "--points",
    metavar="N",
    type=click.IntRange(0, 1000),
    help="Loads to run besides those of the search, up to beyond saturation; 6 by default.",
)
@click.option(
    "--replications",
    metavar="R",
    type=click.IntRange(2, 10_000),
    help="Independent runs at a load, at most; 24 by default. More narrow the interval.",
)
@click.option("--jobs", metavar="J", type=click.IntRange(1, 1024), help="Processes at most; all cores by default.")
@click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a setting over the file; repeatable."
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of all random streams, in place of run.seed.")
@click.option("--out", metavar="DIR", help="Write curve.json, points.csv and the picture into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@PROFILES
@click.pass_context
def curve(
    ctx: click.Context,
    scenario: str,
    classes: tuple[str, ...],
    slo: tuple[str, ...],
    rates: str | None,
    points: int | None,
    replications: int | None,
    jobs: int | None,
    overrides: tuple[str, ...],
    seed: int | None,
    out: str | None,
    as_json: bool,
    profiles: str | None,
) -> None:
    """How many requests a second hold the SLO, and what latencies are at lower and higher loads.

    The load multiplies the rates of all open classes, or the clients of closed loops. Runs are replicated until the
    capacity is known to about 1%, or the most replications are done; each run is as long as the scenario says, but for
    short ones far from the boundary. Ctrl-C shows what is known by then.
    """
    from infersim.capacity import curve as found_by
    from infersim.capacity.explore import POINTS, REPLICATIONS
    from infersim.load import load_scenario, overlay
    from infersim.runs.pool import cores

    with overlay(profiles):
        loaded = load_scenario(scenario, overrides, seed)
        if out is not None:
            check_folder(Path(out))
        with _nothing_kept(), _counted() as ran:
            found = found_by(
                loaded,
                classes=classes,
                rates=_rates(rates),
                points=POINTS if points is None else points,
                replications=replications or REPLICATIONS,
                slo=slo,
                jobs=jobs or cores(),
                ran=ran,
                keep=True,
            )
        show(found, as_json, _page)
        save(found, out)
    if found.interrupted:
        ctx.exit(INTERRUPTED)


def _page(summary: dict[str, Any]) -> str:
    from infersim.text.capacity import page

    return page(summary, min(110, terminal_width()))


def _rates(text: str | None) -> list[float]:
    if text is None:
        return []
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError("are numbers separated by commas", "e.g. --rates 1,2,4,8", "--rates", repr(text)) from None


@contextmanager
def _counted() -> Iterator[Callable[[], None]]:
    """Counts runs on stderr, where that is a terminal: how many there will be, only the search knows."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    count = 0

    def ran() -> None:
        nonlocal count
        count += 1
        click.echo(f"\r{count:,} run{'s' if count > 1 else ''}", err=True, nl=False)

    try:
        yield ran
    finally:
        click.echo("\r\033[K", err=True, nl=False)


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """Ctrl-C before any load was tried says so."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nno load was tried by then: there is nothing to show or to save", err=True)
        raise
