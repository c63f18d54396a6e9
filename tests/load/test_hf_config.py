"""Models from a hub's config.json: what each architecture's keys mean, and what is refused."""

from __future__ import annotations

import json

import pytest

from infersim.errors import InputError
from infersim.load import list_profiles, load_profile
from infersim.load.hf import read_config
from infersim.spec.model import DenseFeedForward, GroupedAttention, LinearAttention, MoeFeedForward

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 6,
    "max_position_embeddings": 4096,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}


def read(folder, **changes):
    file = folder / "config.json"
    data = {key: value for key, value in {**LLAMA, **changes}.items() if value is not ...}
    file.write_text(json.dumps(data), encoding="utf-8")
    return read_config(folder)


def windows(model):
    return [(block.layers, block.window) for block in model.attention]


def test_a_llama_is_read_and_its_parameters_are_counted(tmp_path):
    model = read(tmp_path)
    assert model.attention == (GroupedAttention(layers=6, heads=4, kv_heads=2, head_dim=16),)
    assert model.feed_forward == (DenseFeedForward(layers=6, intermediate=128),)
    attention, mlp = 64 * (64 + 32 + 32 + 64), 3 * 64 * 128
    assert model.params == 6 * (attention + mlp + 2 * 64) + 2 * 1000 * 64 + 64
    assert (model.name, model.dtype, model.moe_dtype) == (tmp_path.name, "bf16", None)


def test_a_file_a_folder_and_a_nested_text_config_say_the_same(tmp_path):
    flat = read(tmp_path)
    assert read_config(tmp_path / "config.json") == flat
    nested = {"model_type": "llama", "text_config": LLAMA}
    (tmp_path / "config.json").write_text(json.dumps(nested), encoding="utf-8")
    assert read_config(tmp_path).attention == flat.attention


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_type": "mistral", "sliding_window": 512}, [(6, 512)]),
        ({"model_type": "mistral", "sliding_window": None}, [(6, None)]),
        ({"model_type": "phi3", "sliding_window": 8192}, [(6, None)]),
        ({"model_type": "qwen3", "sliding_window": 512, "use_sliding_window": False}, [(6, None)]),
        ({"model_type": "qwen2", "sliding_window": 512, "use_sliding_window": True, "max_window_layers": 2},
         [(2, None), (4, 512)]),
        ({"model_type": "gemma2", "sliding_window": 512}, [(3, 512), (3, None)]),
        ({"model_type": "gemma3_text", "sliding_window": 512}, [(5, 512), (1, None)]),
        ({"model_type": "gemma3_text", "sliding_window": 512, "sliding_window_pattern": 3}, [(4, 512), (2, None)]),
        ({"model_type": "gemma3_text", "sliding_window": 512, "layer_types": ["full_attention"] * 6}, [(6, None)]),
    ],
)  # fmt: skip
def test_windows_are_where_each_architecture_has_them(tmp_path, changes, expected):
    assert windows(read(tmp_path, **changes)) == expected


def test_llama_4_has_chunks_in_three_layers_of_four_and_experts_in_every_second(tmp_path):
    model = read(
        tmp_path, model_type="llama4", num_hidden_layers=8, attention_chunk_size=256, interleave_moe_layer_step=2,
        intermediate_size_mlp=256, num_local_experts=4, num_experts_per_tok=1,
    )  # fmt: skip
    assert windows(model) == [(6, 256), (2, None)]
    dense, moe = model.feed_forward
    assert dense == DenseFeedForward(layers=4, intermediate=256)
    assert moe == MoeFeedForward(layers=4, experts=4, experts_per_token=1, intermediate=128, shared_intermediate=128)


def test_qwen_hybrids_have_a_gated_full_layer_in_four(tmp_path):
    linear = {f"linear_{name}": 2 for name in ("num_key_heads", "num_value_heads")}
    linear |= {"linear_key_head_dim": 8, "linear_value_head_dim": 8}
    model = read(tmp_path, model_type="qwen3_5", num_hidden_layers=8, **linear)
    assert model.attention[0] == LinearAttention(layers=6, key_heads=2, key_dim=8, value_heads=2, value_dim=8)
    assert (model.attention[1].layers, model.attention[1].output_gate) == (2, True)


def test_gemma_4_shares_caches_and_has_tables_that_are_only_looked_up(tmp_path):
    types = (["sliding_attention"] * 2 + ["full_attention"]) * 2
    model = read(
        tmp_path, model_type="gemma4", layer_types=types, sliding_window=128, global_head_dim=32,
        num_kv_shared_layers=3, use_double_wide_mlp=True, hidden_size_per_layer_input=8, tie_word_embeddings=...,
    )  # fmt: skip
    shapes = [(block.layers, block.window, block.head_dim, block.own_kv) for block in model.attention]
    assert shapes == [(2, 128, 16, True), (1, None, 32, True), (2, 128, 16, False), (1, None, 32, False)]
    assert [(block.layers, block.intermediate) for block in model.feed_forward] == [(3, 128), (3, 256)]
    assert model.lookup_params == 8 * 6 * (1000 + 3 * 64)
    assert model.tie_embeddings


@pytest.mark.parametrize(
    ("quantised", "moe", "expected"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, False, ("fp8_block", None)),
        ({"quant_method": "fp8"}, False, ("fp8", None)),
        ({"quant_algo": "NVFP4", "quant_method": "modelopt"}, False, ("nvfp4", None)),
        ({"quant_algo": "NVFP4", "quant_method": "modelopt", "ignore": ["model.layers.*.self_attn*"]}, True,
         ("bf16", "nvfp4")),
        ({"quant_method": "mxfp4"}, True, ("bf16", "mxfp4")),
        ({"quant_method": "awq", "bits": 4}, False, ("int4", None)),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights":
          {"num_bits": 8, "type": "float", "strategy": "channel"}}}}, False, ("fp8", None)),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights":
          {"num_bits": 4, "type": "int", "group_size": 32}}}}, True, ("bf16", "int4")),
    ],
)  # fmt: skip
def test_quantisation_gives_the_types(tmp_path, quantised, moe, expected):
    experts = {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2} if moe else {}
    model = read(tmp_path, quantization_config=quantised, **experts)
    assert (model.dtype, model.moe_dtype) == expected


def test_quantisation_beside_the_file_is_read(tmp_path):
    (tmp_path / "hf_quant_config.json").write_text('{"quantization": {"quant_algo": "FP8"}}', encoding="utf-8")
    assert read(tmp_path).dtype == "fp8"


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"model_type": "lama", "architectures": ["LamaForCausalLM"]}, "model_type", "Did you mean 'llama'?"),
        ({"model_type": "rwkv", "architectures": []}, "model_type", "Known: llama, mimo, qwen2"),
        ({"model_type": ..., "architectures": ...}, "model_type", "is missing"),
        ({"hidden_size": ...}, "hidden_size", "is missing"),
        ({"num_attention_heads": "four"}, "num_attention_heads", "no whole number"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings", "true or false"),
        ({"num_key_value_heads": 3}, "", "no multiple of kv_heads 3"),
        ({"model_type": "gemma3_text", "layer_types": ["full_attention"]}, "layer_types", "must list the 6 layers"),
        ({"model_type": "gemma3_text", "layer_types": ["warped"] * 6}, "layer_types", "unknown kind 'warped'"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantization_config", "not known: bitsandbytes"),
        ({"model_type": "nemotron_h", "n_groups": 1, "ssm_state_size": 8, "mamba_num_heads": 2, "mamba_head_dim": 8,
          "hybrid_override_pattern": "M*X-"}, "hybrid_override_pattern", "unknown letters X"),
        ({"model_type": "minimax_m2", "attn_type_list": [0] * 6}, "attn_type_list", "no softmax attention"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_by_name(tmp_path, changes, field, says):
    with pytest.raises(InputError) as caught:
        read(tmp_path, **changes)
    assert says in str(caught.value)
    assert field in caught.value.field
    assert field == "" or str(tmp_path / "config.json") in str(caught.value)


@pytest.mark.parametrize(("text", "says"), [("{", "is no JSON"), ("[]", "must be a mapping"), ("", "is no JSON")])
def test_a_file_that_is_no_config_is_refused(tmp_path, text, says):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_config(tmp_path)


def test_a_models_name_may_be_a_path_and_a_profile_of_that_name_goes_first(tmp_path):
    read(tmp_path)
    assert load_profile("model", str(tmp_path)).hidden == 64
    assert load_profile("model", "config.json", folder=tmp_path).hidden == 64
    inner = tmp_path / "qwen3-8b"
    inner.mkdir()
    read(inner)
    assert load_profile("model", "qwen3-8b", folder=tmp_path).hidden == 4096
    with pytest.raises(InputError, match="no such file"):
        load_profile("model", "nowhere/config.json", folder=tmp_path)


def configs(shared_data):
    return sorted((shared_data / "model_configs").glob("*.json"))


def test_every_config_at_hand_loads(shared_data):
    files = configs(shared_data)
    assert len(files) >= 56
    for file in files:
        assert read_config(file).params > 10**8, file.name


def test_profiles_and_configs_of_one_model_agree(shared_data):
    sources = {name: load_profile("model", name).source for name in list_profiles("model")}
    for file in configs(shared_data):
        config = read_config(file)
        named = [name for name, source in sources.items() if f"model_configs/{file.name}" in source]
        assert named, f"{file.name} has no profile"
        for name in named:
            profile = load_profile("model", name)
            for field in ("layers", "hidden", "vocab", "tie_embeddings", "max_position", "lookup_params"):
                assert getattr(profile, field) == getattr(config, field), (name, field)
            assert profile.params == pytest.approx(config.params, rel=1e-5), name  # norms within a block
            assert set(profile.attention) == set(config.attention), name
            assert set(profile.feed_forward) == set(config.feed_forward), name


def test_a_scenario_names_a_config_relative_to_its_own_folder_and_is_saved_with_the_whole_path(tmp_path, monkeypatch):
    from infersim import simulate

    (tmp_path / "models").mkdir()
    read(tmp_path / "models")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "workload: {a: {arrivals: {kind: poisson, rate_per_s: 5}, prompt_tokens: {kind: fixed, value: 10}, "
        "output_tokens: {kind: fixed, value: 5}}}\n"
        "fleet: {main: {model: models/config.json, device: h100-sxm-80gb}}\nrun: {requests: 20}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir("/")
    result = simulate(scenario)
    assert result.summary()["requests"]["completed"] == 20
    again = simulate(scenario, ["fleet.main.model=models"])
    assert again.summary()["ttft_s"] == result.summary()["ttft_s"]
    result.save(tmp_path / "out")
    assert simulate(tmp_path / "out" / "scenario.yaml").summary()["ttft_s"] == result.summary()["ttft_s"]
