"""Prices that stayed while the device under them changed: told, and marked in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from infersim.errors import InputError
from infersim.load.study import LoadedStudy
from infersim.sweep.points import Points
from infersim.sweep.table import Table


class Stale(NamedTuple):
    """A pool whose device changes, and its price does not.

    Attributes:
        pool: its name.
        price_usd_per_h: of a device, as the scenario has it.
        devices: those that it is not the price of.
        rows: whether each row has one of them.
    """

    pool: str
    price_usd_per_h: float
    devices: list[str]
    rows: np.ndarray


def stale_prices(table: Table, scenario: Mapping[str, Any]) -> Iterator[Stale]:
    """Pools whose device the points change, and not its price.

    Args:
        table: a sweep's; only columns that are paths are looked at.
        scenario: plain data of the one under the points.
    """
    fleet = scenario.get("fleet")
    for name, pool in fleet.items() if isinstance(fleet, Mapping) else ():
        devices, lead = table.get(f"fleet.{name}.device"), f"fleet.{name}"
        purchase = pool.get("purchase") if isinstance(pool, Mapping) else None
        price = purchase.get("price_usd_per_h") if isinstance(purchase, Mapping) else None
        if devices is None or not isinstance(price, int | float) or not price:
            continue
        priced = np.zeros(len(devices), dtype=bool)
        for path in (f"{lead}.purchase.price_usd_per_h", f"{lead}.purchase", lead):
            priced |= _is_set(table[path]) if path in table else False
        rows = _is_set(devices) & ~priced & (devices != pool.get("device"))
        if rows.any():
            yield Stale(str(name), price, sorted({*map(str, devices[rows])}), rows)


def marked(stale: Sequence[Stale]) -> list[bool]:
    """Whether the cost of each row is at another device's price; empty where none is."""
    return np.logical_or.reduce([each.rows for each in stale]).tolist() if stale else []


def matters(path: str) -> bool:
    """Whether `stale_prices` looks at a path: a pool, its device, its purchase."""
    parts = path.split(".")
    return parts[0] == "fleet" and (len(parts) == 2 or parts[2] in ("device", "purchase"))


def told(stale: Stale) -> str:
    """A sentence on it."""
    path = f"fleet.{stale.pool}.purchase.price_usd_per_h"
    return (
        f"fleet.{stale.pool}: the device is {' or '.join(stale.devices)} at some points, and the price of "
        f"{stale.price_usd_per_h:g} USD an hour stayed: their cost (*) is not theirs; vary {path} with the device, as "
        "zip: in a study's file does."
    )


def laid_notes(loaded: LoadedStudy, points: Points) -> list[str]:
    """What is to be known of how `--set` was laid over the scenario under all points, as `infersim run` tells it."""
    try:
        laid = loaded.base.laid_under(points.settings(0), loaded.file)
    except InputError:  # a row of the result
        return []
    varied = {f"fleet.{name}:" for name in laid.scenario.fleet if f"fleet.{name}.device" in points.paths}
    priced = {f"fleet.{name}:" for name in laid.scenario.fleet for path in points.paths if _is_price(path, name)}
    return [note for note in laid.notes if f"{note.split(':')[0]}:" not in varied | priced]


def _is_price(path: str, pool: str) -> bool:
    return f"fleet.{pool}.purchase.price_usd_per_h.".startswith(f"{path}.")


def _is_set(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind == "f":
        return ~np.isnan(column)
    return np.array([value is not None and value == value for value in column.tolist()], dtype=bool)
