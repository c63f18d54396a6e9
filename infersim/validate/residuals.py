"""Residuals of validated runs by class of configuration: what an engine's profile says of its prediction intervals."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infersim.calibrate.device import as_flow
from infersim.deployment import deploy
from infersim.metrics.interval import FIGURES, ErrorClass
from infersim.runs import Refusal, read_table
from infersim.runs.halves import kept_out
from infersim.spec.engine import Residuals
from infersim.spec.fleet import Pool
from infersim.validate.comparison import Comparison, compare

LEAST = 10
"""Runs below which a class has no quantiles."""
METHOD = "10%, 50% and 90% quantiles of predicted ÷ measured means over the rows without suspect"
KEPT_OUT = ", of the half that no constant was fitted on"
_QUANTILES = (10, 50, 90)

Ratios = dict[str, list[float]]
"""Predicted ÷ measured by figure."""


def ratios(comparison: Comparison, only_kept_out: bool = False) -> dict[ErrorClass, Ratios]:
    """Predicted ÷ measured means of the rows that are not suspect and were answered, by class of configuration.

    Args:
        comparison: the rows and their answers.
        only_kept_out: leave out the rows that engines' constants were fitted on.
    """
    found: dict[ErrorClass, Ratios] = {}
    figures, table = comparison.figures, comparison.table
    unseen = kept_out([table.label(row, "id") or str(row) for row in comparison.rows])
    for number, (row, answer) in enumerate(zip(comparison.rows, comparison.answers, strict=True)):
        if isinstance(answer, Refusal) or comparison.suspect[number] or (only_kept_out and not unseen[number]):
            continue
        scenario = table.scenario(row)
        name, pool = next(iter(scenario.scenario.fleet.items()))
        of = found.setdefault(_class_of(name, pool, scenario.folder), {each: [] for each in FIGURES})
        for each in FIGURES:
            predicted, measured = answer.get(f"{each}.mean"), figures.get(f"{each}.mean")
            if predicted is not None and measured is not None and measured[number] > 0:
                of[each].append(predicted / measured[number])
    return found


@functools.lru_cache(maxsize=1024)
def _class_of(name: str, pool: Pool, folder: Path) -> ErrorClass:
    """The class of a pool; rows of a table mostly differ in their traffic."""
    return deploy(name, pool, folder).errors


def residuals(of: ErrorClass, seen: Ratios, source: str, date: str, method: str = METHOD) -> Residuals | None:
    """The quantiles of a class; None where fewer than `LEAST` runs have either figure.

    Args:
        of: the class.
        seen: its ratios.
        source: where the measurements come from.
        date: of the validation.
        method: how they came about.
    """
    known = {name: _quantiles(values) for name, values in seen.items() if len(values) >= LEAST}
    if not known:
        return None
    about = {"source": source, "date": date, "method": method}
    return Residuals.model_validate({"curves": of.curves, "feed_forward": of.feed_forward, **known, **about})


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    found = np.percentile(values, _QUANTILES)
    return {"n": len(values)} | {f"p{p}": float(f"{v:.3g}") for p, v in zip(_QUANTILES, found, strict=True)}


def merged(comparisons: Sequence[Comparison], only_kept_out: bool = False) -> dict[ErrorClass, Ratios]:
    """Ratios of several tables together, by class in order."""
    together: dict[ErrorClass, Ratios] = {}
    for comparison in comparisons:
        for of, seen in ratios(comparison, only_kept_out).items():
            into = together.setdefault(of, {each: [] for each in FIGURES})
            for name, values in seen.items():
                into[name] += values
    return dict(sorted(together.items(), key=lambda item: str(item[0])))


def blocks(
    classes: dict[ErrorClass, Ratios], source: str, date: str, method: str = METHOD
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The block `residuals:` of each engine; classes of too few runs are named on stderr."""
    for engine in dict.fromkeys(of.engine for of in classes):
        entries = []
        for of, seen in classes.items():
            if of.engine == engine:
                found = residuals(of, seen, source, date, method)
                if found is None:
                    print(f"left out: {of}: fewer than {LEAST} runs", file=sys.stderr)
                else:
                    entries.append(found.model_dump(exclude_none=True))
        if entries:
            yield engine, entries


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.validate.residuals`: prints the block `residuals:` of engine profiles."""
    parser = argparse.ArgumentParser(prog="python -m infersim.validate.residuals", description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", metavar="TABLE", help="run tables that measure TTFT and TPOT")
    parser.add_argument("--base", type=Path, metavar="FILE", help="scenario under the rows of all tables")
    parser.add_argument("--where", default="", help="SQL condition on the rows")
    parser.add_argument("--kept-out", action="store_true", help="only rows that engines' constants were not fitted on")
    parser.add_argument("--jobs", type=int, default=1, help="processes to share the rows among")
    parser.add_argument("--source", help="where the measurements come from; by default the tables' names")
    parser.add_argument("--date", required=True, help="date of the validation")
    options = parser.parse_args(arguments)
    tables = [read_table(path, options.base) for path in options.tables]
    compared = [compare(table, where=options.where, jobs=options.jobs) for table in tables]
    source = options.source or ", ".join(path.name for path in options.tables)
    method = METHOD + (KEPT_OUT if options.kept_out else "")
    for engine, entries in blocks(merged(compared, options.kept_out), source, options.date, method):
        print(f"# {engine}\nresiduals:")
        for entry in entries:
            lines = [f"{key}: {as_flow(value)}" for key, value in entry.items()]
            print("  - " + "\n    ".join(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
