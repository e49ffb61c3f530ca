"""Clusters named by their task and by what sets them apart inside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import scipy

from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.naming.cluster_words import Reader
from cascal.number_format import counted

_MAX_TERMS = 6000
_MAX_WORDS = 3
_MAX_TERMS_OF_A_NAME = 2
_LEAST_SHARE = 0.03  # of the cluster's queries that a naming term is in
_TOPIC_SHARE = 0.25  # a proper name that so many queries share is their subject
_SMOOTHING = 0.02
_SECOND = 0.35  # of the score of the first term
_PAIR = 1.5
_SUBJECT = 0.25  # of the texts with a phrase that it follows an article or a preposition in
_GROWS = 0.4  # of the texts with a word that have it in one phrase


class Namer:
    """Texts counted once, so that any assignment of them to clusters is named in milliseconds.

    Counted is in which texts the words and phrases are (`Reader`); a term must be in 1, 2 or 3
    texts, by the number of texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        # slow to import, and only names need it
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

        self.terms: tuple[str, ...] = ()
        self._present = scipy.sparse.csr_array((len(texts), 0), dtype=np.float32)
        self._place: dict[str, int] = {}
        self._holding: dict[str, list[int]] = {}
        self._spelled: dict[str, str] = {}
        self._weight: FloatArray = np.zeros(0)
        self._subject: FloatArray = np.zeros(0)
        self._proper = np.zeros(0, dtype=bool)
        reader = Reader(ENGLISH_STOP_WORDS)
        vectorizer = CountVectorizer(
            analyzer=reader.terms,
            min_df=1 if len(texts) < 50 else 2 if len(texts) < 2000 else 3,
            max_features=_MAX_TERMS,
            dtype=np.float32,
        )
        try:
            present = vectorizer.fit_transform(texts)
        except ValueError:  # not one word is left: nothing can be named
            return
        self._present = scipy.sparse.csr_array(present)
        self.terms = tuple(str(term) for term in vectorizer.get_feature_names_out())
        self._place = {term: place for place, term in enumerate(self.terms)}
        for place, term in enumerate(self.terms):
            if " " in term:
                for word in term.split():
                    self._holding.setdefault(word, []).append(place)
        n_texts: FloatArray = np.asarray(self._present.sum(axis=0))
        subject = self._subject = reader.subject_share(self.terms, n_texts)
        head = reader.head_share(self.terms, n_texts)
        pair = np.where([" " in term for term in self.terms], _PAIR, 1.0)
        self._weight = (0.5 + 0.5 * np.sqrt(subject)) * (0.4 + 0.6 * head) * pair
        self._proper = reader.proper_names(self.terms)
        self._spelled = dict(zip(self.terms, reader.spelling(self.terms), strict=True))

    def names(self, assignment: IntArray, tasks: Sequence[str]) -> list[tuple[str, ...]]:
        """The task of each cluster and a phrase of up to three words; all distinct.

            score[c, t] = weight[t] · p[c, t] · log((p[c, t] + 0.02) / (r[c, t] + 0.02))

        p is the share of the cluster's texts with the term, r the mean of two shares: in the rest
        of its task, and in the other cluster of its task that has it most. The weight prefers
        terms that follow articles, that can be nouns, and phrases. At least 3 % of the texts, and
        two of them where there are more than three, must have the term; a proper name a quarter.

        The best term and the next that shares no word stem with it are joined by "&"; one that
        mostly stands in a phrase becomes that phrase. Ties are alphabetical. The only cluster of a
        task is named by the task alone, one without a telling term by its number. Texts assigned
        to −1 are left out.
        """
        assignment = np.asarray(assignment)
        counts, sizes = self._cluster_counts(assignment, len(tasks))
        names: list[tuple[str, ...]] = [(task,) for task in tasks]
        members: dict[str, list[int]] = {}
        for cluster, task in enumerate(tasks):
            members.setdefault(task, []).append(cluster)
        for task, clusters in members.items():
            if len(clusters) > 1:
                scores = self._scores(counts[clusters], sizes[clusters])
                phrases = self._phrases(scores, counts[clusters])
                for cluster, phrase in zip(clusters, phrases, strict=True):
                    names[cluster] = (task, phrase or f"cluster {cluster}")
        return names

    def _cluster_counts(self, assignment: IntArray, n_clusters: int) -> tuple[FloatArray, IntArray]:
        n_texts = self._present.shape[0]
        if assignment.shape != (n_texts,) or (assignment >= n_clusters).any():
            raise CascalError(
                f"An assignment of shape {assignment.shape} to {counted(n_clusters, 'cluster')} "
                f"does not fit {counted(n_texts, 'text')}: one cluster below {n_clusters} is "
                "needed for each.",
                code="wrong-shape",
            )
        rows = np.flatnonzero(assignment >= 0)
        ones = np.ones(len(rows), dtype=np.float32)
        member = scipy.sparse.csr_array(
            (ones, (assignment[rows], rows)), shape=(n_clusters, n_texts)
        )
        sizes = np.bincount(assignment[rows], minlength=n_clusters)
        return (member @ self._present).toarray(), sizes

    def _scores(self, counts: FloatArray, sizes: IntArray) -> FloatArray:
        """Scores (C, V) of the terms of the clusters of one task; 0 for those that cannot name."""
        size = sizes[:, None].astype(np.float32)
        share = counts / np.maximum(size, 1)
        others = np.maximum(size.sum() - size, 1)
        rest = ((counts.sum(axis=0) - counts) / others + _other_maximum(share)) / 2
        enough = (share >= np.where(self._proper, _TOPIC_SHARE, _LEAST_SHARE)) & (
            counts >= np.where(size > 3, 2, 1)
        )
        scores = np.zeros(share.shape)
        _, term = np.nonzero(enough)
        inside, outside = share[enough], rest[enough]
        lead = np.log((inside + _SMOOTHING) / (outside + _SMOOTHING))
        scores[enough] = self._weight[term] * inside * np.maximum(lead, 0.0)
        return scores

    def _phrases(self, scores: FloatArray, counts: FloatArray) -> list[str]:
        """A phrase for each cluster; "" where its words are those of a cluster before it."""
        phrases: list[tuple[str, ...]] = []
        for row, count in zip(scores, counts, strict=True):
            phrase = self._phrase(row, count)
            known = any(set(phrase) == set(other) for other in phrases)
            phrases.append(() if known else phrase)
        return [" & ".join(self._spelled[term] for term in phrase) for phrase in phrases]

    def _phrase(self, scores: FloatArray, counts: FloatArray) -> tuple[str, ...]:
        highest = scores.max(initial=0.0)
        if not highest > 0:
            return ()
        candidates = np.flatnonzero(scores >= _SECOND * highest)
        chosen: list[str] = []
        for index in candidates[np.argsort(-scores[candidates], kind="stable")]:
            _append(chosen, self.terms[index])
        grown: list[str] = []
        for term in self._paired(chosen, scores):
            _append(grown, self._grown(term, scores, counts))
        return tuple(grown)

    def _grown(self, term: str, scores: FloatArray, counts: FloatArray) -> str:
        """A term becomes the phrase that it mostly stands in: focal, focal length."""
        places = [
            at
            for at in self._holding.get(term.split()[0], ())
            if scores[at] > 0
            and self._subject[at] >= _SUBJECT
            and f" {term} " in f" {self.terms[at]} "
            and self.terms[at] != term
        ]
        if not places:
            return term
        best = max(places, key=lambda at: (counts[at], scores[at]))
        often = counts[best] >= _GROWS * counts[self._place[term]]
        return self.terms[best] if often else term

    def _paired(self, chosen: Sequence[str], scores: FloatArray) -> tuple[str, ...]:
        """Two words that are often a pair become that pair, in the place of the first."""
        for words in permutations(chosen, 2):
            place = self._place.get(" ".join(words))
            least = min(scores[self._place[word]] for word in words) / 2
            if place is not None and scores[place] > least:
                merged = (self.terms[place] if term in words else term for term in chosen)
                return tuple(dict.fromkeys(merged))
        return tuple(chosen)


def _append(chosen: list[str], term: str) -> None:
    """Add a term if it says something else, there are two at most, and three words in all."""
    n_words = sum(word != "of" for one in [*chosen, term] for word in one.split())
    if (
        len(chosen) < _MAX_TERMS_OF_A_NAME
        and n_words <= _MAX_WORDS
        and not any(_share_stem(term, other) for other in chosen)
    ):
        chosen.append(term)


def cluster_names(
    texts: Sequence[str], assignment: IntArray, tasks: Sequence[str]
) -> list[tuple[str, ...]]:
    """Name clusters of texts once; keep a `Namer` where the assignment will change."""
    return Namer(texts).names(assignment, tasks)


def cluster_name(terms: Sequence[str]) -> str:
    """The terms of a cluster in one short label."""
    return " · ".join(terms)


def _other_maximum(share: FloatArray) -> FloatArray:
    """(C, V) the largest share that any other of two or more clusters has of a term."""
    first = share.argmax(axis=0)
    columns = np.arange(share.shape[1])
    others = share.copy()
    others[first, columns] = -1.0
    largest = np.broadcast_to(share[first, columns], share.shape).copy()
    largest[first, columns] = others.max(axis=0)
    return largest


def _share_stem(one: str, other: str) -> bool:
    words, others = (term.replace("-", " ").split() for term in (one, other))
    return any(_same_stem(a, b) for a in words for b in others)


def _same_stem(one: str, other: str) -> bool:
    """True if one begins the other, or both are equal up to the last two letters of the shorter."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short[: max(len(short) - 2, 5)] if len(short) > 5 else short)
