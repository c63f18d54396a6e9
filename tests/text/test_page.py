"""The table of a run: complete, in human units, whole on narrow terminals and with nothing to report."""

from __future__ import annotations

import pytest

from infersim.text.page import page

LATENCY = {"mean": 0.0123, "p50": 0.01, "p90": 0.1, "p95": 1.5, "p99": 12.0}
CLASS = {
    "requests": {"arrived": 1200, "completed": 1100, "rejected": 100, "preempted": 3, "preemptions": 5},
    "tokens": {"prompt": 12_345_678, "output": 1000},
    **dict.fromkeys(("ttft_s", "tpot_s", "itl_s", "e2e_s", "queue_s"), LATENCY),
    "throughput": {"requests_per_s": 5.678, "input_tokens_per_s": 4321.0, "output_tokens_per_s": 1234.5},
    "goodput": {
        "slo": {"ttft_s": 1.0, "tpot_s": 0.05, "attainment": 0.99},
        "requests_per_s": 5.0,
        "fraction": 0.875,
        "attained": False,
    },
}
DEPLOYMENT = {
    "model": "llama-3.1-8b",
    "device": "h100-sxm-80gb",
    "replicas": 1,
    "devices": 1,
    "tensor": 1,
    "engine": "vllm",
    "weights": "bf16",
    "kv_cache": "fp8",
}
FULL = {
    "scenario": "chat",
    "seed": 1,
    **CLASS,
    "utilisation": {"busy": 0.5, "mfu": 0.123, "mbu": 0.4},
    "kv_cache": {"block_size": 16, "capacity_blocks": 27544, "mean_fraction": 0.01, "peak_fraction": 0.04},
    "batch": {"mean": 7.2, "peak": 25},
    "queue": {"mean": 0.04, "peak": 3},
    "cost": {
        "usd_total": 2.78,
        "usd_per_request": 0.000139,
        "usd_per_million_output_tokens": 1.08,
        "price_usd_per_h": 3.0,
        "price_source": None,
    },
    "span": {"begin_s": 12.5, "end_s": 200.0, "warmup": "auto"},
    "energy": {
        "joules_total": 123_456.0,
        "joules_per_request": 98.76,
        "joules_per_output_token": 0.4321,
        "device_power_w": {"mean": 456.7, "peak": 699.6},
    },
    "classes": {"chat": CLASS},
    "pools": {"main": {"deployment": DEPLOYMENT}},
    "confidence": {
        "level": "derived",
        "curves": [{"curve": "gemm.bf16", "confidence": "measured"}],
        "extrapolated": [{"curve": "gemm.bf16", "argument": "m", "range": [1.0, 32768.0], "seen": [1.0, 40000.0]}],
    },
    "warnings": ["overloaded: the queue grows by 3 requests a second"],
    "wall": {"simulate_s": 0.5, "total_s": 0.7, "peak_rss_bytes": 1},
}


def emptied(data):
    """The same object with null in place of every figure; what was simulated is no figure."""
    return {
        key: value if key == "deployment" else emptied(value) if isinstance(value, dict) else None
        for key, value in data.items()
    }


def test_a_full_summary_reads_well():
    text = page(FULL, 120)
    assert "1,200 arrived, 1,100 completed, 100 rejected, 3 preempted (5 evictions)" in text
    assert "TTFT   12.3 ms  10.0 ms  100 ms  1.50 s  12.0 s" in text
    assert "5.68 requests/s, 1,234 output tokens/s (4,321 input)" in text
    assert "87.5% of arrivals within TTFT 1 s, TPOT 50 ms (99% asked): missed" in text
    assert "fleet        1 × llama-3.1-8b (bf16, KV cache fp8) on h100-sxm-80gb, vllm" in text
    assert "$2.78 in all, $0.000139 a request, $1.08 per million output tokens" in text
    assert "at $3.00 a device-hour (source not stated)" in " ".join(text.split())
    assert "rests on      derived numbers (measured: gemm.bf16)" in text
    assert "extrapolated  gemm.bf16 at m 1–40,000, fitted 1–32,768" in text
    assert "warning: overloaded" in text
    assert "span         figures cover 12.5 s to 200 s, after a warm-up that was found by MSER-5" in text
    assert "123,456 J in all, 98.8 J a request, 0.432 J an output token" in text
    assert "a device 457 W in the mean, 700 W at most" in " ".join(text.split())


def test_the_interval_is_told_with_what_it_rests_on():
    interval = {"ttft_s": {"mean": [0.05, 0.2]}, "tpot_s": None, "basis": "80% of 40 validated runs"}
    told = FULL | {"confidence": FULL["confidence"] | {"prediction_interval": interval}}
    assert "expected      mean TTFT 50 ms to 200 ms (80% of 40 validated runs)" in page(told)
    unknown = {"ttft_s": None, "tpot_s": None, "basis": "no validated runs of this class"}
    told = FULL | {"confidence": FULL["confidence"] | {"prediction_interval": unknown}}
    assert "expected      no validated runs of this class" in page(told)


def test_the_span_is_told_where_it_is_not_the_whole_run():
    whole = FULL | {"span": {"begin_s": 0.0, "end_s": 200.0, "warmup": "none"}}
    assert "figures cover" not in page(whole)
    stated = FULL | {"span": {"begin_s": 5.0, "end_s": 200.0, "warmup": "stated"}}
    assert "5 s to 200 s, after a warm-up that was stated" in " ".join(page(stated).split())


def test_conversations_are_told_where_there_are_any():
    told = FULL | {"sessions": {"begun": 1590, "completed": 570, "cut": 0}}
    assert "sessions     1,590 begun, 570 completed\n" in page(told)
    told["sessions"] = told["sessions"] | {"cut": 7}
    assert "570 completed, 7 ended by the context" in page(told)
    assert "begun" not in page(FULL | {"sessions": None})


def test_a_device_without_power_is_said():
    assert "no power stated for the device" in page(FULL | {"energy": None})


@pytest.mark.parametrize("width", [20, 38, 60, 100])
def test_no_line_is_wider_than_the_terminal(width):
    for second in ("batch", "b" * 64):
        two = FULL | {"classes": {"chat": CLASS, second: CLASS}}
        assert max(map(len, page(two, width).splitlines())) <= width


def test_several_classes_have_a_row_each():
    text = page(FULL | {"classes": {"chat": CLASS, "offline": CLASS | {"goodput": None}}})
    assert [line.split()[0] for line in text.splitlines() if "1,100  " in line] == ["chat", "offline"]


@pytest.mark.parametrize("summary", [emptied(FULL), dict.fromkeys(FULL), {}])
def test_nothing_to_report_is_a_dash(summary):
    text = page(summary)
    assert "None" not in text
    assert "–" in text
    assert "nan" not in text


def test_a_class_may_be_called_attainment():
    bounds = {"attainment": {"ttft_s": 1.0, "attainment": 0.9}, "b": {"e2e_s": 3.0, "attainment": 0.5}}
    text = page(FULL | {"goodput": CLASS["goodput"] | {"slo": bounds}})
    assert "within attainment: TTFT 1 s; b: E2E 3 s: missed" in " ".join(text.split())


def test_classes_bounds_are_told_apart():
    text = page(FULL | {"goodput": CLASS["goodput"] | {"slo": {"a": {"ttft_s": 1.0}, "b": {"e2e_s": 3.0}}}})
    assert "within a: TTFT 1 s; b: E2E 3 s" in text


@pytest.mark.parametrize(
    ("replicas", "tensor", "text"),
    [
        (3, 1, "3 × llama-3.1-8b (bf16, KV cache fp8) on h100-sxm-80gb"),
        (1, 2, "1 × llama-3.1-8b (bf16, KV cache fp8) on 2 × h100-sxm-80gb"),
        (3, 2, "3 × llama-3.1-8b (bf16, KV cache fp8), each on 2 × h100-sxm-80gb"),
    ],
)
def test_replicas_and_their_devices_are_told_apart(replicas, tensor, text):
    pools = {"main": {"deployment": DEPLOYMENT | {"replicas": replicas, "devices": replicas * tensor}}}
    shown = " ".join(page(FULL | {"pools": pools}).split())
    assert text in shown
    assert ("peak 25 (a replica)" in shown) == (replicas > 1)


def test_warnings_come_before_the_figures():
    text = page(FULL)
    assert text.index("warning: overloaded") < text.index("TTFT")


def test_an_overload_marks_the_latencies():
    assert "queue grows  " not in page(FULL)
    interval = {"ttft_s": {"mean": [0.009, 0.012]}, "basis": "80% of 50 runs"}
    told = FULL | {"confidence": FULL["confidence"] | {"prediction_interval": interval}}
    assert "expected" in page(told)
    marked = page(told | {"overloaded": True})
    assert "\nqueue grows  " in marked
    assert "expected" not in marked


def test_intervals_of_one_run_are_told_where_there_are_any():
    none = {"ttft_s": {"mean": None}, "tpot_s": {"mean": None}, "throughput": {"requests_per_s": None}}
    some = none | {"ttft_s": {"mean": [0.010, 0.012]}, "throughput": {"requests_per_s": [5.5, 5.8]}}
    assert "by chance" not in page(FULL | {"intervals": none})
    assert "mean TTFT 10 ms to 12 ms, requests/s 5.5 to 5.8 (95% intervals" in page(FULL | {"intervals": some}, 120)
