"""A scenario's traffic: each class's requests, open ones merged into one stream, closed loops as length streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from infersim.load.profiles import load_profile
from infersim.rng import stream
from infersim.spec.arrivals import ClosedLoop
from infersim.spec.scenario import Scenario
from infersim.spec.workload import TrafficClass
from infersim.workload import arrivals, lengths, models, traces
from infersim.workload.requests import Blocks, Requests

BLOCK = 4096


@dataclass(frozen=True)
class OpenTraffic:
    """Requests of all open classes, by arrival. Arrays of equal length; ties stand in the order of the classes."""

    arrival_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    traffic_class: np.ndarray

    def of(self, which: np.ndarray) -> OpenTraffic:
        """Some of the requests, by their indices."""
        return OpenTraffic(*(getattr(self, column.name)[which] for column in fields(self)))

    def scaled(self, prompt: float, output: float) -> OpenTraffic:
        """The requests with all lengths times a factor, whole tokens and at least one."""
        return replace(
            self, prompt_tokens=_times(self.prompt_tokens, prompt), output_tokens=_times(self.output_tokens, output)
        )


@dataclass(frozen=True)
class ClosedTraffic:
    """One closed-loop class: its clients ask for the next lengths as they send."""

    traffic_class: int
    clients: int
    think_s: float
    lengths: Iterator[tuple[int, int]]

    def scaled(self, prompt: float, output: float) -> ClosedTraffic:
        """The class with all lengths times a factor, whole tokens and at least one."""
        pairs = (
            (int(_times(of_prompt, prompt)), int(_times(of_output, output))) for of_prompt, of_output in self.lengths
        )
        return replace(self, lengths=pairs)


@dataclass(frozen=True)
class Traffic:
    """All that will be sent.

    Attributes:
        open: the open classes' requests.
        closed: the closed-loop classes.
        limit: requests of all classes together, or None.
        until_s: no request arrives, and no closed loop sends, at or after this time, or None.
        max_in_flight: by class, the client's own limit, or None.
        blocks: by class whose prompts' block hashes are known, those of its requests in their order.
    """

    open: OpenTraffic
    closed: tuple[ClosedTraffic, ...]
    limit: int | None
    until_s: float | None
    max_in_flight: tuple[int | None, ...]
    blocks: Mapping[int, Blocks] = field(default_factory=dict)

    @property
    def most_requests(self) -> int | None:
        """Requests that will be sent if time does not end the run; None where only time ends it."""
        return self.limit if self.closed else len(self.open.arrival_s)

    def scaled(self, prompt: float, output: float) -> Traffic:
        """The same requests at the same times with all prompts and outputs times a factor."""
        if prompt == output == 1.0:
            return self
        closed = tuple(each.scaled(prompt, output) for each in self.closed)
        return replace(self, open=self.open.scaled(prompt, output), closed=closed)


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
    caps: list[int | None] = []
    for number, (name, traffic) in enumerate(scenario.workload.items()):
        if isinstance(traffic.arrivals, ClosedLoop):
            loop = traffic.arrivals
            pairs = _length_pairs(traffic, run.seed, name)
            closed.append(ClosedTraffic(number, loop.clients, loop.think_s, pairs))
            caps.append(None)
        else:
            parts[number] = _open_class(traffic, run.seed, name, limit, until_s, folder)
            source = traffic if traffic.model is not None else traffic.trace or traffic.arrivals
            caps.append(getattr(source, "max_in_flight", None))
    blocks = {number: part.blocks for number, part in parts.items() if part.blocks is not None}
    return Traffic(_merge(parts, limit), tuple(closed), limit, until_s, tuple(caps), blocks)


def _times(tokens: Any, factor: float) -> Any:
    return np.maximum(np.rint(tokens * factor), 1).astype(np.int64)


def _open_class(
    traffic: TrafficClass, seed: int, name: str, limit: int | None, until_s: float | None, folder: Path
) -> Requests:
    if traffic.trace is not None:
        return traces.read(traffic.trace, folder).first(limit, until_s)
    if traffic.model is not None:
        model = load_profile("workload", traffic.model, f"workload.{name}.model", folder)
        return models.requests(model, seed, name, traffic.rate_per_s, limit, until_s)
    assert traffic.arrivals is not None
    assert not isinstance(traffic.arrivals, ClosedLoop)
    assert traffic.prompt_tokens is not None
    assert traffic.output_tokens is not None
    arrival = arrivals.times(traffic.arrivals, stream(seed, "workload", name, "arrivals"), limit, until_s)
    prompt, output = (
        lengths.sample(spec, stream(seed, "workload", name, what), len(arrival))
        for what, spec in (("prompt_tokens", traffic.prompt_tokens), ("output_tokens", traffic.output_tokens))
    )
    return Requests(arrival, prompt, output)


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
    return OpenTraffic(arrival[order], prompt[order], output[order], numbers[order])


def _length_pairs(traffic: TrafficClass, seed: int, name: str) -> Iterator[tuple[int, int]]:
    assert traffic.prompt_tokens is not None
    assert traffic.output_tokens is not None
    prompts, outputs = (stream(seed, "workload", name, what) for what in ("prompt_tokens", "output_tokens"))
    while True:
        prompt = lengths.sample(traffic.prompt_tokens, prompts, BLOCK).tolist()
        yield from zip(prompt, lengths.sample(traffic.output_tokens, outputs, BLOCK).tolist(), strict=True)
