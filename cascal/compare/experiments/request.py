"""What an experiment is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from cascal.columns import Progress
from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part
from cascal.datatypes import NotApplicable
from cascal.fit import Fit
from cascal.settings import FitSettings, Thresholds


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """The data set, a second one where the experiment compares two, settings and thresholds.

    fitted  : the fit of the data set with these settings, where the caller has made it already
    encoder : name of the encoder where the user gave one: it may be sent texts, where it is at a
              host, which an encoder that only the data set names may not
    """

    dataset: Dataset
    other: Dataset | None = None
    settings: FitSettings = field(default_factory=FitSettings)
    thresholds: Thresholds = field(default_factory=Thresholds)
    n_queries: int = 5000
    n_splits: int = 1
    seed: int = 0
    progress: Progress | None = None
    fitted: Fit | None = None
    encoder: str | None = None

    def report(self, share: float, sentence: str) -> None:
        """Tell the caller how far the work is; the caller may raise to stop it."""
        if self.progress is not None:
            self.progress(share, sentence)

    def between(self, start: float, end: float) -> Progress:
        """A progress callback for one stretch of the work."""
        return lambda share, sentence: self.report(start + share * (end - start), sentence)

    @property
    def simulated(self) -> bool:
        """Whether any of the data are simulated."""
        return self.dataset.simulated or (self.other is not None and self.other.simulated)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return tuple(one.info.name for one in (self.dataset, self.other) if one is not None)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Content hashes of the data sets."""
        return tuple(one.info.fingerprint for one in (self.dataset, self.other) if one is not None)

    def test(self, dataset: Dataset | None = None) -> Part:
        """The gold test queries; NotApplicable where there are none."""
        chosen = dataset or self.dataset
        if chosen.test is None:
            raise NotApplicable(
                f"{chosen.info.name!r} has no test queries, so accuracies cannot be compared. "
                "Import it with --test-share 0.4 or a column split; where all answers are gold, "
                "--splits 10 draws new splits.",
                code="no-test-queries",
            )
        if not chosen.test.has_gold:
            raise NotApplicable(
                f"No test query of {chosen.info.name!r} has a gold answer, so accuracies cannot be "
                "compared. The light without labels needs none.",
                code="no-gold",
            )
        return chosen.test
