"""Load as one number: arrivals a second of the classes that grow, or clients of closed loops.

A load scales every kind of arrivals by one factor, so that the mix of classes stays. A class draws from streams of its
own seed at every load: Poisson, gamma and Weibull gaps are the same ones closer together, and the n-th request has the
same lengths (common random numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from infersim.errors import InputError, nearest
from infersim.load import Loaded
from infersim.load.loaded import laid_over
from infersim.load.profiles import load_profile
from infersim.spec.arrivals import (
    AllAtOnce,
    Clients,
    ClosedLoop,
    Mmpp,
    Piecewise,
    Sensors,
    Sinusoidal,
    Spike,
    Step,
)
from infersim.spec.arrivals.expected import most_expected
from infersim.spec.scenario import Scenario
from infersim.spec.trace import Trace
from infersim.spec.workload import TrafficClass
from infersim.workload import models, traces

VARYING = (Piecewise, Sinusoidal, Spike, Step)
_LONG_S = 1e6
"""Time over which a rate that never ends is averaged [s]."""
Unit = Literal["requests_per_s", "clients"]


@dataclass(frozen=True)
class Axis:
    """The load axis of a scenario.

    Attributes:
        loaded: the scenario.
        unit: what a load counts.
        own: by class that grows, its load as written.
        fixed_per_s: arrivals a second of the open classes that stay as they are.
    """

    loaded: Loaded
    unit: Unit
    own: Mapping[str, float]
    fixed_per_s: float

    @property
    def as_written(self) -> float:
        """The scenario's own load."""
        return sum(self.own.values())

    @property
    def steady(self) -> bool:
        """Whether a part of the run is like the whole: no rate depends on the clock, no trace has an end."""
        each = self.loaded.scenario.workload.values()
        return not any(traffic.trace is not None or isinstance(traffic.arrivals, VARYING) for traffic in each)

    @property
    def opened(self) -> bool:
        """Whether no class waits for answers: a closed loop begins with all clients at once, sessions with no past."""
        return not any(
            isinstance(each.arrivals, ClosedLoop) or is_of_sessions(each)
            for each in self.loaded.scenario.workload.values()
        )

    @property
    def counted(self) -> str:
        """What a load counts, for people: `arrivals_per_s` where some begin sessions and others are requests."""
        sessions = [is_of_sessions(self.loaded.scenario.workload[name]) for name in self.own]
        if not self._is_rate or not any(sessions):
            return self.unit
        return "sessions_per_s" if all(sessions) else "arrivals_per_s"

    @property
    def besides_per_s(self) -> float | None:
        """Requests a second that come besides the load; None where they, or the load, are not told by rates."""
        return self.fixed_per_s if self._is_rate and self.opened else None

    @property
    def of_traces(self) -> list[str]:
        """Classes that replay a trace."""
        return [name for name, traffic in self.loaded.scenario.workload.items() if traffic.trace is not None]

    @property
    def requests(self) -> int | None:
        """Requests of a run at the load as written; None where only a trace's end tells."""
        run = self.loaded.scenario.run
        if run.requests is not None or run.duration_s is None:
            return run.requests
        return max(1, round((self.as_written + self.fixed_per_s) * run.duration_s)) if self._is_rate else None

    @property
    def _is_rate(self) -> bool:
        return self.unit == "requests_per_s"

    def whole(self, load: float) -> float:
        """The nearest load that there is: clients are whole."""
        return load if self._is_rate else float(max(round(load), len(self.own)))

    @property
    def step(self) -> float:
        """The least distance of two loads: one client; rates have none."""
        return 0.0 if self._is_rate else 1.0

    def floor(self, load: float) -> float:
        """The highest load there is up to this one."""
        return load if self._is_rate else float(max(int(load), 1))

    def at(self, load: float) -> Loaded:
        """The scenario at a load."""
        factor, settings = load / self.as_written, {}
        for name in self.own:
            for path, value in _scaled(self.loaded.scenario.workload[name], self.own[name], factor).items():
                settings[f"workload.{name}.{path}"] = value
        return self._with(settings)

    def pressed(self, load: float, requests: int | None) -> Loaded:
        """So many requests at a load, answered to the last; rates that vary become Poisson, traces are faster."""
        factor = load / self.as_written
        settings: dict[str, Any] = {"run.until": "drained", "run.warmup": "none"}
        if requests is not None:
            settings |= {"run.requests": requests, "run.duration_s": None}
        for name, own in self.own.items():
            traffic = self.loaded.scenario.workload[name]
            if traffic.trace is not None:
                changes: dict[str, Any] = {"trace.speed": traffic.trace.speed * factor}
            elif isinstance(traffic.arrivals, VARYING) and requests is not None:
                changes = {"arrivals": {"kind": "poisson", "rate_per_s": own * factor}}
            else:
                changes = _scaled(traffic, own, factor)
            settings |= {f"workload.{name}.{path}": value for path, value in changes.items()}
        return self._with(settings)

    def _with(self, settings: dict[str, Any]) -> Loaded:
        return replace(laid_over(self.loaded, settings), places=self.loaded.places)


def is_of_sessions(traffic: TrafficClass) -> bool:
    """Whether arrivals of a class begin sessions of several requests."""
    return traffic.sessions is not None or (traffic.trace is not None and traffic.trace.format == "sessions")


def axis_of(loaded: Loaded, names: Sequence[str] = ()) -> Axis:
    """The load axis.

    Args:
        loaded: the scenario.
        names: the classes that grow; by default all open ones, or where there are none all closed loops.

    Raises:
        InputError: no such class, open ones and closed loops together, or a class that has no rate.
    """
    workload = loaded.scenario.workload
    for name in names:
        if name not in workload:
            hint = nearest(name, workload) or f"classes: {', '.join(workload)}"
            raise InputError("the scenario has no such traffic class", hint, "--class", repr(name))
    opened = [name for name, traffic in workload.items() if not isinstance(traffic.arrivals, ClosedLoop)]
    grow = list(names) or opened or list(workload)
    rates = {name: _own_per_s(loaded, name) for name in opened}
    closed = [name for name in grow if name not in opened]
    if closed and len(closed) < len(grow):
        raise InputError("closed loops count clients, and open classes requests a second", "one --class at a time")
    if closed:
        own = {name: float(getattr(workload[name].arrivals, "clients", 1)) for name in closed}
        return Axis(loaded, "clients", own, sum(rates.values()))
    at_once = [name for name in grow if isinstance(workload[name].arrivals, AllAtOnce)]
    if at_once:
        hint = "give it a rate, e.g. {kind: poisson, rate_per_s: 1}, or choose others by --class"
        error = InputError("requests that come all at once have no load to vary", hint)
        error = InputError(error.problem, error.hint, f"workload.{at_once[0]}.arrivals", "all_at_once")
        raise loaded.locate(error)
    return Axis(
        loaded,
        "requests_per_s",
        {name: rates[name] for name in grow},
        sum(rate for name, rate in rates.items() if name not in grow),
    )


def _own_per_s(loaded: Loaded, name: str) -> float:
    """Mean arrivals a second of an open class as written; of sessions, their starts."""
    scenario: Scenario = loaded.scenario
    traffic = scenario.workload[name]
    if traffic.trace is not None:
        return _trace_per_s(traffic.trace, loaded.folder)
    if traffic.model is not None:
        if traffic.rate_per_s is not None:
            return traffic.rate_per_s
        return models.mean_rate_per_s(load_profile("workload", traffic.model, f"workload.{name}.model", loaded.folder))
    arrivals = traffic.arrivals
    if isinstance(arrivals, Sinusoidal):
        return arrivals.rate_per_s
    span_s = scenario.run.duration_s or getattr(arrivals, "repeat_s", None) or _LONG_S
    return most_expected(arrivals, span_s) / span_s


def _trace_per_s(trace: Trace, folder: Path) -> float:
    if trace.rate_per_s is not None:
        return trace.rate_per_s
    if trace.format == "sessions":
        starts = traces.read_sessions(trace, folder, 0, 0, 0.0).start_s
        times: np.ndarray = np.zeros(0) if starts is None else starts
    else:
        times = traces.read(trace, folder).arrival_s
        if trace.duration_s is not None and trace.limit is None:
            return len(times) * trace.speed / (trace.duration_s * trace.repeat)
    if len(times) < 2 or times[-1] <= times[0]:
        raise InputError("its requests tell no rate that could be varied", "a longer trace", file=str(trace.path))
    return (len(times) - 1) / float(times[-1] - times[0])


def _scaled(traffic: TrafficClass, own: float, factor: float) -> dict[str, Any]:
    """Settings of a class, by path below it, that multiply its load."""
    if traffic.trace is not None:
        if traffic.trace.format == "sessions":
            return {"trace.speed": traffic.trace.speed * factor}
        return {"trace.rate_per_s": own * factor}
    if traffic.model is not None:
        return {"rate_per_s": own * factor}
    arrivals: Any = traffic.arrivals
    scale: Callable[[str], dict[str, Any]] = lambda key: {f"arrivals.{key}": getattr(arrivals, key) * factor}  # noqa: E731
    match arrivals:
        case ClosedLoop():
            return {"arrivals.clients": max(1, round(arrivals.clients * factor))}
        case Mmpp():
            states = [state.model_dump() | {"rate_per_s": state.rate_per_s * factor} for state in arrivals.states]
            return {"arrivals.states": states}
        case Piecewise():
            return {"arrivals.rates_per_s": [rate * factor for rate in arrivals.rates_per_s]}
        case Step():
            return scale("rate_per_s") | scale("after_rate_per_s")
        case Spike():
            return scale("rate_per_s") | scale("peak_rate_per_s")
        case Sensors():
            return {"arrivals.period_s": arrivals.period_s / factor}
        case Clients() if arrivals.rate_per_s is None:
            return {"arrivals.rate_per_s": own * factor}
    return scale("rate_per_s")
