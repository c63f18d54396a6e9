"""What do fewer bits buy, and where? Remakes results.csv and picture.png: run.py [FOLDER]."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.common import COLOURS, remake
from infersim.plots.style import INK, figure, title

DEVICE, WEIGHTS = "fleet.main.device", "fleet.main.precision.weights"
PANELS = (
    ("throughput.output_tokens_per_s", "Throughput", "output tokens/s", 1),
    ("tpot_s.p50", "Time per output token, median", "ms", 1000),
    ("kv_cache.capacity_tokens", "Room for KV", "thousand tokens", 1e-3),
    ("energy.joules_per_output_token", "Energy", "J per output token", 1),
)


def draw(table: pd.DataFrame) -> Figure:
    """Bars by device, one a type of the weights, with intervals; a cross where the model does not fit."""
    picture, axes = figure(1, 4, 15, 3.6)
    devices = [*table[DEVICE].unique()]
    for ax, (name, said, unit, scale) in zip(axes, PANELS, strict=True):
        for i, (weights, rows) in enumerate(table.groupby(WEIGHTS, sort=False)):
            x, fits = rows[DEVICE].map(devices.index) + 0.2 * (i - 1.5), rows.status == "ok"
            mean, low = (scale * rows[fits][f"{part}.{name}"] for part in ("simulated", "ci95_low"))
            ax.bar(x[fits], mean, 0.18, yerr=mean - low, color=COLOURS[i], ecolor=INK, label=weights)
            if not fits.all():
                ax.plot(x[~fits], 0 * x[~fits], "x", ms=5, color=COLOURS[i], clip_on=False)
        ax.set_xticks(range(len(devices)), [device.split("-")[0].upper() for device in devices])
        ax.grid(False, axis="x")
        title(ax, said, "", unit)
    axes[0].legend(frameon=False, fontsize=8, title="weights", title_fontsize=8)
    picture.suptitle("Mistral-Small-24B on one device, 128 clients; ×: does not fit", fontsize=11, x=0.01, ha="left")
    return picture


if __name__ == "__main__":
    remake(__file__, ["batch.mean", *(name for name, *_ in PANELS)], draw)
