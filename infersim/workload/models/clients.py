"""Requests of a workload model of clients: each client by itself, window by window, with its own lengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from infersim.rng import stream
from infersim.spec.client_model import ClientModel
from infersim.workload.arrivals.blocks import LARGEST, gathered_columns
from infersim.workload.arrivals.clients import Superposition
from infersim.workload.arrivals.gaps import gaps_of
from infersim.workload.models.day import mean_rate_per_s, notes_on
from infersim.workload.requests import Requests


@dataclass(frozen=True)
class ClientRequests:
    """Requests by arrival. Arrays of equal length.

    Attributes:
        arrival_s: ascending [s].
        client: index of the client among the model's.
        prompt_tokens, output_tokens: at least 1 each; the output includes reasoning.
        reasoning_tokens: of the output, where the model has them.
    """

    arrival_s: np.ndarray
    client: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    reasoning_tokens: np.ndarray | None


def generate(
    model: ClientModel,
    stream: Callable[[str], np.random.Generator],
    limit: int | None,
    until_s: float | None,
    rate_per_s: float | None = None,
    start_s: float = 0.0,
) -> ClientRequests:
    """Make requests.

    Args:
        model: the clients.
        stream: gives the stream to draw a thing from: `arrivals`, `prompt_tokens`, `output_tokens`, `reasoning_tokens`.
        limit: most requests, or None.
        until_s: none arrives at or after this time [s], or None.
        rate_per_s: mean over all windows to which every client's rates are scaled; None for the model's own.
        start_s: of the model's day, at time 0.
    """
    scale = 1.0 if rate_per_s is None else rate_per_s / mean_rate_per_s(model)
    arrival_s, client = gathered_columns(_blocks(model, scale, stream("arrivals"), start_s), limit, until_s)
    prompt, output = (
        np.maximum(_lengths(model, name, client, stream(name)), 1.0).astype(np.int64)
        for name in ("prompt_tokens", "output_tokens")
    )
    reasoning = None
    if model.clients[0].reasoning_share is not None:
        share = _lengths(model, "reasoning_share", client, stream("reasoning_tokens"), tail=False)
        reasoning = np.rint(np.minimum(share, 1.0) * output).astype(np.int64)
    return ClientRequests(arrival_s, client, prompt, output, reasoning)


def requests(
    model: ClientModel,
    seed: int,
    name: str,
    rate_per_s: float | None,
    limit: int | None,
    until_s: float | None,
    start_s: float = 0.0,
) -> Requests:
    """Requests of a traffic class, whose name its streams carry; the rest as in `generate`."""
    made = generate(model, lambda what: stream(seed, "workload", name, what), limit, until_s, rate_per_s, start_s)
    end_s = until_s
    if made.arrival_s.size and (end_s is None or made.arrival_s.size == limit):
        end_s = float(made.arrival_s[-1])
    notes = notes_on(model, rate_per_s, start_s, end_s or 0.0)
    lengths = made.prompt_tokens, made.output_tokens
    return Requests(made.arrival_s, *lengths, reasoning_tokens=made.reasoning_tokens, notes=notes)


def _blocks(
    model: ClientModel, scale: float, rng: np.random.Generator, begin_s: float
) -> Iterator[tuple[tuple[np.ndarray, ...], float]]:
    """Each window is a stretch of stationary processes: their counts have the window's mean, wherever gaps were cut."""
    rate = scale * np.array([client.rate_per_s for client in model.clients])
    cv = np.array([client.cv for client in model.clients])
    families = [client.family for client in model.clients]
    number = int(begin_s // model.window_s)
    while True:
        window, start_s = number % rate.shape[1], max(number * model.window_s - begin_s, 0.0)
        number += 1
        clients = Superposition(rate[:, window], gaps_of(families, cv[:, window]), rng, start_s)
        for times_s, owners, end_s in clients.blocks(number * model.window_s - begin_s):
            yield (times_s, owners), end_s


def _lengths(
    model: ClientModel, name: str, client: np.ndarray, rng: np.random.Generator, tail: bool = True
) -> np.ndarray:
    """Draws from each request's client's quantiles: linear between levels, its first below them.

    Above the last level an exponential tail goes on through the last two quantiles, or, without `tail`, the last stays.
    """
    table, levels = np.array([getattr(each, name) for each in model.clients]), np.array(model.levels)
    values = np.empty(client.size)
    for start in range(0, client.size, LARGEST):  # in parts, for the memory of what is between
        part = slice(start, start + LARGEST)
        values[part] = _by_quantiles(table, levels, client[part], rng.random(client[part].size), tail)
    return values


def _by_quantiles(
    table: np.ndarray, levels: np.ndarray, client: np.ndarray, drawn: np.ndarray, tail: bool
) -> np.ndarray:
    above = np.clip(np.searchsorted(levels, drawn, side="right"), 1, levels.size - 1)
    low, high = table[client, above - 1], table[client, above]
    part = np.clip((drawn - levels[above - 1]) / (levels[above] - levels[above - 1]), 0.0, 1.0)
    values = low + part * (high - low)
    beyond = np.flatnonzero(drawn > levels[-1])
    if tail and beyond.size:
        scale = (high - low)[beyond] / math.log((1.0 - levels[-2]) / (1.0 - levels[-1]))
        values[beyond] += scale * np.log((1.0 - levels[-1]) / (1.0 - drawn[beyond]))
    return values
