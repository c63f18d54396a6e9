"""`infersim workloads`: which models there are, what traffic is like, models of one's own."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.load.scenarios import write


def trace_file(tmp_path, rows=600):
    rng = np.random.default_rng(1)
    arrival_s = np.cumsum(rng.exponential(0.1, rows))
    lines = [f"{when:.6f},{rng.integers(10, 2000)},{rng.integers(1, 300)}" for when in arrival_s]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["arrival_s,prompt_tokens,output_tokens", *lines]) + "\n")
    return path


def test_the_list_names_the_shipped_models(infersim):
    out = infersim("workloads", "list").out
    for name in ("azure-chat-2023", "azure-code-2023", "mooncake-conversation", "mooncake-synthetic"):
        assert name in out


def test_show_prints_errors_and_where_the_numbers_come_from(infersim):
    out = infersim("workloads", "show", "azure-chat-2023").out
    for key in ("in_sample:", "held_out:", "licence: CC-BY", "b469a11", "not_reproduced"):
        assert key in out


def test_an_unknown_model_is_answered_with_the_nearest(infersim):
    answer = infersim("workloads", "describe", "azure-chat")
    assert answer.code == 2
    assert "Did you mean 'azure-chat-2023'?" in answer.err


def test_describe_tells_of_a_trace_and_of_a_model_alike(infersim, tmp_path):
    for what in (trace_file(tmp_path), "mooncake-synthetic"):
        out = infersim("workloads", "describe", what).out
        for word in ("a second", "p50", "index of dispersion", "autocorrelation", "correlation", "shared prefixes"):
            assert word in out
    assert "not reproduced: prompts share nothing" in out


def test_describe_as_json_has_the_figures(infersim, tmp_path):
    figures = json.loads(infersim("workloads", "describe", trace_file(tmp_path), "--json").out)
    assert figures["requests"] == 600
    assert figures["rate_per_s"] == pytest.approx(10, rel=0.2)
    assert figures["gap_cv"] == pytest.approx(1, rel=0.2)
    assert set(figures["dispersion"]) == {"1s", "10s", "60s", "600s"}
    assert figures["dispersion"]["60s"] is None  # 60 s of traffic have no eight windows of 60 s
    assert figures["prompt_tokens"]["max"] <= 2000
    assert figures["prefix_sharing"] is None


def test_describe_draws_a_picture(infersim, tmp_path):
    answer = infersim("workloads", "describe", trace_file(tmp_path), "--out", tmp_path / "out")
    assert answer.code == 0
    assert (tmp_path / "out" / "workload.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_of_one_s_own_runs_by_its_file_and_by_its_name(infersim, tmp_path):
    folder = tmp_path / "profiles" / "workloads"
    folder.mkdir(parents=True)
    answer = infersim("workloads", "fit", trace_file(tmp_path), "--name", "mine", "--out", folder / "mine.yaml")
    assert answer.code == 0
    assert "index of dispersion off by" in answer.out
    by_file = 'workload.chat={model: "profiles/workloads/mine.yaml", rate_per_s: 5}'
    by_name = "workload.chat={model: mine, rate_per_s: 5}"
    runs = [
        infersim("run", write(tmp_path), "--set", by_file, "--json"),
        infersim("run", write(tmp_path), "--set", by_name, "--profiles", tmp_path / "profiles", "--json"),
    ]
    assert [run.code for run in runs] == [0, 0], runs[0].err + runs[1].err
    first, second = (json.loads(run.out) for run in runs)
    assert first["ttft_s"] == second["ttft_s"]


def test_a_kept_run_names_the_model_by_its_hash_and_runs_from_another_folder(infersim, tmp_path):
    shipped = Path(__file__).parents[2] / "hardware_profiles" / "workloads" / "mooncake-synthetic.yaml"
    (tmp_path / "copy.yaml").write_bytes(shipped.read_bytes())
    setting = "workload={own: {model: copy.yaml}, named: {model: azure-chat-2023}}"
    first = infersim("run", write(tmp_path), "--set", setting, "--out", tmp_path / "deep" / "out", "--json")
    assert first.code == 0, first.err
    origin = json.loads((tmp_path / "deep" / "out" / "provenance.json").read_text())["inputs_sha256"]
    assert origin["workload/copy.yaml"] == hashlib.sha256(shipped.read_bytes()).hexdigest()
    assert len(origin["workload/azure-chat-2023"]) == 64
    again = infersim("run", tmp_path / "deep" / "out" / "scenario.yaml", "--json")
    assert json.loads(again.out)["e2e_s"] == json.loads(first.out)["e2e_s"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("{model: azure-chat}", "Did you mean 'azure-chat-2023'?"),
        ("{model: llama-3.1-8b}", "this is a model; a workload is needed here"),
        ("{model: gone.yaml}", "no such file"),
        ("{model: azure-chat-2023, trace: {path: a.csv}}", "a class with a trace takes no model"),
        ("{model: azure-chat-2023, prompt_tokens: {kind: fixed, value: 1}}", "takes no prompt_tokens"),
        ("{model: azure-chat-2023, rate_per_s: 0}", "must be > 0"),
        ("{trace: {path: a.csv}, rate_per_s: 3}", "stands beside a model"),
        ("{rate_per_s: 3}", "stands beside a model"),
    ],
)
def test_unusable_models_are_refused_with_what_to_write(infersim, tmp_path, settings, told):
    answer = infersim("run", write(tmp_path), "--set", f"workload.chat={settings}")
    assert answer.code == 2
    assert told in answer.err


def test_a_model_without_an_end_is_refused(infersim, tmp_path):
    endless = ("--set", "workload={own: {model: azure-chat-2023}}", "--set", "run.requests=null")
    answer = infersim("run", write(tmp_path), *endless)
    assert answer.code == 2
    assert "never ends" in answer.err


def test_a_model_of_one_s_own_is_listed_in_its_folder(infersim, tmp_path):
    folder = tmp_path / "profiles" / "workloads"
    folder.mkdir(parents=True)
    printed = infersim("workloads", "fit", trace_file(tmp_path), "--name", "mine", "--date", "2026-11-25").out
    (folder / "mine.yaml").write_text(printed)
    listed = json.loads(infersim("workloads", "list", "--profiles", tmp_path / "profiles", "--json").out)
    mine = next(model for model in listed if model["name"] == "mine")
    assert mine["source"] == "trace mine.csv"
    assert mine["command"] == "infersim workloads fit mine.csv --name mine --date 2026-11-25"
    assert "mine" in infersim("workloads", "list", "--profiles", tmp_path / "profiles").out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--name", "Mine!"), "a model's name has a-z"),
        (("--name", "mine", "--date", "25.11.2026"), "write it as 2026-11-25"),
        (("--name", "mine", "--format", "azuer"), "Did you mean 'azure'?"),
        (("--name", "mine", "--out", "/no/such/folder/mine.yaml"), "its folder does not exist"),
        (("--name", "mine", "--out", "/tmp"), "is a folder"),
        (("--name", "mine", "--out", "mine.yaml", "--write"), "keep one of them"),
    ],
)
def test_bad_options_of_fit_are_named(infersim, tmp_path, options, told):
    answer = infersim("workloads", "fit", trace_file(tmp_path), *options)
    assert answer.code == 2
    assert told in answer.err


def test_a_short_trace_is_refused_with_its_file(infersim, tmp_path):
    answer = infersim("workloads", "fit", trace_file(tmp_path, 50), "--name", "mine", "--out", tmp_path / "mine.yaml")
    assert answer.code == 2
    assert "50 requests are too few" in answer.err
    assert "mine.csv" in answer.err
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("instants: 3993", "instants: 1", "arrivals.instants"),
        ("gaps_s:\n    at: [0.0,", "gaps_s:\n    at: [0.1,", "must ascend from 0 to 1"),
        ("instants: [0.0,", "instants: [0.0, 1.0,", "5 weights for 6 components"),
        ("window_s: [1.0,", "window_s: [", "3 indices for 2 windows"),
        ("rate_per_s", "rate_per_sec", "Did you mean 'rate_per_s'?"),
    ],
)
def test_a_broken_profile_is_refused_with_its_line(infersim, tmp_path, old, new, told):
    shipped = Path(__file__).parents[2] / "hardware_profiles" / "workloads" / "mooncake-synthetic.yaml"
    text = shipped.read_text()
    assert old in text
    (tmp_path / "broken.yaml").write_text(text.replace(old, new, 1))
    answer = infersim("workloads", "describe", tmp_path / "broken.yaml")
    assert answer.code == 2
    assert told in answer.err
    assert "broken.yaml:" in answer.err


def test_gaps_of_nothing_but_zero_are_refused(infersim, tmp_path):
    shipped = Path(__file__).parents[2] / "hardware_profiles" / "workloads" / "mooncake-conversation.yaml"
    before, _, after = shipped.read_text().partition("  gaps_s:\n")
    sizes = after[after.index("  sizes:") :]
    (tmp_path / "still.yaml").write_text(f"{before}  gaps_s: {{at: [0, 1], values: [0, 0]}}\n{sizes}")
    answer = infersim("workloads", "describe", tmp_path / "still.yaml")
    assert answer.code == 2
    assert "time would stand still" in answer.err


def test_a_file_of_no_known_kind_is_refused(infersim, tmp_path):
    (tmp_path / "odd.yaml").write_text("schema: infersim/workload/1\nkind: fited\n")
    answer = infersim("workloads", "describe", tmp_path / "odd.yaml")
    assert answer.code == 2
    assert "Did you mean 'fitted'?" in answer.err


def test_columns_of_other_names_are_described(infersim, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("sent_ms,in,out\n0,10,2\n1500,10,3\n4000,12,4\n")
    answer = infersim(
        "workloads",
        "describe",
        path,
        "--json",
        "--set",
        "columns={arrival_s: sent_ms, prompt_tokens: in, output_tokens: out}",
    )
    assert (answer.code, json.loads(answer.out)["span_s"]) == (0, 4.0)
