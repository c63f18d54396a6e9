"""The best of many scenarios, found with few runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infersim import load
from infersim.compare.contenders import Answer, Contender, Given, Progress, check_figures, contenders, run_all
from infersim.compare.files import write_csv, write_origin
from infersim.compare.scenarios import whole
from infersim.compare.selection import Selection
from infersim.errors import InputError
from infersim.metrics import replicated
from infersim.metrics.naming import better
from infersim.rng import replication_seed
from infersim.saving import save_files
from infersim.text import selection as text

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = "infersim/selection/1"
FILES = ("selection.json", "replications.csv", "provenance.json")
MOST = 100
"""Replications of each scenario at most, if nothing else is said."""
BLOCK = 5
"""Replications run at once after the first stage: the same for any number of processes, so that answers are."""


class Best:
    """What the search for the best found.

    Args:
        among: the scenarios.
        figure: by which they are compared.
        seed: of the first replication.
        indifference: the smallest difference that matters, and whether it is a share.
        confidence: probability of a correct selection.
        selection: the procedure, at its end.
        answers: by scenario and replication.
        interrupted: whether Ctrl-C ended the search.
    """

    def __init__(
        self,
        among: Sequence[Contender],
        figure: str,
        seed: int,
        indifference: tuple[float, bool],
        confidence: float,
        selection: Selection,
        answers: dict[tuple[int, int], Answer],
        interrupted: bool = False,
    ):
        self._among, self._figure, self._seed, self._confidence = among, figure, seed, confidence
        self._selection, self._answers, self._indifference = selection, answers, indifference
        self.interrupted, self._numbers = interrupted, sorted({number for _, number in answers})
        self._sign = -1.0 if better(figure) == "higher" else 1.0

    @property
    def best(self) -> str:
        """Name of the best, or of the best so far."""
        return self._among[self._leader].name

    @property
    def decided(self) -> bool:
        """Whether it was found with the stated probability; else the replications were spent first."""
        return self._selection.best is not None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `save` writes."""
        return FILES

    @property
    def warnings(self) -> list[str]:
        """What a reader must not miss, of scenarios that were not dropped."""
        found = []
        if not self.decided:
            left = ", ".join(self._among[number].name for number in self._selection.alive)
            cut = "interrupted: " if self.interrupted else ""
            found.append(f"{cut}not decided within {self._selection.observations:,} replications; still in: {left}.")
        for number in self._selection.alive:
            runs = [answer for (of, _), answer in sorted(self._answers.items()) if of == number]
            told = replicated.told([run.warnings for run in runs])
            found += [f"{self._among[number].name}: {sentence}" for sentence in told]
        return found

    def summary(self) -> dict[str, Any]:
        """The best and why, as `infersim compare --best FIGURE --json` prints it."""
        selection = self._selection
        longest = selection.observations
        rows = []
        for number, each in enumerate(self._among):
            count = selection.dropped_at.get(number, longest)
            runs = [self._answers[number, replication] for replication in self._numbers[:count]]
            rows.append(
                {
                    "name": each.name,
                    "mean": replicated.mean([run.figures[0] for run in runs]),
                    "replications": count,
                    "dropped": number in selection.dropped_at,
                    "overloaded": sum(run.overloaded for run in runs),
                }
            )
        return {
            "schema_version": SCHEMA_VERSION,
            "seed": self._seed,
            "figure": self._figure,
            "better": better(self._figure),
            "indifference": self._indifference[0],
            "relative": self._indifference[1],
            "confidence": self._confidence,
            "best": self.best,
            "decided": self.decided,
            **({"interrupted": True} if self.interrupted else {}),
            "runs": len(self._answers),
            "runs_of_all": len(self._numbers) * len(self._among),
            "scenarios": sorted(rows, key=self._rank),
            "warnings": self.warnings,
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a scenario, the best first."""
        import pandas

        return pandas.DataFrame(self.summary()["scenarios"])

    def save(self, folder: Path | str) -> Path:
        """Write `files` into a folder, each whole or not at all.

        Raises:
            InputError: the folder is a file, or cannot be written.
        """
        return save_files(folder, [*reversed(self.files)], self._write)

    def __repr__(self) -> str:
        sure = f"{self._confidence:.0%}" if self.decided else "not decided"
        return f"<Best of {len(self._among)} by {self._figure}: {self.best!r}, {sure}, {len(self._answers)} runs>"

    def _repr_html_(self) -> str:
        return text.html(self.summary())

    def _rank(self, row: dict[str, Any]) -> tuple[bool, int, float]:
        """The best first, then those that stayed longest."""
        return row["name"] != self.best, -row["replications"], self._sign * row["mean"]

    @property
    def _leader(self) -> int:
        if self._selection.best is not None:
            return self._selection.best
        means = self._selection.means
        return min(self._selection.alive, key=lambda number: (means[number], number))

    def _write(self, folder: Path) -> None:
        told = json.dumps(self.summary(), indent=2, allow_nan=False) + "\n"
        (folder / "selection.json").write_text(told, encoding="utf-8")
        rows = [
            [self._among[of].name, number, replication_seed(self._seed, number), run.overloaded, *run.figures]
            for (of, number), run in sorted(self._answers.items())
        ]
        write_csv(folder / "replications.csv", ["scenario", "replication", "seed", "overloaded", self._figure], rows)
        firsts = [self._answers[number, self._numbers[0]] for number in range(len(self._among))]
        write_origin(folder / "provenance.json", [each.name for each in self._among], firsts, self._seed)


def find_best(
    *scenarios: Given,
    figure: str,
    indifference: float | str = "5%",
    overrides: load.Overrides = (),
    seed: int | None = None,
    confidence: float = 0.95,
    first: int = 10,
    most: int = MOST,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress = lambda runs: lambda: None,
    keep: bool = False,
) -> Best:
    """Find the best of many scenarios by one figure (procedure KN, with common random numbers).

    Args:
        scenarios, overrides, seed, names, jobs, progress: as for `compare`.
        figure: path of a figure that is better low or better high.
        indifference: the smallest difference that matters: in the figure's unit, or a share of the best as `5%`. With a
            share, logarithms are compared, hence geometric means: those that vary more with larger means, as overloaded
            ones, are dropped as fast as others.
        confidence: probability that the best is chosen, if it is better than all others by the indifference.
        first: replications of all scenarios before any is dropped.
        most: replications of a scenario at most; where they are spent first, the answer says `decided: false`.
        keep: Ctrl-C gives what the replications say that are finished, if they are two or more, in place of
            `KeyboardInterrupt`.

    Raises:
        InputError: a scenario, figure or number that cannot be used; a run without the figure.
    """
    among = contenders(scenarios, overrides, names)
    check_figures([figure], among)
    least, relative = _indifference(indifference)
    _check(figure, confidence, first, most)
    seed = among[0].loaded.scenario.run.seed if seed is None else seed
    sign = -1.0 if better(figure) == "higher" else 1.0
    selection = Selection(len(among), math.log1p(least) if relative else least, confidence, first)
    answers: dict[tuple[int, int], Answer] = {}
    begin, interrupted = 0, False
    while selection.best is None and begin < most and not interrupted:
        numbers = range(begin, first if not begin else min(begin + BLOCK, most))
        pairs = [(of, number) for number in numbers for of in selection.alive]
        found: dict[tuple[int, int], Answer] = {}
        try:
            run_all(among, pairs, seed, [figure], jobs, progress, found)
        except KeyboardInterrupt:
            interrupted = True
        for number in whole(found, selection.alive):
            answers |= {(of, number): found[of, number] for of in range(len(among)) if (of, number) in found}
            values = [_value(among, answers, of, number, figure) for of in range(len(among))]
            selection.add([sign * each for each in (_logarithms(values, figure) if relative else values)])
        if interrupted and not (keep and selection.observations > 1):
            raise KeyboardInterrupt
        begin = numbers.stop
    return Best(among, figure, seed, (least, relative), confidence, selection, answers, interrupted)


def _value(
    among: Sequence[Contender], answers: dict[tuple[int, int], Answer], of: int, number: int, figure: str
) -> float:
    """One run's figure; NaN of a scenario that was dropped."""
    if (of, number) not in answers:
        return math.nan
    found = answers[of, number].figures[0]
    if found is None:
        raise InputError(f"replication {number} of {among[of].name!r} has none", "choose another figure", figure)
    return found


def _logarithms(values: list[float], figure: str) -> list[float]:
    if min(value for value in values if not math.isnan(value)) <= 0.0:
        hint = "give the indifference in the figure's own unit, as 0.01"
        raise InputError("is 0 in some run: a share of it is no difference", hint, figure)
    return [math.log(value) for value in values]


def _check(figure: str, confidence: float, first: int, most: int) -> None:
    if better(figure) is None:
        hint = "latencies, cost.usd_… and energy.joules_… are better low, throughput and goodput high"
        raise InputError("is neither better low nor better high", hint, figure)
    if not 0.5 <= confidence < 1.0:
        raise InputError("a probability of 0.5 or more, below 1", "", "confidence", str(confidence))
    if not 2 <= first <= most:
        raise InputError("2 or more replications, and at most as many as in all", "", "first", f"{first} of {most}")


def _indifference(given: float | str) -> tuple[float, bool]:
    """A number, and whether it is a share.

    Raises:
        InputError: no positive number.
    """
    text = str(given).strip()
    try:
        number = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        number = math.nan
    if not (np.isfinite(number) and number > 0.0):
        hint = "5% of the best, or a number in the figure's unit, as 0.01"
        raise InputError("a positive number, or a share in percent", hint, "indifference", text)
    return number, text.endswith("%")
