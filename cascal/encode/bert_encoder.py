"""A BERT that encodes without torch: at once, in little memory, in any number of threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from cascal.computing.blas import one_blas_thread
from cascal.datatypes import FloatArray
from cascal.encode.batches import BatchEncoder, readable
from cascal.encode.bert import Bert
from cascal.encode.bert_folder import BertFolder
from cascal.encode.sentence import SentenceEncoder, has_accelerator

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from cascal.columns import Progress

MANY = 512
"""So many texts at once are worth the seconds it takes to ask torch for an accelerator."""
_TOKENS = 512
"""A thread computes on about so many tokens together: more do not fit into its cache."""


class BertEncoder(BatchEncoder):
    """The vectors of a folder that we know how to read; threads do not wait for each other.

    `sentences` encodes the same folder. It is asked for `MANY` texts or more where
    sentence-transformers is installed and finds an accelerator; its vectors differ by 1e-6 at most.
    """

    def __init__(self, encoder_id: str, folder: BertFolder, sentences: SentenceEncoder) -> None:
        super().__init__(encoder_id, folder.dimension)
        self._lock = nullcontext()
        self._folder = folder
        self._sentences = sentences
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, Bert] | None = None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """Unit vectors (n, D) float32 of n texts; CascalError where there are none."""
        if len(texts) >= MANY and has_accelerator():
            vectors = self._sentences.encode(texts, progress)
            self._last.n_cut = self._sentences.n_cut
            return vectors
        with one_blas_thread(numpy_alone=True):
            return super().encode(texts, progress)

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int]:
        tokenizer, bert = self._load()
        read = [tokenizer.encode(readable(text)) for text in texts]
        parts = _parts([one.ids for one in read])
        return np.concatenate(_in_threads(bert, parts)), sum(bool(one.overflowing) for one in read)

    def _load(self) -> tuple[Tokenizer, Bert]:
        with self._loading:
            if self._loaded is None:
                folder = self._folder
                network = Bert(folder.weights(), folder.n_heads, folder.eps)
                self._loaded = _tokenizer(folder), network
            return self._loaded


def _tokenizer(folder: BertFolder) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(folder.max_tokens)
    return tokenizer


def _parts(texts: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
    """Neighbours of about `_TOKENS` tokens together, in order."""
    parts: list[list[Sequence[int]]] = [[]]
    n_tokens = 0
    for ids in texts:
        if parts[-1] and n_tokens + len(ids) > _TOKENS:
            parts.append([])
            n_tokens = 0
        parts[-1].append(ids)
        n_tokens += len(ids)
    return parts


def _in_threads(bert: Bert, parts: Sequence[Sequence[Sequence[int]]]) -> list[FloatArray]:
    """The vectors of every part, computed on all cores where there are several parts."""
    if len(parts) == 1:
        return [bert.vectors(parts[0])]
    from joblib import cpu_count  # slow to import, and one text does not need it

    with ThreadPoolExecutor(min(cpu_count(), len(parts))) as threads:
        return list(threads.map(bert.vectors, parts))
