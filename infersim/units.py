"""Units: SI inside, conversion only at load and display.

A bare number in a file has the unit that its field's name carries; a string may carry its own (`2ms`, `80GB`).
"""

from __future__ import annotations

import math
import re

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "B": 1.0,
    "kB": 1e3,
    "KB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "TiB": 2.0**40,
}
SHARES = {"%": 0.01}
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-zµ]+|%)\s*")


def parse(text: str, units: dict[str, float]) -> float:
    """A number with a unit, e.g. `2ms` among `SECONDS`, in SI.

    Raises:
        ValueError: no number, no unit, or a unit of another kind; the message lists the units allowed.
    """
    match = _NUMBER.fullmatch(text)
    allowed = ", ".join(u for u in units if u != "µs")
    if match is None:
        raise ValueError(f"must be a number with a unit; units: {allowed}")
    number, unit = match.groups()
    if unit not in units:
        raise ValueError(f"unknown unit {unit!r} here; units: {allowed}")
    return float(number) * units[unit]


def show_seconds(seconds: float | None, zeros: bool = False) -> str:
    """A duration for people, three digits: `12.3 ms`, `1.04 s`, `2.5 min`; with `zeros` always three: `2.50 min`."""
    if not seconds:
        return "–" if seconds is None else "0 s"
    scales = (("µs", 1e-6, 1e-3), ("ms", 1e-3, 1.0), ("s", 1.0, 600.0), ("min", 60.0, 7200.0), ("h", 3600.0, math.inf))
    seconds = float(f"{seconds:.3g}")  # 0.9996 s are 1 s, not 1000 ms
    unit, size = next((unit, size) for unit, size, upto in scales if abs(seconds) < upto)
    amount = seconds / size
    digits = f"{amount:,.0f}" if abs(amount) >= 1000 else f"{amount:#.3g}" if zeros else f"{amount:.3g}"
    return f"{digits.rstrip('.')} {unit}"


def show_bytes(size: float) -> str:
    """A size for people in decimal units: `76.9 GB`."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(size) >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:.0f} B"
