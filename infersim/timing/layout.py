"""What one device of a tensor-parallel replica holds of a transformer: widths, weights, KV bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from infersim.errors import InputError
from infersim.spec.model import Model

DTYPE_BYTES = {"fp32": 4.0, "tf32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0}
"""Bytes an element by numeric type."""


def allowed_tensor(model: Model) -> list[int]:
    """Device counts that a model's heads, feed-forward layer and KV heads can be split over."""
    return [
        n
        for n in range(1, model.heads + 1)
        if not (model.heads % n or model.intermediate % n or (model.kv_heads % n and n % model.kv_heads))
    ]


@dataclass(frozen=True)
class DeviceShare:
    """One device's share of a model.

    Attributes:
        tensor: devices that the model is split over.
        heads, kv_heads: query and KV heads of the device; KV heads are copied where devices outnumber them.
        weight_bytes: bytes an element of the layers' weights.
        head_bytes: bytes an element of embedding and LM head, which quantised checkpoints leave at 16 bits.
        kv_element_bytes: bytes an element of the KV cache.
        products: (outputs, inputs) of a layer's four products: QKV, attention output, gate and up, down.
        head: (outputs, inputs) of the LM head.
        layer_weights, head_weights, embedding_weights: elements of the device.
        kv_bytes_per_token: KV cache of a token in all layers [B].
        elementwise_bytes_per_token: traffic of a layer's element-wise kernels for a token [B].
    """

    tensor: int
    heads: int
    kv_heads: int
    weight_bytes: float
    head_bytes: float
    kv_element_bytes: float
    products: tuple[tuple[int, int], ...]
    head: tuple[int, int]
    layer_weights: int
    head_weights: int
    embedding_weights: int
    kv_bytes_per_token: float
    elementwise_bytes_per_token: float

    @classmethod
    def of(cls, model: Model, weights_dtype: str, kv_dtype: str, tensor: int) -> DeviceShare:
        """The share of each of `tensor` devices.

        Raises:
            InputError: the model cannot be split over that many devices.
        """
        allowed = allowed_tensor(model)
        if tensor not in allowed:
            raise InputError(
                f"{tensor} devices cannot share the {model.heads} heads and {model.kv_heads} KV heads of {model.name}",
                f"allowed: {', '.join(str(n) for n in allowed)}",
                "parallel.tensor",
                str(tensor),
            )
        heads, kv_heads = model.heads // tensor, math.ceil(model.kv_heads / tensor)
        queries, keys, wide = heads * model.head_dim, kv_heads * model.head_dim, model.intermediate // tensor
        products = (
            (queries + 2 * keys, model.hidden),
            (model.hidden, queries),
            (2 * wide, model.hidden),
            (model.hidden, wide),
        )
        vocab = math.ceil(model.vocab / tensor)
        kv_element_bytes = DTYPE_BYTES[kv_dtype]
        # two norms read and write the stream and its residual; rotary embedding reads and writes queries and keys;
        # the cache write reads keys and values; the activation reads gate and up and writes their product
        moved = 8 * model.hidden + 2 * (queries + keys) + 2 * keys + 3 * wide
        cached = 2 * keys * kv_element_bytes
        return cls(
            tensor=tensor,
            heads=heads,
            kv_heads=kv_heads,
            weight_bytes=DTYPE_BYTES[weights_dtype],
            head_bytes=max(DTYPE_BYTES[weights_dtype], 2.0),
            kv_element_bytes=kv_element_bytes,
            products=products,
            head=(vocab, model.hidden),
            layer_weights=sum(outputs * inputs for outputs, inputs in products),
            head_weights=vocab * model.hidden,
            embedding_weights=0 if model.tie_embeddings else vocab * model.hidden,
            kv_bytes_per_token=2.0 * model.layers * keys * kv_element_bytes,
            elementwise_bytes_per_token=2.0 * moved + cached,
        )
