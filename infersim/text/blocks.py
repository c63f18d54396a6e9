"""Blocks of a page: warnings, labelled sentences, tables that become sentences where they do not fit."""

from __future__ import annotations

import re
import textwrap

from infersim.text.columns import columns

_LABEL = 13
_BLANK = re.compile(r"(?<! ) (?! )")


def warning_lines(warnings: list[str], width: int) -> list[str]:
    """Each warning as a paragraph."""
    return [line for text in warnings for line in textwrap.wrap(f"warning: {text}", width, subsequent_indent="  ")]


def rows_block(rows: list[list[str]], width: int) -> list[str]:
    """Aligned columns, or a sentence a row where the terminal is too narrow for them."""
    lines = columns(rows) if rows else []
    if not lines or max(map(len, lines)) <= width:
        return lines
    head = rows[0][1:]
    return sentences({row[0]: ", ".join(map(" ".join, zip(head, row[1:], strict=True))) for row in rows[1:]}, width)


def sentences(labelled: dict[str, str], width: int) -> list[str]:
    """Labelled sentences, wrapped; labels stand above them where the terminal is narrow, or they are long."""
    indent = max([_LABEL, *(len(label) + 2 for label in labelled)])
    if width < 40 or indent > width // 2:
        return [
            line
            for label, text in labelled.items()
            for line in (
                *textwrap.wrap(label, width),
                *textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  "),
            )
        ]
    return [
        line
        for label, text in labelled.items()
        for line in textwrap.wrap(text, width, initial_indent=label.ljust(indent), subsequent_indent=" " * indent)
    ]


def folded(text: str, width: int) -> str:
    """YAML with lines broken at single blanks, which neither quoted nor plain text nor lists in brackets mind.

    Args:
        text: as `load.to_yaml` writes it.
        width: columns; a word that is longer stays whole.
    """
    return "".join(f"{row}\n" for line in text.splitlines() for row in _folded(line, width))


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    words = _BLANK.split(line.lstrip())
    rows = [line[: len(line) - len(line.lstrip())] + words[0]]
    for word in words[1:]:
        if len(rows[-1]) + 1 + len(word) > width and rows[-1].strip() != "-":
            rows.append(indent + word)
        else:
            rows[-1] += f" {word}"
    return rows
