"""The Pareto front against brute force, and what its picture says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.plots.pareto import front
from infersim.sweep.outcome import SweepResult
from tests.plots.tables import RATE, REPLICAS, TPUT, TTFT, grid

FEW = st.one_of(st.integers(-3, 3).map(float), st.floats(-5, 5), st.just(float("nan")))
WAYS = st.sampled_from(["lower", "higher"])


def by_brute_force(x, y, x_better, y_better):
    """Rows that no other beats, each held against each."""
    bad = np.stack([x if x_better == "lower" else -x, y if y_better == "lower" else -y], axis=1)
    known = [row for row in range(len(x)) if not np.isnan(bad[row]).any()]
    return {
        row
        for row in known
        if not any((bad[other] <= bad[row]).all() and (bad[other] < bad[row]).any() for other in known)
    }


@given(st.lists(st.tuples(FEW, FEW), max_size=30), WAYS, WAYS)
def test_the_front_is_that_of_brute_force(pairs, x_better, y_better):
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    found = front(x, y, x_better, y_better)
    assert len({*found.tolist()}) == len(found)
    assert {*found.tolist()} == by_brute_force(x, y, x_better, y_better)
    ordered = x[found] if x_better == "lower" else -x[found]
    assert (np.diff(ordered) >= 0).all()


def told(page):
    return page.axes[1].texts[0].get_text().splitlines()


def test_points_of_the_front_are_named_by_their_settings():
    page = SweepResult(grid(), [RATE, REPLICAS], "load").plot_pareto(TPUT, TTFT)
    ax = page.axes[0]
    assert told(page)[:3] == ["1   rate 3.5 per s", "2   rate 2 per s", "3   rate 1 per s"]
    assert "all: replicas 2" in told(page)
    assert told(page)[-1] == "left out, without a steady state or a figure: 1"
    assert [text.get_text() for text in ax.texts] == ["3", "2", "1"]
    steps = ax.lines[0]
    assert steps.get_xdata().tolist() == [350.0, 200.0, 100.0]
    np.testing.assert_allclose(steps.get_ydata(), [175.0, 100.0, 50.0])
    assert ax.get_xlabel() == "Throughput [output tokens/s], higher is better"
    assert ax.get_ylabel() == "TTFT p99 [ms], lower is better"


def test_directions_can_be_said_and_settings_be_figures():
    page = SweepResult(grid(), [RATE, REPLICAS]).plot_pareto(f"{REPLICAS}:lower", f"{TTFT}:higher")
    assert told(page)[0] == "1   rate 2 per s, replicas 1"
    assert page.axes[0].get_ylabel().endswith("higher is better")


def test_equal_points_share_a_number():
    table = grid((1.0, 2.0))
    table["status"][:] = "ok"
    table[f"simulated.{TTFT}"][:] = 0.25
    page = SweepResult(table, [RATE, REPLICAS]).plot_pareto(TPUT, TTFT)
    assert told(page)[0] == "1   replicas 1 (+ 1 alike)"


@pytest.mark.parametrize("figure", [TTFT, TPUT])
def test_a_figure_against_itself_has_one_best(figure):
    table = grid()
    page = SweepResult(table, [RATE, REPLICAS]).plot_pareto(figure, figure)
    best = np.nanmin if figure == TTFT else np.nanmax
    values = np.where(table["status"] == "ok", table[f"simulated.{figure}"], np.nan)
    (x,) = {*page.axes[0].lines[0].get_xdata().tolist()}
    assert x == pytest.approx(best(values) * (1e3 if figure == TTFT else 1.0))
