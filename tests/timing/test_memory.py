"""Memory of a device: the arithmetic, the layouts allowed, and what is said when a model does not fit."""

from dataclasses import replace

import pytest

from infersim.deployment import deploy
from infersim.errors import DoesNotFit, InputError
from infersim.load.profiles import load_profile
from infersim.remedies import does_not_fit
from infersim.spec.fleet import Pool
from infersim.timing.layout import Layout, allowed_tensor
from infersim.timing.memory import KvRule, memory_plan
from tests.timing.helpers import round_device, round_engine, round_model, round_precision, round_share

RULE = KvRule("of_total", 0.9, max_tokens=1000, max_seqs=10, block_size=16, null_blocks=1)


def plan(model=None, device=None, engine=None, rule=RULE, **layout):
    model = model or round_model()
    return memory_plan(model, device or round_device(), engine or round_engine(), round_share(model, **layout), rule)


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
    assert plan(rule=replace(RULE, max_seqs=100)).activation_bytes == 100 * 1000 * 50


def test_tied_embeddings_are_held_once():
    assert plan(round_model(tie_embeddings=True)).weights_bytes == (180_000 + 100_000) * 2


def test_kv_heads_are_copied_where_devices_outnumber_them():
    # 2 devices share 1 KV head: each holds all of it, so a token takes as much of each
    assert plan(tensor=2).kv_bytes_per_token == 400


def test_a_quantised_model_keeps_embedding_and_head_at_16_bits():
    assert plan(weights="fp8").weights_bytes == 180_000 + 200_000 * 2


def test_layouts_must_divide_the_heads():
    model = load_profile("model", "llama-3.1-70b")
    assert allowed_tensor(model) == [1, 2, 4, 8, 16, 32, 64]
    with pytest.raises(InputError) as refusal:
        round_share(model, tensor=3)
    assert (refusal.value.field, refusal.value.value) == ("parallel.tensor", "3")
    assert refusal.value.hint == "allowed: 1, 2, 4, 8, 16, 32, 64"


def test_a_share_of_what_is_free_is_smaller_than_one_of_all():
    # 0.9 of (1 GB - weights - activations - runtime), no null block
    found = plan(rule=replace(RULE, rule="of_free", null_blocks=0))
    assert found.kv_bytes == pytest.approx(0.9 * (1e9 - 0.76e6 - 1.8e6 - 1e6))


def test_a_static_pool_leaves_activations_outside():
    found = plan(rule=replace(RULE, rule="static", share=0.8, null_blocks=0))
    assert found.kv_bytes == pytest.approx(0.8e9 - 0.76e6)


def test_layers_with_a_window_keep_no_more_than_it_of_each_sequence():
    blocks = [{"kind": "gqa", "layers": 1, "heads": 2, "kv_heads": 1, "head_dim": 50, "window": w} for w in (None, 100)]
    windowed, full = plan(round_model(attention=blocks)), plan()
    # 10 sequences keep 100 tokens each in one layer of 200 bytes; all else goes to the other layer
    assert windowed.capacity_tokens == pytest.approx((full.kv_bytes - 10 * 100 * 200) / 200, abs=32)


def test_a_pipeline_holds_a_share_of_the_layers():
    assert plan(pipeline=2).kv_bytes_per_token == 200
    assert plan(pipeline=2).weights_bytes == (90_000 + 100_000) * 2


def test_attention_data_parallelism_adds_pools():
    assert plan(data=2).capacity_blocks == 2 * plan().capacity_blocks


def test_expert_parallelism_divides_experts_and_the_rest_is_tensor():
    moe = {"kind": "moe", "layers": 2, "experts": 8, "experts_per_token": 2, "intermediate": 64}
    model = round_model(feed_forward=[moe])
    whole = round_share(model, tensor=2).expert_weights
    assert whole == 2 * 8 * 3 * 100 * 32
    assert round_share(model, tensor=2, expert=2).expert_weights == 2 * 4 * 3 * 100 * 64
    with pytest.raises(InputError) as refusal:
        round_share(model, tensor=2, expert=4)
    assert (refusal.value.field, refusal.value.hint) == ("parallel.expert", "allowed: 1, 2")


def test_what_does_not_fit_is_told_with_its_arithmetic_and_what_would():
    with pytest.raises(DoesNotFit) as refusal:
        deploy("main", Pool(model="llama-3.1-70b", device="h100-sxm-80gb"))
    # weights: 70.55e9 · 2; activations: 8192 · 2 · 3 · (8192 + 28672) = 1.81e9; usable 0.9 · 85.52e9 = 76.97e9
    assert refusal.value.problem == (
        "llama-3.1-70b (bf16) does not fit on 1 × h100-sxm-80gb\n"
        "weights 141.1 GB + activations 1.8 GB + runtime 1.5 GB > 77.0 GB usable (90% of 85.5 GB)"
    )
    # on two: 70.6 + 1.6 + 1.5 < 77.0; in fp8 on one: 72.7 + 1.8 + 1.5 leaves less than a step's tokens
    assert refusal.value.hint.startswith("it would fit with parallel.tensor ≥ 2, or on 1 × ")


def test_nothing_is_promised_where_nothing_would_fit():
    def nothing(*_):
        return replace(plan(), capacity_blocks=0, capacity_tokens=0)

    error = does_not_fit(round_model(), round_device(), round_precision(), Layout(), RULE, nothing, [])
    assert error.hint == "no layout or device profile known here holds it"


def test_logged_capacities_are_met_within_two_percent(shared_data):
    """Llama-3.3-70B in nvfp4 on B200, fp8 KV, vLLM 0.15: the reserve beside weights is what is held against the log."""
    import csv
    import gzip

    with gzip.open(shared_data / "runs" / "kv_capacity.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["fleet.main.model"] == "llama-3.3-70b"]
    model, device = load_profile("model", "llama-3.1-70b"), load_profile("device", "b200-sxm-180gb")
    assert len(rows) == 7
    for row in rows:
        tensor, seqs = int(row["fleet.main.parallel.tensor"]), int(row["fleet.main.engine.max_num_seqs"])
        rule = replace(RULE, max_tokens=8192, max_seqs=seqs)
        share = round_share(model, tensor=tensor, weights="nvfp4", kv_cache="fp8")
        found = memory_plan(model, device, load_profile("engine", "vllm"), share, rule)
        assert found.capacity_tokens == pytest.approx(float(row["measured.kv_cache.capacity_tokens"]), rel=0.02)


def test_experts_types_are_refused_where_there_are_none():
    with pytest.raises(InputError) as refusal:
        deploy("main", Pool.model_validate(
            {"model": "llama-3.1-8b", "device": "h100-sxm-80gb", "precision": {"moe_weights": "fp8"}}
        ))  # fmt: skip
    assert (refusal.value.field, refusal.value.value) == ("fleet.main.precision.moe_weights", "fp8")


def test_no_device_that_computes_in_integers_is_a_remedy():
    with pytest.raises(DoesNotFit) as refusal:
        deploy("main", Pool(model="llama-3.2-1b", device="jetson-nano-4gb"))
    assert "hailo" not in refusal.value.hint
    assert "coral" not in refusal.value.hint
