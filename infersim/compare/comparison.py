"""Scenarios compared: each figure's differences under common random numbers, with intervals and verdicts."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infersim import load, provenance
from infersim.compare.contenders import Answer, Contender, Given, Progress, check_figures, contenders, run_all
from infersim.compare.paired import Difference, paired
from infersim.compare.verdict import holm, verdict
from infersim.errors import InputError
from infersim.metrics import replicated
from infersim.metrics.naming import better
from infersim.rng import replication_seed
from infersim.saving import save_files
from infersim.text import comparison as text

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = "infersim/comparison/1"
FIGURES = (
    "ttft_s.mean",
    "ttft_s.p99",
    "tpot_s.mean",
    "e2e_s.p99",
    "throughput.output_tokens_per_s",
    "goodput.fraction",
    "cost.usd_per_million_output_tokens",
    "energy.joules_per_output_token",
)
"""Compared where nothing else is said: those of them that any scenario has."""
FILES = ("comparison.json", "differences.csv", "replications.csv", "provenance.json")


class Comparison:
    """What a comparison found.

    Args:
        among: the scenarios.
        figures: compared ones.
        seed: of the first replication.
        answers: of each scenario, by its number, in each replication.
        all_pairs: differences of all pairs, and not only against the first.
    """

    def __init__(
        self,
        among: Sequence[Contender],
        figures: Sequence[str],
        seed: int,
        answers: Sequence[Sequence[Answer]],
        all_pairs: bool = False,
    ):
        self._among, self._answers, self._all_pairs, self._seed = among, answers, all_pairs, seed
        self.names = [each.name for each in among]
        self.figures = [*figures]
        self.seeds = [replication_seed(seed, number) for number in range(len(answers[0]))]
        self._values = np.array([[answer.figures for answer in runs] for runs in answers], dtype=float)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes."""
        return FILES

    @property
    def warnings(self) -> list[str]:
        """What a reader must not miss, by scenario."""
        told = [
            f"{name}: {sentence}"
            for name, runs in zip(self.names, self._answers, strict=True)
            for sentence in replicated.told([run.warnings for run in runs])
        ]
        return [*self._unlike(), *told]

    @cached_property
    def differences(self) -> list[dict[str, Any]]:
        """One mapping a difference, as `summary()` has them."""
        rows = [
            (figure, first, second, paired(self._values[first, :, column], self._values[second, :, column]))
            for first, second in self._pairs()
            for column, figure in enumerate(self.figures)
        ]
        corrected = iter(holm([found.p for *_, found in rows if found is not None]))
        return [
            self._difference(figure, first, second, found, 1.0 if found is None else next(corrected))
            for figure, first, second, found in rows
        ]

    def summary(self) -> dict[str, Any]:
        """Means, differences and verdicts, as `infersim compare --json` prints them."""
        return {
            "schema_version": SCHEMA_VERSION,
            "seed": self._seed,
            "replications": len(self.seeds),
            "seeds": self.seeds,
            "correction": "holm",
            "scenarios": [self._scenario(number) for number in range(len(self.names))],
            "differences": self.differences,
            "warnings": self.warnings,
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a difference."""
        import pandas

        return pandas.DataFrame([_flat(row) for row in self.differences])

    @property
    def runs(self) -> pandas.DataFrame:
        """One row a run: `scenario`, `replication`, `seed`, and its figures."""
        import pandas

        names, rows = self._runs()
        return pandas.DataFrame(rows, columns=names)

    def save(self, folder: Path | str) -> Path:
        """Write `files` into a folder, each whole or not at all.

        Raises:
            InputError: the folder is a file, or cannot be written.
        """
        return save_files(folder, [*reversed(self.files)], self._write)

    def __repr__(self) -> str:
        told = [row for row in self.differences if row["verdict"] not in ("not told apart", "no value")]
        return f"<Comparison of {', '.join(self.names)}: {len(told)} of {len(self.differences)} differences told apart>"

    def _repr_html_(self) -> str:
        return text.html(self.summary())

    def _pairs(self) -> list[tuple[int, int]]:
        """Numbers of the scenarios of each difference: the second less the first."""
        every = range(len(self.names))
        return [*itertools.combinations(every, 2)] if self._all_pairs else [(0, other) for other in every[1:]]

    def _difference(
        self, figure: str, first: int, second: int, found: Difference | None, corrected: float
    ) -> dict[str, Any]:
        of = {"figure": figure, "of": self.names[second], "against": self.names[first], "better": better(figure)}
        if found is None:
            nothing = ("mean", "ci95", "relative", "p", "p_holm", "variance_ratio", "runs_saved")
            return of | {"pairs": 0} | dict.fromkeys(nothing) | {"verdict": "no value"}
        sure = found.pairs > 1
        return of | {
            "pairs": found.pairs,
            "mean": found.mean,
            "ci95": [*found.ci95] if sure else None,
            "relative": found.relative,
            "p": found.p if sure else None,
            "p_holm": corrected if sure else None,
            "variance_ratio": found.variance_ratio,
            "runs_saved": found.runs_saved,
            "verdict": verdict(figure, found, corrected),
        }

    def _scenario(self, number: int) -> dict[str, Any]:
        columns = self._values[number].T
        known = [column[~np.isnan(column)].tolist() for column in columns]
        return {
            "name": self.names[number],
            "overloaded": sum(run.overloaded for run in self._answers[number]),
            "figures": {
                figure: {"mean": replicated.mean(values) if values else None, "ci95": replicated.ci95(values)}
                for figure, values in zip(self.figures, known, strict=True)
            },
        }

    def _unlike(self) -> list[str]:
        """Runs of unlike length are no pairs of like customers."""
        lengths = [each.loaded.scenario.run.model_dump(exclude={"seed", "replications"}) for each in self._among]
        keys = [key for key in lengths[0] if any(one[key] != lengths[0][key] for one in lengths)]
        return [f"the scenarios differ in {', '.join(f'run.{key}' for key in keys)}: so do their runs."] if keys else []

    def _runs(self) -> tuple[list[str], list[list[Any]]]:
        rows = [
            [name, replication, self.seeds[replication], run.overloaded, *run.figures]
            for name, runs in zip(self.names, self._answers, strict=True)
            for replication, run in enumerate(runs)
        ]
        return ["scenario", "replication", "seed", "overloaded", *self.figures], rows

    def _write(self, folder: Path) -> None:
        summary = json.dumps(self.summary(), indent=2, allow_nan=False) + "\n"
        (folder / "comparison.json").write_text(summary, encoding="utf-8")
        flat = [_flat(row) for row in self.differences]
        write_csv(folder / "differences.csv", [*flat[0]], [[*row.values()] for row in flat])
        write_csv(folder / "replications.csv", *self._runs())
        write_origin(folder / "provenance.json", self.names, [runs[0] for runs in self._answers], self._seed)


def compare(
    *scenarios: Given,
    overrides: load.Overrides = (),
    seed: int | None = None,
    replications: int = 10,
    figures: Sequence[str] | None = None,
    all_pairs: bool = False,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress = lambda runs: lambda: None,
) -> Comparison:
    """Compare scenarios under the same random numbers.

    Args:
        scenarios: two or more, as `simulate` takes them; or (scenario, overrides).
        overrides: settings laid over each of them.
        seed: of the first replication; by default the first scenario's `run.seed`.
        replications: runs of each scenario, at least two.
        figures: paths of what `infersim run --json` prints; by default `FIGURES`.
        all_pairs: differences of all pairs; else of each against the first.
        names: one a scenario; by default their files' names.
        jobs: processes to share the runs among; the answer is the same for any number.
        progress: given the number of runs, returns what is called after each.

    Raises:
        InputError: a scenario, figure or number that cannot be used.
    """
    if replications < 2:
        raise InputError(
            "differences of one replication have no interval", "give 2 or more", "replications", f"{replications}"
        )
    among = contenders(scenarios, overrides, names)
    check_figures(figures or (), among)
    asked = [*dict.fromkeys(figures or FIGURES)]
    first = among[0].loaded.scenario.run.seed if seed is None else seed
    every = itertools.product(range(len(among)), range(replications))
    found = run_all(among, every, first, asked, jobs, progress)
    answers = [[found[number, replication] for replication in range(replications)] for number in range(len(among))]
    if figures is None:
        has = [any(run.figures[i] is not None for runs in answers for run in runs) for i in range(len(asked))]
        asked = [*itertools.compress(asked, has)]
        answers = [[_only(run, has) for run in runs] for runs in answers]
    return Comparison(among, asked, first, answers, all_pairs)


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table as CSV: nothing where there is no value, verdicts as in JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def write_origin(path: Path, names: Sequence[str], runs: Sequence[Answer], seed: int) -> None:
    """What is needed to make a comparison again."""
    inputs = {f"{name}/{of}": sha for name, run in zip(names, runs, strict=True) for of, sha in run.inputs.items()}
    path.write_text(json.dumps(provenance.collect(inputs, seed), indent=2) + "\n", encoding="utf-8")


def _only(run: Answer, has: Sequence[bool]) -> Answer:
    return Answer(tuple(itertools.compress(run.figures, has)), run.overloaded, run.warnings, run.inputs)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A difference with its interval as two columns."""
    low, high = row["ci95"] or (None, None)
    flat = {key: value for key, value in row.items() if key != "ci95"}
    return flat | {"ci95_low": low, "ci95_high": high}


def _cell(value: Any) -> Any:
    return "" if value is None else json.dumps(value) if isinstance(value, (bool, float)) else value
