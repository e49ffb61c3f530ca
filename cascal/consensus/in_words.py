"""What the consensus score of one answer means, a sentence for each consensus method."""

from __future__ import annotations

_PROBABLE = (
    "how probable an answer is by all votes, from 0 to 1; what is missing to 1 is for answers that "
    "nobody gave."
)
_ALIKE = "and wrong models often err alike, so one may outweigh several."
SENTENCES = {
    "pds_confidence": f"{_PROBABLE} Models that votes show reliable or that are surer than usual "
    f"count more, {_ALIKE}",
    "pds": f"{_PROBABLE} Models that votes show reliable count more, {_ALIKE}",
    "dawid_skene": f"{_PROBABLE} Models that votes show reliable count more, so one may outweigh "
    "several.",
    "posterior": "its share among at least 20 possible answers. Each of its models adds to it, and "
    "more the surer it is than usual, so a sure one may outweigh several unsure ones.",
    "z_sum": "how much surer than usual its models were, summed: below 0 where they were less "
    "sure, so a sure one may outweigh several unsure ones.",
    "agreement": "the share of the other models that gave the same answer.",
    "labels": "1 where labels call the answer right, else 0.",
}
"""What stands after the words "consensus score", by the method of `ConsensusScores`."""
