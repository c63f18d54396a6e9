"""Kernel tables as the fits see them: the project's tidy columns in SI units, read from Parquet or CSV.

A folder holds one file an operator, `gemm.parquet` or `gemm.csv` …; docs/kernel_tables.md defines them. Files in the
columns of NVIDIA's public tables are turned into the same columns at the door (`infersim.calibrate.nvidia`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from infersim.calibrate import nvidia
from infersim.errors import InputError, nearest

KEPT_OUT = 0.2
"""Share of the points that no fit sees."""

SECONDS = "seconds"

TEXTS: dict[str, tuple[str, ...]] = {
    "gemm": ("dtype",),
    "attention_prefill": ("kv_dtype",),
    "attention_decode": ("kv_dtype",),
    "moe": ("dtype",),
    "collective": ("op", "library"),
}
"""Columns of words by operator."""

NUMBERS: dict[str, tuple[str, ...]] = {
    "gemm": ("m", "n", "k"),
    "attention_prefill": (
        "seqs", "tokens", "context_tokens", "heads", "kv_heads", "head_dim", "window_tokens",
    ),
    "attention_decode": ("seqs", "context_tokens", "heads", "kv_heads", "head_dim", "window_tokens"),
    "moe": ("tokens", "hidden", "intermediate", "experts", "top_k", "expert_parallel", "skew"),
    "collective": ("devices", "bytes"),
}  # fmt: skip
"""Columns of numbers by operator, all ≥ 0."""


@dataclass(frozen=True)
class Points:
    """Measured points of one operator: columns by name, seconds, and which points are kept out of the fit."""

    columns: dict[str, np.ndarray]
    seconds: np.ndarray
    kept_out: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.seconds)

    def where(self, mask: np.ndarray) -> Points:
        """The points that a mask selects."""
        columns = {name: values[mask] for name, values in self.columns.items()}
        return Points(columns, self.seconds[mask], self.kept_out[mask])

    def range(self, name: str) -> tuple[float, float]:
        """Smallest and largest value of a column."""
        return float(self[name].min()), float(self[name].max())


@dataclass(frozen=True)
class Tables:
    """The tables of one device by operator, in tidy columns."""

    frames: dict[str, pd.DataFrame]

    @classmethod
    def read(cls, folder: Path) -> Tables:
        """Every table of a folder.

        Raises:
            InputError: no folder, no table in it, or a table with a column missing or a value that is no size.
        """
        if not folder.is_dir():
            raise InputError("no such folder of kernel tables", "give a folder with gemm.parquet …", "", str(folder))
        frames: dict[str, list[pd.DataFrame]] = {}
        for file in sorted(folder.iterdir()):
            operator = nvidia.operator_of(file)
            if operator is not None:
                frames.setdefault(operator, []).append(_tidy(file, operator))
        if not frames:
            names = ", ".join(f"{name}.parquet" for name in NUMBERS)
            raise InputError("no kernel table in this folder", f"known files: {names}, or .csv", "", str(folder))
        return cls({name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()})

    def words(self, operator: str, column: str) -> list[str]:
        """Values of a column of words, sorted; none where there is no such table."""
        if operator not in self.frames:
            return []
        return sorted(self.frames[operator][column].unique())

    def points(self, operator: str, where: Callable[[pd.DataFrame], pd.Series], **words: str) -> Points:
        """Points of an operator; the median of repeated measurements of one size.

        Args:
            operator: a key of `NUMBERS`.
            where: which rows of the table.
            words: values of the columns of words.

        A point is kept out by a hash of its numbers, so that the choice depends neither on order nor on a seed.
        """
        columns = list(NUMBERS[operator])
        if operator not in self.frames:
            return _points(pd.DataFrame(columns=[*columns, SECONDS], dtype=float), columns)
        frame = self.frames[operator]
        for column, value in words.items():
            frame = frame[frame[column] == value]
        return _points(frame[where(frame)], columns)


def _points(frame: pd.DataFrame, columns: Sequence[str]) -> Points:
    medians = frame.groupby(list(columns), as_index=False)[SECONDS].median()
    hashes = pd.util.hash_pandas_object(medians[list(columns)].astype(float), index=False).to_numpy(dtype=np.uint64)
    values = {name: medians[name].to_numpy(dtype=float) for name in columns}
    kept_out = (hashes >> np.uint64(11)) % np.uint64(100) < 100 * KEPT_OUT
    return Points(values, medians[SECONDS].to_numpy(dtype=float), kept_out)


def _tidy(file: Path, operator: str) -> pd.DataFrame:
    import duckdb

    try:
        with duckdb.connect() as base:
            read = "read_parquet" if file.suffix == ".parquet" else "read_csv"
            frame = base.execute(f"SELECT * FROM {read}(?)", [str(file)]).df()
    except duckdb.Error as error:
        raise InputError(f"unreadable: {str(error).splitlines()[0]}", "", "", "", str(file)) from error
    if SECONDS not in frame.columns and nvidia.LATENCY in frame.columns:
        frame = nvidia.tidy(frame, operator, str(file))
    return _checked(frame, operator, str(file))


def _checked(frame: pd.DataFrame, operator: str, file: str) -> pd.DataFrame:
    wanted = [*TEXTS[operator], *NUMBERS[operator], SECONDS]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        present = [str(name) for name in frame.columns if name not in wanted]
        hint = next((text for name in missing if (text := nearest(name, present))), "")
        known = f"columns of {operator}: {', '.join(wanted)}"
        raise InputError(f"no column {missing[0]!r}", f"{hint}\n{known}".strip(), "", "", file)
    if frame.empty:
        raise InputError("a table without rows", "", "", "", file)
    frame = frame[wanted].copy()
    for name in (*NUMBERS[operator], SECONDS):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        bad = ~(np.isfinite(numbers) & ((numbers > 0) if name == SECONDS else (numbers >= 0)))
        if bad.any():
            row = int(np.argmax(bad.to_numpy()))
            need = "a number of seconds above 0" if name == SECONDS else "a number of at least 0"
            raise InputError(f"row {row} has no {need}", "rows count from 0", name, str(frame[name].iloc[row]), file)
        frame[name] = numbers.astype(float)
    for name in TEXTS[operator]:
        frame[name] = frame[name].astype(str)
    return frame
