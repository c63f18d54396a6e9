"""Arrivals of every kind with what theory says of their counts: mean rate, and variance of the count by window.

The variance of a stationary process's count in a window w is m w + 2 ∫ (w − s) c(s) ds over 0 < s < w, with m its rate
and c the covariance density of its arrivals; where c is a sum of a·exp(−g s), that is
m w + 2 Σ a (w/g − (1 − e^(−g w))/g²).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """A process and its theory.

    Attributes:
        spec: as in a scenario.
        rate_per_s: mean.
        variance: of the count in a window [s], in a stationary process.
        windows_s: to look at.
    """

    spec: dict
    rate_per_s: float
    variance: Callable[[float], float]
    windows_s: tuple[float, ...]

    def dispersion(self, window_s: float) -> float:
        """Index of dispersion for counts: variance over mean."""
        return self.variance(window_s) / (self.rate_per_s * window_s)

    def next_correlation(self, window_s: float) -> float:
        """Correlation of the counts of two adjacent windows."""
        return self.variance(2 * window_s) / (2 * self.variance(window_s)) - 1.0


def decaying(rate: float, amounts, decays) -> Callable[[float], float]:
    """Variance of counts whose covariance density is a sum of exponentials."""
    return lambda w: (
        rate * w + 2 * sum(a * (w / g + math.expm1(-g * w) / g**2) for a, g in zip(amounts, decays, strict=True))
    )


def renewal_variance(rate: float, cv: float, skewed: float) -> Callable[[float], float]:
    """Cox's: of a stationary renewal process in a window of many gaps, cv² r w + 1/6 + cv⁴/2 − κ/3.

    Args:
        skewed: κ, the third central moment of a gap of mean 1.
    """
    return lambda w: cv**2 * rate * w + 1 / 6 + cv**4 / 2 - skewed / 3


def gamma_variance(rate: float, cv: float) -> Callable[[float], float]:
    return renewal_variance(rate, cv, 2 * cv**4)


def weibull_variance(rate: float, power: float) -> tuple[float, Callable[[float], float]]:
    """By one over the shape: the cv of the gaps, and the variance of counts."""
    first, second, third = (math.gamma(1 + k * power) for k in (1, 2, 3))
    cv = math.sqrt(second / first**2 - 1)
    return cv, renewal_variance(rate, cv, third / first**3 - 3 * second / first**2 + 2)


def poisson(rate: float) -> Point:
    return Point({"kind": "poisson", "rate_per_s": rate}, rate, lambda w: rate * w, (1.0, 10.0))


def gamma(rate: float, cv: float, *gaps: float) -> Point:
    windows = tuple(gap / rate for gap in gaps)
    return Point({"kind": "gamma", "rate_per_s": rate, "cv": cv}, rate, gamma_variance(rate, cv), windows)


def weibull(rate: float, power: float, *gaps: float) -> Point:
    cv, variance = weibull_variance(rate, power)
    spec = {"kind": "weibull", "rate_per_s": rate, "cv": cv}
    return Point(spec, rate, variance, tuple(gap / rate for gap in gaps))


def mmpp(*states: tuple[float, float], windows: tuple[float, ...]) -> Point:
    """States (rate, mean stay). The intensity's covariance π r (e^{Qs} − 1π) r is that of Q's eigenvalues."""
    rates, stays = np.array(states).T
    many = len(rates)
    generator = (np.full((many, many), 1 / (many - 1)) - np.eye(many) * many / (many - 1)) / stays[:, None]
    share = stays / stays.sum()
    values, right = np.linalg.eig(generator)
    amounts = (share * rates) @ right * (np.linalg.inv(right) @ rates)
    decays = -values.real
    slow = decays > 1e-9 * decays.max()  # but the stationary one
    rate = float(share @ rates)
    spec = {"kind": "mmpp", "states": [{"rate_per_s": r, "mean_s": s} for r, s in states]}
    return Point(spec, rate, decaying(rate, amounts.real[slow], decays[slow]), windows)


def hawkes(rate: float, branching: float, decay: float, windows: tuple[float, ...]) -> Point:
    """Covariance density r n (2 − n) / (2 d (1 − n)) · exp(−(1 − n) s / d) (Hawkes 1971)."""
    n = branching
    amount = rate * n * (2 - n) / (2 * decay * (1 - n))
    spec = {"kind": "hawkes", "rate_per_s": rate, "branching": n, "decay_s": decay}
    return Point(spec, rate, decaying(rate, [amount], [(1 - n) / decay]), windows)


def clients(*each: tuple[float, float], windows: tuple[float, ...], total: float | None = None) -> Point:
    """Gamma clients (rate, cv): variances add up."""
    scale = 1.0 if total is None else total / sum(rate for rate, _ in each)
    parts = [gamma_variance(scale * rate, cv) for rate, cv in each]
    spec = {"kind": "clients", "clients": [{"rate_per_s": rate, "cv": cv} for rate, cv in each]}
    spec |= {} if total is None else {"rate_per_s": total}
    return Point(spec, scale * sum(rate for rate, _ in each), lambda w: sum(part(w) for part in parts), windows)


def population(rate: float, many: int, exponent: float, cv: float, windows: tuple[float, ...]) -> Point:
    weights = [(k + 1) ** -exponent for k in range(many)]
    parts = [gamma_variance(rate * weight / sum(weights), cv) for weight in weights]
    spec = {"kind": "population", "rate_per_s": rate, "clients": many, "exponent": exponent, "cv": cv}
    return Point(spec, rate, lambda w: sum(part(w) for part in parts), windows)


def sensors(devices: int, period: float, windows: tuple[float, ...], loss=0.0, up=0.0, down=0.0, **more) -> Point:
    """Windows of k periods: k reports of each device, in each of which it works or not, lost or not.

    Works: a two-state chain with correlation exp(−j D (1/u + 1/v)) at j periods; lost ones thin it.
    """
    works = up / (up + down) if up else 1.0
    kept = 1.0 - loss
    stays = math.exp(-period / up - period / down) if up else 0.0

    def variance(w: float) -> float:
        k = round(w / period)
        chain = works * (1 - works) * (k + 2 * sum((k - j) * stays**j for j in range(1, k)))
        return devices * (kept**2 * chain + kept * loss * works * k)

    spec = {"kind": "sensors", "devices": devices, "period_s": period, "loss": loss, **more}
    spec |= {"outage_every_s": up, "outage_s": down} if up else {}
    return Point(spec, devices / period * kept * works, variance, windows)


STATIONARY = {
    "poisson": poisson(7.0),
    "gamma 0.4": gamma(5.0, 0.4, 50, 200),
    "gamma 2": gamma(5.0, 2.0, 400, 1000),
    "gamma 4": gamma(20.0, 4.0, 1000, 3000),
    "weibull 0.5": weibull(5.0, 0.5, 50, 200),
    "weibull 2": weibull(5.0, 1.8, 500, 1000),
    "mmpp calm and busy": mmpp((2.0, 20.0), (20.0, 5.0), windows=(1.0, 10.0, 60.0)),
    "mmpp on and off": mmpp((0.0, 3.0), (30.0, 1.0), windows=(0.3, 3.0, 30.0)),
    "mmpp fast": mmpp((1.0, 0.05), (40.0, 0.02), windows=(0.05, 1.0, 5.0)),
    "mmpp of alike states": mmpp((6.0, 5.0), (6.0, 1.0), windows=(1.0, 10.0)),
    "mmpp of three": mmpp((1.0, 8.0), (10.0, 4.0), (40.0, 1.0), windows=(1.0, 10.0, 60.0)),
    "mmpp of four": mmpp((0.0, 2.0), (5.0, 2.0), (10.0, 1.0), (50.0, 0.2), windows=(0.5, 5.0, 20.0)),
    "hawkes 0": hawkes(6.0, 0.0, 1.0, (1.0, 10.0)),
    "hawkes 0.3": hawkes(6.0, 0.3, 2.0, (0.5, 5.0, 50.0)),
    "hawkes 0.6": hawkes(10.0, 0.6, 1.0, (0.3, 3.0, 30.0)),
    "hawkes 0.8": hawkes(20.0, 0.8, 0.5, (0.5, 5.0, 20.0)),
    "hawkes 0.9, slow": hawkes(5.0, 0.9, 4.0, (1.0, 20.0, 100.0)),
    "one client": clients((10.0, 2.0), windows=(40.0, 100.0)),
    "clients unlike": clients((5.0, 1.0), (2.0, 2.0), (20.0, 0.5), (3.0, 1.5), windows=(50.0, 100.0)),
    "clients scaled": clients((1.0, 2.5), (1.0, 1.0), (3.0, 0.7), windows=(20.0, 40.0), total=50.0),
    "population alike": population(50.0, 10, 0.0, 2.0, (30.0, 60.0)),
    "population zipf": population(50.0, 6, 1.0, 1.5, (40.0, 80.0)),
    "population of many": population(100.0, 40, 0.5, 0.5, (5.0, 20.0)),
    "sensors that lose": sensors(20, 2.0, (2.0, 20.0), loss=0.1),
    "sensors that fail": sensors(10, 2.0, (2.0, 20.0, 100.0), up=60.0, down=20.0),
    "sensors that do both": sensors(30, 1.0, (1.0, 10.0), loss=0.2, up=20.0, down=5.0),
}


@dataclass(frozen=True)
class Course:
    """A process whose rate is a function of time.

    Attributes:
        spec: as in a scenario.
        rate: arrivals a second at a time [s].
        until_s: end of the run.
        edges_s: of the windows whose counts are looked at; among them all points where the rate jumps.
    """

    spec: dict
    rate: Callable[[float], float]
    until_s: float
    edges_s: tuple[float, ...]


def _day(t: float) -> float:
    return 0.02 * (1 + 0.7 * math.sin(2 * math.pi * (t - 3600.0) / 86400.0))


COURSES = {
    "piecewise": Course(
        {"kind": "piecewise", "times_s": [0, 100, 150], "rates_per_s": [2, 20, 5]},
        lambda t: 2.0 if t < 100 else 20.0 if t < 150 else 5.0,
        400.0,
        (0.0, 50.0, 100.0, 125.0, 150.0, 400.0),
    ),
    "piecewise repeated, with gaps": Course(
        {"kind": "piecewise", "times_s": [0, 30, 60], "rates_per_s": [10, 0, 4], "repeat_s": 100},
        lambda t: 10.0 if t % 100 < 30 else 0.0 if t % 100 < 60 else 4.0,
        250.0,
        (0.0, 30.0, 60.0, 100.0, 130.0, 160.0, 200.0, 230.0, 250.0),
    ),
    "step": Course(
        {"kind": "step", "rate_per_s": 3, "after_rate_per_s": 12, "at_s": 80},
        lambda t: 3.0 if t < 80 else 12.0,
        200.0,
        (0.0, 40.0, 80.0, 120.0, 200.0),
    ),
    "flat spike": Course(
        {"kind": "spike", "rate_per_s": 3, "peak_rate_per_s": 40, "start_s": 50, "duration_s": 20},
        lambda t: 40.0 if 50 <= t < 70 else 3.0,
        200.0,
        (0.0, 50.0, 60.0, 70.0, 200.0),
    ),
    "triangular spike": Course(
        {"kind": "spike", "rate_per_s": 3, "peak_rate_per_s": 40, "start_s": 0, "duration_s": 20, "shape": "triangle"},
        lambda t: 3.0 + 37.0 * max(1 - abs(t - 10) / 10, 0.0),
        100.0,
        (0.0, 5.0, 10.0, 15.0, 20.0, 100.0),
    ),
    "sinusoidal to zero": Course(
        {"kind": "sinusoidal", "rate_per_s": 8, "amplitude": 1, "period_s": 60, "phase_s": 10},
        lambda t: 8 * (1 + math.sin(2 * math.pi * (t - 10) / 60)),
        200.0,
        (0.0, 10.0, 25.0, 40.0, 55.0, 70.0, 130.0, 200.0),
    ),
    "days and weekends": Course(
        {
            "kind": "sinusoidal",
            "rate_per_s": 0.02,
            "amplitude": 0.7,
            "phase_s": "1h",
            "weekend_factor": 0.3,
            "first_day": "thursday",
        },
        lambda t: _day(t) * (0.3 if t // 86400 % 7 in (2, 3) else 1.0),
        9 * 86400.0,
        (0.0, 86400.0, 2 * 86400.0, 2.5 * 86400.0, 3 * 86400.0, 4 * 86400.0, 5 * 86400.0, 9 * 86400.0),
    ),
}
