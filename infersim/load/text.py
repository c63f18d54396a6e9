"""A file's text, or a friendly refusal: what is missing, a folder, too large, binary or in another encoding."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from infersim.errors import InputError, nearest
from infersim.load.packed import unpacked

MAX_BYTES, MAX_DATA_BYTES, PIECE = 2**20, 2**31, 2**22
DATA_ENDINGS = (".csv", ".gz", ".json", ".jsonl", ".parquet", ".zst")
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file of at most 1 MiB, without a byte-order mark.

    Raises:
        InputError: it cannot be read, or it is no text; names the line and column of the first bad character.
    """
    text = _decoded(str(path), _read(Path(path), MAX_BYTES, (".yaml", ".yml")))
    check_printable(text, str(path))
    return text


def read_data_text(path: str | Path) -> str:
    """The text of a UTF-8 data file of at most 2 GiB, plain, gzip or Zstandard, without a byte-order mark.

    Raises:
        InputError: it cannot be read, or it is no text.
    """
    return data_text(read_data(path), path)


def read_data(path: str | Path) -> bytes:
    """The bytes of a data file as they are, at most 2 GiB.

    Raises:
        InputError: it cannot be read.
    """
    return _read(Path(path), MAX_DATA_BYTES, DATA_ENDINGS)


def data_text(data: bytes, path: str | Path) -> str:
    """The text that a data file's bytes hold, unpacked if they are packed, without a byte-order mark.

    Raises:
        InputError: it cannot be unpacked, is larger than 2 GiB, or is no UTF-8 text.
    """
    plain = unpacked(data, MAX_DATA_BYTES, str(path))
    _check_size(plain, MAX_DATA_BYTES, str(path))
    return _decoded(str(path), plain)


def _decoded(name: str, data: bytes) -> str:
    encoding = next((encoding for bom, encoding in _BOMS.items() if data.startswith(bom)), None)
    if encoding:
        raise InputError(f"is {encoding} text", "save the file as UTF-8", file=name, line=1, column=1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = place_of(data[: error.start].decode("utf-8", "replace"))
        problem = f"is not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start}"
        raise InputError(problem, "save the file as UTF-8", file=name, line=line, column=column) from None


def check_printable(text: str, name: str) -> None:
    """Refuse control characters, which YAML does not allow."""
    bad = _UNPRINTABLE.search(text)
    if bad:
        line, column = place_of(text[: bad.start()])
        problem = f"control character U+{ord(bad[0]):04X}; this looks like a binary file"
        raise InputError(problem, "a text file in UTF-8 is needed", file=name, line=line, column=column)


def is_printable(text: str) -> bool:
    """Whether a text has no control characters or halves of surrogate pairs."""
    return _UNPRINTABLE.search(text) is None


def place_of(before: str) -> tuple[int, int]:
    """Line and column, from 1, of the character that follows a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _read(path: Path, most: int, endings: tuple[str, ...]) -> bytes:
    name = str(path)
    try:
        if path.is_char_device() or path.is_block_device():
            raise InputError("is a device, not a file", _files_there(path, endings), file=name)
        with path.open("rb") as file:
            data = _read_some(file, most)
    except FileNotFoundError:
        raise missing(path, endings) from None
    except IsADirectoryError:
        raise InputError("is a folder, not a file", _files_there(path, endings), file=name) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {reason}", file=name) from None
    _check_size(data, most, name)
    return data


def _read_some(file: BinaryIO, most: int) -> bytes:
    """All of a file, or a little more than `most` bytes: piece by piece, since a read reserves what it may return."""
    data = bytearray()
    while len(data) <= most and (piece := file.read(PIECE)):
        data += piece
    return bytes(data)


def _check_size(data: bytes, most: int, name: str) -> None:
    if len(data) > most:
        raise InputError(f"is larger than {most // 2**20:,} MiB", "no input needs that much", file=name)


def missing(path: Path, endings: tuple[str, ...]) -> InputError:
    folder = path.parent
    if not folder.is_dir():
        return InputError("no such file", f"there is no folder {str(folder)!r}", file=str(path))
    hint = nearest(path.name, _names(folder)) or _files_there(folder, endings)
    return InputError("no such file", hint, file=str(path))


def _files_there(folder: Path, endings: tuple[str, ...]) -> str:
    found = sorted(name for name in _names(folder) if name.endswith(endings))[:5]
    return f"files there: {', '.join(found)}" if found else ""


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
