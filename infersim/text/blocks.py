"""Blocks of a page: warnings, labelled sentences, tables that become sentences where they do not fit."""

from __future__ import annotations

import textwrap

from infersim.text.columns import columns

_LABEL = 13


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
