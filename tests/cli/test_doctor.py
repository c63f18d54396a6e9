"""`infersim doctor`: every line ok here; what is broken is named with its remedy, by exit code 1."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from infersim.cli import checks
from infersim.load.profiles import VARIABLE


def states(answer) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(answer.out)["checks"]}


def test_a_sound_installation_is_all_ok(infersim):
    answer = infersim("doctor", "--json")
    found = states(answer)
    assert answer.code == 0
    assert json.loads(answer.out)["works"] is True
    assert {"python", "simulation", "profiles", "pictures", "data files", "cores", "terminal", "working folder"} <= {
        *found
    }
    assert {check["state"] for check in found.values()} == {"ok"}
    assert found["simulation"]["found"].startswith("2,000 of 2,000 requests")
    assert "73 devices" in found["profiles"]["found"]
    plain = infersim("doctor")
    assert plain.code == 0
    assert len([line for line in plain.out.splitlines() if line.startswith("ok    ")]) == len(found)


def test_a_version_below_the_least_fails():
    assert checks.compared("numpy", "1.25.9", "1.26", "pip install").state == "fail"
    assert checks.compared("numpy", "1.26", "1.26", "").state == "ok"
    assert checks.compared("numpy", "2.0.0rc1", "1.26.4", "").state == "ok"
    assert checks.compared("numpy", "10.0", "9.1", "").state == "ok"


def test_a_package_that_is_missing_or_old_fails_with_its_remedy(infersim, monkeypatch):
    installed = metadata.version

    def version(name: str) -> str:
        if name == "zstandard":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "scipy" else installed(name)

    monkeypatch.setattr(metadata, "version", version)
    answer = infersim("doctor", "--json")
    found = states(answer)
    assert answer.code == 1
    assert json.loads(answer.out)["works"] is False
    assert (found["zstandard"]["state"], found["scipy"]["state"]) == ("fail", "fail")
    assert found["scipy"]["remedy"].startswith("pip install 'scipy>=1.")
    assert found["numpy"]["state"] == "ok"


def test_a_folder_of_profiles_that_is_not_there_fails(infersim, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/nowhere")
    answer = infersim("doctor")
    assert answer.code == 1
    assert "no such folder of profiles" in answer.out
    assert "fail  profiles" in answer.out


def test_profiles_of_one_s_own_are_read(infersim, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert states(infersim("doctor", "--json"))[VARIABLE]["state"] == "warn"
    (tmp_path / "gpu").mkdir()
    (tmp_path / "gpu" / "card.yaml").write_text("name: card\n")
    answer = infersim("doctor", "--json")
    assert answer.code == 1
    assert "card.yaml" in states(answer)["profiles"]["found"] + states(answer).get(VARIABLE, {}).get("found", "")


def test_a_folder_that_cannot_be_written_is_a_warning(monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checks.tempfile, "TemporaryFile", refuse)
    (check,) = checks.working_folder()
    assert (check.state, check.remedy) == ("warn", "give --out a folder elsewhere")


@pytest.mark.parametrize("backend", ["nonsense", "TkAgg"])
def test_the_user_s_choice_of_a_backend_does_not_matter(infersim, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    assert infersim("doctor").code == 0
