"""Workload models fitted to recorded traffic."""
