"""Replications: each a run of its own, all together the same for any number of processes."""

import csv
import json
import os
from functools import partial

import pytest

import infersim as sim
from infersim.errors import InfersimError, InputError
from infersim.rng import replication_seed
from infersim.runs import pool, read_table, replications, run_rows
from tests.load.scenarios import write

PLAIN = {"wall": None, "warnings": None, "confidence": None, "intervals": None}


@pytest.fixture
def chat(tmp_path):
    return write(tmp_path)


def test_seeds_are_the_runs_own_and_then_others_that_fit_into_a_double():
    seeds = [replication_seed(7, number) for number in range(1000)]
    assert seeds[0] == 7
    assert len({*seeds}) == 1000
    assert max(seeds) < 2**48
    assert not {*seeds[1:]} & {replication_seed(8, number) for number in range(1000)}


def test_one_replication_is_a_plain_run(chat):
    together, alone = sim.replicate(chat, replications=1).summary(), sim.simulate(chat).summary()
    for name in alone.keys() - PLAIN.keys():
        assert together[name] == alone[name], name
    assert together["ci95"]["ttft_s"]["mean"] is None


def test_figures_are_means_over_runs_that_can_be_run_alone(chat):
    found = sim.replicate(chat, replications=3)
    alone = [sim.simulate(chat, seed=seed).summary() for seed in found.seeds]
    figures = found.summary()
    for path in (
        ("ttft_s", "p99"),
        ("requests", "arrived"),
        ("tokens", "prompt"),
        ("cost",),
        ("energy", "joules_total"),
    ):
        values = alone
        ours, low_high = figures, figures["ci95"]
        for part in path:
            values, ours, low_high = [one[part] for one in values], ours[part], low_high[part]
        if ours is None:
            assert values == [None] * 3
            continue
        assert ours == pytest.approx(sum(values) / 3, rel=1e-12)
        assert low_high[0] <= ours <= low_high[1]
    frame = found.to_dataframe()
    assert frame.seed.tolist() == found.seeds == figures["seeds"]
    assert frame["ttft_s.p99"].tolist() == [one["ttft_s"]["p99"] for one in alone]
    assert found.result(2).summary() | PLAIN == alone[2] | PLAIN


def test_every_number_has_an_interval_at_its_path(chat):
    figures = sim.replicate(chat, replications=2).summary()
    bounds = figures["ci95"]
    assert [*bounds] == [name for name in figures if name in bounds]

    def same(figure, bound, path):
        if isinstance(figure, dict):
            assert [*figure] == [*bound], path
            for key in figure:
                same(figure[key], bound[key], f"{path}.{key}")
        elif isinstance(figure, (int, float)) and not isinstance(figure, bool):
            assert bound[0] <= figure <= bound[1], path
        else:
            assert bound is None, path

    for name in bounds:
        same(figures[name], bounds[name], name)


def test_two_processes_give_the_bytes_of_one(chat, tmp_path):
    for jobs in (1, 2):
        found = sim.replicate(chat, {"run.requests": 300}, replications=6, jobs=jobs)
        found.save(tmp_path / str(jobs))
        (tmp_path / str(jobs) / "printed").write_text(json.dumps(found.summary()))
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert names == ["printed", "provenance.json", "replications.csv", "scenario.yaml", "summary.json"]
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_what_is_kept_runs_again_to_the_same(chat, tmp_path):
    found = sim.replicate(chat, {"run.replications": 2})
    folder = found.save(tmp_path / "out")
    again = sim.replicate(folder / "scenario.yaml")
    assert again.summary() == found.summary() == json.loads((folder / "summary.json").read_text())
    with (folder / "replications.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [int(row["seed"]) for row in rows] == found.seeds
    assert [float(row["tpot_s.mean"]) for row in rows] == found.to_dataframe()["tpot_s.mean"].tolist()


def test_files_of_another_kind_of_run_do_not_stay(chat, tmp_path):
    sim.simulate(chat).save(tmp_path / "out")
    (tmp_path / "out" / "mine.txt").write_text("mine")
    sim.replicate(chat, replications=2).save(tmp_path / "out")
    kept = {"mine.txt", "provenance.json", "replications.csv", "scenario.yaml", "summary.json"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == kept
    sim.simulate(chat).save(tmp_path / "out")
    assert not (tmp_path / "out" / "replications.csv").exists()


def test_a_single_run_of_several_says_so(chat):
    warnings = sim.simulate(chat, {"run.replications": 5}).warnings
    assert "run.replications = 5: this is one of them, that of run.seed." in warnings
    assert not any("run.replications" in each for each in sim.replicate(chat, replications=2).warnings)


def test_a_row_of_a_run_table_has_the_means(chat, tmp_path):
    (tmp_path / "a.csv").write_text("run.replications,measured.tpot_s.mean\n3,0.01\n1,0.01\n")
    table = read_table(tmp_path / "a.csv", chat)
    means, alone = run_rows(table, [0, 1], ["tpot_s.mean"])
    assert means["tpot_s.mean"] == sim.replicate(chat, replications=3).summary()["tpot_s"]["mean"]
    assert alone["tpot_s.mean"] == sim.simulate(chat).summary()["tpot_s"]["mean"]


def told(path, overrides, word):
    found = sim.replicate(path, overrides, replications=2)
    return [each for each in found.warnings if word in each]


def test_intervals_of_what_is_not_random_are_told(chat, tmp_path):
    even = {
        "workload.chat.arrivals": {"kind": "deterministic", "rate_per_s": 6},
        "workload.chat.prompt_tokens": {"kind": "fixed", "value": 512},
        "run.requests": 20,
    }
    assert told(chat, even, "nothing in it is random") == [
        "nothing in it is random: all 2 replications are equal, and the interval says nothing."
    ]
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,9,9\n1,9,9\n")
    whole = {"workload": {"mine": {"trace": {"path": "t.csv"}}}}
    assert len(told(chat, whole, "nothing in it is random")) == 1
    assert told(chat, {}, "nothing in it is random") == told(chat, {}, "narrower") == []
    assert sim.replicate(chat, even, replications=1).warnings == []  # of one there is no interval


def test_intervals_of_recorded_traffic_are_told_to_be_narrow(chat, tmp_path):
    rows = "".join(f"{second},9,9\n" for second in range(40))
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n" + rows)
    thinned = {"workload": {"mine": {"trace": {"path": "t.csv", "rate_per_s": 0.5}}}}
    assert len(told(chat, thinned, "class 'mine': every replication plays the same trace")) == 1
    fitted = {"workload": {"own": {"model": "azure-chat-2023"}}, "run.requests": 20}
    assert len(told(chat, fitted, "class 'own': every period of its model is equally bursty")) == 1
    clients = {"workload": {"own": {"model": "servegen-m-large", "rate_per_s": 5}}, "run.requests": 20}
    assert told(chat, clients, "narrower") == []


def test_verdicts_that_differ_are_counted(chat):
    found = sim.replicate(chat, {"workload.chat.slo": {"ttft_s": 0.0705, "attainment": 0.9}}, replications=8)
    attained = found.to_dataframe()["goodput.attained"].tolist()
    assert 0 < sum(attained) < 8
    assert found.summary()["goodput"]["attained"] is None
    assert f"class 'chat' attains its SLO in {sum(attained)} of 8 replications." in found.warnings


def test_a_fault_is_told_with_its_place(chat):
    for jobs in (1, 2):
        with pytest.raises(InputError, match="does not fit") as fault:
            sim.replicate(chat, ["fleet.main.model=llama-3.1-70b"], replications=3, jobs=jobs)
        assert fault.value.file
    with pytest.raises(InputError, match="must be ≥ 1"):
        sim.replicate(chat, replications=0)


def interrupted_at(number: int, run, loaded, this: int):
    if this == number:
        raise KeyboardInterrupt
    return run(loaded, this)


def test_ctrl_c_keeps_what_is_finished_where_asked_to(chat, monkeypatch):
    monkeypatch.setattr(replications, "_run", partial(interrupted_at, 2, replications._run))
    with pytest.raises(KeyboardInterrupt):
        sim.replicate(chat, replications=4)
    found = sim.replicate(chat, replications=4, keep=True)
    figures = found.summary()
    assert (figures["interrupted"], figures["replications"], len(figures["seeds"])) == (True, 2, 2)
    assert found.warnings[0] == "interrupted: the figures are those of 2 of 4 replications."
    monkeypatch.setattr(replications, "_run", partial(interrupted_at, 0, replications._run))
    with pytest.raises(KeyboardInterrupt):
        sim.replicate(chat, replications=4, keep=True)


def test_a_notebook_cell_shows_means_and_intervals(chat):
    found = sim.replicate(chat, replications=2)
    html = found._repr_html_()
    assert "2 replications" in html
    assert html.count("±") >= 6
    assert "2 runs" in repr(found)


def slowly(given: str, number: int) -> tuple[str, int, int]:
    import time

    time.sleep(0.2)
    return given, number, os.getpid()


def dies(given: str, number: int) -> int:
    if os.getpid() != int(given):
        os._exit(1)
    import time

    time.sleep(0.5)
    return number


def test_work_is_shared_out_and_none_is_lost():
    answers = {}
    pool.share_out(slowly, "shared", range(3, 40), 2, answers.__setitem__, portion=3)
    assert {number: answer[:2] for number, answer in answers.items()} == {n: ("shared", n) for n in range(3, 40)}
    assert len({answer[2] for answer in answers.values()}) == 2
    assert os.getpid() in {answer[2] for answer in answers.values()}


def test_a_process_that_dies_is_told():
    with pytest.raises(InfersimError, match="has died"):
        pool.share_out(dies, str(os.getpid()), range(30), 2, lambda number, answer: None)
