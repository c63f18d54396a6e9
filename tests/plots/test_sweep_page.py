"""Lines and bands hold the table's numbers in the unit shown; points without a steady state are marks alone."""

from __future__ import annotations

import io

import numpy as np
import pytest

import infersim as sim
from infersim.plots.grid import layout
from infersim.plots.marks import MARKERS
from infersim.sweep.outcome import SweepResult
from tests.plots.tables import DEVICE, RATE, REPLICAS, TPUT, TTFT, grid, texts

PATHS = [RATE, REPLICAS]


def lines(ax):
    """Lines of values; the hollow points upon them are no lines of their own."""
    return [line for line in ax.lines if line.get_marker() in MARKERS and line.get_markerfacecolor() != "white"]


def marks(ax, kind):
    return [line for line in ax.lines if line.get_marker() == kind]


def test_a_panel_a_figure_and_a_line_a_setting():
    page = SweepResult(grid(), PATHS, "load").plot([TTFT, TPUT])
    ttft, tput = page.axes
    assert [ttft.get_title("left"), tput.get_title("left")] == ["TTFT p99", "Throughput"]
    assert [ttft.get_ylabel(), tput.get_ylabel()] == ["ms", "output tokens/s"]
    assert ttft.get_xlabel() == "rate [per s]"
    one, two = lines(ttft)
    assert one.get_xdata().tolist() == [1.0, 2.0, 3.5]
    np.testing.assert_allclose(one.get_ydata(), [100.0, 200.0, np.nan])
    np.testing.assert_allclose(two.get_ydata(), [50.0, 100.0, 175.0])
    legend = [text.get_text() for text in page.legends[0].get_texts()]
    assert legend == ["replicas 1", "replicas 2", "overloaded: no steady state"]
    assert page.get_suptitle() == "load"


def test_an_overloaded_point_is_a_mark_in_its_lines_colour():
    ttft = SweepResult(grid(), PATHS).plot(TTFT).axes[0]
    (mark,) = marks(ttft, "x")
    assert mark.get_xdata().tolist() == [3.5]
    assert mark.get_color() == lines(ttft)[0].get_color()
    assert ttft.get_ylim()[1] < 1000  # its 99 s stretch nothing
    assert ttft.get_ylim()[1] < 250  # nor does the interval that is there of it
    place = mark.get_transform().transform([3.5, mark.get_ydata()[0]])
    assert place[1] > ttft.bbox.y1  # it is above the panel, where no value can be


def test_intervals_of_what_is_overloaded_are_not_drawn():
    table = grid() | {DEVICE: texts(["a", "b"] * 3)}
    del table[REPLICAS]
    table[f"ci95_low.{TTFT}"][4], table[f"ci95_high.{TTFT}"][4] = 7.0, 29.0
    ax = SweepResult(table, [DEVICE, RATE]).plot(TTFT, axes=[DEVICE]).axes[0]
    drawn = np.concatenate([segment for each in ax.collections for segment in each.get_segments() if segment.size])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    assert len(drawn) == 2 * 5
    assert drawn[:, 1].max() < 1000
    assert ax.get_ylim()[1] < 1000


def test_marks_of_a_colour_are_in_a_row_and_dashes_side_by_side():
    both = [grid(), grid()]
    table = {name: np.concatenate([each[name] for each in both]) for name in both[0]}
    table["fleet.main.engine.max_num_seqs"] = np.repeat([16, 64], 6)
    ax = SweepResult(table, [*PATHS, "fleet.main.engine.max_num_seqs"]).plot(TTFT).axes[0]
    one, two = (mark.get_transform().transform([3.5, 1.0]) for mark in marks(ax, "x"))
    assert one[1] == two[1]
    assert one[0] < two[0]


def test_points_beyond_the_budget_are_hollow_and_counted():
    table = grid()
    table["status"][[0, 2]] = "budget"
    table["replications"][2], table[f"simulated.{TTFT}"][2] = 0, np.nan
    page = SweepResult(table, PATHS).plot(TTFT)
    hollow = [line for line in page.axes[0].lines if line.get_markerfacecolor() == "white"]
    known = [(x, y) for line in hollow for x, y in zip(*line.get_data(), strict=True) if y == y]
    assert known == [(1.0, 100.0)]
    said = [text.get_text() for text in page.legends[0].get_texts()]
    assert "fewer replications than asked for; 1 without any" in said


def test_bands_are_the_intervals_in_the_unit_shown():
    ttft, tput = SweepResult(grid(), PATHS).plot([TTFT, TPUT]).axes
    band = ttft.collections[1].get_paths()[0].vertices
    at = {x: sorted({round(y, 6) for px, y in band.tolist() if px == x}) for x in (1.0, 2.0, 3.5)}
    assert at == {1.0: [45.0, 55.0], 2.0: [90.0, 110.0], 3.5: [157.5, 192.5]}
    assert all(not each.get_paths() for each in tput.collections)  # of one replication there is none


def test_a_point_that_does_not_fit_is_marked_so():
    table = grid()
    table["status"][0] = "does_not_fit"
    table[f"simulated.{TTFT}"][0] = np.nan
    page = SweepResult(table, PATHS).plot(TTFT)
    assert [mark.get_xdata().tolist() for mark in marks(page.axes[0], "v")] == [[1.0]]
    assert "does not fit, or failed" in [text.get_text() for text in page.legends[0].get_texts()]


def test_seconds_and_wide_ranges_have_scales_that_fit():
    slow = grid()
    slow[f"simulated.{TTFT}"] = slow[f"simulated.{TTFT}"] * 100
    ax = SweepResult(slow, PATHS).plot(TTFT).axes[0]
    assert (ax.get_ylabel(), ax.get_yscale()) == ("s", "linear")
    slow[f"simulated.{TTFT}"][0] = 0.01
    wide = SweepResult(slow, PATHS).plot(TTFT).axes[0]
    assert wide.get_yscale() == "log"
    assert wide.get_ylim()[0] > 0.005  # neither marks nor ends of intervals stretch it


def test_axes_are_logarithmic_where_they_were_given_so():
    table = grid()
    assert SweepResult(table, PATHS).plot(TTFT).axes[0].get_xscale() == "linear"
    assert SweepResult(table, PATHS, log={RATE}).plot(TTFT).axes[0].get_xscale() == "log"
    assert SweepResult(grid((1.0, 2.0, 4.0)), PATHS).plot(TTFT).axes[0].get_xscale() == "log"


def test_the_axis_asked_for_is_across():
    ax = SweepResult(grid(), PATHS).plot(TTFT, axes=[REPLICAS]).axes[0]
    assert ax.get_xlabel() == "replicas"
    assert len(lines(ax)) == 3


def test_names_stand_beside_each_other_and_are_not_joined():
    table = grid() | {DEVICE: texts(["a", "b"] * 3)}
    del table[REPLICAS]
    ax = SweepResult(table, [DEVICE, RATE]).plot(TTFT, axes=[DEVICE]).axes[0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b"]
    assert {line.get_linestyle() for line in lines(ax)} == {"None"}
    assert len({line.get_xdata()[0] for line in lines(ax)}) == 3


def test_what_moves_with_an_axis_is_none():
    table = grid() | {"fleet.main.purchase.price_usd_per_h": grid()[REPLICAS] * 3.0, "run.seed": np.ones(6)}
    found = layout(table, [*PATHS, "fleet.main.purchase.price_usd_per_h", "run.seed"])
    assert [axis.path for axis in found.axes] == PATHS
    assert found.led == ["fleet.main.purchase.price_usd_per_h"]
    assert found.joined


def test_a_third_axis_is_dashes():
    both = [grid(), grid()]
    table = {name: np.concatenate([each[name] for each in both]) for name in both[0]}
    table["fleet.main.engine.max_num_seqs"] = np.repeat([16, 64], 6)
    page = SweepResult(table, [*PATHS, "fleet.main.engine.max_num_seqs"]).plot(TTFT)
    assert len(lines(page.axes[0])) == 4
    assert {line.get_linestyle() for line in lines(page.axes[0])} == {"-", "--"}
    assert {line.get_marker() for line in lines(page.axes[0])} == {"o", "s"}
    assert "max_num_seqs 64" in [text.get_text() for text in page.legends[0].get_texts()]


def test_the_legend_is_read_row_by_row_and_fits_the_page():
    table = grid(replicas=range(1, 8))
    page = SweepResult(table, PATHS).plot(TTFT, axes=[RATE])
    page.savefig(io.BytesIO(), format="png")  # lays it out
    assert page.legends[0].get_window_extent().x1 <= page.bbox.x1
    places = {text.get_text(): text.get_window_extent() for text in page.legends[0].get_texts()}
    assert places["replicas 1"].y0 == pytest.approx(places["replicas 2"].y0)
    assert places["replicas 1"].x0 < places["replicas 2"].x0
    assert places["replicas 7"].y0 < places["replicas 1"].y0


def test_points_of_a_sample_are_not_joined():
    table = grid()
    table[RATE], table[REPLICAS] = np.arange(6.0), np.array([3, 1, 4, 2, 6, 5])
    found = SweepResult(table, PATHS)
    (line,) = lines(found.plot(TTFT).axes[0])
    assert line.get_linestyle() == "None"
    with pytest.raises(sim.InputError, match="no grid"):
        found.plot_heat(TTFT)


def test_many_levels_are_some_with_both_ends():
    ax = SweepResult(grid(replicas=range(1, 31)), PATHS).plot(TTFT, axes=[RATE]).axes[0]
    assert len(lines(ax)) == 8
    np.testing.assert_allclose(lines(ax)[-1].get_ydata(), np.array([1.0, 2.0, 3.5]) / 30 * 100)


def test_a_heat_map_has_a_cell_a_setting():
    page = SweepResult(grid(), PATHS).plot_heat(TTFT)
    ax = page.axes[0]
    cells = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    np.testing.assert_allclose(cells, [[100.0, 200.0, np.nan], [50.0, 100.0, 175.0]])
    assert [text.get_text() for text in ax.texts] == ["100", "50", "200", "100", "overload", "175"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "3.5"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rate [per s]", "replicas")
    assert page.axes[1].get_ylabel() == "ms"


@pytest.mark.parametrize(
    ("change", "draw", "said"),
    [
        ({RATE: np.ones(6), REPLICAS: np.ones(6)}, lambda found: found.plot(), "no setting varies"),
        ({REPLICAS: np.ones(6), RATE: np.arange(6.0)}, lambda found: found.plot_heat(TTFT), "fewer than two axes"),
        ({"status": texts(["overload"] * 6)}, lambda found: found.plot(), "no point has a figure"),
        ({"status": texts(["overload"] * 6)}, lambda found: found.plot(TTFT), "no point has this figure"),
        ({"status": texts(["error"] * 6)}, lambda found: found.plot_pareto(TTFT, TPUT), "no point has this figure"),
        ({}, lambda found: found.plot("ttft_s.p98"), r"Did you mean 'ttft_s\.p99'"),
        ({}, lambda found: found.plot(TTFT, ["fleet.main.replica"]), r"Did you mean 'fleet\.main\.replicas'"),
        ({}, lambda found: found.plot_pareto(TTFT, f"{REPLICAS}:less"), "no such direction"),
        ({}, lambda found: found.plot_pareto(TTFT, REPLICAS), "say which way"),
    ],
)
def test_what_cannot_be_drawn_is_told(change, draw, said):
    with pytest.raises(sim.InputError, match=said):
        draw(SweepResult(grid() | change, PATHS))
