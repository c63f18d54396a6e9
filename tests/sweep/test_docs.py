"""docs/studies.md: its study loads, every key and every status is told."""

import re
from pathlib import Path

from pydantic import BaseModel

from infersim.load.study import read_study
from infersim.spec import study
from infersim.sweep.points import points_of
from tests.sweep.studies import write

TEXT = (Path(__file__).parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")


def test_the_example_is_a_study(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1]
    loaded = read_study(write(tmp_path, example.replace("chat.yaml", "tiny.yaml")))
    assert len(points_of(loaded)) == 3 * 10 * 2 * 2


def test_every_key_is_told():
    specs = [each for each in vars(study).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    assert len(specs) >= 7
    for spec in specs:
        for name, field in spec.model_fields.items():
            assert re.search(rf"\b{field.alias or name}\b", TEXT), f"{spec.__name__}.{name}"


def test_every_status_is_told():
    for status in ("ok", "overload", "does_not_fit", "refused", "error", "budget", "unfinished"):
        assert f"| `{status}` |" in TEXT
