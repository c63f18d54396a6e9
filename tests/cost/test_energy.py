"""Power of a device: its terms, its limit, and what stands in for what was not measured."""

import numpy as np
import pytest

from infersim.cost import energy
from infersim.load import list_profiles, load_profile
from infersim.spec.hardware import Device

POWER = energy.Power(limit_w=100.0, idle_w=10.0, active_w=20.0, joules_per_flop=0.5, joules_per_byte=2.0, origin={})


def test_power_is_idle_active_and_work_up_to_the_limit():
    assert POWER.device_w(0.0, 0.0) == 30.0
    assert POWER.device_w(40.0, 10.0) == 10 + 20 + 0.5 * 40 + 2 * 10
    assert POWER.device_w(400.0, 10.0) == 100.0


def test_the_limit_binds_each_step_and_not_their_mean():
    # Two devices, two steps of 2 s: one without work at 30 W, one that would draw 30 + 0.5 · 800/4 = 130 W a device.
    joules = POWER.step_joules(2, np.array([0.0, 800.0]), np.zeros(2), np.array([2.0, 2.0]))
    assert joules.tolist() == [30 * 4, 100 * 4]


def device(name, limit, idle=None, dynamic=None, peak=1000.0, bandwidth=100.0) -> Device:
    about = {"source": "a test", "date": "2026", "confidence": "spec-sheet"}
    power = {"limit": limit, "idle": idle, "dynamic": dynamic} | about
    return Device.model_validate(
        {
            "schema": "infersim/device/1",
            "name": name,
            "full_name": name,
            "maker": "a test",
            "kind": "gpu",
            "year": 2026,
            "memory": {"bytes": 1e9, "bandwidth_bytes_per_s": bandwidth} | about,
            "peak_flops": {"bf16": peak, "fp8": 2 * peak} | about,
            "power_w": power if limit else None,
        }
    )


DYNAMIC = {"active": 30.0, "joules_per_flop": {"bf16": 0.2}, "joules_per_byte": 0.4, "confidence": "measured"}
MEASURED = device("measured", 400.0, 40.0, DYNAMIC)


def test_a_measured_device_has_its_own_numbers():
    power = energy.of(MEASURED, "bf16")
    assert (power.limit_w, power.idle_w, power.active_w) == (400.0, 40.0, 30.0)
    assert (power.joules_per_flop, power.joules_per_byte) == (0.2, 0.4)
    assert power.origin == {"device": "measured", "confidence": "measured"}


def test_a_flop_of_another_type_costs_in_the_proportion_of_the_peaks():
    assert energy.of(MEASURED, "fp16").joules_per_flop == 0.2  # the same units
    assert energy.of(MEASURED, "fp8").joules_per_flop == pytest.approx(0.1)
    both = device("both", 400.0, 40.0, DYNAMIC | {"joules_per_flop": {"bf16": 1.0, "fp8": 0.7}})
    assert energy.of(both, "fp8").joules_per_flop == 0.7


def test_what_is_not_stated_is_the_references_share_of_the_limit():
    # Half the limit, twice the peak, a quarter of the bandwidth.
    other = device("other", 200.0, peak=2000.0, bandwidth=25.0)
    power = energy.of(other, "bf16", MEASURED)
    assert (power.idle_w, power.active_w) == (20.0, 15.0)
    assert power.joules_per_flop * 2000 == pytest.approx(0.5 * 0.2 * 1000)  # at peak, half of what it is there
    assert power.joules_per_byte * 25 == pytest.approx(0.5 * 0.4 * 100)
    assert power.origin["confidence"] == "derived"
    assert "measured" in power.origin["source"]
    assert energy.of(device("idles", 200.0, 33.0), "bf16", MEASURED).idle_w == 33.0


def test_without_a_limit_or_a_reference_nothing_is_said():
    assert energy.of(device("silent", None), "bf16", MEASURED) is None
    assert energy.of(device("other", 200.0), "bf16") is None
    assert energy.account(None, 1, 1.0, 1.0, 1.0, 1.0, 1, 1.0) is None


@pytest.mark.parametrize("name", list_profiles("device"))
def test_every_device_idles_below_what_it_draws_at_work(name):
    profile, reference = load_profile("device", name), load_profile("device", "h100-sxm-80gb")
    power = energy.of(profile, "bf16", reference)
    if profile.power_w is None:
        assert power is None
        return
    idle, working = power.device_w(0.0, 0.0), power.device_w(1e30, 1e30)
    assert 0 < power.idle_w <= idle < working == power.limit_w
