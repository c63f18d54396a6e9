"""The curves that a replica's timing rests on, with what is known of their quality.

A curve is, in this order: what the engine's own kernels reach (`EngineConstants.kernels`), the device's measured one
(of the engine's own kernel where that was measured), its relative's scaled by the data sheets, shares of the data
sheet's peaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.spec.engine import EngineConstants, KernelShares
from infersim.spec.hardware import (
    AllReduceCurve,
    Curve,
    DecodeAttentionCurve,
    Device,
    ElementwiseCurve,
    GemmCurve,
    LatentAttentionCurve,
    MoeCurve,
    PrefillAttentionCurve,
)
from infersim.timing import generic
from infersim.timing.dtypes import compute_dtype

MEASURED_AS = {"fp16": "bf16", "fp32": "bf16", "tf32": "bf16", "int8": "fp8"}
"""Measured type whose curve stands for a type, by the ratio of the peaks; both 16-bit types run at one speed."""


SERVED_AS = {"fp8": ("fp8_block", "fp8")}
"""Measured kernels that engines serve a type of experts with: per-tensor fp8 was measured with a slow Triton kernel."""


def _computes(weights: str, computed: str) -> bool:
    """Whether the kernels measured for a type of weights compute in that type: 8-bit ones do not in 16 bits."""
    return compute_dtype(MEASURED_AS.get(weights, weights), None) == MEASURED_AS.get(computed, computed)


def served(curve: GemmCurve, plain: GemmCurve) -> GemmCurve:
    """A curve as a CUDA graph runs it: the calls' floor and launch are the host's, those of plain products hold."""
    least = {name: min(getattr(curve, name), getattr(plain, name)) for name in ("launch_s", "bytes_extra")}
    return curve.model_copy(update={"floor": None, "confidence": "derived", **least})


def in_graph(curve: GemmCurve, plain: GemmCurve) -> GemmCurve:
    """A curve whose call quantises activations first, as a CUDA graph runs both: with one launch, that of products."""
    return curve.model_copy(update={"launch_s": min(curve.launch_s, plain.launch_s)})


@dataclass(frozen=True)
class Source:
    """Where a replica's curves are looked up.

    Attributes:
        device: the replica's.
        relative: the device whose curves are scaled where `device` has none.
        shares: the engine's own kernels on this device.
        fused: attention's scores stay in the cores.
        engine: its name, for curves that were measured of its own kernels.
        quantises_in_graph: quantising activations has no launch of its own.
    """

    device: Device
    relative: Device | None
    shares: KernelShares | None
    fused: bool = True
    engine: str = ""
    quantises_in_graph: bool = False

    @classmethod
    def of(cls, device: Device, relative: Device | None, engine: EngineConstants, fused: bool = True) -> Source:
        """The engine's own kernels by the device's name, its maker's, or those for any."""
        own = engine.kernels
        shares = own.get(device.name) or own.get(device.maker) or own.get("any")
        return cls(device, relative, shares, fused, engine.name, engine.quantises_in_graph)

    def find(self, operator: str, dtypes: tuple[str, ...], weights: str = "") -> tuple[str, Any]:
        """Name and numbers of the curve for the first of the types that is known."""
        found = self._measured(operator, dtypes)
        return found or (f"{operator}.{dtypes[0]}", self._unmeasured(operator, weights, dtypes[-1]))

    def _measured(self, operator: str, dtypes: tuple[str, ...]) -> tuple[str, Any] | None:
        """The device's own curve for the first of the types that it has one for, else its relative's scaled."""
        devices = (self.device, self.relative) if self.shares is None else ()
        for of in filter(None, devices):
            curves = of.operators | of.engine_operators.get(self.engine, {})
            for dtype in dtypes:
                name = f"{operator}.{MEASURED_AS.get(dtype, dtype)}"
                if name in curves:
                    own = curves[name]
                    curve = own if of is self.device else generic.scaled(own, name, of, self.device)
                    return name, generic.in_type(curve, dtype, name, self.device)
        return None

    def _unmeasured(self, operator: str, weights: str, dtype: str) -> Curve:
        if operator == "attention_latent":
            return generic.latent(self.device)
        return generic.from_shares(operator, weights, dtype, self.device, self.shares or generic.GENERIC, self.fused)

    def products(self, weights: str, activations: str) -> tuple[str, GemmCurve]:
        """The curve of products with weights of a type: measured in it, or as in the type that they are computed in."""
        computed = generic.computes_in(self.device, activations)
        wanted = (weights, computed) if _computes(weights, computed) else (computed,)
        name, curve = self.find("gemm", wanted, weights)
        if curve.floor:
            return name, served(curve, self._plain())
        return name, in_graph(curve, self._plain()) if self.quantises_in_graph and curve.quantise else curve

    def _plain(self) -> GemmCurve:
        """Products of 16-bit operands, which nothing is launched before."""
        plain: GemmCurve = self.find("gemm", ("bf16",))[1]
        return plain

    def experts(self, weights: str, activations: str) -> tuple[str, GemmCurve | MoeCurve]:
        """The curve of routed experts with weights of a type, or that of products where only those were measured."""
        computed = generic.computes_in(self.device, activations)
        if self.shares is not None or not (self.device.operators or self.relative):
            return self.find("moe", (weights, computed), weights)
        measured = (kind for kind in SERVED_AS.get(weights, (weights,)) if _computes(kind, computed))
        return self._measured("moe", (*measured, computed)) or self.products(weights, activations)

    def all_reduce(self, devices: int) -> tuple[str, AllReduceCurve]:
        """The all-reduce among so many devices.

        Raises:
            InputError: nobody measured it, and the data sheet has no link.
        """
        name = "all_reduce.bf16"
        _, curve = self._measured("all_reduce", ("bf16",)) or (name, None)
        if curve is None or devices not in curve.devices:
            curve = generic.all_reduce(self.device, devices, self.shares or generic.GENERIC)
        if curve is None:
            problem = f"{self.device.name} has no link between devices"
            raise InputError(problem, "allowed: 1", "parallel.tensor", str(devices))
        return name, curve


@dataclass(frozen=True)
class Curves:
    """The operators of one replica."""

    device: str
    gemm: GemmCurve
    head: GemmCurve
    prefill: PrefillAttentionCurve
    decode: DecodeAttentionCurve
    latent: LatentAttentionCurve
    elementwise: ElementwiseCurve
    experts: GemmCurve | MoeCurve
    reduce_tensor: AllReduceCurve | None
    reduce_experts: AllReduceCurve | None
    roles: dict[str, str]
    """Name in the profile by role: `gemm`, `prefill`, …, of those that the replica uses."""

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        weights: str,
        moe_weights: str,
        activations: str,
        moe_activations: str,
        head: str,
        kv_cache: str,
        tensor: int,
        group: int,
        uses: Callable[[str], bool],
    ) -> Curves:
        """Curves for these types and numbers of devices.

        Args:
            source: where to look.
            weights, moe_weights, activations, moe_activations, head, kv_cache: numeric types.
            tensor: devices that attention is split over.
            group: devices that experts are spread over.
            uses: whether the model has an operator of a role.
        """
        found: dict[str, tuple[str, Any]] = {
            "gemm": source.products(weights, activations),
            "head": source.products(head, "bf16"),
            "prefill": source.find("attention_prefill", (kv_cache, "bf16")),
            "decode": source.find("attention_decode", (kv_cache, "bf16")),
            "latent": source.find("attention_latent", (kv_cache, "bf16")),
            "elementwise": source.find("elementwise", ("bf16",)),
            "experts": source.experts(moe_weights, moe_activations),
        }
        if tensor > 1:
            found["reduce_tensor"] = source.all_reduce(tensor)
        if group > 1:
            found["reduce_experts"] = source.all_reduce(group)
        curves: dict[str, Any] = {"reduce_tensor": None, "reduce_experts": None}
        curves |= {role: curve for role, (_, curve) in found.items()}
        roles = {role: name for role, (name, _) in found.items() if uses(role)}
        return cls(source.device.name, **curves, roles=roles)

    def used(self) -> dict[str, Curve]:
        """Every curve once, by its name in the profile."""
        return {name: getattr(self, role) for role, name in self.roles.items()}

    def confidence(self) -> list[dict[str, Any]]:
        """One entry a curve: `curve`, `device`, `confidence`, `fit_range`, `median_error`, `source`, `date`."""
        return [
            {
                "curve": name,
                "device": self.device,
                "confidence": curve.confidence,
                "fit_range": dict(curve.fit.range) if curve.fit else {},
                "median_error": curve.fit.median_error if curve.fit else None,
                "source": curve.fit.source if curve.fit else curve.source,
                "date": curve.fit.date if curve.fit else curve.date,
            }
            for name, curve in self.used().items()
        ]

    def outside(self, seen: list[tuple[str, str, np.ndarray]]) -> list[dict[str, Any]]:
        """Arguments beyond the range of a fit.

        Args:
            seen: (role, argument's name in `fit.range`, values).

        Returns:
            One entry a curve and argument: `curve`, `argument`, `range`, `seen` (smallest and largest value).
        """
        found = []
        for role, argument, values in seen:
            fit = getattr(self, role).fit if role in self.roles else None
            if fit is None or argument not in fit.range or not len(values):
                continue
            low, high = fit.range[argument]
            smallest, largest = float(values.min()), float(values.max())
            if smallest < low or largest > high:
                entry = {"curve": self.roles[role], "argument": argument, "range": (low, high)}
                found.append({**entry, "seen": (smallest, largest)})
        return found
