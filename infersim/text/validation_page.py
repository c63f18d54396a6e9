"""The page of all validations as Markdown: text around the numbers of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Errors = Mapping[str, Any]
"""`n`, `median_ape`, `mape`, `bias`, as `infersim validate --json` has them."""


@dataclass(frozen=True)
class Line:
    """One figure of one table, or of one of its groups.

    Attributes:
        table, group, figure: what it is of; `group` is empty where it is all of the table.
        measured: rows that state the figure.
        errors: of the predictions; beside: of the roofline's.
    """

    table: str
    group: str
    figure: str
    measured: int
    errors: Errors
    beside: Errors


INTRODUCTION = """\
# Validation

What infersim predicts, held against what others measured. All numbers here come from one run of

    {command}

at commit {commit}, {date}. The tables are runs of real servers, one scenario a row
([run_tables.md](run_tables.md)); `infersim validate TABLE` shows one in detail. They are not in this repository.

Errors are |simulated ÷ measured − 1|; bias is the mean of simulated ÷ measured − 1. Rows that their source or their own
arithmetic makes doubtful stand apart. The **roofline** is the same simulator, with the same scheduler and memory, whose
kernels reach the data sheet's peaks from their first byte and whose engine takes no time of its own: what is left of a
prediction without measured kernels and fitted constants.
{said}

![Predicted against measured]({picture})
"""

HALVES = """\
### The half that no fit saw

Engines' constants were fitted to one half of the rows of a table, chosen by a hash of the row; this is how far off both
halves are. An engine whose constants were taken over from another (below) was fitted to neither.
"""

GROUPS = """\
### By group

Median error, and the roofline's, of groups of 15 like runs or more.
"""

KERNELS = """\
## Kernels

Median error [%] on the fifth of the measured points that the fit of each curve did not see, as the device profiles
state it. What each curve rests on, and its range, stands there, too.
"""

FITTED = """\
## What was fitted, and to what

A prediction of a row that took part in a fit proves little. What each set of numbers was fitted to, which part was kept
out and how far off it is there, as the profiles state it:
"""

UNMEASURED = """\
## What is not measured

No run in these tables checks the following; predictions for them rest on data sheets, on a relative's curves, or on
another engine's constants, and say so (`confidence` in the JSON).
"""


def page(
    about: Mapping[str, str],
    overall: Sequence[Line],
    halves: Sequence[Line],
    groups: Sequence[Line],
    suspect: Sequence[Line],
    refused: Sequence[tuple[str, int, str, int, str]],
    kernels: Mapping[str, Mapping[str, float]],
    fitted: Sequence[Any],
    unmeasured: Mapping[str, Sequence[str]],
) -> str:
    """The whole page.

    Args:
        about: `command`, `commit`, `date`, `picture`, `said` (what was set in every row of a table).
        overall, halves, groups, suspect: errors of all trusted rows, of those that fits saw and did not see, of groups,
            and of doubtful rows.
        refused: table, its rows, kind of refusal, rows refused so, and why the first of them was.
        kernels: median errors by curve and device.
        fitted: `validate.evidence.Fitted`.
        unmeasured: names by what they are of.
    """
    parts = [
        INTRODUCTION.format(**about),
        "## Serving\n",
        *_errors(overall),
        *_refused(refused),
        "\n" + HALVES,
        *_errors(halves),
        "\n" + GROUPS,
        *_groups(groups),
        "\n### Doubtful rows\n",
        *_errors(suspect),
        "\n" + KERNELS,
        *_kernels(kernels),
        "\n" + FITTED,
        *(
            f"- **{', '.join(each.profiles)}** ({', '.join(each.numbers)}): {each.method}. {each.source}; {each.date}."
            for each in fitted
        ),
        "\n" + UNMEASURED,
        *(f"- {what} ({len(names)}): {', '.join(names) or 'none'}." for what, names in unmeasured.items()),
    ]
    return "\n".join(parts) + "\n"


def _errors(lines: Sequence[Line]) -> Iterator[str]:
    if not lines:
        yield "None."
        return
    grouped = any(line.group for line in lines)
    yield from _table(
        [
            "table",
            *(["group"] if grouped else []),
            "figure",
            "rows",
            "median",
            "mean",
            "bias",
            "roofline: median",
            "mean",
            "bias",
        ],
        [
            [
                line.table,
                *([line.group] if grouped else []),
                f"`{line.figure}`",
                f"{line.errors['n']} of {line.measured}",
                *_cells(line.errors),
                *_cells(line.beside),
            ]
            for line in lines
        ],
        left=3 if grouped else 2,
    )


def _groups(lines: Sequence[Line]) -> Iterator[str]:
    """A row a group, its figures side by side."""
    rows: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.errors["n"]:
            rows.setdefault((line.table, line.group), []).append(line)
    told = (
        [table, group, str(max(each.errors["n"] for each in found)), ", ".join(map(_beside, found))]
        for (table, group), found in rows.items()
    )
    yield from _table(["table", "group", "rows", "median error / roofline's"], [*told], left=4)


def _beside(line: Line) -> str:
    roofline = f"{line.beside['median_ape']:.0%}" if line.beside["n"] else "–"
    return f"`{line.figure}` {line.errors['median_ape']:.1%} / {roofline}"


def _cells(errors: Errors) -> list[str]:
    if not errors["n"]:
        return ["–"] * 3
    return [f"{errors['median_ape']:.1%}", f"{errors['mape']:.1%}", f"{errors['bias']:+.1%}"]


def _refused(refused: Sequence[tuple[str, int, str, int, str]]) -> Iterator[str]:
    if not refused:
        yield "\nNo row was refused."
        return
    yield "\nRefused:\n"
    for table, rows, kind, count, why in refused:
        yield f"- {table}: {count} of {rows} rows ({kind.replace('_', ' ')}); the first: {why}"


def _kernels(kernels: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    devices = sorted({device for errors in kernels.values() for device in errors})
    rows = [
        [f"`{name}`", *(f"{100 * errors[device]:.1f}" if device in errors else "" for device in devices)]
        for name, errors in kernels.items()
    ]
    yield from _table(["curve", *devices], rows, left=1)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' if number < left else '---:' for number in range(len(head)))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
