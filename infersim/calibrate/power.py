"""Power of a device fitted to measured runs: what it draws while a step runs, a FLOP, and a byte.

Each run is simulated for its busy share and its work; the coefficients are those of `infersim.cost.energy`. Run as
`python -m infersim.calibrate.power TABLE… --device NAME`.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares, nnls

from infersim.calibrate.device import as_flow
from infersim.errors import InputError
from infersim.load.profiles import load_profile
from infersim.load.yaml12 import parse
from infersim.result import Result
from infersim.runs.select import rows_where
from infersim.runs.table import read_table
from infersim.simulate import simulate

KEPT_OUT = 0.5
"""Share of the runs that no fit sees."""
FEWEST = 6
"""Runs that a fit of three coefficients needs."""
LEAST_W = 0.1
"""A term that comes to less than this at its largest is none [W]."""
MEASURED = "energy.device_power_w.mean"
COEFFICIENTS = ("active", "joules_per_flop", "joules_per_byte")
RANGED = ("busy", "flops_per_s", "bytes_per_s")


@dataclass(frozen=True)
class Runs:
    """Measured runs of one device and one type; arrays of equal length.

    Attributes:
        ids: names, by whose hash half of them is kept out.
        busy: share of the time in a step.
        flops_per_s, bytes_per_s: work of one device while it is busy.
        power_w: measured mean power of one device [W].
    """

    ids: tuple[str, ...]
    busy: np.ndarray
    flops_per_s: np.ndarray
    bytes_per_s: np.ndarray
    power_w: np.ndarray

    @property
    def kept_out(self) -> np.ndarray:
        """Which runs no fit sees."""
        return np.array([hashlib.md5(name.encode()).digest()[0] < 256 * KEPT_OUT for name in self.ids], dtype=bool)

    def where(self, mask: np.ndarray) -> Runs:
        """The runs that a mask selects."""
        names = tuple(name for name, chosen in zip(self.ids, mask, strict=True) if chosen)
        return Runs(names, self.busy[mask], self.flops_per_s[mask], self.bytes_per_s[mask], self.power_w[mask])


def predicted_w(runs: Runs, coefficients: Sequence[float], idle_w: float, limit_w: float) -> np.ndarray:
    """Mean power of each run [W].

    Args:
        runs: the runs.
        coefficients: active [W], joules a FLOP, joules a byte.
        idle_w, limit_w: power without a step, and the most there is [W]; the limit holds while a step runs.
    """
    active, flop, byte = coefficients
    stepping = np.minimum(active + flop * runs.flops_per_s + byte * runs.bytes_per_s, limit_w - idle_w)
    return idle_w + runs.busy * stepping


def fit(runs: Runs, idle_w: float, limit_w: float) -> dict[str, Any]:
    """Coefficients by least squares on relative errors, none below zero, and their errors on the runs kept out.

    Returns:
        `active` [W], `joules_per_flop`, `joules_per_byte`, and of the fit `points`, `kept_out`, `median_error`,
        `mean_error`, `bias`, `range`.

    Raises:
        InputError: too few runs.
    """
    out = runs.kept_out
    seen, held = runs.where(~out), runs.where(out)
    if len(seen.ids) < FEWEST or not held.ids:
        raise InputError(f"{len(runs.ids)} runs do not suffice for a fit", f"at least {2 * FEWEST} or so")
    terms = np.stack([np.ones_like(seen.busy), seen.flops_per_s, seen.bytes_per_s], axis=1) * seen.busy[:, None]
    scale = np.maximum(terms.max(axis=0), np.finfo(float).tiny)
    start, _ = nnls(terms / scale / seen.power_w[:, None], (seen.power_w - idle_w) / seen.power_w)

    def errors(scaled: np.ndarray) -> np.ndarray:
        return predicted_w(seen, scaled / scale, idle_w, limit_w) / seen.power_w - 1.0

    solved = least_squares(errors, np.maximum(start, 1e-6), bounds=(0.0, np.inf), loss="soft_l1", f_scale=0.05)
    best = np.where(solved.x < LEAST_W, 0.0, solved.x) / scale
    off = predicted_w(held, best, idle_w, limit_w) / held.power_w - 1.0
    return {
        **{name: float(f"{value:.3g}") for name, value in zip(COEFFICIENTS, best, strict=True)},
        "points": len(runs.ids),
        "kept_out": KEPT_OUT,
        "median_error": round(float(np.median(np.abs(off))), 3),
        "mean_error": round(float(np.mean(np.abs(off))), 3),
        "bias": round(float(np.mean(off)), 3),
        "range": {name: [float(f"{edge(getattr(runs, name)):.3g}") for edge in (np.min, np.max)] for name in RANGED},
    }


def simulated(tables: Sequence[Path], device: str, where: str, overrides: Sequence[str]) -> tuple[Runs, list[str]]:
    """The measured rows of tables that can be simulated, and why others cannot.

    Args:
        tables: run tables, each with its base scenario beside it.
        device: the rows' device.
        where: SQL condition on the rows.
        overrides: settings laid over each row, as `--set` takes them.
    """
    found, refused = [], []
    changes = {path: parse(text, "--set")[0] for path, _, text in (change.partition("=") for change in overrides)}
    for table in (read_table(path) for path in tables):
        measured = table.figures["measured"].get(MEASURED, np.full(len(table), np.nan))
        for row in rows_where(table, where):
            if np.isnan(measured[row]):
                continue
            name = table.label(row, "id") or f"{table.path.name} row {row}"
            try:
                settings = table.settings(row) | changes
                result = simulate(table.base.laid_under(settings, str(table.path), table.sheet.lines[row]))
            except InputError as error:
                refused.append(f"{name}: {error.problem}")
                continue
            (pool,) = result.scenario.fleet.values()
            if pool.device == device:
                found.append((name, *_while_busy(result), float(measured[row])))
    columns = np.array([entry[1:] for entry in found], dtype=float).reshape(len(found), 4)
    return Runs(tuple(entry[0] for entry in found), *columns.T), refused


def _while_busy(result: Result) -> tuple[float, float, float]:
    """Busy share, and FLOP/s and B/s of a device while it is busy."""
    figures, sums = result.summary(), result.sums
    (pool,) = figures["pools"].values()
    what = pool["deployment"]
    busy_device_s = sums["busy_s"] * what["devices"] / what["replicas"]
    if busy_device_s <= 0.0:
        return 0.0, 0.0, 0.0
    return figures["utilisation"]["busy"], sums["flops"] / busy_device_s, sums["bytes"] / busy_device_s


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.calibrate.power`: prints the block `dynamic:` of a device profile."""
    parser = argparse.ArgumentParser(prog="python -m infersim.calibrate.power", description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", metavar="TABLE", help="run tables with measured power")
    parser.add_argument("--device", required=True, metavar="NAME", help="device profile")
    parser.add_argument("--dtype", default="bf16", help="type of the rows' products")
    parser.add_argument("--where", default="suspect IS NULL", help="SQL condition on the rows")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--source", required=True, help="where the measurements come from")
    parser.add_argument("--date", required=True, help="date of the fit")
    options = parser.parse_args(arguments)
    power = load_profile("device", options.device).power_w
    if power is None or power.idle is None:
        raise SystemExit(f"{options.device}: power_w.limit and power_w.idle must be stated first")
    runs, refused = simulated(options.tables, options.device, options.where, options.overrides)
    for line in refused:
        print(f"left out: {line}", file=sys.stderr)
    fitted = fit(runs, power.idle, power.limit)
    print(f"  dynamic: {as_flow(_block(fitted, options.dtype, options.date, options.source))}")
    return 0


def _block(fitted: dict[str, Any], dtype: str, date: str, source: str) -> dict[str, Any]:
    """The fit as a device profile has it."""
    errors = {name: fitted[name] for name in ("points", "kept_out", "median_error", "mean_error", "range")}
    method = f"least squares on relative errors of simulated runs' mean power, soft L1; bias {fitted['bias']:+.1%}"
    return {
        "active": fitted["active"],
        "joules_per_flop": {dtype: fitted["joules_per_flop"]},
        "joules_per_byte": fitted["joules_per_byte"],
        "fit": errors | {"date": date, "method": method, "source": source},
        "confidence": "measured",
    }


if __name__ == "__main__":
    raise SystemExit(main())
