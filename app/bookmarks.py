"""Views that a reader saved by a name: the page and the state that its address carries."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st

from app import frame, session
from app.pages import PAGES
from cascal.store import Bookmark

MAX_NAME = 60
_GONE = "bookmark_gone"


@lru_cache(4)
def _known(name: str, token: str) -> tuple[Bookmark, ...]:
    return session.workspace().bookmarks(name)


def bookmarks() -> None:
    """The saved views, each a link, and the way to save the present one."""
    with st.popover("Bookmarks", width="stretch", on_change="rerun", key="bookmarks") as box:
        if not box.open:
            return
        known = _known(session.dataset_name(), session.file_token())
        if not known:
            st.caption("A bookmark is this view by a name: page, settings and what is chosen.")
        for at, one in enumerate(known):
            _line(at, one)
        if not session.read_only():
            _undo_button()
            _form()


def address(bookmark: Bookmark) -> str:
    """The link of a bookmark, on this server and of its pages only, whatever the file says."""
    pages = {path for _, path in PAGES.values()}
    page = bookmark.page if bookmark.page in pages else ""
    return f"./{page}?{urlencode(parse_qsl(bookmark.link))}"


def _line(at: int, one: Bookmark) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        # a link of its own: every other kind of Streamlit opens a new tab
        st.html(f'<a class="bookmark" href="{escape(address(one))}">{escape(one.name)}</a>')
        if not session.read_only():
            st.button(
                "Delete",
                key=f"bookmark_delete_{at}_{one.name}",  # of this one, also for a second click
                type="tertiary",
                on_click=_delete,
                args=(one,),
            )


def _form() -> None:
    with st.form("bookmark_form", border=False, clear_on_submit=True):
        st.text_input("Name of this view", key="bookmark_name", max_chars=MAX_NAME)
        st.form_submit_button("Save", on_click=_save)


def _save() -> None:
    name = " ".join(st.session_state["bookmark_name"].split())
    if not name:
        return
    params = [(key, one) for key in st.query_params for one in st.query_params.get_all(key)]
    page = urlsplit(st.context.url or "").path.rstrip("/").rpartition("/")[2]
    _put(Bookmark(name=name, page=page, link=urlencode(params)))
    st.session_state.pop(_GONE, None)


def _delete(one: Bookmark) -> None:
    session.workspace().delete_bookmark(session.dataset_name(), one.name)
    st.session_state[_GONE] = one


def _undo_button() -> None:
    gone: Bookmark | None = st.session_state.get(_GONE)
    if gone is not None:
        label = f"Undo the deletion of {frame.escape(gone.name)}"
        st.button(label, key="bookmark_undo", type="tertiary", on_click=_undo)


def _undo() -> None:
    _put(st.session_state.pop(_GONE))


def _put(bookmark: Bookmark) -> None:
    session.workspace().put_bookmark(session.dataset_name(), bookmark)
