"""What a step's time depends on: a batch as a handful of scalars, never as a list of requests."""

from __future__ import annotations


class BatchShape:
    """The scalars of one step. A replica keeps one object up to date; timing models only read it.

    Attributes:
        decode_seqs: sequences that decode one token each.
        decode_context_tokens: KV tokens that these decodes read, the new token of each included.
        prefill_chunks: prompts, or parts of prompts, computed in the step.
        prefill_tokens: their tokens, Σ q.
        prefill_context_tokens: KV tokens of earlier chunks that they read, Σ ctx.
        prefill_work: attention work, Σ q·(q/2 + ctx) [token pairs].
        sampled_seqs: sequences that sample a token: every decode and every prefill that ends.
    """

    __slots__ = (
        "decode_context_tokens",
        "decode_seqs",
        "prefill_chunks",
        "prefill_context_tokens",
        "prefill_tokens",
        "prefill_work",
        "sampled_seqs",
    )

    def __init__(
        self,
        decode_seqs: int = 0,
        decode_context_tokens: int = 0,
        prefill_chunks: int = 0,
        prefill_tokens: int = 0,
        prefill_context_tokens: int = 0,
        prefill_work: float = 0.0,
        sampled_seqs: int = 0,
    ):
        self.decode_seqs = decode_seqs
        self.decode_context_tokens = decode_context_tokens
        self.prefill_chunks = prefill_chunks
        self.prefill_tokens = prefill_tokens
        self.prefill_context_tokens = prefill_context_tokens
        self.prefill_work = prefill_work
        self.sampled_seqs = sampled_seqs

    def __repr__(self) -> str:
        return "BatchShape(" + ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__) + ")"
