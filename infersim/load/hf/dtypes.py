"""Numeric types of a checkpoint: what its config.json says about quantisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infersim.errors import InputError
from infersim.load.hf.config import Config

_PLAIN = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
_MODELOPT = {"FP8": "fp8", "NVFP4": "nvfp4", "MXFP4": "mxfp4", "W4A16_AWQ": "int4", "INT4_AWQ": "int4", "INT8": "int8"}
_METHODS = "fp8, mxfp4, compressed-tensors, modelopt, gptq, awq"


def dtypes(c: Config, moe: bool) -> tuple[str, str | None]:
    """Type of the weights, and of the routed experts where it is another.

    Args:
        c: the config.
        moe: whether the model has routed experts.

    Raises:
        InputError: a way of quantisation that is not known.
    """
    plain = _PLAIN.get(c.text("dtype") or c.text("torch_dtype") or "bfloat16")
    if plain is None:
        raise c.error("dtype", f"is not known: {c.text('dtype') or c.text('torch_dtype')}", ", ".join(_PLAIN))
    quantised = c.mapping("quantization_config")
    if not quantised:
        return plain, None
    kept = _quantised(c, quantised)
    if c.text("expert_dtype") == "fp4":  # DeepSeek-V4: experts in blocks of 32 with a power of two each
        return kept, "mxfp4"
    if moe and kept != plain and _experts_only(quantised, kept):
        return plain, kept
    return kept, None


def _quantised(c: Config, quantised: Mapping[str, Any]) -> str:
    method = str(quantised.get("quant_method") or "").lower()
    algorithm = str(quantised.get("quant_algo") or "").upper()
    if algorithm:
        found = _MODELOPT.get(algorithm)
    elif method == "fp8":
        found = "fp8_block" if quantised.get("weight_block_size") else "fp8"
    elif method == "mxfp4":
        found = "mxfp4"
    elif method in ("gptq", "awq"):
        found = {4: "int4", 8: "int8"}.get(int(quantised.get("bits") or quantised.get("w_bit") or 0))
    else:
        found = _grouped(quantised)
    if found is None:
        raise _unknown(c, algorithm or method)
    return found


def _grouped(quantised: Mapping[str, Any]) -> str | None:
    """compressed-tensors: the type of the first group's weights."""
    groups = quantised.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    weights = first.get("weights") if isinstance(first, Mapping) else None
    if not isinstance(weights, Mapping):
        return None
    kind = f"{weights.get('type')}{weights.get('num_bits')}"
    if kind == "float8":
        return "fp8_block" if weights.get("strategy") == "block" else "fp8"
    if kind == "float4":
        return "mxfp4" if weights.get("group_size") == 32 else "nvfp4"
    return kind if kind in ("int8", "int4") else None


def _experts_only(quantised: Mapping[str, Any], kept: str) -> bool:
    """Whether only routed experts are quantised: attention is among what is left out, or 4 bits say nothing of it."""
    left_out = [quantised.get(name) for name in ("ignore", "modules_to_not_convert", "exclude_modules")]
    names = [str(name) for part in left_out if isinstance(part, list) for name in part]
    if names:
        return any("attn" in name for name in names)
    return kept in ("mxfp4", "int4") and quantised.get("quant_method") in ("mxfp4", "compressed-tensors")


def _unknown(c: Config, method: str) -> InputError:
    problem = f"is a way of quantisation that is not known: {method or 'none is named'}"
    return c.error("quantization_config", problem, f"Known: {_METHODS}")
