"""YAML 1.2 core documents as plain data, with the place of every value.

Built from ruamel.yaml's events rather than its constructors: so scalars resolve by the YAML 1.2 core schema alone
(`1e-3` is a number, `yes` is text), no tag makes an object, and size and depth are bounded while reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from infersim.errors import InputError
from infersim.load.places import Place, Places
from infersim.load.text import check_printable, is_printable

MAX_DEPTH = 50
MAX_VALUES = 50_000
_MAX_DIGITS = 100
_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def parse(text: str, name: str) -> tuple[Any, Places]:
    """Read one YAML 1.2 document.

    Args:
        text: the document.
        name: what errors and places call it, a file's name or an option as typed.

    Returns:
        Plain data (dict with text keys, list, str, int, float, bool, None) and where each part stands.

    Raises:
        InputError: the text is no single core document, or too large or too deep; names line and column.
    """
    check_printable(text, name)
    reader = _Reader(text, name)
    try:
        return reader.document(), reader.places
    except MarkedYAMLError as error:
        raise _syntax_error(error, name) from None
    except YAMLError as error:
        raise InputError(f"is not YAML: {str(error).splitlines()[0]}", file=name) from None


class _Reader:
    """Turns a stream of events into data, one document."""

    def __init__(self, text: str, name: str):
        self.events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self.name = name
        self.places = Places()
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0

    def document(self) -> Any:
        next(self.events)
        start = next(self.events)
        if isinstance(start, ev.StreamEndEvent):
            self.places.add("", Place(self.name, 1, 1), Place(self.name, 1, 1))
            return None
        if start.version not in (None, (1, 2)):
            raise self.refusal(start, "YAML {}.{} is asked for".format(*start.version), "infersim reads YAML 1.2")
        event = next(self.events)
        data = self.node(event, "", self.place(event), 0)
        next(self.events)
        second = next(self.events)
        if not isinstance(second, ev.StreamEndEvent):
            raise self.refusal(second, "a second document begins here", "one scenario a file; remove what follows ---")
        return data

    def node(self, event: Any, path: str, key: Place, depth: int) -> Any:
        """The data that begins with `event`; `key` is the place of its key."""
        self.counted(event)
        if isinstance(event, ev.AliasEvent):
            return self.alias(event, path, key)
        before = self.count
        block = isinstance(event, ev.CollectionStartEvent) and not event.flow_style
        self.places.add(path, key if block else self.place(event), key)
        if isinstance(event, ev.ScalarEvent):
            data = self.scalar(event, path)
        elif depth >= MAX_DEPTH:
            raise self.refusal(event, f"nested deeper than {MAX_DEPTH} levels", "")
        else:
            is_mapping = isinstance(event, ev.MappingStartEvent)
            self.check_tag(event, "map" if is_mapping else "seq")
            data = self.mapping(path, depth) if is_mapping else self.sequence(path, depth)
        if event.anchor:
            self.anchors[event.anchor] = (data, self.count - before + 1)
        return data

    def counted(self, event: Any, size: int = 1) -> None:
        """Count keys and values, those that aliases stand for, too."""
        self.count += size
        if self.count > MAX_VALUES:
            what = "aliases stand for" if isinstance(event, ev.AliasEvent) else "holds"
            raise self.refusal(event, f"{what} more than {MAX_VALUES} keys and values", "no scenario needs that many")

    def alias(self, event: Any, path: str, key: Place) -> Any:
        if event.anchor not in self.anchors:
            raise self.refusal(event, f"no anchor &{event.anchor} stands before this alias", "")
        data, size = self.anchors[event.anchor]
        self.counted(event, size)
        self.places.add(path, self.place(event), key)
        return data

    def mapping(self, path: str, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in iter(self.next_inside, None):
            key = self.key(event)
            inner = f"{path}.{key}" if path else key
            place = self.place(event)
            if key in data:
                first = self.places.keys[inner].line
                hint = f"it stands in line {first} already; keep one of the two"
                raise self.refusal(event, f"duplicate key in lines {first} and {place.line}", hint, inner)
            data[key] = self.node(next(self.events), inner, place, depth + 1)
        return data

    def sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in iter(self.next_inside, None):
            inner = f"{path}.{len(items)}" if path else str(len(items))
            items.append(self.node(event, inner, self.place(event), depth + 1))
        return items

    def next_inside(self) -> Any:
        """The next event of a collection, None at its end."""
        event = next(self.events)
        return None if isinstance(event, ev.CollectionEndEvent) else event

    def key(self, event: Any) -> str:
        if not isinstance(event, ev.ScalarEvent):
            raise self.refusal(event, "a key must be plain text", "quote it if it begins with a bracket, * or &")
        self.counted(event)
        self.check_tag(event, "str")
        if event.value == "<<" and event.style is None:
            raise self.refusal(event, "'<<' merges mappings in YAML 1.1 only", "write the keys out")
        return event.value

    def scalar(self, event: Any, path: str) -> Any:
        text, tag = event.value, event.tag
        if event.style == '"' and not is_printable(text):
            raise self.refusal(event, "an escape stands for a control character", "no setting takes one")
        plain = event.style is None and not tag
        if not plain and tag in (None, "!", _CORE + "str"):
            return text
        for kind, pattern, convert in _RESOLVERS:
            if (plain or tag == _CORE + kind) and pattern.fullmatch(text):
                if kind == "int" and len(text) > _MAX_DIGITS:
                    raise self.refusal(event, f"a whole number of {len(text)} digits is too large", "", path)
                return convert(text)
        if plain:
            return text
        self.check_tag(event, "null", "bool", "int", "float")
        raise self.refusal(event, f"{text[:60]!r} is no {tag.removeprefix(_CORE)}", "")

    def check_tag(self, event: Any, *kinds: str) -> None:
        if event.tag not in (None, "!", *(_CORE + kind for kind in kinds)):
            shown = event.tag.replace(_CORE, "!!")
            raise self.refusal(event, f"tag {shown[:60]} is not read here", "write the value without a tag")

    def place(self, event: Any) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def refusal(self, event: Any, problem: str, hint: str, field: str = "") -> InputError:
        place = self.place(event)
        return InputError(problem, hint, field, "", self.name, place.line, place.column)


def _to_int(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


def _to_special_float(text: str) -> float:
    return float(text.replace(".", "").lower())


_RESOLVERS: tuple[tuple[str, re.Pattern[str], Any], ...] = (
    ("null", _NULL, lambda text: None),
    ("bool", _BOOL, lambda text: text.lower() == "true"),
    ("int", _INT, _to_int),
    ("float", _FLOAT, float),
    ("float", _SPECIAL_FLOAT, _to_special_float),
)


def _syntax_error(error: MarkedYAMLError, name: str) -> InputError:
    """ruamel's message in one line, with a remedy where the cause is a common one."""
    mark = error.problem_mark or error.context_mark
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    hint = ""
    if "'\\t'" in problem or "tab" in problem:
        problem, hint = "a tab where YAML wants spaces", "indent by spaces"
    elif "mapping values are not allowed" in problem:
        hint = "check the indentation of this line and the one before; quote text that holds ': '"
    elif "cannot start any token" in problem:
        hint = "quote text that begins with one of % @ `"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return InputError(f"is not YAML: {problem}", hint, file=name, line=line, column=column)
