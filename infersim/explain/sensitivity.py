"""Which assumptions move the answer most: the first requests simulated again, one assumption changed at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim import load
from infersim.errors import InputError
from infersim.explain.variants import Variant, variants
from infersim.load.loaded import Loaded, laid_over
from infersim.result import Result
from infersim.runs.figures import figure
from infersim.runs.runner import Refusal, refusal
from infersim.simulate import simulate

FIGURES = ("ttft_s.mean", "tpot_s.mean", "throughput.output_tokens_per_s")

Figures = dict[str, float | None]


def sensitivity(loaded: Loaded, result: Result, requests: int) -> dict[str, Any]:
    """What each assumption moves.

    Args:
        loaded: the scenario.
        result: its run.
        requests: so many requests after the warm-up are simulated each time, or all if they are fewer.

    Returns:
        `requests` (how many), `base` (figures without a change), `rejected` (requests without a change), `changes`
        (largest first: `assumption`, `change`, figures by path in `values`, relative changes by path in `moved`,
        `rejected` requests), and `refused`: those that cannot be run, with the reason.
    """
    short, arrived = _shortened(loaded, result, requests)
    base, rejected = _figures(result.summary()) if short is loaded else _figures(simulate(short).summary())
    name, pool = next(iter(result.scenario.fleet.items()))
    engine = load.load_profile("engine", pool.engine.kind)
    changes: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for variant in variants(name, pool, engine):
        found = _run(short, variant)
        entry = {"assumption": variant.assumption, "change": variant.change}
        if isinstance(found, Refusal):
            refused.append({**entry, "kind": found.kind, "why": found.why})
            continue
        values, refusing = found
        moved = {of: _moved(values[of], base[of]) for of in FIGURES}
        changes.append({**entry, "values": values, "moved": moved, "rejected": refusing})
    changes.sort(key=lambda each: -max((abs(move) for move in each["moved"].values() if move is not None), default=0.0))
    return {"requests": arrived, "base": base, "rejected": rejected, "changes": changes, "refused": refused}


def _shortened(loaded: Loaded, result: Result, requests: int) -> tuple[Loaded, int]:
    """The scenario of the first requests, and how many they are; the whole one where it has no more."""
    summary = result.summary()
    begin_s, arrived = summary["span"]["begin_s"], summary["requests"]["arrived"]
    before = int(np.count_nonzero(result.requests["arrival_s"] < begin_s)) if begin_s > 0 else 0
    if before + requests >= arrived:
        return loaded, arrived
    return laid_over(loaded, {"run.requests": before + requests, "run.duration_s": None}), before + requests


def _run(short: Loaded, variant: Variant) -> tuple[Figures, int] | Refusal:
    try:
        return _figures(simulate(laid_over(short, variant.settings), factors=variant.factors).summary())
    except InputError as error:
        return refusal(error)


def _figures(summary: dict[str, Any]) -> tuple[Figures, int]:
    """The figures compared, and how many requests were rejected."""
    return {name: figure(summary, name) for name in FIGURES}, summary["requests"]["rejected"]


def _moved(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base - 1.0
