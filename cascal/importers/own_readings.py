"""Where a file holds its own reading of the same texts: how often it is another than ours."""

from __future__ import annotations

from cascal.number_format import agreeing, counted

_N_EXAMPLES = 3


class OwnReadings:
    """Counts of the responses that a file has read too, and the first that it read otherwise."""

    def __init__(self) -> None:
        self._n_compared = self._n_differ = self._n_only_theirs = self._n_only_ours = 0
        self._examples: list[str] = []

    def compare(self, response: str, ours: str | None, theirs: str | None) -> None:
        """Take down both answers to one response, None where one read none."""
        self._n_compared += 1
        if ours == theirs:
            return
        self._n_differ += 1
        self._n_only_theirs += ours is None
        self._n_only_ours += theirs is None
        if len(self._examples) < _N_EXAMPLES:
            self._examples.append(f"{response}: theirs {theirs or 'none'}, ours {ours or 'none'}")

    def notes(self, field: str, *, chosen: bool) -> list[str]:
        """What differs, with examples, and which of both counts; field: where the file says it."""
        if not self._n_compared:
            return []
        if chosen:
            which = f"The answers are those of the source ({field}), as was chosen"
        else:
            which = f"The source read the texts itself ({field}); our reading of them counts"
        compared = counted(self._n_compared, "response")
        if not self._n_differ:
            return [f"{which}. Both are the same for {compared}."]
        instead = "" if chosen else " `--reading source` takes theirs."
        return [
            f"{which}. {self._n_differ:,} of {compared} {agreeing(self._n_differ, 'is', 'are')} "
            f"read differently (an answer only by the source in {self._n_only_theirs:,}, only by "
            f"us in {self._n_only_ours:,}): "
            f"{'; '.join(self._examples)}.{instead}"
        ]
