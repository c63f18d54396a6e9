"""The interval that a measurement is expected in, from how far predictions of its class were off elsewhere.

A validation's residuals are ratios predicted ÷ measured. Where 10% of them are below p10 and 10% above p90, four of
five measurements lie between predicted ÷ p90 and predicted ÷ p10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from infersim.spec.engine import Residuals
from infersim.spec.hardware import Confidence

FIGURES = ("ttft_s", "tpot_s")


@dataclass(frozen=True)
class ErrorClass:
    """The class of configurations that a run belongs to, and what is known of its errors.

    Attributes:
        engine: its name.
        curves: confidence of its curves.
        feed_forward: `dense` or `moe`.
        residuals: of this class; None where no such configuration was validated.
    """

    engine: str
    curves: Confidence
    feed_forward: Literal["dense", "moe"]
    residuals: Residuals | None

    def __str__(self) -> str:
        experts = "a model of experts" if self.feed_forward == "moe" else "a dense model"
        return f"{self.engine}, {self.curves} curves, {experts}"


def prediction_interval(figures: Mapping[str, Any], of: ErrorClass) -> dict[str, Any]:
    """What `confidence.prediction_interval` says.

    Args:
        figures: of the run; means of `FIGURES` are used [s].
        of: its class.

    Returns:
        `ttft_s` and `tpot_s`, each `{"mean": [low, high]}` or None, and `basis`: a sentence on where they come from.
    """
    known = of.residuals
    if known is None:
        return {**dict.fromkeys(FIGURES), "basis": f"no validated runs of this class ({of})"}
    found, counts = {}, []
    for name in FIGURES:
        quantiles, mean = getattr(known, name), figures[name]["mean"]
        found[name] = None if None in (quantiles, mean) else {"mean": [mean / quantiles.p90, mean / quantiles.p10]}
        counts += [quantiles.n] if quantiles else []
    runs = f"{min(counts):,}" if len(set(counts)) == 1 else f"{min(counts):,} to {max(counts):,}"
    return {**found, "basis": f"80% of {runs} validated runs of this class ({of}): {known.source}, {known.date}"}
