"""Segments for tests: rows of `records.SEGMENT_COLUMNS` from the few numbers that a test cares about."""

import numpy as np

from infersim.records import SEGMENT_COLUMNS


def columns(*rows: dict) -> dict[str, np.ndarray]:
    """Columns of rows; what a row does not say is 0, its steps 1, its decodes paced, its end that of the line."""
    full = []
    for given in rows:
        row = dict.fromkeys(SEGMENT_COLUMNS, 0.0) | {"steps": 1} | given
        row["paced_seqs"] = given.get("paced_seqs", row["decode_seqs"])
        steps = row["steps"]
        if "end_s" not in given:
            row["end_s"] = row["start_s"] + steps * row["first_s"] + row["slope_s"] * steps * (steps - 1) / 2
        full.append(row)
    names = dict.fromkeys(name for row in full for name in row)
    return {name: np.array([row.get(name, 0.0) for row in full], dtype=float) for name in names}


class Accounting:
    """100 FLOPs and 7 bytes a step; a curve fitted up to 8 sequences."""

    def work(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return 100.0 * columns["steps"], 7.0 * columns["steps"]

    def outside_fit(self, columns: dict[str, np.ndarray]) -> list[dict]:
        seqs = columns["decode_seqs"]
        if seqs.max() <= 8:
            return []
        seen = (float(seqs.min()), float(seqs.max()))
        return [{"curve": "attention", "argument": "seqs", "range": (1, 8), "seen": seen}]
