"""The report where answers are open-ended: models by their scores, and whether routing pays."""

from __future__ import annotations

from datetime import UTC, datetime

from cascal.dataset.dataset import Dataset
from cascal.dataset.scored_evidence import ScoreEvidence
from cascal.number_format import bracketed, decimal, signed
from cascal.provenance import versions
from cascal.report.pages import template
from cascal.verdicts.payback import Payback


def write_score_report(
    dataset: Dataset, evidence: ScoreEvidence, command: str, payback: Payback
) -> str:
    """The whole report as HTML; it holds no query and no response."""
    found = evidence.to_dict()
    return template("scores.html").render(
        found=found,
        payback=payback.to_dict(),
        simulated=dataset.simulated,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        models=[
            (
                one["model"],
                f"{decimal(one['score'], 3)} "
                f"{bracketed(one['score_low'], one['score_high'], 3, sign=False)}",
                signed(100 * one["behind"]),
                "yes" if one["may_be_best"] else "no",
            )
            for one in found["ranking"]
        ],
        command=command,
        facts=[
            ("data set", dataset.info.name),
            ("data fingerprint", dataset.info.fingerprint),
            ("scores by", found["scored_by"]),
            ("encoder", dataset.encoder),
            *((f"version: {name}", value) for name, value in versions().items()),
        ],
    )
