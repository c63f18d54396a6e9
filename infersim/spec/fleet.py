"""Pools of equal replicas: model, device, precision, layout, engine, purchase; and the router in front."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infersim.spec.base import Integer, Number, Spec
from infersim.spec.engines import Engine, VllmEngine
from infersim.spec.model import Dtype

KvDtype = Literal["fp32", "bf16", "fp16", "fp8", "int8"]


class Precision(Spec):
    """Numeric types; what is not said is the checkpoint's own."""

    weights: Dtype | None = None
    moe_weights: Dtype | None = None
    """Routed experts; the checkpoint's own, or that of `weights` where one is given."""
    activations: Dtype | None = None
    """What products are computed in; the weights' type, 16 bits where weights alone are quantised."""
    kv_cache: KvDtype | None = None


class Parallel(Spec):
    """Layout of one replica: its devices are tensor × pipeline × data."""

    tensor: Annotated[Integer, Field(ge=1, le=1024)] = 1
    pipeline: Annotated[Integer, Field(ge=1, le=1024)] = 1
    expert: Annotated[Integer, Field(ge=1, le=1024)] = 1
    data: Annotated[Integer, Field(ge=1, le=1024)] = 1


class Purchase(Spec):
    """How the devices are paid for."""

    kind: Literal["on_demand"] = "on_demand"
    price_usd_per_h: Annotated[Number, Field(ge=0, le=1e6)] | None = None
    """Price of one device for an hour."""
    source: str | None = None
    """Where the price comes from, and its date."""


class Pool(Spec):
    """Equal replicas of one model on one kind of device."""

    model: Annotated[str, Field(min_length=1)]
    """Model profile (`infersim models list`), or the path of a hub's `config.json`, or of its folder."""
    device: Annotated[str, Field(min_length=1)]
    """Device profile (`infersim devices list`)."""
    replicas: Annotated[Integer, Field(ge=1, le=100_000)] = 1
    precision: Precision = Precision()
    parallel: Parallel = Parallel()
    engine: Engine = VllmEngine()
    purchase: Purchase = Purchase()


class Router(Spec):
    """How requests are spread over replicas."""

    kind: Literal["least_outstanding", "round_robin", "random"] = "least_outstanding"
