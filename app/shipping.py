"""Which setting to ship: whole on Overview, in short wherever settings are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import (
    cautions,
    columns,
    frame,
    heeded,
    history,
    label_entry,
    session,
    shared_results,
    values,
)
from app.terms.glossary import explained
from app.values import DEFAULTS, Values
from cascal.charts.figures import in_percent
from cascal.compare.recommended import Option, Recommendation
from cascal.compare.to_ship import ToShip
from cascal.dataset.payback import find_choice_payback, find_vote_payback
from cascal.datatypes import NotApplicable
from cascal.number_format import BEFORE_ROUNDING, counted, dollars
from cascal.verdicts.payback import Payback, Terms
from cascal.verdicts.verdict import points

QUESTION, TRY_PRESETS = "Which setting to ship?", "Try the presets as well"
_SHOWN, _FOUND, _HEIGHT = "ship_shown", "ship_found", 180
"""What names the fit that the answer was shown for; the answer with the state that it is of; pixels
that it takes at least."""


def awaited(place: DeltaGenerator) -> DeltaGenerator:
    """What stands where the answer will be, until it is known for the first time in this state.

    Later what was said before stays there, so that nothing jumps. Returns what `ship` takes away.
    """
    waits = place.empty()
    closed = heeded.snapshot().router.always
    if not closed and not was_shown():
        with waits.container(border=True, key="ship_awaited"):
            st.caption("Which setting to ship is being found: all cost weights are tried.")
            st.skeleton(height=_HEIGHT)
    return waits


def ship(
    waits: DeltaGenerator,
    terms: Terms,
    paid: Payback,
    details: DeltaGenerator,
    leaves_open: Callable[[Recommendation], None],
) -> None:
    """The setting to ship, its cost and payback, one click to take it, and why not another.

    waits : what stands there until it is known; paid : when the setting in use pays back;
    details : the place of the tables, which are wide; leaves_open : says what was not compared
    """
    if heeded.snapshot().router.always:  # labels have closed the gate: one model is asked
        return
    found: Recommendation | NotApplicable
    try:
        found = shared_results.recommendation()
    except NotApplicable as error:
        found = error
    st.session_state[_SHOWN] = session.fit_token()
    waits.empty()
    with st.container(border=True, key="ship"):
        if isinstance(found, NotApplicable):
            _not_known(found)
            return
        st.subheader(explained(frame.headline(found.title), "cost weight"), anchor=False)
        chosen = None
        if found.dearer is not None:
            chosen = paid if found.taken else _payback(found.best, terms)
            st.session_state[_FOUND] = _token(terms), ToShip(found=found, payback=chosen)
        if not found.taken:  # a tile and a heading say when the one in use pays back
            pays = "" if chosen is None else _pays(chosen)
            _use(found.best, "use_recommended", pays)
            _caution(found.best)
        _rule(found)
        leaves_open(found)
        _in_addition(found)
    with details:
        _details(found, [paid, chosen or paid], terms)


def at_hand(terms: Terms) -> ToShip | None:
    """What to ship and when it pays back, as `ship` found it in this very state; else None."""
    token, found = st.session_state.get(_FOUND, ("", None))
    asked = not heeded.snapshot().router.always and token == _token(terms)
    known: ToShip | None = found if asked else None
    return known


def _token(terms: Terms) -> str:
    """What names a state and all that the answer goes by."""
    return f"{session.snapshot_token()}:{terms!r}:{len(shared_results.preset_trials())}"


def in_short(key: str) -> Recommendation | None:
    """The same answer on another page: what to ship, why, and the click; None where unknown."""
    found = known()
    if found is None:
        return None
    st.subheader(frame.headline(found.title), anchor=False)
    take(found, key)
    return found


def known() -> Recommendation | None:
    """Which setting to ship; None where nobody can say it, or labels have closed the gate."""
    if heeded.snapshot().router.always:
        return None
    try:
        return shared_results.recommendation()
    except NotApplicable:
        return None


def was_shown() -> bool:
    """Whether the answer was shown since the last fit: then it is at hand at once."""
    return bool(st.session_state.get(_SHOWN) == session.fit_token())


def link(key: str = "") -> None:
    """What to ship in a line, with the way to the whole of it; nothing where it is not known.

    key : of the click that takes it, where the line has one
    """
    found = known()
    if found is None:
        return
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key="to_ship_link"
    ):
        st.page_link(
            frame.page_file("overview"),
            label=frame.escape(f"Overview says which setting to ship. {found.short}"),
            icon=":material/sell:",
        )
        if key and not found.taken:
            _button(found.best, key)


def state_of(best: Option) -> Values:
    """The controls at which a setting is in use."""
    now = replace(values.present(), top_k=1)  # what it costs and gives is that of one model
    weight, preset = best.trial.point.cost_weight, best.trial.preset
    if not preset:
        return replace(now, cost=weight)
    return replace(now, preset=preset, cost=weight, routing=DEFAULTS.routing)


def take(found: Recommendation, key: str) -> None:
    """The click and the reason; no click where it is in use."""
    if not found.taken:
        _use(found.best, key)
    st.caption(frame.escape(found.reason))


def _use(wanted: Option, key: str, beside: str = "", label: str = "Use it") -> None:
    """The click that takes a setting, with a sentence beside it."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _button(wanted, key, label, primary=label == "Use it")
        if beside:
            st.markdown(frame.escape(beside), width="stretch")


def _button(wanted: Option, key: str, label: str = "Use it", *, primary: bool = False) -> None:
    st.button(
        label,
        key=key,
        type="primary" if primary else "secondary",
        on_click=history.change_to,
        args=(state_of(wanted),),
        help="Moves the controls in the sidebar; Undo brings the present setting back.",
    )


def _in_addition(found: Recommendation) -> None:
    """What is proven better for more money, with its own click; nothing where nothing is."""
    if found.better is not None and not found.better.in_use:
        _use(found.better, "use_better", found.in_addition, "Use this instead")


def _vote(found: Recommendation) -> None:
    """What a vote costs and buys, which the rule does not look at; nothing where one is asked."""
    now = heeded.snapshot()
    result, cost = now.evaluation, now.cost
    if result is None or result.top_k == 1:
        return
    said = found.vote
    if cost.vote > cost.always:  # False where one of them is unknown
        said = (
            f"Voting of {result.top_k} costs {dollars(cost.vote)} per 1,000 instead of "
            f"{dollars(cost.always)} for {cost.constant.name}: it never pays back in money; "
            f"{points(result.vote_gain)} over the first model alone. {said}"
        )
    if said:
        st.caption(frame.escape(said.strip()))


def _payback(best: Option, terms: Terms) -> Payback:
    """When the recommended setting would pay back what the data cost."""
    now = heeded.snapshot().ungated
    return find_choice_payback(session.workspace(), now, best.trial.first, terms)


def _pays(found: Payback) -> str:
    """When the recommended setting pays back; a tile says when the one in use does."""
    span = f" ({found.interval})" if found.interval else ""
    return f"{found.headline}{span}."


def _caution(best: Option) -> None:
    """What the test queries that are repeated do to its gain; of a preset only when it is in use,
    as its fit may not be at hand.
    """
    if best.trial.preset:
        return
    said = cautions.of_other(heeded.at(session.snapshot_at(state_of(best))))
    if said:
        st.caption(frame.escape(said))


def _rule(found: Recommendation) -> None:
    """By what it was chosen, and the click that tries the presets as well."""
    st.caption(explained(frame.escape(found.reason), "cost weight"))
    if shared_results.presets_wanted():
        shared_results.preset_choices(TRY_PRESETS, asked=True)
        if found.presets:
            st.markdown(frame.escape(found.presets_outcome))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _ways_on(found)


def _ways_on(found: Recommendation) -> None:
    """To what taking the setting changed, and to what more can be tried."""
    if found.taken and values.present() != history.reference():
        st.button(
            "See what it changed",
            key="see_the_change",
            icon=":material/compare_arrows:",
            on_click=frame.open_page,
            args=("runs", history.show_last_change),
        )
    try_presets()


def try_presets(key: str | None = None) -> None:
    """The click that makes the answer look at the presets as well, where it does not yet.

    Nothing else does: what is said here must not depend on the pages that were visited.
    """
    if not shared_results.presets_wanted() and shared_results.presets_can_be_tried():
        st.button(
            TRY_PRESETS,
            key=key,
            icon=":material/play_arrow:",
            on_click=shared_results.want_presets,
        )


def _details(found: Recommendation, paid: Sequence[Payback], terms: Terms) -> None:
    """What one model and a vote give and cost, and why it is no other setting; folded.

    paid : when the setting in use and the recommended one pay back
    """
    label = "One model or a vote"
    if found.others:
        named = counted(len(found.others), "other setting")
        label += f", and why not another? {named} of {found.n_tried} tried"
    with st.expander(label):
        st.dataframe(
            pd.DataFrame(_ways(found, paid, terms)),
            hide_index=True,
            alt="One model and a vote: how often right, for how much, and when it pays back",
            placeholder="–",
            column_config={
                "way": st.column_config.TextColumn("Setting and how it is asked", width=330),
                "right": columns.number("Right", format="%.1f %%", width=80),
                "cost": columns.number("$/1,000", format="%.2f", width=80),
                "pays": columns.figures("Pays back after, queries", width=176),
            },
        )
        _vote(found)
        if found.others:
            _others(found)
        st.caption(f"{frame.escape(found.basis)} {BEFORE_ROUNDING} Sweep tries other thresholds.")


def _ways(found: Recommendation, paid: Sequence[Payback], terms: Terms) -> list[dict[str, object]]:
    """The setting in use and the recommended one, asking one model and voting, beside always one.

    paid : when the setting in use and the recommended one pay back
    """
    now = heeded.snapshot().ungated
    result, cost = now.evaluation, now.cost
    rows: list[dict[str, object]] = []
    if not found.taken:
        point = found.best.trial.point
        rows.append(_way("To ship, one model", point.top1, point.cost1, paid[1]))
    if result is None:
        return rows
    rows.append(_way("In use, one model", result.top1_accuracy, cost.routed, paid[0]))
    if result.top_k > 1:
        voted = find_vote_payback(session.workspace(), now, terms)
        name = f"In use, vote of {result.top_k}"
        rows.append(_way(name, result.vote_accuracy, cost.vote, voted))
    always = float(result.model_accuracies[now.constant.model])
    rows.append(_way(f"Always asking {now.constant.name}", always, cost.always, None))
    return rows


def _way(name: str, right: float, dollars: float, paid: Payback | None) -> dict[str, object]:
    return {
        "way": name,
        "right": float(in_percent(right)),
        "cost": dollars,
        "pays": None if paid is None else paid.in_short,
    }


def _others(found: Recommendation) -> None:
    """The settings worth a look beside the recommended one, and why they are not."""
    st.dataframe(
        pd.DataFrame([_row(one) for one in (found.best, *found.others)]),
        hide_index=True,
        alt="The setting to ship and others, with why not",
        placeholder="–",
        column_config={
            "name": st.column_config.TextColumn("Setting", width=280),
            "right": columns.number("First right", format="%.1f %%", width=84),
            "cost": columns.number("$/1,000", format="%.2f", width=70),
            "gain": columns.figures(
                f"Points, {found.held}",
                width=128,
                help="Beside the setting in use; the intervals hold for all of them at once.",
            ),
            "why": st.column_config.TextColumn("Why not", width=372),
        },
    )


def _row(one: Option) -> dict[str, object]:
    point = one.trial.point
    return {
        "name": f"{one.name} (in use)" if one.in_use else one.name,
        "right": float(in_percent(point.top1)),
        "cost": point.cost1,
        "gain": "in use" if one.in_use else points(one.gain).replace(" points", ""),
        "why": one.why or "to ship",
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
