"""Settings that are YAML and mean nothing: refused by line, path and value, and nothing is written."""

from __future__ import annotations

import pytest

from tests.cli.refusals import refuse
from tests.cli.test_broken_traces import SOURCE
from tests.load.scenarios import CHAT, write

LENGTH, CLASS = "{kind: fixed, value: 8}", "workload.chat"
SETTINGS = {  # text replaced → line, path and value, what the message says
    "a budget of nothing": (
        "max_num_seqs: 256",
        "max_num_batched_tokens: 0",
        ":13:50: fleet.main.engine.max_num_batched_tokens = 0",
        "must be ≥ 1",
    ),
    "a share of 90%": (
        "max_num_seqs: 256",
        "gpu_memory_utilization: 90%",
        "utilization = '90%'",
        "a number is needed, without a unit",
    ),
    "a context beyond memory": (
        "max_num_seqs: 256",
        "max_model_len: 100000000",
        "max_model_len = 100000000",
        "or leave it out",
    ),
    "an SLO that bounds nothing": (
        "{ttft_s: 1.0, tpot_s: 50ms}",
        "{attainment: 0.9}",
        f":8:10: {CLASS}.slo",
        "ttft_s, tpot_s or e2e_s",
    ),
    "an SLO that names no class": (
        "fleet:",
        "slo: {chatt: {ttft_s: 1}}\nfleet:",
        ":9:1: slo",
        "Allowed here: schema, name, workload",
    ),
    "an attainment in percent": (
        "{ttft_s: 1.0",
        "{attainment: 99, ttft_s: 1.0",
        f"{CLASS}.slo.attainment = 99",
        "must be ≤ 1",
    ),
    "two classes of one name": (
        "fleet:\n",
        "  chat: {}\nfleet:\n",
        ":9:3: workload.chat",
        "duplicate key in lines 4 and 9",
    ),
    "two pools of one name": ("run:", "  main: {}\nrun:", ":14:3: fleet.main", "keep one of the two"),
    "a class elsewhere": ("  chat:\n", "  ../../chat:\n", ":4:3: workload.../../chat", "letters, digits, - and _"),
    "a pool elsewhere": ("  main:\n", "  /tmp/main:\n", ":10:3: fleet./tmp/main", "letters, digits, - and _"),
    "a class without a name": ("  chat:\n", '  "":\n', ":4:3: workload.", "letters, digits, - and _"),
    "a class of nothing": (
        CHAT[CHAT.index("    arrivals") : CHAT.index("fleet:")],
        "",
        "workload.chat = null",
        "e.g. {arrivals: ",
    ),
    "a device that is a model": ("h100-sxm-80gb", "llama-3.1-8b", "device = 'llama-3.1-8b'", "a device is needed here"),
    "a device that is a file": (
        "h100-sxm-80gb",
        "../h100.yaml",
        "device = '../h100.yaml'",
        "infersim devices list shows all",
    ),
    "a count in hours": (
        "requests: 50",
        "requests: 1h",
        ":14:17: run.requests = '1h'",
        "a number is needed, without a unit",
    ),
    "a time in bytes": ("requests: 50", "duration_s: 5GB", "run.duration_s = '5GB'", "units: ns, us, ms, s, min, h, d"),
    "a time in hexadecimal": ("requests: 50", "duration_s: 0x10s", "run.duration_s = '0x10s'", "a number with a unit"),
    "a unit alone": ("requests: 50", "duration_s: s", "run.duration_s = 's'", "a number with a unit"),
    "hexadecimal text": ("seed: 1", 'seed: "0x10"', "run.seed = '0x10'", "a number is needed"),
    "10,000 digits": (
        "rate_per_s: 6",
        f"rate_per_s: {'9' * 10_000}",
        f":5:43: {CLASS}.arrivals.rate_per_s",
        "10000 digits is too large",
    ),
    "1e308": ("mean: 512", "mean: 1e308", f"{CLASS}.prompt_tokens.mean = 1e+308", "must be ≤ 100000000"),
    "more than a double": ("mean: 512", "mean: 1e309", f"{CLASS}.prompt_tokens.mean = .inf", "must be a finite number"),
    "hardly a rate": (
        "rate_per_s: 6",
        "rate_per_s: 1e-308",
        "rate_per_s = 1e-308",
        "must be at least 1e-09",
    ),
    "a wait without end": (
        "kind: poisson, rate_per_s: 6",
        "kind: closed_loop, clients: 4, think_s: 1e308",
        "arrivals.think_s = 1e+308",
        "must be ≤ 1000000000",
    ),
    "a decimal comma": ("rate_per_s: 6", 'rate_per_s: "6,5"', "rate_per_s = '6,5'", "a number is needed"),
    "digits in groups": ("requests: 50", "requests: 1_000", "run.requests = '1_000'", "a number is needed"),
    "a weight too few": (
        LENGTH,
        "{kind: empirical, values: [1, 2, 3], weights: [1, 2]}",
        "weights = [1, 2]",
        "2 weights for 3 values",
    ),
    "a component too few": (
        LENGTH,
        f"{{kind: mixture, components: [{LENGTH}, {LENGTH}], weights: [1, 2, 3]}}",
        "weights = [1, 2, 3]",
        "3 weights for 2",
    ),
    "negative weights": (
        LENGTH,
        "{kind: empirical, values: [1, 2], weights: [1, -2]}",
        "weights.1 = -2",
        "must be ≥ 0",
    ),
    "weights of nothing": (
        LENGTH,
        "{kind: empirical, values: [1, 2], weights: [0, 0]}",
        "weights = [0, 0]",
        "sum to zero",
    ),
    "a range upside down": (LENGTH, "{kind: uniform, low: 9, high: 3}", "output_tokens.high = 3", "is below low 9"),
    "heads that do not split": (
        "    engine",
        "    parallel: {tensor: 3}\n    engine",
        "parallel.tensor = 3",
        "allowed: 1, 2, 4, 8",
    ),
    "an unknown type": (
        "    engine",
        "    precision: {weights: fp9}\n    engine",
        "weights = 'fp9'",
        "Did you mean 'fp8'?",
    ),
    "a price in dollars": (
        "    engine",
        "    purchase: {price_usd_per_h: $3}\n    engine",
        "price_usd_per_h = '$3'",
        "a number is needed",
    ),
    "a release that is none": (
        "kind: vllm",
        'kind: vllm, version: "9.9"',
        "version = 'vllm-9.9'",
        "Did you mean 'vllm-0.2'?",
    ),
    "a misspelt router": (
        "run:",
        "router: {kind: roundrobin}\nrun:",
        "router.kind = 'roundrobin'",
        "Did you mean 'round_robin'?",
    ),
    "a trace and arrivals": ("    slo", "    trace: {path: a.csv}\n    slo", f"{CLASS}.arrivals", "keep one of them"),
    "a workload that is none": (
        SOURCE,
        "    model: azure-chat-2032\n",
        f"{CLASS}.model",
        "Did you mean 'azure-chat-2023'?",
    ),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_a_broken_setting_is_refused_by_its_place(infersim, tmp_path, what):
    old, new, place, says = SETTINGS[what]
    message = refuse(infersim, write(tmp_path, old, new))
    assert message.startswith(f"{tmp_path / 'chat.yaml'}:")
    assert place in message.splitlines()[0]
    assert says in message


def test_a_hexadecimal_number_is_one_in_yaml(infersim, tmp_path):
    answer = infersim("run", write(tmp_path, "seed: 1", "seed: 0x10"))
    assert answer.code == 0
    assert "seed 16" in answer.out


def test_a_name_leads_nowhere_outside_the_folder_of_results(infersim, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write(inside, "name: chat on one H100", "name: ../../escaped")
    assert infersim("run", path, "--out", inside / "out").code == 0
    assert {entry.name for entry in tmp_path.iterdir()} == {"inside"}
    assert {entry.name for entry in inside.iterdir()} == {"chat.yaml", "out"}
