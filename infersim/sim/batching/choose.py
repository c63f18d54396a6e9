"""From an engine's options to the policy that follows its rules."""

from __future__ import annotations

from infersim.sim.batching.jetstream import Jetstream
from infersim.sim.batching.policy import Policy
from infersim.sim.batching.prompts_first import PromptsFirst
from infersim.sim.batching.sglang import Sglang
from infersim.sim.batching.static import Static
from infersim.sim.batching.trtllm import Trtllm
from infersim.sim.batching.vllm import Vllm
from infersim.sim.batching.vllm_interval import VllmInterval
from infersim.sim.batching.vllm_whole import VllmWhole
from infersim.spec.engines import (
    AnyEngine,
    GaudiEngine,
    JetstreamEngine,
    LlamacppEngine,
    MlxEngine,
    NeuronxEngine,
    SglangEngine,
    StaticEngine,
    TrtllmEngine,
    VllmEngine,
)


def policy_of(options: AnyEngine, capacity_blocks: int) -> Policy:
    """The policy of one replica.

    Args:
        options: the engine's.
        capacity_blocks: usable KV blocks of the replica.
    """
    match options:
        case VllmEngine():
            return _vllm(options, capacity_blocks)
        case TrtllmEngine():
            return Trtllm(options)
        case SglangEngine():
            return Sglang(options)
        case StaticEngine() | GaudiEngine() | NeuronxEngine():
            return Static(options)
        case LlamacppEngine():
            return PromptsFirst(options.n_parallel, options.n_batch, options.n_ubatch)
        case MlxEngine():
            return PromptsFirst(1, options.prefill_step_size, options.prefill_step_size)
        case JetstreamEngine():
            return Jetstream(options)


def _vllm(options: VllmEngine, capacity_blocks: int) -> Policy:
    if not options.enable_chunked_prefill:
        return VllmWhole(options, capacity_blocks)
    if options.prefill_schedule_interval > 1:
        return VllmInterval(options, capacity_blocks)
    return Vllm(options, capacity_blocks)
