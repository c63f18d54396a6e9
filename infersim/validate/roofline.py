"""A plain roofline beside predictions: engines without time of their own, kernels at the data sheet's peaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infersim.load.profiles import list_profiles, load_profile
from infersim.spec.engine import EngineConstants, KernelShares

AT_PEAK = KernelShares(
    flops=1.0,
    bytes=1.0,
    attention_flops=1.0,
    attention_bytes=1.0,
    launch_s=0.0,
    elementwise_bytes=1.0,
    expert_pad_rows=0.0,
    all_reduce_s=1e-9,
    source="the data sheet's peaks",
    date="2026-11-25",
    method="every kernel reaches them from its first byte",
    confidence="spec-sheet",
)
"""Kernels of no engine."""


def at_peak(engine: EngineConstants) -> EngineConstants:
    """An engine's profile with its rules and its memory as they are, without time of its own, and perfect kernels."""
    update: dict[str, Any] = {"kernels": {"any": AT_PEAK}, "residuals": (), "first_bundle_tokens": None}
    for name in type(engine).model_fields:
        constant = getattr(engine, name)
        if name.endswith("_s") and constant is not None:
            update[name] = constant.model_copy(update={"value": 0.0})
    return engine.model_copy(update=update)


def write_profiles(folder: Path) -> None:
    """Write all engines as they are under a roofline into a folder of profiles, to be laid over the others."""
    (folder / "engines").mkdir()
    for name in list_profiles("engine"):
        text = at_peak(load_profile("engine", name)).model_dump_json(by_alias=True, exclude_none=True)
        (folder / "engines" / f"{name}.yaml").write_text(text, encoding="utf-8")
