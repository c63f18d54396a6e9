"""Where intervals over replications say less than they seem to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infersim.load import Loaded, load_profile


def alike(loaded: Loaded) -> dict[str, str]:
    """What is alike in all replications, by class with a trace or a model fitted to one."""
    found = {}
    for name, traffic in loaded.scenario.workload.items():
        if traffic.trace is not None:
            found[name] = "every replication plays the same trace"
        elif traffic.model is not None and _is_fitted(loaded, name, traffic.model):
            found[name] = "every period of its model is equally bursty and has the same number of requests"
    return found


def narrow(same: Mapping[str, str], figures: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences for a reader of the intervals.

    Args:
        same: of `alike`.
        figures: of each replication.
    """
    if len(figures) < 2:
        return []
    if all(each == figures[0] for each in figures):
        return [f"nothing in it is random: all {len(figures)} replications are equal, and the interval says nothing."]
    narrower = "so intervals are narrower than other hours would differ"
    return [f"class {name!r}: {says}, {narrower}." for name, says in same.items()]


def _is_fitted(loaded: Loaded, name: str, model: str) -> bool:
    return load_profile("workload", model, f"workload.{name}.model", loaded.folder).kind == "fitted"
