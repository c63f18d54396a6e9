"""Names and texts as SQL has them."""

from __future__ import annotations


def sql_name(name: str) -> str:
    """A column's name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: object) -> str:
    """A text, or what is told by one, as a path, in single quotes."""
    return "'" + str(value).replace("'", "''") + "'"
