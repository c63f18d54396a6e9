"""Decoding requests that stand still while prompts are computed alone: since when, and the gap that it makes."""

from __future__ import annotations

from infersim.records import RequestTable


class Standstill:
    """Groups of requests that had their last token at the same time.

    Attributes:
        groups: decoding requests by traffic class, by the time of their last token [s]; empty where none stands still.
    """

    __slots__ = ("groups",)

    def __init__(self) -> None:
        self.groups: dict[float, list[int]] = {}

    def begin(self, now_s: float, decodes: list[int]) -> None:
        """Prompts are computed alone from now on; those of `decodes` (by class) that ran until now stand still."""
        ran = [every - still for every, still in zip(decodes, self.seqs(len(decodes)), strict=True)]
        if any(ran):
            self.groups[now_s] = ran

    def seqs(self, classes: int) -> list[int]:
        """How many stand still, by class."""
        return [sum(group[number] for group in self.groups.values()) for number in range(classes)]

    def leave(self, joined_s: float, traffic_class: int, now_s: float) -> float:
        """A decoding request leaves; returns when it had its last token [s]."""
        if not self.groups:
            return now_s
        since_s = max(joined_s, next(iter(self.groups)))
        if since_s in self.groups:
            self.groups[since_s][traffic_class] -= 1
        return since_s

    def end(self, now_s: float, table: RequestTable) -> None:
        """The first step of all decodes since is done: write the gaps down."""
        begins, lengths, classes, counts = table.pauses
        for since_s, group in self.groups.items():
            for traffic_class, seqs in enumerate(group):
                if seqs:
                    begins.append(since_s)
                    lengths.append(now_s - since_s)
                    classes.append(traffic_class)
                    counts.append(seqs)
        self.groups.clear()
