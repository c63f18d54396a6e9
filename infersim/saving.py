"""Files written into a folder, all of a set whole or none: drafts beside them, renamed once all are written."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infersim.errors import InputError


def save_files(
    folder: Path | str, names: Sequence[str], write: Callable[[Path], None], stale: Sequence[str] = ()
) -> Path:
    """Write files into a folder, made if need be, each whole or not at all; Ctrl-C leaves none of them.

    Args:
        folder: where to.
        names: the files, in the order in which they take their places.
        write: writes them into a folder of drafts.
        stale: files of an earlier run there, which would not belong to these.

    Returns:
        The folder.

    Raises:
        InputError: the folder is a file, or cannot be written.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise InputError("is a file; a folder is needed", file=str(target))
    try:
        target.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".infersim-", dir=target))
        try:
            write(draft)
            with unbroken():
                for name in names:
                    os.replace(draft / name, target / name)
                for name in stale:
                    (target / name).unlink(missing_ok=True)
        finally:
            with unbroken():
                shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=str(target)) from None
    return target


@contextmanager
def unbroken() -> Iterator[None]:
    """Ctrl-C waits until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread
        return
    seen: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if seen and callable(before):
            before(*seen[0])


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table as CSV: nothing where there is no value, verdicts as in JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    return "" if value is None else json.dumps(value) if isinstance(value, (bool, float)) else value
