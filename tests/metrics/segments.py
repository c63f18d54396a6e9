"""Segments for tests: rows of `records.SEGMENT_COLUMNS` from the few numbers that a test cares about."""

import numpy as np

from infersim.records import SEGMENT_COLUMNS


def columns(*rows: dict) -> dict[str, np.ndarray]:
    """Columns of rows; what a row does not say is 0, its steps 1, its end start + Σ (first + slope · j)."""
    full = []
    for given in rows:
        row = dict.fromkeys(SEGMENT_COLUMNS, 0.0) | {"steps": 1} | given
        steps = row["steps"]
        row.setdefault("end_s", 0.0)
        if "end_s" not in given:
            row["end_s"] = row["start_s"] + steps * row["first_s"] + row["slope_s"] * steps * (steps - 1) / 2
        full.append(row)
    return {name: np.array([row[name] for row in full], dtype=float) for name in SEGMENT_COLUMNS}
