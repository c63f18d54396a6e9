"""A curve: latency against load, the saturation point, and the capacity at the SLO."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infersim import load as loading
from infersim import provenance
from infersim.capacity.axis import Axis
from infersim.capacity.bench import Bench, Point
from infersim.capacity.observed import LATENCIES
from infersim.capacity.search import Found
from infersim.metrics import replicated
from infersim.saving import save_files
from infersim.text import capacity

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

SCHEMA_VERSION = "infersim/curve/1"
PICTURE = "curve.png"
_WELL_BELOW = 0.9
FILES = ("curve.json", "points.csv", "scenario.yaml", "provenance.json", PICTURE)


class Curve:
    """What runs at several loads found.

    Args:
        figures: the object that `--json` prints.
        axis: the load axis.
    """

    def __init__(self, figures: dict[str, Any], axis: Axis):
        self._figures, self._axis = figures, axis

    @property
    def capacity_requests_per_s(self) -> float | None:
        """The highest rate at which the SLO's attainment holds [1/s]; None where no rate does, or nothing is asked."""
        return self._figures["capacity_requests_per_s"]

    @property
    def ci95(self) -> list[float] | None:
        """95% interval of the capacity [1/s]."""
        return self._figures["ci95"]

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C came before all was done."""
        return "interrupted" in self._figures

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes."""
        return FILES

    @property
    def warnings(self) -> list[str]:
        """What a reader must not miss."""
        return self._figures["warnings"]

    def summary(self) -> dict[str, Any]:
        """Everything, as `infersim curve --json` prints it."""
        return json.loads(json.dumps(self._figures, allow_nan=False))

    @cached_property
    def _table(self) -> list[dict[str, Any]]:
        left_out = ("ci95", "ci95_s", "goals")
        lists = [{key: value for key, value in point.items() if key not in left_out} for point in self._points]
        bounds = [point["ci95"] or [None, None] for point in self._points]
        return [
            dict(replicated.leaves(row)) | {"ci95_low": low, "ci95_high": high}
            for row, (low, high) in zip(lists, bounds, strict=True)
        ]

    @property
    def _points(self) -> list[dict[str, Any]]:
        return self._figures["points"]

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a load, in ascending order; nested figures by dotted path."""
        import pandas

        return pandas.DataFrame(self._table)

    def plot(self) -> Figure:
        """Latency, throughput and attainment against load."""
        from infersim.plots.curve import curve_picture

        points, titles = capacity.shown(self._figures), capacity.titles(self._figures)
        return curve_picture(self._figures, points, titles, self._axis.besides_per_s)

    def save(self, folder: Path | str) -> Path:
        """Write `files` into a folder, each whole or not at all.

        Raises:
            InputError: the folder is a file, or cannot be written.
        """
        return save_files(folder, [*reversed(FILES)], self._write)

    def _write(self, folder: Path) -> None:
        loaded = self._axis.loaded
        text = json.dumps(self._figures, indent=2, allow_nan=False) + "\n"
        (folder / "curve.json").write_text(text, encoding="utf-8")
        self.to_dataframe().to_csv(folder / "points.csv", index=False, lineterminator="\n")
        scenario = loading.dump_scenario(loaded.scenario, loaded.folder)
        (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
        inputs: dict[str, str | None] = {"scenario": loading.canonical_hash(loaded.scenario)}
        origin = json.dumps(provenance.collect(inputs, loaded.scenario.run.seed), indent=2) + "\n"
        (folder / "provenance.json").write_text(origin, encoding="utf-8")
        self.plot().savefig(folder / PICTURE, dpi=110, metadata={"Software": None})

    def __repr__(self) -> str:
        return f"<Curve: {capacity.capacity_sentence(self._figures)}>"

    def _repr_html_(self) -> str:
        return capacity.html(self._figures)


def figures(
    bench: Bench,
    found: Found | None,
    saturation: float | None,
    miss: dict[str, Any] | None,
    warnings: Sequence[str],
    interrupted: bool = False,
) -> dict[str, Any]:
    """The object that `--json` prints.

    Args:
        bench: with all runs done.
        found: the capacity; None where no goal was given, or Ctrl-C came first.
        saturation: the load at saturation.
        miss: what no load meets.
        warnings: what a reader must not miss.
        interrupted: whether Ctrl-C came before all was done.
    """
    axis, scenario = bench.axis, bench.axis.loaded.scenario
    saturation = _saturation(bench, saturation if found is None else found.saturation)
    points = [_point(point, saturation, bench) for point in bench.known()]
    rates = _rates(axis, found)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "seed": scenario.run.seed,
        **({"interrupted": True} if interrupted else {}),
        "load": {"unit": axis.counted, "classes": [*axis.own], "as_written": axis.as_written},
        "slo": [goal.data() for goal in bench.goals],
        **rates,
        "limited_by": None if found is None or found.load is None else found.limited_by,
        "saturation_requests_per_s": saturation if axis.unit == "requests_per_s" else _most(points),
        "points": points,
        "miss": miss,
        "simulated_requests": bench.simulated,
        "simulated_runs": bench.ran,
        "warnings": [*warnings],
    }


def _saturation(bench: Bench, pressed: float | None) -> float | None:
    """Saturation as pressing told it, unless whole runs were overloaded well below."""
    over = [point.load for point in bench.known() if point.whole and point.overloaded]
    return min(over) if pressed is not None and over and min(over) < _WELL_BELOW * pressed else pressed


def _most(points: Sequence[dict[str, Any]]) -> float | None:
    """The highest throughput of any point [1/s]."""
    return max((point["throughput"]["requests_per_s"] for point in points), default=None)


def _rates(axis: Axis, found: Found | None) -> dict[str, Any]:
    """The capacity as requests a second, and of closed loops as clients, too."""
    load = None if found is None else found.load
    if found is None or load is None:
        return {"capacity_requests_per_s": None, "capacity_clients": None, "ci95": None}
    if axis.unit == "clients":
        rates = [run.throughput["requests_per_s"] or 0.0 for run in found.at.runs]
        interval = replicated.ci95(rates) if len(rates) > 1 else None
        return {"capacity_requests_per_s": found.at.throughput_per_s, "capacity_clients": int(load), "ci95": interval}
    interval = None
    if found.half is not None and np.isfinite(found.half):
        interval = [max(load - found.half, 0.0), load + found.half]
    return {"capacity_requests_per_s": load, "capacity_clients": None, "ci95": interval}


def _point(point: Point, saturation: float | None, bench: Bench) -> dict[str, Any]:
    """One load; no latency is told where there is no steady state."""
    rate = bench.axis.unit == "requests_per_s"
    over = point.overloaded or (rate and saturation is not None and point.load >= saturation)
    latencies = [{name: run.latencies[name] for name in LATENCIES} for run in point.runs]
    throughput = [run.throughput for run in point.runs]
    nothing = {name: dict.fromkeys(("p50", "p99")) for name in LATENCIES}
    return {
        "rate_per_s": point.load if rate else point.throughput_per_s,
        **({} if rate else {"clients": int(point.load)}),
        "replications": len(point.runs),
        "whole_runs": point.whole,
        "requests": bench.spent(point.load),
        **_attained(point),
        **(nothing if over else replicated.mean(latencies)),
        "ci95_s": None if over else replicated.ci95(latencies),
        "throughput": replicated.mean(throughput),
        "overloaded": over,
    }


def _attained(point: Point) -> dict[str, Any]:
    """Of the goal nearest to be missed, and of each where there are several."""
    if not point.goals:
        return {"attainment": None, "ci95": None, "goals": []}
    each = []
    for number, goal in enumerate(point.goals):
        shares = [float(run.attained[number]) for run in point.runs]
        each.append(
            {"class": goal.traffic_class, "attainment": float(np.mean(shares)), "ci95": replicated.ci95(shares)}
        )
    nearest = each[point.binding]
    return {"attainment": nearest["attainment"], "ci95": nearest["ci95"], "goals": each}
