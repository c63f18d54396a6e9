"""What tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("infersim", deadline=None)  # a busy machine is no failure
settings.load_profile("infersim")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch):
    """Width and colour are a pipe's, whatever runs the tests."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of measured data and recordings beside the checkout, or INFERSIM_SHARED; skips where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("INFERSIM_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip("the measured data is not beside this checkout (set INFERSIM_SHARED to its folder)")
    return folder
