"""What is missing or implausible in a device profile, for whoever adds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infersim.errors import InputError
from infersim.load.profiles import list_profiles, load_profile, read_profile
from infersim.spec.hardware import AllReduceCurve, Device

Kind = Literal["implausible", "missing", "remark"]
NEEDED = ("gemm.bf16", "attention_prefill.bf16", "attention_decode.bf16")
LEAST_BYTES, LEAST_BANDWIDTH, LEAST_FLOPS, LEAST_LINK = 1e6, 1e8, 1e9, 1e7
MOST_BANDWIDTH, MOST_FLOPS, MOST_WATTS = 1e14, 1e17, 5000.0
SLACK = 1.05
"""By so much a fitted rate may pass a data sheet's peak."""
_RATIOS = (
    ("fp16", ("fp32",), 33.0),
    ("fp16", ("tf32",), 2.2),
    ("fp8", ("fp16", "bf16"), 2.2),
    ("fp4", ("fp8", "int8"), 3.2),
    ("int8", ("fp8",), 2.2),
)
"""Most that a type's dense peak is of another's: beyond, one is sparse. Tensor units reach 31 times fp32 (GB200)."""
_PER_WATT = ((2021, 1.5e12), (2023, 2.4e12), (9999, 3e12))
"""Most dense 16-bit FLOP/s a watt of devices up to a year; the best are TPU v4 1.4, H100 PCIe 2.2, B200 2.3 TFLOPS."""
_SPARSE = "makers often quote twice the dense rate, with sparsity; give the dense one"


@dataclass(frozen=True)
class Finding:
    """One thing about a profile.

    Attributes:
        kind: `implausible` (a number is likely wrong), `missing` (what is used in its place), `remark`.
        field: dotted path in the profile.
        problem: what was found.
        hint: what to do about it.
    """

    kind: Kind
    field: str
    problem: str
    hint: str = ""


def check_device(path: str | Path) -> tuple[Device, list[Finding]]:
    """The device of a file and what there is to say about it, the implausible first.

    Raises:
        InputError: the file cannot be read or is no device profile.
    """
    device = read_profile("device", Path(path))
    found = [*_units(device), *_memory(device), *_peaks(device), *_power(device), *_curves(device), *_missing(device)]
    if device.name != Path(path).stem:
        found.append(Finding("remark", "name", f"is not the file's stem {Path(path).stem!r}, by which it is found"))
    order = ("implausible", "missing", "remark")
    return device, sorted(found, key=lambda finding: order.index(finding.kind))


def _units(device: Device) -> Iterator[Finding]:
    """Numbers in another unit than their name says."""
    memory, link = device.memory, device.link
    given = [
        ("memory.bytes", memory.bytes, LEAST_BYTES, 1e15, "bytes, as 80 GiB = 85.9e9"),
        ("memory.bandwidth_bytes_per_s", memory.bandwidth_bytes_per_s, LEAST_BANDWIDTH, MOST_BANDWIDTH, "bytes/s"),
    ]
    flops = (LEAST_FLOPS, MOST_FLOPS, "FLOP/s, as 989e12")
    given += [(f"peak_flops.{name}", rate, *flops) for name, rate in _rates(device)]
    if link is not None:
        given.append(("link.bytes_per_s", link.bytes_per_s, LEAST_LINK, MOST_BANDWIDTH, "bytes/s and direction"))
    for field, value, least, most, unit in given:
        if not least <= value <= most:
            size = "small" if value < least else "large"
            problem = f"{value:g} is too {size} for {unit.split(',')[0]}"
            yield Finding("implausible", field, problem, f"the unit is {unit}")


def _memory(device: Device) -> Iterator[Finding]:
    size, link = device.memory.bytes, device.link
    gigabytes = size / 1e9
    if device.kind != "tpu" and gigabytes >= 4 and gigabytes % 4 == 0:
        problem = f"{gigabytes:.0f}e9 looks like the sales name: {gigabytes:.0f} GB of memory are mostly GiB"
        hint = f"give what the driver reports; {gigabytes:.0f} GiB are {gigabytes * 2**30 / 1e9:.2f}e9 bytes"
        yield Finding("implausible", "memory.bytes", problem, hint)
    if link is not None and link.bytes_per_s > device.memory.bandwidth_bytes_per_s:
        problem = f"{link.bytes_per_s:.4g} is above the memory's {device.memory.bandwidth_bytes_per_s:.4g}"
        yield Finding("implausible", "link.bytes_per_s", problem, "bits/s or both directions? bytes/s and direction")


def _peaks(device: Device) -> Iterator[Finding]:
    """Rates with sparsity in the place of dense ones."""
    rates = dict(_rates(device))
    rates.setdefault("fp16", rates.get("bf16", 0.0))
    for name, others, most in _RATIOS:
        base = max((rates.get(other, 0.0) for other in others), default=0.0)
        if base and rates.get(name, 0.0) > most * base:
            problem = f"is {rates[name] / base:.3g} times {' and '.join(others)}; at most {most:g} is dense"
            yield Finding("implausible", f"peak_flops.{name}", problem, _SPARSE)
    limit = next(rate for year, rate in _PER_WATT if device.year <= year)
    if device.power_w is not None and rates["fp16"] > limit * device.power_w.limit:
        per_watt = rates["fp16"] / device.power_w.limit / 1e12
        problem = f"is {per_watt:.3g} TFLOPS a watt; at most {limit / 1e12:g} was dense up to that year"
        yield Finding("implausible", "peak_flops.fp16", problem, _SPARSE)
    yield from _siblings(device, rates)


def _siblings(device: Device, rates: dict[str, float]) -> Iterator[Finding]:
    """Twice the rate of a shipped device of the same chip."""
    words = _chip_words(device.name)
    for name in list_profiles("device"):
        if not words & _chip_words(name):
            continue
        for dtype, rate in _rates(load_profile("device", name)):
            if abs(rates.get(dtype, 0.0) / rate - 2.0) < 0.02:
                yield Finding("implausible", f"peak_flops.{dtype}", f"is twice that of {name}", _SPARSE)


def _chip_words(name: str) -> set[str]:
    """`h100` of h100-sxm-80gb: words of a name with a digit that tell no size."""
    words = re.split(r"[-\s]", name.lower())
    return {word for word in words if len(word) >= 3 and re.search(r"\d", word) and not re.search(r"(gb|gpu)$", word)}


def _power(device: Device) -> Iterator[Finding]:
    power = device.power_w
    if power is None:
        yield Finding("missing", "power_w", "is not given: no energy can be computed", "the power limit of one device")
    elif not 0.5 <= power.limit <= MOST_WATTS:
        yield Finding("implausible", "power_w.limit", f"{power.limit:g} W of one device", "in watts, of one device")
    elif power.idle is not None and power.idle >= power.limit:
        yield Finding("implausible", "power_w.idle", f"{power.idle:g} W is not below the limit {power.limit:g} W")


def _curves(device: Device) -> Iterator[Finding]:
    """Fitted rates above what the data sheet allows."""
    bandwidth, peaks = device.memory.bandwidth_bytes_per_s, dict(_rates(device))
    for name, curve in device.operators.items():
        field = f"operators.{name}"
        if isinstance(curve, AllReduceCurve):
            yield from _collective(device, field, curve)
            continue
        lines = getattr(curve, "lines", None)
        rate = min(line.bytes_per_s for line in lines) if lines else getattr(curve, "bytes_per_s", 0.0)
        if rate > SLACK * bandwidth:
            problem = f"moves {rate:.4g} bytes/s, above the memory's {bandwidth:.4g}"
            yield Finding("implausible", field, problem, "fitted in the cache, or the bandwidth is too low")
        peak = peaks.get({"fp8_block": "fp8", "nvfp4": "fp4", "mxfp4": "fp4"}.get(_dtype(name), _dtype(name)))
        computes = getattr(curve, "flops_per_s", 0.0)
        if peak is not None and computes > SLACK * peak:
            problem = f"computes {computes:.4g} FLOP/s, above the peak {peak:.4g}"
            yield Finding("implausible", field, problem, "is the peak that of another type or clock?")


def _collective(device: Device, field: str, curve: AllReduceCurve) -> Iterator[Finding]:
    if device.link is None:
        yield Finding("missing", "link", f"is not given, but {field} is a curve over one")
        return
    for number, ways in curve.devices.items():
        rate = min(line.bytes_per_s for line in ways.large)
        if rate > SLACK * device.link.bytes_per_s:
            problem = f"moves {rate:.4g} bytes/s among {number}, above the link's {device.link.bytes_per_s:.4g}"
            yield Finding("implausible", field, problem, "the link's rate is per device and direction")


def _missing(device: Device) -> Iterator[Finding]:
    peaks = device.peak_flops
    if peaks.bf16 is None and peaks.fp16 is None:
        yield Finding("missing", "peak_flops.bf16", "no 16-bit peak is given", "the dense rate of bf16 or fp16")
    if device.memory.cache_bytes is None:
        yield Finding("missing", "memory.cache_bytes", "is not given: reads that would hit a cache are not told apart")
    if device.link is None and device.kind in ("gpu", "tpu"):
        yield Finding("missing", "link", "is not given: one device a replica only", "bytes/s per device and direction")
    yield from _stand_ins(device)


def _stand_ins(device: Device) -> Iterator[Finding]:
    """Curves that are not there, and what is used instead."""
    absent = [name for name in NEEDED if name not in device.operators]
    absent += ["all_reduce.bf16"] if device.link is not None and "all_reduce.bf16" not in device.operators else []
    if not absent:
        return
    if device.relative is None:
        instead = "shares of the data sheet's peaks are used (confidence: spec-sheet)"
        hint = "relative: a device with curves gives better ones; infersim calibrate fits measured ones"
    else:
        try:
            relative = load_profile("device", device.relative, "relative")
        except InputError as error:
            yield Finding("implausible", "relative", f"{device.relative!r}: {error.problem}", error.hint)
            return
        if not relative.operators:
            problem = f"{relative.name} has no curves of its own"
            yield Finding("implausible", "relative", problem, "name a device that has")
            return
        instead = f"those of {relative.name}, scaled by the ratios of the data sheets, are used (confidence: derived)"
        hint = "infersim calibrate fits measured ones"
    yield Finding("missing", "operators", f"no {', '.join(absent)}: {instead}", hint)


def _rates(device: Device) -> list[tuple[str, float]]:
    """Peaks that are given, by type."""
    numbers = device.peak_flops.model_dump(exclude={"source", "date", "confidence"}, exclude_none=True)
    return list(numbers.items())


def _dtype(operator: str) -> str:
    return operator.partition(".")[2]
