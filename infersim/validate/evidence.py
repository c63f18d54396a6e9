"""What profiles say of themselves: errors of kernels, what was fitted to what, and what nobody measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infersim.errors import InputError
from infersim.load.profiles import list_profiles, load_profile
from infersim.runs import RunTable
from infersim.spec.engine import Constant, EngineConstants
from infersim.spec.hardware import Device

KINDS = ("device", "model", "engine")


@dataclass(frozen=True)
class Fitted:
    """Numbers that were found together, of one profile or of several.

    Attributes:
        profiles: names of those that state them so.
        numbers: their names.
        method, source, date: as the profile states them.
    """

    profiles: tuple[str, ...]
    numbers: tuple[str, ...]
    method: str
    source: str
    date: str


def devices() -> list[Device]:
    """All device profiles."""
    return [load_profile("device", name) for name in list_profiles("device")]


def kernel_errors() -> dict[str, dict[str, float]]:
    """Median error on the points kept out of the fit, by operator and type and then by device, as fractions."""
    found: dict[str, dict[str, float]] = {}
    for device in devices():
        own = (
            (f"{name} ({of})", curve) for of, each in device.engine_operators.items() for name, curve in each.items()
        )
        for name, curve in (*device.operators.items(), *own):
            if curve.fit is not None:
                found.setdefault(name, {})[device.name] = curve.fit.median_error
    return dict(sorted(found.items()))


def fitted() -> list[Fitted]:
    """What engines' profiles, and devices' power, rest on."""
    together: dict[tuple[Any, ...], list[str]] = {}
    for name in list_profiles("engine"):
        for numbers, *origin in _of_engine(load_profile("engine", name)):
            together.setdefault((numbers, *origin), []).append(name)
    return [*(Fitted(tuple(names), *key) for key, names in together.items()), *_powers()]


def _of_engine(engine: EngineConstants) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    numbers: dict[tuple[str, str, str], list[str]] = {}
    for name in type(engine).model_fields:
        constant = getattr(engine, name)
        if isinstance(constant, Constant):
            numbers.setdefault((constant.method, constant.source, constant.date), []).append(name)
    for name, shares in engine.kernels.items():
        numbers.setdefault((shares.method, shares.source, shares.date), []).append(f"kernels.{name}")
    for (method, source, date), names in numbers.items():
        yield tuple(names), method, source, date


def _powers() -> Iterator[Fitted]:
    for device in devices():
        dynamic = device.power_w.dynamic if device.power_w else None
        if dynamic is not None and dynamic.fit is not None:
            fit = dynamic.fit
            errors = f"{fit.points} runs, median error {fit.median_error:.1%} on the {fit.kept_out:.0%} kept out"
            yield Fitted((device.name,), ("power_w.dynamic",), f"{fit.method}; {errors}", fit.source, fit.date)


def unseen(tables: Sequence[RunTable]) -> dict[str, list[str]]:
    """Profiles of each kind that no row of the tables uses."""
    seen: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for table in tables:
        for row in range(len(table)):
            for kind, name in _profiles(table, row):
                seen[kind].add(name)
    return {kind: [name for name in list_profiles(kind) if _named(kind, name) not in seen[kind]] for kind in KINDS}


def _profiles(table: RunTable, row: int) -> Iterator[tuple[str, str]]:
    try:
        pools = table.data(row).get("fleet", {}).values()
    except InputError:  # such a row is refused, and says so elsewhere
        return
    for pool in pools:
        for of, name in (("device", pool.get("device")), ("model", pool.get("model")), ("engine", _engine(pool))):
            yield of, _named(of, str(name))


def engine_of(table: RunTable, row: int) -> str:
    """The engine profile of a row's first pool; empty where the row cannot be read."""
    try:
        return _engine(next(iter(table.data(row)["fleet"].values())))
    except InputError:
        return ""


def _engine(pool: dict[str, Any]) -> str:
    options = pool.get("engine", {})
    kind = options.get("kind", "vllm")
    return f"{kind}-{options['version']}" if "version" in options else str(kind)


def _named(kind: str, name: str) -> str:
    """A profile's own name; as written where there is none."""
    try:
        return str(load_profile(kind, name).name)
    except InputError:
        return name
