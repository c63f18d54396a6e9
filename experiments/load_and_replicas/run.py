"""How many replicas for how much chat? Remakes results.csv and picture.png: run.py [FOLDER]."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.common import lines, remake
from infersim.plots.style import figure, title

RATE, REPLICAS = "workload.chat.rate_per_s", "fleet.main.replicas"
PANELS = (
    ("ttft_s.p99", "First token, 99th percentile", "ms", 1000),
    ("goodput.fraction", "Requests within the SLO", "%", 100),
    ("cost.usd_per_million_output_tokens", "Cost at an example price of 3 USD/h", "USD per million output tokens", 1),
)


def draw(table: pd.DataFrame) -> Figure:
    """Latency, attainment and cost against the rate, a line a number of replicas, as far as arrivals are served."""
    picture, axes = figure(1, 3, 12, 3.6)
    for ax, (name, said, unit, scale) in zip(axes, PANELS, strict=True):
        lines(ax, table, RATE, name, REPLICAS, "{} × H100", scale)
        title(ax, said, "requests/s", unit)
    axes[0].set_yscale("log")  # near overload a queue can be anything
    axes[0].set_ylim(100, 10_000)
    axes[0].set_yticks(ticks := [100, 200, 500, 1000, 2000, 5000, 10_000], [f"{tick:,}" for tick in ticks])
    axes[0].minorticks_off()
    picture.suptitle(
        "Llama-3.1-8B, chat like Azure's of 2023; lines end before overload", fontsize=11, x=0.01, ha="left"
    )
    return picture


if __name__ == "__main__":
    remake(__file__, ["tpot_s.p99", *(name for name, *_ in PANELS)], draw)
