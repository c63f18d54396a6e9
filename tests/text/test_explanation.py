"""The page of an explanation: whole on narrow terminals, readable, with nothing to report a dash."""

from __future__ import annotations

import copy

import pytest

from infersim.text.explanation import explanation

FIGURES = ("ttft_s.mean", "tpot_s.mean", "throughput.output_tokens_per_s")


def operator(name: str, seconds: float, **changes) -> dict:
    row = {"operator": name, "calls": 61, "seconds": seconds, "share": seconds / 0.01, "flops": 1.5e12, "bytes": 2e9}
    return row | {"bound": "memory"} | changes


def change(assumption: str, to: str, moved: tuple, rejected: int = 0) -> dict:
    values = dict(zip(FIGURES, (0.1, 0.01, 100.0), strict=True))
    moves = dict(zip(FIGURES, moved, strict=True))
    return {"assumption": assumption, "change": to, "values": values, "moved": moves, "rejected": rejected}


BATCH = {
    "decode_seqs": 8, "decode_context_tokens": 8000, "prefill_chunks": 1, "prefill_tokens": 512,
    "prefill_context_tokens": 64, "prefill_work": 1e5, "sampled_seqs": 9,
}  # fmt: skip
DATA = {
    "scenario": "chat",
    "seed": 1,
    "pools": {
        "main": {
            "deployment": {
                "model": "deepseek-v3.2", "device": "b200-sxm-180gb", "replicas": 1, "devices": 8, "tensor": 8,
                "engine": "vllm", "weights": "fp8", "kv_cache": "fp8",
            }
        }
    },
    "figures": dict(zip(FIGURES, (0.1, 0.01, 1234.0), strict=True)),
    "steps": [
        {
            "kind": "prefill",
            "steps": 1234.0,
            "busy_share": 0.4,
            "seconds": 0.01,
            "batch": BATCH,
            "operators": [
                operator("prefill attention, latent, top 2,048", 0.0075),
                operator("host, per step", 0.0025, flops=0.0, bytes=0.0, bound="host"),
            ],
        }
    ],
    "memory": {
        "weights_bytes": 16e9, "activation_bytes": 2e9, "runtime_bytes": 1e9, "usable_bytes": 77e9, "kv_bytes": 58e9,
        "kv_bytes_per_token": 131072.0, "state_bytes_per_seq": 5e6, "block_size": 16, "capacity_blocks": 1000,
        "capacity_tokens": 16000, "max_seqs": 256, "mean_request_tokens": 640.0, "requests_held": 25,
    },
    "front_end": {"delay_s": 0.0155, "serial_s": 0.001, "requests_per_s_at_most": 1000.0},
    "assumptions": {
        "requests": 1000,
        "base": dict(zip(FIGURES, (0.1, 0.01, 1234.0), strict=True)),
        "rejected": 3,
        "changes": [
            change("token budget", "max_num_batched_tokens 16,384", (-0.5, 0.25, -0.0001), 3),
            change("prompt lengths", "+20%", (0.0, 0.0, None), 7),
            change("KV blocks", "-10%", (0.0, 0.0, 0.0), 3),
        ],
        "refused": [{"assumption": "weights", "change": "bf16", "kind": "does_not_fit", "why": "no room; buy more"}],
    },
    "prefix_cache": {"modelled": False, "prefill_share": 0.173},
    "confidence": {
        "level": "derived",
        "curves": [{"curve": "gemm.bf16", "confidence": "measured"}],
        "extrapolated": [{"curve": "gemm.bf16", "argument": "n", "range": [512, 65536], "seen": [4096, 128256]}],
        "prediction_interval": {"ttft_s": None, "tpot_s": {"mean": [0.009, 0.012]}, "basis": "80% of 50 runs"},
    },
    "warnings": ["overload: arrivals outran service"],
}  # fmt: skip


def test_an_explanation_reads_well():
    text = explanation(DATA, 100)
    for words in (
        "predicted     mean TTFT 100 ms, mean TPOT 10 ms, 1,234 output tokens/s",
        "expected      mean TPOT 9 ms to 12 ms (80% of 50 runs)",
        "extrapolated  gemm.bf16 at n 4,096–128,256, fitted 512–65,536",
        "prefill attention, latent, top 2,048     61  7.50 ms  75.0%  1.5 T  2.0 GB    memory",
        "host, per step                           61  2.50 ms  25.0%      –       –      host",
        "token budget    max_num_batched_tokens 16,384  -50.0%   +25.0%     +0.0%",
        "prompt lengths  +20% (7 rejected)               +0.0%    +0.0%         –",
        "weights bf16  no room",
        "moves nothing  KV blocks",
        "prefix cache   not modelled: prompts take 17.3% of the busy time",
    ):
        assert words in text
    flowing = " ".join(text.split())
    assert "8 sequences decoding on 1,000 tokens each and 512 new tokens of 1 prompt after 64 earlier ones" in flowing
    assert "25 requests of 640 tokens, the mean, at a time (256 may run)" in flowing
    assert "takes 1 ms, so that at most 1,000 a second pass" in flowing
    assert flowing.index("warning: overload") < flowing.index("predicted")
    assert "buy more" not in text


@pytest.mark.parametrize("width", [20, 38, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, explanation(DATA, width).splitlines())) <= width


def test_a_narrow_terminal_does_without_the_least_columns():
    pages = {width: explanation(DATA, width).splitlines() for width in (100, 80, 66)}
    shown = {width: next(line.split() for line in page if line[:8] == "operator") for width, page in pages.items()}
    assert shown[100] == ["operator", "calls", "time", "share", "FLOPs", "bytes", "bound", "by"]
    assert "calls" not in shown[80]
    assert shown[66] == ["operator", "time", "share", "bound", "by"]


def test_a_run_that_completed_nothing_has_dashes():
    nothing = copy.deepcopy(DATA)
    nothing["figures"] = nothing["assumptions"]["base"] = dict.fromkeys(FIGURES)
    for each in nothing["assumptions"]["changes"]:
        each["moved"] = dict.fromkeys(FIGURES)
    nothing["memory"] |= {"mean_request_tokens": None, "requests_held": None}
    nothing["prefix_cache"]["prefill_share"] = None
    nothing["steps"] = []
    text = explanation(nothing, 100)
    assert "None" not in text
    assert "mean TTFT –" in text
