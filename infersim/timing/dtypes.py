"""Numeric types: bytes an element, and what a product with such weights is computed in."""

from __future__ import annotations

DTYPE_BYTES = {
    "fp32": 4.0,
    "tf32": 4.0,
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "fp8_block": 1.0 + 4.0 / 128**2,  # a 4-byte scale for 128 x 128 elements
    "int8": 1.0,
    "int4": 0.5 + 2.0 / 128,  # a 16-bit scale for 128 elements (AWQ, GPTQ)
    "mxfp4": 0.5 + 1.0 / 32,  # OCP microscaling: an 8-bit scale for 32 elements
    "nvfp4": 0.5 + 1.0 / 16,  # an 8-bit scale for 16 elements
    # ggml's super-blocks (ggml-common.h); mixtures by the size of files of 7B to 70B models, their head taken off
    "q4_0": 18.0 / 32,
    "q8_0": 34.0 / 32,
    "q6_k": 210.0 / 256,
    "q4_k_s": 0.574,
    "q4_k_m": 0.595,
    "q5_k_m": 0.704,
}
"""Bytes an element, scales of quantised blocks included."""

GGUF = frozenset({"q4_0", "q4_k_s", "q4_k_m", "q5_k_m", "q6_k", "q8_0"})
"""llama.cpp's own types, which quantise embedding and LM head, too."""

_COMPUTED_AS = {
    "fp32": "fp32",
    "tf32": "tf32",
    "bf16": "bf16",
    "fp16": "fp16",
    "fp8": "fp8",
    "fp8_block": "fp8",
    "nvfp4": "nvfp4",
}


def compute_dtype(weights: str, activations: str | None) -> str:
    """What products are computed in: as said, else the weights' type; 16 bits where only weights are quantised."""
    return activations or _COMPUTED_AS.get(weights, "bf16")


def head_bytes(weights: str) -> float:
    """Bytes an element of embedding and LM head: 16 bits at least, but in llama.cpp's files a quantised one."""
    if weights in GGUF:
        return max(DTYPE_BYTES[weights], DTYPE_BYTES["q6_k"])
    return max(DTYPE_BYTES[weights], 2.0)
