"""Recorded decisions of real schedulers, held against the replica that simulations use."""

from infersim.replay.schedules import replay_file

__all__ = ["replay_file"]
