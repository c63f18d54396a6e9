"""Rows of a run table simulated, in this process or in several, to the same answers in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from infersim.errors import DoesNotFit, InputError, NotModelled
from infersim.runs.figures import figure
from infersim.runs.pool import share_out
from infersim.runs.replications import summary_of
from infersim.runs.table import RunTable
from infersim.text.validation import ALSO

_PORTIONS = 8
"""So many portions of work a process: few enough to cost nothing, enough to share out long rows."""


@dataclass(frozen=True)
class Refusal:
    """Why a row was not simulated."""

    kind: Literal["not_modelled", "does_not_fit", "invalid"]
    why: str


Answer = dict[str, float | None]
"""Figures by path; None where the run has none."""


def run_rows(
    table: RunTable,
    rows: Sequence[int],
    figures: Sequence[str],
    jobs: int = 1,
    done: Callable[[], None] = lambda: None,
) -> list[Answer | Refusal]:
    """Simulate rows of a table.

    Args:
        table: the table.
        rows: which of its rows, counted from 0.
        figures: which figures of each run to keep.
        jobs: processes to share the rows among.
        done: called after each row.

    Returns:
        For each row the figures asked for, or why it was refused.
    """
    answers: dict[int, Answer | Refusal] = {}

    def take(row: int, answer: Answer | Refusal) -> None:
        answers[row] = answer
        done()

    portion = max(1, len(rows) // (jobs * _PORTIONS))
    share_out(_answer, (table, tuple(figures)), rows, jobs, take, portion)
    return [answers[row] for row in rows]


def answer_row(table: RunTable, row: int, figures: Sequence[str]) -> Answer | Refusal:
    """Figures of one row's run, or why it was refused."""
    try:
        summary = summary_of(table.scenario(row))
    except InputError as error:
        return refusal(error)
    return {name: figure(summary, name) for name in figures}


def refusal(error: InputError) -> Refusal:
    """An error of one row in a line, without its place."""
    errors = getattr(error, "errors", (error,))
    kinds = {NotModelled: "not_modelled", DoesNotFit: "does_not_fit"}
    kind = next((kind for of, kind in kinds.items() if any(isinstance(each, of) for each in errors)), "invalid")
    return Refusal(kind, ALSO.join(_in_a_line(each) for each in errors))  # type: ignore[arg-type]


def _in_a_line(error: InputError) -> str:
    what = f"{error.field} = {error.value}" if error.field and error.value else error.field or error.value
    said = "; ".join(line.strip() for text in (error.problem, error.hint) for line in text.splitlines())
    return f"{what}: {said}" if what else said


def _answer(given: tuple[RunTable, tuple[str, ...]], row: int) -> Answer | Refusal:
    table, figures = given
    return answer_row(table, row, figures)
