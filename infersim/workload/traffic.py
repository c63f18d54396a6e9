"""A scenario's traffic: each class's requests, open ones merged into one stream, closed loops and sessions as streams
of what their clients send next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.load.profiles import load_profile
from infersim.rng import stream
from infersim.spec.arrivals import ClosedLoop
from infersim.spec.scenario import Scenario
from infersim.spec.trace import Trace
from infersim.spec.workload import TrafficClass
from infersim.workload import arrivals, lengths, models, sessions, traces
from infersim.workload.bounds import Bounds
from infersim.workload.requests import Blocks, Requests
from infersim.workload.turns import SessionTraffic

BLOCK = 4096


@dataclass(frozen=True)
class OpenTraffic:
    """Requests of all open classes, by arrival. Arrays of equal length; ties stand in the order of the classes.

    Attributes:
        arrival_s: when each is sent [s].
        prompt_tokens, output_tokens: how long it is.
        traffic_class: the number of its class.
        reasoning_tokens: what of each output is reasoning; None where no class reasons.
        cut: what of each was cut (as in `records.RequestTable`), int8; None before anything was.
    """

    arrival_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    traffic_class: np.ndarray
    reasoning_tokens: np.ndarray | None = None
    cut: np.ndarray | None = None

    def of(self, which: np.ndarray) -> OpenTraffic:
        """Some of the requests, by their indices."""
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return replace(self, **{name: column[which] for name, column in columns.items() if column is not None})

    def scaled(self, prompt: float, output: float) -> OpenTraffic:
        """The requests with all lengths times a factor, whole tokens and at least one."""
        longer = _times(self.output_tokens, output)
        thought = self.reasoning_tokens
        if thought is not None:
            thought = np.minimum(np.rint(thought * output).astype(np.int64), longer)
        return replace(
            self, prompt_tokens=_times(self.prompt_tokens, prompt), output_tokens=longer, reasoning_tokens=thought
        )

    def bounded(self, bounds: Bounds, recorded: frozenset[int]) -> OpenTraffic:
        """The requests with generated lengths cut to the bounds, those of recorded classes as they are."""
        generated = ~np.isin(self.traffic_class, [*recorded])
        prompt, output, cut = bounds.cut(self.prompt_tokens, self.output_tokens)
        cut = cut * generated
        if not cut.any():
            return self
        prompt = np.where(generated, prompt, self.prompt_tokens)
        output = np.where(generated, output, self.output_tokens)
        thought = None if self.reasoning_tokens is None else np.minimum(self.reasoning_tokens, output)
        return OpenTraffic(self.arrival_s, prompt, output, self.traffic_class, thought, cut)


@dataclass(frozen=True)
class ClosedTraffic:
    """One closed-loop class: its clients ask for the next lengths as they send.

    Attributes:
        lengths: prompt, output, what of it is reasoning, and once bounded what was cut, of one request after another.
    """

    traffic_class: int
    clients: int
    think_s: float
    lengths: Iterator[tuple[int, ...]]

    def scaled(self, prompt: float, output: float) -> ClosedTraffic:
        """The class with all lengths times a factor, whole tokens and at least one."""

        def scaled() -> Iterator[tuple[int, ...]]:
            for of_prompt, of_output, of_thought in self.lengths:
                longer = int(_times(of_output, output))
                yield int(_times(of_prompt, prompt)), longer, min(round(of_thought * output), longer)

        return replace(self, lengths=scaled())

    def bounded(self, bounds: Bounds) -> ClosedTraffic:
        """The class with its lengths cut to the bounds."""
        return replace(self, lengths=bounds.cut_each(self.lengths))


@dataclass(frozen=True)
class Traffic:
    """All that will be sent.

    Attributes:
        open: the open classes' requests.
        closed: the closed-loop classes without sessions.
        limit: requests of all classes together, or None.
        until_s: no request arrives, and no closed loop sends, at or after this time, or None.
        max_in_flight: by class, the client's own limit, or None.
        blocks: by class whose prompts' block hashes are known, those of its requests in their order.
        recorded: classes whose requests were recorded, not generated.
        notes: sentences that a reader of the figures must not miss.
        sessions: the classes of sessions.
    """

    open: OpenTraffic
    closed: tuple[ClosedTraffic, ...]
    limit: int | None
    until_s: float | None
    max_in_flight: tuple[int | None, ...]
    blocks: Mapping[int, Blocks] = field(default_factory=dict)
    recorded: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    sessions: tuple[SessionTraffic, ...] = ()

    @property
    def feeds_back(self) -> bool:
        """Whether what is sent depends on answers."""
        return bool(self.closed or self.sessions)

    @property
    def most_requests(self) -> int | None:
        """Requests that will be sent if time does not end the run; None where only time ends it."""
        totals = [each.total for each in self.sessions if each.total is not None]
        if self.closed or len(totals) < len(self.sessions):
            return self.limit
        total = len(self.open.arrival_s) + sum(totals)
        return total if self.limit is None else min(total, self.limit)

    def scaled(self, prompt: float, output: float) -> Traffic:
        """The same requests at the same times with all prompts and outputs times a factor."""
        if prompt == output == 1.0:
            return self
        closed = tuple(each.scaled(prompt, output) for each in self.closed)
        sessions = tuple(each.scaled(prompt, output) for each in self.sessions)
        return replace(self, open=self.open.scaled(prompt, output), closed=closed, sessions=sessions)

    def bounded(self, bounds: Bounds) -> Traffic:
        """The same requests at the same times, generated lengths cut to what a replica takes."""
        closed = tuple(each.bounded(bounds) for each in self.closed)
        sessions = tuple(each.bounded(bounds) for each in self.sessions)
        return replace(self, open=self.open.bounded(bounds, self.recorded), closed=closed, sessions=sessions)


def generate(scenario: Scenario, folder: Path) -> Traffic:
    """Make a scenario's traffic from its seed.

    Args:
        scenario: the scenario; each class draws from streams that carry its name.
        folder: what relative trace paths are relative to.

    Raises:
        InputError: a trace cannot be used, or the scenario sends nothing.
    """
    run = scenario.run
    limit, until_s = run.requests, run.duration_s
    parts: dict[int, Requests] = {}
    closed: list[ClosedTraffic] = []
    talks: list[SessionTraffic] = []
    caps: list[int | None] = []
    for number, (name, traffic) in enumerate(scenario.workload.items()):
        if traffic.sessions is not None or (traffic.trace is not None and traffic.trace.format == "sessions"):
            talks.append(_sessions(traffic, number, scenario, name, folder))
            caps.append(None)
        elif isinstance(traffic.arrivals, ClosedLoop):
            loop = traffic.arrivals
            drawn = _lengths(lengths.Drawer(traffic, run.seed, name))
            closed.append(ClosedTraffic(number, loop.clients, loop.think_s, drawn))
            caps.append(None)
        else:
            parts[number] = _open_class(traffic, run.seed, name, limit, until_s, folder)
            source = traffic if traffic.model is not None else traffic.trace or traffic.arrivals
            caps.append(getattr(source, "max_in_flight", None))
    blocks = {number: part.blocks for number, part in parts.items() if part.blocks is not None}
    recorded = frozenset(number for number, each in enumerate(scenario.workload.values()) if each.trace is not None)
    names = list(scenario.workload)
    notes = tuple(f"workload.{names[number]}: {note}." for number, part in parts.items() for note in part.notes)
    opened = _merge(parts, limit)
    return Traffic(
        opened, tuple(closed), limit, until_s, tuple(caps), blocks, recorded, notes=notes, sessions=tuple(talks)
    )


def _times(tokens: Any, factor: float) -> Any:
    return np.maximum(np.rint(tokens * factor), 1).astype(np.int64)


def _sessions(traffic: TrafficClass, number: int, scenario: Scenario, name: str, folder: Path) -> SessionTraffic:
    run, loop = scenario.run, traffic.arrivals if isinstance(traffic.arrivals, ClosedLoop) else None
    clients, think_s = (loop.clients, loop.think_s) if loop else (0, 0.0)
    if traffic.trace is not None:
        return traces.read_sessions(traffic.trace, folder, number, clients, think_s)
    assert traffic.sessions is not None
    turns = sessions.drawn(traffic.sessions, lengths.Drawer(traffic, run.seed, name), run.seed, name)
    starts = None if loop else _starts(traffic, run.seed, name, run.requests, run.duration_s)
    keeps = traffic.sessions.keeps_context
    return SessionTraffic(number, turns, starts, clients, think_s, keeps_context=keeps)


def _starts(traffic: TrafficClass, seed: int, name: str, limit: int | None, until_s: float | None) -> np.ndarray:
    assert traffic.arrivals is not None
    assert not isinstance(traffic.arrivals, ClosedLoop)
    return arrivals.times(traffic.arrivals, stream(seed, "workload", name, "arrivals"), limit, until_s)


def _open_class(
    traffic: TrafficClass, seed: int, name: str, limit: int | None, until_s: float | None, folder: Path
) -> Requests:
    if traffic.trace is not None:
        return _trace(traffic.trace, seed, name, folder).first(limit, until_s)
    if traffic.model is not None:
        model = load_profile("workload", traffic.model, f"workload.{name}.model", folder)
        return models.requests(model, seed, name, traffic.rate_per_s, limit, until_s, traffic.start_s)
    arrival = _starts(traffic, seed, name, limit, until_s)
    prompt, output, reasoning = lengths.Drawer(traffic, seed, name).draw(len(arrival))
    return Requests(arrival, prompt, output, reasoning_tokens=reasoning)


def _trace(trace: Trace, seed: int, name: str, folder: Path) -> Requests:
    try:
        return traces.read(trace, folder, stream(seed, "workload", name, "trace"))
    except InputError as error:
        if error.file:
            raise
        field = f"workload.{name}.trace.{error.field}"
        raise InputError(error.problem, error.hint, field, f"{getattr(trace, error.field):g}") from None


def _merge(parts: dict[int, Requests], limit: int | None) -> OpenTraffic:
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return OpenTraffic(np.zeros(0), nothing, nothing, nothing)
    numbers = np.concatenate([np.full(len(part), number, dtype=np.int64) for number, part in parts.items()])
    arrival, prompt, output = (
        np.concatenate([getattr(part, column) for part in parts.values()])
        for column in ("arrival_s", "prompt_tokens", "output_tokens")
    )
    order = np.argsort(arrival, kind="stable")[:limit] if len(parts) > 1 else slice(limit)
    reasoning = None
    if any(part.reasoning_tokens is not None for part in parts.values()):
        reasoning = np.concatenate([_reasoning(part) for part in parts.values()])[order]
    return OpenTraffic(arrival[order], prompt[order], output[order], numbers[order], reasoning)


def _reasoning(part: Requests) -> np.ndarray:
    return np.zeros(len(part), dtype=np.int64) if part.reasoning_tokens is None else part.reasoning_tokens


def _lengths(drawer: lengths.Drawer) -> Iterator[tuple[int, ...]]:
    while True:
        prompt, output, reasoning = drawer.draw(BLOCK)
        thought = [0] * BLOCK if reasoning is None else reasoning.tolist()
        yield from zip(prompt.tolist(), output.tolist(), thought, strict=True)
