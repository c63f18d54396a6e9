"""`infersim validate`: the simulator held against what was measured and recorded elsewhere."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infersim.cli.complete import FILE
from infersim.cli.groups import Command
from infersim.cli.options import PROFILES
from infersim.cli.output import check_folder, print_json, terminal_width, wrapped
from infersim.cli.progress import bar
from infersim.errors import InputError
from infersim.text.columns import columns

if TYPE_CHECKING:
    from infersim.validate import Comparison

_SCHEDULES = (".jsonl", ".jsonl.gz")
_TABLES = (".csv", ".csv.gz", ".parquet")


@click.command(
    cls=Command,
    short_help="Hold measured runs and recorded schedules against the simulator.",
    examples=(
        "infersim validate mine.csv",
        "infersim validate mine.csv.gz --by fleet.main.device --jobs 4 --out out/validation",
        "infersim validate mine.parquet --limit tpot_s.mean=0.08 --strict",
    ),
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@click.option("--base", metavar="FILE", help="Scenario under the rows, in place of NAME.base.yaml beside NAME.csv.gz.")
@click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a setting over every row; repeatable."
)
@click.option("--by", metavar="LABEL|PATH,…", default="", help="Group rows by these; by default by the label group.")
@click.option("--where", metavar="EXPR", default="", help="Only rows for which this SQL condition holds.")
@click.option("--jobs", metavar="J", type=click.IntRange(1, 1024), default=1, help="Processes to share the rows among.")
@click.option("--out", metavar="DIR", help="Write report, predictions and a scatter into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the report.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything disagrees, was refused or misses a limit.")
@click.option("--limit", "limits", metavar="FIGURE=0.08", multiple=True, help="Largest median error; repeatable.")
@PROFILES
@click.pass_context
def validate(
    ctx: click.Context,
    files: tuple[str, ...],
    base: str | None,
    overrides: tuple[str, ...],
    by: str,
    where: str,
    jobs: int,
    out: str | None,
    as_json: bool,
    strict: bool,
    limits: tuple[str, ...],
    profiles: str | None,
) -> None:
    """Hold run tables (.csv, .csv.gz, .parquet) and recorded schedules (.jsonl, .jsonl.gz) against the simulator.

    A run table is simulated row by row, and its measured figures are compared; a recording is replayed step by step.
    """
    tables = [path for path in files if _is_table(path)]
    if not tables and (base or overrides or by or where or out or limits):
        options = "--base, --set, --by, --where, --out and --limit"
        raise InputError(f"{options} are for run tables", f"they end in {_ends(_TABLES)}")
    bounds = dict(map(_limit, limits))
    from infersim.load import overlay

    if out is not None:
        check_folder(Path(out))
    asked = [name.strip() for name in by.split(",") if name.strip()]
    with overlay(profiles), ExitStack() as stack:
        compared = _compared(tables, base, overrides, asked, where, jobs, stack)
    reports, comparisons = [], []
    for path in files:
        if path in compared:
            from infersim.validate import report

            comparisons.append(compared[path])
            reports.append(report(compared[path]))
        else:
            from infersim.replay import replay_file

            reports.append(replay_file(Path(path)))
    missed = _missed([one for one in reports if one["kind"] == "runs"], bounds)
    _print(reports, as_json)
    for sentence in missed:
        click.echo(sentence, err=True)
    if out is not None:
        _save(comparisons, reports, Path(out))
    if strict and (missed or not all(_is_clean(report) for report in reports)):
        ctx.exit(1)


def _compared(
    tables: list[str],
    base: str | None,
    overrides: tuple[str, ...],
    by: list[str],
    where: str,
    jobs: int,
    stack: ExitStack,
) -> dict[str, Comparison]:
    """All tables read before the first is simulated: a fault of the last is told at once."""
    if not tables:
        return {}
    from infersim.runs import read_table
    from infersim.validate import compare

    read = {path: read_table(path, base, overrides) for path in tables}
    return {path: compare(table, by, where, jobs, bar(stack, "rows")) for path, table in read.items()}


def _missed(reports: list[dict[str, Any]], bounds: dict[str, float]) -> list[str]:
    if not bounds:
        return []
    from infersim.validate import missed_limits

    return missed_limits(reports, bounds)


def _save(comparisons: list[Comparison], reports: list[dict[str, Any]], folder: Path) -> None:
    from infersim.validate import FILES, save

    save(comparisons, reports, folder)
    click.echo(f"saved to {folder}: {', '.join(FILES)}", err=True)


def _print(reports: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"files": reports})
        return
    from infersim.text.validation import lines

    width = terminal_width(without=1000)
    for number, report in enumerate(reports):
        shown = lines(report, width) if report["kind"] == "runs" else _schedules(report)
        click.echo("\n".join(["", *shown] if number and report["kind"] == "runs" else shown))


def _is_table(path: str) -> bool:
    """Whether a file is a run table; else it is a recording, or nothing that is read here."""
    name = path.lower()
    if name.endswith(_TABLES):
        return True
    if not name.endswith(_SCHEDULES):
        hint = f"infersim validate reads run tables ({_ends(_TABLES)}) and recorded schedules ({_ends(_SCHEDULES)})"
        raise InputError("is no run table and no recording", hint, file=path)
    return False


def _ends(endings: tuple[str, ...]) -> str:
    return ", ".join(endings)


def _limit(typed: str) -> tuple[str, float]:
    name, _, text = typed.partition("=")
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if not name or not 0 <= bound < math.inf:
        raise InputError("is not FIGURE=FRACTION", "e.g. --limit tpot_s.mean=0.08", file=f"--limit {typed}")
    return name.removeprefix("measured."), bound


def _is_clean(report: dict[str, Any]) -> bool:
    return not report["refused"] and all(scenario["agrees"] for scenario in report.get("scenarios", ()))


def _schedules(report: dict[str, Any]) -> list[str]:
    scenarios, refused = report["scenarios"], report["refused"]
    agreeing = sum(scenario["agrees"] for scenario in scenarios)
    lines = [f"{report['path']}: {agreeing} of {len(scenarios)} scenarios agree in every step, {len(refused)} refused"]
    rows = [(s["id"], s["stratum"] or "", "agrees" if s["agrees"] else "differs") for s in scenarios]
    notes = [s["first_difference"] or "" for s in scenarios]
    rows += [(str(r["id"]), "", "refused") for r in refused]
    notes += [r["why"] for r in refused]
    for line, note in zip(columns(rows, left=3) if rows else [], notes, strict=True):
        lines.append(f"  {line}" + (f": {note}" if note else ""))
    return [wrapped(line) for line in lines]
