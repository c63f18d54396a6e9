"""A pool made ready to be simulated: its profiles, memory, timing and policy, or the reason why it cannot run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infersim import load
from infersim.cost import energy
from infersim.errors import DoesNotFit, InputError, nearest
from infersim.metrics.interval import ErrorClass
from infersim.remedies import does_not_fit
from infersim.sim import cluster
from infersim.sim.batching.assumed import assumed
from infersim.sim.batching.choose import policy_of
from infersim.sim.batching.limits import Limits, limits_of
from infersim.sim.batching.ranks import keeps_micro_batches, of_all
from infersim.spec.engine import Constant, EngineConstants
from infersim.spec.engines import AnyEngine, VllmEngine
from infersim.spec.fleet import Pool, Precision
from infersim.spec.hardware import Device
from infersim.spec.model import Model, MoeFeedForward
from infersim.summary import PoolFacts
from infersim.timing.dtypes import compute_dtype
from infersim.timing.layout import Layout, share_of
from infersim.timing.level import curves_level, feed_forward
from infersim.timing.memory import KvRule, MemoryPlan, memory_plan
from infersim.timing.transformer import TransformerTiming

RANKED = ("vllm", "trtllm", "sglang", "jetstream")
"""Engines that can hold attention data-parallel."""
POWER_REFERENCE = "h100-sxm-80gb"
"""Device whose shares of its limit stand for those of devices without measured power."""
LENGTHS, KV_BLOCKS = ("prompt_tokens", "output_tokens"), "kv_blocks"
"""Factors that are on no engine constant: on the lengths of all requests, on the blocks of the KV pool."""


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
        errors: the class of configurations whose validation says how far off its figures may be.
    """

    pool: Pool
    plan: cluster.PoolPlan
    facts: PoolFacts
    timing: TransformerTiming
    assumptions: dict[str, Any]
    warnings: list[str]
    profiles: tuple[tuple[str, str], ...]
    errors: ErrorClass


def deploy(
    name: str, pool: Pool, folder: Path = Path(), factors: Mapping[str, float] = MappingProxyType({})
) -> Deployment:
    """Make a pool ready.

    Args:
        name: the pool's.
        pool: as written.
        folder: what a config.json in place of its model is relative to.
        factors: on numbers that no setting reaches: the engine profile's constants by name, and `KV_BLOCKS`.

    Raises:
        InputError: a profile is not there or does not allow the pool; carries the path under `fleet.NAME`.
        DoesNotFit: the model does not fit into its devices' memory.
    """
    field = f"fleet.{name}"
    model = load.load_profile("model", pool.model, f"{field}.model", folder)
    device = load.load_profile("device", pool.device, f"{field}.device")
    engine = _times(_engine(pool, field), factors)
    if engine.makers and device.maker not in engine.makers:
        problem = f"runs on devices of {' and '.join(engine.makers)}; {device.name} is of {device.maker}"
        raise InputError(
            problem,
            "vllm, sglang, llamacpp and static are simulated on any device",
            f"{field}.engine.kind",
            engine.name,
        )
    try:
        return _deploy(name, _resolved(pool, model, device, folder), model, device, engine, factors.get(KV_BLOCKS, 1.0))
    except InputError as error:
        where = f"{field}.{error.field}" if error.field else field
        raise type(error)(error.problem, error.hint, where, error.value) from None


def _times(engine: EngineConstants, factors: Mapping[str, float]) -> EngineConstants:
    """The engine with constants times their factors."""
    constants = {name: value for name, value in engine if isinstance(value, Constant)}
    known = (*constants, *LENGTHS, KV_BLOCKS)
    for name in factors:
        if name not in known:
            raise InputError("no such number to vary", nearest(name, known), "factors", name)
    changed = {
        name: constant.model_copy(update={"value": constant.value * factors[name]})
        for name, constant in constants.items()
        if name in factors
    }
    return engine.model_copy(update=changed) if changed else engine


def _engine(pool: Pool, field: str) -> EngineConstants:
    """The engine's profile, or that of the version asked for."""
    kind, version = pool.engine.kind, pool.engine.version
    if version is None:
        return load.load_profile("engine", kind, f"{field}.engine.kind")
    return load.load_profile("engine", f"{kind}-{version}", f"{field}.engine.version")


def _resolved(pool: Pool, model: Model, device: Device, folder: Path) -> Pool:
    """The pool with its profiles' own names, and the checkpoint's types where none were asked for."""
    asked = pool.precision
    weights = asked.weights or model.dtype
    has_experts = any(isinstance(block, MoeFeedForward) for block in model.feed_forward)
    if asked.moe_weights and not has_experts:
        problem, field = f"{model.name} has no routed experts", "precision.moe_weights"
        raise InputError(problem, "leave it out", field, asked.moe_weights)
    experts = (asked.moe_weights or asked.weights or model.moe_dtype or weights) if has_experts else None
    kv_cache = asked.kv_cache or ("bf16" if compute_dtype(weights, None) != "fp16" else "fp16")
    precision = asked.model_copy(update={"weights": weights, "moe_weights": experts, "kv_cache": kv_cache})
    named = pool.model if load.config_path(pool.model, folder) else model.name
    return pool.model_copy(update={"model": named, "device": device.name, "precision": precision})


def _deploy(
    name: str, pool: Pool, model: Model, device: Device, engine: EngineConstants, kv_blocks: float
) -> Deployment:
    parallel = pool.parallel
    layout = Layout(parallel.tensor, parallel.pipeline, parallel.data, parallel.expert)
    _check_ranks(pool, layout)
    options, devices = of_all(pool.engine, layout.data, layout.pipeline), pool.replicas * layout.devices
    relative = load.load_profile("device", device.relative, "device") if device.relative else None
    memory = _memory(limits_of(pool.engine), pool, model, device, engine, layout)
    limits, held = limits_of(options), memory.capacity_blocks
    if isinstance(options, VllmEngine) and options.num_gpu_blocks_override is not None:
        held = options.num_gpu_blocks_override - limits.null_blocks
    held = max(int(held * kv_blocks), 1)
    longest = _longest(limits, model, held)
    capacity = limits.slots * longest if limits.slots else held
    timing = TransformerTiming(
        model,
        device,
        engine,
        precision=pool.precision,
        layout=layout,
        max_tokens=limits.max_tokens if limits.splits_prompts else max(limits.max_tokens, longest),
        max_seqs=limits.max_seqs,
        relative=relative,
        async_scheduling=bool(getattr(options, "async_scheduling", False)),
        lanes=layout.pipeline if keeps_micro_batches(options) else 1,
        fused_attention=bool(getattr(options, "flash_attn", True)),
        place_tokens=longest if limits.slots else 0,
    )
    plan = cluster.PoolPlan(
        replicas=pool.replicas,
        timing=timing,
        policy=lambda: policy_of(options, capacity),
        capacity_blocks=capacity,
        block_size=limits.block_size,
        most_tokens=longest,
        frontend_s=timing.frontend_s,
        frontend_serial_s=timing.frontend_serial_s,
        bundle_tokens=engine.first_bundle_tokens.value if engine.first_bundle_tokens else 0.0,
        most_prompt_tokens=limits.most_prompt_tokens,
        most_output_tokens=limits.most_output_tokens,
    )
    power = _power(pool, device, relative)
    facts = PoolFacts(
        name,
        pool.replicas,
        devices,
        capacity,
        (capacity + limits.null_blocks) * limits.block_size,
        limits.block_size,
        timing.peak_flops,
        timing.peak_bytes_per_s,
        pool.purchase,
        _described(pool, devices),
        power,
    )
    assumptions = {
        "engine": {
            name: value
            for name, value in engine.model_dump().items()
            if isinstance(value, dict) and "confidence" in value
        },
        "memory": asdict(memory),
        "max_model_len": longest,
        "assumed": assumed(options),
        "power": None if power is None else power.origin,
    }
    profiles = (("model", pool.model), ("device", device.name), ("engine", engine.name))
    warnings = _warnings(options, limits, model, device, layout, memory, held, longest)
    return Deployment(pool, plan, facts, timing, assumptions, warnings, profiles, _errors(engine, timing))


def _errors(engine: EngineConstants, timing: TransformerTiming) -> ErrorClass:
    curves, kind = curves_level(timing), feed_forward(timing)
    known = (each for each in engine.residuals if (each.curves, each.feed_forward) == (curves, kind))
    return ErrorClass(engine.name, curves, kind, next(known, None))


def _power(pool: Pool, device: Device, relative: Device | None) -> energy.Power | None:
    """A device's power, by shares of its relative or of the reference where it was not measured itself."""
    dtype = compute_dtype(str(pool.precision.weights), pool.precision.activations)
    own = energy.of(device, dtype, relative)
    return own or energy.of(device, dtype, load.load_profile("device", POWER_REFERENCE))


def _check_ranks(pool: Pool, layout: Layout) -> None:
    """Refuse attention data parallelism where the engine has none."""
    kind = pool.engine.kind
    if layout.data > 1 and kind not in RANKED:
        hint = f"use replicas: {pool.replicas * layout.data}"
        raise InputError(f"{kind} has no ranks of attention data parallelism", hint, "parallel.data", str(layout.data))


def _described(pool: Pool, devices: int) -> dict[str, Any]:
    """What the pool is, for a reader of its figures."""
    return {
        "model": pool.model,
        "device": pool.device,
        "replicas": pool.replicas,
        "devices": devices,
        "tensor": pool.parallel.tensor,
        "engine": pool.engine.kind,
        **pool.precision.model_dump(exclude_none=True),
    }


def _memory(
    limits: Limits, pool: Pool, model: Model, device: Device, engine: EngineConstants, layout: Layout
) -> MemoryPlan:
    rule = KvRule(
        limits.rule,
        limits.share,
        limits.max_tokens,
        limits.max_seqs,
        limits.block_size,
        limits.null_blocks,
        limits.share_option,
    )

    def plan(on: Device, types: Precision, devices: Layout, kv: KvRule) -> MemoryPlan:
        return memory_plan(model, on, engine, share_of(model, devices, types, engine), kv)

    found = plan(device, pool.precision, layout, rule)
    if found.capacity_blocks:
        return found
    # Only now are all devices read, to say which of them would do.
    others = (load.load_profile("device", other) for other in load.list_profiles("device"))
    raise does_not_fit(model, device, pool.precision, layout, rule, plan, others)


def _longest(limits: Limits, model: Model, held_blocks: int) -> int:
    """Longest prompt + output: what was asked for, refused where the engine would not start; else what there is."""
    held = held_blocks * limits.block_size // max(limits.slots, 1) - limits.kept_tokens
    given = limits.longest
    if given is None:
        if held < 1:
            raise DoesNotFit(f"the KV memory holds {held_blocks * limits.block_size} tokens, too few for one request")
        return held if limits.beyond_model else min(model.max_position, held)
    what = (f"engine.{limits.longest_option}", str(given))
    if given > held and limits.slots:
        asked = f"{limits.slots} places of {given} tokens each"
        raise DoesNotFit(f"{asked} are more than the KV memory holds: {held * limits.slots} tokens", "", *what)
    if given > held:
        problem = f"the KV memory holds {held} tokens: not one request of this length, so the engine would not start"
        raise InputError(problem, f"at most {held}, or leave it out", *what)
    return given


def _warnings(
    options: AnyEngine,
    limits: Limits,
    model: Model,
    device: Device,
    layout: Layout,
    memory: MemoryPlan,
    held: int,
    longest: int,
) -> list[str]:
    found = []
    if held > memory.capacity_blocks:
        found.append(
            f"num_gpu_blocks_override gives {held:,} usable KV blocks, and the device's memory holds "
            f"{memory.capacity_blocks:,}: no such device would start."
        )
    if device.node_devices and layout.devices > device.node_devices:
        found.append(
            f"a replica of {layout.devices} devices is more than one node of {device.node_devices}: the links between "
            f"nodes are taken to be as fast as those within one, which they are not."
        )
    if limits.longest is None and longest < model.max_position:
        asks = "vLLM would ask for max_model_len before it starts, and " if options.kind == "vllm" else ""
        found.append(
            f"the KV memory holds {longest:,} tokens, fewer than the {model.max_position:,} that {model.name} was made "
            f"for: {asks}{longest:,} is taken."
        )
    if limits.longest is not None and longest > model.max_position:
        found.append(
            f"{limits.longest_option} is {longest:,}: {model.name} was made for {model.max_position:,} tokens."
        )
    if isinstance(options, VllmEngine) and options.max_num_batched_tokens < options.max_num_seqs:
        found.append(
            f"max_num_batched_tokens {options.max_num_batched_tokens:,} is below max_num_seqs "
            f"{options.max_num_seqs:,}: no more than the former ever run, and vLLM V1 refuses to start."
        )
    return found
