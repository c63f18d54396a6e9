"""Generated lengths cut to what a replica takes.

A generator knows nothing of the model's context, so a length beyond it is no traffic: the people behind it would have
sent what fits. Recorded requests are never cut; what is too long there was sent, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from infersim.records import CUT_OUTPUT, CUT_PROMPT


@dataclass(frozen=True)
class Bounds:
    """What a replica takes [tokens]: longest prompt + output, longest prompt, longest output."""

    most_tokens: int
    most_prompt_tokens: int
    most_output_tokens: int

    def cut(self, prompt: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Prompts that leave room for one token, outputs that fit into what is left, and what was cut."""
        room = np.minimum(prompt, self.longest_prompt_tokens)
        left = np.minimum(output, np.clip(self.most_tokens - room, 1, self.most_output_tokens))
        return room, left, (CUT_PROMPT * (room < prompt) + CUT_OUTPUT * (left < output)).astype(np.int8)

    def cut_each(self, lengths: Iterator[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
        """The same of one (prompt, output, reasoning) after another: with what was cut."""
        for prompt, output, reasoning in lengths:
            room = min(prompt, self.longest_prompt_tokens)
            left = min(output, max(self.most_tokens - room, 1), self.most_output_tokens)
            yield room, left, min(reasoning, left), CUT_PROMPT * (room < prompt) + CUT_OUTPUT * (left < output)

    @property
    def longest_prompt_tokens(self) -> int:
        """The longest prompt that leaves room for one token of output."""
        return max(min(self.most_prompt_tokens, self.most_tokens - 1), 1)
