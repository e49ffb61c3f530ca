"""A folder with an encoder: what names it, and why it may be refused before anything is loaded.

Nothing in a folder may choose code to run: no pickle, and no class outside of the two libraries
that read it. The library refuses such classes too; this says it in one sentence, and sooner.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cascal.datatypes import CascalError

_READ_FILES = {".json", ".txt", ".model", ".safetensors"}
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
_OWN = {
    "module": re.compile(r"sentence_transformers(\.[a-z]\w*)+\.[A-Z]\w*"),
    "activation": re.compile(r"torch\.nn(\.[a-z]\w*)*\.[A-Z]\w*"),
}
_VOCABULARIES = {"tokenizer.json", "vocab.json"}
"""Large, and read by the tokenizer alone, which takes no class from them."""
_DEEPEST = 50


def folder_id(folder: Path) -> str:
    """Name of a folder and a hash of what is read from it; one that could run code is refused."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    _refuse_pickles(folder, files)
    for path in files:
        if path.suffix == ".json" and path.name not in _VOCABULARIES:
            _refuse_code(folder, path)
    digest = hashlib.sha256()
    for path in files:
        if path.suffix in _READ_FILES:
            digest.update(f"{path.relative_to(folder).as_posix()}:{sha256(path)}\n".encode())
    return f"folder:{folder.name}:{digest.hexdigest()[:12]}"


def sha256(path: Path) -> str:
    """Hash of a file's content, computed once per process and state of the file."""
    state = path.stat()
    return _hashed(str(path), state.st_size, state.st_mtime_ns)


@cache
def _hashed(path: str, size: int, modified: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_pickles(folder: Path, files: list[Path]) -> None:
    safe = {path.parent for path in files if path.suffix == ".safetensors"}
    pickled = [path for path in files if path.suffix in _PICKLES and path.parent not in safe]
    if pickled:
        raise CascalError(
            f"{pickled[0].name} in folder {folder.name!r} is a pickle, which may run code when "
            "opened. Save the model again as safetensors (SentenceTransformer.save does).",
            code="pickle",
        )


def _refuse_code(folder: Path, path: Path) -> None:
    """Refuse a configuration that names code, or a module outside of the folder."""
    shown = f"{path.relative_to(folder).as_posix()} in folder {folder.name!r}"
    try:
        content = json.loads(path.read_bytes())
        named = next(_foreign(content, modules=path.name == "modules.json"), None)
        outside = next(_outside(content, folder), None)
    except (ValueError, RecursionError):
        raise CascalError(f"{shown} is no JSON. Save the encoder again.", code="bad-json") from None
    if named is not None:
        raise CascalError(
            f"{shown} names {named[:120]}, which is not part of sentence-transformers: loading it "
            "would run code that came with the folder. Save the encoder again from the library's "
            "own modules, or serve it as an embeddings endpoint (endpoint:MODEL@BASE_URL).",
            code="foreign-code",
        )
    if outside is not None:
        raise CascalError(
            f"{shown} names the module folder {outside[:120]!r}, which is not inside. Copy it in.",
            code="outside-folder",
        )


def _mappings(content: object, depth: int = 0) -> Iterator[dict[str, object]]:
    """Every mapping in a document, from the outside in."""
    if depth > _DEEPEST:
        raise ValueError
    inner: list[object] = []
    if isinstance(content, dict):
        yield content
        inner = list(content.values())
    elif isinstance(content, list):
        inner = content
    for one in inner:
        yield from _mappings(one, depth + 1)


def _foreign(content: object, *, modules: bool) -> Iterator[str]:
    """What a configuration names that would run code which is not the library's own."""
    for mapping in _mappings(content):
        for key in ("auto_map", "trust_remote_code"):
            if mapping.get(key):
                yield f"code of its own ({key})"
        types = mapping.get("types")  # of a Router, or Asym as it was called
        classes = [*types.values()] if isinstance(types, dict) else []
        classes += [mapping.get("tokenizer_class"), mapping.get("type") if modules else None]
        yield from _not_own("module", classes)
        yield from _not_own("activation", [mapping.get("activation_function")])


def _not_own(kind: str, names: list[object]) -> Iterator[str]:
    """Dotted names, which are imported, of classes outside of the libraries."""
    for name in names:
        if isinstance(name, str) and "." in name and not _OWN[kind].fullmatch(name):
            yield f"the {kind} {name}"


def _outside(content: object, folder: Path) -> Iterator[str]:
    """Module folders that are not in the folder, whose files would be neither hashed nor checked.

    They are keys of `types` and values of `path`; a link to somewhere else is outside too.
    """
    root = folder.resolve()
    for mapping in _mappings(content):
        types = mapping.get("types")
        for name in [mapping.get("path"), *(types if isinstance(types, dict) else ())]:
            if isinstance(name, str) and not (folder / name).resolve().is_relative_to(root):
                yield name
