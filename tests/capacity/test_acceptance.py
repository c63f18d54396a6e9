"""`curve` held to scans of 60 rates (`python -m benchmarks.capacity` makes their table): capacities and effort."""

import pytest

import infersim as sim
from benchmarks import capacity

TABLE = capacity.read()


def test_the_scans_are_whole_and_of_the_committed_scenarios():
    scenarios = {path.stem for path in (capacity.HERE / "scenarios").glob("*.yaml")}
    assert scenarios == {*TABLE} == {*capacity.SCANS}
    assert {len(rows) for rows in TABLE.values()} == {capacity.RATES}
    seeds = [range(int(row["first_seed"]), int(row["first_seed"]) + int(row["replications"])) for row in TABLE["chat"]]
    assert len({seed for each in seeds for seed in each}) == capacity.RATES * capacity.REPLICATIONS


@pytest.mark.parametrize("name", sorted(capacity.SCANS))
def test_a_curve_finds_the_capacity_within_3_percent_with_a_fifth_of_the_requests(name):
    """Of those of the committed scan, 60 rates of 12 runs; one run a rate would take at least half of the curve's."""
    found = sim.curve(capacity.HERE / "scenarios" / f"{name}.yaml", points=0)
    assert found.capacity_requests_per_s == pytest.approx(capacity.capacity_of(TABLE[name]), rel=0.03)
    scan = sum(int(row["requests"]) for row in TABLE[name])
    assert found.summary()["simulated_requests"] <= scan / 5
    assert found.summary()["simulated_requests"] <= 2 * scan / capacity.REPLICATIONS
    assert found.summary()["limited_by"] == ("saturation" if name == "offline" else "slo")


def test_a_row_of_the_scan_is_what_its_command_makes():
    cheapest = min(range(capacity.RATES), key=lambda number: int(TABLE["batches"][number]["requests"]))
    again = capacity.measure("batches", cheapest)
    row = TABLE["batches"][cheapest]
    for column in ("rate_per_s", "margin", "served_per_s"):
        assert again[column] == pytest.approx(float(row[column]), rel=1e-5, abs=1e-9)
