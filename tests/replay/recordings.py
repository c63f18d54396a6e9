"""A small recording, written by hand from the rules beside it.

Clock: a step over n tokens takes 10 ms + 20 µs · n. Blocks of 4 tokens, 6 of them usable; at most 8 tokens a step.

Request a: 6 tokens of prompt, 4 of output, at 0. Request b: 8 tokens of prompt, 3 of output, at 5 ms.

- step 0, 0 s: a's 6 tokens in 2 blocks: 10.12 ms. Its first token.
- step 1, 10.12 ms: b came. One token for a, which is its 7th and still fits its 2 blocks; 7 are left of the budget for
  b's prompt. b enters: the 2 blocks of its whole prompt are free, and its 7 tokens take them: 10.16 ms.
- step 2, 20.28 ms: a's 8th token; the last of b's prompt: 2 tokens, 10.04 ms. b's first token.
- step 3, 30.32 ms: a's 9th token takes a third block, b's 9th too: 2 tokens, 10.04 ms. a has its 4 tokens and goes.
- step 4, 40.36 ms: b's 10th token: 10.02 ms. b has its 3 tokens and goes, at 50.38 ms.
"""

import copy
import json
from pathlib import Path

NAMES = ("start_s", "end_s", "scheduled", "running", "waiting", "free_after_schedule", "free_after_step")
STEPS = (
    (0.0, 0.01012, {"a": 6}, 1, 0, 4, 4),
    (0.01012, 0.02028, {"a": 1, "b": 7}, 2, 0, 2, 2),
    (0.02028, 0.03032, {"a": 1, "b": 1}, 2, 0, 2, 2),
    (0.03032, 0.04036, {"a": 1, "b": 1}, 2, 0, 0, 3),
    (0.04036, 0.05038, {"b": 1}, 1, 0, 3, 6),
)
BEYOND = {0: {"admitted": {"a": 0}}, 1: {"admitted": {"b": 0}}, 3: {"finished": ["a"]}, 4: {"finished": ["b"]}}
NO_HITS = {"preemptions": 0, "cached_tokens": 0, "readmit_cached_tokens": []}
RECORDING = {
    "id": "by_hand",
    "stratum": "plain",
    "note": "two requests",
    "config": {
        "block_size": 4,
        "num_gpu_blocks": 7,
        "max_num_seqs": 2,
        "max_num_batched_tokens": 8,
        "max_model_len": 64,
        "long_prefill_token_threshold": 0,
        "enable_chunked_prefill": True,
        "enable_prefix_caching": False,
        "policy": "fcfs",
        "async_scheduling": False,
        "watermark": 0.0,
        "scheduler_reserve_full_isl": True,
    },
    "requests": [
        {"id": "a", "arrival_s": 0.0, "prompt_tokens": 6, "output_tokens": 4, "priority": 0, "hash_ids": [1]},
        {"id": "b", "arrival_s": 0.005, "prompt_tokens": 8, "output_tokens": 3, "priority": 0, "hash_ids": [2]},
    ],
    "steps": [dict(zip(NAMES, step, strict=True)) | BEYOND.get(number, {}) for number, step in enumerate(STEPS)],
    "results": [
        {"id": "a", "first_token_s": 0.01012, "finish_s": 0.04036, "output_tokens": 4, **NO_HITS},
        {"id": "b", "first_token_s": 0.03032, "finish_s": 0.05038, "output_tokens": 3, **NO_HITS},
    ],
    "summary": {
        "num_steps": 5,
        "steps_recorded": 5,
        "preemptions": 0,
        "prefix_hit_tokens": 0,
        "peak_used_blocks": 6,
        "end": "drained",
        "makespan_s": 0.05038,
    },
}


def changed(path: str, value) -> dict:
    """The recording with one value changed; `path` is dotted, `value` a function of the old one or the new one."""
    made = copy.deepcopy(RECORDING)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = made
    for part in parents:
        place = place[part]
    if value is None and isinstance(place, dict):
        del place[last]
    else:
        place[last] = value(place[last]) if callable(value) else value
    return made


def written(folder: Path, *recordings: dict) -> Path:
    """A file of recordings, one a line."""
    path = folder / "schedules.jsonl"
    path.write_text("".join(json.dumps(recording) + "\n" for recording in recordings))
    return path
