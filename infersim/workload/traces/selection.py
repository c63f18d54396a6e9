"""What of a trace is played, and how: a part of it, several times, faster, at another rate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from infersim.errors import InputError
from infersim.spec.scenario import MOST_REQUESTS
from infersim.spec.trace import Trace
from infersim.units import show_seconds
from infersim.workload.burstiness import dispersion, gap_cv
from infersim.workload.requests import Blocks, Requests
from infersim.workload.scaling import split

SCALES_S = (1.0, 10.0, 60.0)
FEWEST_WINDOWS = 10
"""Below which an index of dispersion says little."""


@dataclass(frozen=True)
class _Play:
    """Requests of a trace as they are played.

    Attributes:
        arrival_s: ascending [s].
        row: which request of the trace each is.
        copy: which copy of it, from 0.
        begin_s, length_s: the time that they stand for; length 0 where one request, or none, tells no length.
    """

    arrival_s: np.ndarray
    row: np.ndarray
    copy: np.ndarray
    begin_s: float
    length_s: float

    def of(self, which: np.ndarray) -> _Play:
        return replace(self, arrival_s=self.arrival_s[which], row=self.row[which], copy=self.copy[which])

    def faster(self, speed: float) -> _Play:
        times = (self.arrival_s / speed, self.begin_s / speed, self.length_s / speed)
        return replace(self, arrival_s=times[0], begin_s=times[1], length_s=times[2])


def played(trace: Requests, spec: Trace, rng: np.random.Generator | None) -> Requests:
    """Apply a trace's options in their order: start and duration, limit, repeat, speed, rate.

    Args:
        trace: all of it, on its own clock.
        spec: the options.
        rng: what resampling draws from.

    Raises:
        InputError: nothing is left, or an option cannot be kept; its field is the option's name.
    """
    play = _part(trace, spec)
    if spec.repeat > 1:
        play = _repeated(play, spec.repeat)
    play = play.faster(spec.speed)
    notes = trace.notes
    if spec.rate_per_s is not None:
        assert rng is not None, "resampling draws"
        before, play = play, _resampled(play, spec.rate_per_s, rng)
        notes = notes if play is before else (*notes, _told(before, play))
    return replace(_requests(trace, play), notes=notes)


def _part(trace: Requests, spec: Trace) -> _Play:
    """The part between start and end, at most `limit` of it, on a clock that begins with it."""
    first = int(np.searchsorted(trace.arrival_s, spec.start_s))
    end_s = np.inf if spec.duration_s is None else spec.start_s + spec.duration_s
    last = int(np.searchsorted(trace.arrival_s, end_s))
    if first == last:
        at_end = show_seconds(float(trace.arrival_s[-1]))
        field = "start_s" if first == len(trace) else "duration_s"
        raise InputError("no request of the trace is left", f"its last one arrives at {at_end}", field)
    count = min(last - first, spec.limit or MOST_REQUESTS)
    rows = np.arange(first, first + count)
    arrival_s = trace.arrival_s[rows] - spec.start_s
    if spec.duration_s is not None and count == last - first:
        begin_s, length_s = 0.0, spec.duration_s
    else:  # one mean gap more than from the first to the last, so that the rate is kept end to end
        begin_s = float(arrival_s[0])
        length_s = float(arrival_s[-1] - arrival_s[0]) * count / max(count - 1, 1)
    return _Play(arrival_s, rows, np.zeros(count, dtype=np.int64), begin_s, length_s)


def _repeated(play: _Play, times: int) -> _Play:
    _check_length(play, "repeat", times * len(play.row))
    round_ = np.repeat(np.arange(times), len(play.row))
    arrival_s = np.tile(play.arrival_s, times) + round_ * play.length_s
    return _Play(arrival_s, np.tile(play.row, times), round_, play.begin_s, play.length_s * times)


def _resampled(play: _Play, rate_per_s: float, rng: np.random.Generator) -> _Play:
    """As many requests as the rate asks for, from copies that are all whole but the last, which is thinned.

    The first copy stands where it was; the others are each shifted by a time of their own, around the end.
    """
    wanted, count = rate_per_s * play.length_s, len(play.row)
    _check_length(play, "rate_per_s", wanted)
    whole, share = split(wanted / count)
    rest = round(share * count)
    if whole + rest < 1:
        problem = f"of {show_seconds(play.length_s)} no request is left at {rate_per_s:g} requests/s"
        raise InputError(problem, f"the trace's own rate is {count / play.length_s:.3g}", "rate_per_s")
    if (whole, rest) == (1, 0):
        return play
    copies = whole + (rest > 0)
    shifts = np.r_[0.0, rng.uniform(0.0, play.length_s, copies - 1)]
    arrival_s = play.begin_s + (play.arrival_s - play.begin_s + shifts[:, None]) % play.length_s
    arrival_s[0] = play.arrival_s
    own = np.repeat(np.arange(copies), count) * (1 + int(play.copy.max())) + np.tile(play.copy, copies)
    every = _Play(arrival_s.ravel(), np.tile(play.row, copies), own, play.begin_s, play.length_s)
    kept = np.r_[np.arange(whole * count), whole * count + np.sort(rng.choice(count, rest, replace=False))]
    return every.of(kept[np.argsort(every.arrival_s[kept], kind="stable")])


def _check_length(play: _Play, field: str, requests: float) -> None:
    if not play.length_s:
        problem = "one request, or requests that all arrive at once, tell no length of time"
        raise InputError(problem, "state duration_s", field)
    if requests > MOST_REQUESTS:
        raise InputError(f"{requests:.3g} requests are more than {MOST_REQUESTS:,}", "lower it, or set limit", field)


def _told(before: _Play, after: _Play) -> str:
    """What resampling did to the rate and to burstiness."""
    was, is_ = (len(play.row) / play.length_s for play in (before, after))
    copies = 1 + int((after.copy // (1 + int(before.copy.max()))).max())
    how = (
        "by leaving requests out at random, which makes bursts weaker"
        if len(after.row) <= len(before.row)
        else f"from {copies} copies, all but one shifted at random around the end and the last thinned to what is "
        "wanted: bursts of one meet calm of another, and peaks of the day level out"
    )
    figures = [f"CV of gaps {gap_cv(before.arrival_s):.2f} → {gap_cv(after.arrival_s):.2f}"]
    for scale_s in SCALES_S:
        if before.length_s >= FEWEST_WINDOWS * scale_s:
            was_d, is_d = (
                dispersion(each.arrival_s - each.begin_s, scale_s, each.length_s) for each in (before, after)
            )
            figures.append(f"index of dispersion at {scale_s:g} s {was_d:.3g} → {is_d:.3g}")
    return f"resampled from {was:.3g} to {is_:.3g} requests/s {how}; {', '.join(figures)}"


def _requests(trace: Requests, play: _Play) -> Requests:
    blocks = None if trace.blocks is None else _own_blocks(trace.blocks.of(play.row), play.copy)
    return Requests(play.arrival_s, trace.prompt_tokens[play.row], trace.output_tokens[play.row], blocks)


def _own_blocks(blocks: Blocks, copy: np.ndarray) -> Blocks:
    """Blocks of which each copy has its own: a copy is another user's prompt, and shares nothing with its original."""
    if not copy.any():
        return blocks
    kinds, dense = np.unique(blocks.ids, return_inverse=True)
    ids = dense + np.repeat(copy, np.diff(blocks.starts)) * len(kinds)
    return replace(blocks, ids=ids.astype(np.int64))
