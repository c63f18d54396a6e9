"""The assumptions that are varied, each by settings laid over the scenario or by factors on what no setting reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infersim.deployment import KV_BLOCKS
from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Pool
from infersim.timing.dtypes import GGUF

LENGTHS, BLOCKS = 0.2, 0.1
"""Shares by which lengths and KV blocks are varied."""
_BUDGET = {
    "vllm": "max_num_batched_tokens",
    "trtllm": "max_num_tokens",
    "sglang": "chunked_prefill_size",
    "static": "max_prefill_tokens",
    "gaudi": "max_prefill_tokens",
    "neuronx": "max_prefill_tokens",
    "llamacpp": "n_ubatch",
    "mlx": "prefill_step_size",
}
_SEQUENCES = {
    "vllm": "max_num_seqs",
    "trtllm": "max_batch_size",
    "sglang": "max_running_requests",
    "static": "batch_size",
    "gaudi": "batch_size",
    "neuronx": "batch_size",
    "llamacpp": "n_parallel",
    "jetstream": "batch_size",
}
_HOST = ("step_host_s", "step_host_per_seq_s", "step_host_async_s")
_FRONT_END = ("frontend_s", "frontend_serial_s")
_PREFILL_EXTRA = ("prefill_extra_per_layer_s", "prefill_extra_per_moe_layer_s")
_EIGHT = ("fp8", "fp8_block", "int8")


@dataclass(frozen=True)
class Variant:
    """One assumption changed.

    Attributes:
        assumption: what is varied.
        change: how.
        settings: values by scenario path.
        factors: as `simulate` takes them.
    """

    assumption: str
    change: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)


def variants(name: str, pool: Pool, engine: EngineConstants) -> Iterator[Variant]:
    """What is varied of a pool.

    Args:
        name: the pool's.
        pool: as resolved.
        engine: its engine's profile.
    """
    for what in ("prompt", "output"):
        for change in (-LENGTHS, LENGTHS):
            factors = {f"{what}_tokens": 1.0 + change}
            yield Variant(f"{what} lengths", f"{100 * change:+.0f}%", factors=factors)
    for change in (-BLOCKS, BLOCKS):
        yield Variant("KV blocks", f"{100 * change:+.0f}%", factors={KV_BLOCKS: 1.0 + change})
    yield from _option("token budget", name, pool, _BUDGET)
    yield from _option("sequences at a time", name, pool, _SEQUENCES)
    yield _weights(name, pool)
    launches = [name for name in _PREFILL_EXTRA if (constant := getattr(engine, name)) and constant.value]
    if launches:
        yield Variant("CUDA graphs", "for prompts too", factors=dict.fromkeys(launches, 0.0))
    yield from _constants("host time", engine, _HOST)
    yield from _constants("front end", engine, _FRONT_END)


def _option(assumption: str, name: str, pool: Pool, options: Mapping[str, str]) -> Iterator[Variant]:
    """An engine's own option, halved and doubled."""
    option = options.get(pool.engine.kind, "")
    value = getattr(pool.engine, option, 0)
    for other in (value // 2, 2 * value):
        if other > 0:
            yield Variant(assumption, f"{option} {other:,}", {f"fleet.{name}.engine.{option}": other})


def _weights(name: str, pool: Pool) -> Variant:
    other = _other_weights(str(pool.precision.weights))
    kept = {"kv_cache": pool.precision.kv_cache}
    return Variant("weights", other, {f"fleet.{name}.precision": {"weights": other, **kept}})


def _other_weights(weights: str) -> str:
    """The type to try in place of one: 8 bits for 16 and for 4, 16 bits for 8; among llama.cpp's, 8 or 4."""
    if weights in GGUF:
        return "q4_k_m" if weights == "q8_0" else "q8_0"
    return "bf16" if weights in _EIGHT else "fp8"


def _constants(assumption: str, engine: EngineConstants, names: tuple[str, ...]) -> Iterator[Variant]:
    known = {constant: 2.0 for constant in names if getattr(engine, constant) and getattr(engine, constant).value}
    if known:
        yield Variant(assumption, "× 2", factors=known)
