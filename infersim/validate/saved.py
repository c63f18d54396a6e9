"""A validation kept in a folder: the report, a row a run, the picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infersim.runs import Refusal
from infersim.saving import save_files
from infersim.validate.comparison import Comparison

FILES = ("report.json", "predictions.csv", "scatter.png")
_LABELS = ("table", "row", "id", "group", "suspect", "refused", "why")


def save(comparisons: Sequence[Comparison], reports: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write `FILES` into a folder, each whole or not at all; all tables into the same three.

    Args:
        comparisons: one a run table.
        reports: of all files validated.
        folder: where to.

    Raises:
        InputError: the folder is a file, or cannot be written.
    """
    save_files(folder, [*reversed(FILES)], lambda draft: _write(comparisons, reports, draft))


def _write(comparisons: Sequence[Comparison], reports: Sequence[dict[str, Any]], folder: Path) -> None:
    text = json.dumps({"files": list(reports)}, indent=2, allow_nan=False) + "\n"
    (folder / "report.json").write_text(text, encoding="utf-8")
    figures = list(dict.fromkeys(name for one in comparisons for name in one.figures))
    with (folder / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        columns = [f"{kind}.{name}" for name in figures for kind in ("measured", "simulated")]
        writer.writerow([*_LABELS, *columns])
        for one in comparisons:
            writer.writerows(_rows(one, figures))
    _draw(comparisons, figures).savefig(folder / "scatter.png", dpi=110, metadata={"Software": None})


def _rows(one: Comparison, figures: Sequence[str]) -> Iterator[list[Any]]:
    for number, (row, answer) in enumerate(zip(one.rows, one.answers, strict=True)):
        labels = [one.table.path, row, one.table.label(row, "id"), one.groups[number], one.table.label(row, "suspect")]
        kept = [answer.kind, answer.why] if isinstance(answer, Refusal) else ["", ""]
        pairs: list[Any] = []
        for name in figures:
            measured = one.table.figures["measured"].get(name)
            value = np.nan if measured is None else measured[row]
            predicted = None if isinstance(answer, Refusal) else answer.get(name)
            pairs += ["" if np.isnan(value) else repr(float(value)), "" if predicted is None else repr(predicted)]
        yield [*labels, *kept, *pairs]


def _draw(comparisons: Sequence[Comparison], figures: Sequence[str]) -> Any:
    from infersim.plots.scatter import scatter_page

    drawn = {}
    for name in figures:
        pairs = [
            (one.figures[name], one.predicted(name)) if name in one.figures else (np.full(len(one.rows), np.nan),) * 2
            for one in comparisons
        ]
        drawn[name] = (np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))
    groups = [group or "" for one in comparisons for group in one.groups]
    doubtful = np.concatenate([one.suspect for one in comparisons])
    title = f"Predicted against measured: {', '.join(one.table.path.name for one in comparisons)}"
    return scatter_page(drawn, groups, doubtful, title)
