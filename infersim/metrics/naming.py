"""Names of figures and settings for people: a title, a unit, and which way a figure is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

Direction = Literal["lower", "higher"]
_LOWER = ("ttft_s.", "tpot_s.", "itl_s.", "e2e_s.", "queue_s.", "cost.usd_", "energy.joules_")
_HIGHER = ("throughput.", "goodput.")
_WORDS = {
    "ttft_s": "TTFT",
    "tpot_s": "TPOT",
    "itl_s": "ITL",
    "e2e_s": "E2E",
    "queue_s": "time in queue",
    "mfu": "MFU",
    "mbu": "MBU",
}
_TITLES = {
    "goodput.fraction": "within the SLO",
    "goodput.attained": "SLO attained",
    "goodput.requests_per_s": "goodput",
    "utilisation.busy": "time in a step",
    "kv_cache.mean_fraction": "KV memory held, mean",
    "kv_cache.peak_fraction": "KV memory held, peak",
    "cost.price_usd_per_h": "price of a device",
    "energy.device_power_w.mean": "power of a device, mean",
    "energy.device_power_w.peak": "power of a device, peak",
    "queue.mean": "requests waiting, mean",
    "queue.peak": "requests waiting, peak",
}
_BEGINNINGS = {"usd": "USD", "joules": "J"}
_OF_PARENT = ("mean", "cv", "min", "max", "value", "kind", "std", "sigma", "name", "path", "model", "source")
"""Last parts of paths that say nothing without the part before."""
_ENDINGS = {"_usd_per_h": "USD/h", "_per_s": "per s", "_s": "s", "_w": "W", "_bytes": "bytes"}
_COUNTED = ("mean", "min", "max", "value")
_SECONDS = (("µs", 1e-6, 1e-3), ("ms", 1e-3, 1.0), ("s", 1.0, math.inf))


_BRIEF = {
    "throughput.requests_per_s": "requests/s",
    "throughput.output_tokens_per_s": "output tokens/s",
    "goodput.requests_per_s": "goodput/s",
    "cost.usd_per_million_output_tokens": "USD/M tokens",
    "energy.joules_per_output_token": "J/token",
}


class Named(NamedTuple):
    """A figure for people.

    Attributes:
        title: what it is, e.g. `TTFT p99`.
        unit: of its value as in the JSON (`s`, `requests/s`, `USD`), `share` of what is shown in percent; or empty.
    """

    title: str
    unit: str


def named(figure: str) -> Named:
    """A figure's title and unit, both told by its path.

    Args:
        figure: a path into the JSON of a run, or a scenario path.
    """
    group, of, below = _parts(figure)
    lead = f"{of}: " if group else ""
    first, _, last = below.rpartition(".")
    title = _TITLES.get(below) or " ".join(_WORDS.get(part, part.replace("_", " ")) for part in (first, last) if part)
    for quantity in ("throughput", "cost", "energy"):
        if first == quantity and below not in _TITLES:
            title = quantity
    title = lead + title
    return Named(title[0].upper() + title[1:], _unit(first, last))


def brief(figure: str) -> Named:
    """A figure's title and unit in few letters, for tables: `output tokens/s`, which says its unit itself."""
    if figure in _BRIEF:
        return Named(_BRIEF[figure], "")
    title, unit = named(figure)
    return Named(lower_first(title), unit)


def better(figure: str) -> Direction | None:
    """Which way a figure is better: latencies, cost and joules low, throughput and goodput high; None of others."""
    below = _parts(figure)[2]
    if below.startswith(_LOWER):
        return "lower"
    return "higher" if below.startswith(_HIGHER) else None


def lower_first(title: str) -> str:
    """A title within a sentence: `cost`, but `TTFT p99`."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[0].lower() + title[1:]


def short(paths: Sequence[str]) -> list[str]:
    """The paths' last parts, as many as tell them apart and say what is set: `replicas`, `prompt_tokens.mean`."""
    parts = [path.split(".") for path in paths]
    found = []
    for path in parts:
        depth = 2 if path[-1] in _OF_PARENT and len(path) > 3 else 1
        while depth < len(path) and sum(other[-depth:] == path[-depth:] for other in parts) > 1:
            depth += 1
        found.append(".".join(path[-depth:]))
    return found


def settings_named(paths: Sequence[str]) -> list[Named]:
    """Titles, each another, and units of settings: `rate` and `per s` of `workload.chat.arrivals.rate_per_s`."""
    names = short(paths)
    found = [_setting(name) for name in names]
    titles = [each.title for each in found]
    return [each if titles.count(each.title) == 1 else Named(name, "") for each, name in zip(found, names, strict=True)]


def number_texts(numbers: np.ndarray) -> list[str]:
    """Different numbers in three digits, or in as many as tell them apart; whole ones in full."""
    for digits in (3, 4, 6):
        texts = [f"{value:.0f}" if value == round(value) else f"{value:.{digits}g}" for value in numbers.tolist()]
        if len({*texts}) == len(texts):
            return texts
    return [*map(str, numbers.tolist())]


def unit_of_seconds(middle_s: float) -> tuple[str, float]:
    """The unit that shows times about so long in few digits, and its seconds."""
    return next((name, size) for name, size, upto in _SECONDS if middle_s < upto)


def _setting(name: str) -> Named:
    before, _, last = name.rpartition(".")
    if last in _COUNTED and before.endswith("tokens"):
        return Named(name, "tokens")
    for ending, unit in _ENDINGS.items():
        if last.endswith(ending):
            return Named(name.removesuffix(ending), unit)
    return Named(name, "")


def _parts(figure: str) -> tuple[str, str, str]:
    """`classes` or `pools`, the name under it, and the rest; the first two empty where it is of the whole."""
    group, _, below = figure.partition(".")
    if group in ("classes", "pools"):
        of, _, rest = below.partition(".")
        return group, of, rest
    return "", "", figure


def _unit(first: str, last: str) -> str:
    if last.endswith("fraction") or first == "utilisation" or last == "attained":
        return "share"
    if last.endswith("_per_s"):
        return f"{last.removesuffix('_per_s').replace('_', ' ')}/s"
    if first.endswith("_s") or last.endswith("_s"):
        return "s"
    if first.endswith("_w"):
        return "W"
    beginning, _, rest = last.partition("_")
    for kind, unit in _BEGINNINGS.items():
        if beginning == kind:
            return f"{unit} {rest.replace('_', ' ')}".replace(" total", "").replace("per request", "a request")
    if "_usd_per_h" in last:
        return "USD/h"
    return first if first in ("requests", "tokens") else "requests" if first in ("batch", "queue") else ""
