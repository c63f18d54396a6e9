"""What a reader of the figures must not miss: sentences about a finished run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from infersim.metrics.steady_state import Growth, growth
from infersim.metrics.warmup import is_longest
from infersim.records import CUT_OUTPUT, CUT_PROMPT, NO_ROOM, REJECTED, last_send
from infersim.spec.arrivals import AllAtOnce, ClosedLoop
from infersim.spec.lengths import Copula, Geometric, Length, Lognormal
from infersim.spec.scenario import Scenario
from infersim.spec.workload import TrafficClass
from infersim.summary import Span
from infersim.units import show_seconds
from infersim.workload.requests import Blocks
from infersim.workload.reuse import reused_by_blocks, reused_tokens, shares

AT_SERVER = "The latencies describe a growing queue, not a steady state."
AT_CLIENT = "The queue grows at the client, whose max_in_flight keeps it out of the latencies."
CLIPPED = 0.05
"""Share of a class's lengths at their bounds from which on it is said."""


def caveats(
    scenario: Scenario,
    requests: dict[str, np.ndarray],
    unsent: int,
    longest: int,
    span: Span,
    growing: str,
    interrupted: bool = False,
    blocks: Mapping[int, Blocks] = MappingProxyType({}),
) -> list[str]:
    """Sentences about a run.

    Args:
        scenario: what was asked.
        requests: the request table's columns.
        unsent: requests that their client's limit kept back to the end.
        longest: most tokens of prompt and output that a replica takes.
        span: the window of the figures.
        growing: the sentence of `growing_queue`.
        interrupted: whether the run was ended before its end.
        blocks: by class whose prompts' block hashes were recorded, those of its requests in their order.
    """
    return [
        *_cut_short(scenario, requests, span, interrupted),
        *([growing] if growing else []),
        *(() if interrupted else _unsent(scenario, requests, unsent)),
        *_held(requests),
        *_rejected(requests, longest),
        *_cut(requests, longest),
        *_full(requests),
        *_computed_whole(scenario, requests, blocks),
        *_clipped(scenario, requests),
        *_nothing(requests, span),
        *_unsteady(scenario, requests, span),
    ]


def _cut_short(scenario: Scenario, requests: dict[str, np.ndarray], span: Span, interrupted: bool) -> Iterator[str]:
    if interrupted:
        sent, of = requests["status"].size, scenario.run.requests
        yield (
            f"interrupted after {show_seconds(span.end_s)} of simulated time: the figures are those of the "
            f"{sent:,}{f' of {of:,}' if of else ''} requests sent by then."
        )
    if scenario.run.replications > 1:
        yield f"run.replications = {scenario.run.replications:,}: this is one of them, that of run.seed."


def growing_queue(scenario: Scenario, requests: dict[str, np.ndarray], held_s: np.ndarray) -> Growth:
    """How much the queue grew, and a sentence where arrivals outran service.

    Args:
        scenario, requests: as for `caveats`.
        held_s: when those requests were due that their client's limit kept unsent to the end [s].
    """
    closed = [isinstance(traffic.arrivals, (ClosedLoop, AllAtOnce)) for traffic in scenario.workload.values()]
    opened = ~np.array(closed)[requests["traffic_class"]] & (requests["status"] != REJECTED)
    due_s = np.concatenate([requests["due_s"][opened], held_s])
    scheduled_s = np.concatenate([requests["scheduled_s"][opened], np.full(held_s.size, np.nan)])
    found = growth(due_s, scheduled_s)
    if not found.sentence:
        return found
    at_client = held_s.size or (requests["arrival_s"] > requests["due_s"]).any()
    return Growth(found.score, f"{found.sentence} {AT_CLIENT if at_client else AT_SERVER} {_more(scenario)}")


def _more(scenario: Scenario) -> str:
    """What to type to see whether more replicas hold the traffic: twice as many in the smallest pool."""
    name, pool = min(scenario.fleet.items(), key=lambda item: item[1].replicas)
    return f"To see what more replicas do: --set fleet.{name}.replicas={2 * pool.replicas}"


def _unsent(scenario: Scenario, requests: dict[str, np.ndarray], held_back: int) -> Iterator[str]:
    sent = np.bincount(requests["traffic_class"], minlength=len(scenario.workload))
    run = scenario.run
    all_sent = run.requests is not None and sent.sum() >= run.requests
    for name, count in zip(scenario.workload, sent, strict=True):
        if not count:
            end = f"run.requests = {run.requests:,} were sent" if all_sent else f"run.duration_s = {run.duration_s:g} s"
            yield f"class {name!r} sent no request before {end}."
    if run.requests is not None and sent.sum() + held_back < run.requests and run.duration_s is None:
        yield f"{run.requests:,} requests were asked for, and the traces hold {sent.sum():,}."
    if held_back:
        yield f"{held_back:,} requests were due but held back by their client's max_in_flight when the run ended."


def _nothing(requests: dict[str, np.ndarray], span: Span) -> Iterator[str]:
    if span.begin_s >= span.end_s and requests["status"].size:
        if not span.end_s and (requests["status"] != REJECTED).any():
            yield "the last request was sent at time 0, which is the horizon: there is nothing to report."
            return
        late = " after the warm-up" if span.begin_s > 0 else ""
        yield f"nothing was completed{late}: there are no rates to report."


def _unsteady(scenario: Scenario, requests: dict[str, np.ndarray], span: Span) -> Iterator[str]:
    horizon_s = span.end_s if scenario.run.until == "horizon" else None
    if scenario.run.warmup == "auto" and is_longest(span.begin_s, last_send(requests, horizon_s)):
        yield (
            f"the warm-up that was found, {show_seconds(span.begin_s)}, is half of the run, the most that is left out: "
            "there may be no steady state; make the run longer."
        )


def _held(requests: dict[str, np.ndarray]) -> Iterator[str]:
    held_s = requests["arrival_s"] - requests["due_s"]
    held_s = held_s[held_s > 0]
    if held_s.size:
        yield (
            f"{held_s.size:,} requests were sent later than they were due: their client's max_in_flight held them back "
            f"for {show_seconds(held_s.mean())} in the mean. Latencies count from the sending."
        )


def _rejected(requests: dict[str, np.ndarray], longest: int) -> Iterator[str]:
    rejected = requests["status"] == REJECTED
    too_long = rejected & (requests["prompt_tokens"] + requests["output_tokens"] > longest)
    count, every = int(np.count_nonzero(too_long)), f"of {len(rejected):,} requests were rejected"
    if count:
        yield f"{count:,} {every}: their prompt and output are more than max_model_len = {longest:,} tokens."
    others = int(np.count_nonzero(rejected)) - count
    if others:
        yield f"{others:,} {every}: their prompt or their output alone is longer than the engine's options allow."


def _cut(requests: dict[str, np.ndarray], longest: int) -> Iterator[str]:
    prompts, outputs = (int(np.count_nonzero(requests["cut"] & bit)) for bit in (CUT_PROMPT, CUT_OUTPUT))
    if prompts or outputs:
        yield (
            f"{prompts:,} prompts and {outputs:,} outputs of {len(requests['cut']):,} requests were drawn longer than "
            f"a replica takes and were cut: max_model_len is {longest:,} tokens together, and the engine's options may "
            "allow less. Give the lengths a max, or the model more context."
        )


def _full(requests: dict[str, np.ndarray]) -> Iterator[str]:
    if "ends" in requests and (full := int(np.count_nonzero(requests["ends"] == NO_ROOM))):
        yield (
            f"{full:,} sessions ended before their last turn: the next prompt would have left no room in the context. "
            "Give them fewer turns or shorter ones, or the model more context."
        )


def _computed_whole(scenario: Scenario, requests: dict[str, np.ndarray], blocks: Mapping[int, Blocks]) -> Iterator[str]:
    """What prompts have in common, and what a prefix cache would make of it."""
    sent = reused = 0
    for number, traffic in enumerate(scenario.workload.values()):
        if number not in blocks and not shares(traffic):
            continue
        columns = {name: column[requests["traffic_class"] == number] for name, column in requests.items()}
        prompt, taken = columns["prompt_tokens"], columns["status"] != REJECTED
        known = blocks.get(number)
        found = reused_by_blocks(known.of(slice(len(prompt))), prompt) if known else reused_tokens(traffic, columns)
        sent, reused = sent + int(prompt[taken].sum()), reused + int(found[taken].sum())
    if reused:
        yield (
            f"{100 * reused / sent:.3g}% of the prompt tokens of classes whose prompts share something had been there "
            "before: a prefix cache of endless size would have saved them. No prefix cache is modelled yet, and all "
            "prompts were computed whole."
        )


def _clipped(scenario: Scenario, requests: dict[str, np.ndarray]) -> Iterator[str]:
    """Lengths that their own bounds cut so often that mean and cv are no longer those asked for."""
    answers = requests["output_tokens"] - requests["reasoning_tokens"]
    drawn = {"prompt_tokens": requests["prompt_tokens"], "output_tokens": answers}
    drawn["reasoning_tokens"] = requests["reasoning_tokens"]
    for number, (name, traffic) in enumerate(scenario.workload.items()):
        for path, spec in _bounded(traffic):
            lengths = drawn[path.rpartition(".")[2]][requests["traffic_class"] == number]
            for bound in ("min", "max"):
                limit = getattr(spec, bound)
                share = float(np.mean(lengths == limit)) if lengths.size and limit not in (None, 1) else 0.0
                if share >= CLIPPED:
                    yield (
                        f"workload.{name}.{path}: {100 * share:.0f}% are at {bound} {limit:,}, so their mean is "
                        f"{lengths.mean():,.0f} tokens and not {spec.mean:,.6g}."
                    )


def _bounded(traffic: TrafficClass) -> Iterator[tuple[str, Lognormal | Geometric]]:
    """Lengths that were asked for by a mean and that have bounds, with their paths."""
    for path in ("prompt_tokens", "output_tokens", "reasoning_tokens"):
        if path != "prompt_tokens" or traffic.sessions is None:  # a turn's prompt is more than was drawn for it
            yield from _asked(path, getattr(traffic, path))
    if isinstance(traffic.lengths, Copula):
        for path in ("prompt_tokens", "output_tokens"):
            yield from _asked(f"lengths.{path}", getattr(traffic.lengths, path))


def _asked(path: str, spec: Length | None) -> Iterator[tuple[str, Lognormal | Geometric]]:
    if isinstance(spec, (Lognormal, Geometric)):
        yield path, spec
