"""The one place that knows the order: votes and vectors -> `Fit` -> `Router`.

votes ── score ──> strong sets ── cluster ──> candidates (all k)        once, in `fit`
candidates + thresholds ── merge ── assign ── rank ── prune ──> Router   in milliseconds
With `clusters="task"` there are no candidates: every task is one cluster.
"""

from cascal.fit.estimate import fit, fit_on_labels
from cascal.fit.fitted import Fit

__all__ = ["Fit", "fit", "fit_on_labels"]
