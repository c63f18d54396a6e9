"""Collectives among the devices of a replica: the engine's own kernel up to a size, the library above it."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.spec.hardware import AllReduceCurve, CollectiveCurve, CollectiveLine


def _lowest(payload_bytes: Any, lines: tuple[CollectiveLine, ...]) -> Any:
    times = [line.latency_s + payload_bytes / line.bytes_per_s for line in lines]
    return np.minimum.reduce(np.broadcast_arrays(*times))


def collective_s(payload_bytes: Any, devices: int, curve: AllReduceCurve | CollectiveCurve) -> Any:
    """Time of one collective [s], forms `all_reduce/1` and `collective/1`.

    Each regime is the lowest of a few lines latency + bytes/rate, as kernels switch from a one-shot to a two-shot
    algorithm. Above the limit the time is at least that at the limit, so that more bytes never take less time.

    Args:
        payload_bytes: bytes of the whole vector that a device holds before a reduction or an all-to-all, or after an
            all-gather [B]; scalar or array.
        devices: participants, one of the counts in the curve.
        curve: calibrated lines by number of devices.
    """
    payload_bytes = np.asarray(payload_bytes, dtype=float)
    numbers = curve.devices[devices]
    if not numbers.small:
        return _lowest(payload_bytes, numbers.large)
    small = _lowest(np.minimum(payload_bytes, numbers.small_limit_bytes), numbers.small)
    large = np.maximum(_lowest(payload_bytes, numbers.large), small)
    return np.where(payload_bytes <= numbers.small_limit_bytes, small, large)


def all_reduce_s(payload_bytes: Any, devices: int, curve: AllReduceCurve) -> Any:
    """Time of one all-reduce [s]; see `collective_s`."""
    return collective_s(payload_bytes, devices, curve)
