"""Shipped profiles and the timing models made of them."""

import functools

import pytest

from infersim.load.profiles import load_profile
from infersim.timing.layout import Layout
from infersim.timing.transformer import TransformerTiming
from tests.timing.helpers import round_precision


@functools.cache
def _timing(model, device, tensor, weights):
    profiles = (load_profile("model", model), load_profile("device", device), load_profile("engine", "vllm"))
    return TransformerTiming(
        *profiles, precision=round_precision(weights), layout=Layout(tensor=tensor), max_tokens=8192, max_seqs=256
    )


@pytest.fixture(scope="session")
def timing_of():
    """Timing of a shipped model on a shipped device."""

    def make(model="llama-3.1-8b", device="h100-sxm-80gb", tensor=1, weights="bf16"):
        return _timing(model, device, tensor, weights)

    return make
