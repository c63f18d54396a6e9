"""Figures of replications together: their means, and 95% intervals of the means (Student's t), tree by tree.

Replications are independent and of one distribution, so that the mean of any figure over them has the interval
`mean ± t(0.975, n − 1) · s / √n`, whatever the correlation within a run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

CONFIDENCE = 0.95
_DIGITS = re.compile(r"\d[\d,.]*")


def mean(values: Sequence[Any]) -> Any:
    """What replications have together in place of one's value.

    Args:
        values: one a replication, all of one place in the summary.

    Returns:
        The value where all agree; of numbers the mean of those that there are; of mappings, and of lists of equal
        length, the same of each entry; None where texts or verdicts differ.
    """
    first = values[0]
    if any(isinstance(value, dict) for value in values):
        trees = [value for value in values if isinstance(value, dict)]
        return {key: mean([tree.get(key) for tree in trees]) for key in _keys(trees)}
    if all(value == first for value in values):
        return first
    found = numbers(values)
    if found:
        return math.fsum(found) / len(found)
    if all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1:
        return [mean(entries) for entries in zip(*values, strict=True)]
    return None


def ci95(values: Sequence[Any]) -> Any:
    """Intervals of the means, in a tree of the same shape.

    Args:
        values: as in `mean`.

    Returns:
        `[low, high]` of numbers of which there are at least two; None of whatever has no interval; of mappings the
        same of each entry.
    """
    if any(isinstance(value, dict) for value in values):
        trees = [value for value in values if isinstance(value, dict)]
        return {key: ci95([tree.get(key) for tree in trees]) for key in _keys(trees)}
    found = numbers(values)
    if len(found) < 2:
        return None
    middle, half = math.fsum(found) / len(found), half_width(found)
    return [middle - half, middle + half] if half else [found[0], found[0]]


def half_width(values: Sequence[float]) -> float:
    """Half of the 95% interval of a mean: `t · s / √n` of at least two independent values, in their unit."""
    if min(values) == max(values):
        return 0.0
    from scipy.special import stdtrit  # scipy.stats takes half a second to import

    t = float(stdtrit(len(values) - 1, 0.5 + CONFIDENCE / 2))
    return t * float(np.std(values, ddof=1)) / math.sqrt(len(values))


def numbers(values: Sequence[Any]) -> list[float]:
    """The numbers among values; verdicts are none. Empty where anything else but None is among them."""
    found = [value for value in values if value is not None]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in found):
        return []
    return found


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers, verdicts and gaps of a summary by dotted path; texts and lists are left out."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        elif value is None or isinstance(value, (bool, int, float)):
            yield f"{path}{key}", value


def told(warnings: Sequence[Sequence[str]]) -> list[str]:
    """Warnings of all replications, each once, with how many it concerns.

    Args:
        warnings: one list a replication. Sentences that differ in their numbers alone are one warning, told with the
            numbers of the first replication that has it.
    """
    said: dict[str, tuple[str, set[str], int]] = {}
    for sentences in warnings:
        for key, text in {_DIGITS.sub("#", text): text for text in sentences}.items():
            first, texts, count = said.get(key, (text, set(), 0))
            said[key] = (first, texts | {text}, count + 1)
    every = len(warnings)
    return [
        f"{first} ({count} of {every} replications{'; numbers of the first' if len(texts) > 1 else ''})"
        for first, texts, count in said.values()
    ]


def gaps(values: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Figures that some replications have and others do not: in how many they are, by path."""
    columns = [dict(leaves(tree)) for tree in values]
    counts = {path: sum(one.get(path) is not None for one in columns) for path in _keys(columns)}
    return {path: count for path, count in counts.items() if 0 < count < len(values)}


def extrapolated(lists: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Curves taken beyond their fit's range in any replication, with the smallest and the largest value seen."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in (entry for entries in lists for entry in entries):
        one = merged.setdefault((entry["curve"], entry["argument"]), dict(entry))
        (low, high), (lower, higher) = one["seen"], entry["seen"]
        one["seen"] = [min(low, lower), max(high, higher)]
    return [*merged.values()]


def _keys(trees: Sequence[dict[str, Any]]) -> list[str]:
    return [*dict.fromkeys(key for tree in trees for key in tree)]
