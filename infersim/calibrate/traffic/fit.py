"""A workload model from recorded requests."""

from __future__ import annotations

import numpy as np

from infersim.calibrate.traffic import memory, tables
from infersim.calibrate.traffic.errors import apart, conditioning, errors
from infersim.errors import InputError
from infersim.spec.workload_model import (
    Dispersion,
    FittedArrivals,
    FittedLengths,
    FittedModel,
    Memory,
    PrefixSharing,
)
from infersim.workload.burstiness import dispersion, has_windows
from infersim.workload.models.periods import own_rate_per_s
from infersim.workload.prefix_share import seen_before
from infersim.workload.requests import Blocks, Requests

FEWEST_REQUESTS = 400
SHORTEST_S = 16.0
STAMPED = 0.1
"""From this share of gaps of zero on, instants and requests at an instant are told apart."""
INDEPENDENT = "lengths of successive requests are independent of each other and of the rate"
HOURS = "burstiness does not differ from one period to the next; drift over spans longer than the trace is not known"
PREFIXES = "prompts share nothing: the trace's shared prefixes are counted in prefix_sharing only"


def fit(trace: Requests, name: str, source: str, date: str, command: str, licence: str | None = None) -> FittedModel:
    """Fit a model to a trace.

    Args:
        trace: the requests.
        name: of the model.
        source: where the trace comes from.
        date: of the fit.
        command: what makes the profile again.
        licence: of the trace.

    Raises:
        InputError: the trace is too short for a fit.
    """
    trace = _from_zero(trace)
    _check(trace)
    first, second = _halves(trace)
    arrivals, lengths = parts(trace)
    in_sample = errors(arrivals, lengths, trace, "the trace that it was fitted to")
    shared = _shared(trace.blocks)
    return FittedModel(
        name=name,
        source=source,
        licence=licence,
        date=date,
        command=command,
        requests=len(trace),
        span_s=round(float(trace.arrival_s[-1]), 6),
        rate_per_s=float(f"{own_rate_per_s(arrivals):.6g}"),
        arrivals=arrivals,
        lengths=lengths,
        in_sample=in_sample.model_copy(update={"conditioning": conditioning(arrivals)}),
        held_out=errors(*parts(first), second, "a fit to the trace's first half, against its second half"),
        halves=apart(
            first, second, arrivals.dispersion.window_s, "the trace's first half itself, against its second half"
        ),
        prefix_sharing=shared,
        not_reproduced=(INDEPENDENT, HOURS, *([PREFIXES] if shared else [])),
    )


def parts(trace: Requests) -> tuple[FittedArrivals, FittedLengths]:
    """A model's arrivals and lengths from requests that begin at time 0."""
    lengths = FittedLengths(
        prompt_tokens=tables.quantiles(trace.prompt_tokens, whole=True),
        output_tokens=tables.quantiles(trace.output_tokens, whole=True),
        joint=tables.joint(trace.prompt_tokens, trace.output_tokens),
    )
    return _arrivals(trace.arrival_s), lengths


def _arrivals(arrival_s: np.ndarray) -> FittedArrivals:
    span_s = float(arrival_s[-1])
    stamped = float((np.diff(arrival_s) == 0).mean()) >= STAMPED
    instants, counts = np.unique(arrival_s, return_counts=True) if stamped else (arrival_s, None)
    gaps = np.round(np.diff(instants), 9)
    held = [each for each in memory.HELD_S if has_windows(each, span_s)]
    spec = FittedArrivals(
        instants=len(instants),
        gaps_s=tables.with_mean(tables.quantiles(gaps, whole=False), float(gaps.mean())),
        sizes=None if counts is None else tables.sizes(counts),
        memory=Memory(instants=(0.0,), weights=(1.0,)),
        dispersion=Dispersion(
            window_s=tuple(held), index=tuple(float(f"{dispersion(arrival_s, each, span_s):.5g}") for each in held)
        ),
    )
    return spec.model_copy(update={"memory": memory.fit(spec, arrival_s)})


def _shared(blocks: Blocks | None) -> PrefixSharing | None:
    if blocks is None:
        return None
    return PrefixSharing(block_tokens=blocks.block_tokens, seen_before=round(seen_before(blocks), 4))


def _from_zero(trace: Requests) -> Requests:
    begin_s = trace.arrival_s[0] if len(trace) else 0.0
    return Requests(trace.arrival_s - begin_s, trace.prompt_tokens, trace.output_tokens, trace.blocks)


def _halves(trace: Requests) -> tuple[Requests, Requests]:
    middle = int(np.searchsorted(trace.arrival_s, trace.arrival_s[-1] / 2))
    first, second = (
        Requests(trace.arrival_s[part], trace.prompt_tokens[part], trace.output_tokens[part])
        for part in (slice(middle), slice(middle, None))
    )
    return first, _from_zero(second)


def _check(trace: Requests) -> None:
    span_s = float(trace.arrival_s[-1]) if len(trace) else 0.0
    instead = "play the trace itself"
    if len(trace) < FEWEST_REQUESTS:
        problem = f"{len(trace):,} requests are too few to fit a model to"
        raise InputError(problem, f"at least {FEWEST_REQUESTS} are needed; {instead}")
    if span_s < SHORTEST_S:
        problem = f"{span_s:.3g} s from the first request to the last are too short to fit a model to"
        raise InputError(problem, f"at least {SHORTEST_S:g} s are needed; {instead}")
    first, second = _halves(trace)
    if min(len(first), len(second)) < FEWEST_REQUESTS // 4 or first.arrival_s[-1] <= 0 or second.arrival_s[-1] <= 0:
        problem = f"{len(first):,} requests come in the first half of the time and {len(second):,} in the second"
        raise InputError(problem, "cut the trace to a part of steadier traffic")
