"""Feed-forward blocks of the architectures that are known, layer by layer."""

from __future__ import annotations

from infersim.load.hf.attention import block_configs, layers_of, pattern_of
from infersim.load.hf.config import Config
from infersim.load.messages import show
from infersim.spec.model import DenseFeedForward, FeedForward, MoeFeedForward

Layers = list[FeedForward]
MOST_TIMES = 1000
"""How much wider than the residual stream a layer may be."""


def swiglu(c: Config) -> Layers:
    """Three matrices in every layer."""
    return [DenseFeedForward(layers=1, intermediate=c.integer("intermediate_size"))] * layers_of(c)


def two_matrices(c: Config) -> Layers:
    """GPT-J and BLOOM: two matrices, four times as wide as the residual stream unless said."""
    width = c.integer("n_inner", default=4 * c.integer("hidden_size", "n_embd", "n_embed"))
    return [DenseFeedForward(layers=1, intermediate=width, gated=False)] * layers_of(c)


def mixtral(c: Config) -> Layers:
    """Experts in every layer, as wide as `intermediate_size` (Mixtral, gpt-oss, MiniMax-M2)."""
    shared = c.integer("shared_intermediate_size", default=0)
    return [_experts(c, ("num_local_experts",), c.integer("intermediate_size"), shared)] * layers_of(c)


def qwen_moe(c: Config) -> Layers:
    """Experts in every `decoder_sparse_step`-th layer but those of `mlp_only_layers`."""
    step, dense = c.count("decoder_sparse_step", default=1), c.sequence("mlp_only_layers")
    width, shared = c.integer("moe_intermediate_size"), c.integer("shared_expert_intermediate_size", default=0)
    moe = _experts(c, ("num_experts",), width, shared)
    sparse = [layer not in dense and (layer + 1) % step == 0 for layer in range(layers_of(c))]
    return _mixed(c, sparse, moe, "intermediate_size")


def deepseek(c: Config) -> Layers:
    """The first layers dense, shared experts as wide as the routed ones (DeepSeek, Kimi, GLM, MiniMax-M3, MiMo)."""
    width = c.integer("moe_intermediate_size")
    shared = width * c.integer("n_shared_experts", "num_shared_experts", default=0)
    if c.has("share_expert_dim"):
        shared = c.integer("share_expert_dim")
    experts = ("n_routed_experts", "num_local_experts", "num_experts")
    latent = c.integer("routed_expert_hidden_size") if c.has("routed_expert_hidden_size") else None
    return _mixed(
        c, _sparse(c), _experts(c, experts, width, shared, latent), "dense_intermediate_size", "intermediate_size"
    )


def llama4(c: Config) -> Layers:
    """Experts and a shared one in every `interleave_moe_layer_step`-th layer."""
    step, width = c.count("interleave_moe_layer_step", default=1), c.integer("intermediate_size")
    sparse = [(layer + 1) % step == 0 for layer in range(layers_of(c))]
    return _mixed(c, sparse, _experts(c, ("num_local_experts",), width, width), "intermediate_size_mlp")


def gemma4(c: Config) -> Layers:
    """Dense, or experts beside the dense layer; layers without a cache of their own may be twice as wide."""
    layers, width = layers_of(c), c.integer("intermediate_size")
    if c.flag("enable_moe_block"):
        return [_experts(c, ("num_experts",), c.integer("moe_intermediate_size"), width)] * layers
    own = layers - (c.integer("num_kv_shared_layers", default=0) if c.flag("use_double_wide_mlp") else 0)
    return [DenseFeedForward(layers=1, intermediate=width if layer < own else 2 * width) for layer in range(layers)]


def nemotron_h(c: Config) -> Layers:
    """Nemotron-H: MLP (-) and experts (E) of two matrices; a layer is one block."""
    found: Layers = []
    for letter in pattern_of(c):
        if letter == "-":
            found.append(DenseFeedForward(layers=1, intermediate=c.integer("intermediate_size"), gated=False))
        elif letter == "E":
            found.append(
                MoeFeedForward(
                    layers=1,
                    experts=c.integer("n_routed_experts"),
                    experts_per_token=c.integer("num_experts_per_tok"),
                    intermediate=c.integer("moe_intermediate_size"),
                    shared_intermediate=c.integer("n_shared_experts", default=0)
                    * c.integer("moe_shared_expert_intermediate_size", default=0),
                    latent=c.integer("moe_latent_size") if c.has("moe_latent_size") else None,
                    gated=False,
                )
            )
    return found


def searched(c: Config) -> Layers:
    """Nemotron-NAS: a width for each layer, `ffn_mult` × 2/3 × 4 × hidden, rounded up to 256 as its code does."""
    hidden, found = c.integer("hidden_size"), []
    for block in block_configs(c):
        own = block["ffn"]
        if own.get("replace_with_linear") or own.get("sparsify"):
            raise c.error("block_configs", "has a feed-forward layer of an unknown kind", "ffn_mult, no_op are known")
        if not own.get("no_op"):
            times = own.get("ffn_mult")
            if isinstance(times, bool) or not isinstance(times, (int, float)) or not 0 < times < MOST_TIMES:
                raise c.error("block_configs", f"ffn_mult must be from 0 to {MOST_TIMES}", value=show(times))
            width = int(2 * times * hidden / 3)
            found.append(DenseFeedForward(layers=1, intermediate=-(-width // 256) * 256))
    return list[FeedForward](found)


def _sparse(c: Config) -> list[bool]:
    """Which layers have experts."""
    layers, first = layers_of(c), c.integer("first_k_dense_replace", default=0)
    if isinstance(c.data.get("moe_layer_freq"), list):
        return [bool(flag) for flag in c.by_layer("moe_layer_freq", layers) or ()]
    step = c.count("moe_layer_freq", default=1)
    return [layer >= first and layer % step == 0 for layer in range(layers)]


def _mixed(c: Config, sparse: list[bool], moe: MoeFeedForward, *dense: str) -> Layers:
    """Experts where the layer is sparse, a dense layer of that key's width elsewhere."""
    if all(sparse):
        return [moe] * len(sparse)
    plain = DenseFeedForward(layers=1, intermediate=c.integer(*dense))
    return [moe if flag else plain for flag in sparse]


def _experts(c: Config, names: tuple[str, ...], width: int, shared: int, latent: int | None = None) -> MoeFeedForward:
    return MoeFeedForward(
        layers=1,
        experts=c.integer(*names),
        experts_per_token=c.integer("num_experts_per_tok", "top_k_experts", "num_experts_per_token"),
        intermediate=width,
        shared_intermediate=shared,
        latent=latent,
    )
