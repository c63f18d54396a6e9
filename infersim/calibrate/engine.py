"""Constants of an engine fitted to measured runs: host time, front end, the extra of prompts.

The runs of a table are simulated with the profile's constants times factors; the factors are those for which the
figures come nearest. Half of the runs, or of the deployments, is kept out, and the errors there are reported. Run as
`python -m infersim.calibrate.engine TABLE --engine NAME`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from infersim.errors import InputError
from infersim.load.profiles import load_profile
from infersim.runs.figures import figure
from infersim.runs.halves import kept_out
from infersim.runs.select import rows_where
from infersim.runs.table import RunTable, read_table
from infersim.simulate import simulate

CONSTANTS = (
    "step_host_s", "step_host_per_seq_s", "prefill_extra_per_layer_s", "prefill_extra_per_moe_layer_s", "frontend_s",
    "frontend_serial_s", "turnaround_s", "first_bundle_tokens",
)  # fmt: skip
FIGURES = ("tpot_s.mean", "ttft_s.mean")
WEIGHTS = (1.0, 0.35)
"""Of the figures: a TTFT holds more that no constant explains."""
NOISE = 0.03
"""Relative error below which a run counts by its square: repeats of one run differ by so much."""
FIRST_STEP = 0.4
"""Of the logarithms of the factors."""
DEPLOYMENT = ("model", "device", "engine.kind", "precision", "parallel")
"""Paths below the pool, by their beginnings, that make runs ones of one deployment."""


@dataclass(frozen=True)
class Runs:
    """Measured runs of one engine.

    Attributes:
        table: where they are.
        rows: which of its rows.
        measured: a row a run, a column a figure.
        kept_out: which runs no fit sees.
    """

    table: RunTable
    rows: tuple[int, ...]
    measured: np.ndarray
    kept_out: np.ndarray


def runs_of(table: RunTable, engine: str, by: str) -> Runs:
    """The runs of an engine that measure both figures and are not doubtful.

    Args:
        table: the table.
        engine: its kind.
        by: `row` keeps out runs by a hash of their id, `deployment` by one of model, device, types and layout.
    """
    rows = [row for row in rows_where(table, "true") if not table.label(row, "suspect")]
    rows = [row for row in rows if table.data(row)["fleet"]["main"]["engine"]["kind"] == engine]
    measured = np.array([[table.figures["measured"][name][row] for name in FIGURES] for row in rows])
    names = [str(table.label(row, "id") or row) if by == "row" else _deployment(table, row) for row in rows]
    return Runs(table, tuple(rows), measured, kept_out(names))


def _deployment(table: RunTable, row: int) -> str:
    settings = table.settings(row)
    below = {path.split(".", 2)[2]: value for path, value in settings.items() if path.startswith("fleet.")}
    return "|".join(f"{path}={below[path]}" for path in sorted(below) if path.startswith(DEPLOYMENT))


def log_errors(runs: Runs, factors: dict[str, float]) -> np.ndarray:
    """Logarithm of simulated ÷ measured, a row a run, a column a figure; NaN where a run was refused."""
    found = []
    for row, measured in zip(runs.rows, runs.measured, strict=True):
        try:
            summary = simulate(runs.table.scenario(row), factors=factors).summary()
        except InputError:
            found.append([np.nan] * len(FIGURES))
            continue
        simulated = [figure(summary, name) or np.nan for name in FIGURES]
        found.append(np.log(np.array(simulated) / measured).tolist())
    return np.array(found)


def fit(runs: Runs, constants: Sequence[str], evaluations: int) -> dict[str, float]:
    """Factors of the constants by the simplex method, on the runs that are not kept out."""
    seen = tuple(row for row, out in zip(runs.rows, runs.kept_out, strict=True) if not out)
    used = Runs(runs.table, seen, runs.measured[~runs.kept_out], np.zeros(len(seen), dtype=bool))

    def loss(logs: np.ndarray) -> float:
        errors = np.sqrt(log_errors(used, dict(zip(constants, np.exp(logs).tolist(), strict=True))) ** 2 + NOISE**2)
        return float(np.nanmean(errors, axis=0) @ np.array(WEIGHTS))

    start = np.zeros(len(constants))
    simplex = np.vstack([start, FIRST_STEP * np.eye(len(constants))])
    options = {"maxfev": evaluations, "initial_simplex": simplex, "xatol": 0.02, "fatol": 1e-4}
    found = minimize(loss, start, method="Nelder-Mead", options=options)
    return dict(zip(constants, np.exp(found.x).tolist(), strict=True))


def report(runs: Runs, factors: dict[str, float]) -> str:
    """Median errors of the runs fitted and of those kept out."""
    errors = np.abs(np.expm1(log_errors(runs, factors)))
    lines = []
    for what, rows in (("fitted", ~runs.kept_out), ("kept out", runs.kept_out)):
        medians = np.nanmedian(errors[rows], axis=0) if rows.any() else [np.nan] * len(FIGURES)
        told = ", ".join(f"{name} {100 * error:.1f}%" for name, error in zip(FIGURES, medians, strict=True))
        lines.append(f"{what}: {int(rows.sum())} runs, median error {told}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.calibrate.engine`."""
    parser = argparse.ArgumentParser(prog="python -m infersim.calibrate.engine", description=__doc__)
    parser.add_argument("table", metavar="TABLE", help="run table that measures TTFT and TPOT")
    parser.add_argument("--engine", required=True, metavar="NAME", help="engine profile, and kind of the rows")
    parser.add_argument("--by", choices=("row", "deployment"), default="row", help="what is kept out by halves")
    parser.add_argument("--evaluations", type=int, default=130, help="simulations of all fitted runs")
    options = parser.parse_args(arguments)
    try:
        profile = load_profile("engine", options.engine)
        runs = runs_of(read_table(options.table), options.engine, options.by)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    constants = [name for name in CONSTANTS if getattr(profile, name) is not None and getattr(profile, name).value]
    factors = fit(runs, constants, options.evaluations)
    for name in constants:
        print(f"{name}: {getattr(profile, name).value * factors[name]:.3g}")
    print(report(runs, factors))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
