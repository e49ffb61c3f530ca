"""What all pages share: the notice about the data, refusals, charts and plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from app import access, theme
from cascal.columns import Progress
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import CascalError
from cascal.evaluate import effective_number
from cascal.number_format import counted, decimal, signed

CONFIG = {"displayModeBar": False, "scrollZoom": False}
"""A chart is saved by the buttons of app/chart_files; a double click takes a zoom back."""
_BY_BUTTON, _BY_PARTS, _WANTED_PAGE = "came_by_button", "draw_by_parts", "wanted_page"
_COMMAND = re.compile(r"(`cascal [\w =./-]*`)")
"""A command in a sentence of ours, in letters that stay what they are inside of backticks."""
_HYPHENED = re.compile(r"\S*\w\\-\w\S*")
"""A word with a hyphen inside, in an escaped text, with all that stands against it."""
_INTERVAL = re.compile(r"\[(?=[^\]]*[−+$.])[−+$\d.,]+(?: %)?, [−+$\d.,]+(?: %)?\]")
"""Of estimates, not of what is allowed, which has neither a sign nor a point."""
_HERE = Path(__file__).resolve().parent


def page_file(folder: str) -> Path:
    """The script of a page, by the name of its folder."""
    return _HERE / folder / "page.py"


def open_page(folder: str, first: Callable[..., None] | None = None, *args: object) -> None:
    """Go to another page with everything that is chosen; first : what is done before.

    A button does so in its callback: below `if st.button`, a run that another one breaks off, as
    where a job ends, never comes there, and the click is lost.
    """
    st.session_state[_WANTED_PAGE] = folder
    if first is not None:
        first(*args)
    st.rerun()


def go_on(here: str) -> None:
    """Go to the page that is wanted, until it is the one here, whatever breaks off a run.

    Without parameters of its own Streamlit would refuse as soon as a control is in the address;
    with none the controls put themselves into it again (`came_by_button`).
    """
    folder = st.session_state.get(_WANTED_PAGE, here)
    if folder == here:
        st.session_state.pop(_WANTED_PAGE, None)
        return
    st.session_state[_BY_BUTTON] = True
    st.switch_page(page_file(folder), query_params={})


def draw_only(*fragments: str) -> None:
    """In a callback: draw these fragments anew, in this order, instead of the whole page.

    All of the page is drawn where it has not all of them, or may not be (`draw_by_parts`).
    """
    if not st.session_state.get(_BY_PARTS):
        return
    with suppress(StreamlitAPIException):
        st.rerun(list(fragments))


def draw_by_parts(allowed: bool) -> None:
    """Whether `draw_only` may draw less than all of the page from now on."""
    st.session_state[_BY_PARTS] = allowed


def came_by_button() -> bool:
    """Whether this run begins on a page that `open_page` went to; true once."""
    return bool(st.session_state.pop(_BY_BUTTON, False))


class _Refusals(AbstractContextManager[None, bool]):
    """A context manager that says it may swallow: checkers then know what can follow it."""

    def __init__(self, title: str) -> None:
        self._title = title

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if not isinstance(error, CascalError):
            return False
        st.error(shown_refusal(error), title=self._title)
        return True


def shown_refusal(error: CascalError) -> str:
    """The sentence of a refusal, harmless and without what only the owner may know."""
    return escape(access.shown(str(error)))


def refusals(title: str = "This cannot be shown") -> AbstractContextManager[None, bool]:
    """Show a refusal as its sentence below a title, at the place where it happened."""
    return _Refusals(title)


@contextmanager
def progress(sentence: str) -> Iterator[Progress]:
    """A bar while something is done here and now; it goes away when that is done."""
    bar = st.progress(0.0, sentence)

    def tell(share: float, now: str) -> None:
        bar.progress(share, now)

    yield tell
    bar.empty()


def escape(text: str) -> str:
    """Make a text harmless where Streamlit would read Markdown; a command of ours stays marked."""
    parts = _COMMAND.split(unbroken(text))
    return "".join(part if at % 2 else _plain(part) for at, part in enumerate(parts))


def unbroken(text: str) -> str:
    """The same with intervals and amounts that stay in one line: never "−" and below it "$0.58"."""
    whole = _INTERVAL.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    return whole.replace("−$", "−\N{WORD JOINER}$")


def _plain(text: str) -> str:
    special = "\\`*_{}[]()<>#+-.!|$:~"
    return "".join(f"\\{letter}" if letter in special else letter for letter in text)


def headline(text: str) -> str:
    """The same of a headline, which is narrow: no line of it begins with a percent sign.

    Nor does a line end within a name that has a hyphen: it is marked, and theme.css keeps it whole.
    """
    parts = _COMMAND.split(escape(text).replace(" %", "\N{NO-BREAK SPACE}%"))
    return "".join(
        part if at % 2 else _HYPHENED.sub(r"*\g<0>*", part) for at, part in enumerate(parts)
    )


def sentence(text: str) -> None:
    """A sentence of ours; the commands in it stand out as such."""
    st.markdown(headline(text))


def written(
    table: pd.DataFrame, decimals: Mapping[str, int], differences: Collection[str] = ()
) -> Styler:
    """A table whose numbers are written as in our sentences, with a real minus; they still sort.

    decimals : of each column; differences : columns of numbers that have a sign
    """
    formats: dict[Any, Any] = {
        name: partial(signed if name in differences else decimal, decimals=n)
        for name, n in decimals.items()
        if name in table.columns
    }
    return table.style.format(formats, na_rep="–")


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """The only place that shows a plotly figure."""
    ink, _ = theme.TEXT_AND_PAPER[theme.mode()]  # else it is pale in light mode alone
    figure.update_layout(template="streamlit+cascal", font_color=ink)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(tickfont_color=ink, title_font_color=ink)
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt, width="stretch")


@remembered
def origin(data: Dataset) -> str:
    """What kind of data this is, in one line."""
    info = data.info
    kinds = "simulated models" if data.simulated else "real responses"
    test = "no test queries"
    if data.test is not None:
        test = f"{counted(info.n_test, 'test query')} {_with_gold(data.test.n_gold, info.n_test)}"
    origins = data.train.origins
    labelled = sum(one != "none" for one in origins)
    train = f"{counted(info.n_train, 'generated training query')}"
    if "generated" not in origins:
        train = f"{counted(info.n_train, 'training query')} {_with_gold(labelled, len(origins))}"
    models, tasks = counted(info.n_models, "model"), counted(info.n_tasks, "task")
    return f"{kinds} · {models} · {tasks} · {train} · {test}"


def _with_gold(n_gold: int, n: int) -> str:
    if n_gold in (0, n):
        return "with gold answers" if n_gold else "without gold answers"
    return f"({n_gold:,} with gold answers)"


def sideways(key: str, what: str) -> None:
    """On a phone alone: that a table goes on at the right, and what is there."""
    with st.container(key=f"sideways_{key}"):
        st.caption(f":material/swipe: Swipe the table for {what}.")


def picked_rows(key: str) -> list[int]:
    """Row numbers that a reader picked in a table."""
    event: Mapping[str, Mapping[str, Sequence[int]]] | None = st.session_state.get(key)
    return list(event["selection"]["rows"]) if event else []


def picked_cells(key: str) -> list[tuple[int, str]]:
    """Row numbers and columns of the cells that a reader picked in a table."""
    event: Mapping[str, Mapping[str, Sequence[tuple[int, str]]]] | None = st.session_state.get(key)
    return [(row, column) for row, column in event["selection"]["cells"]] if event else []


def metric(
    label: str,
    value: str,
    note: str = "",
    about: str | None = None,
    good: bool | None = None,
    below: str = "",
) -> None:
    """A tile: a number, a note such as its interval, and what it means.

    good : whether the note tells of a gain, in green, or of a loss, in red; else it is grey
    below : a second note
    """
    st.metric(
        label,
        value,
        delta=note if note or below else None,
        delta_color="off" if good is None else "green" if good else "red",
        delta_arrow="off",
        delta_description=below or None,
        border=True,
        height="stretch",
        help=about,
    )


def models_in_use(now: Snapshot) -> None:
    """How many models get any query, and how many equal shares would be as even as theirs."""
    even = effective_number(now.share)
    st.metric(
        "Models in use",
        f"{now.n_models_in_use} of {len(now.router.models)}",
        delta="",
        delta_arrow="off",
        delta_description=f"≈ {decimal(even, 1)} equal shares",
        border=True,
        height="stretch",
        help="Models that get any query first. Their shares are as even as if so many models had "
        "equal shares: 1 where one model gets everything, all of them where each gets as many "
        "(the effective number of models).",
    )


def simulated() -> None:
    """The mark of numbers that come from a simulation."""
    st.badge("Simulated data", color="orange", icon=":material/science:")


def notice(data: Dataset) -> None:
    """Say it on every page when the numbers come from a simulation."""
    notice_with_place(data)


def notice_with_place(data: Dataset) -> DeltaGenerator:
    """The same; returns the place beside that mark, for another one."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="notice"):
        if data.simulated:
            simulated()
        place = st.empty()
        st.caption(escape(f"{data.info.name}: {origin(data)}"), width="stretch")
    for doubt in data.doubts:
        st.warning(escape(doubt), icon=":material/rule:")
    return place
