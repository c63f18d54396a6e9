"""Ranks and micro-batches: an engine whose options hold for each of them, seen as one engine of all.

Ranks of attention data parallelism step together, and the front end spreads requests evenly over them, so that limits
and budgets add up. A pipeline keeps as many micro-batches under way as it has stages, each with a token budget of its
own.
"""

from __future__ import annotations

from infersim.spec.engines import AnyEngine

BUDGETS = ("max_num_batched_tokens", "max_num_tokens", "max_batch_size")
"""Options of vLLM and TensorRT-LLM that hold for a step of one micro-batch."""
PER_RANK = (*BUDGETS, "max_num_seqs", "num_gpu_blocks_override")
"""Those that hold for a rank; SGLang and JetStream state theirs for all ranks together."""


def keeps_micro_batches(options: AnyEngine) -> bool:
    """Whether the engine's stages work on micro-batches of their own at a time."""
    return any(hasattr(options, name) for name in BUDGETS)


def of_all(options: AnyEngine, ranks: int, stages: int) -> AnyEngine:
    """The options of all ranks and micro-batches together."""
    factors = {name: ranks * (stages if name in BUDGETS else 1) for name in PER_RANK}
    mine = {name: getattr(options, name, None) for name in PER_RANK}
    update = {name: value * factors[name] for name, value in mine.items() if value is not None and factors[name] > 1}
    return options.model_copy(update=update) if update else options
