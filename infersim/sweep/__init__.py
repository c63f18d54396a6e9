"""Sweeps: a study's points simulated, each run once and for all, and the table of what they found."""

from infersim.sweep.outcome import SweepResult
from infersim.sweep.python import sweep

__all__ = ["SweepResult", "sweep"]
