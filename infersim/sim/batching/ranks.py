"""Ranks and micro-batches: an engine whose options hold for each of them, seen as one engine of all.

Ranks of attention data parallelism step together, and the front end spreads requests evenly over them; a pipeline keeps
as many micro-batches under way as it has stages. So limits and budgets add up.
"""

from __future__ import annotations

from infersim.spec.engines import AnyEngine

PER_RANK = ("max_num_seqs", "max_num_batched_tokens", "max_batch_size", "max_num_tokens", "num_gpu_blocks_override")
"""Options of vLLM and TensorRT-LLM that hold for a rank; SGLang and JetStream state theirs for all ranks together."""


def states_a_rank(options: AnyEngine) -> bool:
    """Whether the engine's options hold for a rank or a micro-batch."""
    return any(hasattr(options, name) for name in PER_RANK)


def of_all_ranks(options: AnyEngine, ranks: int) -> AnyEngine:
    """The options of all ranks together."""
    mine = {name: getattr(options, name) for name in PER_RANK if getattr(options, name, None) is not None}
    return options.model_copy(update={name: value * ranks for name, value in mine.items()}) if ranks > 1 else options
