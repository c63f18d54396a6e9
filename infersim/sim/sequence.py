"""A sequence: one request on a replica, from its arrival to its last token."""

from __future__ import annotations

NEVER = -1


class Sequence:
    """What a replica knows of a request.

    Attributes:
        row: its row in the request table.
        prompt_tokens, output_tokens: its lengths; the output is known to the simulation alone.
        target: tokens to compute before it can decode: the prompt, and after a preemption what it had produced too.
        computed: of these, computed so far; final once it decodes.
        produced: output tokens at the time when it last began to decode, or was preempted.
        joined_step: decode-step count when it began to decode.
        joined_s: when it began to decode [s].
        finish_step: decode-step count at which it produces its last token, or `NEVER`.
        order: rank of admission; the greatest is the newest.
        requeue: place of its last eviction among the table's `requeues`, or `NEVER`.
        last_token_s: time of its last token before an eviction that it has not come back from, or -1 [s].
    """

    __slots__ = (
        "computed",
        "finish_step",
        "joined_s",
        "joined_step",
        "last_token_s",
        "order",
        "output_tokens",
        "produced",
        "prompt_tokens",
        "requeue",
        "row",
        "target",
    )

    def __init__(self, row: int, prompt_tokens: int, output_tokens: int):
        self.row = row
        self.prompt_tokens = self.target = prompt_tokens
        self.output_tokens = output_tokens
        self.computed = self.produced = self.joined_step = self.order = 0
        self.finish_step = self.requeue = NEVER
        self.joined_s = self.last_token_s = -1.0
