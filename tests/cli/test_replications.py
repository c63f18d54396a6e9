"""`infersim run --replications`: what it prints, keeps and refuses."""

import json

import pytest

from tests.load.scenarios import write


def test_the_option_and_the_key_print_the_same_bytes_for_any_number_of_processes(infersim, tmp_path):
    path, keyed = write(tmp_path), write(tmp_path, "{requests: 50", "{replications: 4, requests: 50", "keyed.yaml")
    one = infersim("run", path, "--replications", 4, "--jobs", 1, "--json")
    assert one.code == 0
    assert "4 replications in" in one.err
    assert infersim("run", path, "--replications", 4, "--jobs", 2, "--json").out == one.out
    assert infersim("run", keyed, "--json").out == one.out
    figures = json.loads(one.out)
    assert (figures["seed"], figures["replications"], len(figures["seeds"])) == (1, 4, 4)
    assert "wall" not in figures
    low, high = figures["ci95"]["ttft_s"]["mean"]
    assert low < figures["ttft_s"]["mean"] < high


def test_the_option_goes_before_the_key(infersim, tmp_path):
    path = write(tmp_path, "{requests: 50", "{replications: 4, requests: 50")
    assert json.loads(infersim("run", path, "--replications", 2, "--json").out)["replications"] == 2
    alone = infersim("run", path, "--set", "run.replications=3", "--replications", 1, "--json")
    assert "replications" not in json.loads(alone.out)
    assert json.loads(alone.out)["warnings"] == []


def test_the_table_shows_means_and_half_widths_in_80_columns(infersim, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    answer = infersim("run", write(tmp_path), "--replications", 3, "--jobs", 1)
    assert answer.out.count("  ± ") >= 5
    assert max(map(len, answer.out.splitlines())) <= 80
    for word in ("3 replications", "TTFT", "within the SLO, of arrivals", "SLO", "rests on"):
        assert word in answer.out
    assert "wall" not in answer.out


def test_out_holds_a_row_a_run(infersim, tmp_path):
    answer = infersim("run", write(tmp_path), "--replications", 3, "--jobs", 1, "--out", tmp_path / "out")
    assert "replications.csv" in answer.err
    assert len((tmp_path / "out" / "replications.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--replications", "0"], "'--replications': 0 is not in the range"),
        (["--replications", "two"], "'--replications': 'two' is not a valid integer"),
        (["--replications", "10001"], "is not in the range"),
        (["--jobs", "0"], "'--jobs': 0 is not in the range"),
        (["--set", "run.replications=0"], "run.replications = 0"),
        (["--set", "run.replications=2.5"], "run.replications = 2.5"),
        (["--set", "run.replication=2"], "Did you mean 'replications'?"),
    ],
)
def test_what_cannot_be_is_refused(infersim, tmp_path, arguments, says):
    answer = infersim("run", write(tmp_path), *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
