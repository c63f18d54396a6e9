"""Open arrivals: when requests are sent, whatever the server does."""

from infersim.workload.arrivals.choose import times

__all__ = ["times"]
