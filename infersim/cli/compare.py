"""`infersim compare`: which of several scenarios, or points of a sweep, is better, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infersim.cli.groups import Command
from infersim.cli.interrupt import INTERRUPTED
from infersim.cli.options import PROFILES
from infersim.cli.output import check_folder, save, show, terminal_width
from infersim.cli.progress import bar, counting
from infersim.errors import InputError, InputErrors

if TYPE_CHECKING:
    from infersim.compare import Best, Comparison


@click.command(
    cls=Command,
    short_help="Compare scenarios under the same random numbers.",
    examples=(
        "infersim compare chat.yaml --variant fleet.main.replicas=2 --replications 20",
        "infersim compare a.yaml b.yaml c.yaml --best ttft_s.p99 --indifference 5%",
        "infersim compare out/study --points 3,7 --figures ttft_s.p99,e2e_s.p99 --out out/compared",
    ),
)
@click.argument("scenarios", metavar="A.yaml B.yaml …|DIR", nargs=-1, required=True)
@click.option(
    "--points",
    metavar="A,B,…",
    help="Of DIR, the folder of a sweep: compare these points, by number or name, from the runs that it has.",
)
@click.option(
    "--variant",
    "variants",
    metavar="PATH=VALUE",
    multiple=True,
    help="Also compare the first file with this setting laid over it; repeatable.",
)
@click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a setting over every scenario; repeatable."
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the first replication, in place of run.seed.")
@click.option(
    "--replications",
    metavar="R",
    type=click.IntRange(2, 10_000),
    help="Runs of each scenario; 10 by default, of points those that there are. With --best, those before any is "
    "dropped.",
)
@click.option("--figures", metavar="PATH,…", help="What is compared: paths of infersim run --json.")
@click.option("--all-pairs", is_flag=True, help="Differences of all pairs, and not only against the first.")
@click.option("--best", metavar="PATH", help="Find the best by this figure, dropping what is worse on the way.")
@click.option(
    "--indifference",
    metavar="D",
    help="The smallest difference that matters with --best: 5% of the best by default, or a number in its unit.",
)
@click.option("--most", metavar="R", type=click.IntRange(2, 100_000), help="With --best: replications at most; 100.")
@click.option("--jobs", metavar="J", type=click.IntRange(1, 1024), help="Processes; all cores by default.")
@click.option("--out", metavar="DIR", help="Write the comparison, its runs and their provenance into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@PROFILES
@click.pass_context
def compare(
    ctx: click.Context,
    scenarios: tuple[str, ...],
    points: str | None,
    variants: tuple[str, ...],
    overrides: tuple[str, ...],
    replications: int | None,
    figures: str | None,
    all_pairs: bool,
    best: str | None,
    indifference: str | None,
    most: int | None,
    out: str | None,
    as_json: bool,
    profiles: str | None,
    **options: Any,
) -> None:
    """Compare scenarios under the same random numbers, or points of a sweep, which are so, too.

    Each difference has a 95% interval and a verdict; all of them together are wrong with a chance of 5% at most.
    Ctrl-C shows what was found by then.
    """
    from infersim.load import overlay

    if best is not None and (figures or all_pairs):
        raise click.UsageError("--best finds one scenario by one figure: it goes without --figures and --all-pairs")
    if best is None and (most or indifference):
        raise click.UsageError("--most and --indifference go with --best")
    _check_points(scenarios, points, bool(variants or overrides or best or options["seed"] is not None))
    if out is not None:
        check_folder(Path(out))
    given = [*scenarios, *((scenarios[0], [setting]) for setting in variants)]
    options |= {"overrides": overrides, "keep": True}
    with overlay(profiles), _as_typed(variants), _kept(points, scenarios[0]):
        if points is not None:
            found: Comparison | Best = _of_points(scenarios[0], points, figures, replications, all_pairs, options)
        elif best is None:
            found = _compared(given, figures, replications, all_pairs, options)
        else:
            found = _best(given, best, indifference, replications, most, options)
    show(found, as_json, _page)
    save(found, out)
    if found.interrupted:
        ctx.exit(INTERRUPTED)


def _check_points(scenarios: tuple[str, ...], points: str | None, changed: bool) -> None:
    """Points are those of one folder, as they are there."""
    if points is None:
        folder = next((each for each in scenarios if Path(each).is_dir()), None)
        if folder is not None:
            hint = f"to compare points of a sweep: infersim compare {folder} --points 3,7"
            raise InputError("is a folder", hint, file=folder)
    elif len(scenarios) != 1:
        raise click.UsageError("--points are of one sweep's folder: infersim compare DIR --points 3,7")
    elif changed:
        raise click.UsageError(
            "--points are as the sweep has them: they go without --variant, --set, --seed and --best"
        )


@contextmanager
def _as_typed(variants: tuple[str, ...]) -> Iterator[None]:
    """Mistakes in a variant name the option that it was typed with."""
    try:
        yield
    except InputError as error:
        typed = {f"--set {variant}": f"--variant {variant}" for variant in variants}
        each = [one.located(typed[one.file]) if one.file in typed else one for one in getattr(error, "errors", [error])]
        raise (each[0] if len(each) == 1 else InputErrors(*each)) from None


@contextmanager
def _kept(points: str | None, folder: str) -> Iterator[None]:
    """Ctrl-C before there is anything to show says so."""
    try:
        yield
    except KeyboardInterrupt:
        if points is None:
            said = "fewer than two replications of all scenarios are finished: there is nothing to show or to save"
        else:
            said = f"what is finished is kept in {folder}; the same command goes on"
        click.echo(f"\n{said}", err=True)
        raise


def _of_points(
    folder: str,
    points: str,
    figures: str | None,
    replications: int | None,
    all_pairs: bool,
    options: dict[str, Any],
) -> Comparison:
    from infersim.compare import compare_points

    with counting("runs") as progress:
        return compare_points(
            folder,
            _listed(points),
            replications=replications,
            figures=_listed(figures) or None,
            all_pairs=all_pairs,
            jobs=_jobs(options)["jobs"],
            progress=progress,
        )


def _listed(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(",") if each.strip()]


def _compared(
    given: list[Any], figures: str | None, replications: int | None, all_pairs: bool, options: dict[str, Any]
) -> Comparison:
    from infersim.compare import compare as compared

    with ExitStack() as stack:
        return compared(
            *given,
            figures=_listed(figures) or None,
            replications=replications or 10,
            all_pairs=all_pairs,
            progress=bar(stack, "runs"),
            **_jobs(options),
        )


def _best(
    given: list[Any],
    figure: str,
    indifference: str | None,
    first: int | None,
    most: int | None,
    options: dict[str, Any],
) -> Best:
    from infersim.compare import find_best
    from infersim.compare.find import MOST

    with ExitStack() as stack:

        def stage(runs: int) -> Callable[[], None]:
            stack.close()  # the bar of the stage before
            return bar(stack, "runs")(runs)

        return find_best(
            *given,
            figure=figure,
            indifference=indifference or "5%",
            first=first or 10,
            most=most or MOST,
            progress=stage,
            **_jobs(options),
        )


def _jobs(options: dict[str, Any]) -> dict[str, Any]:
    from infersim.runs.pool import cores

    return options | {"jobs": options["jobs"] or cores()}


def _page(summary: dict[str, Any]) -> str:
    if "differences" in summary:
        from infersim.text.comparison import page
    else:
        from infersim.text.selection import page

    return page(summary, min(100, terminal_width()))
