"""Requests in figures: rate, burstiness, lengths, and what they share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from infersim.workload.burstiness import autocorrelation, dispersion, gap_cv, has_windows, window
from infersim.workload.prefix_share import seen_before
from infersim.workload.requests import Requests

WINDOWS_S = (1.0, 10.0, 60.0, 600.0)
LAGS = (1, 10, 100)
PERCENTILES = (1, 10, 25, 50, 75, 90, 99)


def describe(requests: Requests, span_s: float | None = None) -> dict[str, Any]:
    """Figures of some requests; None where there are too few of them.

    Args:
        requests: at least one.
        span_s: they are all that came from time 0 to here [s]; where None, from the first of them to the last.
    """
    arrival_s = requests.arrival_s - (requests.arrival_s[0] if span_s is None else 0.0)
    count = len(requests) - (span_s is None)
    span_s = float(arrival_s[-1]) if span_s is None else span_s
    gaps = np.diff(arrival_s)
    shown = {lag: _number(autocorrelation(gaps, lag)) for lag in LAGS}
    blocks = requests.blocks
    return {
        "requests": len(requests),
        "span_s": span_s,
        "rate_per_s": _number(count / span_s) if span_s > 0 else None,
        "gaps_s": _distribution(gaps) if gaps.size else None,
        "gap_cv": _number(gap_cv(arrival_s)),
        "gaps_of_zero": float((gaps == 0).mean()) if gaps.size else None,
        "gap_autocorrelation": {str(lag): value for lag, value in shown.items()},
        "dispersion": {
            window(each): _number(dispersion(arrival_s, each, span_s)) if has_windows(each, span_s) else None
            for each in WINDOWS_S
        },
        "prompt_tokens": _distribution(requests.prompt_tokens),
        "output_tokens": _distribution(requests.output_tokens),
        "prompt_output_correlation": _correlation(requests),
        "prefix_sharing": None
        if blocks is None
        else {"block_tokens": blocks.block_tokens, "seen_before": seen_before(blocks)},
    }


def _distribution(values: np.ndarray) -> dict[str, float]:
    shares = dict(zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True))
    return {
        "mean": float(values.mean()),
        **{f"p{percent}": float(value) for percent, value in shares.items()},
        "max": float(values.max()),
    }


def _correlation(requests: Requests) -> dict[str, float | None]:
    from scipy.stats import rankdata

    prompts, outputs = requests.prompt_tokens, requests.output_tokens
    return {"ranks": _pearson(rankdata(prompts), rankdata(outputs)), "tokens": _pearson(prompts, outputs)}


def _pearson(one: np.ndarray, other: np.ndarray) -> float | None:
    varies = len(one) > 1 and one.std() > 0 and other.std() > 0
    return float(np.corrcoef(one, other)[0, 1]) if varies else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
