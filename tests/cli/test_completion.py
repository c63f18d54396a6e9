"""Shell completion, by click's protocol: words in the environment, completions on stdout."""

from __future__ import annotations

import pytest

from infersim.cli.completion import VARIABLE
from tests.load.scenarios import write


@pytest.fixture
def complete(infersim, monkeypatch, tmp_path):
    """What bash would offer for the last of the words typed."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("")

    def typed(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv(VARIABLE, "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        answer = infersim()
        monkeypatch.delenv(VARIABLE)
        assert answer.err == ""
        return [row.partition(",")[2] for row in answer.out.split()]

    return typed


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("infersim dev", ["devices"]),
        ("infersim devices sh", ["show"]),
        ("infersim devices show h100-s", ["h100-sxm-80gb"]),
        ("infersim devices show H100-S", ["h100-sxm-80gb"]),
        ("infersim models show llama-3.1-8", ["llama-3.1-8b"]),
        ("infersim workloads describe azure-ch", ["azure-chat-2023"]),
        ("infersim run c", ["chat.yaml"]),
        ("infersim run ", ["chat.yaml", "folder/"]),
        ("infersim run --jso", ["--json"]),
        ("infersim schema w", ["workload"]),
        ("infersim completion z", ["zsh"]),
        ("infersim run chat.yaml --set fl", ["fleet"]),
        ("infersim run chat.yaml --set fleet.", ["fleet.main"]),
        ("infersim run chat.yaml --set fleet.main.dev", ["fleet.main.device"]),
        ("infersim run chat.yaml --set fleet.main.engine.max_num_s", ["fleet.main.engine.max_num_seqs"]),
        ("infersim run chat.yaml --set workload.chat.arrivals.ra", ["workload.chat.arrivals.rate_per_s"]),
        ("infersim run chat.yaml --set fleet.main.device=h100-p", ["fleet.main.device=h100-pcie-80gb"]),
        ("infersim run chat.yaml --set workload.chat.model=azure-co", ["workload.chat.model=azure-code-2023"]),
        ("infersim run nowhere.yaml --set run.se", ["run.seed"]),
        ("infersim run chat.yaml --profiles /nowhere --set fleet.main.device=h100-p", []),
    ],
)
def test_what_is_offered(complete, line, offered):
    assert complete(line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_install_it_and_calls_back(infersim, shell):
    answer = infersim("completion", shell)
    assert (answer.code, answer.err) == (0, "")
    head, _, script = answer.out.partition("\n")
    assert head.startswith("# install: ")
    assert f"infersim completion {shell}" in head
    assert f"{VARIABLE}={shell}_complete" in script


def test_an_unknown_shell_is_refused(infersim):
    assert "'bash', 'zsh', 'fish'" in infersim("completion", "tcsh").err
