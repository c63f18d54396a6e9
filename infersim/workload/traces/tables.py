"""A trace that is a table: CSV, JSON lines or Parquet, with a row a request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infersim.errors import InputError
from infersim.spec.trace import Trace
from infersim.workload.requests import Blocks, Requests
from infersim.workload.traces import times
from infersim.workload.traces.formats import Format, recognised
from infersim.workload.traces.opening import Opened
from infersim.workload.traces.query import fetch, fetch_items, number, parquet_columns, stamp
from infersim.workload.traces.sheets import Row, Sheet, header, rows

MAX_TOKENS = 10**8
BLOCK_TOKENS = 512
"""Tokens that a hash of Mooncake's traces stands for."""


def read_table(file: Opened, first: Row | None, spec: Trace) -> Requests:
    """Read a table.

    Args:
        file: CSV, JSON lines or Parquet.
        first: the first row, where the file is JSON lines.
        spec: what its columns are.

    Raises:
        InputError: a column is missing, or a row holds what is no request; names the line.
    """
    sheet, types = sheet_of(file, first)
    form, columns = recognised(sheet, spec)
    if not sheet.first:
        raise InputError("the trace has a header and no rows", file=str(file.path), line=0 if file.text is None else 1)
    arrival, prompt_tokens, output_tokens = columns
    found = _columns(sheet, form, columns, types)
    arrival_s = _seconds(sheet, arrival, form, found, spec.time_zone)
    output = _tokens(sheet, output_tokens, found["output"], 0 if form.failures else 1)
    failed = output == 0
    prompt = _tokens(sheet, prompt_tokens, np.where(failed, 1, found["prompt"]), 1)
    late = np.flatnonzero(np.diff(arrival_s) < 0)
    if late.size:
        raise sheet.fault(int(late[0]) + 1, arrival, "earlier than the row before it", "sort the file by arrival")
    blocks = _blocks(sheet, form.blocks, prompt) if form.blocks and form.blocks in sheet.names else None
    requests = Requests(arrival_s, prompt, output, blocks)
    return without_failures(requests) if form.failures else requests


def without_failures(requests: Requests) -> Requests:
    """The requests that were answered, and a note of how many were not."""
    failed = int(np.count_nonzero(requests.output_tokens == 0))
    if not failed:
        return requests
    note = f"{failed:,} of {len(requests):,} requests failed when they were recorded (no output tokens): left out"
    return replace(requests.of(np.flatnonzero(requests.output_tokens)), notes=(*requests.notes, note))


def sheet_of(file: Opened, first: Row | None) -> tuple[Sheet, dict[str, str]]:
    """The sheet of a file, and in Parquet its columns' types.

    Args:
        file: CSV, JSON lines or Parquet.
        first: the first row, where the file is JSON lines.

    Raises:
        InputError: the header is no CSV's, or the file is damaged.
    """
    if file.text is None:
        types, row = parquet_columns(file)
        return Sheet(file, "parquet", tuple(types), row), types
    if first is not None:
        return Sheet(file, "jsonl", tuple(first), first), {}
    names = header(file)
    return Sheet(file, "csv", names, next((cells for _, cells in rows(file, "csv")), {})), {}


def _columns(sheet: Sheet, form: Format, columns: tuple[str, str, str], types: dict[str, str]) -> dict[str, np.ndarray]:
    """`prompt`, `output` and `at`; beside timestamps `ahead`, the minutes that they state."""
    arrival, prompt, output = columns
    what = {"prompt": number(sheet, prompt), "output": number(sheet, output)}
    if form.time == "stamp" or (form.time == "any" and times.is_stamp(sheet.first.get(arrival))):
        what["at"], what["ahead"] = stamp(sheet, arrival, types.get(arrival, ""))
    else:
        what["at"] = number(sheet, arrival)
    return fetch(sheet, what)


def _seconds(sheet: Sheet, column: str, form: Format, found: dict[str, np.ndarray], zone: str) -> np.ndarray:
    """Arrivals [s]."""
    at = found["at"]
    if "ahead" in found:
        bad = np.flatnonzero(np.isnan(at))
        if bad.size:
            raise sheet.fault(int(bad[0]), column, times.STAMP)
        at, never = times.utc_ns(at, found["ahead"].astype(np.float64), zone)
        if never is not None:
            raise sheet.fault(never, column, f"there is no such time in {zone}: clocks were set forward over it")
        return (at - at[0]) / times.NS
    clock = {"ms": times.MILLISECONDS, "s": times.SECONDS_FROM_FIRST}.get(form.time) or times.epoch_or_seconds(at[0])
    bad = np.flatnonzero(~((at >= clock.low) & (at <= clock.high)))
    if bad.size:
        raise sheet.fault(int(bad[0]), column, clock.says)
    return (at - (at[0] if clock.from_first else 0.0)) * clock.scale_s


def _tokens(sheet: Sheet, column: str, values: np.ndarray, least: int) -> np.ndarray:
    """Lengths [tokens]."""
    bad = np.flatnonzero(~((values >= least) & (values <= MAX_TOKENS) & (values == np.floor(values))))
    if bad.size:
        raise sheet.fault(int(bad[0]), column, f"a whole number of tokens is needed, from {least} to {MAX_TOKENS}")
    return values.astype(np.int64)


def _blocks(sheet: Sheet, column: str, prompt: np.ndarray) -> Blocks:
    """Block hashes of the prompts."""
    counts, ids = fetch_items(sheet, column)
    bad = np.flatnonzero(~(counts <= -(-prompt // BLOCK_TOKENS)))
    if bad.size:
        problem = f"a list of whole numbers is needed, at most one for each {BLOCK_TOKENS} tokens of the prompt"
        raise sheet.fault(int(bad[0]), column, problem)
    return Blocks(BLOCK_TOKENS, ids, np.r_[0, np.cumsum(counts)].astype(np.int64))
