"""The class of configurations that a timing model belongs to when its errors are told: how well its curves are known,
and whether it routes tokens to experts."""

from __future__ import annotations

from typing import Literal

from infersim.spec.hardware import Confidence
from infersim.timing.transformer import TransformerTiming

_TELLING = ("gemm", "experts", "prefill", "decode", "latent")
"""Roles of the curves that decide: products, experts and attention; the rest is small beside them."""
_WEAKEST_FIRST: tuple[Confidence, ...] = ("spec-sheet", "derived", "measured")


def curves_level(timing: TransformerTiming) -> Confidence:
    """Confidence of the weakest of the curves of products, experts and attention."""
    curves = timing.curves
    levels = {getattr(curves, role).confidence for role in _TELLING if role in curves.roles}
    return next(level for level in _WEAKEST_FIRST if level in levels)


def feed_forward(timing: TransformerTiming) -> Literal["dense", "moe"]:
    """Whether the model has routed experts."""
    return "moe" if any(feed.experts for feed in timing.share.feeds) else "dense"
