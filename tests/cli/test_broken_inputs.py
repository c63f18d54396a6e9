"""Garbage files and the commonest mistakes: exit code 2 and one message that names the place and what to type."""

from __future__ import annotations

import codecs
import random

import pytest

from tests.cli.refusals import refuse
from tests.load.scenarios import CHAT, write

NOISE = random.Random(1).randbytes(10 * 2**20)
BOMB = "\n".join(
    [
        "a: &a [x, x, x, x]",
        *(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    ]
)

GARBAGE = {  # what the file holds → what the message says, and the place where there is one
    "empty": (b"", "the file is empty", ":1:1"),
    "comments only": (b"# nothing\n", "the file is empty", ":1:1"),
    "duplicate key": (b"run: {seed: 1}\nname: a\nrun: {seed: 2}\n", "duplicate key in lines 1 and 3", ":3:1"),
    "tabs": (b"workload:\n\tchat: {}\n", "indent by spaces", ":2:1"),
    "noise": (NOISE, "larger than", ""),
    "a megabyte of noise": (NOISE[: 2**20], "save the file as UTF-8", ":1:1"),
    "control characters": (b"name: \x01\x02\n", "control character U+0001", ":1:7"),
    "zeros": (bytes(1000), "control character U+0000", ":1:1"),
    "utf-16": (codecs.BOM_UTF16_LE + "name: a".encode("utf-16-le"), "is UTF-16 text", ":1:1"),
    "latin-1": ("name: für\n".encode("latin-1"), "is not UTF-8 text: byte 0xfc", ":1:8"),
    "python tag": (b"name: !!python/object/apply:os.system [ls]\n", "tag !!python/object/apply:os.system", ":1:7"),
    "own tag": (b"name: !secret x\n", "tag !secret", ":1:7"),
    "alias bomb": (BOMB.encode(), "aliases stand for more than", ""),
    "alias without anchor": (b"name: *x\n", "no anchor &x", ":1:7"),
    "brackets": (b"[" * 200_000, "nested deeper than 50", ":1:51"),
    "braces": (b"{a: " * 200_000, "nested deeper than 50", ""),
    "a long list": (b"[" + b"1, " * 300_000 + b"1]", "more than 50000 keys and values", ""),
    "two documents": (b"name: a\n---\nname: b\n", "a second document begins here", ":2:1"),
    "a list": (b"- workload\n- fleet\n", "the top level must be a mapping", ":1:1"),
    "text": (b"simulate llama on an h100 please\n", "the top level must be a mapping", ":1:1"),
    "unclosed": (b"run: {seed: 1\n", "expected ',' or '}'", ":2:1"),
    "json broken off": (b'{"workload": {"chat": ', "is not YAML", ""),
    "10,000 digits": (b"run: {seed: " + b"9" * 10_000 + b"}\n", "10000 digits", ":1:13: run.seed"),
    "yaml 1.1": (b"%YAML 1.1\n---\nname: a\n", "infersim reads YAML 1.2", ":2:1"),
    "unknown keys": ("\n".join(f"key{i}: 1" for i in range(20_000)).encode(), "unknown key", ":1:1"),
}

MISTAKES = {  # text replaced → file:line:column, field, value, problem, what to type instead
    "unknown key": (
        "max_num_seqs",
        "max_num_seq",
        "13:26: fleet.main.engine.max_num_seq",
        "Did you mean 'max_num_seqs'?",
    ),
    "unknown key of the engine taken by default": (
        "{kind: vllm, max_num_seqs: 256",
        "{max_num_seq: 256",
        "13:14: fleet.main.engine.max_num_seq",
        "Did you mean 'max_num_seqs'?",
    ),
    "a warm-up of all": (
        "requests: 50",
        "duration_s: 50, warmup: 50",
        "14:31: run.warmup = 50",
        "leaves nothing of duration_s = 50 s",
    ),
    "misspelt section": ("fleet:", "fleets:", "9:1: fleets", "Did you mean 'fleet'?"),
    "misspelt device": (
        "h100-sxm-80gb",
        "h100-sxm-80g",
        "12:13: fleet.main.device = 'h100-sxm-80g'",
        "no such device. Did you mean 'h100-sxm-80gb'? (infersim devices list shows all",
    ),
    "misspelt model": (
        "llama-3.1-8b",
        "lama-3.1-8b",
        "11:12: fleet.main.model = 'lama-3.1-8b'",
        "Did you mean 'llama-3.1-8b'?",
    ),
    "a device for a model": ("llama-3.1-8b", "h100-sxm-80gb", "11:12: fleet.main.model", "this is a device"),
    "negative rate": ("rate_per_s: 6", "rate_per_s: -6", "5:43: workload.chat.arrivals.rate_per_s = -6", "must be > 0"),
    "wrong unit": (
        "50ms",
        "50GB",
        "8:32: workload.chat.slo.tpot_s = '50GB'",
        "unknown unit 'GB' here; units: ns, us, ms, s",
    ),
    "nan": (
        "rate_per_s: 6",
        "rate_per_s: .nan",
        "5:43: workload.chat.arrivals.rate_per_s = .nan",
        "must be a finite number",
    ),
    "infinite": ("mean: 512", "mean: .inf", "6:44: workload.chat.prompt_tokens.mean = .inf", "must be a finite number"),
    "does not fit": ("llama-3.1-8b", "llama-3.1-70b", ": fleet.main", "it would fit with parallel.tensor ≥ 2"),
    "unknown kind": (
        "kind: poisson",
        "kind: poison",
        "5:22: workload.chat.arrivals.kind = 'poison'",
        "Did you mean 'poisson'? Allowed: poisson, deterministic, gamma, weibull, mmpp, hawkes, ",
    ),
    "one state": (
        "kind: poisson, rate_per_s: 6",
        "kind: mmpp, states: [{rate_per_s: 2, mean_s: 1}]",
        "5:36: workload.chat.arrivals.states = [{rate_per_s: 2, mean_s: 1}]",
        "needs at least 2 entries",
    ),
    "times that do not ascend": (
        "kind: poisson, rate_per_s: 6",
        "kind: piecewise, times_s: [0, 5, 3], rates_per_s: [1, 2, 3]",
        "workload.chat.arrivals.times_s = [0, 5, 3]",
        "must ascend",
    ),
    "unknown family": (
        "kind: poisson, rate_per_s: 6",
        "kind: clients, clients: [{rate_per_s: 1, family: weibul}]",
        "workload.chat.arrivals.clients.0.family = 'weibul'",
        "Did you mean 'weibull'?",
    ),
    "half an outage": (
        "kind: poisson, rate_per_s: 6",
        "kind: sensors, period_s: 1, outage_s: 3",
        "workload.chat.arrivals.outage_every_s",
        "give outage_every_s and outage_s, or neither",
    ),
    "no kind": ("kind: fixed, ", "", "7:20: workload.chat.output_tokens.kind", "Allowed: fixed, uniform, lognormal"),
    "a number for a length": (
        "{kind: fixed, value: 8}",
        "8",
        "7:20: workload.chat.output_tokens = 8",
        "e.g. {kind: fixed",
    ),
    "no device": ("    device: h100-sxm-80gb\n", "", "10:3: fleet.main.device", "is required but missing"),
    "text for a number": ("requests: 50", "requests: many", "14:17: run.requests = 'many'", "a number is needed"),
    "a quoted number": (
        "requests: 50",
        "requests: '50'",
        "14:17: run.requests = '50'",
        "a number is needed, without quotes",
    ),
    "half a request": ("requests: 50", "requests: 0.5", "14:17: run.requests = 0.5", "a whole number is needed"),
    "yes for true": (
        "max_num_seqs: 256",
        "scheduler_reserve_full_isl: yes",
        "13:54: fleet.main.engine.scheduler_reserve_full_isl = 'yes'",
        "write true or false",
    ),
    "an empty section": ("run: {requests: 50, seed: 1}", "run:", "run = null", "leave the key out to take its default"),
    "endless": ("requests: 50, ", "", "4:3: workload.chat", "set run.requests or run.duration_s"),
    "another engine": (
        "kind: vllm",
        "kind: orca",
        "13:20: fleet.main.engine.kind = 'orca'",
        "not modelled yet; vllm, trtllm, sglang, static and others are",
    ),
    "an old schema": ("scenario/1", "scenario/9", "1:9: schema = 'infersim/scenario/9'", "must be infersim/scenario/1"),
    "more requests than memory": ("requests: 50", "requests: 200000000", "14:17: run.requests", "must be ≤ 100000000"),
    "a trace that never ends": (
        CHAT[CHAT.index("    arrivals") : CHAT.index("    slo")],
        "    trace: {path: /dev/zero}\n",
        "/dev/zero",
        "is a device, not a file",
    ),
    "no trace": (
        CHAT[CHAT.index("    arrivals") : CHAT.index("    slo")],
        "    trace: {path: nowhere.csv}\n",
        "nowhere.csv",
        "no such file",
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused(infersim, tmp_path, name):
    content, says, place = GARBAGE[name]
    path = tmp_path / "garbage.yaml"
    path.write_bytes(content)
    message = refuse(infersim, path)
    assert message.startswith(f"{path}{place}")
    assert says in message


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_the_remedy(infersim, tmp_path, name):
    old, new, place, remedy = MISTAKES[name]
    path = write(tmp_path, old, new)
    message = refuse(infersim, path)
    assert message.startswith(f"{tmp_path}/") or place.startswith("/")
    assert place in message.splitlines()[0]
    assert remedy in message


def test_a_missing_file_names_the_nearest_one(infersim, tmp_path):
    write(tmp_path)
    assert "Did you mean 'chat.yaml'?" in refuse(infersim, tmp_path / "chta.yaml")
    assert "there is no folder" in refuse(infersim, tmp_path / "nowhere" / "chat.yaml")


def test_a_folder_is_no_scenario(infersim, tmp_path):
    write(tmp_path)
    assert "is a folder, not a file\n  files there: chat.yaml" in refuse(infersim, tmp_path)


def test_several_mistakes_are_told_together_by_line(infersim, tmp_path):
    path = write(tmp_path)
    path.write_text(CHAT.replace("rate_per_s: 6", "rate_per_s: 0").replace("seed: 1", "sed: 1"), encoding="utf-8")
    lines = [line for line in refuse(infersim, path).splitlines() if line.startswith(str(path))]
    assert [line.removeprefix(str(path)) for line in lines] == [
        ":5:43: workload.chat.arrivals.rate_per_s = 0",
        ":14:21: run.sed",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "fleet.main.device=h100-sxm-80g"], "--set fleet.main.device=h100-sxm-80g: fleet.main.device"),
        (["--set", "nonsense"], "is not PATH=VALUE"),
        (["--sed", "1"], "--seed"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--profiles", "/nowhere"], "no such folder of profiles"),
    ],
)
def test_broken_options_are_refused(infersim, tmp_path, options, says):
    assert says in refuse(infersim, write(tmp_path), *options)


def test_a_file_where_results_should_go_is_refused_before_the_run(infersim, tmp_path):
    path = write(tmp_path)
    assert "is a file; a folder is needed" in refuse(infersim, path, "--out", str(path))


@pytest.mark.parametrize(("typed", "meant"), [("rnu", "run"), ("device", "devices")])
def test_an_unknown_command_names_the_nearest(infersim, typed, meant):
    answer = infersim(typed)
    assert answer.code == 2
    assert f"Did you mean '{meant}'?" in answer.err
