"""Formats of traces that are rows: what their columns are called and mean, and which one a file has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from infersim.errors import InputError, nearest
from infersim.spec.trace import Trace
from infersim.workload.traces.sheets import Sheet

OF_SESSIONS = ("session", "turn", "shared_prefix_tokens")
"""Columns that tell a trace of sessions, which `sessions.py` reads."""
FIELDS = ("arrival_s", "prompt_tokens", "output_tokens")


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        columns: those of arrivals, prompt and output lengths.
        time: `any` (seconds, epoch numbers or timestamps), `ms`, `s` (counted from the first row), `stamp`.
        blocks: the column of the prompts' block hashes, where there is one.
        failures: whether rows without output tokens are failed requests, which are left out.
    """

    columns: tuple[str, str, str]
    time: Literal["any", "ms", "s", "stamp"]
    blocks: str = ""
    failures: bool = False


FORMATS = {
    "plain": Format(FIELDS, "any"),
    "azure": Format(("TIMESTAMP", "ContextTokens", "GeneratedTokens"), "stamp"),
    "mooncake": Format(("timestamp", "input_length", "output_length"), "ms", blocks="hash_ids"),
    "burstgpt": Format(("Timestamp", "Request tokens", "Response tokens"), "s", failures=True),
}


def recognised(sheet: Sheet, spec: Trace) -> tuple[Format, tuple[str, str, str]]:
    """A sheet's format, and its columns of arrivals, prompt and output lengths.

    Raises:
        InputError: a column is missing, or stands there twice.
    """
    if spec.format == "auto" and set(OF_SESSIONS) <= set(sheet.names):
        raise InputError("is a trace of sessions", "say so: format: sessions", file=str(sheet.file.path), line=1)
    mapped = spec.columns.model_dump() if spec.columns else {}
    known = "plain" if spec.format == "auto" and mapped else spec.format
    form = known if known in FORMATS else _nearest_format(sheet)
    columns = tuple(mapped.get(field) or column for field, column in zip(FIELDS, FORMATS[form].columns, strict=True))
    for field, column in zip(FIELDS, columns, strict=True):
        if column not in sheet.names:
            raise _missing(sheet, form, field, column)
        if sheet.names.count(column) > 1:
            raise InputError("two columns have this name", "give each its own", column, "", str(sheet.file.path), 1)
    assert len(columns) == 3
    in_ms = FORMATS[form].time == "any" and columns[0].lower().endswith("_ms")
    return replace(FORMATS[form], time="ms") if in_ms else FORMATS[form], columns


def _nearest_format(sheet: Sheet) -> str:
    """The format that has most columns in common with a sheet; `plain` if none has any."""
    return max(FORMATS, key=lambda form: len(set(FORMATS[form].columns) & set(sheet.names)))


def _missing(sheet: Sheet, form: str, field: str, column: str) -> InputError:
    """What to change where a column is missing: the format, or a name."""
    other = next((name for name, known in FORMATS.items() if set(known.columns) <= set(sheet.names)), None)
    remedy = f"These are the columns of format: {other};" if other else nearest(column, sheet.names)
    needs = f"a trace of format {form!r} needs {', '.join(FORMATS[form].columns)}"
    mapping = f"other names are told by columns: {{{field}: NAME}}"
    return InputError(
        f"no column {column!r}; the file has: {', '.join(sheet.names)[:200]}",
        f"{remedy} {needs}; {mapping}".strip(),
        file=str(sheet.file.path),
        line=0 if sheet.kind == "parquet" else 1,
    )
