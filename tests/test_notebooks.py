"""Notebooks are their .py files with outputs."""

from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_that_of_the_file_beside_it(path):
    made, written = jupytext.read(path), jupytext.read(path.with_suffix(".py"))
    assert [(cell.cell_type, cell.source) for cell in made.cells] == [
        (cell.cell_type, cell.source) for cell in written.cells
    ]


def test_every_file_has_its_notebook():
    assert NOTEBOOKS
    assert {path.with_suffix(".py") for path in NOTEBOOKS} == set(NOTEBOOKS[0].parent.glob("*.py"))
