"""Recorded requests: read from the files that services, datasets and benchmark clients write, and played as asked."""

from infersim.workload.traces.read import read

__all__ = ["read"]
