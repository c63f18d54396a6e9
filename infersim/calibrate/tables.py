"""Measured kernel tables in the layout of aiconfigurator's collectors: one Parquet file an operator, latency in ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KEPT_OUT = 0.2
"""Share of the points that no fit sees."""
HEAD_DIM = 128


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


def read(file: Path, columns: Sequence[str], where: str) -> Points:
    """Points of a table; the median of repeated measurements of one size.

    Args:
        file: the Parquet file.
        columns: arguments of the operator, numbers.
        where: SQL condition on the rows. One on `window_size` is dropped where the table has no such column.

    A point is kept out by a hash of its arguments, so that the choice depends neither on order nor on a seed.
    """
    import duckdb

    names = ", ".join(columns)
    text = " || '|' || ".join(f"{name}::VARCHAR" for name in columns)
    with duckdb.connect() as base:
        known = {row[0] for row in base.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()}
        if "window_size" not in known:
            where = where.replace("window_size = 0", "true")
        rows = base.execute(
            f"SELECT {names}, median(latency) / 1000 AS seconds,"
            f" ('0x' || substr(md5({text}), 1, 8))::UBIGINT % 100 < {100 * KEPT_OUT:.0f} AS kept_out"
            f" FROM read_parquet(?) WHERE latency > 0 AND {where} GROUP BY {names} ORDER BY {names}",
            [str(file)],
        ).fetchnumpy()
    values = {name: np.asarray(rows[name], dtype=float) for name in columns}
    return Points(values, np.asarray(rows["seconds"], dtype=float), np.asarray(rows["kept_out"], dtype=bool))


def gemm(folder: Path, dtype: str) -> Points:
    """Products with n, k ≥ 512, which the layers of language models have."""
    return read(folder / "gemm.parquet", ("m", "n", "k"), f"gemm_dtype = '{dtype}' AND n >= 512 AND k >= 512")


def attention_prefill(folder: Path, kv_dtype: str) -> Points:
    """Causal attention over equal prompts without earlier context; columns as in the table."""
    return read(
        folder / "attention_prefill.parquet",
        ("batch_size", "isl", "num_heads", "num_key_value_heads"),
        f"{_grouped(kv_dtype)} AND step = 0",
    )


def attention_decode(folder: Path, kv_dtype: str) -> Points:
    """Attention of one new token per sequence of equal contexts (`step` tokens there, one new)."""
    return read(
        folder / "attention_decode.parquet",
        ("batch_size", "step", "num_heads", "num_key_value_heads"),
        _grouped(kv_dtype),
    )


def all_reduce(folder: Path, library: bool) -> Points:
    """All-reduce of 16-bit elements: the library's (NCCL), or the engine's own within a CUDA graph."""
    if library:
        file, where = "nccl.parquet", "op_name = 'all_reduce' AND nccl_dtype = 'half'"
    else:
        file, where = "custom_allreduce.parquet", "backend = 'vllm_graph'"
    points = read(folder / file, ("num_gpus", "message_size"), where)
    return Points({**points.columns, "bytes": 2.0 * points["message_size"]}, points.seconds, points.kept_out)


def _grouped(kv_dtype: str) -> str:
    return (
        f"head_dim = {HEAD_DIM} AND kv_cache_dtype = '{kv_dtype}' AND window_size = 0"
        " AND num_heads >= 2 * num_key_value_heads"
    )


def lower_envelope(points: Points, columns: Sequence[str], along: Sequence[str] = ()) -> Points:
    """Each time replaced by the least of any point at least as large in every column.

    For tables in which a kernel choice makes some sizes take longer than larger ones. Points that are kept out keep
    their own times and lower nobody else's.

    Args:
        points: points on a grid of the columns; it may have holes.
        columns: what tells points apart.
        along: the columns in which a larger point counts; all of them by default.
    """
    grids = [np.unique(points[name], return_inverse=True) for name in columns]
    dense = np.full([len(values) for values, _ in grids], np.inf)
    places = tuple(inverse for _, inverse in grids)
    dense[places] = np.where(points.kept_out, np.inf, points.seconds)
    for axis in (columns.index(name) for name in along or columns):
        dense = np.flip(np.minimum.accumulate(np.flip(dense, axis), axis), axis)
    return Points(points.columns, np.where(points.kept_out, points.seconds, dense[places]), points.kept_out)
