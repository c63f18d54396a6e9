"""Lengths of every kind beside the probabilities that theory gives to each whole number of tokens."""

from __future__ import annotations

import math

import numpy as np
from pydantic import TypeAdapter
from scipy import stats

from infersim.spec.lengths import Joint, Length

MOST = 60_000
TOKENS = np.arange(1, MOST + 1)


def length(spec: dict) -> Length:
    return TypeAdapter(Length).validate_python(spec)


def joint(spec: dict) -> Joint:
    return TypeAdapter(Joint).validate_python(spec)


def masses(spec: dict) -> np.ndarray:
    """The probability of each whole number from 1 to MOST."""
    return {
        "fixed": lambda: (spec["value"] == TOKENS) * 1.0,
        "uniform": lambda: _whole((spec["low"] <= TOKENS) & (spec["high"] >= TOKENS)),
        "zipf": lambda: _zipf(**spec),
        "geometric": lambda: _clipped(1.0 - (1.0 - 1.0 / spec["mean"]) ** TOKENS, spec),
        "lognormal": lambda: _clipped(_lognormal(spec["mean"], spec["cv"]).cdf(TOKENS + 0.5), spec),
        "empirical": lambda: _counted(spec["values"], spec.get("weights")),
        "quantiles": lambda: _between(spec["probabilities"], spec["values"]),
        "mixture": lambda: _mixed(spec["components"], spec.get("weights")),
    }[spec["kind"]]()


def _whole(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _zipf(kind: str, exponent: float, max: int, min: int = 1) -> np.ndarray:
    return _whole(np.where((min <= TOKENS) & (max >= TOKENS), TOKENS.astype(float) ** -exponent, 0.0))


def _lognormal(mean: float, cv: float):
    sigma = math.sqrt(math.log(1 + cv * cv))
    return stats.lognorm(sigma, scale=mean * math.exp(-sigma * sigma / 2))


def _clipped(up_to: np.ndarray, spec: dict) -> np.ndarray:
    """What is below min counts at min, what is above max at max."""
    up_to = np.where(spec.get("min", 1) > TOKENS, 0.0, up_to)
    up_to = np.where(spec.get("max", MOST) <= TOKENS, 1.0, up_to)
    return np.diff(up_to, prepend=0.0)


def _counted(values: list[int], weights: list[float] | None) -> np.ndarray:
    found = np.zeros(MOST)
    for value, weight in zip(values, weights or [1.0] * len(values), strict=True):
        found[value - 1] += weight
    return _whole(found)


def _between(probabilities: list[float], values: list[int]) -> np.ndarray:
    """Point masses at both ends, and between two neighbours the same density everywhere."""
    found = np.zeros(MOST)
    found[values[0] - 1] += probabilities[0]
    found[values[-1] - 1] += 1.0 - probabilities[-1]
    for k in range(len(values) - 1):
        low, high, mass = values[k], values[k + 1], probabilities[k + 1] - probabilities[k]
        if low == high:
            found[low - 1] += mass
        else:
            share = np.ones(high - low + 1)
            share[[0, -1]] = 0.5  # half of a token's width lies on either side of an end
            found[low - 1 : high] += mass * share / (high - low)
    return found


def _mixed(components: list[dict], weights: list[float] | None) -> np.ndarray:
    shares = _whole(np.array(weights or [1.0] * len(components)))
    return sum(share * masses(each) for share, each in zip(shares, components, strict=True))


CHAT, CODE = {"kind": "lognormal", "mean": 80, "cv": 0.5}, {"kind": "lognormal", "mean": 6000, "cv": 0.4, "max": 20_000}
SHORT = {"kind": "geometric", "mean": 12}
CASES: dict[str, dict] = {
    "fixed": {"kind": "fixed", "value": 77},
    "uniform": {"kind": "uniform", "low": 10, "high": 29},
    "uniform, one value": {"kind": "uniform", "low": 9, "high": 9},
    "lognormal": {"kind": "lognormal", "mean": 512, "cv": 0.8},
    "lognormal, clipped": {"kind": "lognormal", "mean": 512, "cv": 1.5, "min": 64, "max": 2048},
    "lognormal, below a token": {"kind": "lognormal", "mean": 0.7, "cv": 2},
    "geometric": {"kind": "geometric", "mean": 40},
    "geometric, clipped": {"kind": "geometric", "mean": 300, "min": 20, "max": 400},
    "geometric of one": {"kind": "geometric", "mean": 1},
    "zipf, flat": {"kind": "zipf", "exponent": 0, "max": 100},
    "zipf, below one": {"kind": "zipf", "exponent": 0.6, "max": 4096},
    "zipf, one": {"kind": "zipf", "exponent": 1.0, "max": 50_000},
    "zipf, steep": {"kind": "zipf", "exponent": 2.5, "max": 10_000},
    "zipf from a minimum": {"kind": "zipf", "exponent": 1.4, "min": 50, "max": 8192},
    "empirical": {"kind": "empirical", "values": [60, 10, 20], "weights": [1, 2, 1]},
    "empirical, doubled": {"kind": "empirical", "values": [5, 6, 5, 7], "weights": [1, 0, 3, 2]},
    "quantiles": {"kind": "quantiles", "probabilities": [0, 0.5, 0.9, 1], "values": [10, 200, 1500, 8000]},
    "quantiles, open ends": {"kind": "quantiles", "probabilities": [0.05, 0.5, 0.95], "values": [30, 90, 700]},
    "quantiles, a step": {"kind": "quantiles", "probabilities": [0, 0.4, 0.6, 1], "values": [1, 100, 100, 120]},
    "one quantile": {"kind": "quantiles", "probabilities": [0.5], "values": [42]},
    "mixture": {"kind": "mixture", "components": [CHAT, CODE], "weights": [3, 1]},
    "mixture, apart": {"kind": "mixture", "components": [{"kind": "fixed", "value": 1}, {**CHAT, "mean": 9000}]},
    "mixture of five": {
        "kind": "mixture",
        "components": [
            SHORT,
            {"kind": "uniform", "low": 5000, "high": 9000},
            {"kind": "zipf", "exponent": 1.2, "min": 100, "max": 30_000},
            {"kind": "empirical", "values": [3, 4096, 20_000]},
            {"kind": "quantiles", "probabilities": [0, 1], "values": [50, 60]},
        ],
        "weights": [2, 1, 1, 0.5, 0],
    },
}
