"""Energy of devices: idle power all the time, more while a step runs, by the work that it does.

Power of a device in a step is idle + active + FLOPs a second × joules a FLOP + bytes a second × joules a byte, at most
its limit, above which it throttles. The limit binds a step's mean power and not a run's: prompts may reach it while the
run as a whole stays far below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.spec.hardware import Device, DynamicPower

TWINS = {"fp16": "bf16", "bf16": "fp16"}
"""Types that run on the same units at the same rate."""


@dataclass(frozen=True)
class Power:
    """What decides a device's power.

    Attributes:
        limit_w: most that it draws [W].
        idle_w: without a step [W].
        active_w: more while a step runs, whatever it does [W].
        joules_per_flop, joules_per_byte: of work and of memory traffic [J].
        origin: `confidence`, and where the numbers come from.
    """

    limit_w: float
    idle_w: float
    active_w: float
    joules_per_flop: float
    joules_per_byte: float
    origin: dict[str, Any]

    def device_w(self, flops_per_s: Any, bytes_per_s: Any) -> Any:
        """Mean power of a device over a step [W], from its own FLOP/s and B/s."""
        free = self.idle_w + self.active_w + flops_per_s * self.joules_per_flop + bytes_per_s * self.joules_per_byte
        return np.minimum(free, self.limit_w)

    def step_joules(self, devices: int, flops: np.ndarray, moved: np.ndarray, busy_s: np.ndarray) -> np.ndarray:
        """Energy of steps [J], of all devices of a replica.

        Args:
            devices: devices that share the work alike.
            flops, moved: FLOPs and bytes of all of them together.
            busy_s: how long each step lasts [s].
        """
        device_s = devices * busy_s
        return self.device_w(flops / device_s, moved / device_s) * device_s


def of(device: Device, dtype: str, reference: Device | None = None) -> Power | None:
    """A device's power in steps whose products have operands of a type; None where nothing is known of it.

    What the device does not state is taken from a reference that was measured, as shares of the limit: idle, active,
    arithmetic at peak and memory traffic at peak take as much of it as they do there.
    """
    stated = device.power_w
    if stated is None:
        return None
    if stated.dynamic is not None and stated.idle is not None:
        joules = joules_per_flop(stated.dynamic, device, dtype)
        origin = stated.dynamic.model_dump(exclude_none=True, exclude={"active", "joules_per_flop", "joules_per_byte"})
        terms = (stated.dynamic.active, joules, stated.dynamic.joules_per_byte)
        return Power(stated.limit, stated.idle, *terms, {"device": device.name, **origin})
    measured = None if reference is None else of(reference, dtype)
    if measured is None or reference is None:
        return None
    share = stated.limit / measured.limit_w
    idle = stated.idle if stated.idle is not None else share * measured.idle_w
    arithmetic = share * measured.joules_per_flop * _peak(reference, dtype) / _peak(device, dtype)
    traffic = reference.memory.bandwidth_bytes_per_s / device.memory.bandwidth_bytes_per_s
    origin = {"device": device.name, "confidence": "derived", "source": f"shares of the limit as on {reference.name}"}
    return Power(
        stated.limit, idle, share * measured.active_w, arithmetic, share * measured.joules_per_byte * traffic, origin
    )


def joules_per_flop(dynamic: DynamicPower, device: Device, dtype: str) -> float:
    """Energy of a FLOP in a type [J]; of a type that is not stated, in the proportion of the peaks."""
    stated = dynamic.joules_per_flop
    if dtype in stated:
        return stated[dtype]
    known = TWINS.get(dtype, "")
    known = known if known in stated else next(iter(stated))
    return stated[known] * _peak(device, known) / _peak(device, dtype)


def _peak(device: Device, dtype: str) -> float:
    """Peak of a type [FLOP/s], of the nearest wider one where the device does not have it."""
    for name in (dtype, TWINS.get(dtype, dtype), "fp8", "bf16", "fp16", "fp32", "int8"):
        peak = getattr(device.peak_flops, name, None)
        if peak is not None:
            return peak
    raise ValueError(f"{device.name} states no peak")


def account(
    power: Power | None,
    devices: int,
    busy_device_s: float,
    busy_joules: float,
    peak_w: float,
    span_s: float,
    requests: int,
    output_tokens: float,
) -> dict[str, Any] | None:
    """Energy over a span, per request and per output token [J], and the power of one device [W].

    Args:
        power: of a device; None where it is not known.
        devices: devices held over the span.
        busy_device_s: seconds in a step, summed over the devices [s].
        busy_joules: energy of the steps [J].
        peak_w: highest mean power of one device over a step [W]; idle power counts where there was none.
        span_s: the span [s].
        requests: requests completed in the span.
        output_tokens: tokens sampled in the span.
    """
    if power is None:
        return None
    total = busy_joules + power.idle_w * max(devices * span_s - busy_device_s, 0.0)
    return {
        "joules_total": total,
        "joules_per_request": total / requests if requests else None,
        "joules_per_output_token": total / output_tokens if output_tokens else None,
        "device_power_w": {
            "mean": total / (devices * span_s) if span_s > 0 else None,
            "peak": min(max(peak_w, power.idle_w), power.limit_w) if span_s > 0 else None,
        },
    }
