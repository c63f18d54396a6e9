"""A result table on terminals of any width: what gives way, what stays, and figures of an overload in brackets."""

from __future__ import annotations

import numpy as np
import pytest

from infersim.text.sweep_table import chosen_lines, lines
from tests.plots.tables import DEVICE, RATE, REPLICAS, texts

PRICE, SEQS = "fleet.main.purchase.price_usd_per_h", "fleet.main.engine.max_num_seqs"
PATHS = [REPLICAS, RATE, DEVICE, PRICE, SEQS]
FIGURES = {
    "ttft_s.p99": [0.1072, 0.183, 87.98, 0.092],
    "goodput.fraction": [1.0, 0.9994, 0.0005, 1.0],
    "cost.usd_per_million_output_tokens": [0.68, 0.22, 0.17, 1.36],
    "tpot_s.p99": [0.015, 0.04, 0.4, 0.011],
    "throughput.output_tokens_per_s": [1222.0, 3700.0, 4800.0, 1222.0],
}


def wide() -> dict[str, np.ndarray]:
    """Four points of five settings and a name, the third overloaded."""
    table = {
        "point": np.arange(4),
        "name": texts(["small batches", "small batches", "large batches", "large batches"]),
        REPLICAS: np.array([1, 2, 1, 2]),
        RATE: np.array([10.0, 18.1712, 10.0, 18.1712]),
        DEVICE: texts(["h100-sxm-80gb", "l40s-48gb"] * 2),
        PRICE: np.array([3.0, 1.2, 3.0, 1.2]),
        SEQS: np.array([64, 64, 512, 512]),
        "status": texts(["ok", "ok", "overload", "ok"]),
        "reason": texts([None, None, "overload: " + "arrivals outran service, " * 10, None]),
    }
    for name, values in FIGURES.items():
        table[f"simulated.{name}"] = np.array(values)
        table[f"ci95_high.{name}"] = np.array(values) * 1.1
    return table


def shown(width: int, **more: object) -> list[str]:
    return lines(wide(), PATHS, width, 40, [PRICE, SEQS], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_status_and_the_figures_that_matter_are_there_at_any_width(width):
    found = shown(width)
    assert max(map(len, found)) <= width
    head = " ".join(" ".join(line.split()) for line in found[: [line[:1] for line in found].index("0")])
    for said in ("TTFT", "SLO", "USD/M", "tokens", "replicas", "rate", "per s", "device", "status", "ms", "%"):
        assert said in head, said
    overloaded = next(line for line in found if line.startswith("2 "))
    assert overloaded.endswith("overload")


def test_what_only_moves_with_another_gives_way_first_and_is_named():
    assert "max_num_seqs" in shown(200)[1]
    told = " ".join(shown(120))
    assert f"no room for {PRICE}, {SEQS}" in told
    assert "max_num_seqs" not in " ".join(shown(120)[:4])
    assert "± intervals" in " ".join(shown(80))


def test_texts_are_cut_only_where_they_stay_different():
    cut = shown(80)
    assert "small b…" in " ".join(cut)
    assert "h100-sx…" in " ".join(cut)
    table = wide() | {DEVICE: texts(["h100-sxm-80gb", "h100-sxm-94gb"] * 2)}
    assert "h100-sxm-94…" in " ".join(lines(table, PATHS, 80, 40, [PRICE, SEQS]))


def test_a_column_has_one_unit_and_figures_of_an_overload_are_in_brackets():
    rows = {line[0]: line for line in shown(200) if line[:1].isdigit()}
    assert "107.2 ± 11" in rows["0"]
    assert "183.0 ± 18" in rows["1"]
    assert "(87,980.0)" in rows["2"]
    assert "±" not in rows["2"]
    assert "18.2" in rows["1"]  # as in pictures
    assert any(line.startswith("(…): overload, no steady state") for line in shown(200))
    steady = wide() | {"status": texts(["ok"] * 4)}
    assert "(…)" not in " ".join(lines(steady, PATHS, 200, 40))


def test_a_cost_at_the_price_of_another_device_is_marked():
    table = {key: value for key, value in wide().items() if not key.startswith("ci95")}
    found = [line.split() for line in lines(table, [DEVICE], 200, 40, stale=[False, True, False, True])]
    assert [cell for row in found for cell in row if cell.endswith("*")] == ["0.2200*", "1.3600*"]


def test_columns_asked_for_have_headings_units_and_fit():
    found = chosen_lines(wide(), PATHS, [REPLICAS, "simulated.ttft_s.p99", "reason", "status"], 80)
    assert found[0].split() == ["replicas", "TTFT", "p99", "reason", "status"]
    assert found[1].split() == ["ms"]
    assert max(map(len, found)) <= 80
    assert found[4].split()[:2] == ["1", "(87,980.0)"]
    ends = chosen_lines(wide(), PATHS, ["ci95_high.tpot_s.p99"], 80)
    assert [line.strip() for line in ends][-5:-1] == ["16.50", "44.00", "440.00", "12.10"]


def test_a_quoted_text_is_shown_plain():
    table = {"point": np.arange(2), "run.duration_s": texts(['"1min"', '"2min"']), "status": texts(["ok", "ok"])}
    assert lines(table, ["run.duration_s"], 80, 10)[-2].split() == ["0", "1min"]
