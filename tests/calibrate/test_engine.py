"""Constants of an engine are found again from runs that were simulated with them."""

import csv

import numpy as np
import pytest

from infersim.calibrate import engine
from infersim.runs.table import read_table
from infersim.simulate import simulate

BASE = """\
schema: infersim/scenario/1
workload:
  load:
    arrivals: {kind: closed_loop, clients: 4}
    prompt_tokens: {kind: fixed, value: 300}
    output_tokens: {kind: fixed, value: 20}
fleet: {main: {model: llama-3.1-8b, device: h100-sxm-80gb, engine: {kind: vllm}}}
run: {requests: 24, seed: 1}
"""
TRUE = {"step_host_s": 1.7, "frontend_s": 0.6}


@pytest.fixture
def table(tmp_path):
    """Eight runs as an engine with other constants would have made them; one doubtful, one of another engine."""
    (tmp_path / "runs.base.yaml").write_text(BASE)
    rows = []
    for number in range(10):
        clients = 1 + number
        setting = {"workload.load.arrivals.clients": clients, "run.requests": 6 * clients}
        figures = simulate(str(tmp_path / "runs.base.yaml"), setting, factors=TRUE).summary()
        row = {"id": f"run {number}", "suspect": "odd" if number == 8 else "", **setting}
        row["fleet.main.engine.kind"] = "trtllm" if number == 9 else "vllm"
        row |= {"measured.ttft_s.mean": figures["ttft_s"]["mean"], "measured.tpot_s.mean": figures["tpot_s"]["mean"]}
        rows.append(row)
    with (tmp_path / "runs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "runs.csv"


def test_the_constants_behind_the_runs_are_found(table):
    runs = engine.runs_of(read_table(table), "vllm", "row")
    assert runs.rows == tuple(range(8))
    assert 0 < runs.kept_out.sum() < 8
    factors = engine.fit(runs, list(TRUE), evaluations=60)
    assert factors == pytest.approx(TRUE, rel=0.05)
    assert np.abs(engine.log_errors(runs, TRUE)).max() < 1e-9
    assert "kept out" in engine.report(runs, factors)


def test_runs_of_one_deployment_are_kept_out_together(table):
    runs = engine.runs_of(read_table(table), "vllm", "deployment")
    assert len(set(runs.kept_out.tolist())) == 1


def test_the_command_prints_constants_and_errors(table, capsys):
    assert engine.main([str(table), "--engine", "vllm", "--evaluations", "3"]) == 0
    told = capsys.readouterr().out
    assert "step_host_s: " in told
    assert "fitted: " in told
    assert engine.main([str(table), "--engine", "nothing"]) == 2
