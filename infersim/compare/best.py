"""What a search for the best of many scenarios found."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infersim.compare.contenders import Answer, Contender
from infersim.compare.files import write_origin
from infersim.compare.selection import Selection
from infersim.metrics import replicated
from infersim.metrics.naming import better
from infersim.rng import replication_seed
from infersim.saving import save_files, write_csv
from infersim.text import selection as text

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = "infersim/selection/1"
FILES = ("selection.json", "replications.csv", "provenance.json")


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
        grows: numbers of the scenarios whose queues grow; none of them is the best.
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
        grows: Collection[int] = (),
        interrupted: bool = False,
    ):
        self._grows = grows
        self._among, self._figure, self._seed, self._confidence = among, figure, seed, confidence
        self._selection, self._answers, self._indifference = selection, answers, indifference
        self.interrupted, self._numbers = interrupted, sorted({number for _, number in answers})
        self._sign = -1.0 if better(figure) == "higher" else 1.0

    @property
    def best(self) -> str | None:
        """Name of the best, or of the best so far; None where arrivals outrun service in all."""
        leader = self._leader
        return None if leader is None else self._among[leader].name

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
        if grows := [self._among[number].name for number in sorted(self._grows)]:
            found.append(f"arrivals outran service, no steady state to be the best of: {', '.join(grows)}.")
        if not self.decided and self._selection.alive:
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
                    "geometric_mean": _geometric([run.figures[0] for run in runs]),
                    "replications": count,
                    "dropped": number in selection.dropped_at,
                    "overloaded": number in self._grows,
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

    def _rank(self, row: dict[str, Any]) -> tuple[bool, bool, int, float]:
        """The best first, then those that stayed longest; overloaded ones last."""
        mean = row["geometric_mean" if self._indifference[1] else "mean"]
        return row["name"] != self.best, row["overloaded"], -row["replications"], self._sign * (mean or 0.0)

    @property
    def _leader(self) -> int | None:
        if self._selection.best is not None:
            return self._selection.best
        means = self._selection.means
        return min(self._selection.alive, key=lambda number: (means[number], number), default=None)

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


def _geometric(values: Sequence[float | None]) -> float | None:
    """The geometric mean of positive values; None where some are not."""
    known = [value for value in values if value is not None and value > 0.0]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if len(known) == len(values) and known else None
