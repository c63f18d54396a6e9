"""Named random streams: what one part draws never changes what another part draws.

A stream is found by its name, not by the order in which parts ask, so adding a traffic class leaves the others'
requests as they were (common random numbers between scenarios).
"""

from __future__ import annotations

import hashlib

import numpy as np


def replication_seed(seed: int, number: int) -> int:
    """The seed of a replication of a run.

    The first (number 0) has the run's own. The others have 48 bits of the BLAKE2b hash of `SEED NUMBER`: distinct in
    practice, whole in every JSON reader, and such that a replication can be run again by itself.
    """
    if not number:
        return seed
    return int.from_bytes(hashlib.blake2b(f"{seed} {number}".encode(), digest_size=6).digest(), "little")


def stream(seed: int, *name: str) -> np.random.Generator:
    """The generator of a named stream.

    Args:
        seed: the run's seed, at least 0.
        name: parts of the stream's name, e.g. `"workload", "chat", "arrivals"`.
    """
    digest = hashlib.blake2b("\0".join(name).encode(), digest_size=16).digest()
    key = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))
