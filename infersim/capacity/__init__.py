"""Capacity: latency against load, saturation, and the highest load at which an SLO holds."""

from infersim.capacity.explore import curve
from infersim.capacity.result import Curve

__all__ = ["Curve", "curve"]
