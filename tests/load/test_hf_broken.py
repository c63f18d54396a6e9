"""A hub's config.json with values that no network has: refused by their key, never a traceback."""

from __future__ import annotations

import pytest

from infersim.errors import InputError
from infersim.load.hf import read_config
from tests.load.test_hf_config import EXPERTS, LATENT, read

KEPT = {"attention": {"n_heads_in_group": 2}, "ffn": {"ffn_mult": 12.0}}
QWEN = {"model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
BROKEN = [  # what is changed → field, what is said
    ({"num_hidden_layers": 0}, "num_hidden_layers", "must be from 1 to 10,000"),
    ({"num_hidden_layers": 10**11}, "num_hidden_layers", "must be from 1 to 10,000"),
    ({"num_hidden_layers": 1.5}, "num_hidden_layers", "is no whole number"),
    ({**QWEN, "decoder_sparse_step": 0}, "decoder_sparse_step", "must be from 1"),
    ({**QWEN, "mlp_only_layers": "all"}, "mlp_only_layers", "a list is needed"),
    ({**QWEN, "mlp_only_layers": 3}, "mlp_only_layers", "a list is needed"),
    (
        {"model_type": "gemma3_text", "sliding_window": 64, "sliding_window_pattern": 0},
        "sliding_window_pattern",
        "from 1",
    ),
    ({"model_type": "deepseek_v3", "moe_layer_freq": 0, **LATENT, **EXPERTS}, "moe_layer_freq", "from 1"),
    ({"model_type": "minimax_m2", "attn_type_list": [[1]] * 6}, "attn_type_list", "1 is known"),
    ({"model_type": "glm_moe_dsa", "indexer_types": 5, **LATENT, **EXPERTS}, "indexer_types", "a list is needed"),
    (
        {"model_type": "nemotron-nas", "block_configs": [{**KEPT, "ffn": 3}] * 6},
        "block_configs",
        "an attention and an ffn",
    ),
    (
        {"model_type": "nemotron-nas", "block_configs": [{**KEPT, "ffn": {}}] * 6},
        "block_configs",
        "ffn_mult must be from",
    ),
    (
        {"model_type": "nemotron-nas", "block_configs": [{**KEPT, "attention": {"n_heads_in_group": 0}}] * 6},
        "n_heads_in_group",
        "must be from 1",
    ),
]


@pytest.mark.parametrize(("changes", "field", "says"), BROKEN)
def test_a_value_that_no_network_has_is_refused_by_its_key(tmp_path, changes, field, says):
    with pytest.raises(InputError) as refusal:
        read(tmp_path, **changes)
    assert refusal.value.field == field
    assert says in str(refusal.value)
    assert refusal.value.file == str(tmp_path / "config.json")


def test_ten_thousand_digits_are_refused(tmp_path):
    (tmp_path / "config.json").write_text(f'{{"num_hidden_layers": {"9" * 10_000}}}')
    with pytest.raises(InputError, match="a number of thousands of digits"):
        read_config(tmp_path)
