"""What an engine's options say about a step, about memory and about the requests that are taken at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from infersim.sim.batching.policy import UNBOUNDED
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

PoolRule = Literal["of_total", "of_free", "static"]
"""How the KV pool is sized: share × memory − all else (vLLM); share × what all else leaves (TensorRT-LLM);
share × memory − weights, activations outside of it (SGLang)."""


@dataclass(frozen=True)
class Limits:
    """Limits of one engine, under one name for all engines.

    Attributes:
        max_tokens, max_seqs: most tokens and most sequences of a step.
        block_size: tokens a KV block.
        rule, share: how the KV pool is sized, and its share of memory (0 … 1); None where the server picks it.
        share_option: the option that the share comes from, or empty.
        null_blocks: blocks that never hold tokens.
        longest: longest prompt + output, if the options say it.
        longest_option: the option that says it, or empty.
        slots: places that each hold a whole request's memory; 0 where blocks are handed out as they are needed.
        kept_tokens: KV tokens that a request must leave free when it is alone.
        most_prompt_tokens, most_output_tokens: longest prompt and output that are taken.
        splits_prompts: whether a prompt longer than `max_tokens` is computed in pieces.
        beyond_model: whether requests may be longer than the model was made for, if the options do not say how long.
    """

    max_tokens: int
    max_seqs: int
    block_size: int = 1
    rule: PoolRule = "of_free"
    share: float | None = 1.0
    share_option: str = ""
    null_blocks: int = 0
    longest: int | None = None
    longest_option: str = ""
    slots: int = 0
    kept_tokens: int = 0
    most_prompt_tokens: int = UNBOUNDED
    most_output_tokens: int = UNBOUNDED
    splits_prompts: bool = True
    beyond_model: bool = False


def limits_of(options: AnyEngine) -> Limits:
    """The limits that an engine's options set."""
    match options:
        case VllmEngine():
            return _vllm(options)
        case TrtllmEngine():
            return _trtllm(options)
        case SglangEngine():
            return _sglang(options)
        case StaticEngine() | GaudiEngine():
            longest, named = options.max_model_len, "max_model_len"
            return _slots(options.batch_size, options.max_prefill_tokens, longest, named)
        case NeuronxEngine():
            return _slots(options.batch_size, options.max_prefill_tokens, options.n_positions, "n_positions")
        case LlamacppEngine():
            longest = None if options.n_ctx is None else options.n_ctx // options.n_parallel
            pass_tokens = min(options.n_batch, options.n_ubatch)
            return replace(_slots(options.n_parallel, pass_tokens, longest, "n_ctx"), beyond_model=True)
        case MlxEngine():
            return replace(_slots(1, options.prefill_step_size, None, ""), beyond_model=True)
        case JetstreamEngine():
            return _jetstream(options)


def _vllm(options: VllmEngine) -> Limits:
    return Limits(
        options.max_num_batched_tokens,
        options.max_num_seqs,
        options.block_size,
        "of_total",
        options.gpu_memory_utilization,
        "gpu_memory_utilization",
        null_blocks=1,
        longest=options.max_model_len,
        longest_option="max_model_len",
        most_prompt_tokens=UNBOUNDED if options.enable_chunked_prefill else options.max_num_batched_tokens,
        splits_prompts=options.enable_chunked_prefill,
    )


def _trtllm(options: TrtllmEngine) -> Limits:
    return Limits(
        options.max_num_tokens,
        options.max_batch_size,
        options.tokens_per_block,
        "of_free",
        options.kv_cache_free_gpu_memory_fraction,
        "kv_cache_free_gpu_memory_fraction",
        longest=options.max_seq_len,
        longest_option="max_seq_len",
        most_prompt_tokens=UNBOUNDED if options.enable_chunked_context else options.max_num_tokens,
        splits_prompts=options.enable_chunked_context,
    )


def _sglang(options: SglangEngine) -> Limits:
    riding = options.max_running_requests if options.enable_mixed_chunk else 0
    splits = options.chunked_prefill_size > 0
    return Limits(
        (options.chunked_prefill_size if splits else options.max_prefill_tokens) + riding,
        options.max_running_requests,
        options.page_size,
        "static",
        options.mem_fraction_static,
        "mem_fraction_static",
        longest=options.context_length,
        longest_option="context_length",
        kept_tokens=options.page_size + 1,
        splits_prompts=splits,
    )


def _slots(slots: int, pass_tokens: int, longest: int | None, named: str) -> Limits:
    return Limits(pass_tokens, slots, longest=longest, longest_option=named, slots=slots)


def _jetstream(options: JetstreamEngine) -> Limits:
    return Limits(
        1 << (options.max_input_sequence_length - 1).bit_length(),
        options.batch_size,
        longest=options.max_cache_length,
        longest_option="max_cache_length",
        slots=options.batch_size,
        most_prompt_tokens=options.max_input_sequence_length,
        most_output_tokens=options.max_decode_length,
    )
