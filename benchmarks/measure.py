"""A measure: a number, its unit, and the bound that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Measure:
    """One measured number.

    Attributes:
        name: what was measured.
        value: the number.
        unit: its unit; `ratio` for a number without one.
        at_least, at_most: the bound, where there is one.
    """

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)

    @property
    def required(self) -> str:
        """The bound as a reader wants it; empty where there is none."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"
