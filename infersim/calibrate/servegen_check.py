"""A model of clients held against what it was made from: a day is generated and counted."""

from __future__ import annotations

import numpy as np

from infersim.rng import stream
from infersim.spec.client_model import ClientModel
from infersim.workload.models.clients import ClientRequests, generate
from infersim.workload.models.day import mean_rate_per_s

REQUESTS = 5e6
"""So many are generated: rates are scaled, cvs stay."""
ENOUGH = 500
"""Requests of a client in a window from which its cv can be told."""


def errors(model: ClientModel, means: dict[str, list[float]]) -> dict[str, float]:
    """Errors of `spec.client_model.ClientFit`, from one day.

    Args:
        model: the clients.
        means: stated mean of `prompt_tokens` and `output_tokens` of each client; nan where there is none.
    """
    windows = len(model.clients[0].rate_per_s)
    day_s = windows * model.window_s
    rate_per_s = REQUESTS / day_s
    made = generate(model, lambda what: stream(0, "check", what), None, day_s, rate_per_s)
    stated = np.array([client.rate_per_s for client in model.clients]) * rate_per_s / mean_rate_per_s(model)
    window = (made.arrival_s // model.window_s).astype(np.int64)
    cell = made.client * windows + np.minimum(window, windows - 1)
    counts = np.bincount(cell, minlength=stated.size).reshape(stated.shape)
    expected = stated.sum(axis=0) * model.window_s
    rate_error = float(np.mean(np.abs(counts.sum(axis=0) - expected)) / expected.mean())
    return {
        "rate_error": round(rate_error, 3),
        "cv_error": round(_cv_error(model, made, cell, counts), 3),
        "prompt_mean_error": round(_mean_error(made.prompt_tokens, made.client, means["prompt_tokens"]), 3),
        "output_mean_error": round(_mean_error(made.output_tokens, made.client, means["output_tokens"]), 3),
    }


def _cv_error(model: ClientModel, made: ClientRequests, cell: np.ndarray, counts: np.ndarray) -> float:
    order = np.argsort(cell, kind="stable")
    gaps, same = np.diff(made.arrival_s[order]), np.diff(cell[order]) == 0
    gaps, cell = gaps[same], cell[order][1:][same]
    number, sums, squares = (
        np.bincount(cell, weights, minlength=counts.size) for weights in (np.ones_like(gaps), gaps, gaps**2)
    )
    stated = np.array([client.cv for client in model.clients]).ravel()
    enough = counts.ravel() >= ENOUGH
    mean = sums[enough] / number[enough]
    cv = np.sqrt(np.maximum(squares[enough] / number[enough] - mean**2, 0.0)) / mean
    return float(np.median(np.abs(cv / stated[enough] - 1.0)))


def _mean_error(tokens: np.ndarray, client: np.ndarray, stated: list[float]) -> float:
    count = np.bincount(client, minlength=len(stated))
    made = np.bincount(client, tokens, minlength=len(stated)) / np.maximum(count, 1)
    known = ~np.isnan(stated)
    return float(np.average(np.abs(made / stated - 1.0)[known], weights=count[known]))
