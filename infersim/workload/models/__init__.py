"""Workload models drawn from: profiles fitted to recorded traffic become requests."""

from infersim.workload.models.draw import requests

__all__ = ["requests"]
