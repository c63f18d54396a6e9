"""Paged KV cache: how many blocks a replica's sequences hold, now and some decode steps ahead.

Blocks are counted, not listed: sequences whose token count is equal modulo the block size cross a block boundary in
the same step, so growth over k steps is a sum over at most `block_size` counters.
"""

from __future__ import annotations


class KVCache:
    """Block accounting of one replica.

    Args:
        capacity_blocks: usable blocks (the engine's null block excluded).
        block_size: tokens a block.

    Attributes:
        used_blocks: blocks held now; those that the next decode step will take are not among them.
        step: decode steps so far.
    """

    __slots__ = ("_decoding", "_residues", "block_size", "capacity_blocks", "step", "used_blocks")

    def __init__(self, capacity_blocks: int, block_size: int):
        self.capacity_blocks = capacity_blocks
        self.block_size = block_size
        self.used_blocks = 0
        self.step = 0
        self._decoding = 0
        self._residues = [0] * block_size

    def blocks(self, tokens: int) -> int:
        """Blocks that hold so many tokens."""
        return -(-tokens // self.block_size)

    def join(self, computed_tokens: int) -> None:
        """A sequence with so many computed tokens, whose blocks are held already, begins to decode."""
        self._residues[(computed_tokens - self.step) % self.block_size] += 1
        self._decoding += 1

    def leave(self, computed_tokens: int) -> None:
        """A decoding sequence with so many computed tokens gives its blocks back."""
        self._residues[(computed_tokens - self.step) % self.block_size] -= 1
        self._decoding -= 1
        self.used_blocks += -computed_tokens // self.block_size  # minus the ceiling

    def next_growth_blocks(self) -> int:
        """Blocks that the decoding sequences take in the next step."""
        return self._residues[-self.step % self.block_size]

    def growth_bound_blocks(self, steps: int) -> int:
        """No fewer than `growth_blocks(steps)`, at no cost."""
        return self._decoding * (steps // self.block_size + 1)

    def growth_blocks(self, steps: int) -> int:
        """Blocks that the decoding sequences take over the next `steps` steps."""
        if steps == 1:
            return self._residues[-self.step % self.block_size]
        whole, rest = divmod(steps, self.block_size)
        start = -self.step % self.block_size
        grown = whole * self._decoding
        # A later step finds sequences of a lower residue at the boundary: walk down, around the end.
        stop = start - rest + 1
        if rest:
            residues = self._residues
            grown += sum(residues[max(stop, 0) : start + 1])
            if stop < 0:
                grown += sum(residues[stop:])
        return grown

    def held_block_steps(self, steps: int) -> int:
        """Blocks held in each of the next `steps` decode steps, their own growth included, summed over the steps."""
        size, residues, start = self.block_size, self._residues, -self.step
        held = steps * self.used_blocks
        for ahead in range(min(steps, size)):
            crossing = residues[(start - ahead) % size]
            if crossing:  # a block more from step `ahead` on, and again every `size` steps
                left = steps - ahead
                again = (left - 1) // size
                held += crossing * (again + 1) * (2 * left - size * again) // 2
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
        self.used_blocks += self.growth_blocks(steps)
        self.step += steps
