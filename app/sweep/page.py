"""Sweep: what would another threshold do, and where does it not matter?"""

from __future__ import annotations

from app import cautions, frame, heeded, session
from app.no_data import no_data
from app.sweep import panels

if session.current_info() is None:
    no_data(panels.TITLE, "what every value of a threshold would give")
else:
    frame.notice(session.dataset())
    heeded.notice(heeded.LEFT_OUT)
    cautions.line()
    with frame.refusals():
        panels.curves()
        panels.maps()
