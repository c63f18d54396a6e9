"""What a device's memory holds: weights, activations, the engine's runtime, and KV blocks in what is left.

Three rules, by engine. `of_total` (vLLM): a share of all memory, less weights, peak of a profiling pass and what the
process holds beside. `of_free` (TensorRT-LLM): a share of what is free once all that is loaded. `static` (SGLang): a
share of all memory for weights and KV alone, the rest left to activations. The peak of a pass is that of the layers at
the token budget or that of sampling for all sequences, whichever is more: they follow each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from infersim.spec.engine import EngineConstants
from infersim.spec.hardware import Device
from infersim.spec.model import DenseFeedForward, Model
from infersim.timing.layout import DeviceShare, Layout
from infersim.timing.operators import RESULT_BYTES

MIB = 2.0**20
MOST_TOKENS = 1e12
"""What a pool holds of a network that keeps nothing by token."""

Rule = Literal["of_total", "of_free", "static"]


@dataclass(frozen=True)
class KvRule:
    """How an engine sizes its KV pool.

    Attributes:
        rule: see the module.
        share: of memory; None for SGLang's own choice (`own_share`).
        max_tokens, max_seqs: most tokens and sequences of a step.
        block_size: tokens a block.
        null_blocks: blocks that never hold tokens.
        option: the engine's name for `share`.
    """

    rule: Rule
    share: float | None
    max_tokens: int
    max_seqs: int
    block_size: int
    null_blocks: int = 0
    option: str = "gpu_memory_utilization"


@dataclass(frozen=True)
class MemoryPlan:
    """Memory of each device of a replica.

    Attributes:
        weights_bytes: weights, embedding and LM head [B].
        activation_bytes: peak of a step beside weights and KV [B].
        runtime_bytes: context, collectives, workspaces [B].
        usable_bytes: what the engine may use in all [B].
        kv_bytes: what is left for KV blocks [B].
        kv_bytes_per_token: KV cache of a token [B].
        state_bytes_per_seq: state of fixed size of a sequence, windows included [B].
        capacity_blocks: blocks that can hold tokens, of all ranks of attention data parallelism together.
        capacity_tokens: tokens in these blocks.
    """

    weights_bytes: float
    activation_bytes: float
    runtime_bytes: float
    usable_bytes: float
    kv_bytes: float
    kv_bytes_per_token: float
    state_bytes_per_seq: float
    capacity_blocks: int
    capacity_tokens: int


def memory_plan(model: Model, device: Device, engine: EngineConstants, share: DeviceShare, rule: KvRule) -> MemoryPlan:
    """How the memory of each device of a replica is used; `capacity_blocks` is 0 where the model does not fit."""
    weights, runtime = share.weights_bytes, engine.runtime_bytes.value
    activation = _activation_bytes(model, engine, share, rule)
    total = device.memory.bytes
    asked = own_share(device, share.layout, rule.max_tokens) if rule.share is None else rule.share
    usable = total if rule.rule == "of_free" else asked * total
    if rule.rule == "of_free":
        kv_bytes = asked * (total - weights - activation - runtime)
    elif rule.rule == "static":
        kv_bytes = min(asked * total - weights, total - weights - activation - runtime)
    else:
        kv_bytes = usable - weights - activation - runtime
    tokens = _tokens_in(kv_bytes, share, rule.max_seqs)
    blocks = max(int(tokens // rule.block_size) - rule.null_blocks, 0) * share.layout.data
    return MemoryPlan(
        weights,
        activation,
        runtime,
        usable,
        kv_bytes,
        share.kv_bytes_per_token,
        share.state_bytes_per_seq + _window_bytes(share),
        blocks,
        blocks * rule.block_size,
    )


def own_share(device: Device, layout: Layout, chunk_tokens: int) -> float:
    """The share of memory that SGLang's server takes for weights and KV pool if it is not told.

    All memory less a reserve, in MiB: 512, 1.5 a token of a prefill chunk, 2 a sequence of the largest CUDA graph
    (512 on devices of 60 GiB or more, else 160), 128 a device; 10 GiB at least on such devices. Source: `ServerArgs.
    _handle_gpu_memory_settings`, sglang/srt/server_args.py.
    """
    total_mib = device.memory.bytes / MIB
    large = total_mib > 60 * 1024
    reserve = 512 + 1.5 * max(chunk_tokens, 2048) + 2 * (512 if large else 160)
    reserve += layout.tensor * layout.pipeline / 8 * 1024
    return 1.0 - max(reserve, 10 * 1024 if large else 0) / total_mib


def _activation_bytes(model: Model, engine: EngineConstants, share: DeviceShare, rule: KvRule) -> float:
    wide = [
        math.ceil(block.intermediate / share.layout.tensor)
        for block in model.feed_forward
        if isinstance(block, DenseFeedForward)
    ]
    wide += [feed.experts.chosen * feed.experts.wide for feed in share.feeds if feed.experts]
    copies = engine.activation_hidden_copies.value * model.hidden
    copies += engine.activation_intermediate_copies.value * max(wide, default=0)
    sampling_bytes = rule.max_seqs * model.vocab * engine.sampler_bytes_per_logit.value
    return max(rule.max_tokens * RESULT_BYTES * copies, sampling_bytes)


def _window_bytes(share: DeviceShare) -> float:
    """Most that the layers with a window keep of one sequence [B]."""
    windows = (m.layers * m.cached_bytes * m.reach for m in share.mixers if m.kind == "gqa" and m.reach)
    return sum(windows) / share.layout.pipeline


def _tokens_in(kv_bytes: float, share: DeviceShare, max_seqs: int) -> float:
    """Tokens that so many bytes hold: layers with a window keep no more than it of each of `max_seqs` sequences."""
    windowed = [m for m in share.mixers if m.kind == "gqa" and m.reach]
    in_window = sum(m.layers * m.cached_bytes for m in windowed) / share.layout.pipeline
    always = share.kv_bytes_per_token - in_window
    # states are paged like KV: where all slots' would fill the pool, not all are in use at once
    if kv_bytes <= 0.0:
        return 0.0
    left = kv_bytes - min(max_seqs * share.state_bytes_per_seq, 0.5 * kv_bytes)
    tokens = left / share.kv_bytes_per_token if share.kv_bytes_per_token else MOST_TOKENS
    full = max_seqs * max((m.reach or 0 for m in windowed), default=0)
    if windowed and always and tokens > full:
        tokens = full + (left - full * share.kv_bytes_per_token) / always
    return min(max(tokens, 0.0), MOST_TOKENS)
