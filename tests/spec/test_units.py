"""Units at the door and on display."""

from __future__ import annotations

import pytest

from infersim import units


@pytest.mark.parametrize(
    ("text", "table", "value"),
    [
        ("2ms", units.SECONDS, 0.002),
        ("1.5 h", units.SECONDS, 5400.0),
        ("3µs", units.SECONDS, 3e-6),
        ("80GB", units.BYTES, 80e9),
        ("512MiB", units.BYTES, 2.0**29),
    ],
)
def test_a_number_with_a_unit_is_si(text, table, value):
    assert units.parse(text, table) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["2GB", "2 parsecs"])
def test_a_unit_of_another_kind_lists_those_allowed(text):
    with pytest.raises(ValueError, match="units: ns, us, ms, s, min, h, d"):
        units.parse(text, units.SECONDS)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 s"),
        (12.3e-6, "12.3 µs"),
        (0.0123, "12.3 ms"),
        (90.0, "90 s"),
        (7200, "2 h"),
        (0.9996, "1 s"),
        (5.4e6, "1,500 h"),
    ],
)
def test_durations_are_shown_for_people(seconds, text):
    assert units.show_seconds(seconds) == text


def test_durations_in_a_column_have_three_digits():
    assert [units.show_seconds(s, zeros=True) for s in (0.0091, 0.012, 0.874, 120.0)] == [
        "9.10 ms",
        "12.0 ms",
        "874 ms",
        "120 s",
    ]
