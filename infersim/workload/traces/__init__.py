"""Recorded requests: read from the files that services, datasets and benchmark clients write, and played as asked."""

from infersim.workload.traces.read import read
from infersim.workload.traces.sessions import read as read_sessions

__all__ = ["read", "read_sessions"]
