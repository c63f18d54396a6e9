"""`infersim compare`: what it prints, keeps and refuses."""

import json

import pytest

from tests.load.scenarios import write


@pytest.fixture
def two(tmp_path):
    return write(tmp_path), write(tmp_path, "h100-sxm-80gb", "h200-sxm-141gb", "other.yaml")


def test_two_files_give_a_table_in_80_columns(infersim, two, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    answer = infersim("compare", *two, "--replications", 3, "--jobs", 1)
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    for word in ("other (this) against chat (that)", "TTFT p99", "better", "verdicts", "pairing"):
        assert word in answer.out


def test_json_and_files(infersim, two, tmp_path):
    answer = infersim("compare", *two, "--replications", 2, "--json", "--out", tmp_path / "out", "--jobs", 1)
    told = json.loads(answer.out)
    assert told["schema_version"] == "infersim/comparison/1"
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == told
    assert "saved to" in answer.err


def test_variants_settings_and_figures(infersim, two):
    arguments = ["--variant", "fleet.main.replicas=2", "--set", "run.requests=20", "--seed", 5, "--replications", 2]
    answer = infersim("compare", two[0], *arguments, "--figures", "ttft_s.mean, e2e_s.p99", "--json", "--jobs", 1)
    told = json.loads(answer.out)
    assert [each["name"] for each in told["scenarios"]] == ["chat", "fleet.main.replicas=2"]
    assert [row["figure"] for row in told["differences"]] == ["ttft_s.mean", "e2e_s.p99"]
    assert told["seed"] == told["seeds"][0] == 5


def test_the_best(infersim, two):
    options = ["--best", "e2e_s.mean", "--replications", 3, "--most", 20, "--jobs", 1]
    answer = infersim("compare", *two, *options)
    assert answer.code == 0
    assert answer.out.startswith("other: best of 2 by E2E mean (lower is better)")
    told = json.loads(infersim("compare", *two, *options, "--indifference", "0.001", "--json").out)
    assert (told["best"], told["decided"], told["indifference"]) == ("other", True, 0.001)


def test_points_of_a_sweep(infersim, two, tmp_path):
    out = tmp_path / "swept"
    axes = ("--axis", "fleet.main.replicas=1,2", "--replications", 3, "--jobs", 1)
    assert infersim("sweep", two[0], *axes, "--out", out).code == 0
    answer = infersim("compare", out, "--points", "1, 0", "--figures", "e2e_s.mean", "--jobs", 1)
    assert answer.code == 0
    assert answer.out.startswith("3 replications of each")
    assert "point 0: replicas=1 (this) against point 1: replicas=2 (that)" in answer.out
    for arguments, says in (
        ((), f"infersim compare {out} --points 3,7"),
        (("--points", "0"), "two points or more"),
        (("--points", "0,1", "--best", "ttft_s.p99"), "without --variant"),
        (("--points", "0,1", "--seed", "3"), "without --variant"),
        ((two[0], "--points", "0,1"), "of one sweep's folder"),
        (("--points", "0,2"), "numbered from 0 to 1"),
    ):
        answer = infersim("compare", out, *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert says in answer.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "two scenarios or more"),
        (["other.yaml", "--replications", "1"], "is not in the range"),
        (["other.yaml", "--figures", "ttft.p99"], "ttft.p99"),
        (["other.yaml", "--best", "ttft_s.p99", "--all-pairs"], "goes without"),
        (["other.yaml", "--most", "9"], "go with --best"),
        (["other.yaml", "--variant", "fleet.main.replica=2"], "Did you mean 'replicas'?"),
        (["nothing.yaml"], "nothing.yaml"),
    ],
)
def test_what_cannot_be_is_refused(infersim, two, monkeypatch, tmp_path, arguments, says):
    monkeypatch.chdir(tmp_path)
    answer = infersim("compare", "chat.yaml", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_a_model_that_does_not_fit_is_told_with_its_place(infersim, two, tmp_path):
    big = write(tmp_path, "llama-3.1-8b", "llama-3.1-70b", "big.yaml")
    answer = infersim("compare", two[0], big, "--replications", 2, "--jobs", 1)
    assert answer.code == 2
    assert "big.yaml:" in answer.err
    assert "does not fit" in answer.err
    assert "in scenario 'big'" in answer.err
