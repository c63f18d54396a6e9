"""Which is better: scenarios under the same random numbers, their differences with intervals, and the best of many."""

from infersim.compare.best import Best
from infersim.compare.comparison import Comparison
from infersim.compare.find import find_best
from infersim.compare.paired import Difference, paired
from infersim.compare.points import compare_points
from infersim.compare.scenarios import compare

__all__ = ["Best", "Comparison", "Difference", "compare", "compare_points", "find_best", "paired"]
