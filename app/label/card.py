"""The query to be labelled: its text, its options, and a button and a key for all one can say.

Texts of queries and models are shown as plain text. Whose an answer is is not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from app import frame, stored
from app.label import actions, keys
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_rows import lettered
from cascal.datatypes import NO_ANSWER, option_letter
from cascal.number_format import counted

LONG_TEXT = 700
"""A text with more characters gets a box of its own to scroll in."""
TEXT_HEIGHT = 300
SIDES = (
    ("1", "Only the first is right", True, False),
    ("2", "Only the second is right", False, True),
    ("3", "Both are right", True, True),
    ("4", "Neither is right", False, False),
)
_NAME = "label_name"
Keys = dict[str, str]
"""Keys of the keyboard, and the buttons that they press."""


def ask(desk: Desk, place: int, labelled_by: Sequence[str] = ()) -> Keys:
    """The query at a place, to be labelled; returned are the keys that do it.

    labelled_by : who labelled it before, of whom this is a second opinion
    """
    if actions.just_signed():
        st.rerun()
    part, row = desk.contest.part, desk.row(place)
    options, said = part.options[row], actions.unsigned(desk, place)
    with st.container(border=True, key="label_query"):
        _text(desk, place)
        if labelled_by:
            st.caption(
                frame.escape(
                    f"Labelled by {', '.join(labelled_by)} before; asked again for a second "
                    "opinion, and the mean of both counts."
                )
            )
        chosen = bool(part.votes.option_counts[row])
        if options and not chosen:
            st.text("\n".join(lettered(options)))
        buttons = _options(desk, place, options) if chosen else _two_sides(desk, place)
        if said is not None:
            return buttons | _sign(desk, said)
        if chosen and actions.answers_shown(desk, place):
            _models_answers(desk, place)
        return buttons | _commands(desk, place, with_answers=chosen)


def signed(desk: Desk, place: int) -> Keys:
    """The same where something waits for a name; place : that is asked, 0 where none is"""
    if actions.just_signed():
        st.rerun()
    said = actions.unsigned(desk, place)
    return {} if said is None else _sign(desk, said)


def _sign(desk: Desk, said: actions.Unsigned) -> Keys:
    """Who says what was said, or takes it back: asked once."""
    with (
        st.form("label_sign", border=False),
        st.container(horizontal=True, gap="small", vertical_alignment="bottom"),
    ):
        st.text_input("Your name, stored with every label", key=_NAME, width=240)
        st.form_submit_button(
            said.does,
            key="label_store",
            type="primary",
            on_click=actions.sign,
            args=(desk, said, _NAME),
        )
        st.form_submit_button(
            "Cancel", key="label_cancel", type="tertiary", on_click=actions.take_back_unsigned
        )
    return {keys.FIELD: _NAME, "Enter": "label_store", "Escape": "label_cancel"}


def _text(desk: Desk, place: int) -> None:
    """Task and text of a query; a long one in a box of its own to scroll in."""
    part, row = desk.contest.part, desk.row(place)
    text = part.texts[row]
    st.caption(frame.escape(part.votes.tasks[row]))
    with st.container(height=TEXT_HEIGHT if len(text) > LONG_TEXT else "content", border=False):
        st.text(text)


def _options(desk: Desk, place: int, options: tuple[str, ...]) -> Keys:
    buttons, said = {}, actions.unsigned(desk, place)
    for at, option in enumerate(options):
        letter = option_letter(at)
        key = f"label_{place}_{letter}"
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key=f"label_option_{letter}"
        ):
            st.button(
                letter,
                key=key,
                type="primary" if said is not None and said.words == letter else "secondary",
                on_click=actions.answer,
                args=(desk, place, at),
                width=44,
            )
            st.text(option, width="stretch")
        buttons[letter.lower()] = key
    return buttons


def _two_sides(desk: Desk, place: int) -> Keys:
    """Two answers without their models' names, to be judged; or the right one is typed."""
    query_id = desk.draw.frame[place - 1]
    rows = stored.responses(query_id)
    given = {row["model"]: row["answer"] for row in rows if not row["sample"]}
    for title, model in zip(("First answer", "Second answer"), desk.sides(place), strict=True):
        st.caption(title)
        with st.container(border=True):
            st.text(given.get(model) or "(no answer)")
    buttons = {}
    with st.container(horizontal=True, gap="small"):
        for key, label, first, second in SIDES:
            buttons[key] = f"label_{place}_{key}"
            st.button(
                f"{label} `{key}`",
                key=buttons[key],
                on_click=actions.judge,
                args=(desk, place, f"“{label}”", first, second),
            )
    typed = f"label_typed_{place}"
    st.text_input(
        "or type the right answer", key=typed, on_change=actions.typed, args=(desk, place, typed)
    )
    return buttons


def _models_answers(desk: Desk, place: int) -> None:
    """How many models gave each answer, and which two are compared; no names."""
    contest, row = desk.contest, desk.row(place)
    answers = contest.part.votes.answers[row]
    counts = Counter(answers.tolist())
    compared = {int(answers[side[row]]) for side in (contest.first, contest.second)}
    lines = []
    for answer, n_models in sorted(counts.items(), key=lambda item: -item[1]):
        what = "no answer" if answer == NO_ANSWER else option_letter(answer)
        mark = ", one of the two in question" if answer in compared else ""
        lines.append(f"{what}: {n_models} of {counted(len(answers), 'model')}{mark}")
    st.caption("What the models answered")
    st.text("\n".join(lines))


def _commands(desk: Desk, place: int, *, with_answers: bool) -> Keys:
    """Skip, bad question, take back, show: the keys are no letters, which are options."""
    buttons = {
        "ArrowRight": f"label_{place}_skip",
        "0": f"label_{place}_bad",
        "ArrowLeft": "label_undo",
    }
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Skip `→`",
            key=buttons["ArrowRight"],
            type="tertiary",
            on_click=actions.mark,
            args=(desk, place, "as skipped", "skipped"),
        )
        st.button(
            "Bad question `0`",
            key=buttons["0"],
            type="tertiary",
            help="It has no right answer: all models are equally wrong.",
            on_click=actions.mark,
            args=(desk, place, "as bad question", "bad"),
        )
        undo_button(desk, place)
        if with_answers:
            buttons["."] = f"label_{place}_show"
            shown = actions.answers_shown(desk, place)
            st.button(
                f"{'Hide' if shown else 'Show'} the models’ answers `.`",
                key=buttons["."],
                type="tertiary",
                on_click=actions.show_answers,
                args=(desk, place),
            )
    return buttons


def undo_button(desk: Desk, place: int) -> None:
    """Take the last label back. place : that is asked, 0 where none is"""
    st.button(
        "Take back `←`",
        key="label_undo",
        type="tertiary",
        help="Deletes the last label that you gave, also before this visit.",
        on_click=actions.undo,
        args=(desk, place),
    )
