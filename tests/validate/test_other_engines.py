"""Engines beside the big servers, against measured runs of devices and models that took no part in their fits."""

from __future__ import annotations

from collections import Counter
from hashlib import md5

import numpy as np
import pytest

from infersim.runs.figures import figure
from infersim.runs.table import read_table
from infersim.simulate import simulate

DEVICE, MODEL, ENGINE = "fleet.main.device", "fleet.main.model", "fleet.main.engine.kind"
SPARK = "dgx-spark-gb10-128gb"
CASES = {
    "llama.cpp on NVIDIA": ("single_stream", "llamacpp", DEVICE, "NVIDIA"),
    "llama.cpp on Apple": ("single_stream", "llamacpp", DEVICE, "Apple"),
    "MLX": ("single_stream", "mlx", DEVICE, "Apple"),
    "llama.cpp in batches": ("batched_bench", "llamacpp", MODEL, ""),
    "Neuron": ("accelerators", "neuronx", MODEL, ""),
    "Gaudi": ("accelerators", "gaudi", MODEL, ""),
    "JetStream": ("accelerators", "jetstream", MODEL, ""),
}
FIGURES = {
    "single_stream": ("ttft_s.mean", "tpot_s.mean"),
    "batched_bench": ("ttft_s.mean", "tpot_s.mean"),
    "accelerators": ("ttft_s.p50", "itl_s.p50", "throughput.output_tokens_per_s"),
}


def maker(device: str) -> str:
    return "Apple" if device.startswith("apple") else "NVIDIA"


def kept_out(names: list[str]) -> set[str]:
    """Every second, in the order of the md5 of the names: the split by which the profiles were fitted."""
    return set(sorted(set(names), key=lambda name: md5(name.encode()).hexdigest())[1::2])


@pytest.mark.parametrize("case", CASES)
def test_runs_kept_out_of_the_fit_are_met_within_a_fifth(shared_data, case):
    name, engine, by, made_by = CASES[case]
    table = read_table(str(shared_data / "runs" / f"{name}.csv.gz"))
    rows = []
    for row in range(len(table)):
        settings = table.settings(row)
        of_kind = settings.get(ENGINE, engine) == engine and (not made_by or maker(settings[DEVICE]) == made_by)
        if of_kind and not table.label(row, "suspect") and not (made_by and settings[DEVICE] == SPARK):
            rows.append(row)
    kept = kept_out([table.settings(row)[by] for row in rows])
    errors: dict[str, list[float]] = {}
    counts: Counter[str] = Counter()
    for row in (row for row in rows if table.settings(row)[by] in kept):
        summary = simulate(table.scenario(row)).summary()
        counts[table.settings(row)[by]] += 1
        for wanted in FIGURES[name]:
            measured = float(table.figures["measured"].get(wanted, [np.nan] * len(table))[row])
            if measured == measured:
                errors.setdefault(wanted, []).append(abs(figure(summary, wanted) / measured - 1.0))
    assert set(counts) == kept
    medians = {wanted: float(np.median(each)) for wanted, each in errors.items()}
    assert medians
    assert max(medians.values()) <= 0.2, medians
