"""Generated arrivals against theory: rate, dispersion of counts by window, correlation, gaps.

Every figure is estimated in independent replications; the interval is Student's at 99.98% over them, since some 200
figures are looked at, and it must be narrow, or it would hold anything. Theory's mean stands in the estimates of
variances, so that they are unbiased.
"""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import integrate, stats

from infersim.rng import stream
from infersim.spec.arrivals import Arrivals
from infersim.workload.arrivals import times
from tests.theory.arrival_points import COURSES, STATIONARY, Course, Point, clients

REPLICATIONS = 40
ARRIVALS = 25_000
WINDOWS = 50
"""At least so many of the widest windows a replication."""


def replications(spec: dict, until_s: float, count: int = REPLICATIONS) -> list[np.ndarray]:
    parsed = TypeAdapter(Arrivals).validate_python(spec)
    return [times(parsed, stream(seed, "theory"), None, until_s) for seed in range(count)]


def holds(estimates, expected: float, narrow: float) -> None:
    """The expected value lies in the mean's interval, which is at most so wide to each side."""
    margin = stats.t.ppf(0.9999, len(estimates) - 1) * np.std(estimates, ddof=1) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - expected) <= margin + 1e-9 * abs(expected)
    assert margin <= narrow


@pytest.fixture(scope="module")
def counted():
    """Counts of each point in windows of each width, by replication; made once."""
    made: dict[str, dict[float, np.ndarray]] = {}

    def of(name: str) -> dict[float, np.ndarray]:
        if name not in made:
            made[name] = _counts(STATIONARY[name])
        return made[name]

    return of


def _counts(point: Point) -> dict[float, np.ndarray]:
    span_s = max(ARRIVALS / point.rate_per_s, WINDOWS * max(point.windows_s))
    runs = replications(point.spec, span_s)
    found = {}
    for width in point.windows_s:
        edges = width * np.arange(math.floor(span_s / width * (1 + 1e-9)) + 1)
        found[width] = np.array([np.diff(np.searchsorted(run, edges)) for run in runs])
    return found


@pytest.mark.parametrize("name", STATIONARY)
def test_rates(counted, name):
    point = STATIONARY[name]
    for width, counts in counted(name).items():
        holds(counts.mean(axis=1) / width, point.rate_per_s, 0.1 * point.rate_per_s)
        holds(counts[:, 0], point.rate_per_s * width, math.inf)  # from time 0 on


@pytest.mark.parametrize("name", STATIONARY)
def test_dispersion_of_counts_by_window(counted, name):
    point = STATIONARY[name]
    for width, counts in counted(name).items():
        mean = point.rate_per_s * width
        dispersion = ((counts - mean) ** 2).mean(axis=1) / mean
        holds(dispersion, point.dispersion(width), 0.25 * point.dispersion(width))


@pytest.mark.parametrize("name", STATIONARY)
def test_correlation_of_adjacent_counts(counted, name):
    point = STATIONARY[name]
    for width, counts in counted(name).items():
        off = counts - point.rate_per_s * width
        correlation = (off[:, 1:] * off[:, :-1]).mean(axis=1) / point.variance(width)
        holds(correlation, point.next_correlation(width), 0.15)


@pytest.mark.parametrize("name", ["mmpp calm and busy", "mmpp on and off", "mmpp fast"])
def test_gaps_of_two_states_by_their_phase_type_form(name):
    """E[Xᵏ] = k! φ Mᵏ 1 and E[X₁X₂] = φ M² Λ M 1: M = (Λ − Q)⁻¹, φ ∝ π Λ the state that an arrival leaves behind."""
    point = STATIONARY[name]
    rates, stays = np.array([[each["rate_per_s"], each["mean_s"]] for each in point.spec["states"]]).T
    jumps = 1 / stays
    generator = np.array([[-jumps[0], jumps[0]], [jumps[1], -jumps[1]]])
    inverse, ones = np.linalg.inv(np.diag(rates) - generator), np.ones(2)
    seen = stays * rates / (stays @ rates)
    square = 2 * seen @ inverse @ inverse @ ones
    product = seen @ inverse @ inverse @ np.diag(rates) @ inverse @ ones
    gaps = [np.diff(run) for run in replications(point.spec, ARRIVALS / point.rate_per_s)]
    holds([each.mean() for each in gaps], 1 / point.rate_per_s, 0.1 / point.rate_per_s)
    holds([(each**2).mean() for each in gaps], square, 0.1 * square)
    holds([(each[1:] * each[:-1]).mean() for each in gaps], product, 0.25 * product)


@pytest.mark.parametrize("cv", [0.3, 2.0, 4.0])
@pytest.mark.parametrize("family", ["gamma", "weibull"])
def test_cv_of_a_clients_gaps(family, cv):
    spec = {"kind": "clients", "clients": [{"rate_per_s": 5.0, "cv": cv, "family": family}]}
    gaps = [np.diff(run) for run in replications(spec, ARRIVALS / 5.0)]
    holds([(each**2).mean() * 25 for each in gaps], 1 + cv**2, 0.2 * (1 + cv**2))


@pytest.mark.parametrize("branching", [0.5, 0.8])
def test_a_hawkes_process_tends_to_its_asymptotic_dispersion(branching):
    width, rate = 400.0, 5.0  # 400 and 160 relaxation times
    spec = {"kind": "hawkes", "rate_per_s": rate, "branching": branching, "decay_s": 0.5}
    counts = np.array([run.size for run in replications(spec, width, count=400)])
    dispersion = (counts - rate * width) ** 2 / (rate * width)
    holds(dispersion, 1 / (1 - branching) ** 2, 0.4 / (1 - branching) ** 2)


@pytest.mark.parametrize("name", COURSES)
def test_counts_follow_the_rate(name):
    course = COURSES[name]
    counts, expected = _course(course, course.spec)
    for window, mean in enumerate(expected):
        if mean == 0.0:
            assert not counts[:, window].any()
            continue
        holds(counts[:, window], mean, 0.2 * mean)
        holds((counts[:, window] - mean) ** 2 / mean, 1.0, 0.5)  # Poisson


@pytest.mark.parametrize("name", ["piecewise", "sinusoidal to zero"])
@pytest.mark.parametrize("cv", [0.5, 2.0])
def test_bursts_by_expected_arrivals(name, cv):
    course = COURSES[name]
    counts, expected = _course(course, course.spec | {"cv": cv})
    for window, mean in enumerate(expected):
        holds(counts[:, window], mean, 0.4 * mean)
    whole = expected.sum()  # Cox's constant: 1/6 − cv⁴/6
    holds((counts.sum(axis=1) - whole) ** 2 / whole, cv**2 + (1 - cv**4) / (6 * whole), 0.5 * cv**2)


def _course(course: Course, spec: dict) -> tuple[np.ndarray, np.ndarray]:
    """Counts by replication and window, and the integral of the rate by window."""
    runs = replications(spec, course.until_s, count=400)
    counts = np.array([np.diff(np.searchsorted(run, course.edges_s)) for run in runs])
    pairs = zip(course.edges_s, course.edges_s[1:], strict=False)
    return counts, np.array([integrate.quad(course.rate, a, b, limit=400, epsabs=1e-7)[0] for a, b in pairs])


def test_many_clients_are_burstier_than_one_stream_of_their_mean_cv():
    """Why clients are generated one by one: variances add up by rate times cv², not by the mean cv."""
    each = [(40.0, 3.0)] + [(1.0, 1.0)] * 40
    together = clients(*each, windows=(60.0,))
    mean_cv = sum(cv for _, cv in each) / len(each)
    assert together.dispersion(60.0) > 4 * mean_cv**2
    counts = np.array([run.size for run in replications(together.spec, 60.0, count=400)])
    holds((counts - 80 * 60) ** 2 / (80 * 60), together.dispersion(60.0), 0.5 * together.dispersion(60.0))


@pytest.mark.parametrize(("jitter", "variance"), [("uniform", 0.3**2 / 3), ("normal", 0.3**2)])
def test_jitter_of_a_sensor(jitter, variance):
    """A gap is the period and the difference of two deviations, and the next gap is as much shorter."""
    spec = {"kind": "sensors", "period_s": 10.0, "jitter_s": 0.3, "jitter": jitter}
    gaps = [np.diff(run) - 10.0 for run in replications(spec, 20_000.0)]
    holds([each.mean() for each in gaps], 0.0, 1e-3)
    holds([(each**2).mean() for each in gaps], 2 * variance, 0.1 * variance)
    holds([(each[1:] * each[:-1]).mean() for each in gaps], -variance, 0.1 * variance)


@pytest.mark.parametrize("phase", ["random", "together"])
def test_jitter_beyond_the_period_loses_no_report(phase):
    """Reports due before the beginning reach into it as those of it reach beyond."""
    spec = {"kind": "sensors", "period_s": 2.0, "devices": 20, "jitter_s": 3.0, "phase": phase}
    holds([run.size for run in replications(spec, 4.0, count=300)], 40.0, 1.0)


def test_sensors_report_in_each_period_once():
    spec = {"kind": "sensors", "period_s": 10.0, "devices": 7}
    for run in replications(spec, 1000.0, count=5):
        np.testing.assert_allclose(run[7:] - run[:-7], 10.0)
        assert run.size == 700
    together = replications(spec | {"phase": "together"}, 25.0, count=1)[0]
    assert together.tolist() == [0.0] * 7 + [10.0] * 7 + [20.0] * 7
