"""Every error that infersim raises on purpose, in one place.

An error tells what to type instead: the place (file, line, column, field), the value, what is wrong with it and
a hint. Errors are rebuilt from `.args` by SimPy and by process pools, so every constructor is positional.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InfersimError(Exception):
    """Base of all errors of infersim."""


class InputError(InfersimError):
    """Something that the user typed cannot be used. The command line turns it into exit code 2.

    Args:
        problem: what is wrong, a sentence.
        hint: what to type instead, the allowed values or the nearest match.
        field: dotted path into the scenario or table, e.g. `fleet.main.device`.
        value: the offending value as the user would write it; empty where there is none.
        file: the file's name; empty where the input did not come from a file.
        line: line in that file, from 1; 0 if unknown.
        column: column in that line, from 1; 0 if unknown.
    """

    def __init__(
        self,
        problem: str,
        hint: str = "",
        field: str = "",
        value: str = "",
        file: str = "",
        line: int = 0,
        column: int = 0,
    ):
        super().__init__(problem, hint, field, value, file, line, column)
        self.problem, self.hint, self.field, self.value = problem, hint, field, value
        self.file, self.line, self.column = file, line, column

    def located(self, file: str, line: int = 0, column: int = 0) -> InputError:
        """The same error with a place in a file."""
        return type(self)(self.problem, self.hint, self.field, self.value, file, line, column)

    def __str__(self) -> str:
        place = ":".join([self.file] + [str(n) for n in (self.line, self.column) if n]) if self.file else ""
        field = self.field if len(self.field) <= 200 else self.field[:197] + "…"
        what = f"{field} = {self.value}" if field and self.value else field or self.value
        head = ": ".join(part for part in (place, what) if part)
        lines = [head] if head else []
        for text in (self.problem, self.hint):
            lines += ["  " + row if head else row for row in text.splitlines()]
        return "\n".join(lines)


class DoesNotFit(InputError):  # noqa: N818
    """The model does not fit into the memory of its devices."""


class NotModelled(InputError):  # noqa: N818
    """A setting that infersim knows but does not model yet; it is refused rather than ignored."""


class InputErrors(InputError):  # noqa: N818
    """Several errors of one input, told together."""

    def __init__(self, *errors: InputError):
        InfersimError.__init__(self, *errors)
        first = errors[0]
        self.errors = errors
        self.problem, self.hint, self.field, self.value = first.problem, first.hint, first.field, first.value
        self.file, self.line, self.column = first.file, first.line, first.column

    def located(self, file: str, line: int = 0, column: int = 0) -> InputErrors:
        return InputErrors(*(error if error.file else error.located(file, line, column) for error in self.errors))

    def __str__(self) -> str:
        shown = "\n".join(str(error) for error in self.errors[:5])
        more = len(self.errors) - 5
        return shown + (f"\n(and {more} more)" if more > 0 else "")


def nearest(name: object, allowed: Iterable[str]) -> str:
    """'Did you mean …?' for the closest of the allowed names, else for one that holds it, else an empty string."""
    typed = str(name).lower()[:100]
    names: dict[str, str] = {}
    for known in allowed:
        names.setdefault(known.lower(), known)
    close = difflib.get_close_matches(typed, names, n=1, cutoff=0.6)
    if not close and len(typed) >= 2:
        close = [known for known in names if known.startswith(typed) or (len(typed) >= 3 and typed in known)]
    return f"Did you mean {names[close[0]]!r}?" if close else ""
