"""NVIDIA's public kernel tables (aiconfigurator's collectors), turned into the project's tidy columns at the door.

Theirs: latency in milliseconds, message sizes in elements, the model's intermediate size with the number of devices
that it is split over, one file an operator, Parquet or text with commas.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from infersim.errors import InputError

LATENCY = "latency"
"""Their column of times [ms]: a table that has it, and no `seconds`, is theirs."""

FILES = {
    "gemm": "gemm",
    "attention_prefill": "attention_prefill",
    "attention_decode": "attention_decode",
    "moe": "moe",
    "collective": "collective",
    "nccl": "collective",
    "custom_allreduce": "collective",
    "gemm_perf": "gemm",
    "context_attention_perf": "attention_prefill",
    "generation_attention_perf": "attention_decode",
    "moe_perf": "moe",
    "nccl_perf": "collective",
    "custom_allreduce_perf": "collective",
}
"""Operator by a file's name without its suffix: the project's names, then theirs."""

SUFFIXES = (".parquet", ".csv", ".txt")

DTYPES = {
    "bfloat16": "bf16",
    "float16": "bf16",
    "half": "bf16",
    "int4_wo": "int4",
    "w4a16_mxfp4": "mxfp4",
    "w4a8_mxfp4_mxfp8": "mxfp4_mxfp8",
}
"""The project's name of a type where theirs differs; both 16-bit types run at one speed."""

HALF_BYTES = 2.0
GRAPH = "vllm_graph"
"""The engine's own all-reduce as it runs in a CUDA graph."""


def operator_of(file: Path) -> str | None:
    """Which operator a file is a table of, None for other files."""
    return FILES.get(file.stem) if file.suffix in SUFFIXES else None


def tidy(frame: pd.DataFrame, operator: str, file: str) -> pd.DataFrame:
    """Their table in the project's columns; rows without a time are left out.

    Raises:
        InputError: a column of theirs is missing.
    """
    frame = frame[frame[LATENCY] > 0]
    try:
        made = _OPERATORS[operator](frame)
    except KeyError as error:
        raise InputError(f"no column {error.args[0]!r}, which NVIDIA's tables have", "", "", "", file) from None
    return made.assign(seconds=frame[LATENCY] / 1000.0)


def _dtype(names: pd.Series) -> pd.Series:
    return names.map(lambda name: DTYPES.get(name, name))


def _gemm(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"dtype": _dtype(frame["gemm_dtype"]), **{name: frame[name] for name in ("m", "n", "k")}})


def _attention(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "kv_dtype": _dtype(frame["kv_cache_dtype"]),
        "seqs": frame["batch_size"],
        "context_tokens": frame["step"],
        "heads": frame["num_heads"],
        "kv_heads": frame["num_key_value_heads"],
        "head_dim": frame["head_dim"],
        "window_tokens": frame["window_size"] if "window_size" in frame else pd.Series(0, index=frame.index),
    }


def _prefill(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({**_attention(frame), "tokens": frame["isl"]})


def _decode(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(_attention(frame))


def _moe(frame: pd.DataFrame) -> pd.DataFrame:
    skew = frame["distribution"].str.extract(r"power_law_([0-9.]+)$")[0].astype(float).fillna(0.0)
    return pd.DataFrame(
        {
            "dtype": _dtype(frame["moe_dtype"]),
            "tokens": frame["num_tokens"],
            "hidden": frame["hidden_size"],
            "intermediate": frame["inter_size"] / frame["moe_tp_size"],
            "experts": frame["num_experts"],
            "top_k": frame["topk"],
            "expert_parallel": frame["moe_ep_size"],
            "skew": skew,
        }
    )


def _collective(frame: pd.DataFrame) -> pd.DataFrame:
    """Of the library's rows those of 16-bit elements (8-bit ones move the same bytes), of vLLM's those of a CUDA graph.

    TensorRT-LLM's have no such column: they are of a graph.
    """
    own = "allreduce_dtype" in frame
    if own:
        kept = frame[frame["backend"] == GRAPH] if "backend" in frame else frame
    else:
        kept = frame[frame["nccl_dtype"] == "half"]
    return pd.DataFrame(
        {
            "op": kept["op_name"].replace("alltoall", "all_to_all"),
            "library": "engine" if own else "nccl",
            "devices": kept["num_gpus"],
            "bytes": kept["message_size"] * HALF_BYTES,
        }
    )


_OPERATORS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "gemm": _gemm,
    "attention_prefill": _prefill,
    "attention_decode": _decode,
    "moe": _moe,
    "collective": _collective,
}
