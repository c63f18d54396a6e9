"""The command line as a user meets it, in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from infersim.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


class Console:
    """Calls the command line and collects what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]):
        self._capsys = capsys

    def __call__(self, *args: object) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        out, err = self._capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Answer(code, out, err)
