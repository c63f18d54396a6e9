"""A pool made ready to be simulated: its profiles, memory, timing and policy, or the reason why it cannot run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from infersim import load
from infersim.errors import DoesNotFit, InputError
from infersim.sim import cluster
from infersim.sim.batching.assumed import assumed
from infersim.sim.batching.choose import policy_of
from infersim.sim.batching.limits import Limits, limits_of
from infersim.spec.engine import EngineConstants
from infersim.spec.engines import AnyEngine, VllmEngine
from infersim.spec.fleet import Pool, Precision
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.summary import PoolFacts
from infersim.timing.memory import MemoryPlan, memory_plan
from infersim.timing.transformer import TransformerTiming


@dataclass(frozen=True)
class Deployment:
    """A pool made ready.

    Attributes:
        pool: the pool as resolved: profiles by their names, numeric types said.
        plan: what the simulation runs.
        facts: what the figures need.
        timing: step times of a replica.
        assumptions: engine constants, memory and limits that the run rests on.
        warnings: sentences that a reader must not miss.
        profiles: (kind, name) of each profile used.
    """

    pool: Pool
    plan: cluster.PoolPlan
    facts: PoolFacts
    timing: TransformerTiming
    assumptions: dict[str, Any]
    warnings: list[str]
    profiles: tuple[tuple[str, str], ...]


def deploy(name: str, pool: Pool) -> Deployment:
    """Make a pool ready.

    Raises:
        InputError: a profile is not there or does not allow the pool; carries the path under `fleet.NAME`.
        DoesNotFit: the model does not fit into its devices' memory.
    """
    field = f"fleet.{name}"
    model = load.load_profile("model", pool.model, f"{field}.model")
    device = load.load_profile("device", pool.device, f"{field}.device")
    engine = load.load_profile("engine", pool.engine.kind, f"{field}.engine.kind")
    try:
        return _deploy(name, _resolved(pool, model, device), model, device, engine)
    except InputError as error:
        where = f"{field}.{error.field}" if error.field else field
        raise type(error)(error.problem, error.hint, where, error.value) from None


def _resolved(pool: Pool, model: Model, device: Device) -> Pool:
    """The pool with its profiles' own names, and the checkpoint's type where none was asked for."""
    precision = Precision(
        weights=pool.precision.weights or model.dtype, kv_cache=pool.precision.kv_cache or model.dtype
    )
    return pool.model_copy(update={"model": model.name, "device": device.name, "precision": precision})


def _deploy(name: str, pool: Pool, model: Model, device: Device, engine: EngineConstants) -> Deployment:
    options, devices, limits = pool.engine, pool.replicas * pool.parallel.tensor, limits_of(pool.engine)
    layout: dict[str, Any] = {
        "weights_dtype": pool.precision.weights,
        "kv_dtype": pool.precision.kv_cache,
        "tensor": pool.parallel.tensor,
    }
    memory = _memory(limits, layout, model, device, engine)
    held = memory.capacity_blocks
    if isinstance(options, VllmEngine) and options.num_gpu_blocks_override is not None:
        held = options.num_gpu_blocks_override - limits.null_blocks
    longest = _longest(limits, model, held)
    capacity = limits.slots * longest if limits.slots else held
    timing = TransformerTiming(
        model,
        device,
        engine,
        **layout,
        max_tokens=limits.max_tokens if limits.splits_prompts else max(limits.max_tokens, longest),
        max_seqs=limits.max_seqs,
    )
    plan = cluster.PoolPlan(
        replicas=pool.replicas,
        timing=timing,
        policy=lambda: policy_of(options, capacity),
        capacity_blocks=capacity,
        block_size=limits.block_size,
        most_tokens=longest,
        frontend_s=timing.frontend_s,
        most_prompt_tokens=limits.most_prompt_tokens,
        most_output_tokens=limits.most_output_tokens,
    )
    facts = PoolFacts(
        name,
        pool.replicas,
        devices,
        capacity,
        limits.block_size,
        timing.peak_flops,
        timing.peak_bytes_per_s,
        pool.purchase,
        _described(pool, devices),
    )
    assumptions = {
        "engine": {name: value for name, value in engine.model_dump().items() if isinstance(value, dict)},
        "memory": asdict(memory),
        "max_model_len": longest,
        "assumed": assumed(options),
    }
    profiles = (("model", model.name), ("device", device.name), ("engine", engine.name))
    warnings = _warnings(options, limits, model, memory, held, longest)
    return Deployment(pool, plan, facts, timing, assumptions, warnings, profiles)


def _described(pool: Pool, devices: int) -> dict[str, Any]:
    """What the pool is, for a reader of its figures."""
    return {
        "model": pool.model,
        "device": pool.device,
        "replicas": pool.replicas,
        "devices": devices,
        "tensor": pool.parallel.tensor,
        "engine": pool.engine.kind,
        **pool.precision.model_dump(),
    }


def _memory(
    limits: Limits, layout: dict[str, Any], model: Model, device: Device, engine: EngineConstants
) -> MemoryPlan:
    plan = partial(
        memory_plan,
        model,
        device,
        engine,
        **layout,
        max_num_batched_tokens=limits.max_tokens,
        max_num_seqs=limits.max_seqs,
        block_size=limits.block_size,
        gpu_memory_utilization=limits.share,
        rule=limits.rule,
        null_blocks=limits.null_blocks,
        share_option=limits.share_option,
    )
    try:
        return plan()
    except DoesNotFit:
        # Only now are all devices read, to say which of them would do.
        return plan(alternatives=[load.load_profile("device", other) for other in load.list_profiles("device")])


def _longest(limits: Limits, model: Model, held_blocks: int) -> int:
    """Longest prompt + output: what was asked for, refused where the engine would not start; else what there is."""
    held = held_blocks * limits.block_size // max(limits.slots, 1) - limits.kept_tokens
    given = limits.longest
    if given is None:
        if held < 1:
            raise DoesNotFit(f"the KV memory holds {held_blocks * limits.block_size} tokens, too few for one request")
        return min(model.max_position, held)
    what = (f"engine.{limits.longest_option}", str(given))
    if given > model.max_position and not limits.slots:
        hint = f"at most {model.max_position}"
        raise InputError(f"{model.name} was made for {model.max_position} tokens", hint, *what)
    if given > held and limits.slots:
        asked = f"{limits.slots} places of {given} tokens each"
        raise DoesNotFit(f"{asked} are more than the KV memory holds: {held * limits.slots} tokens", "", *what)
    if given > held:
        problem = f"the KV memory holds {held} tokens: not one request of this length, so the engine would not start"
        raise InputError(problem, f"at most {held}, or leave it out", *what)
    return given


def _warnings(
    options: AnyEngine, limits: Limits, model: Model, memory: MemoryPlan, held: int, longest: int
) -> list[str]:
    found = []
    if held > memory.capacity_blocks:
        found.append(
            f"num_gpu_blocks_override gives {held:,} usable KV blocks, and the device's memory holds "
            f"{memory.capacity_blocks:,}: no such device would start."
        )
    if limits.longest is None and longest < model.max_position:
        asks = "vLLM would ask for max_model_len before it starts, and " if options.kind == "vllm" else ""
        found.append(
            f"the KV memory holds {longest:,} tokens, fewer than the {model.max_position:,} that {model.name} was made "
            f"for: {asks}{longest:,} is taken."
        )
    if longest > model.max_position:
        found.append(
            f"{limits.longest_option} is {longest:,}: {model.name} was made for {model.max_position:,} tokens."
        )
    if isinstance(options, VllmEngine) and options.max_num_batched_tokens < options.max_num_seqs:
        found.append(
            f"max_num_batched_tokens {options.max_num_batched_tokens:,} is below max_num_seqs "
            f"{options.max_num_seqs:,}: no more than the former ever run, and vLLM V1 refuses to start."
        )
    return found
