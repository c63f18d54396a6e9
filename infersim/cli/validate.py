"""`infersim validate`: recorded schedules of real engines, replayed and compared step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from infersim.cli.output import print_json
from infersim.errors import InputError, NotModelled
from infersim.text.columns import columns

_SCHEDULES = (".jsonl", ".jsonl.gz")
_TABLES = (".csv", ".csv.gz")


@click.command(short_help="Hold recorded schedules against the simulator.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the report.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything disagrees or was refused.")
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], as_json: bool, strict: bool) -> None:
    """Hold recorded schedules (.jsonl, .jsonl.gz) against the simulator, step by step."""
    for path in files:
        _check_kind(path)
    from infersim.replay import replay_file

    reports = [replay_file(Path(path)) for path in files]
    if as_json:
        print_json({"files": reports})
    else:
        for report in reports:
            click.echo("\n".join(_report(report)))
    if strict and not all(_is_clean(report) for report in reports):
        ctx.exit(1)


def _check_kind(path: str) -> None:
    if path.lower().endswith(_TABLES):
        raise NotModelled("run tables: known, but not modelled yet; recorded schedules are", _reads(), file=path)
    if not path.lower().endswith(_SCHEDULES):
        raise InputError("is no recording that validate knows", _reads(), file=path)


def _reads() -> str:
    return f"infersim validate reads recorded schedules: {', '.join(_SCHEDULES)}"


def _is_clean(report: dict[str, Any]) -> bool:
    return not report["refused"] and all(scenario["agrees"] for scenario in report["scenarios"])


def _report(report: dict[str, Any]) -> list[str]:
    scenarios, refused = report["scenarios"], report["refused"]
    agreeing = sum(scenario["agrees"] for scenario in scenarios)
    lines = [f"{report['path']}: {agreeing} of {len(scenarios)} scenarios agree in every step, {len(refused)} refused"]
    rows = [(s["id"], s["stratum"] or "", "agrees" if s["agrees"] else "differs") for s in scenarios]
    notes = [s["first_difference"] or "" for s in scenarios]
    rows += [(str(r["id"]), "", "refused") for r in refused]
    notes += [r["why"] for r in refused]
    for line, note in zip(columns(rows, left=3) if rows else [], notes, strict=True):
        lines.append(f"  {line}" + (f": {note}" if note else ""))
    return lines
