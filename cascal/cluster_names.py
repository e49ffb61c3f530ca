"""Clusters named by the terms that set them apart (c-TF-IDF)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from cascal.datatypes import CascalError, FloatArray, IntArray

UNNAMED = ("unnamed",)
_WORD = r"(?u)(?<![\w\\])[^\W\d_]{2,}\b"  # two letters or more; no numbers, no LaTeX commands
_ASKING = (  # words that ask, and do not say what about
    "answer answers best calculate choose consider correct describe describes determine discuss "
    "evaluate explain false find following given identify incorrect let likely option options "
    "question questions refer refers select statement statements suppose true use used using"
)
_CHARACTERS = 1000
_MAX_TERMS = 6000
_CONSIDERED = 40


class Namer:
    """Texts counted once, so that any assignment of them to clusters is named in milliseconds.

    Counted are the words and word pairs of the first 1,000 characters of each text, stop words,
    words that only ask, numbers and LaTeX commands left out; a term must be in 1, 2 or 3 texts, by
    the number of texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        # slow to import, and only names need it
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

        self.terms: tuple[str, ...] = ()
        self._counts = scipy.sparse.csr_array((len(texts), 0), dtype=np.float32)
        vectorizer = CountVectorizer(
            stop_words=sorted(ENGLISH_STOP_WORDS.union(_ASKING.split())),
            token_pattern=_WORD,
            ngram_range=(1, 2),
            min_df=1 if len(texts) < 50 else 2 if len(texts) < 2000 else 3,
            max_features=_MAX_TERMS,
            dtype=np.float32,
        )
        try:
            counts = vectorizer.fit_transform([text[:_CHARACTERS] for text in texts])
        except ValueError:  # not one word is left: nothing can be named
            return
        self._counts = scipy.sparse.csr_array(counts)
        self.terms = tuple(str(term) for term in vectorizer.get_feature_names_out())

    def names(
        self, assignment: IntArray, n_clusters: int, *, n_terms: int = 3
    ) -> list[tuple[str, ...]]:
        """Up to `n_terms` terms of each cluster, most telling first; ("unnamed",) without words.

            score[c, t] = count[c, t] / words[c] · log(1 + mean of words / sum of count[:, t])

        Of terms whose words are the same or contained in one another (law, laws, tax law) only
        the highest is kept; ties are alphabetical. Texts assigned to −1 are left out.

        Reference: Grootendorst 2022, arXiv:2203.05794, class-based TF-IDF.
        """
        counts = self._cluster_counts(np.asarray(assignment), n_clusters)
        return [self._best_terms(row, n_terms) for row in _class_tf_idf(counts)]

    def _cluster_counts(self, assignment: IntArray, n_clusters: int) -> FloatArray:
        n_texts = self._counts.shape[0]
        if assignment.shape != (n_texts,) or (assignment >= n_clusters).any():
            raise CascalError(
                f"An assignment of shape {assignment.shape} to {n_clusters} clusters does not fit "
                f"{n_texts} texts: one cluster below {n_clusters} is needed for each.",
                code="wrong-shape",
            )
        rows = np.flatnonzero(assignment >= 0)
        ones = np.ones(len(rows), dtype=np.float32)
        member = scipy.sparse.csr_array(
            (ones, (assignment[rows], rows)), shape=(n_clusters, n_texts)
        )
        return np.asarray((member @ self._counts).toarray(), dtype=np.float64)

    def _best_terms(self, scores: FloatArray, n_terms: int) -> tuple[str, ...]:
        if not scores.any():
            return UNNAMED
        last = max(len(scores) - _CONSIDERED, 0)
        least = max(np.partition(scores, last)[last], np.nextafter(0.0, 1.0))
        candidates = np.flatnonzero(scores >= least)  # all ties with the last one, alphabetical
        order = candidates[np.argsort(-scores[candidates], kind="stable")]
        chosen: list[str] = []
        for index in order:
            if len(chosen) == n_terms:
                break
            if not any(_redundant(self.terms[index], term) for term in chosen):
                chosen.append(self.terms[index])
        return tuple(chosen)


def cluster_names(
    texts: Sequence[str], assignment: IntArray, n_clusters: int, *, n_terms: int = 3
) -> list[tuple[str, ...]]:
    """Name clusters of texts once; keep a `Namer` where the assignment will change."""
    return Namer(texts).names(assignment, n_clusters, n_terms=n_terms)


def _class_tf_idf(counts: FloatArray) -> FloatArray:
    """Scores (C, V) of the counts (C, V) of terms in clusters; a cluster without words is zeros."""
    words = counts.sum(axis=1, keepdims=True)
    frequency = counts.sum(axis=0)
    filled = max(np.count_nonzero(words), 1)
    idf = np.log1p(words.sum() / filled / np.maximum(frequency, 1.0))
    return np.asarray(counts / np.maximum(words, 1.0) * idf)


def _redundant(one: str, other: str) -> bool:
    """True if every word of the shorter term is, begins or is begun by a word of the longer."""
    shorter, longer = sorted((one.split(), other.split()), key=len)
    return all(any(_same_stem(a, b) for b in longer) for a in shorter)


def _same_stem(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) > 2 and long.startswith(short))
