"""What tests of traffic share."""

from pathlib import Path

import pytest

from tests.workload.trace_files import Reader, reader


@pytest.fixture
def traced(tmp_path: Path) -> Reader:
    """Writes a file into a folder of the test's own and reads it as a trace."""
    return reader(tmp_path)
