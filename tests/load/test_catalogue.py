"""The shipped catalogue: all models and devices of the facts, parameters that follow from shapes, names."""

from __future__ import annotations

import csv
import gzip
import time
from collections import defaultdict

import pytest

from infersim.errors import InputError
from infersim.load import list_profiles, load_profile
from infersim.load.parameters import count
from infersim.load.profiles import _normal, _titles

MODELS, DEVICES = list_profiles("model"), list_profiles("device")
FEED_FORWARD_TABLES = ("triton", "feedforward", "vision_throughput", "diffusion_power")


def facts(shared_data, name):
    file = shared_data.parent / "facts" / name
    if not file.is_file():
        pytest.skip(f"{name} is not beside this checkout")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_blocks(name):
    model = load_profile("model", name)
    counted = count(
        model.hidden, model.vocab, model.attention, model.feed_forward,
        tied=model.tie_embeddings, lookup=model.lookup_params,
    )  # fmt: skip
    assert model.params == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize("name", MODELS)
def test_blocks_fill_the_layers(name):
    model = load_profile("model", name)
    attention = sum(block.layers for block in model.attention)
    feed_forward = sum(block.layers for block in model.feed_forward)
    if "nemotron" in name and name != "llama-3.3-nemotron-super-49b":
        assert attention + feed_forward == model.layers
    else:
        assert feed_forward == model.layers
        assert attention == model.layers or name == "llama-3.3-nemotron-super-49b"


def test_every_model_of_the_facts_is_there_with_its_parameters(shared_data):
    rows = [row for row in facts(shared_data, "models.csv") if row["kind"] == "llm"]
    assert len(rows) >= 81
    for row in rows:
        model = load_profile("model", row["profile"])
        assert model.name == row["profile"]
        assert model.params == pytest.approx(1e9 * float(row["params_total_B"]), rel=0.01), model.name
        for field, column in (("layers", "layers"), ("hidden", "hidden"), ("vocab", "vocab")):
            assert getattr(model, field) == int(row[column]), (model.name, field)
        assert model.max_position == int(row["max_position"]), model.name
        assert load_profile("model", row["name"]).name == model.name


def test_every_device_of_the_facts_is_there_with_its_figures(shared_data):
    rows = facts(shared_data, "devices.csv")
    assert len(rows) >= 73
    for row in rows:
        device = load_profile("device", row["profile"])
        assert device.name == row["profile"]
        assert device.kind == {"npu": "edge"}.get(row["class"], row["class"])
        if row["TDP_W"]:
            assert device.power_w.limit == float(row["TDP_W"]), device.name
        for dtype in ("fp32", "tf32", "fp16", "bf16", "fp8"):
            if row[f"{dtype}_TFLOPS"]:
                stated = 1e12 * float(row[f"{dtype}_TFLOPS"])
                assert getattr(device.peak_flops, dtype) == pytest.approx(stated), (device.name, dtype)
        if row["mem_bandwidth_GBps"]:
            stated = 1e9 * float(row["mem_bandwidth_GBps"])
            assert device.memory.bandwidth_bytes_per_s == pytest.approx(stated, rel=0.04), device.name
        if row["mem_GB"]:  # decimal or binary gigabytes, less what the driver keeps
            assert 0.95 < device.memory.bytes / (1e9 * float(row["mem_GB"])) < 1.08, device.name


@pytest.mark.parametrize("kind", ["model", "device"])
def test_no_two_profiles_answer_to_one_name(kind):
    owners = defaultdict(set)
    for title, path in _titles(kind):
        owners[_normal(title)].add(path.stem)
    assert [names for names in owners.values() if len(names) > 1] == []
    for title, path in _titles(kind):
        assert load_profile(kind, title).name == path.stem


@pytest.mark.parametrize("kind", ["model", "device"])
def test_names_read_from_two_lines_are_those_of_the_whole_file(kind):
    told = defaultdict(set)
    for title, path in _titles(kind):
        told[path.stem].add(title)
    for name in list_profiles(kind):
        profile = load_profile(kind, name)
        assert told[name] == {profile.name, profile.full_name, *profile.aliases}


@pytest.mark.parametrize(
    ("kind", "typed", "name"),
    [
        ("model", "meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("model", "Qwen/Qwen3-32B", "qwen3-32b"),
        ("model", "Qwen/Qwen3-32B-FP8", "qwen3-32b-fp8"),
        ("model", "deepseek-ai/DeepSeek-V3", "deepseek-v3"),
        ("model", "openai/gpt-oss-120b", "gpt-oss-120b"),
        ("device", "NVIDIA H100 80GB HBM3", "h100-sxm-80gb"),
        ("device", "NVIDIA L4", "l4-24gb"),
        ("device", "Tesla T4", "t4-16gb"),
        ("device", "AMD Instinct MI300X", "mi300x-192gb"),
        ("device", "Apple M2 Ultra", "apple-m2-ultra-76gpu"),
    ],
)
def test_hub_names_and_drivers_names_find_the_profile(kind, typed, name):
    assert load_profile(kind, typed).name == name


def test_relatives_have_measured_curves():
    relatives = {load_profile("device", name).relative for name in DEVICES} - {None}
    assert relatives
    for name in relatives:
        assert "gemm.bf16" in load_profile("device", name).operators, name


def test_every_name_of_the_run_tables_resolves(shared_data):
    tables = [
        file
        for file in sorted((shared_data / "runs").glob("*.csv.gz"))
        if file.name.removesuffix(".csv.gz") not in FEED_FORWARD_TABLES
    ]
    assert len(tables) >= 10
    named = set()
    for file in tables:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for column, value in row.items():
                    kind = column.rpartition(".")[2]
                    if column.startswith("fleet.") and kind in ("model", "device") and value:
                        named.add((kind, value))
    assert {("model", "llama-3.1-8b"), ("device", "h100-sxm-80gb")} <= named
    for kind, value in sorted(named):
        assert load_profile(kind, value).name


def test_a_name_is_looked_up_quickly():
    began = time.process_time()
    load_profile("device", "NVIDIA H100 80GB HBM3")
    with pytest.raises(InputError, match="Did you mean 'qwen3-32b'"):
        load_profile("model", "qwen3-32bb")
    assert time.process_time() - began < 1.0
