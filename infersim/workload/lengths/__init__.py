"""Prompt and output lengths: whole tokens from a distribution, alone or tied to each other."""

from infersim.workload.lengths.drawer import Drawer
from infersim.workload.lengths.joint import pairs
from infersim.workload.lengths.quantiles import quantile
from infersim.workload.lengths.sampling import sample

__all__ = ["Drawer", "pairs", "quantile", "sample"]
