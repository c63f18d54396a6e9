"""Which replica a request goes to."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.sim.router import KINDS, LeastOutstanding, Random, RoundRobin


def replicas(count: int) -> list:
    return [SimpleNamespace(number=number) for number in range(count)]


@given(st.integers(1, 6), st.lists(st.integers(0, 30), max_size=80))
def test_least_outstanding_picks_one_of_those_with_the_fewest(count, story):
    """A number that names a request under way is its answer; any other is a new request."""
    router, outstanding, under_way = LeastOutstanding(replicas(count), None), [0] * count, []
    for word in story:
        if word < len(under_way):
            replica = under_way.pop(word)
            router.finished(replica)
            outstanding[replica.number] -= 1
        else:
            replica = router.choose()
            assert outstanding[replica.number] == min(outstanding)
            outstanding[replica.number] += 1
            under_way.append(replica)


def test_among_equals_the_one_that_came_to_that_count_first_is_next():
    pool = replicas(3)
    router = LeastOutstanding(pool, None)
    assert [router.choose().number for _ in range(5)] == [0, 1, 2, 0, 1]  # now 2, 2, 1
    for number in (1, 0):  # back to 1, 1, 1: the third has been there longest, then the second, then the first
        router.finished(pool[number])
    assert [router.choose().number for _ in range(3)] == [2, 1, 0]


def test_round_robin_takes_turns_whatever_is_answered():
    pool = replicas(3)
    router = RoundRobin(pool, None)
    first = [router.choose().number for _ in range(4)]
    router.finished(pool[0])
    assert first + [router.choose().number for _ in range(3)] == [0, 1, 2, 0, 1, 2, 0]


def draws(seed: int, count: int = 10_000) -> list[int]:
    router = Random(replicas(4), np.random.default_rng(seed))
    return [router.choose().number for _ in range(count)]


def test_random_is_reproducible_and_of_its_seed():
    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_random_treats_all_replicas_alike():
    # Each is drawn a quarter of the times, ± 4 · √(n · ¼ · ¾).
    assert np.abs(np.bincount(draws(1)) - 2500).max() < 4 * np.sqrt(10_000 * 0.25 * 0.75)


@pytest.mark.parametrize("kind", KINDS)
def test_every_router_serves_a_pool_of_one(kind):
    router = KINDS[kind](replicas(1), np.random.default_rng(1))
    chosen = [router.choose() for _ in range(5)]
    for replica in chosen:
        router.finished(replica)
    assert {replica.number for replica in chosen} == {0}
