"""A trace's file opened: its bytes are Parquet or text that can be read, or it is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infersim.errors import InputError
from infersim.load.packed import Packing, packing
from infersim.load.text import check_printable, data_text, read_data

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PARQUET = b"PAR1"


@dataclass(frozen=True)
class Opened:
    """A file.

    Attributes:
        path: where it lies.
        packing: how it is packed there.
        text: all that it holds, unpacked; None where it is Parquet.
    """

    path: Path
    packing: Packing
    text: str | None


def opened(path: Path) -> Opened:
    """Open a trace's file.

    Raises:
        InputError: it is not there, cut short, empty, binary, or text that is not UTF-8.
    """
    data = read_data(path)
    if data.startswith(_PARQUET):
        return Opened(path, "none", None)
    if path.name.lower().endswith(".parquet"):
        raise InputError("cannot be read as Parquet: it does not begin as such a file does", file=str(path))
    text = data_text(data, path)
    if not text.strip():
        raise InputError("the trace is empty", file=str(path))
    if _CONTROL.search(text):
        check_printable(text, str(path))
    return Opened(path, packing(data), text)
