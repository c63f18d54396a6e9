"""Tables of sweeps that never ran: columns as `sweep` returns them, with values that a test can tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

RATE, REPLICAS, DEVICE = "workload.chat.arrivals.rate_per_s", "fleet.main.replicas", "fleet.main.device"
TTFT, TPUT = "ttft_s.p99", "throughput.output_tokens_per_s"


def texts(values: Sequence[object]) -> np.ndarray:
    """A column of texts."""
    column = np.empty(len(values), dtype=object)
    column[:] = [*values]
    return column


def grid(rates: Sequence[float] = (1.0, 2.0, 3.5), replicas: Sequence[int] = (1, 2)) -> dict[str, np.ndarray]:
    """A grid whose TTFT is rate ÷ replicas ÷ 10 s ± 10%; the last rate on one replica is overloaded."""
    settings = np.array([*itertools.product(rates, replicas)])
    ttft_s = settings[:, 0] / settings[:, 1] / 10
    over = (settings[:, 0] == rates[-1]) & (settings[:, 1] == 1)
    return {
        "point": np.arange(len(settings)),
        RATE: settings[:, 0],
        REPLICAS: settings[:, 1].astype(np.int64),
        "status": texts(["overload" if each else "ok" for each in over]),
        "reason": texts([None] * len(settings)),
        "replications": np.full(len(settings), 3),
        f"simulated.{TTFT}": np.where(over, 99.0, ttft_s),
        f"simulated.{TPUT}": 100.0 * settings[:, 0],
        f"ci95_low.{TTFT}": ttft_s * 0.9,
        f"ci95_high.{TTFT}": ttft_s * 1.1,
    }
