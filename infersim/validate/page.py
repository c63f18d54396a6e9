"""`docs/validation.md` from tables of measured runs: every number from this run and from the profiles."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from infersim import provenance
from infersim.load.profiles import overlay
from infersim.plots.scatter import scatter_page
from infersim.runs import Refusal, RunTable, read_table
from infersim.runs.halves import kept_out
from infersim.text.validation_page import Line, page
from infersim.validate import evidence, roofline
from infersim.validate.comparison import Comparison, compare
from infersim.validate.report import errors_of, report

TABLES = (
    "closed_loop",
    "open_loop",
    "kv_capacity",
    "static_batch",
    "llm_power",
    "mlperf_llm",
    "single_stream",
    "batched_bench",
    "accelerators",
)
"""Tables of the page, in its order; those that are not there are left out."""
SAID = {"static_batch": ('fleet.main.engine.version="0.2"',)}
"""What a table's description says of all its rows and its columns do not: here a vLLM of 2023."""
PAGE, PICTURE = "validation.md", "validation.png"
LEAST_GROUP = 15
"""Groups of fewer rows are not told."""
PANELS = 8
"""Figures of the picture: those that most rows state."""
FITTED = ("closed_loop",)
"""Tables to half of whose rows engines' constants were fitted (`infersim.calibrate.engine`)."""
_LEFT_OUT = (".p90", ".p95")
"""Percentiles that stand between others."""
_UNDRAWN = (*_LEFT_OUT, ".p99", ".requests_per_s", ".joules_per_request")
"""What shows no more than another figure does, or is noise in many rows."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.validate.page`."""
    parser = argparse.ArgumentParser(prog="python -m infersim.validate.page", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help=f"folder for {PAGE} and {PICTURE}")
    parser.add_argument("tables", type=Path, metavar="TABLES_DIR", help="folder of run tables")
    parser.add_argument("--jobs", type=int, default=1, help="processes to share the rows among")
    options = parser.parse_args(arguments)
    found = [path for name in TABLES for path in sorted(options.tables.glob(f"{name}.csv*"))]
    if not found or not options.out.is_dir():
        parser.error(f"no such folder, or none of the tables {', '.join(TABLES)} is there")
    tables = [read_table(path, overrides=SAID.get(path.name.partition(".")[0], ())) for path in found]
    predicted = [_compare(table, options.jobs) for table in tables]
    with TemporaryDirectory() as folder:
        roofline.write_profiles(Path(folder))
        with overlay(folder):
            beside = [_compare(table, options.jobs) for table in tables]
    (options.out / PAGE).write_text(text(predicted, beside), encoding="utf-8")
    _picture(predicted).savefig(options.out / PICTURE, dpi=110, metadata={"Software": None})
    return 0


def _compare(table: RunTable, jobs: int) -> Comparison:
    began = time.monotonic()
    found = compare(table, jobs=jobs)
    print(f"{table.path.name}: {len(found.rows)} rows in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def text(predicted: Sequence[Comparison], beside: Sequence[Comparison]) -> str:
    """The page.

    Args:
        predicted: the tables' rows as infersim predicts them.
        beside: the same under the roofline.
    """
    both = [(one, report(one), report(other)) for one, other in zip(predicted, beside, strict=True)]
    about = {
        "command": "make validation TABLES=FOLDER",
        "commit": provenance.commit() or "of an installed release",
        "date": datetime.date.today().isoformat(),
        "picture": PICTURE,
        "said": "\n".join(_said(one.table) for one in predicted if one.table.over),
    }
    unseen = evidence.unseen([one.table for one in predicted])
    return page(
        about,
        overall=[
            line
            for one, ours, theirs in both
            for line in _lines(one, "", ~one.suspect, ours["overall"], theirs["overall"])
        ],
        halves=[
            line
            for one, other in zip(predicted, beside, strict=True)
            if _name(one) in FITTED
            for line in _halves(one, other)
        ],
        groups=[line for one, ours, theirs in both for line in _group_lines(one, ours, theirs)],
        suspect=[
            line
            for one, ours, theirs in both
            for line in _lines(one, "", one.suspect, ours["suspect"], theirs["suspect"])
        ],
        refused=[line for one, _, _ in both for line in _refusals(one)],
        kernels=evidence.kernel_errors(),
        fitted=evidence.fitted(),
        unmeasured={
            "devices": unseen["device"],
            "models": unseen["model"],
            "engines": unseen["engine"],
            "devices without a measured kernel": [of.name for of in evidence.devices() if not of.operators],
        },
    )


def _said(table: RunTable) -> str:
    """What was set in every row of a table, as a sentence."""
    settings = ", ".join(f"`{path}: {value}`" for path, value in table.over.items())
    return f"\nIn all rows of `{table.path.name.partition('.')[0]}`, by their description: {settings}."


def _lines(
    one: Comparison, group: str, members: np.ndarray, errors: Mapping[str, Any], beside: Mapping[str, Any]
) -> Iterator[Line]:
    nothing = {"n": 0}
    for name, found in errors.items():
        measured = int((one.figures[name][members] > 0).sum()) if name in one.figures else 0
        if measured and not name.endswith(_LEFT_OUT):
            yield Line(_name(one), group, name, measured, found, beside.get(name, nothing))


def _group_lines(one: Comparison, ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Line]:
    beside = {group["group"]: group for group in theirs["groups"]}
    names = np.array(one.groups, dtype=object)
    for group in ours["groups"]:
        if group["rows"] >= LEAST_GROUP:
            errors = {name: found for name, found in group.items() if name in one.figures}
            members = ~one.suspect & (names == group["group"])
            yield from _lines(one, group["group"], members, errors, beside.get(group["group"], {}))


def _halves(one: Comparison, other: Comparison) -> Iterator[Line]:
    """Rows of each engine that fits saw, and those that they did not."""
    out = kept_out([one.table.label(row, "id") or str(row) for row in one.rows])
    engines = np.array([evidence.engine_of(one.table, row) for row in one.rows], dtype=object)
    for engine in sorted(set(engines)):
        for half, rows in (("half for fits", ~out), ("half kept out", out)):
            members = ~one.suspect & (engines == engine) & rows
            ours, theirs = (errors_of(each, members) for each in (one, other))
            yield from _lines(one, f"{engine}, {half}", members, ours, theirs)


def _refusals(one: Comparison) -> Iterator[tuple[str, int, str, int, str]]:
    refused = [answer for answer in one.answers if isinstance(answer, Refusal)]
    for kind, count in Counter(answer.kind for answer in refused).items():
        why = next(answer.why for answer in refused if answer.kind == kind)
        yield _name(one), len(one.rows), kind, count, why


def _name(one: Comparison) -> str:
    return one.table.path.name.partition(".")[0]


def _picture(predicted: Sequence[Comparison]) -> Any:
    """Predicted against measured, a colour a table."""
    rows: Counter[str] = Counter()
    for one in predicted:
        for name, measured in one.figures.items():
            rows[name] += int(((measured > 0) & ~np.isnan(one.predicted(name))).sum())
    most = [name for name, _ in rows.most_common() if not name.endswith(_UNDRAWN)][:PANELS]
    drawn = {
        name: (
            np.concatenate([one.figures.get(name, _nothing(one)) for one in predicted]),
            np.concatenate([one.predicted(name) if name in one.figures else _nothing(one) for one in predicted]),
        )
        for name in most
    }
    groups = [_name(one) for one in predicted for _ in one.rows]
    doubtful = np.concatenate([one.suspect for one in predicted])
    return scatter_page(drawn, groups, doubtful, "Predicted against measured")


def _nothing(one: Comparison) -> np.ndarray:
    return np.full(len(one.rows), np.nan)


if __name__ == "__main__":
    raise SystemExit(main())
