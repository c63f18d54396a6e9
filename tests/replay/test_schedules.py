"""Recorded schedules agree with the simulation's replica, and a recording that was changed does not."""

import pytest

from infersim.replay import replay_file
from tests.replay.recordings import RECORDING, changed, written

TAMPERED = {
    # what was changed: (place, new value, part of what is said)
    "a token count": ("steps.1.scheduled.b", 6, "step 1: scheduled is"),
    "the order of service": ("steps.1.scheduled", lambda old: dict(reversed(old.items())), "step 1: scheduled is"),
    "an absent request": ("steps.2.scheduled", {"a": 1}, "step 2: scheduled is"),
    "an admission": ("steps.1.admitted", {}, "step 1: admitted is"),
    "a prefix hit": ("steps.1.admitted.b", 4, "step 1: admitted is"),
    "an eviction": ("steps.2.preempted", ["b"], "step 2: preempted is []"),
    "a finished request": ("steps.3.finished", [], "step 3: finished is ['a']"),
    "the running": ("steps.0.running", 2, "step 0: running is 1, recorded 2"),
    "the waiting": ("steps.0.waiting", 1, "step 0: waiting is 0, recorded 1"),
    "free blocks after scheduling": ("steps.3.free_after_schedule", 1, "step 3: free_after_schedule is 0, recorded 1"),
    "free blocks after the step": ("steps.4.free_after_step", 5, "step 4: free_after_step is 6, recorded 5"),
    "a start": ("steps.2.start_s", 0.020281, "step 2: start_s is"),
    "an end by a microsecond": ("steps.4.end_s", 0.050381, "step 4: end_s is"),
    "a step too few": ("steps", lambda old: old[:-1], "4 steps are recorded, the summary says 5"),
    "a step too many": ("steps", lambda old: [*old, old[-1]], "6 steps are recorded, the summary says 5"),
    "a first token": ("results.1.first_token_s", 0.02028, "single steps: request b: first_token_s is 0.03032"),
    "a first token that never came": ("results.1.first_token_s", lambda old: None, "recorded None"),
    "a finish": ("results.0.finish_s", 0.05, "single steps: request a: finish_s is 0.04036, recorded 0.05"),
    "an output": ("results.0.output_tokens", 3, "request a: output_tokens is 4, recorded 3"),
    "preemptions of a request": ("results.0.preemptions", 1, "request a: preemptions is 0, recorded 1"),
    "the number of steps": ("summary.num_steps", 6, "5 steps, recorded 6"),
    "preemptions in all": ("summary.preemptions", 2, "preemptions is 0, recorded 2"),
    "the peak": ("summary.peak_used_blocks", 5, "peak_used_blocks is 6, recorded 5"),
    "the end": ("summary.end", "stuck", "end is drained, recorded stuck"),
    "the makespan": ("summary.makespan_s", 0.06, "makespan_s is 0.05038, recorded 0.06"),
    # A question that is changed has another answer.
    "the budget": ("config.max_num_batched_tokens", 9, "step 1: "),
    "the memory": ("config.num_gpu_blocks", 6, "step 0: free_after_schedule"),
    "a prompt": ("requests.0.prompt_tokens", 7, "step 0: end_s"),
    "an arrival": ("requests.1.arrival_s", 0.02, "step 1: end_s"),
}


def replayed(folder, *recordings: dict) -> dict:
    return replay_file(written(folder, *recordings))


def test_a_recording_that_follows_the_rules_agrees(tmp_path):
    found = replayed(tmp_path, RECORDING)
    assert (found["kind"], found["rows"], found["refused"]) == ("schedules", 1, [])
    assert found["scenarios"] == [{"id": "by_hand", "stratum": "plain", "agrees": True, "first_difference": None}]


@pytest.mark.parametrize("what", TAMPERED)
def test_a_change_is_noticed_and_described(tmp_path, what):
    place, value, said = TAMPERED[what]
    (scenario,) = replayed(tmp_path, changed(place, value))["scenarios"]
    assert not scenario["agrees"]
    assert said in scenario["first_difference"]


def test_steps_that_were_not_recorded_are_not_missed(tmp_path):
    short = changed("steps", RECORDING["steps"][:2])
    short["summary"]["steps_recorded"] = 2  # as in the long scenarios, of which the first 200 are there
    assert replayed(tmp_path, short)["scenarios"][0]["agrees"]


def test_what_was_not_evicted_admitted_or_finished_need_not_be_said(tmp_path):
    said = changed("steps.2.preempted", [])
    said["steps"][2] |= {"admitted": {}, "finished": []}
    assert replayed(tmp_path, said)["scenarios"][0]["agrees"]


REFUSED = {
    "enable_prefix_caching": (True, "prefix caching"),
    "policy": ("priority", "'priority'"),
    "async_scheduling": (True, "asynchronous scheduling"),
    "enable_chunked_prefill": (False, "enable_chunked_prefill"),
    "long_prefill_token_threshold": (4, "long_prefill_token_threshold"),
    "max_num_batched_tokens": (1, "vLLM refuses"),
    "max_model_len": (6, "request 'a'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_modelled_is_refused_by_name_and_the_rest_goes_on(tmp_path, name):
    value, said = REFUSED[name]
    found = replayed(tmp_path, RECORDING, changed(f"config.{name}", value), RECORDING)
    (refused,) = found["refused"]
    assert (refused["row"], refused["id"]) == (1, "by_hand")
    assert said in refused["why"]
    assert [scenario["agrees"] for scenario in found["scenarios"]] == [True, True]


def test_a_replay_that_would_never_end_is_stopped_and_said(tmp_path):
    # Without the gate a prompt of 20 tokens enters 6 blocks of one token by chunks of 4, evicts itself when they are
    # full, enters again, and so on.
    endless = changed("steps", [])
    endless["requests"][0]["prompt_tokens"] = 20
    endless["config"] |= {"block_size": 1, "scheduler_reserve_full_isl": False, "max_num_batched_tokens": 4}
    (scenario,) = replayed(tmp_path, endless)["scenarios"]
    assert scenario["first_difference"] == "it goes on after the 5 steps recorded"


def test_the_recorded_schedules_of_vllm_agree(shared_data):
    path = shared_data / "schedules" / "vllm_v1_schedules.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    found = replay_file(path)
    assert found["rows"] == 61
    assert [scenario for scenario in found["scenarios"] if not scenario["agrees"]] == []
    assert len(found["scenarios"]) == 35
    assert len(found["refused"]) == 26
    assert all("prefix caching" in refused["why"] or "priority" in refused["why"] for refused in found["refused"])
