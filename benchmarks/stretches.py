"""What decode stretches save: replica events a request, and single stepping against them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.measure import SCENARIOS, Measure
from infersim.load import load_scenario
from infersim.simulate import simulate

MEAN_OUTPUTS = (128, 512)
ROUNDS = 3


def measure() -> Iterator[Measure]:
    """Events a request in stretches, and events and time of single stepping, by mean output length."""
    for mean in MEAN_OUTPUTS:
        requests, events, seconds = _run(mean, "stretches")
        _, single_events, single_s = _run(mean, "single")
        name = f"mean output {mean}"
        yield Measure(f"{name}: events a request", events / requests, "1", at_most=6)
        yield Measure(f"{name}: events, single ÷ stretches", single_events / events, "ratio", at_least=3.5)
        yield Measure(f"{name}: time, single ÷ stretches", single_s / seconds, "ratio", at_least=2)


def _run(mean_output: int, stepping: str) -> tuple[int, int, float]:
    """Requests, replica events and the least time of a few runs."""
    settings = [f"workload.chat.output_tokens.mean={mean_output}", f"run.stepping={stepping}"]
    loaded, least = load_scenario(SCENARIOS / "calm.yaml", settings), float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = simulate(loaded)
        requests = result.summary()["requests"]["completed"]
        least = min(least, time.perf_counter() - began)
    return requests, result.events, least
