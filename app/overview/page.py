"""Overview: is routing worth it here?"""

from __future__ import annotations

import streamlit as st

from app import cautions, frame, heeded, label_entry, session, shipping
from app.no_data import no_data
from app.overview import light, panels
from app.overview.payback import of_scores, of_setting, payback, stated_terms
from app.overview.thresholds import sweep_next
from app.scored import scored_page

if session.current_info() is None:
    no_data(
        "Which model is good at what?",
        "whether routing pays, how sure that is, what it costs and when it pays back",
    )
elif session.dataset().by_scores:
    frame.notice(session.dataset())
    scores = scored_page()
    if scores is not None:
        shown, stated = st.container(), st.container()
        terms, spent = stated_terms(stated)
        with shown:
            payback(of_scores(terms, scores), spent, by_scores=True)
else:
    badge = frame.notice_with_place(session.dataset())
    compared = heeded.contenders_and_verdict()
    labelled = compared is None and panels.headline_of_labels(badge)
    if compared is not None:
        panels.headline(compared[1], badge)
    elif not labelled:
        light.headline_without_labels(badge)
    cautions.line()
    heeded.notice(heeded.HEADLINE)
    with st.container(key="answers"):
        with st.container(key="tiles_about"):
            about = st.empty()
        with st.container(key="tiles"):
            tiles = st.empty()
        with st.container(key="shipped"):
            left, right = st.columns([0.54, 0.46], gap="medium")
    shipped, shares = left.container(), left.container()
    drawn, paid, stated = right.container(), right.container(), right.container()
    details = st.container()
    waits = shipping.awaited(shipped)
    terms, spent = stated_terms(stated)
    found = of_setting(terms)
    to_ship = shipping.at_hand(terms)
    panels.numbers(found, to_ship, tiles, about)
    with drawn:
        panels.picture()
    with shares:
        panels.shares()
    with paid:
        payback(found, spent)
    panels.evidence()
    opinion = st.container()
    panels.findings()
    panels.what_next()
    with opinion:
        if compared is not None:
            label_entry.few_labels()
        label_entry.judged()
        heeded.choice()
        if compared is not None or labelled:
            light.second_opinion()
    with shipped, frame.refusals():
        shipping.ship(waits, terms, found, details, sweep_next)
    if shipping.at_hand(terms) is not to_ship:
        panels.numbers(found, shipping.at_hand(terms), tiles, about)
