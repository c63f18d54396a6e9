"""`infersim validate TABLE`: errors, refusals and groups of tables made from the simulation's own figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from infersim import simulate
from infersim.load import load_scenario
from infersim.runs import read_table
from infersim.runs.figures import figure
from infersim.validate import compare
from infersim.validate.report import error_figures
from tests.runs.tables import BASE, CLIENTS, LENGTH, ROWS, write

FIGURES = ("ttft_s.mean", "tpot_s.p50", "throughput.output_tokens_per_s", "kv_cache.capacity_tokens")
REFUSED = (
    {"id": "later", "fleet.main.curve": "times.yaml", CLIENTS: 1, LENGTH: 8},
    {"id": "huge", "fleet.main.model": "llama-3.1-70b", CLIENTS: 1, LENGTH: 8},
    {"id": "wrong", CLIENTS: "-1", LENGTH: "8 tokens"},
)


def measured(folder: Path, rows=ROWS, factor: float = 1.0) -> list[dict]:
    """Rows with their own simulated figures as if measured, times a factor."""
    write(folder, rows, name="unmeasured.csv")
    made = []
    for row in rows:
        settings = [f"{name}={value}" for name, value in row.items() if "." in name]
        summary = simulate(load_scenario(folder / "unmeasured.base.yaml", settings)).summary()
        made.append(row | {f"measured.{name}": repr(factor * figure(summary, name)) for name in FIGURES})
    return made


def validated(infersim, *args: object) -> dict:
    """The report of one table."""
    answer = infersim("validate", *args, "--json")
    assert answer.code == 0, answer.err
    (report,) = json.loads(answer.out)["files"]
    return report


def test_a_table_of_the_simulation_s_own_figures_has_no_error(infersim, tmp_path):
    rows = measured(tmp_path)
    path = write(tmp_path, rows)
    report = validated(infersim, path)
    assert [*report] == ["path", "kind", "rows", "refused", "overall", "suspect", "groups", "predictions"]
    assert (report["path"], report["kind"], report["rows"]) == (str(path), "runs", 3)
    assert (report["refused"], report["suspect"], report["groups"]) == ([], {}, [])
    assert report["overall"] == {name: {"n": 3, "median_ape": 0.0, "mape": 0.0, "bias": 0.0} for name in FIGURES}
    for number, (row, prediction) in enumerate(zip(rows, report["predictions"], strict=True)):
        expected = {name: float(row[f"measured.{name}"]) for name in FIGURES}
        assert prediction == {"row": number, "id": row["id"], **expected}


@pytest.mark.parametrize(("shift", "bias"), [(1.25, 0.25), (0.9, -0.1)])
def test_a_shift_of_all_figures_is_the_error(infersim, tmp_path, shift, bias):
    report = validated(infersim, write(tmp_path, measured(tmp_path, factor=1 / shift)))
    for errors in report["overall"].values():
        assert errors["n"] == 3
        assert errors["median_ape"] == pytest.approx(abs(bias), rel=1e-9)
        assert errors["mape"] == pytest.approx(abs(bias), rel=1e-9)
        assert errors["bias"] == pytest.approx(bias, rel=1e-9)


def test_median_mean_and_bias_are_told_apart():
    # errors +10%, −20%, +60%: sizes 10, 20, 60, mean 30, signed mean 50/3; zero, unmeasured and unanswered are left out
    measured, predicted = np.array([1.0, 1, 1, 0, np.nan, 1]), np.array([1.1, 0.8, 1.6, 1, 1, np.nan])
    errors = error_figures(measured, predicted)
    assert errors["n"] == 3
    assert [errors[name] for name in ("median_ape", "mape", "bias")] == pytest.approx([0.2, 0.3, 0.5 / 3])


def test_suspect_rows_stand_apart(infersim, tmp_path):
    rows = measured(tmp_path)
    doubtful = rows[2] | {"suspect": "the client was slow", "group": "y"}
    doubtful["measured.ttft_s.mean"] = 1e-9
    report = validated(infersim, write(tmp_path, [rows[0] | {"group": "x"}, rows[1] | {"group": "x"}, doubtful]))
    assert report["overall"]["ttft_s.mean"] == {"n": 2, "median_ape": 0.0, "mape": 0.0, "bias": 0.0}
    assert report["suspect"]["ttft_s.mean"]["n"] == 1
    assert report["suspect"]["ttft_s.mean"]["median_ape"] > 1e3
    assert [(group["group"], group["rows"]) for group in report["groups"]] == [("x", 2)]
    assert len(report["predictions"]) == 3


def test_rows_are_refused_by_themselves_and_with_their_reason(infersim, tmp_path):
    rows = measured(tmp_path)
    report = validated(infersim, write(tmp_path, [rows[0], *REFUSED, rows[1]]))
    assert report["rows"] == 5
    assert [(each["row"], each["id"], each["kind"]) for each in report["refused"]] == [
        (1, "later", "not_modelled"),
        (2, "huge", "does_not_fit"),
        (3, "wrong", "invalid"),
    ]
    reasons = [each["why"] for each in report["refused"]]
    assert reasons[0].startswith("fleet.main.curve = 'times.yaml': known, but not modelled yet")
    assert "llama-3.1-70b (bf16) does not fit on 1 × h100-sxm-80gb" in reasons[1]
    assert f"{CLIENTS} = -1: must be ≥ 1; also {LENGTH} = '8 tokens': a number is needed" in reasons[2]
    assert [prediction["row"] for prediction in report["predictions"]] == [0, 4]
    assert report["overall"]["tpot_s.p50"]["n"] == 2


def test_a_path_not_modelled_yet_matters_only_where_its_cell_is_not_empty(infersim, tmp_path):
    rows = measured(tmp_path)
    speculative = {"fleet.main.engine.speculative.method": "eagle3", "fleet.main.engine.max_num_tokens": ""}
    report = validated(infersim, write(tmp_path, [rows[0], rows[1] | speculative]))
    assert [(each["row"], each["kind"]) for each in report["refused"]] == [(1, "not_modelled")]
    assert "fleet.main.engine.speculative" in report["refused"][0]["why"]


def test_an_option_of_another_engine_is_invalid(infersim, tmp_path):
    row = measured(tmp_path)[0] | {"fleet.main.engine.max_num_tokens": 8192}
    (refused,) = validated(infersim, write(tmp_path, [row]))["refused"]
    assert (refused["kind"], "unknown key" in refused["why"]) == ("invalid", True)


def test_overload_is_answered(infersim, tmp_path):
    row = {"workload.load.arrivals": "{kind: poisson, rate_per_s: 1000}", LENGTH: 500, "run.requests": 2000}
    report = validated(infersim, write(tmp_path, [row | {"measured.ttft_s.mean": 1.0}]))
    assert report["refused"] == []
    assert report["overall"]["ttft_s.mean"]["n"] == 1


def test_a_figure_that_a_run_does_not_have_is_not_answered(infersim, tmp_path):
    row = {"id": "one token", CLIENTS: 1, LENGTH: 1, "measured.tpot_s.mean": 0.01, "measured.ttft_s.mean": 0}
    path = write(tmp_path, [row])
    report = validated(infersim, path)
    nothing = {"n": 0, "median_ape": None, "mape": None, "bias": None}
    assert report["overall"] == {"tpot_s.mean": nothing, "ttft_s.mean": nothing}  # no gap; measured as zero
    assert report["predictions"][0]["tpot_s.mean"] is None
    text = infersim("validate", path).out
    assert "nothing to compare: tpot_s.mean, ttft_s.mean" in text
    assert "tpot_s.mean: no prediction in 1 rows" in text


def test_rows_are_grouped_by_labels_and_paths(infersim, tmp_path):
    rows = measured(tmp_path)
    rows = [row | {"group": group, "site": site} for row, group, site in zip(rows, "yxx", ("", "s", "s"), strict=True)]
    path = write(tmp_path, rows)

    def groups(*options: str) -> list[tuple[str, int, int]]:
        found = validated(infersim, path, *options)["groups"]
        return [(group["group"], group["rows"], group["ttft_s.mean"]["n"]) for group in found]

    assert groups() == [("x", 2, 2), ("y", 1, 1)]
    assert groups("--by", "site") == [("(empty)", 1, 1), ("s", 2, 2)]
    assert groups("--by", f"site, {LENGTH}") == [("(empty), 8", 1, 1), ("s, 16", 2, 2)]
    assert groups("--by", "fleet.main.device,fleet.main.replicas") == [("h100-sxm-80gb, (default)", 3, 3)]


def test_a_row_that_is_no_yaml_is_grouped_by_its_cells(infersim, tmp_path):
    rows = [{"fleet.main.model": "llama-3.1-8b", CLIENTS: "[1", LENGTH: 8, "measured.ttft_s.mean": 1}]
    report = validated(infersim, write(tmp_path, rows), "--by", f"{CLIENTS},fleet.main.model,run.warmup")
    assert report["groups"] == [{"group": "[1, llama-3.1-8b, (default)", "rows": 1}]
    assert (report["refused"][0]["kind"], CLIENTS in report["refused"][0]["why"]) == ("invalid", True)


def test_where_leaves_rows_out_and_keeps_their_numbers(infersim, tmp_path):
    path = write(tmp_path, measured(tmp_path))
    report = validated(infersim, path, "--where", f'"{CLIENTS}" >= 2')
    assert report["rows"] == 2
    assert [(each["row"], each["id"]) for each in report["predictions"]] == [(1, "b"), (2, "c")]
    nothing = validated(infersim, path, "--where", "id = 'nobody'")
    assert (nothing["rows"], nothing["predictions"], nothing["overall"]["ttft_s.mean"]["n"]) == (0, [], 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--where", "clients = 1"], ("--where clients = 1", "Binder Error")),
        (["--by", "idd"], ("--by idd", "Did you mean 'id'?")),
        (["--by", "fleet.main.devise"], ("--by fleet.main.devise", "Did you mean 'fleet.main.device'?")),
        (["--limit", "ttft_s.mean"], ("--limit ttft_s.mean", "is not FIGURE=FRACTION")),
        (["--limit", "ttft_s.mean=8%"], ("is not FIGURE=FRACTION",)),
        (["--limit", "ttft_s.mena=0.1"], ("Did you mean 'ttft_s.mean'?",)),
        (["--jobs", "0"], ("--jobs",)),
        (["--profiles", "/nowhere"], ("no such folder of profiles",)),
    ],
)
def test_bad_options_are_refused(infersim, tmp_path, options, says):
    answer = infersim("validate", write(tmp_path, measured(tmp_path)), "--json", *options)
    assert (answer.code, answer.out) == (2, "")
    for part in says:
        assert part in answer.err


def test_a_table_without_measurements_is_refused(infersim, tmp_path):
    answer = infersim("validate", write(tmp_path))
    assert answer.code == 2
    assert "the table measures nothing" in answer.err


def test_strict_fails_on_refused_rows_and_missed_limits(infersim, tmp_path):
    rows = measured(tmp_path, factor=1 / 1.1)  # simulated 10% above measured
    good, refusing = write(tmp_path, rows), write(tmp_path, [*rows, REFUSED[0]], "refusing.csv")
    assert infersim("validate", good, "--strict").code == 0
    assert infersim("validate", refusing).code == 0
    assert infersim("validate", refusing, "--strict").code == 1
    met = ("--limit", "ttft_s.mean=0.11", "--limit", "measured.tpot_s.p50=0.11")
    assert infersim("validate", good, "--strict", *met).code == 0
    missed = infersim("validate", good, "--strict", *met, "--limit", "kv_cache.capacity_tokens=0.09")
    assert missed.code == 1
    assert missed.err == f"{good}: kv_cache.capacity_tokens: median error 10.00% is above 9.00%\n"
    assert infersim("validate", good, "--limit", "ttft_s.mean=0.09").code == 0
    nothing = infersim("validate", good, "--strict", "--where", "false", "--limit", "ttft_s.mean=0.09")
    assert nothing.code == 1
    assert "nothing to compare" in nothing.err


def test_processes_give_the_same_report(infersim, tmp_path):
    rows = measured(tmp_path)
    path = write(tmp_path, [*rows, *REFUSED])
    alone = infersim("validate", path, "--json")
    shared = infersim("validate", path, "--json", "--jobs", 2)
    assert alone.out == shared.out
    assert json.loads(alone.out)["files"][0]["overall"]["ttft_s.mean"]["n"] == 3


def test_another_base_is_laid_under_the_rows(infersim, tmp_path):
    path = write(tmp_path, measured(tmp_path), base=None)
    other = tmp_path / "other.yaml"
    other.write_text(BASE.replace("h100-sxm-80gb", "l40s-48gb"))
    slower = validated(infersim, path, "--base", other)["overall"]["ttft_s.mean"]
    assert slower["bias"] > 0.5  # an L40S has well under half of an H100's FLOP/s


def test_out_keeps_report_predictions_and_picture(infersim, tmp_path):
    rows = measured(tmp_path)
    path = write(tmp_path, [rows[0] | {"group": "x"}, rows[1] | {"suspect": "noise"}, REFUSED[1]])
    answer = infersim("validate", path, "--json", "--out", tmp_path / "kept")
    assert (answer.code, answer.err) == (
        0,
        f"saved to {tmp_path / 'kept'}: report.json, predictions.csv, scatter.png\n",
    )
    assert json.loads((tmp_path / "kept" / "report.json").read_text()) == json.loads(answer.out)
    kept = [*csv.DictReader((tmp_path / "kept" / "predictions.csv").read_text(encoding="utf-8").splitlines())]
    assert [(row["row"], row["id"], row["group"], row["suspect"], row["refused"]) for row in kept] == [
        ("0", "a", "x", "", ""),
        ("1", "b", "(empty)", "noise", ""),
        ("2", "huge", "(empty)", "", "does_not_fit"),
    ]
    assert all(kept[0][f"measured.{name}"] == kept[0][f"simulated.{name}"] != "" for name in FIGURES)
    assert kept[2]["simulated.ttft_s.mean"] == ""
    assert read_table(tmp_path / "kept" / "predictions.csv", tmp_path / "mine.base.yaml").figures["simulated"]
    assert (tmp_path / "kept" / "scatter.png").read_bytes().startswith(b"\x89PNG")
    assert "is a file" in infersim("validate", path, "--out", path).err


def test_the_text_tells_errors_groups_and_refusals(infersim, tmp_path):
    rows = [row | {"group": "mine"} for row in measured(tmp_path, factor=1 / 1.1)]
    answer = infersim("validate", write(tmp_path, [*rows, REFUSED[2]]))
    assert answer.err == ""  # no bar where there is no terminal
    lines = answer.out.splitlines()
    assert lines[0].endswith("4 rows, 3 simulated, 1 refused")
    assert "ttft_s.mean 3 10.0% 10.0% +10.0%" in [" ".join(line.split()) for line in lines]
    assert any(line.split()[:3] == ["mine", "3", "10.0%"] for line in lines)
    assert any("refused 1 (invalid):" in line and "[row 3]" in line for line in lines)


def test_progress_is_told_row_by_row(tmp_path):
    seen = []
    table = read_table(write(tmp_path, measured(tmp_path)))
    compare(table, progress=lambda rows: lambda: seen.append(rows))
    assert seen == [3, 3, 3]


def test_recordings_and_tables_are_told_apart(infersim, tmp_path):
    from tests.replay.recordings import RECORDING, written

    recording, table = written(tmp_path, RECORDING), write(tmp_path, measured(tmp_path))
    answer = infersim("validate", table, recording, "--json", "--strict")
    assert answer.code == 0
    assert [report["kind"] for report in json.loads(answer.out)["files"]] == ["runs", "schedules"]
    assert "1 of 1 scenarios agree" in infersim("validate", recording, table).out
    assert "are for run tables" in infersim("validate", recording, "--by", "id").err
