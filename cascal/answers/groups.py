"""Texts in disjoint groups that are joined pair by pair: the transitive closure of the pairs."""

from __future__ import annotations

from collections.abc import Iterable


class Groups:
    """Every text starts alone; `join` unites the groups of two."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def first(self, text: str) -> str:
        """The smallest text of the group, by code points."""
        while (parent := self._parents.get(text, text)) != text:
            text = parent
        return text

    def join(self, one: str, other: str) -> None:
        """Unite two groups."""
        smaller, larger = sorted((self.first(one), self.first(other)))
        self._parents[larger] = smaller

    def join_all(self, texts: Iterable[str]) -> None:
        """Unite the groups of all these texts."""
        first, *others = texts
        for one in others:
            self.join(first, one)

    def together(self, one: str, other: str) -> bool:
        """Whether two texts are in one group."""
        return self.first(one) == self.first(other)
