"""Packed files: gzip and Zstandard, told by their first bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Literal

from infersim.errors import InputError

Packing = Literal["none", "gzip", "zstd"]
_MAGIC: tuple[tuple[bytes, Packing], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
PIECE, ZSTD_PIECE = 2**22, 2**12
"""Bytes at a time; 4 KiB of Zstandard are at most 128 MiB unpacked."""


def packing(data: bytes) -> Packing:
    """How a file is packed."""
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "none")


def unpacked(data: bytes, most: int, name: str) -> bytes:
    """The bytes of a file, unpacked: all of them, or a little more than `most`.

    Raises:
        InputError: the packed data is damaged or cut short.
    """
    how = packing(data)
    if how == "none":
        return data
    pieces = _gzip(data) if how == "gzip" else _zstd(data)
    found = bytearray()
    try:
        for piece in pieces:
            found += piece
            if len(found) > most:
                break
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"cannot be unpacked: {error}", f"pack it again with {how}", file=name) from None
    return bytes(found)


def _gzip(data: bytes) -> Iterator[bytes]:
    with gzip.open(io.BytesIO(data)) as file:
        while piece := file.read(PIECE):
            yield piece


def _zstd(data: bytes) -> Iterator[bytes]:
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    try:
        for start in range(0, len(data), ZSTD_PIECE):
            rest = data[start : start + ZSTD_PIECE]
            while rest:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(rest)
                rest = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    if not frame.eof:
        raise EOFError("it ends before its last frame does")
