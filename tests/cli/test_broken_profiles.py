"""Broken profiles and options: refused by their own line or by what was typed, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from infersim.load.profiles import profiles_root
from tests.cli.refusals import refuse, refused
from tests.cli.test_broken_traces import SOURCE
from tests.load.scenarios import write

SHIPPED = {
    "device": "gpu/h100-sxm-80gb.yaml",
    "model": "models/llama-3.1-8b.yaml",
    "engine": "engines/vllm.yaml",
    "workload": "workloads/azure-chat-2023.yaml",
}
PROFILES = {  # kind, text replaced → field and value, what the message says
    "a device that is a model": (
        "device",
        "infersim/device/1",
        "infersim/model/1",
        "schema = ",
        "must be infersim/device/1",
    ),
    "negative memory": ("device", "bytes: 8", "bytes: -8", "memory.bytes = -8", "must be > 0"),
    "memory in hours": (
        "device",
        "bytes: 8",
        "bytes: 8h #",
        "memory.bytes = '8h'",
        "a number is needed, without a unit",
    ),
    "memory that is no number": (
        "device",
        "bytes: 8",
        "bytes: .nan #",
        "memory.bytes = .nan",
        "must be a finite number",
    ),
    "memory in hexadecimal text": (
        "device",
        "bytes: 8",
        'bytes: "0x8" #',
        "memory.bytes = '0x8'",
        "a number is needed",
    ),
    "misspelt peaks": ("device", "peak_flops", "peak_flop", "peak_flop\n", "Did you mean 'peak_flops'?"),
    "a tab": ("device", "memory:", "\tmemory:", "is not YAML", "indent by spaces"),
    "no layers": ("model", "layers: 32", "layers: 0", "layers = 0", "must be ≥ 1"),
    "layers in words": ("model", "layers: 32", "layers: many", "layers = 'many'", "a number is needed"),
    "unknown attention": ("model", "kind: gqa", "kind: gqq", "attention.0.kind = 'gqq'", "Did you mean 'gqa'?"),
    "a misspelt type": ("model", "dtype: bf16", "dtype: bf61", "dtype = 'bf61'", "Did you mean 'bf16'?"),
    "another engine schema": (
        "engine",
        "infersim/engine/1",
        "infersim/engine/7",
        "schema = ",
        "must be infersim/engine/1",
    ),
    "a negative rate": ("workload", "rate_per_s: ", "rate_per_s: -", "rate_per_s = -", "must be > 0"),
    "an unknown form": ("workload", "kind: fitted", "kind: fited", "kind = 'fited'", "Did you mean 'fitted'?"),
    "no form": ("workload", "kind: fitted\n", "", "kind\n", "Allowed: clients, fitted"),
}
OPTIONS = {  # typed → what the message says
    "--set workload.chta.arrivals.rate_per_s=5": "Did you mean 'chat'?",
    "--set fleet.mian.replicas=2": "Did you mean 'main'?",
    "--set fleet.main.replcas=2": "Did you mean 'replicas'?",
    "--set workload.chat.slo.ttft_s.x=1": "is not a mapping, so nothing can be set under it",
    "--set run.seed={": "is not YAML",
    "--set fleet..main=1": "e.g. --set fleet.main.replicas=2",
    "--replications 0": "0 is not in the range 1<=x<=10000",
    "--replications 2x": "'2x' is not a valid integer",
    "--seed 0x10": "'0x10' is not a valid integer",
    "--seed 99999999999999999999": "run.seed = 99999999999999999999",
    "--out /proc/nowhere": "--out = /proc/nowhere",
}


@pytest.mark.parametrize("what", PROFILES)
def test_a_broken_profile_is_refused_by_its_own_line(infersim, tmp_path, what):
    kind, old, new, field, says = PROFILES[what]
    text = (profiles_root() / SHIPPED[kind]).read_text(encoding="utf-8")
    assert old in text
    own = tmp_path / "own" / SHIPPED[kind]
    own.parent.mkdir(parents=True)
    own.write_text(text.replace(old, new, 1), encoding="utf-8")
    path = write(tmp_path, SOURCE, "    model: azure-chat-2023\n") if kind == "workload" else write(tmp_path)
    message = refuse(infersim, path, "--profiles", tmp_path / "own")
    assert message.startswith(f"{own}:")
    assert field in message
    assert says in message


@pytest.mark.parametrize("typed", OPTIONS)
def test_a_broken_option_is_refused(infersim, tmp_path, typed):
    assert OPTIONS[typed] in refuse(infersim, write(tmp_path), *typed.split(" "))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("workloads", "fit", "TRACE", "--name", "../mine", "--write"), "--name"),
        (("workloads", "fit", "TRACE", "--name", "mine", "--out", "/nowhere/mine.yaml"), "its folder does not exist"),
        (("calibrate", "fit", "TRACE", "--name", "mine"), "no such folder"),
        (("devices", "check", "TRACE"), "a mapping is needed"),
        (("models", "show", "h100-sxm-80gb"), "this is a device; a model is needed here"),
    ],
)
def test_other_commands_refuse_as_well(infersim, tmp_path, args, says):
    trace: Path = tmp_path / "t.csv"
    trace.write_text("arrival_s,prompt_tokens,output_tokens\n0,1,1\n1,2,2\n")
    assert says in refused(infersim, *(trace if word == "TRACE" else word for word in args))
