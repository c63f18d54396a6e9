"""Replications: one scenario run from several seeds, and what the runs say together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infersim import load, provenance
from infersim.metrics import replicated
from infersim.metrics.steady_state import is_overloaded
from infersim.result import FILES as RUN_FILES
from infersim.result import REPLICATIONS, Result
from infersim.rng import replication_seed
from infersim.runs.narrow import alike, narrow
from infersim.runs.pool import share_out
from infersim.saving import save_files, write_csv
from infersim.simulate import simulate
from infersim.spec.scenario import Scenario
from infersim.text import facts
from infersim.text.replicated import html
from infersim.units import show_seconds

if TYPE_CHECKING:
    import pandas

FILES = ("summary.json", "scenario.yaml", REPLICATIONS, "provenance.json")
_OWN = ("schema_version", "scenario", "seed")
"""What stands before the figures: of the whole, not a mean."""
GROWS = "arrivals outrun service: the figures have no steady state, depend on the run's length, and have no intervals."
_LEFT_OUT = ("confidence", "intervals", "warnings", "wall")


@dataclass(frozen=True)
class Replication:
    """One run of several.

    Attributes:
        seed: its seed.
        summary: its figures, without wall times.
        scenario: the scenario as resolved.
        inputs: SHA-256 of what went in.
    """

    seed: int
    summary: dict[str, Any]
    scenario: Scenario
    inputs: dict[str, str | None]


class Replications:
    """What several runs of one scenario found.

    Args:
        loaded: the scenario; `run.seed` is the first run's.
        runs: the finished ones, by their number, in order.
    """

    def __init__(self, loaded: load.Loaded, runs: Mapping[int, Replication]):
        self._loaded, self._runs = loaded, dict(runs)
        self._alike = alike(loaded)

    @property
    def seeds(self) -> list[int]:
        """The seed of each finished run."""
        return [run.seed for run in self._runs.values()]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes."""
        return FILES

    @property
    def interrupted(self) -> bool:
        """Whether some of the runs asked for are missing."""
        return len(self._runs) < self._loaded.scenario.run.replications

    @property
    def warnings(self) -> list[str]:
        """What a reader must not miss, and how many of the runs it concerns."""
        runs, asked = [run.summary for run in self._runs.values()], self._loaded.scenario.run.replications
        cut = f"interrupted: the figures are those of {len(runs):,} of {asked:,} replications."
        return [
            *([cut] if self.interrupted else []),
            *([GROWS] if self._overloaded else []),
            *replicated.told([run["warnings"] for run in runs]),
            *_verdicts(runs),
            *_gaps(runs),
            *narrow(self._alike, [figures_of(run) for run in runs]),
        ]

    @property
    def _overloaded(self) -> bool:
        return is_overloaded([run.summary["queue_growth"] for run in self._runs.values()])

    @cached_property
    def _summary(self) -> dict[str, Any]:
        runs = [run.summary for run in self._runs.values()]
        figures = [figures_of(run) for run in runs]
        seen = replicated.extrapolated([run["confidence"]["extrapolated"] for run in runs])
        confidence = replicated.mean([run["confidence"] | {"extrapolated": seen} for run in runs])
        own = {key: runs[0][key] for key in _OWN} | {"seed": self._loaded.scenario.run.seed}
        return {
            **own,
            "replications": len(runs),
            "seeds": self.seeds,
            **({"interrupted": True} if self.interrupted else {}),
            **replicated.mean(figures),
            "overloaded": self._overloaded,
            "confidence": confidence,
            "warnings": self.warnings,
            # of a growing queue no number has a steady mean that an interval could hold
            "ci95": replicated.ci95(figures[:1] if self._overloaded else figures),
        }

    def summary(self) -> dict[str, Any]:
        """Every figure as its mean over the runs, with `ci95`, as `infersim run --replications R --json` prints it."""
        return json.loads(json.dumps(self._summary, allow_nan=False))

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a run: `replication`, `seed`, and its figures by path."""
        import pandas

        names, rows = self._table()
        return pandas.DataFrame(rows, columns=names)

    def result(self, replication: int) -> Result:
        """All of one run, its requests and timeline, simulated again: to the same bytes, and in its time."""
        return simulate(alone(self._loaded, replication))

    def save(self, folder: Path | str) -> Path:
        """Write `files` into a folder, each whole or not at all; `summary.json` comes last.

        Returns:
            The folder.

        Raises:
            InputError: the folder is a file, or cannot be written.
        """
        stale = [name for name in RUN_FILES if name not in FILES]
        return save_files(folder, [*reversed(self.files)], self._write, stale)

    def _write(self, folder: Path) -> None:
        first, run = next(iter(self._runs.values())), self._loaded.scenario.run
        scenario = first.scenario.model_copy(update={"run": run})
        text = json.dumps(self._summary, indent=2, allow_nan=False) + "\n"
        (folder / "summary.json").write_text(text, encoding="utf-8")
        (folder / "scenario.yaml").write_text(load.dump_scenario(scenario, self._loaded.folder), encoding="utf-8")
        write_csv(folder / REPLICATIONS, *self._table())
        inputs = first.inputs | {"scenario": load.canonical_hash(scenario)}
        origin = json.dumps(provenance.collect(inputs, run.seed), indent=2) + "\n"
        (folder / "provenance.json").write_text(origin, encoding="utf-8")

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        """Names of the columns, and a row a run."""
        figures = [dict(replicated.leaves(figures_of(run.summary))) for run in self._runs.values()]
        names = list(dict.fromkeys(name for row in figures for name in row))
        rows = zip(self._runs.items(), figures, strict=True)
        return ["replication", "seed", *names], [
            [number, run.seed, *(row.get(name) for name in names)] for (number, run), row in rows
        ]

    def __repr__(self) -> str:
        ttft, tpot = (show_seconds(self._summary[name]["p99"]) for name in ("ttft_s", "tpot_s"))
        runs = len(self._runs)
        return f"<Replications {facts.title(self._summary)!r}: {runs} runs, TTFT p99 {ttft}, TPOT p99 {tpot}>"

    def _repr_html_(self) -> str:
        return html(self._summary)


def replicate(
    scenario: Scenario | load.Loaded | Mapping[str, Any] | str | Path,
    overrides: load.Overrides = (),
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Callable[[int], Callable[[], None]] = lambda runs: lambda: None,
    keep: bool = False,
) -> Replications:
    """Simulate a scenario from several seeds.

    Args:
        scenario, overrides, seed: as for `simulate`.
        replications: in place of `run.replications`.
        jobs: processes to share the runs among; the figures are the same for any number. In a script that asks for
            more than one, the call stands under `if __name__ == "__main__":`.
        progress: given the number of runs, returns what is called after each.
        keep: Ctrl-C gives what is finished, if anything is, in place of `KeyboardInterrupt`.

    Raises:
        InputError: as `simulate`.
    """
    loaded = load.as_loaded(scenario, _asking(replications, overrides), seed)
    asked = loaded.scenario.run.replications
    runs: dict[int, Replication] = {}
    done = progress(asked)

    def take(number: int, run: Replication) -> None:
        runs[number] = run
        done()

    try:
        share_out(_run, loaded, range(asked), jobs, take)
    except KeyboardInterrupt:
        if not (keep and runs):
            raise
    return Replications(loaded, dict(sorted(runs.items())))


def _asking(replications: int | None, overrides: load.Overrides) -> load.Overrides:
    """Overrides with a number of replications laid over them."""
    if replications is None or isinstance(overrides, str):
        return overrides
    if isinstance(overrides, Mapping):
        return {**overrides, "run.replications": replications}
    return [*overrides, f"run.replications={replications}"]


def summary_of(loaded: load.Loaded) -> dict[str, Any]:
    """Figures of a scenario: of its one run, or the means over its replications."""
    if loaded.scenario.run.replications == 1:
        return simulate(loaded).summary()
    return replicate(loaded).summary()


def _run(loaded: load.Loaded, number: int) -> Replication:
    result = simulate(alone(loaded, number))
    summary = result.summary()
    summary.pop("wall")
    return Replication(summary["seed"], summary, result.scenario, result.inputs())


def alone(loaded: load.Loaded, number: int, seed: int | None = None) -> load.Loaded:
    """One replication as a scenario of its own; `seed`: of the first one, in place of the scenario's."""
    scenario = loaded.scenario
    first = scenario.run.seed if seed is None else seed
    run = scenario.run.model_copy(update={"seed": replication_seed(first, number), "replications": 1})
    return load.Loaded(scenario.model_copy(update={"run": run}), loaded.folder, loaded.places)


def figures_of(summary: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run's summary."""
    return {key: value for key, value in summary.items() if key not in (*_OWN, *_LEFT_OUT)}


def _verdicts(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Classes of which some runs keep the SLO and others do not."""
    sentences = []
    for name in runs[0]["classes"]:
        found = [(run["classes"][name]["goodput"] or {}).get("attained") for run in runs]
        if len(set(found)) > 1:
            sentences.append(f"class {name!r} attains its SLO in {found.count(True)} of {len(runs)} replications.")
    return sentences


def _gaps(runs: Sequence[dict[str, Any]]) -> list[str]:
    counts = replicated.gaps([figures_of(run) for run in runs])
    paths = [path for path in counts if not path.endswith(".attained")]
    if not paths:
        return []
    named = ", ".join(f"{path} ({counts[path]})" for path in paths[:3]) + (", …" if len(paths) > 3 else "")
    return [f"{len(paths)} figures are means of fewer than {len(runs)} replications, those that have them: {named}."]
