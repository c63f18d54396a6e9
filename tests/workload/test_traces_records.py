"""Records of benchmark clients become traces where they hold send times and token counts; else what lacks is named."""

import json

import pytest

from infersim.errors import InputError

VLLM = {
    "date": "20261125-120000", "endpoint_type": "openai", "request_rate": 2.0, "duration": 3.0, "completed": 2,
    "total_input_tokens": 40, "total_output_tokens": 12, "input_lens": [10, 20, 30], "output_lens": [5, 0, 7],
    "ttfts": [0.1, 0.0, 0.1], "itls": [[0.01] * 4, [], [0.01] * 6], "start_times": [100.5, 102.0, 101.0],
    "errors": ["", "timeout", ""],
}  # fmt: skip
SGLANG = {key: VLLM[key] for key in VLLM if key not in ("start_times", "date")} | {"accept_length": None}


def genai(*requests) -> dict:
    """A profile export of one run."""
    one = {"experiment": {"mode": "request_rate", "value": 2.0}, "requests": list(requests), "window_boundaries": []}
    return {"experiments": [one], "version": "2.60", "service_kind": "openai", "endpoint": "v1/chat/completions"}


def answered(timestamp: int, usage: dict | None) -> dict:
    chunks = ['data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\n']
    chunks += [f"data: {json.dumps({'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n"] if usage else []
    outputs = [{"response": chunk} for chunk in chunks]
    times = [timestamp + 10**6 * number for number in range(1, len(outputs) + 1)]
    payload = {"payload": '{"messages": []}'}
    return {
        "timestamp": timestamp,
        "request_inputs": payload,
        "response_timestamps": times,
        "response_outputs": outputs,
    }


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", ["auto", "vllm"])
def test_vllms_record_is_sorted_and_its_failures_left_out(traced, indent, form):
    requests = traced(json.dumps(VLLM, indent=indent), "v.json", format=form)
    assert requests.arrival_s.tolist() == [0.0, 0.5]
    assert (requests.prompt_tokens.tolist(), requests.output_tokens.tolist()) == ([10, 30], [5, 7])
    assert requests.notes == (
        "requests are recorded in another order than they were sent: sorted",
        "1 of 3 requests failed when they were recorded (no output tokens): left out",
    )


def test_genai_perfs_record_is_read_where_answers_state_their_usage(traced):
    late = answered(1741134590669919999, {"prompt_tokens": 33, "completion_tokens": 32})
    ids = {"timestamp": 1741134590169919999, "request_inputs": {"input_ids": [1, 2, 3]}, "response_timestamps": [1]}
    requests = traced(json.dumps(genai(late, ids | {"response_outputs": [{"output_ids": [4]}, {"output_ids": 5}]})))
    assert requests.arrival_s.tolist() == [0.0, 0.5]
    assert (requests.prompt_tokens.tolist(), requests.output_tokens.tolist()) == ([3, 33], [2, 32])


LONG = VLLM | {"input_lens": [10, 20]}
BROKEN = {  # the document → what the message says
    "SGLang's, as it is": (SGLANG, ("SGLang's bench_serving holds no send times (start_times)", "of your own")),
    "vLLM's of old": (VLLM | {"start_times": []}, ("vLLM's bench serve holds no send times",)),
    "vLLM's without details": ({"total_output_tokens": 3, "duration": 1}, ("no list 'input_lens'", "--save-detailed")),
    "lists of unequal length": (LONG, ("3 start_times, 2 input_lens, 3 output_lens",)),
    "a length that is no number": (VLLM | {"input_lens": [1, "x", 3]}, ("input_lens.1 = 'x'", "whole number")),
    "true for a length": (VLLM | {"output_lens": [1, True, 3]}, ("output_lens.1 = true",)),
    "a negative length": (VLLM | {"output_lens": [1, -2, 3]}, ("output_lens.1 = -2",)),
    "a length of 30 digits": (VLLM | {"output_lens": [1, 10**30, 3]}, ("output_lens.1 = 1000000",)),
    "an answer to nothing": (VLLM | {"input_lens": [10, 20, 0]}, ("input_lens.2 = 0", "has a prompt")),
    "a time that is none": (VLLM | {"start_times": [1, None, 3]}, ("start_times.1 = null", "a time in seconds")),
    "an endless time": (VLLM | {"start_times": [1, 1e999, 3]}, ("start_times.1 = .inf",)),
    "failures alone": (VLLM | {"output_lens": [0, 0, 0]}, ("no request was answered",)),
    "genai-perf's texts": (genai(answered(1, None)), ("experiments.0.requests.0", "no token counts", "include_usage")),
    "genai-perf's lengths": (genai(answered(1, {"prompt_tokens": 0})), ("experiments.0.requests.0", "from 1 to")),
    "genai-perf's times": (genai({"timestamp": "x"}), ("experiments.0.requests.0.timestamp = 'x'", "nanoseconds")),
    "genai-perf's two runs": ({"experiments": [{}, {}]}, ("holds 2 experiments", "keep one")),
    "genai-perf's nothing": (genai(), ("has no requests", "profile_export.json")),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_record_that_is_no_trace_says_why(traced, what):
    document, says = BROKEN[what]
    with pytest.raises(InputError) as refusal:
        traced(json.dumps(document), "r.json")
    message = str(refusal.value)
    assert "r.json" in message
    for part in says:
        assert part in message
    assert len(message) < 600


def test_several_runs_in_one_file_are_refused(traced):
    with pytest.raises(InputError, match="several runs"):
        traced(json.dumps(VLLM) + "\n" + json.dumps(VLLM) + "\n", "v.json")


def test_a_stated_format_is_checked(traced):
    with pytest.raises(InputError, match="is no record of vLLM's bench serve but of SGLang's"):
        traced(json.dumps(SGLANG), format="vllm")
    with pytest.raises(InputError, match="use format: vllm"):
        traced(json.dumps(VLLM), format="plain")
    with pytest.raises(InputError, match="is no record of genai-perf"):
        traced("arrival_s,prompt_tokens,output_tokens\n0,1,1\n", format="genai_perf")
    with pytest.raises(InputError, match="takes no columns"):
        traced(json.dumps(VLLM), columns={"arrival_s": "start_times"})
