"""When a row was sent: seconds, epoch numbers by their size, timestamps with or without a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

MOST_S = 1e9
NS = 1_000_000_000
_QUARTER_NS, _NIGHT_NS = 900 * NS, 86_400 * NS
_DATE = re.compile(r"\s*\d{4}-")


@dataclass(frozen=True)
class Clock:
    """What a number in a column of arrivals means.

    Attributes:
        scale_s: seconds of one [s].
        low, high: what numbers may be.
        says: what is needed, for errors.
        from_first: whether time counts from the first row.
    """

    scale_s: float
    low: float
    high: float
    says: str
    from_first: bool = True


SECONDS = Clock(1.0, 0.0, MOST_S, "must be a time from 0 to 1e9 s", from_first=False)
MILLISECONDS = Clock(1e-3, 0.0, MOST_S * 1e3, "must be a time from 0 to 1e12 ms", from_first=False)
SECONDS_FROM_FIRST = Clock(1.0, 0.0, MOST_S, "must be a time from 0 to 1e9 s")
_EPOCHS = tuple(
    Clock(1 / per_s, 1e9 * per_s, 1e11 * per_s, f"must be an epoch time in {unit}, as the first row's is")
    for unit, per_s in (("s", 1.0), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9))
)
STAMP = "must be a timestamp like 2023-11-16 18:15:46.68, of 1970 to 2199, with or without Z or +02:00"


def is_stamp(cell: Any) -> bool:
    """Whether a cell holds a date, and so its column timestamps."""
    return isinstance(cell, str) and bool(_DATE.match(cell))


def epoch_or_seconds(first: float) -> Clock:
    """The clock of a column by its first number: the trace's own seconds up to 1e9, above them an epoch."""
    return next((clock for clock in _EPOCHS if clock.low < first <= clock.high), SECONDS)


def utc_ns(local_ns: np.ndarray, ahead_min: np.ndarray, zone: str) -> tuple[np.ndarray, int | None]:
    """Timestamps in UTC.

    Args:
        local_ns: as they stand there, nanoseconds from 1970 on; int64.
        ahead_min: minutes that they state to be ahead of UTC; NaN where they state nothing.
        zone: time zone of those that state nothing.

    Returns:
        Nanoseconds in UTC, and the first row whose time does not exist in that zone, clocks being set forward over it.
        Times that exist twice are the earlier one, until the column steps back.
    """
    stated = ~np.isnan(ahead_min)
    ahead_ns = np.where(stated, ahead_min, 0.0).astype(np.int64) * 60 * NS
    if zone == "UTC" or stated.all():
        return local_ns - ahead_ns, None
    naive = np.flatnonzero(~stated)
    quarters, which = np.unique(local_ns[naive] // _QUARTER_NS, return_inverse=True)
    early, late, exists = (column[which] for column in _offsets_ns(quarters * _QUARTER_NS, zone))
    ahead_ns[naive] = np.where(_second_time(local_ns[naive], early != late), late, early)
    missing = np.flatnonzero(~exists)
    return local_ns - ahead_ns, int(naive[missing[0]]) if missing.size else None


def _second_time(local_ns: np.ndarray, twice: np.ndarray) -> np.ndarray:
    """Which times are those after clocks were set back: between the step back and the end of the doubled hour."""
    gaps_ns = np.diff(local_ns)
    one_night = twice[1:] & twice[:-1] & (gaps_ns < _NIGHT_NS)
    steps_back = np.r_[False, one_night & (gaps_ns < 0)]
    begins = twice & ~np.r_[False, one_night]
    backs = np.cumsum(steps_back)
    before = np.maximum.accumulate(np.where(begins, backs, 0))
    return twice & (backs > before)


def _offsets_ns(local_ns: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By local time, one a quarter of an hour: how far it is ahead of UTC the first and the second time that it occurs,
    and whether it occurs."""
    from zoneinfo import ZoneInfo

    there, start = ZoneInfo(zone), datetime(1970, 1, 1)
    rows = []
    for ns in local_ns.tolist():
        naive = start + timedelta(seconds=ns // NS)
        both = [naive.replace(tzinfo=there, fold=fold) for fold in (0, 1)]
        back = both[0].astimezone(UTC).astimezone(there).replace(tzinfo=None)
        offsets = [at.utcoffset() or timedelta(0) for at in both]
        rows.append((*(int(offset.total_seconds()) * NS for offset in offsets), back == naive))
    early, late, exists = zip(*rows, strict=True)
    return np.array(early, dtype=np.int64), np.array(late, dtype=np.int64), np.array(exists, dtype=bool)
