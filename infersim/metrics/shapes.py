"""The typical step: the mean batch of a run's steps, of those that only decode and of those with prompts in them."""

from __future__ import annotations

from dataclasses import dataclass

from infersim.metrics.pieces import Columns
from infersim.timing.shape import BatchShape

DECODE, PREFILL = "decode", "prefill"
KINDS = (DECODE, PREFILL)
_FIELDS = BatchShape.__slots__


@dataclass(frozen=True)
class Typical:
    """Steps of one kind.

    Attributes:
        shape: their mean batch, in whole sequences and tokens.
        steps: how many they are.
        seconds: how long they take in all [s].
    """

    shape: BatchShape
    steps: float
    seconds: float


class Shapes:
    """Sums over steps by their kind; a step counts once, however long it takes."""

    def __init__(self) -> None:
        self._sums = {kind: dict.fromkeys(("steps", "seconds", *_FIELDS), 0.0) for kind in KINDS}

    def add(self, columns: Columns) -> None:
        """Take a chunk of segments (`records.SEGMENT_COLUMNS`)."""
        steps, filling = columns["steps"], columns["prefill_tokens"] > 0
        # over a stretch each decode reads a token more in every step
        growth = columns["decode_seqs"] * steps * (steps - 1) / 2
        values = {name: columns[name] * steps for name in _FIELDS}
        values["decode_context_tokens"] = values["decode_context_tokens"] + growth
        values |= {"steps": steps, "seconds": columns["end_s"] - columns["start_s"]}
        for kind, which in ((DECODE, ~filling), (PREFILL, filling)):
            for name, each in values.items():
                self._sums[kind][name] += float(each[which].sum())

    def typical(self, kind: str) -> Typical | None:
        """The typical step of a kind; None where there was none."""
        sums = self._sums[kind]
        if not sums["steps"]:
            return None
        mean = {name: sums[name] / sums["steps"] for name in _FIELDS}
        decodes = round(mean["decode_seqs"]) if kind == PREFILL else max(round(mean["decode_seqs"]), 1)
        context = round(mean["decode_context_tokens"] / mean["decode_seqs"] * decodes) if decodes else 0
        chunks = max(round(mean["prefill_chunks"]), 1) if kind == PREFILL else 0
        tokens = max(round(mean["prefill_tokens"]), chunks)
        shape = BatchShape(
            decodes,
            context,
            chunks,
            tokens,
            round(mean["prefill_context_tokens"]),
            mean["prefill_work"] * (tokens / mean["prefill_tokens"] if tokens else 0.0),
            min(round(mean["sampled_seqs"]), decodes + chunks),
        )
        return Typical(shape, sums["steps"], sums["seconds"])
