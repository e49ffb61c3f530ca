"""`cascal label`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import cascal
from cascal.cli.asking_options import CallsOption, DollarsOption, limits_of
from cascal.cli.common import JsonOption, check_target, progress_bar
from cascal.cli.judging import JudgeOption, JudgePoolOption, judge_of, let_judge
from cascal.cli.labels_given import ask, read_labels, report, report_rectifier, take_back, write
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import CascalError
from cascal.provenance import named

if TYPE_CHECKING:
    from cascal.dataset.label_questions import Question
    from cascal.dataset.snapshot import Snapshot

ACTIONS = "--out, --in, --ask, --undo and --judge"
RECTIFIER = "rectifier"
NumberOption = Annotated[int, typer.Option("--n", min=1, help="How many queries of the draw.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Write drawn queries to this CSV file.")
]
InOption = Annotated[Path | None, typer.Option("--in", help="Read the filled-in file.")]
AskOption = Annotated[bool, typer.Option("--ask", help="Ask for answers in this terminal.")]
UndoOption = Annotated[bool, typer.Option("--undo", help="Take your last label back.")]
AgainstOption = Annotated[
    str | None,
    typer.Option(help="Compare with this preset; else with the best model by consensus."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(help="Is the first model of this cluster right? Its number or its name."),
]
FamilyOption = Annotated[
    str | None,
    typer.Option(help="Is the pair of CAS204 that holds this model right, or the consensus?"),
]
PurposeOption = Annotated[
    str, typer.Option(help="routing: does it pay; rectifier: labels that correct the scores.")
]
WhoOption = Annotated[str | None, typer.Option(help="Your name: every label is stored with it.")]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody who labels wants to know, as the options say it."""

    purpose: str
    against: str | None
    cluster: str | None
    family: str | None

    def check(self) -> None:
        """Refuse a purpose that is none, and two questions at once."""
        if self.purpose not in ("routing", RECTIFIER):
            raise CascalError(
                f"--purpose is {self.purpose[:40]!r}; give routing or {RECTIFIER}.",
                code="unknown-choice",
            )
        named = [self.against, self.cluster, self.family, self.purpose == RECTIFIER or None]
        if sum(one is not None for one in named) > 1:
            raise CascalError(
                "--against, --cluster, --family and --purpose rectifier are questions of their "
                "own. Give one of them at a time.",
                code="conflicting-settings",
            )


@with_tuning
def label(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    n: NumberOption = 30,
    to: OutOption = None,
    filled: InOption = None,
    asked: AskOption = False,
    undo: UndoOption = False,
    against: AgainstOption = None,
    cluster: ClusterOption = None,
    family: FamilyOption = None,
    purpose: PurposeOption = "routing",
    who: WhoOption = None,
    judge: JudgeOption = None,
    pool: JudgePoolOption = None,
    budget_calls: CallsOption = None,
    budget_dollars: DollarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label a few queries where it decides, and say whether routing pays.

    Drawn are queries on which the router and the model it is compared with answer differently; for
    the rectifier, training queries on which not all models say the same.
    """
    wanted = Wanted(purpose=purpose, against=against, cluster=cluster, family=family)
    wanted.check()
    _check_actions([to is not None, filled is not None, asked, undo, judge is not None], who)
    if asked or undo:
        named(who)
    check_target(to)
    judging = None if judge is None else judge_of(judge, pool)
    question, snapshot = _question(tuning, dataset, wanted)
    if judging is not None:
        with limits_of(budget_calls, None, budget_dollars) as limits:
            let_judge(tuning.store, question, judging, n, limits, as_json=as_json)
        return
    desk = question.desk(tuning.store, who or "")
    if to is not None:
        write(desk, n, to)
        return
    if filled is not None:
        read_labels(desk, filled)
    elif asked:
        ask(desk, n)
    elif undo:
        take_back(desk)
    if purpose == RECTIFIER:
        report_rectifier(tuning.store, snapshot, as_json=as_json)
    else:
        report(question, desk, as_json=as_json)


def _check_actions(actions: list[bool], who: str | None) -> None:
    """Refuse two actions at once, and a person with the name of a judge."""
    if sum(actions) > 1:
        raise CascalError(f"Give one of {ACTIONS} at a time.", code="conflicting-settings")
    if (who or "").startswith("judge:"):
        raise CascalError(
            f"--who is {(who or '')[:80]!r}, the name of a model that judges. Give a person's.",
            code="conflicting-settings",
        )


def _question(tuning: Tuning, dataset: str, wanted: Wanted) -> tuple[Question, Snapshot]:
    """Fit, route, and find what is contested."""
    from cascal.dataset.snapshot import take_snapshot

    loaded = tuning.dataset(dataset)
    with progress_bar("Routing"):
        snapshot = take_snapshot(loaded, tuning.fit(loaded), tuning.thresholds)
        if wanted.against is None:
            return _question_of(snapshot, wanted), snapshot
        from cascal.dataset.label_questions import settings_question

        other = replace(tuning, settings=cascal.FitSettings.preset(wanted.against))
        second = take_snapshot(loaded, other.fit(loaded), tuning.thresholds)
        names = (tuning.settings.name, wanted.against)
        return settings_question(snapshot, second, names, wanted.against), snapshot


def _question_of(snapshot: Snapshot, wanted: Wanted) -> Question:
    """The question about one router: the same as on the page Label."""
    from cascal.dataset import label_questions as questions

    if wanted.cluster is not None:
        cluster = questions.cluster_called(snapshot.labels, wanted.cluster)
        return questions.cluster_question(snapshot, cluster)
    if wanted.family is not None:
        return questions.family_question(snapshot, wanted.family)
    if wanted.purpose == RECTIFIER:
        return questions.rectifier_question(snapshot)
    return questions.routing_question(snapshot)
