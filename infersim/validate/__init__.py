"""Simulated figures held against measured ones, row by row of a run table."""

from infersim.validate.comparison import Comparison, compare
from infersim.validate.report import missed_limits, report
from infersim.validate.saved import FILES, save

__all__ = ["FILES", "Comparison", "compare", "missed_limits", "report", "save"]
