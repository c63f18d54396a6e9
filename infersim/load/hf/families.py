"""The architectures that are known: which blocks a config.json of each describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infersim.errors import InputError, nearest
from infersim.load.hf import attention, feed_forward
from infersim.load.hf.config import Config


@dataclass(frozen=True)
class Family:
    """How to read one architecture.

    Attributes:
        attention: its attention blocks, one a layer.
        feed_forward: its feed-forward blocks, one a layer.
        tied: whether the head is the embedding where the file does not say.
        note: what the nearest blocks leave out.
    """

    attention: Callable[[Config], attention.Layers]
    feed_forward: Callable[[Config], feed_forward.Layers]
    tied: bool = False
    note: str | None = None


_ASKED = attention.windowed(attention.asked)
_ALL = attention.windowed(attention.every)
_LATENT = Family(attention.latent, feed_forward.deepseek)
_GEMMA3 = Family(attention.windowed(attention.mostly), feed_forward.swiglu, tied=True)
_GEMMA4 = Family(
    attention.gemma4,
    feed_forward.gemma4,
    tied=True,
    note="full-attention layers may have one projection for keys and values; two are counted",
)
_HYBRID = Family(attention.hybrid, feed_forward.swiglu)
_HYBRID_MOE = Family(attention.hybrid, feed_forward.qwen_moe)
_KIMI_LINEAR = Family(
    attention.kimi_linear,
    feed_forward.deepseek,
    note="Kimi Delta Attention as linear attention of that shape, its gate of keys and the output gate of MLA left out",
)
_V4 = Family(
    attention.compressed,
    feed_forward.deepseek,
    note="compressed attention in the nearest words: where 4 tokens make one entry, MLA with an index and an entry for "
    "each token; where 128 do or none are kept, a window. Output projections in groups of low rank and "
    "hyper-connections are left out",
)
_M3 = Family(
    attention.full,
    feed_forward.deepseek,
    note="block-sparse attention is counted as full attention: an upper bound for contexts beyond its 16 blocks",
)
_FAMILIES = {
    "llama": Family(attention.full, feed_forward.swiglu),
    "mimo": Family(_ASKED, feed_forward.swiglu),
    "qwen2": Family(_ASKED, feed_forward.swiglu),
    "qwen3": Family(_ASKED, feed_forward.swiglu),
    "qwen3_moe": Family(_ASKED, feed_forward.qwen_moe),
    "qwen3_next": _HYBRID_MOE,
    "qwen3_5": _HYBRID,
    "qwen3_5_text": _HYBRID,
    "qwen3_5_moe": _HYBRID_MOE,
    "qwen3_5_moe_text": _HYBRID_MOE,
    "mistral": Family(_ALL, feed_forward.swiglu),
    "mixtral": Family(_ALL, feed_forward.mixtral),
    "phi3": Family(_ALL, feed_forward.swiglu),
    "gpt_oss": Family(attention.windowed(attention.even), feed_forward.mixtral),
    "llama4": Family(attention.chunked, feed_forward.llama4),
    "llama4_text": Family(attention.chunked, feed_forward.llama4),
    "gemma": Family(attention.full, feed_forward.swiglu, tied=True),
    "gemma2": Family(attention.windowed(attention.even), feed_forward.swiglu, tied=True),
    "gemma3": _GEMMA3,
    "gemma3_text": _GEMMA3,
    "gemma4": _GEMMA4,
    "gemma4_text": _GEMMA4,
    "deepseek_v2": _LATENT,
    "deepseek_v3": _LATENT,
    "deepseek_v32": _LATENT,
    "deepseek_v4": _V4,
    "kimi_k2": _LATENT,
    "kimi_k25": _LATENT,
    "kimi_k3": _KIMI_LINEAR,
    "kimi_linear": _KIMI_LINEAR,
    "glm_moe_dsa": _LATENT,
    "glm4_moe_lite": _LATENT,
    "minimax_m2": Family(attention.typed, feed_forward.mixtral),
    "minimax_m3": _M3,
    "mimo_v2_flash": Family(attention.mimo_flash, feed_forward.deepseek),
    "step3p7": Family(attention.windowed(attention.every), feed_forward.deepseek),
    "step3p7_flash": Family(attention.windowed(attention.every), feed_forward.deepseek),
    "nemotron_h": Family(attention.nemotron_h, feed_forward.nemotron_h),
    "nemotron-nas": Family(attention.searched, feed_forward.searched),
    "deci_lm": Family(attention.searched, feed_forward.searched),
    "gptj": Family(attention.full, feed_forward.two_matrices),
    "bloom": Family(attention.full, feed_forward.two_matrices, tied=True),
}
_KNOWN = {name.replace("_", "").replace("-", "").lower(): family for name, family in _FAMILIES.items()}


def family(c: Config) -> Family:
    """The family of a config.json, by its `model_type`, else by the class that `architectures` names.

    Raises:
        InputError: it is not known; names those that are.
    """
    classes = [name.removesuffix("ForCausalLM").removesuffix("ForConditionalGeneration") for name in c.architectures]
    named = [name for name in (*c.types, *classes) if name]
    for name in named:
        found = _KNOWN.get(name.replace("_", "").replace("-", "").lower())
        if found is not None:
            return found
    raise _unknown(c, named)


def _unknown(c: Config, named: list[str]) -> InputError:
    if not named:
        return c.error("model_type", "is missing", "a config.json of a language model names its model_type")
    hint = " ".join(filter(None, (nearest(named[0], _FAMILIES), f"Known: {', '.join(_FAMILIES)}")))
    return c.error("model_type", "is an architecture that is not known", hint, repr(named[0]))
