"""Power fitted to runs: coefficients put in come out again, and a table of runs becomes a block of a profile."""

import csv

import numpy as np
import pytest

from infersim.calibrate import power
from infersim.errors import InputError
from infersim.load.yaml12 import parse
from infersim.simulate import simulate
from infersim.spec.hardware import DynamicPower

IDLE_W, LIMIT_W = 98.0, 700.0
TRUE = (60.0, 0.9e-12, 1.2e-10)


def runs(count=200, noise=0.0, seed=1) -> power.Runs:
    """Runs whose power follows the rule, those that the limit cuts among them."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"run {i}" for i in range(count))
    busy, flops, moved = rng.uniform(0.3, 1.0, count), rng.uniform(0, 6e14, count), rng.uniform(2e11, 3e12, count)
    free = TRUE[0] + TRUE[1] * flops + TRUE[2] * moved
    watts = IDLE_W + busy * np.minimum(free, LIMIT_W - IDLE_W)
    return power.Runs(ids, busy, flops, moved, watts * np.exp(noise * rng.standard_normal(count)))


def coefficients(fitted: dict) -> list[float]:
    return [fitted[name] for name in power.COEFFICIENTS]


def test_coefficients_put_into_runs_come_out_again_beside_those_that_the_limit_cuts():
    given = runs()
    assert (power.predicted_w(given, TRUE, IDLE_W, 1e9) > given.power_w * 1.01).any()
    fitted = power.fit(given, IDLE_W, LIMIT_W)
    assert coefficients(fitted) == pytest.approx(TRUE, rel=5e-3)
    assert fitted["median_error"] < 1e-3
    assert fitted["points"] == 200


def test_errors_are_those_of_the_half_that_was_kept_out():
    given = runs(noise=0.1)
    fitted = power.fit(given, IDLE_W, LIMIT_W)
    held = given.where(given.kept_out)
    assert 0.35 < len(held.ids) / len(given.ids) < 0.65
    off = np.abs(power.predicted_w(held, coefficients(fitted), IDLE_W, LIMIT_W) / held.power_w - 1)
    assert fitted["median_error"] == pytest.approx(np.median(off), abs=2e-3)
    assert 0.04 < fitted["median_error"] < 0.1  # the median of |N(0, 0.1)| is 0.067
    # what is kept out has no say
    loud = power.Runs(given.ids, given.busy, given.flops_per_s, given.bytes_per_s, given.power_w * (1 + given.kept_out))
    assert coefficients(power.fit(loud, IDLE_W, LIMIT_W)) == coefficients(fitted)


def test_a_term_that_explains_nothing_is_left_out():
    given = runs()
    flat = power.Runs(given.ids, given.busy, given.flops_per_s, given.bytes_per_s, IDLE_W + given.busy * 150.0)
    fitted = power.fit(flat, IDLE_W, LIMIT_W)
    assert fitted["active"] == pytest.approx(150.0, rel=1e-2)
    assert fitted["joules_per_flop"] * 6e14 + fitted["joules_per_byte"] * 3e12 < 2.0


def test_too_few_runs_are_refused():
    with pytest.raises(InputError, match="5 runs do not suffice"):
        power.fit(runs(5), IDLE_W, LIMIT_W)


BASE = """
workload:
  load:
    arrivals: {kind: closed_loop}
    prompt_tokens: {kind: fixed, value: 200}
    output_tokens: {kind: fixed, value: 50}
fleet: {main: {model: llama-3.1-8b, device: h100-sxm-80gb}}
run: {requests: 200, warmup: auto, until: horizon}
"""


def test_a_table_of_runs_becomes_a_block_of_a_profile(tmp_path, capsys):
    # The power of these runs is what infersim itself says, so a fit finds it again.
    (tmp_path / "table.base.yaml").write_text(BASE)
    names = (
        "id",
        "note",
        "workload.load.arrivals.clients",
        "run.seed",
        f"measured.{power.MEASURED}",
        "measured.ttft_s.mean",
    )
    with open(tmp_path / "table.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(names)
        for clients in (1, 2, 4, 8, 16, 24, 32, 48):
            for seed in (1, 2, 3):
                settings = {"workload.load.arrivals.clients": clients, "run.seed": seed}
                figures = simulate(tmp_path / "table.base.yaml", settings).summary()
                watts = figures["energy"]["device_power_w"]["mean"]
                table.writerow((f"{clients}-{seed}", "", clients, seed, watts, 1.0))
        table.writerow(("too few", "", -1, 1, 400.0, 1.0))
        table.writerow(("left out", "doubtful", 4, 1, 1.0, 1.0))
        table.writerow(("no power", "", 4, 1, "", 1.0))
    arguments = ["--device", "h100-sxm-80gb", "--where", "note IS NULL", "--source", "a test", "--date", "2026-11-25"]
    assert power.main([str(tmp_path / "table.csv"), *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("left out: too few:")
    block, _ = parse(printed.out, "the fit")
    dynamic = DynamicPower.model_validate(block["dynamic"])
    assert dynamic.fit.points == 24
    assert dynamic.fit.median_error < 0.02
    assert dynamic.confidence == "measured"
