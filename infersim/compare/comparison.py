"""Scenarios compared: each figure's differences under common random numbers, with intervals and verdicts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infersim.compare.contenders import Answer, Contender
from infersim.compare.files import write_origin
from infersim.compare.paired import Difference, paired
from infersim.compare.verdict import GROWS, NO_VALUE, SILENT, holm, verdict
from infersim.metrics import replicated
from infersim.metrics.naming import better
from infersim.metrics.steady_state import is_overloaded
from infersim.rng import replication_seed
from infersim.saving import save_files, write_csv
from infersim.text import comparison as text

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = "infersim/comparison/1"
FILES = ("comparison.json", "differences.csv", "replications.csv", "provenance.json")


class Comparison:
    """What a comparison found.

    Args:
        among: the scenarios.
        figures: compared ones.
        seed: of replication 0.
        answers: of each scenario, by its number, in each replication.
        all_pairs: differences of all pairs, and not only against the first.
        numbers: of the replications; by default from 0 on.
        asked: how many there were to be, where Ctrl-C came first.
    """

    def __init__(
        self,
        among: Sequence[Contender],
        figures: Sequence[str],
        seed: int,
        answers: Sequence[Sequence[Answer]],
        all_pairs: bool = False,
        numbers: Sequence[int] | None = None,
        asked: int | None = None,
    ):
        self._among, self._answers, self._all_pairs, self._seed = among, answers, all_pairs, seed
        self._numbers = [*range(len(answers[0]))] if numbers is None else [*numbers]
        self._asked = asked or len(self._numbers)
        self.names = [each.name for each in among]
        self.figures = [*figures]
        self.seeds = [replication_seed(seed, number) for number in self._numbers]
        self._values = np.array([[answer.figures for answer in runs] for runs in answers], dtype=float)
        self._grows = [is_overloaded([answer.queue_growth for answer in runs]) for runs in answers]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes."""
        return FILES

    @property
    def interrupted(self) -> bool:
        """Whether replications that were asked for are missing."""
        return len(self._numbers) < self._asked

    @property
    def warnings(self) -> list[str]:
        """What a reader must not miss, by scenario."""
        told = [
            f"{name}: {sentence}"
            for name, runs in zip(self.names, self._answers, strict=True)
            for sentence in replicated.told([run.warnings for run in runs])
        ]
        cut = f"interrupted: the differences are those of {len(self.seeds):,} of {self._asked:,} replications."
        return [*([cut] if self.interrupted else []), *self._unlike(), *told]

    @cached_property
    def differences(self) -> list[dict[str, Any]]:
        """One mapping a difference, as `summary()` has them."""
        rows = [
            (figure, first, second, paired(self._values[first, :, column], self._values[second, :, column]))
            for first, second in self._pairs()
            for column, figure in enumerate(self.figures)
        ]
        tested = [found is not None and not self._grow(first, second) for _, first, second, found in rows]
        corrected = iter(holm([found.p for *_, found in itertools.compress(rows, tested) if found is not None]))
        return [
            self._difference(*row, next(corrected) if test else 1.0) for row, test in zip(rows, tested, strict=True)
        ]

    def summary(self) -> dict[str, Any]:
        """Means, differences and verdicts, as `infersim compare --json` prints them."""
        return {
            "schema_version": SCHEMA_VERSION,
            "seed": self._seed,
            "replications": len(self.seeds),
            "seeds": self.seeds,
            **({"interrupted": True} if self.interrupted else {}),
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
        told = [row for row in self.differences if row["verdict"] not in SILENT]
        return f"<Comparison of {', '.join(self.names)}: {len(told)} of {len(self.differences)} differences told apart>"

    def _repr_html_(self) -> str:
        return text.html(self.summary())

    def _pairs(self) -> list[tuple[int, int]]:
        """Numbers of the scenarios of each difference: the second less the first."""
        every = range(len(self.names))
        return [*itertools.combinations(every, 2)] if self._all_pairs else [(0, other) for other in every[1:]]

    def _grow(self, first: int, second: int) -> bool:
        """Whether either queue grows, so that their difference is none of steady states."""
        return self._grows[first] or self._grows[second]

    def _difference(
        self, figure: str, first: int, second: int, found: Difference | None, corrected: float
    ) -> dict[str, Any]:
        of = {"figure": figure, "of": self.names[second], "against": self.names[first], "better": better(figure)}
        if found is None:
            nothing = ("mean", "ci95", "relative", "p", "p_holm", "variance_ratio", "runs_saved")
            return of | {"pairs": 0} | dict.fromkeys(nothing) | {"verdict": NO_VALUE}
        if self._grow(first, second):
            unsure = ("ci95", "p", "p_holm", "variance_ratio", "runs_saved")
            told = {"pairs": found.pairs, "mean": found.mean, "relative": found.relative}
            return of | told | dict.fromkeys(unsure) | {"verdict": GROWS}
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
            "overloaded": self._grows[number],
            "figures": {
                figure: {
                    "mean": replicated.mean(values) if values else None,
                    "ci95": None if self._grows[number] else replicated.ci95(values),
                }
                for figure, values in zip(self.figures, known, strict=True)
            },
        }

    def _unlike(self) -> list[str]:
        """Runs of unlike length, and classes of other names, are no pairs of like customers."""
        lengths = [each.loaded.scenario.run.model_dump(exclude={"seed", "replications"}) for each in self._among]
        keys = [key for key in lengths[0] if any(one[key] != lengths[0][key] for one in lengths)]
        told = [f"the scenarios differ in {', '.join(f'run.{key}' for key in keys)}: so do their runs."] if keys else []
        return told + self._unpaired()

    def _unpaired(self) -> list[str]:
        """Classes that some scenarios lack: random numbers are drawn by a class's name."""
        classes = [{*each.loaded.scenario.workload} for each in self._among]
        lone = sorted({name for each in classes for name in each if any(name not in other for other in classes)})
        if not lone:
            return []
        named = f"class{'es' if len(lone) > 1 else ''} {', '.join(map(repr, lone))}"
        why = "requests are paired by the name of their class, so give traffic that is the same one name in all."
        return [f"not all scenarios have the traffic {named}: {why}"]

    def _runs(self) -> tuple[list[str], list[list[Any]]]:
        rows = [
            [name, replication, seed, run.overloaded, *run.figures]
            for name, runs in zip(self.names, self._answers, strict=True)
            for replication, seed, run in zip(self._numbers, self.seeds, runs, strict=True)
        ]
        return ["scenario", "replication", "seed", "overloaded", *self.figures], rows

    def _write(self, folder: Path) -> None:
        summary = json.dumps(self.summary(), indent=2, allow_nan=False) + "\n"
        (folder / "comparison.json").write_text(summary, encoding="utf-8")
        flat = [_flat(row) for row in self.differences]
        write_csv(folder / "differences.csv", [*flat[0]], [[*row.values()] for row in flat])
        write_csv(folder / "replications.csv", *self._runs())
        write_origin(folder / "provenance.json", self.names, [runs[0] for runs in self._answers], self._seed)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A difference with its interval as two columns."""
    low, high = row["ci95"] or (None, None)
    flat = {key: value for key, value in row.items() if key != "ci95"}
    return flat | {"ci95_low": low, "ci95_high": high}
