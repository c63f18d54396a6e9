"""The legend at the foot of a page: as many keys side by side as there is room for, row by row."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infersim.plots import style

_MOST = 6
_LETTER_IN, _HANDLE_IN = 0.067, 0.66
_LETTERS = 48


def key(text: str, **how: object) -> Line2D:
    """What a line or a mark means."""
    return Line2D([], [], markersize=5, label=text[:_LETTERS].replace("$", r"\$"), **how)  # type: ignore[arg-type]


def columns(keys: Sequence[Line2D], width_in: float) -> int:
    """How many keys stand side by side on a page."""
    lengths = [len(str(each.get_label())) for each in keys]
    for count in range(min(_MOST, len(keys)), 1, -1):
        if sum(max(lengths[column::count]) * _LETTER_IN + _HANDLE_IN for column in range(count)) <= width_in:
            return count
    return 1


def put(made: Figure, keys: Sequence[Line2D]) -> None:
    """Put the keys at a page's foot."""
    if not keys:
        return
    count = columns(keys, made.get_figwidth())
    rows = [each for column in range(count) for each in keys[column::count]]  # matplotlib fills columns
    made.legend(handles=rows, loc="outside lower left", ncols=count, fontsize=8.5, frameon=False, labelcolor=style.INK)
