"""A price that stays while the device under it changes: told by the sweep, in its folder, and marked in the row."""

from __future__ import annotations

import json

import numpy as np
import pytest

import infersim as sim
from infersim.sweep.prices import stale_prices
from tests.plots.tables import texts
from tests.sweep.studies import SCENARIO, STUDY, write

DEVICE, PRICE = "fleet.main.device", "fleet.main.purchase.price_usd_per_h"
PRICED = SCENARIO.replace("device: h100-sxm-80gb}", "device: h100-sxm-80gb, purchase: {price_usd_per_h: 3}}")
AXES = STUDY[: STUDY.index("axes:")]
SCENARIO_OF = {"fleet": {"main": {"device": "a", "purchase": {"price_usd_per_h": 3}}}}


def test_a_device_that_is_swept_alone_is_told(infersim, tmp_path):
    path = write(tmp_path, AXES + f"axes:\n  {DEVICE}: [h100-sxm-80gb, l40s-48gb]\n", PRICED)
    found = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1)
    again = infersim("results", tmp_path / "out")
    for shown in (found.out, again.out):
        told = " ".join(shown.split())
        assert "warning: fleet.main: the device is l40s-48gb at some points, and the price of 3 USD" in told
        assert f"vary {PRICE}" in told
        rows = [line for line in shown.splitlines() if line[:1].isdigit()]
        assert [row.count("*") for row in rows] == [0, 1]
    as_json = json.loads(infersim("sweep", path, "--out", tmp_path / "out", "--json").out)
    assert len(as_json["warnings"]) == 1
    columns = f"{DEVICE},cost.usd_per_million_output_tokens"
    assert "warning: fleet.main" in infersim("results", tmp_path / "out", "--columns", columns).out
    assert "warning" not in infersim("results", tmp_path / "out", "--columns", f"{DEVICE},ttft_s.p99").out


def test_a_device_with_its_price_is_no_matter(infersim, tmp_path):
    study = AXES + f"zip:\n  {DEVICE}: [h100-sxm-80gb, l40s-48gb]\n  {PRICE}: [3, 1.2]\n"
    found = infersim("sweep", write(tmp_path, study, PRICED), "--out", tmp_path / "out", "--jobs", 1)
    assert "warning" not in found.out
    assert "*" not in found.out


def test_a_device_laid_over_all_points_is_told_as_run_tells_it(infersim, tmp_path):
    path = write(tmp_path, scenario=PRICED)
    swept = infersim("sweep", path, "--set", f"{DEVICE}=l40s-48gb", "--out", tmp_path / "out", "--jobs", 1)
    said = "the device was set to l40s-48gb, and the price of 3 USD an hour stayed"
    assert said in " ".join(swept.out.split())
    assert said in " ".join(infersim("results", tmp_path / "out").out.split())


def test_python_tells_it_too(tmp_path):
    write(tmp_path, scenario=PRICED)
    found = sim.sweep(tmp_path / "tiny.yaml", {DEVICE: ["h100-sxm-80gb", "l40s-48gb"]})
    assert len(found.warnings) == 1
    assert "the price of 3 USD an hour stayed" in found._repr_html_()


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ({DEVICE: texts(["a", "b", None])}, [False, True, False]),
        ({DEVICE: texts(["a", "b", "c"]), PRICE: np.array([np.nan, 2.0, np.nan])}, [False, False, True]),
        ({DEVICE: texts(["a", "b", "c"]), PRICE: np.array([1, 2, 3])}, None),
        ({DEVICE: texts(["b", "b", "b"]), "fleet.main.purchase": texts([None, "{}", None])}, [True, False, True]),
        ({"fleet.main.replicas": np.arange(3)}, None),
    ],
)
def test_rows_whose_price_is_anothers(columns, rows):
    assert [each.rows.tolist() for each in stale_prices(columns, SCENARIO_OF)] == ([] if rows is None else [rows])
    assert not [*stale_prices(columns, {"fleet": {"main": {"device": "a"}}})]
