"""Where intervals over replications say less than they seem to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infersim.load import Loaded, load_profile


def narrow(loaded: Loaded, figures: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences for a reader of the intervals.

    Args:
        loaded: the scenario.
        figures: of each replication.
    """
    if len(figures) < 2:
        return []
    if all(each == figures[0] for each in figures):
        return [f"nothing in it is random: all {len(figures)} replications are equal, and the interval says nothing."]
    sentences = []
    for name, traffic in loaded.scenario.workload.items():
        if traffic.trace is not None:
            says = "every replication plays the same trace"
        elif traffic.model is not None and _is_fitted(loaded, name, traffic.model):
            says = "every period of its model is equally bursty and has the same number of requests"
        else:
            continue
        sentences.append(f"class {name!r}: {says}, so intervals are narrower than other hours would differ.")
    return sentences


def _is_fitted(loaded: Loaded, name: str, model: str) -> bool:
    return load_profile("workload", model, f"workload.{name}.model", loaded.folder).kind == "fitted"
