"""Paged KV cache: how many blocks a replica's sequences hold, now and some decode steps ahead.

Blocks are counted, not listed: sequences whose token count is equal modulo the block size cross a block boundary in
the same step, so growth over k steps is a sum over at most `block_size` counters.
"""

from __future__ import annotations

from operator import mul


class KVCache:
    """Block accounting of one replica.

    Args:
        capacity_blocks: usable blocks (the engine's null block excluded).
        block_size: tokens a block.

    Attributes:
        used_blocks: blocks held now; those that the next decode step will take are not among them.
        step: decode steps so far.
    """

    __slots__ = ("_crossings", "_decoding", "block_size", "capacity_blocks", "step", "used_blocks")

    def __init__(self, capacity_blocks: int, block_size: int):
        self.capacity_blocks = capacity_blocks
        self.block_size = block_size
        self.used_blocks = 0
        self.step = 0
        self._decoding = 0
        # decoding sequences by the step, modulo the block size, in which they take a block
        self._crossings = [0] * block_size

    def blocks(self, tokens: int) -> int:
        """Blocks that hold so many tokens."""
        return -(-tokens // self.block_size)

    def join(self, computed_tokens: int) -> None:
        """A sequence with so many computed tokens, whose blocks are held already, begins to decode."""
        self._crossings[(self.step - computed_tokens) % self.block_size] += 1
        self._decoding += 1

    def leave(self, computed_tokens: int) -> None:
        """A decoding sequence with so many computed tokens gives its blocks back."""
        self._crossings[(self.step - computed_tokens) % self.block_size] -= 1
        self._decoding -= 1
        self.used_blocks += -computed_tokens // self.block_size  # minus the ceiling

    def next_growth_blocks(self) -> int:
        """Blocks that the decoding sequences take in the next step."""
        return self._crossings[self.step % self.block_size]

    def growth_bound_blocks(self, steps: int) -> int:
        """No fewer than `growth_blocks(steps)`, at no cost."""
        return self._decoding * (steps // self.block_size + 1)

    def growth_blocks(self, steps: int) -> int:
        """Blocks that the decoding sequences take over the next `steps` steps."""
        size, crossings = self.block_size, self._crossings
        start = self.step % size
        whole, rest = divmod(steps, size)
        stop = start + rest
        if stop <= size:
            return whole * self._decoding + sum(crossings[start:stop])
        return (whole + 1) * self._decoding - sum(crossings[stop - size : start])

    def held_block_steps(self, steps: int) -> int:
        """Blocks held in each of the next `steps` decode steps, their own growth included, summed over the steps."""
        size, crossings = self.block_size, self._crossings
        start = self.step % size
        if steps == 1:
            return self.used_blocks + crossings[start]
        whole, rest = divmod(steps, size)
        ahead = crossings[start:] + crossings[:start]
        # a block that is taken in one of the steps left is held in all that follow, too
        held = steps * self.used_blocks + sum(map(mul, ahead, range(rest, 0, -1)))
        if whole:  # each round of `size` steps gives every sequence a block more
            rounds = whole * rest + size * (whole * (whole - 1) // 2)
            held += rounds * self._decoding + whole * sum(map(mul, ahead, range(size, 0, -1)))
        return held

    def steps_that_fit(self, most: int) -> int:
        """How many of the next `most` decode steps find their blocks (0 … most)."""
        free = self.capacity_blocks - self.used_blocks
        if self.growth_bound_blocks(most) <= free or self.growth_blocks(most) <= free:
            return most
        low, high = 0, most - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.growth_blocks(middle) <= free:
                low = middle
            else:
                high = middle - 1
        return low

    def advance(self, steps: int) -> None:
        """So many decode steps are done."""
        self.used_blocks += self.next_growth_blocks() if steps == 1 else self.growth_blocks(steps)
        self.step += steps
