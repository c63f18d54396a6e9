"""Gaps of mean 1 between arrivals: gamma and Weibull in one form, c · G(a)^p with G gamma-distributed.

Gamma gaps have p = 1, Weibull gaps a = 1. The gap that an observer falls into has the density of a gap times its
length: c · G(a + p)^p; what is left of it is a uniform share. A process that begins with such a rest is stationary.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infersim.spec.arrivals.base import Family


@dataclass(frozen=True)
class Gaps:
    """Gap distributions of several senders; arrays of equal length.

    Attributes:
        scale, shape, power: c, a and p of each.
    """

    scale: np.ndarray
    shape: np.ndarray
    power: np.ndarray

    def of(self, who: np.ndarray) -> Gaps:
        """Those of some senders, by their places."""
        return Gaps(self.scale[who], self.shape[who], self.power[who])

    def drawn(self, rng: np.random.Generator, who: np.ndarray) -> np.ndarray:
        """A gap of each sender in `who`, mean 1."""
        return self._form(rng.standard_gamma(self.shape[who]), who)

    def rest(self, rng: np.random.Generator, who: np.ndarray) -> np.ndarray:
        """What is left of the gap that each sender in `who` is in, mean (1 + cv²) / 2."""
        whole = self._form(rng.standard_gamma((self.shape + self.power)[who]), who)
        return rng.random(who.size) * whole

    def _form(self, drawn: np.ndarray, who: np.ndarray) -> np.ndarray:
        if not np.all(self.power == 1.0):
            drawn **= self.power[who]
        drawn *= self.scale[who]
        return drawn


def gaps_of(families: Sequence[Family], cvs: Sequence[float] | np.ndarray) -> Gaps:
    """The gaps of senders by family and coefficient of variation."""
    return Gaps(*np.array([_form(family, float(cv)) for family, cv in zip(families, cvs, strict=True)]).T)


@functools.lru_cache(maxsize=4096)
def _form(family: Family, cv: float) -> tuple[float, float, float]:
    if family != "weibull":
        return cv**2, 1.0 / cv**2, 1.0
    power = weibull_power(cv)
    return math.exp(-math.lgamma(1.0 + power)), 1.0, power


def weibull_power(cv: float) -> float:
    """One over the shape of the Weibull distribution with this coefficient of variation."""
    wanted, low, high = math.log1p(cv**2), 0.0, 20.0
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if math.lgamma(1 + 2 * middle) - 2 * math.lgamma(1 + middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
