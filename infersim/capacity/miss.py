"""Goals that no load meets: by how much they are missed where there is hardly any load, and what would meet them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from infersim.capacity.bench import Bench, Point
from infersim.capacity.observed import Observed
from infersim.errors import InputError
from infersim.load import Loaded
from infersim.load.loaded import laid_over
from infersim.spec.fleet import Pool

_LIGHT = {"bf16": ("fp8", "int8"), "fp16": ("fp8", "int8"), "fp32": ("bf16",)}
_WHOLE = {"vllm": "enable_chunked_prefill", "trtllm": "enable_chunked_context"}
"""By engine, the option that splits prompts; off, they stand in the way of decodes."""
_MOST_TENSOR = 8


def nearest_miss(bench: Bench, point: Point) -> dict[str, Any]:
    """What is missed at the lowest load tried, and cheap changes that were tried there, too.

    Args:
        bench: where the point was run.
        point: the lowest load.
    """
    missed = [number for number, margin in enumerate(point.margins.mean(axis=0)) if margin < 0.0]
    return {
        "load": point.load,
        "missed": [_told(point.runs, number, point) for number in missed],
        "remedies": [*_remedies(bench, point, missed)],
    }


def _told(runs: Sequence[Observed], number: int, point: Point) -> dict[str, Any]:
    """One goal: how many meet it, and the latency that its share of requests keeps, beside the bound."""
    goal = point.goals[number]
    bounds = {}
    for name in runs[0].worst_s[number]:
        found = [value for run in runs if (value := run.worst_s[number][name]) is not None]
        seen = float(np.mean(found)) if found else None
        bound = getattr(goal.slo, name)
        bounds[name] = {"bound": bound, "seen": seen, "kept": seen is not None and seen <= bound}
    attained = float(np.mean([run.attained[number] for run in runs]))
    return {"class": goal.traffic_class, "asked": goal.slo.attainment, "attainment": attained, "bounds": bounds}


def _remedies(bench: Bench, point: Point, missed: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Changes that can be made, each with what becomes of the goals at this load."""
    asked = np.array([goal.slo.attainment for goal in point.goals])
    at = bench.axis.at(point.load)
    for what, loaded in _changed(at):
        try:
            seen = bench.run([(loaded, 0)])
        except InputError:  # does not fit, no such layout of this model, a type that the device lacks
            continue
        met = bool((seen[0].attained >= asked - 1e-12).all())
        yield {"change": what, "met": met, "missed": [_told(seen, number, point) for number in missed]}


def _changed(at: Loaded) -> Iterator[tuple[str, Loaded]]:
    for name, pool in at.scenario.fleet.items():
        for settings in _settings(pool):
            what = ", ".join(f"fleet.{name}.{path} = {str(value).lower() if value is True else value}"
                             for path, value in settings.items())  # fmt: skip
            try:
                yield what, laid_over(at, {f"fleet.{name}.{path}": value for path, value in settings.items()})
            except InputError:
                continue


def _settings(pool: Pool) -> Iterator[dict[str, Any]]:
    option = _WHOLE.get(pool.engine.kind, "")
    if getattr(pool.engine, option, True) is False:
        yield {f"engine.{option}": True}
    tensor = pool.parallel.tensor
    while (tensor := 2 * tensor) <= _MOST_TENSOR:
        yield {"parallel.tensor": tensor}
    for lighter in _LIGHT.get(str(pool.precision.weights or "bf16"), ()):
        yield {"precision.weights": lighter}
