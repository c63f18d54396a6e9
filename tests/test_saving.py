"""Files are written all or none, whatever happens meanwhile."""

import os
import signal

import pytest

from infersim import saving
from infersim.errors import InputError


def writes(text: str):
    def write(folder):
        for name in ("a", "b"):
            (folder / name).write_text(text)

    return write


def held(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_all_files_take_their_places_and_stale_ones_go(tmp_path):
    (tmp_path / "old").write_text("old")
    (tmp_path / "mine").write_text("mine")
    assert saving.save_files(tmp_path, ["a", "b"], writes("new"), stale=["old", "older"]) == tmp_path
    assert held(tmp_path) == {"a": "new", "b": "new", "mine": "mine"}


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError])
def test_what_goes_wrong_while_writing_leaves_the_earlier_files(tmp_path, fault):
    saving.save_files(tmp_path, ["a", "b"], writes("old"))

    def half(folder):
        (folder / "a").write_text("new")
        raise fault

    with pytest.raises(InputError if isinstance(fault, OSError) else fault):
        saving.save_files(tmp_path, ["a", "b"], half)
    assert held(tmp_path) == {"a": "old", "b": "old"}


@pytest.fixture
def heard():
    """Ctrl-C as at a terminal: tests run in the background may have been born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_while_files_take_their_places_waits_until_all_have(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(*paths):
        signal.raise_signal(signal.SIGINT)
        replace(*paths)

    monkeypatch.setattr(saving.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        saving.save_files(tmp_path, ["a", "b"], writes("new"))
    assert held(tmp_path) == {"a": "new", "b": "new"}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="a folder is needed"):
        saving.save_files(tmp_path / "out", ["a"], writes("new"))
