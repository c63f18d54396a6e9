"""Counted blocks equal listed blocks."""

from hypothesis import given
from hypothesis import strategies as st

from infersim.sim.kv_cache import KVCache


def listed(tokens: list[int], block_size: int) -> int:
    return sum(-(-t // block_size) for t in tokens)


@given(
    tokens=st.lists(st.integers(1, 200), max_size=12),
    block_size=st.integers(1, 33),
    done=st.integers(0, 70),
    ahead=st.integers(1, 90),
)
def test_growth_is_what_listing_every_sequence_gives(tokens, block_size, done, ahead):
    kv = KVCache(10**6, block_size)
    kv.advance(7)  # the decode-step count need not start at zero
    kv.used_blocks = listed(tokens, block_size)
    for t in tokens:
        kv.join(t)
    kv.advance(done)
    now = [t + done for t in tokens]
    assert kv.used_blocks == listed(now, block_size)
    assert kv.growth_blocks(ahead) == listed([t + ahead for t in now], block_size) - kv.used_blocks
    assert kv.next_growth_blocks() == kv.growth_blocks(1)
    assert kv.growth_bound_blocks(ahead) >= kv.growth_blocks(ahead)
    held = sum(listed([t + step for t in now], block_size) for step in range(1, ahead + 1))
    assert kv.held_block_steps(ahead) == held
    for t in now:
        kv.leave(t)
    assert kv.used_blocks == 0
    assert kv.growth_blocks(ahead) == 0


@given(
    tokens=st.lists(st.integers(1, 100), min_size=1, max_size=8),
    block_size=st.integers(1, 20),
    spare=st.integers(0, 40),
    most=st.integers(1, 120),
)
def test_steps_that_fit_is_the_greatest_number_that_does(tokens, block_size, spare, most):
    used = listed(tokens, block_size)
    kv = KVCache(used + spare, block_size)
    kv.used_blocks = used
    for t in tokens:
        kv.join(t)
    steps = kv.steps_that_fit(most)
    assert kv.growth_blocks(steps) <= spare if steps else True
    assert steps == most or kv.growth_blocks(steps + 1) > spare
