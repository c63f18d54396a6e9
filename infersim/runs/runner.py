"""Rows of a run table simulated, in this process or in several, to the same answers in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Literal

from infersim.errors import DoesNotFit, InfersimError, InputError, NotModelled
from infersim.runs.figures import figure
from infersim.runs.table import RunTable
from infersim.simulate import simulate
from infersim.text.validation import ALSO

_CHUNKS = 8
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
    answers = []
    for answer in _serial(table, rows, figures) if jobs <= 1 or len(rows) < 2 else _shared(table, rows, figures, jobs):
        answers.append(answer)
        done()
    return answers


def answer_row(table: RunTable, row: int, figures: Sequence[str]) -> Answer | Refusal:
    """Figures of one row's run, or why it was refused."""
    try:
        summary = simulate(table.scenario(row)).summary()
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


def _serial(table: RunTable, rows: Sequence[int], figures: Sequence[str]) -> Iterator[Answer | Refusal]:
    return (answer_row(table, row, figures) for row in rows)


def _shared(table: RunTable, rows: Sequence[int], figures: Sequence[str], jobs: int) -> Iterator[Answer | Refusal]:
    portion = max(1, len(rows) // (jobs * _CHUNKS))
    with ProcessPoolExecutor(min(jobs, len(rows)), get_context("spawn"), _begin, (table, tuple(figures))) as pool:
        try:
            yield from pool.map(_work, rows, chunksize=portion)
        except BrokenProcessPool:
            problem = "a process that simulated rows has died, perhaps for want of memory; try --jobs 1"
            raise InfersimError(problem) from None


_shared_work: list[tuple[RunTable, tuple[str, ...]]] = []
"""What a worker process was given at its start."""


def _begin(table: RunTable, figures: tuple[str, ...]) -> None:
    _shared_work[:] = [(table, figures)]


def _work(row: int) -> Answer | Refusal:
    table, figures = _shared_work[0]
    return answer_row(table, row, figures)
