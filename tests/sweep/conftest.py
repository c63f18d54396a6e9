"""What tests of sweeps share."""

import pytest

from tests.cli.console import Console


@pytest.fixture
def infersim(capsys) -> Console:
    """`infersim ARGS…`: exit code, stdout, stderr."""
    return Console(capsys)
