"""Label: which few answers decide, and what do they say?"""

from __future__ import annotations

from app import frame, session
from app.label import choice, scoring, work
from app.no_data import no_data

if session.current_info() is None:
    no_data("A few labels decide", "what a few dozen labels, one click each, say about routing")
elif session.dataset().by_scores:
    frame.notice(session.dataset())
    scoring.scoring()
else:
    frame.notice(session.dataset())
    with frame.refusals():
        work.labelling(choice.choice())
