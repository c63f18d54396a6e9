"""What profiles say of themselves: errors of kernels, what was fitted to what, and what nobody measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infersim.errors import InputError
from infersim.load.profiles import list_profiles, load_profile
from infersim.runs import RunTable
from infersim.spec.engine import Constant, EngineConstants
from infersim.spec.hardware import Device

KINDS = ("device", "model", "engine")


@dataclass(frozen=True)
class Fitted:
    """Numbers of a profile that were found together.

    Attributes:
        profile: its name.
        numbers: their names.
        method, source, date: as the profile states them.
    """

    profile: str
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
        for name, curve in device.operators.items():
            if curve.fit is not None:
                found.setdefault(name, {})[device.name] = curve.fit.median_error
    return dict(sorted(found.items()))


def fitted() -> list[Fitted]:
    """What engines' profiles, and devices' power, rest on."""
    engines = [load_profile("engine", name) for name in list_profiles("engine")]
    return [*(each for engine in engines for each in _of_engine(engine)), *_powers()]


def _of_engine(engine: EngineConstants) -> Iterator[Fitted]:
    numbers: dict[tuple[str, str, str], list[str]] = {}
    for name in type(engine).model_fields:
        constant = getattr(engine, name)
        if isinstance(constant, Constant):
            numbers.setdefault((constant.method, constant.source, constant.date), []).append(name)
    for name, shares in engine.kernels.items():
        numbers.setdefault((shares.method, shares.source, shares.date), []).append(f"kernels.{name}")
    for (method, source, date), names in numbers.items():
        yield Fitted(engine.name, tuple(names), method, source, date)


def _powers() -> Iterator[Fitted]:
    for device in devices():
        dynamic = device.power_w.dynamic if device.power_w else None
        if dynamic is not None and dynamic.fit is not None:
            fit = dynamic.fit
            errors = f"{fit.points} runs, median error {fit.median_error:.1%} on the {fit.kept_out:.0%} kept out"
            yield Fitted(device.name, ("power_w.dynamic",), f"{fit.method}; {errors}", fit.source, fit.date)


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
        kind, version = (pool.get("engine", {}).get(key) for key in ("kind", "version"))
        engine = f"{kind or 'vllm'}-{version}" if version else kind or "vllm"
        for of, name in (("device", pool.get("device")), ("model", pool.get("model")), ("engine", engine)):
            yield of, _named(of, str(name))


def _named(kind: str, name: str) -> str:
    """A profile's own name; as written where there is none."""
    try:
        return str(load_profile(kind, name).name)
    except InputError:
        return name
