"""Memory of a device: the arithmetic, the layouts allowed, and what is said when a model does not fit."""

import pytest

from infersim.errors import DoesNotFit, InputError
from infersim.load.profiles import load_profile
from infersim.timing.layout import DeviceShare, allowed_tensor
from infersim.timing.memory import memory_plan
from tests.timing.helpers import round_device, round_engine, round_model

OPTIONS = {"max_num_batched_tokens": 1000, "max_num_seqs": 10, "block_size": 16, "gpu_memory_utilization": 0.9}


def plan(model=None, device=None, engine=None, **changes):
    layout = {"weights_dtype": "bf16", "kv_dtype": "bf16", "tensor": 1}
    return memory_plan(
        model or round_model(), device or round_device(), engine or round_engine(), **{**layout, **OPTIONS, **changes}
    )


def test_kv_gets_what_weights_activations_and_runtime_leave():
    found = plan()
    # 2 layers of 90,000 weights, embedding and head of 100,000 each, 2 bytes
    assert found.weights_bytes == (180_000 + 200_000) * 2
    # 1,000 tokens · 2 bytes · (3·100 + 3·200) = 1.8 MB, more than sampling's 10 · 1,000 · 50 B
    assert found.activation_bytes == 1.8e6
    assert found.kv_bytes == pytest.approx(0.9e9 - 0.76e6 - 1.8e6 - 1e6)
    # 400 bytes a token (2 layers · keys and values · 50 · 2 bytes), 6,400 a block: 140,068 less the null block
    assert found.kv_bytes_per_token == 400
    assert found.capacity_blocks == 140_068 - 1
    assert found.capacity_tokens == found.capacity_blocks * 16


def test_sampling_sets_the_peak_where_sequences_are_many():
    assert plan(max_num_seqs=100).activation_bytes == 100 * 1000 * 50


def test_tied_embeddings_are_held_once():
    assert plan(round_model(tie_embeddings=True)).weights_bytes == (180_000 + 100_000) * 2


def test_kv_heads_are_copied_where_devices_outnumber_them():
    # 2 devices share 1 KV head: each holds all of it, so a token takes as much of each
    assert plan(tensor=2).kv_bytes_per_token == 400


def test_a_quantised_model_keeps_embedding_and_head_at_16_bits():
    assert plan(weights_dtype="fp8").weights_bytes == 180_000 + 200_000 * 2


def test_layouts_must_divide_the_heads():
    model = load_profile("model", "llama-3.1-70b")
    assert allowed_tensor(model) == [1, 2, 4, 8, 16, 32, 64]
    with pytest.raises(InputError) as refusal:
        DeviceShare.of(model, "bf16", "bf16", 3)
    assert (refusal.value.field, refusal.value.value) == ("parallel.tensor", "3")
    assert refusal.value.hint == "allowed: 1, 2, 4, 8, 16, 32, 64"


def test_what_does_not_fit_is_told_with_its_arithmetic_and_what_would():
    devices = [load_profile("device", name) for name in ("h100-sxm-80gb", "h200-sxm-141gb", "b200-sxm-180gb")]
    with pytest.raises(DoesNotFit) as refusal:
        plan(
            load_profile("model", "llama-3.1-70b"), devices[0], load_profile("engine", "vllm"),
            max_num_batched_tokens=8192, max_num_seqs=256, alternatives=devices,
        )  # fmt: skip
    # weights: 70.55e9 · 2; activations: 8192 · 2 · 3 · (8192 + 28672) = 1.81e9; usable 0.9 · 85.52e9 = 76.97e9
    assert refusal.value.problem == (
        "llama-3.1-70b (bf16) does not fit on 1 × h100-sxm-80gb\n"
        "weights 141.1 GB + activations 1.8 GB + runtime 1.5 GB > 77.0 GB usable (90% of 85.5 GB)"
    )
    # on two: 70.6 + 1.6 + 1.5 < 77.0; in fp8 on one: 72.7 + 1.8 + 1.5 leaves less than a step's tokens; H200 in
    # bf16: 0.9 · 150.75 = 135.7 < 141.1, in fp8 ample; B200: 0.9 · 192.27 = 173.0 > 144.4
    assert refusal.value.hint == (
        "it would fit with parallel.tensor ≥ 2, or on 1 × b200-sxm-180gb,"
        " or with precision.weights = fp8 on 1 × h200-sxm-141gb"
    )


def test_nothing_is_promised_where_nothing_would_fit():
    with pytest.raises(DoesNotFit) as refusal:
        plan(engine=round_engine(runtime_bytes=2e9))
    assert refusal.value.hint == "no layout or device profile known here holds it"


def test_logged_capacities_are_met_within_two_percent(shared_data):
    """Llama-3.3-70B in nvfp4 on B200, fp8 KV, vLLM 0.15: the reserve beside weights is what is held against the log.

    nvfp4 weights are no type of ours: 68.45e9 elements at 4.5 bits and 2.10e9 at 16 take the place of the plan's.
    """
    import csv
    import gzip

    with gzip.open(shared_data / "runs" / "kv_capacity.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["fleet.main.model"] == "llama-3.3-70b"]
    model, device = load_profile("model", "llama-3.1-70b"), load_profile("device", "b200-sxm-180gb")
    assert len(rows) == 7
    for row in rows:
        tensor, seqs = int(row["fleet.main.parallel.tensor"]), int(row["fleet.main.engine.max_num_seqs"])
        found = plan(
            model, device, load_profile("engine", "vllm"), weights_dtype="fp8", kv_dtype="fp8", tensor=tensor,
            max_num_batched_tokens=8192, max_num_seqs=seqs,
        )  # fmt: skip
        weights = (68.45e9 * 4.5 / 8 + 2.10e9 * 2) / tensor
        tokens = (found.kv_bytes + found.weights_bytes - weights) / found.kv_bytes_per_token
        assert tokens == pytest.approx(float(row["measured.kv_cache.capacity_tokens"]), rel=0.02)
