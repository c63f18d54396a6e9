"""What the commands print, and to which stream."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import infersim as package
from infersim import replay
from infersim.load import list_profiles
from tests.load.scenarios import write

HEAVY = {"numpy", "pydantic", "simpy", "matplotlib", "pandas", "scipy", "rich", "ruamel", "duckdb"}


def shell(command: str, **options) -> subprocess.CompletedProcess[str]:
    """A command in a shell of its own; `infersim` is this checkout."""
    command = command.replace("infersim ", f"{sys.executable} -m infersim ")
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize(
    "command", ["--help", "--version", "run --help", "devices --help", "doctor --help", "init --help", "completion zsh"]
)
def test_help_imports_nothing_heavy(command):
    code = f"import sys; sys.argv = ['infersim', *{command!r}.split()]\nfrom infersim.cli import main\ntry: main()\n"
    code += "except SystemExit: print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(modules.splitlines()[-1].split())


def test_the_package_imports_its_names_when_they_are_used():
    code = "import sys, infersim; assert 'pydantic' not in sys.modules; print(infersim.simulate.__name__)\n"
    code += "from infersim.simulate import Result; print(infersim.simulate.__name__, *dir(infersim))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["simulate", "simulate", *sorted([*package.__all__, "__version__"])]
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = package.simulat


def test_the_version_is_the_package_s(infersim):
    assert package.__version__ in infersim("--version").out


def test_json_stands_alone_on_stdout(infersim, tmp_path):
    answer = infersim("run", write(tmp_path), "--json", "--seed", 7)
    summary = json.loads(answer.out)
    assert answer.code == 0
    assert (summary["seed"], summary["requests"]["arrived"]) == (7, 50)


def test_the_table_shows_every_latency(infersim, tmp_path):
    answer = infersim("run", write(tmp_path))
    assert answer.code == 0
    for word in ("TTFT", "TPOT", "ITL", "E2E", "queue", "throughput", "goodput", "MFU", "KV cache", "rests on"):
        assert word in answer.out


def test_an_overload_comes_with_settings_to_try(infersim, tmp_path):
    path = write(tmp_path, "rate_per_s: 6", "rate_per_s: 800")
    many = ("--set", "run.requests=2000", "--set", "workload.chat.output_tokens.value=64", "--json")
    warned = infersim("run", path, *many).err
    assert "overload" in warned
    tried = "--set fleet.main.replicas=2"
    assert tried in warned
    again = infersim("run", path, *many, *tried.split(" "))
    assert again.code == 0
    assert "--set fleet.main.replicas=4" in again.err or "overload" not in again.err


def test_out_is_named_on_stderr(infersim, tmp_path):
    folder = tmp_path / "results" / "first"
    answer = infersim("run", write(tmp_path), "--json", "--out", folder)
    assert answer.code == 0
    assert json.loads(answer.out)["requests"]["completed"] == 50
    assert str(folder) in answer.err
    assert "dashboard.png" in answer.err
    assert (folder / "scenario.yaml").is_file()


@pytest.mark.parametrize(("group", "kind"), [("devices", "device"), ("models", "model")])
def test_profiles_are_listed_and_shown(infersim, group, kind):
    names = list_profiles(kind)
    listed = infersim(group, "list").out
    assert [line.split()[0] for line in listed.splitlines()[1:]] == names
    assert [entry["name"] for entry in json.loads(infersim(group, "list", "--json").out)] == names
    assert f"name: {names[0]}\n" in infersim(group, "show", names[0].upper()).out
    assert json.loads(infersim(group, "show", names[0], "--json").out)["name"] == names[0]


def test_a_profile_that_is_not_there_names_the_nearest(infersim):
    answer = infersim("devices", "show", "h100-sxm-80g")
    assert answer.code == 2
    assert "Did you mean 'h100-sxm-80gb'?" in answer.err


def test_the_schema_describes_what_is_accepted(infersim):
    schema = json.loads(infersim("schema", "scenario").out)
    assert schema["required"] == ["workload", "fleet"]
    assert schema["additionalProperties"] is False
    seed = schema["$defs"]["Run"]["properties"]["seed"]
    assert seed == {"default": 0, "minimum": 0, "exclusiveMaximum": 2**63, "title": "Seed", "type": "integer"}
    duration = json.dumps(schema["$defs"]["Run"]["properties"]["duration_s"])
    assert "pattern" in duration
    assert "exclusiveMinimum" in duration


def test_validate_refuses_what_it_does_not_read(infersim, tmp_path):
    assert infersim("validate").code == 2
    for name, says in (("a.yaml", "no recording"), ("a.csv.gz", "no such file"), ("a.jsonl", "a.jsonl")):
        answer = infersim("validate", tmp_path / name)
        assert answer.code == 2
        assert says in answer.err


def test_validate_reports_and_is_strict_only_when_asked(infersim, monkeypatch):
    scenario = {"id": "s1", "stratum": "plain", "agrees": False, "first_difference": "step 3: tokens"}
    report = {"path": "a.jsonl", "kind": "schedules", "rows": 1, "refused": [], "scenarios": [scenario]}
    monkeypatch.setattr(replay, "replay_file", lambda path: report)
    answer = infersim("validate", "a.jsonl")
    assert answer.code == 0
    assert "0 of 1 scenarios agree" in answer.out
    assert "s1  plain  differs: step 3: tokens" in answer.out
    strict = infersim("validate", "a.jsonl", "--json", "--strict")
    assert strict.code == 1
    assert json.loads(strict.out) == {"files": [report]}


def test_a_reader_that_leaves_early_is_no_error():
    done = shell("set -o pipefail; infersim schema scenario | true")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_one_message():
    done = shell("infersim schema scenario > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "output: No space left on device\n"


def test_ascii_terminals_get_escapes_rather_than_a_traceback():
    done = shell("PYTHONIOENCODING=ascii COLUMNS=200 infersim devices list")
    assert done.returncode == 0
    assert done.stderr == ""


def test_columns_that_a_terminal_cannot_hold_are_named():
    done = shell("COLUMNS=40 infersim devices list")
    assert max(map(len, done.stdout.splitlines())) <= 40
    assert "rests on" not in done.stdout
    assert done.stderr == "(a wider terminal shows bandwidth, bf16,\nfp8, power, rests on, too)\n"
    assert "rests on" in shell("COLUMNS=200 infersim devices list").stdout
