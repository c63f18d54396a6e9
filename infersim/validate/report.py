"""A comparison as plain data: errors of each figure over all rows and by group, refusals, predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from infersim.errors import InputError, nearest
from infersim.runs import Refusal
from infersim.validate.comparison import Comparison


def report(comparison: Comparison) -> dict[str, Any]:
    """What `infersim validate --json` prints of one table.

    Errors are fractions of the measured figure: `median_ape` and `mape` median and mean of |simulated − measured|,
    `bias` the mean of simulated − measured. `n` rows are compared: those that were answered, and measured above zero.
    """
    table, rows = comparison.table, comparison.rows
    ids = [table.label(row, "id") for row in rows]
    answered = list(zip(rows, ids, comparison.answers, strict=True))
    trusted = ~comparison.suspect
    return {
        "path": str(table.path),
        "kind": "runs",
        "rows": len(rows),
        "refused": [
            {"row": row, "id": name, "kind": answer.kind, "why": answer.why}
            for row, name, answer in answered
            if isinstance(answer, Refusal)
        ],
        "overall": errors_of(comparison, trusted),
        "suspect": _compared(errors_of(comparison, comparison.suspect)),
        "groups": _groups(comparison, trusted),
        "predictions": [
            {"row": row, "id": name, **answer} for row, name, answer in answered if not isinstance(answer, Refusal)
        ],
    }


def missed_limits(reports: Sequence[Mapping[str, Any]], limits: Mapping[str, float]) -> list[str]:
    """A sentence for each limit that a table's overall median error is above, or that nothing was compared for.

    Args:
        reports: of tables.
        limits: by figure, the largest median error, a fraction.

    Raises:
        InputError: no table measures a figure that has a limit.
    """
    missed = []
    for name, limit in limits.items():
        found = [(one["path"], one["overall"][name]) for one in reports if name in one["overall"]]
        if not found:
            hint = nearest(name, {figure for one in reports for figure in one["overall"]})
            raise InputError("no table measures this figure", hint, file=f"--limit {name}={limit:g}")
        for path, errors in found:
            if not errors["n"]:
                missed.append(f"{path}: {name}: nothing to compare, so the limit of {limit:.2%} is missed")
            elif errors["median_ape"] > limit:
                missed.append(f"{path}: {name}: median error {errors['median_ape']:.2%} is above {limit:.2%}")
    return missed


def _groups(comparison: Comparison, trusted: np.ndarray) -> list[dict[str, Any]]:
    names = np.array(comparison.groups, dtype=object)
    found = []
    for name in sorted({name for name in names[trusted] if name is not None}):
        members = trusted & (names == name)
        found.append({"group": name, "rows": int(members.sum()), **_compared(errors_of(comparison, members))})
    return found


def _compared(errors: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: figures for name, figures in errors.items() if figures["n"]}


def errors_of(comparison: Comparison, members: np.ndarray) -> dict[str, dict[str, Any]]:
    """Errors of some of a table's rows, by figure."""
    return {
        name: error_figures(measured[members], comparison.predicted(name)[members])
        for name, measured in comparison.figures.items()
    }


def error_figures(measured: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Errors of predictions, fractions of what was measured; pairs with NaN, or measured as zero, are left out."""
    kept = (measured > 0) & ~np.isnan(predicted)
    if not kept.any():
        return {"n": 0, "median_ape": None, "mape": None, "bias": None}
    error = predicted[kept] / measured[kept] - 1.0
    size = np.abs(error)
    return {
        "n": int(kept.sum()),
        "median_ape": float(np.median(size)),
        "mape": float(size.mean()),
        "bias": float(error.mean()),
    }
