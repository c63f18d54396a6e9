"""Settings that infersim knows but does not model yet: refused by name, so that nobody takes them for simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infersim.errors import NotModelled
from infersim.load.allowed import keys_at
from infersim.load.messages import show
from infersim.load.places import Places, dotted
from infersim.spec.scenario import Scenario

SHARING_FORMATS = ("mooncake", "sessions")
"""Formats of traces that say what prompts have in common."""
_ENGINES = ("custom", "none", "orca", "sarathi", "tf_serving", "triton")


def _any(value: Any) -> bool:
    return value is not None


def _one_of(*values: Any) -> Callable[[Any], bool]:
    return lambda value: any(value is known or (isinstance(known, str) and value == known) for known in values)


def _other_than(*values: Any) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value not in values


def _more_than_one(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


_LATER: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("workload.*.items", _any, "requests have prompt_tokens and output_tokens"),
    ("fleet.*.role", _any, "a replica does both prefill and decode"),
    ("fleet.*.curve", _any, "times come from the device's and the model's profiles"),
    ("fleet.*.parallel.ring", _any, "parallel.tensor and replicas are"),
    ("fleet.*.parallel.ulysses", _any, "parallel.tensor and replicas are"),
    ("fleet.*.engine.kind", _one_of(*_ENGINES), "vllm, trtllm, sglang, static and others are"),
    ("fleet.*.engine.speculative", _any, "every step makes one token a request"),
    ("fleet.*.engine.scheduling_policy", _one_of("priority"), "fcfs is: leave the key out"),
    ("fleet.*.engine.scheduling_policy", _any, "fcfs is what is simulated: leave the key out"),
    ("fleet.*.engine.schedule_policy", _other_than("fcfs"), "fcfs is"),
    ("fleet.*.engine.max_beam_width", _more_than_one, "every request has one beam"),
    ("fleet.*.engine.num_scheduler_steps", _any, "leave the key out"),
    ("fleet.*.engine.kv_offloading_backend", _any, "KV blocks stay in device memory"),
    ("fleet.*.engine.kv_offloading_size", _any, "KV blocks stay in device memory"),
    ("fleet.*.engine.compilation_config", _any, "the engine profile's host times hold for CUDA graphs"),
    ("fleet.*.engine.attention_config", _any, "the device profile's attention curves are used"),
    ("fleet.*.engine.instance_group", _any, "use replicas"),
    ("fleet.*.purchase.kind", _one_of("spot", "reserved"), "on_demand is"),
    ("run.record", _any, "requests and timeline are always recorded"),
)

ENGINE_OPTIONS: dict[str, tuple[str, ...]] = {
    "gaudi": ("batch_size", "max_model_len"),
    "jetstream": ("batch_size", "max_cache_length", "max_decode_length", "max_input_sequence_length"),
    "llamacpp": ("flash_attn", "n_batch", "n_parallel", "n_ubatch"),
    "neuronx": ("batch_size", "max_model_len", "n_positions"),
    "sglang": ("chunked_prefill_size", "max_running_requests", "mem_fraction_static"),
    "static": ("batch_size",),
    "triton": (
        "dynamic_batching", "instance_group.count", "max_batch_size", "max_queue_delay_microseconds",
        "preferred_batch_size",
    ),
    "trtllm": (
        "enable_chunked_context", "kv_cache_free_gpu_memory_fraction", "max_batch_size", "max_beam_width",
        "max_num_tokens", "scheduler_policy", "tokens_per_block",
    ),
    "vllm": (
        "prefill_schedule_interval", "speculative.acceptance_rate", "speculative.method",
        "speculative.num_speculative_tokens",
    ),
}  # fmt: skip
"""Options by engine, under its own names; those that its spec has are modelled, the others are refused by name."""


def later_paths() -> Iterator[str]:
    """Paths that are known, modelled or not, beside those of the specs; `*` stands for a name of the user's own."""
    yield from (pattern for pattern, _, _ in _LATER)
    for options in ENGINE_OPTIONS.values():
        yield from (f"fleet.*.engine.{option}" for option in options)


def refusals(data: Any, places: Places) -> list[NotModelled]:
    """One error for each setting of the scenario that is known but not modelled yet."""
    found = []
    seen = set()
    for pattern, is_later, instead in _LATER:
        for path, value in _matches(data, pattern.split("."), ()):
            if is_later(value) and path not in seen:
                seen.add(path)
                found.append(_refusal(path, show(value), f"known, but not modelled yet; {instead}", places))
    found += _cached(data, places)
    if not found:
        found = [*_options(data, places)]
    pools = data.get("fleet") if isinstance(data, Mapping) else None
    if isinstance(pools, Mapping) and len(pools) > 1 and not found:
        names = list(pools)
        problem = f"more than one pool ({', '.join(map(str, names[:5]))}): known, but not modelled yet; one pool is"
        found.append(_refusal(("fleet", names[1]), "", problem, places))
    return found


def _cached(data: Any, places: Places) -> Iterator[NotModelled]:
    """Prefix caching, where prompts have something in common that it would find."""
    if not any(_shares(traffic) for _, traffic in _matches(data, ["workload", "*"], ())):
        return
    for path, value in _matches(data, ["fleet", "*", "engine", "enable_prefix_caching"], ()):
        if value is True:
            problem = "known, but not modelled yet where prompts share something; false computes them whole"
            yield _refusal(path, show(value), problem, places)


def _shares(traffic: Any) -> bool:
    """Whether a class's prompts have anything in common, as far as its plain data tell."""
    if not isinstance(traffic, Mapping):
        return False
    sessions, trace = traffic.get("sessions"), traffic.get("trace")
    grows = isinstance(sessions, Mapping) and sessions.get("keeps_context") is not False
    recorded = isinstance(trace, Mapping) and trace.get("format") in SHARING_FORMATS
    stated = any(traffic.get(name) is not None for name in ("shared_prefix_tokens", "distinct_prompts"))
    return grows or recorded or stated


def _options(data: Any, places: Places) -> Iterator[NotModelled]:
    """Options of a pool's own engine that its spec does not have."""
    for path, engine in _matches(data, ["fleet", "*", "engine"], ()):
        kind = engine.get("kind", "vllm") if isinstance(engine, Mapping) else None
        known = ENGINE_OPTIONS.get(kind, ()) if isinstance(kind, str) else ()
        modelled = keys_at(Scenario, data, path) if known else []
        for option in dict.fromkeys(option.partition(".")[0] for option in known if modelled):
            if option in engine and option not in modelled:
                problem = f"option of {kind}: known, but not modelled yet; leave it out"
                yield _refusal((*path, option), show(engine[option]), problem, places)


def _matches(data: Any, pattern: list[str], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not pattern:
        yield path, data
    elif isinstance(data, Mapping):
        for key in list(data) if pattern[0] == "*" else [key for key in pattern[:1] if key in data]:
            yield from _matches(data[key], pattern[1:], (*path, key))


def _refusal(path: tuple[str, ...], value: str, problem: str, places: Places) -> NotModelled:
    field = dotted(path)
    error = NotModelled(problem, "", field, value)
    place = places.find(field)
    located = error.located(place.source, place.line, place.column) if place else error
    assert isinstance(located, NotModelled)
    return located
