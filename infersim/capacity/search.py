"""The highest load at which all goals hold: a bracket below saturation, bisection, then replications at both its ends.

Far from the boundary a few short runs tell the side. A short run begins as empty as a long one and ends before queues
are as they will be, so that what it misses is missed; what it holds is held for the time being, and whole runs at both
ends of the last bracket have the last word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from infersim.capacity.bench import Bench, Point
from infersim.capacity.interval import crossing

LEAST, UNDECIDED = 3, 5
"""Replications at first, and at most while the bracket is wide: the last word corrects a side that was wrong."""
ENDS = 6
"""Replications of the last bracket's ends at least: intervals of fewer are narrow by chance too often."""
WIDTH = 1.05
"""The last bracket's higher load is at most so many times the lower one."""
PRECISION = 0.01
"""Half of the capacity's interval that is aimed at, as a share of it."""
BELOW = 0.98
"""The goals count as held up to saturation where they hold at this share of it."""
STEPS_DOWN = (0.75, 0.5, 0.25, 0.03, 0.004)
"""Shares of saturation to look for a load at which the goals hold."""
_RISE, _MOST_RISES = 1.5, 40
_GAIN = 1.02
"""A higher load that gives less throughput than so many times the lower one's is beyond saturation."""


@dataclass(frozen=True)
class Found:
    """The capacity on the load axis.

    Attributes:
        load: the capacity; None where no load meets the goals.
        half: half of its 95% interval; None where it is saturation's.
        limited_by: what ends it.
        saturation: the load at saturation, as far as it is known.
        at: the point whose load is nearest below; of no capacity the lowest load tried.
    """

    load: float | None
    half: float | None
    limited_by: Literal["slo", "saturation"]
    saturation: float | None
    at: Point


def search(bench: Bench, saturation: float | None, most: int) -> Found:
    """Find the capacity.

    Args:
        bench: with at least one goal.
        saturation: the load to stay below; None where it is not known.
        most: replications at a load, at most.
    """
    low, high, saturation = _ceiling(bench, saturation, most)
    if high is None:
        assert low is not None, "goals hold at every load tried"
        point = bench.point(low, min(LEAST, most))
        return Found(saturation or low, None, "saturation", saturation or low, point)
    if low is None:
        low, high = _floor(bench, high, most)
    if low is None:
        return Found(None, None, "slo", saturation, bench.point(high, min(LEAST, most)))
    return _last_word(bench, low, high, saturation, most)


def _ceiling(bench: Bench, saturation: float | None, most: int) -> tuple[float | None, float | None, float | None]:
    """A load at which the goals hold and one at which they do not, as far as looking at saturation tells them, and
    saturation, which is moved up where all is well beyond it."""
    low, high, moved = None, BELOW * saturation if saturation else bench.axis.as_written, False
    for _ in range(_MOST_RISES):
        if not holds(bench, high, most, trust=False):
            return low, high, saturation
        if saturation is not None:
            beyond = bench.point(_RISE * saturation, 1)
            over = beyond.overloaded or beyond.throughput_per_s < _GAIN * saturation
            if over and (not moved or beyond.throughput_per_s < _GAIN * saturation):
                return high, None, saturation
            saturation, moved = beyond.throughput_per_s if over else beyond.load, not over
            low, high = high, BELOW * saturation
            continue
        if low is not None and _throughput(bench, high) < _GAIN * _throughput(bench, low):
            return low, None, None
        low, high = high, bench.axis.whole(2.0 * high)
    return low, None, saturation


def _throughput(bench: Bench, load: float) -> float:
    return bench.point(load, 1).throughput_per_s


def _floor(bench: Bench, high: float, most: int) -> tuple[float | None, float]:
    """A load at which the goals hold, and the lowest one seen at which they do not."""
    top = high / BELOW
    for share in STEPS_DOWN:
        load = bench.axis.whole(share * top)
        if load >= high:
            continue
        if holds(bench, load, most):
            return load, high
        high = load
    return None, high


def _last_word(bench: Bench, low: float, high: float, saturation: float | None, most: int) -> Found:
    """Bisect, then run both ends as often as the capacity's precision asks for; the bracket moves where they say so."""
    axis, replications, trust, stride = bench.axis, min(ENDS, most), True, WIDTH
    for _ in range(_MOST_RISES):
        low, high = _narrowed(bench, low, high, most, trust)
        below, above = bench.points([low, high], replications)
        if (known := min(max(len(below.runs), len(above.runs)), most)) > replications:
            replications, (below, above) = known, bench.points([low, high], known)
        if below.margin < 0.0:  # short runs began too empty to tell: from here on whole ones alone
            low, high, trust, stride = axis.whole(min(low / stride, low - axis.step)), low, False, stride * stride
            if low >= high:
                return Found(None, None, "slo", saturation, below)
        elif above.margin >= 0.0:
            low, high = high, axis.whole(max(high * WIDTH, high + axis.step))
            if saturation is not None and low >= BELOW * saturation:
                return Found(saturation, None, "saturation", saturation, above)
        else:
            found = crossing(below, above)
            if replications >= most or found.half <= PRECISION * found.load:
                return Found(axis.floor(found.load), found.half, "slo", saturation, below)
            replications = min(max(replications + 2, math.ceil(1.5 * replications)), most)
    return Found(low, None, "slo", saturation, bench.point(low, replications))


def _narrowed(bench: Bench, low: float, high: float, most: int, trust: bool) -> tuple[float, float]:
    while high > WIDTH * low and high - low > bench.axis.step:
        middle = bench.axis.whole(math.sqrt(low * high))
        if not low < middle < high:
            middle = low + bench.axis.step
        if holds(bench, middle, most, trust):
            low = middle
        else:
            high = middle
    return low, high


def holds(bench: Bench, load: float, most: int, trust: bool = True) -> bool:
    """Whether the goals hold at a load, as far as few runs tell; `trust`: short ones may say that they do."""
    least = min(LEAST, most)
    if bench.can_shorten and least > 1:
        short = bench.point(load, least, whole=False)
        if short.decided < 0 or (short.decided > 0 and trust):
            return short.decided > 0
    replications, point = least, bench.point(load, least)
    while not point.decided and replications < min(UNDECIDED, most):
        replications = min(replications + 2, UNDECIDED, most)
        point = bench.point(load, replications)
    return point.margin >= 0.0
