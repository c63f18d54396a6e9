"""Workload models drawn from: profiles that stand for recorded traffic become requests."""

from __future__ import annotations

from infersim.errors import InputError
from infersim.spec.client_model import ClientModel
from infersim.spec.scenario import MOST_REQUESTS
from infersim.spec.workload_model import AnyWorkload
from infersim.units import show_seconds
from infersim.workload.models import clients, day, fitted
from infersim.workload.models.periods import own_rate_per_s
from infersim.workload.requests import Requests

__all__ = ["mean_rate_per_s", "requests", "span_s"]


def requests(
    model: AnyWorkload,
    seed: int,
    name: str,
    rate_per_s: float | None,
    limit: int | None,
    until_s: float | None,
    start_s: float | None = None,
) -> Requests:
    """Draw a model's requests.

    Args:
        model: the model.
        seed: the run's.
        name: of the traffic class; its streams carry it.
        rate_per_s: mean arrivals a second; the model's own where None.
        limit: most requests; None where only `until_s` ends them.
        until_s: no request at or after this time [s]; None where only `limit` ends them.
        start_s: of a model of clients, where in its day they begin; 0 where None [s].

    Raises:
        InputError: they would be more than a class may have, or begin where the model has no time.
    """
    _check_start(model, name, start_s)
    rate = mean_rate_per_s(model) if rate_per_s is None else rate_per_s
    if until_s is not None and limit is None and rate * until_s > MOST_REQUESTS:
        problem = f"{rate * until_s:.3g} requests are more than {MOST_REQUESTS:,}"
        hint = "lower the rate or run.duration_s, or set run.requests"
        raise InputError(problem, hint, f"workload.{name}.rate_per_s", f"{rate:g}")
    if isinstance(model, ClientModel):
        return clients.requests(model, seed, name, rate_per_s, limit, until_s, start_s or 0.0)
    return fitted.requests(model, seed, name, rate_per_s, limit, until_s)


def _check_start(model: AnyWorkload, name: str, start_s: float | None) -> None:
    if start_s is None:
        return
    at = f"workload.{name}.start_s", f"{start_s:g}"
    if not isinstance(model, ClientModel):
        raise InputError(f"{model.name} is fitted to one trace and has no times of day", "leave it out", *at)
    if start_s >= span_s(model):
        raise InputError("is not within the model's day", f"must be < {show_seconds(span_s(model))}", *at)


def mean_rate_per_s(model: AnyWorkload) -> float:
    """A model's own mean arrivals a second."""
    return day.mean_rate_per_s(model) if isinstance(model, ClientModel) else own_rate_per_s(model.arrivals)


def span_s(model: AnyWorkload) -> float:
    """Length of the traffic that a model stands for [s]."""
    return day.day_s(model) if isinstance(model, ClientModel) else model.span_s
