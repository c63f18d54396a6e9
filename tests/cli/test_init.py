"""`infersim init`: scenarios that run as they are, and nothing written over."""

from __future__ import annotations

import json

import pytest

from infersim.cli.init import STARTERS
from infersim.load import json_schema, load_scenario
from infersim.load.yaml12 import parse
from tests.cli.test_schema import faults


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_runs_as_it_is(infersim, tmp_path, starter):
    made = infersim("init", "mine", "--from", starter)
    assert (made.code, made.err) == (0, "")
    assert made.out.endswith("next: infersim run mine.yaml\n")
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "infersim run mine.yaml" in text
    assert "FILE" not in text
    assert not faults(json_schema("scenario"), parse(text, "")[0])
    answer = infersim("run", "mine.yaml", "--json")
    assert answer.code == 0
    requests = json.loads(answer.out)["requests"]
    assert requests["completed"] == requests["arrived"] > 100
    assert "warning" not in answer.err


@pytest.mark.parametrize("starter", STARTERS)
def test_every_setting_of_a_starter_has_its_comment(infersim, tmp_path, starter):
    infersim("init", "--from", starter)
    below = (tmp_path / "scenario.yaml").read_text(encoding="utf-8").partition("\nworkload:")[2].splitlines()
    values = [line for line in below if not line.lstrip().startswith("#") and not line.endswith(":") and line.strip()]
    commented = [line for line in values if "#" in line]
    assert len(commented) > 0.6 * len(values)
    assert max(map(len, below)) <= 120


def test_nothing_is_written_over(infersim, tmp_path):
    (tmp_path / "scenario.yaml").write_text("mine")
    refused = infersim("init")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("scenario.yaml\n  is there already")
    assert "--force" in refused.err
    assert (tmp_path / "scenario.yaml").read_text() == "mine"
    assert infersim("init", "--force").code == 0
    assert load_scenario(tmp_path / "scenario.yaml").scenario.name


def test_a_trace_that_is_there_keeps_its_scenario_from_being_written(infersim, tmp_path):
    (tmp_path / "replay.csv").write_text("mine")
    assert "replay.csv" in infersim("init", "replay", "--from", "trace").err
    assert [path.name for path in tmp_path.iterdir()] == ["replay.csv"]


@pytest.mark.parametrize("name", ["it's #1: 'a \"b\"", "été.yml", "a.b", "x: y"])
def test_odd_names_are_written_so_that_they_load(infersim, tmp_path, name):
    made = infersim("init", name, "--from", "trace")
    assert made.code == 0
    assert infersim("run", made.out.splitlines()[-1].removeprefix("next: infersim run ")).code == 0


@pytest.mark.parametrize(
    ("name", "says"), [("a\nb", "holds characters"), ("nowhere/a", "no such folder"), ("folder.yaml", "is a folder")]
)
def test_names_that_cannot_be_are_refused(infersim, tmp_path, name, says):
    (tmp_path / "folder.yaml").mkdir()
    answer = infersim("init", name, "--force")
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_a_scenario_that_is_not_there_is_made_by_init(infersim):
    assert "infersim init writes a scenario to start from" in infersim("run", "chat.yaml").err
