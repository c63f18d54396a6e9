"""What a terminal shows: nothing wraps, colour only there, and never where NO_COLOR is set."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from infersim.load import list_profiles, load_profile, to_yaml
from infersim.load.yaml12 import parse
from infersim.text.blocks import folded
from tests.load.scenarios import write

RUN = Path(__file__).parents[2] / "experiments" / "first_light" / "chat.yaml"
SHORT = ("--set", "run.duration_s=20")
SHOWN = {
    "devices": ("devices", "list"),
    "models": ("models", "list"),
    "workloads": ("workloads", "list"),
    "a device": ("devices", "show", "h100-sxm-80gb"),
    "a model": ("models", "show", "deepseek-v3"),
    "a workload": ("workloads", "show", "azure-chat-2023"),
    "what a workload is like": ("workloads", "describe", "azure-code-2023"),
    "a run": ("run", RUN, *SHORT),
    "replications": ("run", RUN, *SHORT, "--replications", 2, "--jobs", 1),
    "an explanation": ("explain", RUN, *SHORT, "--requests", 20),
    "the doctor": ("doctor",),
    "help": ("--help",),
    "a command's help": ("validate", "--help"),
    "what does not fit": ("run", RUN, "--set", "fleet.main.model=llama-3.1-70b"),
    "an unknown choice": ("schema", "nothing"),
    "an unknown command": ("walk",),
}
TABLE = "id,workload.chat.prompt_tokens.mean,measured.ttft_s.mean,group\na,300,0.05,a group of a longish name\n"


def breakable(line: str, width: int) -> bool:
    """Whether a line that is too long could have been broken: a path or an address stays whole."""
    return len(line) > width and " " in line.strip()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("what", SHOWN)
def test_nothing_wraps(infersim, monkeypatch, what, width):
    monkeypatch.setenv("COLUMNS", str(width))
    answer = infersim(*SHOWN[what])
    lines = [*answer.out.splitlines(), *answer.err.splitlines()]
    assert lines
    assert not [line for line in lines if breakable(line, width)]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_validation_does_not_wrap(infersim, monkeypatch, tmp_path, width):
    monkeypatch.setenv("COLUMNS", str(width))
    (tmp_path / "mine.csv").write_text(TABLE)
    answer = infersim("validate", tmp_path / "mine.csv", "--base", write(tmp_path))
    assert answer.code == 0
    assert "1 simulated" in answer.out
    assert not [line for line in answer.out.splitlines() if breakable(line, width)]


@pytest.mark.parametrize("kind", ["device", "model", "workload"])
def test_a_folded_profile_is_the_same_yaml(kind):
    for name in list_profiles(kind):
        text = to_yaml(load_profile(kind, name).model_dump(mode="json", by_alias=True, exclude_none=True))
        narrow = folded(text, 60)
        assert parse(narrow, "")[0] == parse(text, "")[0], name


def on_a_terminal(*args: str, **variables: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "infersim", *args]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm", **variables}):
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other side has closed it
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return shown.decode()


def test_colour_is_for_terminals(infersim):
    assert "\x1b[32mok" in on_a_terminal("doctor")
    assert "\x1b" not in infersim("doctor").out


@pytest.mark.parametrize("wish", [{}, {"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}])
def test_no_color_is_kept(wish):
    shown = on_a_terminal("doctor", NO_COLOR="1", **wish)
    assert "\x1b" not in shown
    assert "no colour (NO_COLOR)" in shown


def test_a_pipe_gets_no_colour_whatever_is_wished(infersim, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in infersim("doctor").out
