"""What a device's memory holds: weights, activations, the engine's runtime, and KV blocks in what is left.

Three rules, by engine. `of_total` (vLLM): KV gets a share of the memory, less weights, the peak of a profiling pass and
what the process holds outside of PyTorch. `of_free` (TensorRT-LLM): a share of what these leave of all memory. `static`
(SGLang): a share of the memory less the weights, the rest being for activations. The peak is that of the layers at
`max_num_batched_tokens` or that of sampling for `max_num_seqs` sequences, whichever is more: they follow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from infersim.errors import DoesNotFit
from infersim.spec.engine import EngineConstants
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.timing.curves import MEASURED_AS
from infersim.timing.layout import DeviceShare, allowed_tensor
from infersim.units import show_bytes

USUAL_UTILIZATION = 0.9
"""Share of memory to try where less was asked for."""
NULL_BLOCKS = 1
"""vLLM keeps block 0 as a null block (vllm/v1/core/block_pool.py): it never holds tokens."""


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
        capacity_blocks: blocks that can hold tokens, the null block taken off.
        capacity_tokens: tokens in these blocks.
    """

    weights_bytes: float
    activation_bytes: float
    runtime_bytes: float
    usable_bytes: float
    kv_bytes: float
    kv_bytes_per_token: float
    capacity_blocks: int
    capacity_tokens: int


def _plan(
    model: Model,
    device: Device,
    engine: EngineConstants,
    share: DeviceShare,
    *,
    max_num_batched_tokens: int,
    max_num_seqs: int,
    block_size: int,
    gpu_memory_utilization: float,
    rule: str,
    null_blocks: int,
) -> MemoryPlan:
    wide = model.intermediate // share.tensor
    weights = share.layer_weights * model.layers * share.weight_bytes
    weights += (share.head_weights + share.embedding_weights) * share.head_bytes
    copies = engine.activation_hidden_copies.value * model.hidden + engine.activation_intermediate_copies.value * wide
    layers_bytes = max_num_batched_tokens * share.head_bytes * copies
    sampling_bytes = max_num_seqs * model.vocab * engine.sampler_bytes_per_logit.value
    activation, runtime = max(layers_bytes, sampling_bytes), engine.runtime_bytes.value
    total = device.memory.bytes
    free = total - weights - activation - runtime
    usable = total if rule == "of_free" else gpu_memory_utilization * total
    if rule == "of_free":
        kv_bytes = gpu_memory_utilization * free
    elif rule == "static":
        kv_bytes = min(usable - weights, free)
    else:
        kv_bytes = usable - weights - activation - runtime
    blocks = max(int(kv_bytes // (share.kv_bytes_per_token * block_size)) - null_blocks, 0)
    return MemoryPlan(
        weights, activation, runtime, usable, kv_bytes, share.kv_bytes_per_token, blocks, blocks * block_size
    )


def memory_plan(
    model: Model,
    device: Device,
    engine: EngineConstants,
    *,
    weights_dtype: str,
    kv_dtype: str,
    tensor: int,
    max_num_batched_tokens: int,
    max_num_seqs: int,
    block_size: int,
    gpu_memory_utilization: float,
    rule: str = "of_total",
    null_blocks: int = NULL_BLOCKS,
    share_option: str = "gpu_memory_utilization",
    alternatives: Iterable[Device] = (),
) -> MemoryPlan:
    """How the memory of each device of a replica is used.

    Args:
        model, device, engine: profiles.
        weights_dtype, kv_dtype: numeric types.
        tensor: devices of the replica.
        max_num_batched_tokens, max_num_seqs, block_size, gpu_memory_utilization: the engine's options.
        rule, null_blocks: how the pool is sized (see the module), and blocks that never hold tokens.
        share_option: the engine's own name of `gpu_memory_utilization`; empty where it has none.
        alternatives: other devices to try for the hint if the model does not fit.

    Raises:
        InputError: the model cannot be split over `tensor` devices.
        DoesNotFit: not even one block of KV cache is left; the hint says what would fit.
    """
    options: dict[str, Any] = {
        "max_num_batched_tokens": max_num_batched_tokens,
        "max_num_seqs": max_num_seqs,
        "block_size": block_size,
        "gpu_memory_utilization": gpu_memory_utilization,
        "rule": rule,
        "null_blocks": null_blocks,
    }

    def plan(on: Device, weights: str, devices: int, **changed: Any) -> MemoryPlan:
        return _plan(model, on, engine, DeviceShare.of(model, weights, kv_dtype, devices), **(options | changed))

    wanted = plan(device, weights_dtype, tensor)
    if wanted.capacity_blocks > 0:
        return wanted

    def fits(on: Device, weights: str, devices: int, **changed: float) -> bool:
        # room for a few tokens is no remedy: the KV cache must hold at least what one step computes
        return plan(on, weights, devices, **changed).capacity_tokens >= max_num_batched_tokens

    remedies = []
    usual = USUAL_UTILIZATION
    if gpu_memory_utilization < usual and fits(device, weights_dtype, tensor, gpu_memory_utilization=usual):
        remedies.append(f"with engine.{share_option} = {usual}")
    for splits in allowed_tensor(model):
        if splits > tensor and fits(device, weights_dtype, splits):
            remedies.append(f"with parallel.tensor ≥ {splits}")
            break
    remedies += list(_other_ways(device, weights_dtype, tensor, alternatives, fits))
    share = f"{100 * (1.0 if rule == 'of_free' else gpu_memory_utilization):g}% of {show_bytes(device.memory.bytes)}"
    parts = [("weights", wanted.weights_bytes), ("activations", wanted.activation_bytes)]
    arithmetic = " + ".join(f"{what} {show_bytes(size)}" for what, size in [*parts, ("runtime", wanted.runtime_bytes)])
    raise DoesNotFit(
        f"{model.name} ({weights_dtype}) does not fit on {tensor} × {device.name}\n"
        f"{arithmetic} > {show_bytes(wanted.usable_bytes)} usable ({share})",
        f"it would fit {', or '.join(remedies[:3])}" if remedies else "no layout or device profile known here holds it",
    )


def _other_ways(
    device: Device,
    weights_dtype: str,
    tensor: int,
    alternatives: Iterable[Device],
    fits: Callable[[Device, str, int], bool],
) -> Iterator[str]:
    """Lighter weights on this device, then other devices, smallest first, with these weights and then lighter ones."""
    lighter = "fp8" if weights_dtype != "fp8" else None
    if lighter and _runs(device, lighter) and fits(device, lighter, tensor):
        yield f"with precision.weights = {lighter}"
    others = sorted((d for d in alternatives if d.name != device.name), key=lambda d: d.memory.bytes)
    for dtype in (weights_dtype, lighter):
        for other in others:
            if dtype and _runs(other, dtype) and fits(other, dtype, tensor):
                what = f"with precision.weights = {dtype} on " if dtype != weights_dtype else "on "
                yield f"{what}{tensor} × {other.name}"
                break


def _runs(device: Device, dtype: str) -> bool:
    return f"gemm.{MEASURED_AS.get(dtype, dtype)}" in device.operators
