"""YAML 1.2 core: what scalars are, where values stand, what is refused."""

from __future__ import annotations

import math
import time

import pytest

from infersim.errors import InputError
from infersim.load.yaml12 import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("6", 6),
        ("0x10", 16),
        ("0o17", 15),
        ("012", 12),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("yes", "yes"),
        ("off", "off"),
        ("True", True),
        ("~", None),
        ("", None),
        ("1_000", "1_000"),
        ("2024-03-01", "2024-03-01"),
        ('"1"', "1"),
        ("'true'", "true"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("[1, a, null]", [1, "a", None]),
        ("{a: {b: 2ms}}", {"a": {"b": "2ms"}}),
    ],
)
def test_scalars_resolve_by_the_core_schema(text, value):
    data, _ = parse(f"key: {text}", "f.yaml")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_nan_is_a_float():
    assert math.isnan(parse(".nan", "f.yaml")[0])


def test_places_are_those_of_values_and_block_mappings_stand_at_their_key():
    _, places = parse("a:\n  b: 12\n  c: {d: x}\n", "f.yaml")
    found = {path: (place.line, place.column) for path, place in places.values.items()}
    assert found == {"": (1, 1), "a": (1, 1), "a.b": (2, 6), "a.c": (3, 6), "a.c.d": (3, 10)}
    assert (places.keys["a.b"].line, places.keys["a.b"].column) == (2, 3)


def test_an_alias_is_the_same_data_at_a_place_of_its_own():
    data, places = parse("a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert data == {"a": {"b": 1}, "c": {"b": 1}}
    assert (places.find("c.b").line, places.find("c.b").column) == (2, 4)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "lines 1 and 3"),
        ("a:\n\tb: 1", 2, 1, "a tab"),
        ("a: !!python/object:os.system x", 1, 4, "tag !!python/object:os.system"),
        ("a: !!binary aGk=", 1, 4, "tag !!binary"),
        ("a: 1\n---\nb: 2", 2, 1, "second document"),
        ("a: &a [*a]", 1, 8, "no anchor &a"),
        ("%YAML 1.1\n---\na: 1", 2, 1, "YAML 1.1"),
        ("a: &a {b: 1}\nc:\n  <<: *a", 3, 3, "write the keys out"),
        ("? [a]\n: 1", 1, 3, "a key must be plain text"),
        ("a: " + "1" * 10_000, 1, 4, "10000 digits"),
        ("a: \x07", 1, 4, "U+0007"),
        ('a: "\\0"', 1, 4, "control character"),
        ('a: "\\ud800"', 1, 4, "control character"),
        ("a: b: c", 1, 5, "mapping values are not allowed"),
        ("a: [1", 1, 6, "expected ',' or ']'"),
        ("[" * 51, 1, 51, "deeper than 50"),
    ],
)
def test_what_is_no_core_document_is_refused_with_its_place(text, line, column, says):
    with pytest.raises(InputError) as caught:
        parse(text, "f.yaml")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("f.yaml", line, column)
    assert says in str(caught.value)


def _bomb() -> str:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{a: " * 200_000, "- " * 200_000, _bomb(), "[" + "1," * 300_000 + "]", "a" * 10**6 + ": 1"]
)
def test_what_would_take_long_is_refused_soon(text):
    began = time.process_time()
    with pytest.raises(InputError):
        parse(text, "f.yaml")
    assert time.process_time() - began < 5.0
