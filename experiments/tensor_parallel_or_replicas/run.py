"""Four devices: one fast replica or several slower ones? Remakes results.csv and picture.png: run.py [FOLDER]."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.common import lines, remake
from infersim.plots.style import figure, title

RATE, TENSOR, REPLICAS = "workload.chat.arrivals.rate_per_s", "fleet.main.parallel.tensor", "fleet.main.replicas"
PANELS = (
    ("ttft_s.p99", "First token, 99th percentile", "ms", 1000),
    ("tpot_s.p50", "Time per output token, median", "ms", 1000),
    ("e2e_s.p50", "Whole answer, median", "s", 1),
    ("kv_cache.mean_fraction", "KV memory in use", "%", 100),
)


def draw(table: pd.DataFrame) -> Figure:
    """Latencies and memory against the rate, a line a layout, as far as arrivals are served."""
    layout = table[REPLICAS].astype(str) + " × tensor " + table[TENSOR].astype(str)
    picture, axes = figure(1, 4, 15, 3.6)
    for ax, (name, said, unit, scale) in zip(axes, PANELS, strict=True):
        lines(ax, table.assign(layout=layout), RATE, name, "layout", "{}", scale)
        title(ax, said, "requests/s", unit)
    axes[0].set_ylim(0, 700)
    picture.suptitle("Qwen3-32B on four H100; lines end before overload", fontsize=11, x=0.01, ha="left")
    return picture


if __name__ == "__main__":
    remake(__file__, ["throughput.output_tokens_per_s", *(name for name, *_ in PANELS)], draw)
