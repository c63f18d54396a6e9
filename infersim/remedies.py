"""A model that does not fit: the arithmetic, and what would fit instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from infersim.errors import DoesNotFit, InputError
from infersim.spec.fleet import Precision
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.timing.generic import computes_in, peak_of
from infersim.timing.layout import Layout, allowed_tensor
from infersim.timing.memory import KvRule, MemoryPlan
from infersim.units import show_bytes

USUAL_SHARE = 0.9
"""Share of memory to try where less was asked for."""

Planner = Callable[[Device, Precision, Layout, KvRule], MemoryPlan]


def does_not_fit(
    model: Model,
    device: Device,
    precision: Precision,
    layout: Layout,
    rule: KvRule,
    plan: Planner,
    alternatives: Iterable[Device],
) -> DoesNotFit:
    """The error of a model that leaves no room for a single KV block.

    Args:
        model, device, precision, layout, rule: as asked for.
        plan: memory of another choice.
        alternatives: other devices to try.
    """
    wanted = plan(device, precision, layout, rule)

    def fits(on: Device, types: Precision, devices: Layout, kv: KvRule = rule) -> bool:
        # room for a few tokens is no remedy: the KV cache must hold at least what one step computes
        try:
            return plan(on, types, devices, kv).capacity_tokens >= rule.max_tokens
        except InputError:
            return False

    remedies = []
    if (
        rule.option
        and rule.share is not None
        and rule.share < USUAL_SHARE
        and fits(device, precision, layout, replace(rule, share=USUAL_SHARE))
    ):
        remedies.append(f"with engine.{rule.option} = {USUAL_SHARE}")
    for splits in allowed_tensor(model):
        if splits > layout.tensor and fits(device, precision, replace(layout, tensor=splits)):
            remedies.append(f"with parallel.tensor ≥ {splits}")
            break
    remedies += list(_other_ways(device, precision, layout, alternatives, fits))
    parts = [("weights", wanted.weights_bytes), ("activations", wanted.activation_bytes)]
    arithmetic = " + ".join(f"{what} {show_bytes(size)}" for what, size in [*parts, ("runtime", wanted.runtime_bytes)])
    share = f"{100 * wanted.usable_bytes / device.memory.bytes:.3g}% of {show_bytes(device.memory.bytes)}"
    return DoesNotFit(
        f"{model.name} ({precision.weights}) does not fit on {layout.devices} × {device.name}\n"
        f"{arithmetic} > {show_bytes(wanted.usable_bytes)} usable ({share})",
        f"it would fit {', or '.join(remedies[:3])}" if remedies else "no layout or device profile known here holds it",
    )


def _other_ways(
    device: Device,
    precision: Precision,
    layout: Layout,
    alternatives: Iterable[Device],
    fits: Callable[[Device, Precision, Layout], bool],
) -> Iterator[str]:
    """Lighter weights on this device, then other devices, smallest first, with these weights and then lighter ones."""
    lighter = precision.model_copy(update={"weights": "fp8", "moe_weights": "fp8", "activations": None})
    may_lighten = precision.weights in ("bf16", "fp16", "fp32")
    if may_lighten and computes_in(device, "fp8") == "fp8" and fits(device, lighter, layout):
        yield "with precision.weights = fp8"
    able = (other for other in alternatives if other.name != device.name and peak_of(other, "bf16"))
    others = sorted(able, key=lambda other: other.memory.bytes)
    for types in (precision, lighter) if may_lighten else (precision,):
        for other in others:
            if computes_in(other, str(types.weights)) == types.weights and fits(other, types, layout):
                what = f"with precision.weights = {types.weights} on " if types is lighter else "on "
                yield f"{what}{layout.devices} × {other.name}"
                break
