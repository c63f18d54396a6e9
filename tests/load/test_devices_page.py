"""docs/devices.md: its file is a device, and the answers it prints are those of the command."""

import re
from pathlib import Path

from infersim.load import load_profile, overlay
from tests.cli.console import Console

TEXT = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
ANSWERS = dict(re.findall(r"```console\n\$ infersim devices check (\S+)\n(.*?)```", TEXT, re.DOTALL))


def test_the_example_is_found_by_its_names_and_checked_as_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    good, bad = ANSWERS
    Path(good).parent.mkdir(parents=True)
    Path(good).write_text(EXAMPLE, encoding="utf-8")
    with overlay("own"):
        assert load_profile("device", "rtx-4070-ti-super").name == Path(good).stem
    changed = EXAMPLE.replace("17.17e9", "16e9").replace("fp8: 176.4e12", "fp8: 352.8e12")
    Path(bad).write_text(changed, encoding="utf-8")
    infersim = Console(capsys)
    for file, printed in ANSWERS.items():
        assert infersim("devices", "check", file).out == printed
    assert infersim("devices", "check", good, "--strict").code == 0
    assert infersim("devices", "check", bad, "--strict").code == 1
