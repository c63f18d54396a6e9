"""The figures of `infersim run --json` by dotted path: which there are, and how one is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infersim.errors import InputError, nearest

_STATISTICS = ("mean", "p50", "p90", "p95", "p99")
TRAFFIC = (
    *(f"requests.{name}" for name in ("arrived", "completed", "rejected", "in_system", "preempted", "preemptions")),
    "requests.cut.prompts",
    "requests.cut.outputs",
    *(f"tokens.{name}" for name in ("prompt", "output", "reasoning")),
    *(f"{name}.{of}" for name in ("ttft_s", "tpot_s", "itl_s", "e2e_s", "queue_s") for of in _STATISTICS),
    *(f"throughput.{name}_per_s" for name in ("requests", "input_tokens", "output_tokens", "items")),
    "goodput.requests_per_s",
    "goodput.fraction",
)
"""Figures of the whole and of each `classes.NAME`."""
VERDICTS = ("goodput.attained",)
"""Likewise; 1 or 0 of a run, a share of several."""
POOL = (
    *(f"utilisation.{name}" for name in ("busy", "mfu", "mbu")),
    *(f"kv_cache.{name}" for name in ("block_size", "capacity_blocks", "capacity_tokens")),
    *(f"kv_cache.{name}_fraction" for name in ("mean", "peak", "prefix_hit")),
    "batch.mean",
    "batch.peak",
    "queue.mean",
    "queue.peak",
    *(f"cost.{name}" for name in ("usd_total", "usd_per_request", "usd_per_million_output_tokens", "price_usd_per_h")),
    *(f"energy.{name}" for name in ("joules_total", "joules_per_request", "joules_per_output_token")),
    "energy.device_power_w.mean",
    "energy.device_power_w.peak",
    "preemptions.total",
)
"""Figures of the whole and of each `pools.NAME`."""
DEPLOYED = tuple(f"deployment.{name}" for name in ("replicas", "devices", "tensor"))
"""Figures of each `pools.NAME` alone."""
SPAN = ("span.begin_s", "span.end_s")
GROWTH = "queue_growth"
"""Figures of the whole; `metrics.steady_state` says what the last tells of one or several runs."""
LATER = frozenset({"throughput.items_per_s", "kv_cache.prefix_hit_fraction", "preemptions.total"})
"""Figures that are known, and that no simulation gives yet: rows with them have no answer there."""
_SI = "figures are in SI units: s, tokens, J, W, USD"


def check_figure(name: str, prefix: str) -> None:
    """Refuse what is no figure.

    Args:
        name: a path into the JSON.
        prefix: what stands before it in the column's name, e.g. `measured.`.

    Raises:
        InputError: names the nearest figure.
    """
    group, _, below = name.partition(".")
    of, _, inner = below.partition(".")
    known = {"classes": (*TRAFFIC, *VERDICTS), "pools": (*POOL, *DEPLOYED)}.get(group)
    lead = f"{prefix}{group}.{of}." if known and of else prefix
    allowed, asked = (known, inner) if known and of else ((*TRAFFIC, *VERDICTS, *POOL, *SPAN, GROWTH), name)
    if asked not in allowed:
        hint = nearest(f"{lead}{asked}", (f"{lead}{figure}" for figure in allowed))
        hint = f"{hint} ({_SI})" if hint else f"docs/json.md tells every figure; {_SI}"
        raise InputError("no such figure in the JSON of a run", hint, f"{prefix}{name}")


def figure(summary: Mapping[str, Any], name: str) -> float | None:
    """A figure of a run; None where the run has none."""
    value: Any = summary
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
