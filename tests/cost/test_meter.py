"""What a pool costs."""

import pytest

from infersim.cost.meter import bill
from infersim.spec.fleet import Purchase

PRICE = Purchase(price_usd_per_h=2.5, source="a price list, 2026-01")


def test_devices_are_paid_by_the_hour_whatever_they_do():
    cost = bill(PRICE, devices=8, span_s=1800.0, requests=4000, output_tokens=500_000)
    assert cost == {
        "usd_total": pytest.approx(2.5 * 8 / 2),
        "usd_per_request": pytest.approx(10.0 / 4000),
        "usd_per_million_output_tokens": pytest.approx(10.0 / 0.5),
        "price_usd_per_h": 2.5,
        "price_source": "a price list, 2026-01",
    }


def test_no_price_no_cost():
    assert bill(Purchase(), 8, 1800.0, 4000, 500_000) is None


def test_what_is_free_costs_nothing():
    assert bill(Purchase(price_usd_per_h=0.0), 8, 1800.0, 4000, 500_000)["usd_per_request"] == 0.0


def test_nothing_done_has_no_cost_per_request_or_token():
    cost = bill(PRICE, 1, 3600.0, 0, 0)
    assert cost["usd_total"] == 2.5
    assert cost["usd_per_request"] is None
    assert cost["usd_per_million_output_tokens"] is None
