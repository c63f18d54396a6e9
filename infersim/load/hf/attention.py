"""Attention blocks of the architectures that are known, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from infersim.load.hf.config import Config
from infersim.spec.model import Attention, GroupedAttention, LatentAttention, LinearAttention

MOST_LAYERS = 10_000
_T = TypeVar("_T")
_SLIDES = {"sliding_attention": True, "chunked_attention": True, "full_attention": False}
Layers = list[Attention]
"""One block of one layer each, in the network's order."""


def layers_of(c: Config) -> int:
    """Number of layers, or of blocks where each stands alone."""
    listed = c.data.get("layers_block_type")
    given = len(listed) if isinstance(listed, list) else None
    return c.count("num_hidden_layers", "n_layer", default=given, most=MOST_LAYERS)


def full(c: Config) -> Layers:
    """Every layer attends to all tokens."""
    return [_grouped(c)] * layers_of(c)


def windowed(pattern: Callable[[Config, int], bool]) -> Callable[[Config], Layers]:
    """Layers with a window: those that `layer_types` names, else those that the pattern picks."""

    def read(c: Config) -> Layers:
        layers, width = layers_of(c), _window(c)
        types = c.by_layer("layer_types", layers)
        if types is None:
            slides = [width is not None and pattern(c, layer) for layer in range(layers)]
        else:
            slides = [_slides(c, str(name)) for name in types]
        return [_grouped(c, window=width if slide else None) for slide in slides]

    return read


def every(c: Config, layer: int) -> bool:
    """All layers slide."""
    return True


def even(c: Config, layer: int) -> bool:
    """Every second layer slides, the first one included."""
    return layer % 2 == 0


def mostly(c: Config, layer: int) -> bool:
    """All but every sixth layer slide (`sliding_window_pattern`)."""
    return (layer + 1) % c.count("sliding_window_pattern", "_sliding_window_pattern", default=6) != 0


def asked(c: Config, layer: int) -> bool:
    """Layers from `max_window_layers` on slide where `use_sliding_window` asks for it."""
    return c.flag("use_sliding_window") and layer >= c.integer("max_window_layers", default=0)


def chunked(c: Config) -> Layers:
    """Llama 4: chunks in three layers of four, where rotary embedding is."""
    layers = layers_of(c)
    rotary = c.by_layer("no_rope_layers", layers) if c.data.get("no_rope_layers") else None
    step = c.count("no_rope_layer_interval", default=4)
    width = c.integer("attention_chunk_size")
    local = [bool(rotary[layer]) if rotary else (layer + 1) % step != 0 for layer in range(layers)]
    return [_grouped(c, window=width if near else None) for near in local]


def gemma4(c: Config) -> Layers:
    """Windows with one head width, full attention with another; the last layers may read earlier caches."""
    layers = layers_of(c)
    types = c.by_layer("layer_types", layers)
    slides = [_slides(c, str(name)) for name in types] if types else [(layer + 1) % 6 != 0 for layer in range(layers)]
    own = layers - c.integer("num_kv_shared_layers", default=0)
    local = _grouped(c, window=_window(c))
    heads = c.integer("num_global_key_value_heads", default=local.kv_heads)
    wide = _grouped(c, head_dim=c.integer("global_head_dim", default=local.head_dim), kv_heads=heads)
    return [(local if slide else wide).model_copy(update={"own_kv": layer < own}) for layer, slide in enumerate(slides)]


def hybrid(c: Config) -> Layers:
    """Qwen3-Next and Qwen3.5: Gated DeltaNet, and every fourth layer full attention with an output gate."""
    layers = layers_of(c)
    types = c.by_layer("layer_types", layers)
    step = c.count("full_attention_interval", default=4)
    linear = LinearAttention(
        layers=1,
        key_heads=c.integer("linear_num_key_heads"),
        key_dim=c.integer("linear_key_head_dim"),
        value_heads=c.integer("linear_num_value_heads"),
        value_dim=c.integer("linear_value_head_dim"),
        conv=c.integer("linear_conv_kernel_dim", default=4),
        state_dtype="bf16" if c.text("mamba_ssm_dtype") == "bfloat16" else "fp32",
    )
    gated = _grouped(c, output_gate=c.flag("attn_output_gate", default=True))
    names = types or ["linear_attention" if (layer + 1) % step else "full_attention" for layer in range(layers)]
    blocks: dict[str, Attention] = {"linear_attention": linear, "full_attention": gated}
    return [_picked(c, "layer_types", blocks, str(name)) for name in names]


def mimo_flash(c: Config) -> Layers:
    """MiMo-V2-Flash: windows and full attention with heads of their own."""
    layers = layers_of(c)
    pattern = c.by_layer("hybrid_layer_pattern", layers)
    if pattern is None:
        raise c.error("hybrid_layer_pattern", "is missing", "1 for a layer with a window, 0 for one without")
    wide = _grouped(c, value_dim=_value_dim(c, "head_dim", "v_head_dim"))
    near = GroupedAttention(
        layers=1,
        heads=c.integer("swa_num_attention_heads", "num_attention_heads"),
        kv_heads=c.integer("swa_num_key_value_heads", "num_key_value_heads"),
        head_dim=c.integer("swa_head_dim", "head_dim"),
        value_dim=_value_dim(c, "swa_head_dim", "swa_v_head_dim"),
        window=_window(c),
    )
    return [near if slides else wide for slides in pattern]


def typed(c: Config) -> Layers:
    """MiniMax-M2: `attn_type_list` has 1 for softmax attention; lightning attention is not known."""
    types = c.by_layer("attn_type_list", layers_of(c))
    if types is not None and any(kind != 1 for kind in types):
        raise c.error("attn_type_list", "has layers that are no softmax attention", "1 is known")
    return full(c)


def latent(c: Config) -> Layers:
    """MLA, with a sparse index where the file has one."""
    return [_latent(c)] * layers_of(c)


def compressed(c: Config) -> Layers:
    """DeepSeek-V4: the nearest words for attention over compressed keys.

    Where four tokens make one entry, an index picks entries: MLA with an index. Where 128 do, or none are kept, little
    but the window is read: a window over one head that all share.
    """
    layers = layers_of(c)
    ratios = c.by_layer("compress_ratios", layers)
    if ratios is None:
        raise c.error("compress_ratios", "is missing", "tokens that make one entry, a number a layer")
    rope, width, heads = c.integer("qk_rope_head_dim"), c.integer("head_dim"), c.integer("num_attention_heads")
    near = GroupedAttention(layers=1, heads=heads, kv_heads=1, head_dim=width, window=c.integer("sliding_window"))
    picked = LatentAttention(
        layers=1,
        heads=heads,
        kv_lora_rank=width - rope,
        q_lora_rank=c.integer("q_lora_rank"),
        qk_rope_head_dim=rope,
        qk_nope_head_dim=width - rope,
        v_head_dim=width,
        index_topk=c.integer("index_topk"),
        index_heads=c.integer("index_n_heads"),
        index_head_dim=c.integer("index_head_dim"),
    )
    return [picked if ratio == 4 else near for ratio in ratios]


def kimi_linear(c: Config) -> Layers:
    """Kimi Delta Attention, and MLA in the layers that `full_attn_layers` counts from 1."""
    layers, own = layers_of(c), c.mapping("linear_attn_config")
    listed = own.get("full_attn_layers")
    if not isinstance(listed, list):
        raise c.error("linear_attn_config.full_attn_layers", "is missing", "layers of MLA, counted from 1")
    inner = Config(own, c.file)
    heads, width = inner.integer("num_heads"), inner.integer("head_dim")
    delta = LinearAttention(
        layers=1,
        key_heads=heads,
        key_dim=width,
        value_heads=heads,
        value_dim=width,
        conv=inner.integer("short_conv_kernel_size", default=4),
    )
    return [_latent(c) if layer in listed else delta for layer in range(1, layers + 1)]


def nemotron_h(c: Config) -> Layers:
    """Nemotron-H: Mamba-2 (M) and full attention (*); a layer is one block."""
    mamba = LinearAttention(
        layers=1,
        key_heads=c.integer("n_groups"),
        key_dim=c.integer("ssm_state_size"),
        value_heads=c.integer("mamba_num_heads"),
        value_dim=c.integer("mamba_head_dim"),
        conv=c.integer("conv_kernel", default=4),
        state_dtype="bf16" if c.text("mamba_ssm_cache_dtype") == "bfloat16" else "fp32",
    )
    blocks: dict[str, Attention] = {"M": mamba, "*": _grouped(c)}
    return [blocks[letter] for letter in pattern_of(c) if letter in blocks]


def pattern_of(c: Config) -> str:
    """Nemotron-H's blocks as letters: M Mamba-2, * attention, - MLP, E experts."""
    letters = {"mamba": "M", "attention": "*", "mlp": "-", "moe": "E"}
    listed = c.data.get("layers_block_type")
    if isinstance(listed, list):
        return "".join(_picked(c, "layers_block_type", letters, str(name)) for name in listed)
    pattern = c.text("hybrid_override_pattern")
    unknown = set(pattern) - set(letters.values())
    if not pattern or unknown:
        problem = f"has unknown letters {''.join(sorted(unknown))}" if unknown else "is missing"
        raise c.error("hybrid_override_pattern", problem, "M, *, - and E are known")
    return pattern


def searched(c: Config) -> Layers:
    """Nemotron-NAS: `block_configs` says which layers keep their attention, and in which groups."""
    heads, found = c.integer("num_attention_heads"), []
    for block in block_configs(c):
        own = block["attention"]
        if own.get("replace_with_linear") or own.get("window_length") or own.get("sparsify"):
            raise c.error("block_configs", "has attention of an unknown kind", "n_heads_in_group and no_op are known")
        if not own.get("no_op"):
            found.append(_grouped(c, kv_heads=heads // Config(own, c.file).count("n_heads_in_group")))
    return list[Attention](found)


def block_configs(c: Config) -> list[dict]:
    """Nemotron-NAS's blocks, one a layer.

    Raises:
        InputError: there is none for each layer.
    """
    blocks = c.by_layer("block_configs", layers_of(c))
    both = ("attention", "ffn")
    if blocks is None or not all(
        isinstance(block, dict) and all(isinstance(block.get(part), dict) for part in both) for block in blocks
    ):
        raise c.error("block_configs", "is missing", "an attention and an ffn for each layer")
    return list(blocks)


def _grouped(c: Config, **other: object) -> GroupedAttention:
    heads = c.integer("num_attention_heads", "n_head")
    width = c.integer("head_dim", default=c.integer("hidden_size", "n_embd", "n_embed") // max(heads, 1))
    shape = {"heads": heads, "kv_heads": other.get("kv_heads") or c.integer("num_key_value_heads", default=heads)}
    return GroupedAttention.model_validate({"layers": 1, "head_dim": width, **shape, **other})


def _latent(c: Config) -> LatentAttention:
    indexed = c.has("index_topk")
    return LatentAttention(
        layers=1,
        heads=c.integer("num_attention_heads"),
        kv_lora_rank=c.integer("kv_lora_rank"),
        q_lora_rank=c.integer("q_lora_rank") if c.has("q_lora_rank") else None,
        qk_rope_head_dim=c.integer("qk_rope_head_dim"),
        qk_nope_head_dim=c.integer("qk_nope_head_dim"),
        v_head_dim=c.integer("v_head_dim"),
        index_topk=c.integer("index_topk") if indexed else None,
        index_heads=c.integer("index_n_heads") if indexed else None,
        index_head_dim=c.integer("index_head_dim") if indexed else None,
    )


def _window(c: Config) -> int | None:
    """Width of the window; none where it reaches as far as the longest sequence."""
    if not c.has("sliding_window"):
        return None
    width = c.integer("sliding_window")
    return width if 0 < width < c.integer("max_position_embeddings", default=2**62) else None


def _value_dim(c: Config, key: str, value: str) -> int | None:
    """Width of a value head where it differs from a key's."""
    width = c.integer(value, default=c.integer(key))
    return None if width == c.integer(key) else width


def _slides(c: Config, name: str) -> bool:
    return _picked(c, "layer_types", _SLIDES, name)


def _picked(c: Config, field: str, known: dict[str, _T], name: str) -> _T:
    if name not in known:
        raise c.error(field, f"has a layer of unknown kind {name!r}", f"Known: {', '.join(known)}")
    return known[name]
