"""Folders of which we know what sentence-transformers makes of them, and read it ourselves.

That is a BERT in float32, the mean over its tokens, unit length. Whatever else a folder says, be
it a word we do not know, is left to the library: no vector may depend on who computed it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cascal.datatypes import FloatArray

_LONGEST_HEADER = 1 << 20
_MODULES = (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"])
_FORWARD = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
_BERT: dict[str, tuple[object, ...]] = {
    "model_type": ("bert",),
    "architectures": (["BertModel"],),
    "hidden_act": ("gelu",),
    "position_embedding_type": (None, "absolute"),
    "dtype": (None, "float32"),
    "torch_dtype": (None, "float32"),
    "is_decoder": (None, False),
    "add_cross_attention": (None, False),
}
_TRANSFORMER: dict[str, tuple[object, ...]] = {
    "do_lower_case": (None, False),
    "transformer_task": (None, "feature-extraction"),
    "modality_config": (None, _FORWARD),
    "module_output_name": (None, "token_embeddings"),
}
_WHOLE: dict[str, tuple[object, ...]] = {
    "default_prompt_name": (None,),
    "truncate_dim": (None,),
    "model_type": (None, "SentenceTransformer"),
}
_POOLINGS = ("cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
_TOKENIZERS = ("BertTokenizer", "BertTokenizerFast")

_UNLIKE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What looking into a document raises that is built otherwise than expected."""


@dataclass(frozen=True, kw_only=True)
class BertFolder:
    """Where such a folder keeps its network, and what has to be known to run it."""

    folder: Path
    dimension: int
    n_heads: int
    eps: float
    max_tokens: int

    @property
    def tokenizer(self) -> Path:
        """The file that the library tokenizers reads."""
        return self.folder / "tokenizer.json"

    def weights(self) -> dict[str, FloatArray]:
        """The weights by name, mapped from the file: what is not used takes no memory."""
        return _mapped(self.folder / "model.safetensors")


def read_bert_folder(folder: Path) -> BertFolder | None:
    """What a folder says, None where it says anything that is not known here."""
    try:
        return _read(folder)
    except (OSError, RecursionError, *_UNLIKE):
        return None  # sentence-transformers says what is wrong with it


def _read(folder: Path) -> BertFolder | None:
    modules = _json(folder / "modules.json")
    names = [module["type"].rsplit(".", 1)[-1] for module in modules]
    plain = all(set(module) <= {"idx", "name", "path", "type"} for module in modules)
    if names not in _MODULES or not plain:
        return None
    inner = folder / modules[0]["path"]
    config = _json(inner / "config.json")
    reading = _json(inner / "sentence_bert_config.json")
    whole = _json(folder / "config_sentence_transformers.json")
    tokenizer = _json(inner / "tokenizer_config.json")
    known = (
        _all_known(config, _BERT)
        and _all_known(reading, _TRANSFORMER, "max_seq_length")
        and _all_known(whole, _WHOLE, "__version__", "prompts", "similarity_fn_name")
        and _takes_mean(_json(folder / modules[1]["path"] / "config.json"))
        and _tokenizes_as(tokenizer, _json(inner / "tokenizer.json"))
        and _fits(config, _mapped(inner / "model.safetensors"))
    )
    if not known:
        return None
    longest = reading.get("max_seq_length") or tokenizer.get("model_max_length") or np.inf
    return BertFolder(
        folder=inner,
        dimension=int(config["hidden_size"]),
        n_heads=int(config["num_attention_heads"]),
        eps=float(config["layer_norm_eps"]),
        max_tokens=int(min(longest, config["max_position_embeddings"])),
    )


def _json(path: Path) -> Any:  # noqa: ANN401 - what it holds is looked at by whoever asks
    return json.loads(path.read_bytes())


def _all_known(
    found: Mapping[str, Any], allowed: Mapping[str, tuple[object, ...]], *free: str
) -> bool:
    """Whether every setting has a value we know; with names in `free`, no other may be there."""
    strange = set(found) - set(allowed) - set(free) if free else set()
    return not strange and all(found.get(key) in values for key, values in allowed.items())


def _takes_mean(pooling: Mapping[str, Any]) -> bool:
    """Whether a Pooling is the mean over tokens, written in the new way or the old."""
    if "pooling_mode" in pooling:
        return pooling["pooling_mode"] in ("mean", ["mean"])
    others = any(pooling.get(f"pooling_mode_{name}") for name in _POOLINGS)
    return bool(pooling["pooling_mode_mean_tokens"]) and not others


def _tokenizes_as(config: Mapping[str, Any], file: Mapping[str, Any]) -> bool:
    """Whether tokenizer.json does what the library makes of the tokenizer's configuration."""
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": config.get("tokenize_chinese_chars", True),
        "strip_accents": config.get("strip_accents"),
        "lowercase": config.get("do_lower_case", True),
    }
    return (
        config["tokenizer_class"] in _TOKENIZERS
        and config.get("truncation_side", "right") == "right"
        and file["normalizer"] == normalizer
        and file["pre_tokenizer"] == {"type": "BertPreTokenizer"}
        and file["post_processor"]["type"] in ("TemplateProcessing", "BertProcessing")
        and file["model"].get("type", "WordPiece") == "WordPiece"
    )


def _fits(config: Mapping[str, Any], weights: Mapping[str, FloatArray]) -> bool:
    """Whether the weights are those of a network of this shape, all of them and whole."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], width),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], width),
        **_pair("embeddings.LayerNorm", width),
    }
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _pair(f"{at}.attention.{name}", width, width)
        shapes |= _pair(f"{at}.attention.output.LayerNorm", width)
        shapes |= _pair(f"{at}.intermediate.dense", inner, width)
        shapes |= _pair(f"{at}.output.dense", width, inner)
        shapes |= _pair(f"{at}.output.LayerNorm", width)
    found = {name: weight.shape for name, weight in weights.items()}
    unused = {name for name in found if name.startswith("pooler.")} | {"embeddings.position_ids"}
    return (
        width % config["num_attention_heads"] == 0
        and {name: shape for name, shape in found.items() if name not in unused} == shapes
    )


def _pair(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _mapped(path: Path) -> dict[str, FloatArray]:
    """The float32 arrays of a safetensors file, mapped read-only.

    The format is eight bytes for the length of a JSON header, the header with type, shape and
    place of every array, and the arrays.
    """
    content = np.asarray(np.memmap(path, np.uint8, mode="r"))
    length = int(content[:8].view("<u8")[0])
    if length > _LONGEST_HEADER:
        raise ValueError(length)
    header = json.loads(content[8 : 8 + length].tobytes())
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] == "F32":
            start, end = (8 + length + place for place in entry["data_offsets"])
            arrays[name] = content[start:end].view("<f4").reshape(entry["shape"])
    return arrays
