"""Which is better: scenarios under the same random numbers, their differences with intervals, and the best of many."""

from infersim.compare.best import Best, find_best
from infersim.compare.comparison import Comparison, compare
from infersim.compare.paired import Difference, paired

__all__ = ["Best", "Comparison", "Difference", "compare", "find_best", "paired"]
