"""Shipped profiles: they validate, add up, promise no more than the hardware has, and state small errors."""

import pytest
from pydantic import ValidationError

from infersim.calibrate.fitting import Limits
from infersim.load.profiles import list_profiles, load_profile
from infersim.spec.hardware import Device, Participants
from tests.timing.helpers import round_device, round_share

MEASURED = ("a100-sxm-80gb", "b200-sxm-180gb", "h100-sxm-80gb", "h200-sxm-141gb", "l40s-48gb")
MEDIAN_ERROR = {
    "gemm.bf16": 0.08,
    "gemm": 0.12,
    "attention_prefill": 0.10,
    "attention_decode": 0.10,
    "moe": 0.15,
    "all_reduce": 0.10,
    "all_gather": 0.20,
    "reduce_scatter": 0.20,
    "all_to_all": 0.20,
}
"""Largest median error on points kept out, by operator: a fit that got worse than this must be looked at."""


@pytest.mark.parametrize("kind", ["device", "model", "engine"])
def test_every_profile_is_valid_and_bears_its_files_name(kind):
    names = list_profiles(kind)
    assert names
    assert [load_profile(kind, name).name for name in names] == names


@pytest.mark.parametrize("name", MEASURED)
def test_no_curve_promises_more_than_the_peaks(name):
    device = load_profile("device", name)
    for operator, curve in device.operators.items():
        lines = curve.lines[1:] if curve.form == "attention_decode/1" else [curve]
        if curve.form not in ("all_reduce/1", "collective/1"):
            assert all(line.bytes_per_s <= device.memory.bandwidth_bytes_per_s for line in lines), operator
        if curve.form in ("gemm/1", "moe/1"):
            assert curve.flops_per_s <= Limits.of(device).peak(operator.partition(".")[2]), operator
        if curve.form == "attention_prefill/1":
            assert curve.flops_per_s <= device.peak_flops.bf16, operator


@pytest.mark.parametrize("name", MEASURED)
def test_fitted_curves_state_their_points_and_small_errors(name):
    for operator, curve in load_profile("device", name).operators.items():
        if curve.confidence != "measured":
            assert curve.source, operator
            continue
        limit = MEDIAN_ERROR.get(operator) or MEDIAN_ERROR[operator.split(".")[0]]
        assert curve.fit.median_error <= limit, operator
        assert curve.fit.kept_out == 0.2
        assert curve.fit.points > 50
        assert "aiconfigurator@095f58a" in curve.fit.source


@pytest.mark.parametrize("name", ["llama-3.1-8b", "llama-3.1-70b", "qwen3-8b", "qwen3-32b"])
def test_parameters_follow_from_the_shapes(name):
    model = load_profile("model", name)
    share = round_share(model)
    matrices = share.dense_weights + share.head_weights + share.embedding_weights
    # norms: two a layer, two more over a head's width in Qwen3, one at the end
    norms = (
        model.layers * (2 * model.hidden + (2 * model.attention[0].head_dim if "qwen3" in name else 0)) + model.hidden
    )
    assert model.params == matrices + norms


def test_an_unknown_form_is_refused():
    with pytest.raises(ValidationError, match="gemm/1"):
        round_device(operators={"gemm.bf16": {"form": "gemm/9"}})


def test_small_messages_need_a_limit():
    line = {"latency_s": 1e-6, "bytes_per_s": 1e9}
    with pytest.raises(ValidationError, match="small_limit_bytes"):
        Participants.model_validate({"small": [line], "large": [line]})


def test_a_profile_survives_being_written_and_read():
    device = load_profile("device", "h100-sxm-80gb")
    assert Device.model_validate(device.model_dump(mode="json", by_alias=True)) == device
