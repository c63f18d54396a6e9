"""What must hold whenever the command line refuses something."""

from __future__ import annotations

import time
from pathlib import Path

from tests.cli.console import Console


def refuse(infersim: Console, path: Path, *options: object) -> str:
    """Run a scenario that cannot be used, with results to be saved; the message."""
    return refused(
        infersim, "run", path, "--json", *(() if "--out" in options else ("--out", path.parent / "out")), *options
    )


def refused(infersim: Console, *args: object) -> str:
    """The message of a command that refuses: soon, nothing on stdout, no traceback, and nothing left in its --out."""
    began = time.process_time()
    answer = infersim(*args)
    assert time.process_time() - began < 5.0
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
    assert answer.err.strip()
    assert len(answer.err.splitlines()) < 25
    out = Path(str(args[args.index("--out") + 1])) if "--out" in args else None
    assert out is None or not out.is_dir() or not [*out.iterdir()]
    return answer.err
