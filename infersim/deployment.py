"""A pool made ready to be simulated: its profiles, memory, timing and policy, or the reason why it cannot run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infersim import load
from infersim.errors import DoesNotFit, InputError
from infersim.remedies import does_not_fit
from infersim.sim import cluster
from infersim.sim.batching.vllm import Vllm
from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Pool, Precision, VllmEngine
from infersim.spec.hardware import Device
from infersim.spec.model import Model, MoeFeedForward
from infersim.summary import PoolFacts
from infersim.timing.dtypes import compute_dtype
from infersim.timing.layout import DeviceShare, Layout
from infersim.timing.memory import NULL_BLOCKS, KvRule, MemoryPlan, memory_plan
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


def deploy(name: str, pool: Pool, folder: Path = Path()) -> Deployment:
    """Make a pool ready.

    Args:
        name: the pool's.
        pool: as written.
        folder: what a config.json in place of its model is relative to.

    Raises:
        InputError: a profile is not there or does not allow the pool; carries the path under `fleet.NAME`.
        DoesNotFit: the model does not fit into its devices' memory.
    """
    field = f"fleet.{name}"
    model = load.load_profile("model", pool.model, f"{field}.model", folder)
    device = load.load_profile("device", pool.device, f"{field}.device")
    engine = load.load_profile("engine", pool.engine.kind, f"{field}.engine.kind")
    try:
        return _deploy(name, _resolved(pool, model, device, folder), model, device, engine)
    except InputError as error:
        where = f"{field}.{error.field}" if error.field else field
        raise type(error)(error.problem, error.hint, where, error.value) from None


def _resolved(pool: Pool, model: Model, device: Device, folder: Path) -> Pool:
    """The pool with its profiles' own names, and the checkpoint's types where none were asked for."""
    asked = pool.precision
    weights = asked.weights or model.dtype
    has_experts = any(isinstance(block, MoeFeedForward) for block in model.feed_forward)
    experts = (asked.moe_weights or asked.weights or model.moe_dtype or weights) if has_experts else None
    kv_cache = asked.kv_cache or ("bf16" if compute_dtype(weights, None) != "fp16" else "fp16")
    precision = asked.model_copy(update={"weights": weights, "moe_weights": experts, "kv_cache": kv_cache})
    named = pool.model if load.config_path(pool.model, folder) else model.name
    return pool.model_copy(update={"model": named, "device": device.name, "precision": precision})


def _deploy(name: str, pool: Pool, model: Model, device: Device, engine: EngineConstants) -> Deployment:
    options, parallel = pool.engine, pool.parallel
    layout = Layout(parallel.tensor, parallel.pipeline, parallel.data, parallel.expert)
    devices = pool.replicas * layout.devices
    relative = load.load_profile("device", device.relative, "device") if device.relative else None
    rule = KvRule(
        "of_total",
        options.gpu_memory_utilization,
        options.max_num_batched_tokens,
        options.max_num_seqs,
        options.block_size,
        NULL_BLOCKS,
    )
    timing = TransformerTiming(
        model,
        device,
        engine,
        precision=pool.precision,
        layout=layout,
        max_tokens=options.max_num_batched_tokens * layout.data,
        max_seqs=options.max_num_seqs * layout.data,
        relative=relative,
    )
    memory = memory_plan(model, device, engine, timing.share, rule)
    if not memory.capacity_blocks:
        raise _does_not_fit(pool, model, device, engine, layout, rule)
    capacity = memory.capacity_blocks
    if options.num_gpu_blocks_override is not None:
        capacity = options.num_gpu_blocks_override - NULL_BLOCKS
    longest = _max_model_len(options, model, capacity)
    plan = cluster.PoolPlan(
        replicas=pool.replicas,
        timing=timing,
        policy=lambda: Vllm(options, capacity),
        capacity_blocks=capacity,
        block_size=options.block_size,
        most_tokens=longest,
        frontend_s=timing.frontend_s,
        frontend_serial_s=timing.frontend_serial_s,
    )
    facts = PoolFacts(
        name,
        pool.replicas,
        devices,
        capacity,
        options.block_size,
        timing.peak_flops,
        timing.peak_bytes_per_s,
        pool.purchase,
        _described(pool, devices),
    )
    assumptions = {
        "engine": {
            name: value
            for name, value in engine.model_dump().items()
            if isinstance(value, dict) and "confidence" in value
        },
        "memory": asdict(memory),
        "max_model_len": longest,
    }
    profiles = (("model", pool.model), ("device", device.name), ("engine", engine.name))
    warnings = _warnings(options, model, memory, capacity, longest)
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
        **pool.precision.model_dump(exclude_none=True),
    }


def _does_not_fit(
    pool: Pool, model: Model, device: Device, engine: EngineConstants, layout: Layout, rule: KvRule
) -> DoesNotFit:
    def plan(on: Device, types: Precision, devices: Layout, kv: KvRule) -> MemoryPlan:
        share = DeviceShare.of(
            model,
            devices,
            weights=str(types.weights),
            moe_weights=str(types.moe_weights or types.weights),
            kv_cache=str(types.kv_cache),
            pads_heads=engine.pads_heads,
        )
        return memory_plan(model, on, engine, share, kv)

    # Only now are all devices read, to say which of them would do.
    others = (load.load_profile("device", other) for other in load.list_profiles("device"))
    return does_not_fit(model, device, pool.precision, layout, rule, plan, others)


def _max_model_len(options: VllmEngine, model: Model, capacity_blocks: int) -> int:
    """The limit given, refused as vLLM refuses it; else the model's own, or what the KV memory holds if less."""
    held = capacity_blocks * options.block_size
    given = options.max_model_len
    if given is None:
        return min(model.max_position, held)
    what = ("engine.max_model_len", str(given))
    if given > model.max_position:
        hint = f"at most {model.max_position}"
        raise InputError(f"{model.name} was made for {model.max_position} tokens", hint, *what)
    if given > held:
        problem = f"the KV memory holds {held} tokens: not one request of this length, so vLLM would not start"
        raise InputError(problem, f"at most {held}, or leave it out", *what)
    return given


def _warnings(options: VllmEngine, model: Model, memory: MemoryPlan, capacity: int, longest: int) -> list[str]:
    found = []
    if capacity > memory.capacity_blocks:
        found.append(
            f"num_gpu_blocks_override gives {capacity:,} usable KV blocks, and the device's memory holds "
            f"{memory.capacity_blocks:,}: no such device would start."
        )
    if options.max_model_len is None and longest < model.max_position:
        found.append(
            f"the KV memory holds {longest:,} tokens, fewer than the {model.max_position:,} that {model.name} was made "
            f"for: vLLM would ask for max_model_len before it starts, and {longest:,} is taken."
        )
    return found
