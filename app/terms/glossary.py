"""The sentences that the pages explain words with; the glossary of the documentation has the same.

A word is marked as a link in a page's own Markdown, which needs no HTML: the component beside it
gives it a dotted underline and shows the sentence to pointer, keyboard and screen reader.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from cascal.number_format import capitalised

SENTENCES: dict[str, str] = {
    "best single": "always asking one model: the one with most right answers, chosen by labels",
    "blend": "scores of a query are a weighted mean of its nearest clusters' rankings, the nearest "
    "counting most",
    "centroid": "the middle of a cluster: a vector of length 1",
    "check, finding": "a coded rule that looks for one thing that can be wrong; what it says",
    "consensus score": "how well one vote is supported by the votes of the other models; no answer "
    "key is read",
    "cost weight": "score given up per US dollar per 1,000 queries: a dearer model must be "
    "better by so much; 0 looks at no cost",
    "distance": "1 − cosine of two vectors: 0 the same direction, 1 unrelated",
    "effective models": "how many models are in use: 1 if one gets everything, M if all get the "
    "same",
    "fallback": "far from every cluster the ranking over all queries takes over",
    "gain": "the difference of two accuracies on the same queries, with a paired interval",
    "gold, generated": "whether a query's answer is known to be right, or what a generator "
    "believes",
    "joining": "clusters of a task become one if they share their best models",
    "Kendall τ": "how alike two rankings are: 1 the same, 0 unrelated, −1 reversed",
    "light": "whether the models agree that the router beats the model they like best: agree, "
    "unsure or disagree",
    "mean log-probability": "mean of the logarithms of the probabilities a model gave the tokens "
    "of its response: how sure it was",
    "merge distance": "centroids nearer than this become one",
    "MMD": "maximum mean discrepancy: how far two sets of queries lie apart as a whole; 0 means "
    "not at all",
    "model liked best": "the model with the highest mean consensus score over all queries",
    "oracle": "the best that could be, if one knew the answers: a bound, no router",
    "remedy": "a change of settings that might help against a finding; it is tried out before it "
    "is offered",
    "silhouette": "how much nearer a query lies to its own cluster than to the next one: 1 "
    "clearly, 0 between the two, below 0 nearer to the other",
    "skill cluster": "training queries near one centroid; it has its own ranking of the models",
    "strong set": "the training queries of a task where a model voted with the consensus",
}
_COMPONENT = st.components.v2.component(
    "cascal_terms",
    js=Path(__file__).with_name("terms.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def mark(term: str, word: str | None = None) -> str:
    """Markdown of a word that is explained; `word` is how it reads in the sentence."""
    if term not in SENTENCES:
        raise KeyError(f"{term!r} has no sentence in the glossary of the pages")
    return f"[{word or term}](#{_name(term)})"


def explained(text: str, *terms: str) -> str:
    """Markdown where each of these terms is marked where it stands first."""
    for term in terms:
        text = text.replace(term, mark(term), 1)
    return text


def meaning(term: str) -> str:
    """The explanation as a sentence, for what has a question mark of its own."""
    said = SENTENCES[term]
    return f"{capitalised(term)}: {said}."


def listen() -> None:
    """Explain all marked words of the page; the same for every run, so nothing is sent again."""
    said = {_name(term): meaning(term) for term in SENTENCES}
    with st.container(key="terms"):
        _COMPONENT(key="term_hints", data=said, height=1)


def _name(term: str) -> str:
    return "term-" + re.sub(r"\W+", "-", term.casefold()).strip("-")
