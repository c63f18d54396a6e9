"""How large a batch should a server take? Remakes results.csv and picture.png: run.py [FOLDER]."""

import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

import infersim as sim

HERE = Path(__file__).parent
LIMITS = (1, 2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128, 192, 256)


def measure(limit: int) -> dict[str, float]:
    """The figures of one batch limit."""
    figures = sim.simulate(HERE / "server.yaml", {"fleet.main.engine.max_num_seqs": limit}).summary()
    return {
        "max_num_seqs": limit,
        "output_tokens_per_s": figures["throughput"]["output_tokens_per_s"],
        "tpot_p50_s": figures["tpot_s"]["p50"],
        "tpot_p99_s": figures["tpot_s"]["p99"],
        "kv_mean_fraction": figures["kv_cache"]["mean_fraction"],
        "kv_peak_fraction": figures["kv_cache"]["peak_fraction"],
        "batch_mean": figures["batch"]["mean"],
        "preempted_fraction": figures["requests"]["preempted"] / figures["requests"]["completed"],
    }


def draw(table: pd.DataFrame) -> Figure:
    """Throughput, latency and memory against the limit."""
    panels = (
        ("Throughput [output tokens/s]", {"output_tokens_per_s": "#2563eb"}, 1),
        ("Time per output token [ms]", {"tpot_p99_s": "#ea7a16", "tpot_p50_s": "#8b45c7"}, 1000),
        ("Memory and overflow [%]", {"kv_mean_fraction": "#15925f", "preempted_fraction": "#c62828"}, 100),
    )
    names = {
        "output_tokens_per_s": "all requests",
        "tpot_p99_s": "99th percentile",
        "tpot_p50_s": "median",
        "kv_mean_fraction": "KV memory in use",
        "preempted_fraction": "requests preempted",
    }
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for ax, (title, columns, scale) in zip(figure.subplots(1, 3), panels, strict=True):
        for column, colour in columns.items():
            ax.plot(table.max_num_seqs, scale * table[column], "o-", ms=4, color=colour, label=names[column])
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks := [1, 4, 16, 64, 256], [str(tick) for tick in ticks])
        ax.set_ylim(bottom=0)
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
        ax.set_xlabel("batch limit (max_num_seqs)", fontsize=9)
        ax.grid(True, color="#e3e8ee")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=8)
    figure.suptitle("Llama-3.1-8B on one L40S that always has work", fontsize=11, x=0.01, ha="left")
    return figure


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    folder.mkdir(parents=True, exist_ok=True)
    results = pd.DataFrame(map(measure, LIMITS))
    results.to_csv(folder / "results.csv", index=False, float_format="%.6g", lineterminator="\n")
    draw(results).savefig(folder / "picture.png", dpi=110, metadata={"Software": None})
    print(results.to_string(index=False))
