"""What a sweep found in words: a point in a line, how many came to what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from infersim.metrics.naming import brief, named, short

FIGURES = (
    "ttft_s.p99",
    "goodput.fraction",
    "cost.usd_per_million_output_tokens",
    "tpot_s.p99",
    "throughput.output_tokens_per_s",
)
"""Figures that are shown where they fit, in order of precedence."""
_SECONDS, NOTHING = "_s.", "–"
_WIDEST = 32
"""Characters of a cell; longer ones are cut."""


def point_line(
    number: int,
    name: str,
    settings: Mapping[str, object],
    status: str,
    reason: str,
    figures: Mapping[str, Sequence[float]],
) -> str:
    """A point in a line.

    Args:
        number, name, settings: which point it is.
        status, reason: what became of it.
        figures: mean and high end of the interval by path; NaN where there is none.
    """
    where = name or ", ".join(f"{key}={_setting(settings[path])}" for path, key in _shortened(settings))
    known = [path for path in FIGURES if _known(figures.get(path))]
    told = [f"{brief(path).title} {_value(path, *figures[path])}" for path in known]
    words = [] if status == "ok" else [f"{status}: {reason}"]
    return f"point {number}: {where}{': ' if where else ''}{'; '.join([*words, ', '.join(told)]).rstrip('; ')}"


def tally(statuses: Mapping[str, int]) -> str:
    """How many points came to what, in a sentence."""
    said = {
        "ok": "ok",
        "overload": "overloaded (their figures are no steady state)",
        "does_not_fit": "do not fit",
        "refused": "refused",
        "error": "failed",
        "budget": "beyond the budget",
        "unfinished": "unfinished",
    }
    return ", ".join(f"{statuses[status]:,} {words}" for status, words in said.items() if status in statuses)


def _value(name: str, value: float, high: float) -> str:
    if named(name).unit == "share":
        return f"{_number(100 * value, 100 * (high - value))}%"
    return (_time if _SECONDS in name else _number)(value, high - value)


def _known(figure: Sequence[float] | None) -> bool:
    return figure is not None and not math.isnan(figure[0])


def _shortened(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return zip(settings, short([*settings]), strict=True)


def _time(value_s: float, half_s: float) -> str:
    factor, unit = (1e3, "ms") if value_s < 1 else (1.0, "s")
    return f"{_number(value_s * factor, half_s * factor)} {unit}"


def _number(value: float, half: float) -> str:
    return f"{digits(value)}{_plus_minus(half)}"


def _plus_minus(half: float) -> str:
    return "" if math.isnan(half) else f" ± {digits(half, 2)}"


def digits(value: float, count: int = 4) -> str:
    """A number in so many digits, whole ones in full."""
    if abs(value) >= 10 ** (count - 1):
        return f"{value:,.0f}"
    return f"{value:.{count}g}"


def _setting(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
