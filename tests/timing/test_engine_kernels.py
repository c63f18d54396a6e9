"""Engines with kernels of their own: what each number of `KernelShares` and each rule of reading does to a step."""

from __future__ import annotations

import numpy as np
import pytest

from infersim.load import list_profiles, load_profile
from infersim.spec.engine import EngineConstants, KernelShares
from infersim.spec.fleet import Precision
from infersim.timing import generic
from infersim.timing.layout import DeviceShare, Layout
from infersim.timing.memory import KvRule, memory_plan
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import TransformerTiming
from tests.timing.helpers import round_device, round_engine, round_model, stated

SHARES = {
    "flops": 0.5, "bytes": 0.5, "attention_flops": 0.5, "attention_bytes": 0.5, "launch_s": 0.0,
    "source": "round", "date": "2026", "method": "round", "confidence": "derived",
}  # fmt: skip


def shares(**changes) -> KernelShares:
    return KernelShares.model_validate({**SHARES, **changes})


def engine(kernels=None, **changes) -> EngineConstants:
    return round_engine().model_copy(update={"kernels": {"any": kernels or shares()}, **changes})


def timing(of: EngineConstants, *, weights="bf16", layout=None, model=None, device=None, **options):
    return TransformerTiming(
        model or round_model(),
        device or round_device(),
        of,
        precision=Precision(weights=weights, moe_weights=weights, kv_cache="bf16"),
        layout=layout or Layout(),
        **{"max_tokens": 512, "max_seqs": 16, **options},
    )


def decodes(seqs, context):
    return BatchShape(decode_seqs=seqs, decode_context_tokens=seqs * context, sampled_seqs=seqs)


def prompt(tokens, earlier=0):
    return BatchShape(0, 0, 1, tokens, earlier, tokens * (tokens / 2 + earlier), 1)


def products(device=None, weights="fp16", dtype="fp16", **changes):
    return generic.from_shares("gemm", weights, dtype, device or round_device(), shares(**changes))


def with_peaks(**peaks):
    about = {"source": "round", "date": "2026", "confidence": "spec-sheet"}
    return round_device(peak_flops={**peaks, **about}, power_w={"limit": 100, **about})


# -- what is computed --------------------------------------------------------------------------------------------------


def test_sums_in_16_bits_reach_half_of_int8s_peak_and_no_other_type_does():
    device = with_peaks(bf16=1e12, fp16=1e12, fp8=2e12, int8=4e12)
    assert products(device).flops_per_s == 0.5e12
    assert products(device, sums_in_16_bits=True).flops_per_s == 1e12
    assert products(device, dtype="fp8", sums_in_16_bits=True).flops_per_s == 1e12
    assert timing(engine(shares(sums_in_16_bits=True)), device=device).peak_flops == 2e12


def test_a_share_of_matrix_units_holds_where_the_16_bit_peak_is_theirs():
    matrix, plain = with_peaks(fp32=1e12, fp16=4e12), with_peaks(fp32=1e12, fp16=2e12)
    assert products(matrix, matrix_units=0.5).flops_per_s == 1e12
    assert products(plain, matrix_units=0.5).flops_per_s == 1e12
    assert products(matrix).flops_per_s == 2e12


def test_power_holds_the_generation_that_is_named():
    device = with_peaks(fp32=1e12, bf16=4e12, fp16=4e12)
    free, held = products(device), products(device, flops_per_joule={"bf16": 5e9})
    assert held.flops_per_s == pytest.approx((2e12**-3 + 0.5e12**-3) ** (-1 / 3))  # 5 GFLOP/J at 100 W
    assert products(device, flops_per_joule={"fp8": 5e9}).flops_per_s == free.flops_per_s
    twice = with_peaks(fp32=0.25e12, bf16=4e12, fp16=4e12)
    assert products(twice, flops_per_joule={"bf16": 5e9}).flops_per_s == pytest.approx(
        (2e12**-3 + 1e12**-3) ** (-1 / 3)
    )


def test_vector_units_that_unpack_weights_hold_up_their_reading():
    device = with_peaks(fp32=1e9, bf16=1e12, fp16=1e12)
    assert products(device).bytes_per_s == 0.5e9
    # 0.1 of 1 GFLOP/s, two a weight of two bytes: 0.1 GB/s
    assert products(device, vector_flops={"fp16": 0.1}).bytes_per_s == pytest.approx(
        (0.5**-3 + 0.1**-3) ** (-1 / 3) * 1e9
    )
    assert products(device, vector_flops={"q4_0": 0.1}).bytes_per_s == 0.5e9


def test_quantised_weights_are_written_out_for_many_tokens_only():
    plain, unpacking = (timing(engine(shares(unpacked_bytes=b)), weights="q8_0") for b in (0.0, 3.0))
    weights = unpacking.share.dense_weights
    assert unpacking.step_s(prompt(33)) - plain.step_s(prompt(33)) == pytest.approx(3.0 * weights / 1e9)
    assert unpacking.step_s(prompt(32)) == plain.step_s(prompt(32))
    sixteen = [timing(engine(shares(unpacked_bytes=b))).step_s(prompt(33)) for b in (0.0, 3.0)]
    assert sixteen[0] == sixteen[1]


def test_experts_have_shares_of_their_own():
    curve = generic.from_shares(
        "moe", "bf16", "bf16", round_device(),
        shares(expert_flops=0.5, expert_bytes=0.8, expert_spread=2.0, expert_pad_rows=7.0, elementwise_bytes=0.5),
    )  # fmt: skip
    assert (curve.flops_per_s, curve.bytes_per_s, curve.spread, curve.pad_rows) == (0.25e12, 0.4e9, 2.0, 7.0)
    # what is passed on, at half the bandwidth: 2 × hidden and 3 × intermediate elements of 2 bytes
    assert curve.hidden_bytes / curve.bytes_per_s == pytest.approx(4.0 / 0.5e9)
    assert curve.inter_bytes / curve.bytes_per_s == pytest.approx(6.0 / 0.5e9)


def test_scores_go_through_memory_where_attention_is_not_fused():
    of = engine(shares(unfused={"pair_bytes": 1000, "bytes": 0.1}))
    fused, unfused = (timing(of, fused_attention=flag) for flag in (True, False))
    heads = 2 * sum(mixer.heads for mixer in fused.share.mixers)
    added = unfused.step_s(prompt(400)) - fused.step_s(prompt(400))
    assert added == pytest.approx(heads * 400 * 200 * 1000 / 1e9, rel=0.05)
    read = 2 * 4 * 100 * 200  # layers, sequences, tokens, bytes a token and layer
    slower = unfused.step_s(decodes(4, 100)) - fused.step_s(decodes(4, 100))
    assert slower == pytest.approx(read / 0.1e9 - read / 0.5e9)
    assert timing(engine(), fused_attention=False).step_s(prompt(400)) == fused.step_s(prompt(400))


def test_prompts_over_compressed_keys_are_dearer_than_over_keys_unfolded():
    model, device = load_profile("model", "glm-4.7-flash"), load_profile("device", "l40s-48gb")
    options = {"model": model, "device": device, "weights": "q4_0"}
    unfolded, latent = (timing(engine(latent_prompts=flag), **options) for flag in (False, True))
    assert latent.step_s(prompt(512, 4096)) > 1.1 * unfolded.step_s(prompt(512, 4096))
    assert latent.step_s(decodes(4, 100)) == unfolded.step_s(decodes(4, 100))


# -- what is waited for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("overlap", "expected"), [(0.0, 4.0), (1.0, 2.5), (0.5, 1.0 + 3 / 1.5)])
def test_a_pipelines_passes_overlap_as_well_as_the_engine_lets_them(overlap, expected):
    """k passes over p stages take (k + p − 1)/(k·p) of k passes one by one, if they overlap perfectly."""
    alone = timing(engine(), layout=Layout(pipeline=2))
    overlapped = timing(engine(pass_overlap=stated_constant(overlap)), layout=Layout(pipeline=2))
    passes = [prompt(128, earlier) for earlier in (0, 128, 256, 384)]
    shares_of_time = [overlapped.step_s(shape) / alone.step_s(shape) for shape in passes]
    assert sum(shares_of_time) == pytest.approx(expected)
    assert overlapped.step_s(decodes(1, 100)) == alone.step_s(decodes(1, 100))


def test_no_more_passes_are_under_way_than_the_scheduler_has_copies_for():
    deep = round_model(layers=8)
    four, eight = (
        timing(engine(pass_overlap=stated_constant(1)), model=deep, layout=Layout(pipeline=p)) for p in (4, 8)
    )
    for of in (four, eight):
        assert of.step_s(prompt(128, 1)) / of.step_s(prompt(128)) == pytest.approx(0.25, rel=0.01)


def test_a_batch_that_no_graph_was_recorded_of_launches_layer_by_layer():
    plain, extra = timing(engine()), timing(engine(batch_extra_per_layer_s=stated_constant(1e-3)))
    layers = round_model().layers
    assert extra.step_s(decodes(1, 100)) == plain.step_s(decodes(1, 100))
    for seqs in (2, 16):
        assert extra.step_s(decodes(seqs, 100)) - plain.step_s(decodes(seqs, 100)) == pytest.approx(layers * 1e-3)


def stated_constant(value):
    return round_engine().step_host_s.model_validate(stated(value))


def test_a_cache_in_buckets_is_read_to_the_next_power_of_two_and_no_further_than_a_place():
    live, buckets = (timing(engine(kv_read=rule), place_tokens=700) for rule in ("live", "buckets"))
    for context, read in ((1, 128), (128, 128), (129, 256), (500, 512), (513, 700), (700, 700)):
        assert buckets.step_s(decodes(3, context)) == pytest.approx(live.step_s(decodes(3, read)))
        assert buckets.computed(decodes(3, context)).decode_context_tokens == 3 * read


def test_a_stretch_of_steps_ends_with_its_bucket():
    of = timing(engine(kv_read="buckets"), place_tokens=700)
    first_s, growth_s, steps = of.decode_piece(decodes(3, 120))
    assert (growth_s, steps) == (0.0, 9)  # contexts 120 … 128
    assert first_s == of.step_s(decodes(3, 128)) < of.step_s(decodes(3, 129))


def test_whole_places_are_read_and_computed_however_few_are_taken():
    live, whole = (timing(engine(kv_read=rule), place_tokens=300) for rule in ("live", "whole"))
    full = live.step_s(decodes(16, 300))
    for shape in (decodes(1, 1), decodes(5, 70), decodes(16, 300)):
        assert whole.step_s(shape) == pytest.approx(full)
        assert whole.decode_piece(shape)[:2] == (whole.step_s(shape), 0.0)
    assert whole.step_s(prompt(128)) == live.step_s(prompt(128))


def test_links_in_pairs_leave_a_few_devices_a_part_of_the_link():
    link = {"kind": "pairs", "bytes_per_s": 7e9, "source": "round", "date": "2026", "confidence": "spec-sheet"}
    device = round_device(link=link, node_devices=8)
    rates = {}
    for pairs in (False, True):
        curves = {n: generic.all_reduce(device, n, shares(linked_in_pairs=pairs, all_reduce_s=1e-3)) for n in (2, 8)}
        rates[pairs] = [curve.devices[n].large[0].bytes_per_s for n, curve in curves.items()]
        assert curves[2].devices[2].large[0].latency_s == 1e-3
    assert rates[True][0] == pytest.approx(rates[False][0] / 7)
    assert rates[True][1] == rates[False][1]


# -- physics -----------------------------------------------------------------------------------------------------------

OWN = ("llamacpp", "mlx", "neuronx", "gaudi", "jetstream")


def floating_devices():
    devices = (load_profile("device", name) for name in list_profiles("device"))
    return [device for device in devices if generic.peak_of(device, "bf16")]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("model", ["llama-3.2-1b", "gpt-oss-20b", "gemma-3-4b"])
def test_own_kernels_beat_neither_the_data_sheet_nor_a_smaller_step(name, model):
    of, network = load_profile("engine", name), load_profile("model", model)
    for device in floating_devices():
        for weights in ("q4_k_m", "q8_0", "fp16"):
            at = timing(of, weights=weights, model=network, device=device, place_tokens=8192)
            rising = {
                "tokens": [prompt(tokens) for tokens in (1, 31, 33, 127, 128, 129, 256, 512)],
                "earlier": [prompt(128, earlier) for earlier in (0, 128, 4096)],
                "context": [decodes(4, context) for context in (1, 128, 129, 1000, 8192)],
                "batch": [decodes(seqs, 500) for seqs in (1, 2, 3, 8, 16)],
            }
            for what, shapes in rising.items():
                seconds = np.array([at.step_s(shape) for shape in shapes])
                assert (np.diff(seconds) >= -1e-12).all(), (device.name, weights, what, seconds)
                flops, moved = at.work(columns(shapes))
                assert (seconds >= flops / at.peak_flops).all(), (device.name, weights, what)
                assert (seconds >= moved / at.peak_bytes_per_s).all(), (device.name, weights, what)


def columns(shapes):
    fields = {name: np.array([getattr(shape, name) for shape in shapes]) for name in BatchShape.__slots__}
    return {**fields, "steps": np.ones(len(shapes))}


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_cores_have_heads_of_their_own():
    share = DeviceShare.of(
        load_profile("model", "mistral-7b-v0.2"), Layout(tensor=12), weights="bf16", moe_weights="bf16",
        kv_cache="bf16", pads_heads=True, cores=2,
    )  # fmt: skip
    (mixer,) = share.mixers  # 32 heads and 8 KV heads over 24 cores
    assert (mixer.heads, mixer.kv_heads) == (4, 2)


def test_a_quantised_head_is_read_in_the_weights_type():
    plain, quantised = (timing(engine(quantises_head=flag), weights="int4") for flag in (False, True))
    assert (plain.share.head_bytes, quantised.share.head_bytes) == (2.0, quantised.share.weight_bytes)
    assert quantised.step_s(decodes(1, 10)) < plain.step_s(decodes(1, 10))


def test_embeddings_in_host_memory_leave_the_device_room():
    model = load_profile("model", "llama-3-8b")
    types = {"weights": "fp16", "moe_weights": "fp16", "kv_cache": "fp16"}
    kept, away = (DeviceShare.of(model, Layout(), embedding_on_host=flag, **types) for flag in (False, True))
    assert kept.weights_bytes - away.weights_bytes == 2.0 * model.vocab * model.hidden


@pytest.mark.parametrize(
    ("model", "device", "stages"), [("llama-3-8b", "rtx-4080-16gb", 1), ("llama-3-70b", "rtx-3090-24gb", 6)]
)
def test_what_ran_with_llamacpp_fits(model, device, stages):
    of, types = load_profile("engine", "llamacpp"), {"weights": "fp16", "moe_weights": "fp16", "kv_cache": "fp16"}
    network = load_profile("model", model)
    share = DeviceShare.of(network, Layout(pipeline=stages), embedding_on_host=of.embedding_on_host, **types)
    plan = memory_plan(network, load_profile("device", device), of, share, KvRule("of_free", 1.0, 512, 1, 1))
    assert plan.capacity_tokens >= 4097
