"""A fitted model as the text of a profile, and the words on the command line that it is made by."""

from __future__ import annotations

import datetime
import re
import shlex
import textwrap
from collections.abc import Mapping

from infersim.errors import InputError
from infersim.load.canonical import to_yaml
from infersim.spec.workload_model import FittedModel

WIDTH = 120
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


def text(model: FittedModel) -> str:
    """YAML of a profile; long lists go on under their first line."""
    plain = to_yaml(model.model_dump(mode="json", by_alias=True, exclude_none=True))
    return "".join(_wrapped(line) for line in plain.splitlines())


def _wrapped(line: str) -> str:
    if len(line) <= WIDTH or not line.endswith("]"):
        return line + "\n"
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) + "\n"


def command(file: str, name: str, form: str | None, options: Mapping[str, str | None]) -> str:
    """What makes the profile again."""
    words = ["infersim", "workloads", "fit", file, "--name", name]
    given = {"--format": form, **options}
    return shlex.join([*words, *(word for key, value in given.items() if value is not None for word in (key, value))])


def day(date: str | None) -> str:
    """A date as written, or today.

    Raises:
        InputError: it is none.
    """
    if date is None:
        return datetime.date.today().isoformat()
    try:
        return datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        raise InputError("not a date", "write it as 2026-11-25", "--date", repr(date)) from None


def checked_name(name: str) -> str:
    """The name of a profile.

    Raises:
        InputError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise InputError("a model's name has a-z, 0-9, - and dots, at most 64", "", "--name", repr(name))
    return name
