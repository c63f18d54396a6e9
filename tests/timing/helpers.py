"""A model and a device whose numbers are round, so that times can be worked out by hand."""

from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Precision
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.timing.layout import DeviceShare, Layout
from infersim.timing.transformer import TransformerTiming

GEMM = {
    "form": "gemm/1", "launch_s": 1e-6, "flops_per_s": 1e12, "bytes_per_s": 1e9,
    "wave_tiles": 0, "k_half": 0, "bytes_extra": 0, "norm": 1, "confidence": "measured",
}  # fmt: skip
PREFILL = {
    "form": "attention_prefill/1", "launch_s": 2e-6, "flops_per_s": 1e12, "bytes_per_s": 1e9,
    "wave_tiles": 0, "norm": 1, "confidence": "measured",
}  # fmt: skip
DECODE = {
    "form": "attention_decode/1", "confidence": "measured",
    "lines": [
        {"launch_s": 8e-6, "row_s": 1e-6, "bytes_per_s": 1e12},
        {"launch_s": 4e-6, "row_s": 0, "bytes_per_s": 1e9},
    ],
}  # fmt: skip
ALL_REDUCE = {
    "form": "all_reduce/1", "confidence": "measured",
    "devices": {2: {"small": [{"latency_s": 1e-6, "bytes_per_s": 1e9}], "small_limit_bytes": 1000,
                    "large": [{"latency_s": 1.5e-6, "bytes_per_s": 1e10}]}},
}  # fmt: skip
ELEMENTWISE = {"form": "elementwise/1", "launch_s": 0, "bytes_per_s": 1e9, "confidence": "derived"}


def stated(value):
    return {"value": value, "source": "round", "date": "2026", "method": "round", "confidence": "derived"}


def round_device(**changes) -> Device:
    """One gigabyte at 1 GB/s, 1 TFLOP/s."""
    origin = {"source": "round", "date": "2026", "confidence": "spec-sheet"}
    data = {
        "schema": "infersim/device/1", "name": "round", "full_name": "Round", "maker": "nobody", "kind": "gpu",
        "year": 2026,
        "memory": {"bytes": 1e9, "bandwidth_bytes_per_s": 1e9, **origin},
        "peak_flops": {"bf16": 1e12, "fp8": 2e12, **origin},
        "operators": {
            "gemm.bf16": GEMM, "attention_prefill.bf16": PREFILL, "attention_decode.bf16": DECODE,
            "all_reduce.bf16": ALL_REDUCE, "elementwise.bf16": ELEMENTWISE,
        },
    }  # fmt: skip
    return Device.model_validate({**data, **changes})


def round_model(**changes) -> Model:
    """Two layers of 100 wide: 2 query heads and 1 KV head of 50, feed-forward 200, vocabulary 1,000."""
    data = {
        "schema": "infersim/model/1", "name": "tiny", "full_name": "Tiny", "layers": 2, "hidden": 100,
        "attention": [{"kind": "gqa", "layers": 2, "heads": 2, "kv_heads": 1, "head_dim": 50}],
        "feed_forward": [{"kind": "dense", "layers": 2, "intermediate": 200}],
        "vocab": 1000, "tie_embeddings": False, "max_position": 4096,
        "params": 380000, "source": "round", "date": "2026",
    }  # fmt: skip
    return Model.model_validate({**data, **changes})


def round_engine(**changes) -> EngineConstants:
    """A step 1 ms, a sequence 10 µs, a layer of prefill 100 µs; 1 MB of runtime."""
    values = {
        "step_host_s": 1e-3, "step_host_per_seq_s": 1e-5, "prefill_extra_per_layer_s": 1e-4, "frontend_s": 0.01,
        "runtime_bytes": 1e6, "activation_hidden_copies": 3, "activation_intermediate_copies": 3,
        "sampler_bytes_per_logit": 50, **changes,
    }  # fmt: skip
    constants = {name: stated(value) for name, value in values.items()}
    return EngineConstants.model_validate({"schema": "infersim/engine/1", "name": "round", **constants})


def round_precision(weights="bf16", kv_cache="bf16", moe_weights=None) -> Precision:
    return Precision(weights=weights, moe_weights=moe_weights or weights, kv_cache=kv_cache)


def round_share(model=None, tensor=1, weights="bf16", kv_cache="bf16", **layout) -> DeviceShare:
    types = {"weights": weights, "moe_weights": weights, "kv_cache": kv_cache}
    return DeviceShare.of(model or round_model(), Layout(tensor=tensor, **layout), **types)


def round_timing(model=None, device=None, *, weights="bf16", kv_cache="bf16", tensor=1, **changes) -> TransformerTiming:
    options = {
        "precision": round_precision(weights, kv_cache),
        "layout": Layout(tensor=tensor),
        "max_tokens": 512,
        "max_seqs": 16,
        **changes,
    }
    return TransformerTiming(model or round_model(), device or round_device(), round_engine(), **options)
