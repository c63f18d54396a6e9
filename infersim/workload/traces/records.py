"""Requests as benchmark clients record them, one JSON document a run: vLLM's, SGLang's, genai-perf's.

`vllm bench serve --save-result --save-detailed` and SGLang's `bench_serving --output-details` write columns
(`input_lens`, `output_lens`, `start_times` where they are kept); genai-perf's `profile_export.json` has a record a
request, with times in nanoseconds, and token counts only where the server's answers state their usage.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.load.messages import show
from infersim.workload.requests import Requests
from infersim.workload.traces.opening import Opened
from infersim.workload.traces.tables import MAX_TOKENS, without_failures

CLIENTS = {
    "vllm": "vLLM's bench serve",
    "sglang": "SGLang's bench_serving",
    "genai_perf": "genai-perf",
}
_NEEDS = {
    "vllm": "input_lens, output_lens and start_times are needed: run it with --save-result --save-detailed",
    "sglang": "input_lens and output_lens are needed: run it with --output-details",
    "genai_perf": "experiments with requests are needed: profile_export.json, not profile_export_genai_perf.json",
}
_NO_TIMES = "give arrivals and lengths in place of the trace, or a table with an arrival_s of your own"
_MARKS = ("total_output_tokens_retokenized", "accept_length", "random_input_len", "sharegpt_output_len")
"""Keys that SGLang's records have and vLLM's have not."""


def client_of(document: Any) -> str | None:
    """Which client wrote a JSON document; None where it is no such record."""
    if not isinstance(document, dict):
        return None
    if "experiments" in document:
        return "genai_perf"
    if "input_lens" in document or "total_output_tokens" in document:
        return "sglang" if any(mark in document for mark in _MARKS) else "vllm"
    return None


def read_record(file: Opened, document: dict[str, Any], client: str) -> Requests:
    """Read a record; time counts from the first request sent.

    Args:
        file: where it is from.
        document: the JSON.
        client: who wrote it.

    Raises:
        InputError: it has no send times or token counts, or holds what is no request.
    """
    sent, prompt, output = _of_requests(file, document) if client == "genai_perf" else _of_lists(file, document, client)
    return without_failures(_sorted(sent, prompt, output))


def _sorted(sent_s: np.ndarray, prompt: np.ndarray, output: np.ndarray) -> Requests:
    order = np.argsort(sent_s, kind="stable")
    unsorted = bool((np.diff(sent_s) < 0).any())
    notes = ("requests are recorded in another order than they were sent: sorted",) if unsorted else ()
    return Requests(sent_s[order] - sent_s[order[0]], prompt[order], output[order], notes=notes)


def _of_lists(file: Opened, document: dict[str, Any], client: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = [_numbers(file, document, client, name, 0, MAX_TOKENS) for name in ("input_lens", "output_lens")]
    if not document.get("start_times"):
        problem = f"this record of {CLIENTS[client]} holds no send times (start_times)"
        raise InputError(problem, _NO_TIMES, file=str(file.path))
    sent = _numbers(file, document, client, "start_times", 0, 10**12)
    counts = {len(column) for column in (sent, *lengths)}
    if len(counts) > 1:
        problem = f"{len(sent):,} start_times, {len(lengths[0]):,} input_lens, {len(lengths[1]):,} output_lens"
        raise InputError(problem, "one for each request", file=str(file.path))
    prompt, output = (column.astype(np.int64) for column in lengths)
    short = np.flatnonzero((prompt < 1) & (output > 0))
    if short.size:
        raise _at(file, f"input_lens.{short[0]}", int(prompt[short[0]]), "an answered request has a prompt")
    return sent, prompt, output


def _numbers(file: Opened, document: dict[str, Any], client: str, name: str, low: int, high: int) -> np.ndarray:
    """A list of numbers."""
    values = document.get(name)
    if not isinstance(values, list) or not values:
        problem = f"this record of {CLIENTS[client]} has no list {name!r}"
        raise InputError(problem, _NEEDS[client], file=str(file.path))
    whole = name != "start_times"
    for number, value in enumerate(values):
        kind = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            what = "a whole number of tokens" if whole else "a time in seconds"
            raise _at(file, f"{name}.{number}", value, f"{what} is needed, from {low} to {high}")
    return np.array(values, dtype=np.float64)


def _of_requests(file: Opened, document: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    experiments = document["experiments"]
    if not isinstance(experiments, list) or len(experiments) != 1:
        count = len(experiments) if isinstance(experiments, list) else 0
        problem = f"this record of genai-perf holds {count} experiments"
        raise InputError(problem, "a trace is of one run: keep one of them", file=str(file.path))
    requests = experiments[0].get("requests") if isinstance(experiments[0], dict) else None
    if not isinstance(requests, list) or not requests:
        raise InputError("this record of genai-perf has no requests", _NEEDS["genai_perf"], file=str(file.path))
    rows = [_of_request(file, number, request) for number, request in enumerate(requests)]
    sent_ns, prompt, output = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return (sent_ns - sent_ns.min()) / 1e9, prompt, output


def _of_request(file: Opened, number: int, request: Any) -> tuple[int, int, int]:
    """When one request was sent [ns], and its lengths; no output where it was not answered."""
    place = f"experiments.0.requests.{number}"
    sent = request.get("timestamp") if isinstance(request, dict) else None
    if not isinstance(sent, int) or not _whole(sent, 2**63 - 1):
        raise _at(file, f"{place}.timestamp", sent, "a time in nanoseconds is needed")
    answers = request.get("response_outputs")
    if not isinstance(answers, list) or not answers:
        return sent, 0, 0
    inputs = request.get("request_inputs")
    lengths = _usage(answers) or _ids(inputs if isinstance(inputs, dict) else {}, answers)
    if lengths is None:
        problem = "this record of genai-perf holds texts and no token counts (no usage in the answers)"
        hint = "run it with --extra-inputs 'stream_options:{\"include_usage\":true}', or give lengths of your own"
        raise InputError(problem, hint, place, "", str(file.path))
    if not all(_whole(length, MAX_TOKENS) and length >= 1 for length in lengths):
        raise _at(file, place, list(lengths), f"lengths must be whole numbers from 1 to {MAX_TOKENS}")
    return sent, *lengths


def _usage(answers: list[Any]) -> tuple[Any, Any] | None:
    """Prompt and output tokens that an answer states, the last that does."""
    for answer in reversed(answers):
        text = answer.get("response") if isinstance(answer, dict) else None
        for line in reversed(text.splitlines() if isinstance(text, str) else []):
            if '"usage"' not in line:
                continue
            try:
                usage = json.loads(line.removeprefix("data:")).get("usage")
            except (ValueError, AttributeError, RecursionError):
                continue
            if isinstance(usage, dict):
                return usage.get("prompt_tokens"), usage.get("completion_tokens")
    return None


def _ids(inputs: dict[str, Any], answers: list[Any]) -> tuple[int, int] | None:
    """Lengths of token ids, as Triton's C API is sent and answers them."""
    asked = inputs.get("input_ids")
    given = [answer.get("output_ids") if isinstance(answer, dict) else None for answer in answers]
    if not isinstance(asked, list) or all(ids is None for ids in given):
        return None
    return len(asked), sum(len(ids) if isinstance(ids, list) else 1 for ids in given)


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _at(file: Opened, field: str, value: Any, problem: str) -> InputError:
    return InputError(problem, "", field, show(value), str(file.path))
