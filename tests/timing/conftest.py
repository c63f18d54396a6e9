"""Shipped profiles and the timing models made of them."""

import functools

import pytest

from infersim.load.profiles import load_profile
from infersim.timing.transformer import TransformerTiming


@functools.cache
def _timing(model, device, tensor, weights_dtype):
    profiles = (load_profile("model", model), load_profile("device", device), load_profile("engine", "vllm"))
    return TransformerTiming(
        *profiles, weights_dtype=weights_dtype, kv_dtype="bf16", tensor=tensor, max_tokens=8192, max_seqs=256
    )


@pytest.fixture(scope="session")
def timing_of():
    """Timing of a shipped model on a shipped device."""

    def make(model="llama-3.1-8b", device="h100-sxm-80gb", tensor=1, weights_dtype="bf16"):
        return _timing(model, device, tensor, weights_dtype)

    return make
