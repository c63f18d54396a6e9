"""How large a batch should a server take? Remakes results.csv and picture.png: run.py [FOLDER]."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.common import lines, remake
from infersim.plots.style import figure, title

SEQS, TOKENS = "fleet.main.engine.max_num_seqs", "fleet.main.engine.max_num_batched_tokens"
PANELS = (
    ("throughput.output_tokens_per_s", "Throughput", "output tokens/s", 1),
    ("tpot_s.p99", "Time per output token, 99th percentile", "ms", 1000),
    ("kv_cache.mean_fraction", "KV memory in use", "%", 100),
    ("requests.preempted", "Requests preempted, of 4,000", "", 1),
)


def draw(table: pd.DataFrame) -> Figure:
    """Throughput, latency, memory and preemptions against the batch limit, a line a token budget."""
    picture, axes = figure(1, 4, 15, 3.6)
    for ax, (name, said, unit, scale) in zip(axes, PANELS, strict=True):
        lines(ax, table, SEQS, name, TOKENS, "at most {:,} tokens a step", scale)
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks := [1, 4, 16, 64, 256], [str(tick) for tick in ticks])
        title(ax, said, "batch limit (max_num_seqs)", unit)
    picture.suptitle("Llama-3.1-8B on one L40S that always has work", fontsize=11, x=0.01, ha="left")
    return picture


if __name__ == "__main__":
    remake(__file__, ["tpot_s.p50", *(name for name, *_ in PANELS)], draw)
