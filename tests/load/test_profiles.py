"""Profiles by name: the shipped ones, a user's own over them, edits seen at once."""

from __future__ import annotations

import os

import pytest

from infersim.errors import InputError
from infersim.load import list_profiles, load_profile, overlay, profile_hash, profiles_root


@pytest.fixture
def own(tmp_path):
    """A folder of profiles with a changed H100."""
    folder = tmp_path / "own"
    (folder / "gpu").mkdir(parents=True)
    text = (profiles_root() / "gpu" / "h100-sxm-80gb.yaml").read_text(encoding="utf-8")
    (folder / "gpu" / "h100-sxm-80gb.yaml").write_text(text.replace("\nmaker: ", "\nmaker: changed "), encoding="utf-8")
    return folder


def test_shipped_profiles_stand_beside_the_package_in_a_checkout():
    assert profiles_root().name == "hardware_profiles"
    assert (profiles_root().parent / "pyproject.toml").is_file()


@pytest.mark.parametrize("kind", ["device", "model", "engine"])
def test_every_profile_loads_under_its_file_name(kind):
    for name in list_profiles(kind):
        assert load_profile(kind, name).name == name


@pytest.mark.parametrize("name", ["H100-SXM-80GB", "h100", "nvidia h100 sxm5 80gb"])
def test_case_aliases_and_full_names_are_understood(name):
    assert load_profile("device", name).name == "h100-sxm-80gb"


def test_a_profile_of_ones_own_lies_over_the_shipped_one_of_that_name(own):
    assert load_profile("device", "h100-sxm-80gb").maker == "NVIDIA"
    shipped = profile_hash("device", "h100-sxm-80gb")
    with overlay(own):
        assert load_profile("device", "h100-sxm-80gb").maker == "changed NVIDIA"
        assert load_profile("device", "a100-sxm-80gb").maker == "NVIDIA"
        assert profile_hash("device", "h100-sxm-80gb") != shipped
    assert load_profile("device", "h100-sxm-80gb").maker == "NVIDIA"


def test_the_environment_variable_lays_folders_over_too_and_the_option_over_that(own, tmp_path, monkeypatch):
    monkeypatch.setenv("INFERSIM_PROFILES", str(own))
    assert load_profile("device", "h100").maker == "changed NVIDIA"
    with overlay(profiles_root()):
        assert load_profile("device", "h100").maker == "NVIDIA"
    monkeypatch.setenv("INFERSIM_PROFILES", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no such folder of profiles"):
        load_profile("device", "h100")


def test_an_edit_is_seen_by_the_next_lookup(own):
    path = own / "gpu" / "h100-sxm-80gb.yaml"
    with overlay(own):
        assert load_profile("device", "h100-sxm-80gb").maker == "changed NVIDIA"
        path.write_text(path.read_text(encoding="utf-8").replace("changed ", "edited "), encoding="utf-8")
        os.utime(path, ns=(1, 1))
        assert load_profile("device", "h100-sxm-80gb").maker == "edited NVIDIA"


def test_an_invalid_profile_is_told_with_its_file_and_line(own):
    path = own / "gpu" / "h100-sxm-80gb.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("maker:"))
    lines[line - 1] = lines[line - 1].replace("maker:", "makr:")
    path.write_text("\n".join(lines), encoding="utf-8")
    with overlay(own), pytest.raises(InputError) as caught:
        load_profile("device", "h100-sxm-80gb", "fleet.main.device")
    assert f"{path}:{line}:1: makr\n  unknown key\n  Did you mean 'maker'?" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("device", "h100-sxm-80g", "no such device. Did you mean 'h100-sxm-80gb'? (infersim devices list shows all"),
        ("model", "lama-3.1-8b", "no such model. Did you mean 'llama-3.1-8b'? (infersim models list shows all"),
        ("model", "h100", "this is a device; a model is needed here"),
        ("device", "llama-3.1-8b", "this is a model; a device is needed here"),
        ("device", "../gpu/h100-sxm-80gb", "no such device"),
        ("engine", "vlm", "Did you mean 'vllm'?"),
    ],
)
def test_an_unknown_name_says_what_to_type_instead(kind, name, says):
    with pytest.raises(InputError) as caught:
        load_profile(kind, name, "fleet.main.x")
    assert says in str(caught.value)
    assert (caught.value.field, caught.value.value) == ("fleet.main.x", repr(name))


def test_an_installation_without_profiles_says_so(tmp_path, monkeypatch):
    from infersim.load import profiles

    package = tmp_path / "infersim"
    monkeypatch.setattr(profiles, "__file__", str(package / "load" / "profiles.py"))
    with pytest.raises(InputError, match="not installed"):
        profiles_root()
    (package / "hardware_profiles").mkdir(parents=True)
    assert profiles_root() == package / "hardware_profiles"
    (tmp_path / "hardware_profiles").mkdir()
    assert profiles_root() == package / "hardware_profiles"
    (tmp_path / "pyproject.toml").touch()
    assert profiles_root() == tmp_path / "hardware_profiles"


def test_a_profile_that_is_added_is_seen_at_once(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("INFERSIM_PROFILES", str(tmp_path))
    before = list_profiles("model")
    for number in range(20):  # quicker than the file system's clock ticks
        (tmp_path / "models" / f"added-{number}.yaml").write_text("{}")
        assert len(list_profiles("model")) == len(before) + number + 1
    long_ago = 1_000_000_000
    for stamp in (long_ago, long_ago + 1):
        os.utime(tmp_path / "models", (stamp, stamp))
        assert len(list_profiles("model")) == len(before) + 20
    (tmp_path / "models" / "added-0.yaml").unlink()
    assert len(list_profiles("model")) == len(before) + 19
