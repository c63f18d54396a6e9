"""The whole explanation of a scenario's figures, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infersim import load
from infersim.deployment import Deployment, deploy
from infersim.explain.holdings import front_end, memory
from infersim.explain.sensitivity import FIGURES, sensitivity
from infersim.explain.steps import prefill_share, steps
from infersim.runs.figures import figure
from infersim.simulate import simulate
from infersim.spec.scenario import Scenario

SCHEMA_VERSION = "infersim/explanation/1"
REQUESTS = 1000
"""So many requests are simulated again with each assumption varied, if nothing else is said."""


def explain(
    scenario: Scenario | load.Loaded | Mapping[str, Any] | str | Path,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    seed: int | None = None,
    requests: int | None = None,
) -> dict[str, Any]:
    """Explain a scenario's figures.

    Args:
        scenario, overrides, seed: as `simulate` takes them.
        requests: so many of the first requests are simulated again with each assumption varied; by default
            `REQUESTS`, or four for each client of closed loops.

    Returns:
        What `infersim explain --json` prints; seconds, bytes, fractions; None where there is nothing.

    Raises:
        InputError: the scenario cannot be used.
    """
    loaded = load.as_loaded(scenario, overrides, seed)
    result = simulate(loaded)
    summary = result.summary()
    deployed = _deployed(result.scenario, loaded.folder)
    varied = sensitivity(loaded, result, requests or _enough(loaded.scenario))
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": summary["scenario"],
        "seed": summary["seed"],
        "pools": {name: {"deployment": pool["deployment"]} for name, pool in summary["pools"].items()},
        "figures": {name: figure(summary, name) for name in FIGURES},
        "steps": steps(result, deployed.timing),
        "memory": memory(deployed, summary),
        "front_end": front_end(deployed),
        "assumptions": varied,
        "prefix_cache": {"modelled": False, "prefill_share": prefill_share(result, deployed.timing)},
        "confidence": summary["confidence"],
        "warnings": summary["warnings"],
    }


def _deployed(scenario: Scenario, folder: Path) -> Deployment:
    name, pool = next(iter(scenario.fleet.items()))
    return deploy(name, pool, folder)


def _enough(scenario: Scenario) -> int:
    clients = (getattr(traffic.arrivals, "clients", 0) for traffic in scenario.workload.values())
    return max(REQUESTS, 4 * sum(clients))
