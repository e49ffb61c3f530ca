"""Which setting to ship: whole on Overview, in short wherever settings are compared."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from app import access, frame, heeded, history, label_entry, session, shared_results, values
from app.values import DEFAULTS, Values
from cascal.compare.recommended import Option, Recommendation
from cascal.counted import counted
from cascal.dataset.payback import find_choice_payback
from cascal.datatypes import NotApplicable
from cascal.verdicts.payback import Terms
from cascal.verdicts.verdict import points

QUESTION = "Which setting to ship?"


def ship(terms: Terms) -> None:
    """The setting to ship, its cost and payback, one click to take it, and why not another."""
    if heeded.snapshot().router.always:  # labels have closed the gate: one model is asked
        return
    with st.container(border=True, key="ship"):
        try:
            found = shared_results.recommendation()
        except NotApplicable as error:
            _not_known(error)
            return
        st.subheader(frame.headline(found.title), anchor=False)
        paid = "" if found.taken or found.dearer is None else _payback(found.best, terms)
        _take(found, "use_recommended", paid)
        _vote(found)
        st.caption("All were tried at the other thresholds in use; Sweep tries those alone.")
        _presets(found)
        _why_not_another(found)


def in_short(key: str) -> Recommendation | None:
    """The same answer on another page: what to ship, why, and the click; None where unknown."""
    found = known()
    if found is None:
        return None
    st.subheader(frame.headline(found.title), anchor=False)
    _take(found, key)
    _vote(found)
    return found


def known() -> Recommendation | None:
    """Which setting to ship; None where nobody can say it, or labels have closed the gate."""
    if heeded.snapshot().router.always:
        return None
    try:
        return shared_results.recommendation()
    except NotApplicable:
        return None


def link() -> None:
    """What to ship in a line, with the way to the whole of it; nothing where it is not known."""
    found = known()
    if found is not None:
        st.page_link(
            frame.page_file("overview"),
            label=frame.escape(f"Overview says which setting to ship. {found.short}"),
            icon=":material/sell:",
        )


def state_of(best: Option) -> Values:
    """The controls at which a setting is in use."""
    now, weight, preset = values.present(), best.trial.point.cost_weight, best.trial.preset
    if not preset:
        return replace(now, cost=weight)
    return replace(now, preset=preset, cost=weight, routing=DEFAULTS.routing)


def _take(found: Recommendation, key: str, beside: str = "") -> None:
    """The click, with a sentence beside it, and the reason."""
    if not found.taken:
        _use(found, key, beside)
    st.caption(frame.escape(found.reason))


def _use(found: Recommendation, key: str, beside: str) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Use it",
            key=key,
            type="primary",
            on_click=history.change_to,
            args=(state_of(found.best),),
            help="Moves the controls in the sidebar; Undo brings the present setting back.",
        )
        if beside:
            st.markdown(frame.escape(beside), width="stretch")


def _vote(found: Recommendation) -> None:
    """What a vote costs and buys, which the rule does not look at; nothing where one is asked."""
    now = heeded.snapshot()
    result, cost = now.evaluation, now.cost
    if result is None or result.top_k == 1:
        return
    said = found.vote
    if cost.vote > cost.always:  # False where one of them is unknown
        said = (
            f"Voting of {result.top_k} costs ${cost.vote:,.2f} per 1,000 instead of "
            f"${cost.always:,.2f} for {cost.constant.name}: it never pays back in money; "
            f"{points(result.vote_gain)} over the first model alone. {said}"
        )
    if said:
        st.caption(frame.escape(said.strip()))


def _payback(best: Option, terms: Terms) -> str:
    """When the recommended setting would pay back what the data cost."""
    now = heeded.snapshot().ungated
    found = find_choice_payback(session.workspace(), now, best.trial.first, terms)
    return f"{found.headline}, beside always asking {now.constant.name}. {found.spending.sentence}"


def _presets(found: Recommendation) -> None:
    """Whether the presets were compared as well, and the click that adds them."""
    if shared_results.presets_known() or access.read_only():
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        shared_results.preset_choices("Compare the presets as well")
        so_far = "So far only cost weights of the settings in use are compared"
        if found.dearer is None:
            so_far = "Without prices there is nothing else to compare"
        st.caption(f"{so_far}; a preset may be better.", width="stretch")


def _why_not_another(found: Recommendation) -> None:
    if not found.others:
        return
    named = counted(len(found.others), "other setting")
    with st.expander(f"Why not another? {named} of {found.n_tried} tried"):
        st.dataframe(
            pd.DataFrame([_row(one) for one in (found.best, *found.others)]),
            hide_index=True,
            alt="The recommended setting and others, with why not",
            placeholder="–",
            column_config={
                "name": st.column_config.TextColumn("Setting", width=240),
                "right": st.column_config.NumberColumn("First right", format="%.1f %%", width=80),
                "cost": st.column_config.NumberColumn("$/1,000", format="%.2f", width=70),
                "gain": st.column_config.TextColumn(
                    "Points beside the one in use", alignment="right", width=190
                ),
                "why": st.column_config.TextColumn("Why not", width=380),
            },
        )
        st.caption(frame.escape(found.basis))


def _row(one: Option) -> dict[str, object]:
    point = one.trial.point
    return {
        "name": f"{one.name} (in use)" if one.in_use else one.name,
        "right": 100 * point.top1,
        "cost": point.cost1,
        "gain": "in use" if one.in_use else points(one.gain).replace(" points", ""),
        "why": one.why or "recommended",
    }


def _not_known(error: NotApplicable) -> None:
    """Why nobody can say it, and what would tell."""
    st.markdown(f"**{QUESTION}**")
    if heeded.snapshot().evaluation is not None:
        st.caption(frame.shown_refusal(error))
        return
    st.caption(
        "Without gold answers nobody knows what a cheaper setting would lose. A few labels where "
        "two settings differ say which of the two is right more often."
    )
    label_entry.button("Label where two settings differ", "label_settings", "settings")
