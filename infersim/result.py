"""A result: the figures of a run, its tables, its picture, and how to keep them."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infersim import load, provenance
from infersim.metrics import latency, queueing
from infersim.metrics.interval import ErrorClass, prediction_interval
from infersim.metrics.shapes import Typical
from infersim.metrics.timeline import BINS, count_in_bins, occupancy
from infersim.records import COMPLETED, REJECTED, STATUS_NAMES
from infersim.saving import save_files
from infersim.summary import Run, summarise
from infersim.text import facts
from infersim.text.notebook import html
from infersim.units import show_seconds

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

PICTURE = "dashboard.png"
FILES = ("summary.json", "scenario.yaml", "requests.parquet", "timeline.parquet", "provenance.json", PICTURE)
REPLICATIONS = "replications.csv"
"""What replications keep in place of the tables and the picture of one run."""


class Result:
    """What a simulation found.

    Args:
        run: the finished run.
        confidence: what the numbers rest on (`TransformerTiming.confidence`).
        errors: the class of configurations that says how far off they may be.
        warnings: sentences that a reader must not miss.
        wall: `simulate_s`, `total_s`, `peak_rss_bytes`.
        profiles: hash of each profile used, by name.
        events: replica events simulated.
        interrupted: whether the run was ended before its end.
    """

    def __init__(
        self,
        run: Run,
        confidence: dict[str, Any],
        errors: ErrorClass,
        warnings: list[str],
        wall: dict[str, float],
        profiles: dict[str, str],
        events: int,
        interrupted: bool = False,
    ):
        self.warnings = warnings
        self.events = events
        self.interrupted = interrupted
        self._run, self._confidence, self._wall, self._profiles = run, confidence, wall, profiles
        self._errors = errors

    @property
    def scenario(self):
        """The scenario as it was run, defaults filled in."""
        return self._run.scenario

    @property
    def run(self) -> Run:
        """The finished run: its request columns on the engine's clock, and the window of the figures."""
        return self._run

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes; an interrupted run goes without its picture, which takes a second."""
        return FILES[:-1] if self.interrupted else FILES

    @property
    def sums(self) -> dict[str, float]:
        """What the pool's steps add up to within the span: `busy_s`, `steps`, `output_tokens`, `flops`, `bytes` …"""
        return dict(self._run.usage.sums)

    def typical_step(self, kind: str) -> Typical | None:
        """The mean batch of the steps of a kind (`metrics.shapes.KINDS`); None where there was none."""
        return self._run.usage.shapes.typical(kind)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        figures = summarise(self._run)
        confidence = self._confidence | {"prediction_interval": prediction_interval(figures, self._errors)}
        marked = {"interrupted": True} if self.interrupted else {}
        return figures | {"confidence": confidence, "warnings": self.warnings, **marked, "wall": self._wall}

    def summary(self) -> dict[str, Any]:
        """Every figure, as `infersim run --json` prints them; seconds, bytes, USD; None where there is nothing."""
        return json.loads(json.dumps(self._summary, allow_nan=False))

    @cached_property
    def requests(self) -> pandas.DataFrame:
        """One row a request: times on the client's clock [s], lengths [tokens], what became of it."""
        import pandas

        return pandas.DataFrame(self._request_columns())

    @cached_property
    def timeline(self) -> pandas.DataFrame:
        """One row a time bin: rates [1/s], means over the bin, of all replicas together."""
        import pandas

        return pandas.DataFrame(self._timeline_columns())

    def plot_dashboard(self) -> Figure:
        """Latencies, load, batch and memory on one page."""
        from infersim.plots.dashboard import dashboard

        requests = self._run.requests
        completed = requests["status"] == COMPLETED
        values = latency.latencies({name: column[completed] for name, column in requests.items()}, self._run.frontend_s)
        titles = [facts.title(self._summary), *facts.fleet(self._summary).values()]
        return dashboard(titles, values, self._timeline_columns(), self._summary)

    def save(self, folder: Path | str) -> Path:
        """Write `files` into a folder, each whole or not at all; `summary.json` comes last.

        Returns:
            The folder.

        Raises:
            InputError: the folder is a file, or cannot be written.
        """
        stale = [name for name in (*FILES, REPLICATIONS) if name not in self.files]
        return save_files(folder, [*reversed(self.files)], self._write, stale)

    def _write(self, folder: Path) -> None:
        scenario = self.scenario
        figures = json.dumps(self._summary, indent=2, allow_nan=False) + "\n"
        (folder / "summary.json").write_text(figures, encoding="utf-8")
        (folder / "scenario.yaml").write_text(load.dump_scenario(scenario, self._run.folder), encoding="utf-8")
        origin = provenance.collect(self.inputs(), scenario.run.seed)
        (folder / "provenance.json").write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
        _write_parquet(folder / "requests.parquet", self._request_columns())
        _write_parquet(folder / "timeline.parquet", self._timeline_columns())
        if not self.interrupted:
            self.plot_dashboard().savefig(folder / PICTURE, dpi=110, metadata={"Software": None})

    def inputs(self) -> dict[str, str | None]:
        """SHA-256 of what went in: the resolved scenario, and each profile and trace by name."""
        return {"scenario": load.canonical_hash(self.scenario), **self._profiles, **self._traces()}

    def _traces(self) -> dict[str, str | None]:
        """Hash of each trace by its path: equal paths may hold unequal traffic."""
        paths = [traffic.trace.path for traffic in self.scenario.workload.values() if traffic.trace is not None]
        return {f"trace/{path}": provenance.sha256(self._run.folder / path) for path in paths}

    def _request_columns(self) -> dict[str, np.ndarray]:
        columns, later_s = self._run.requests, self._run.frontend_s
        names = np.array(list(self.scenario.workload), dtype=object)
        nobody = np.full(columns["arrival_s"].size, -1, dtype=np.int64)
        return {
            "request": np.arange(columns["arrival_s"].size),
            "class": names[columns["traffic_class"]],
            "due_s": columns["due_s"],
            "arrival_s": columns["arrival_s"],
            "scheduled_s": columns["scheduled_s"],
            "first_token_s": columns["first_token_s"] + later_s,
            "finish_s": columns["finish_s"] + later_s,
            "prompt_tokens": columns["prompt_tokens"],
            "output_tokens": columns["output_tokens"],
            "reasoning_tokens": columns["reasoning_tokens"],
            "session_id": columns.get("session_id", nobody),
            "turn": columns.get("turn", nobody),
            "preemptions": columns["preemptions"],
            "status": np.array(STATUS_NAMES, dtype=object)[columns["status"]],
            "replica": columns["replica"],
        }

    def _timeline_columns(self) -> dict[str, np.ndarray]:
        run, timeline = self._run, self._run.usage.timeline
        width, end = timeline.width_s, run.span.end_s
        bins = min(max(int(np.ceil(end / width)), 1), BINS)
        sums = {name: values[:bins] for name, values in timeline.sums.items()}
        taken = {name: column[run.requests["status"] != REJECTED] for name, column in run.requests.items()}
        enter, leave = queueing.waits(taken, run.requeues, end)
        finish = run.requests["finish_s"][run.requests["status"] == COMPLETED]
        with np.errstate(invalid="ignore", divide="ignore"):
            batch = np.where(sums["busy_s"] > 0, sums["batch_seq_s"] / sums["busy_s"], 0.0)
        start = np.arange(bins) * width
        length = np.minimum(width, max(end, 1e-9) - start)  # the last bin ends with the run
        replica_s = length * run.pool.replicas
        return {
            "start_s": start,
            "middle_s": start + length / 2,
            "arrivals_per_s": count_in_bins(run.requests["arrival_s"], width, bins) / length,
            "completions_per_s": count_in_bins(finish, width, bins) / length,
            "output_tokens_per_s": sums["output_tokens"] / length,
            "batch_mean": batch,
            "queue_mean": occupancy(enter, leave, width, bins) * width / length,
            "kv_fraction": sums["kv_block_s"] / (replica_s * run.pool.capacity_blocks),
            "busy": sums["busy_s"] / replica_s,
        }

    def __repr__(self) -> str:
        figures = self._summary
        return (
            f"<Result {facts.title(figures)!r}: {figures['requests']['completed']} requests, TTFT p99 "
            f"{show_seconds(figures['ttft_s']['p99'])}, TPOT p99 {show_seconds(figures['tpot_s']['p99'])}>"
        )

    def _repr_html_(self) -> str:
        return html(self._summary)


def _write_parquet(path: Path, columns: dict[str, np.ndarray]) -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # row order, hence bytes, must not depend on the machine
        connection.register("columns", columns)
        connection.execute(
            f"COPY (SELECT * FROM columns) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
        )
