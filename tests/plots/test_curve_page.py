"""The picture of a curve: nothing written among its lines, whole and short runs told apart, goals with their bounds."""

from __future__ import annotations

import io

import pytest

from infersim.plots.curve import curve_picture

SLO = [
    {"class": "chat", "ttft_s": 0.4, "attainment": 0.99},
    {"class": "chat", "tpot_s": 0.05, "attainment": 0.9},
]
FIGURES = {
    "load": {"unit": "requests_per_s"},
    "slo": SLO,
    "capacity_requests_per_s": 32.8,
    "ci95": [32.1, 33.5],
    "saturation_requests_per_s": 35.4,
    "limited_by": "slo",
}


def point(rate: float, whole: bool = True, over: bool = False) -> dict[str, object]:
    goal = {"attainment": 0.2 if over else 1.0, "ci95": None}
    return {
        "rate_per_s": rate,
        "whole_runs": whole,
        "ttft_s": {"p50": None if over else 0.05, "p99": None if over else 0.1 + rate / 300},
        "tpot_s": {"p50": None if over else 0.01, "p99": None if over else rate / 1000},
        "ci95_s": {"ttft_s": {"p99": [0.08, 0.3], "p50": None}} if not over else None,
        "throughput": {"requests_per_s": rate},
        "goals": [goal, goal],
    }


@pytest.fixture
def page():
    points = [point(8, whole=False), point(20), point(32), point(34), point(43, over=True)]
    return curve_picture(FIGURES, points, ["one", "two"], 0.0)


def test_nothing_is_written_within_the_panels(page):
    page.savefig(io.BytesIO(), format="png")  # lays it out
    assert all(not ax.texts and ax.get_legend() is None for ax in page.axes)
    assert [ax.get_title("right") for ax in page.axes] == [
        "asked: 400 ms for 99%",
        "asked: 50 ms for 90%",
        "",
        "asked: 90%, 99%",
    ]
    said = {text.get_text() for text in page.legends[0].get_texts()}
    assert said == {
        *("p99, 95% band", "p50, 95% band", "sent", "served", "chat: TTFT 400 ms", "chat: TPOT 50 ms"),
        *("capacity 32.8", "saturation 35.4", "short runs: rougher"),
    }
    assert page.legends[0].get_window_extent().x1 <= page.bbox.x1


def test_short_runs_are_hollow_and_joined_with_nothing(page):
    ax = page.axes[0]
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert {x for line in hollow for x in line.get_xdata()} == {8.0}
    assert {line.get_linestyle() for line in hollow} == {"None"}
    joined = [line for line in ax.lines if line.get_marker() == "o" and line not in hollow]
    assert [line.get_xdata().tolist() for line in joined] == [[20.0, 32.0, 34.0]] * 2


def test_units_are_on_every_axis(page):
    assert [ax.get_ylabel() for ax in page.axes] == ["ms", "ms", "requests/s", "%"]
    assert {ax.get_xlabel() for ax in page.axes} == {"load [requests/s]"}
