"""The typical steps of a run, operator by operator."""

from __future__ import annotations

from typing import Any

from infersim.metrics.shapes import DECODE, KINDS, PREFILL, Typical
from infersim.result import Result
from infersim.timing.breakdown import breakdown
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import TransformerTiming


def steps(result: Result, timing: TransformerTiming) -> list[dict[str, Any]]:
    """One entry a kind of step that the run has had: its mean batch, how much of the busy time it took, its rows."""
    found = {kind: result.typical_step(kind) for kind in KINDS}
    busy_s = sum(each.seconds for each in found.values() if each)
    return [_step(kind, each, busy_s, timing) for kind, each in found.items() if each]


def prefill_share(result: Result, timing: TransformerTiming) -> float | None:
    """Share of the busy time that prompts take, beyond that of the same steps without them."""
    decode, prefill = (result.typical_step(kind) for kind in (DECODE, PREFILL))
    if prefill is None:
        return None
    shape = prefill.shape
    riding = BatchShape(shape.decode_seqs, shape.decode_context_tokens, sampled_seqs=shape.decode_seqs)
    without_s = timing.step_s(riding) if shape.decode_seqs else 0.0
    share = 1.0 - without_s / timing.step_s(shape)
    return share * prefill.seconds / (prefill.seconds + (decode.seconds if decode else 0.0))


def _step(kind: str, typical: Typical, busy_s: float, timing: TransformerTiming) -> dict[str, Any]:
    shape, step_s = typical.shape, timing.step_s(typical.shape)
    return {
        "kind": kind,
        "steps": typical.steps,
        "busy_share": typical.seconds / busy_s,
        "seconds": step_s,
        "batch": {name: getattr(shape, name) for name in BatchShape.__slots__},
        "operators": [
            {
                "operator": row.operator,
                "calls": row.calls,
                "seconds": row.seconds,
                "share": row.seconds / step_s,
                "flops": row.flops,
                "bytes": row.bytes,
                "bound": row.bound,
            }
            for row in sorted(breakdown(timing, shape), key=lambda row: -row.seconds)
        ],
    }
