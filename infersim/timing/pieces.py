"""Piecewise linear functions of the context: what lets a stretch of decode steps have a closed form."""

from __future__ import annotations

from collections.abc import Sequence

FOREVER = 1 << 60
"""Decode steps that a line holds for, or context that it reaches to, if no other line crosses it."""

Line = tuple[float, float]
"""Value at 0 and slope."""
Piece = tuple[float, float, float]
"""Up to this context [tokens]: value of the line at context 0, slope."""


def upper_envelope(lines: Sequence[Line]) -> tuple[Piece, ...]:
    """The pieces of max over lines `base + slope · x` for x ≥ 0, in the order of x."""
    at = 0.0
    current = max(lines)
    pieces: list[Piece] = []
    while True:
        steeper = [
            (max((current[0] - base) / (slope - current[1]), at), -slope, base)
            for base, slope in lines
            if slope > current[1]
        ]
        upto, minus_slope, base = min(steeper, default=(FOREVER, 0.0, 0.0))
        if upto >= FOREVER:
            return (*pieces, (FOREVER, *current))
        if upto > at:
            pieces.append((upto, *current))
        at, current = upto, (base, -minus_slope)


def in_buckets(pieces: Sequence[Piece], least: float, most: float) -> tuple[Piece, ...]:
    """The function of x rounded up to the next of `least`, 2 · `least`, 4 · `least` … `most`: constant between them.

    Args:
        pieces: the function.
        least: smallest bucket; most: largest, which larger x count as.
    """
    upto = min(least, most)
    found: list[Piece] = []
    while upto < most:
        found.append((upto, value_at(pieces, upto), 0.0))
        upto = min(2.0 * upto, most)
    return (*found, (FOREVER, value_at(pieces, most), 0.0))


def value_at(pieces: Sequence[Piece], x: float) -> float:
    """The function's value."""
    _, base, slope = next(piece for piece in pieces if x <= piece[0])
    return base + slope * x


def limited(pieces: Sequence[Piece], most: float) -> tuple[Piece, ...]:
    """The function of min(x, most): constant from there on."""
    found: list[Piece] = []
    for upto, base, slope in pieces:
        if upto >= most:
            return (*found, (most, base, slope), (FOREVER, base + slope * most, 0.0))
        found.append((upto, base, slope))
    return tuple(found)


def summed(functions: Sequence[Sequence[Piece]]) -> tuple[Piece, ...]:
    """The sum of several such functions."""
    if len(functions) == 1:
        return tuple(functions[0])
    knots = sorted({piece[0] for pieces in functions for piece in pieces})
    places = [0] * len(functions)
    found: list[Piece] = []
    for knot in knots:
        base = slope = 0.0
        for number, pieces in enumerate(functions):
            while pieces[places[number]][0] < knot:
                places[number] += 1
            piece = pieces[places[number]]
            base, slope = base + piece[1], slope + piece[2]
        found.append((knot, base, slope))
    return tuple(found) or ((FOREVER, 0.0, 0.0),)
