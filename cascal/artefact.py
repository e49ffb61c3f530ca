"""One file for a fitted router: JSON and arrays in a zip, no pickle, with a checksum."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cascal.datatypes import CascalError
from cascal.files.owner_only import owner_only

FORMAT = "cascal-router"
FORMAT_VERSION = 1
HEEDED_VERSION = 2
"""Of a file whose routes labels may have changed: a reader of version 1 would route otherwise."""
_MAX_BYTES = 2 * 1024**3
_HEADER, _ARRAYS = "router.json", "arrays.npz"


class ArtefactError(CascalError):
    """The file is not a router artefact this version can read."""


def checksum(header: Mapping[str, Any], arrays: bytes) -> str:
    """SHA-256 of the header without its checksum, and of the file of arrays."""
    text = json.dumps({k: v for k, v in header.items() if k != "checksum"}, sort_keys=True)
    return hashlib.sha256(text.encode() + b"\x00" + arrays).hexdigest()


def write_artefact(
    path: Path, header: Mapping[str, Any], arrays: Mapping[str, Any], *, heeded: bool = False
) -> None:
    """Write header (JSON types) and arrays; the file appears whole or not at all.

    heeded : whether the header holds labels that decide about routes
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{k: np.asarray(v) for k, v in arrays.items()})
    body = buffer.getvalue()
    version = HEEDED_VERSION if heeded else FORMAT_VERSION
    full = {"format": FORMAT, "format_version": version, **header}
    full["checksum"] = checksum(full, body)
    partial = path.with_name(path.name + ".part")
    with (
        open(partial, "wb", opener=owner_only) as file,
        zipfile.ZipFile(file, "w") as archive,
    ):
        for name, content in ((_HEADER, json.dumps(full, indent=1).encode()), (_ARRAYS, body)):
            archive.writestr(zipfile.ZipInfo(name), content)
    partial.replace(path)


_UNREADABLE = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    zlib.error,
)
"""What zipfile, json and numpy raise on bytes that are no artefact."""


def _damaged(path: Path) -> ArtefactError:
    return ArtefactError(
        f"{path.name} is not a CASCAL router, or it is damaged. Export the router again.",
        code="damaged-file",
    )


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
        raise ArtefactError(
            f"{path.name} unpacks to more than 2 GiB; no router is that large.", code="too-large"
        )


def _parts(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(path, archive)
            return json.loads(archive.read(_HEADER)), archive.read(_ARRAYS)
    except ArtefactError:
        raise
    except FileNotFoundError as error:
        raise ArtefactError(
            f"There is no file {path}. Save one with `cascal export`.", code="no-such-file"
        ) from error
    except IsADirectoryError as error:
        raise ArtefactError(f"{path} is a folder, not a router file.", code="wrong-path") from error
    except _UNREADABLE as error:
        raise _damaged(path) from error


def _holds_what_it_says(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether an array has the size that its header names, which numpy would allocate unread."""
    with archive.open(entry) as stored:
        version = np.lib.format.read_magic(stored)
        read = np.lib.format.read_array_header_1_0
        shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(
            stored
        )
        return stored.tell() + math.prod(shape) * dtype.itemsize == entry.file_size


def _load_arrays(path: Path, body: bytes) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as inner:
            _check_size(path, inner)
            if not all(_holds_what_it_says(inner, entry) for entry in inner.infolist()):
                raise _damaged(path)
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except ArtefactError:
        raise
    except _UNREADABLE as error:
        raise _damaged(path) from error


def read_artefact(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read header and arrays; a foreign, damaged, altered or newer file is refused."""
    header, body = _parts(path)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ArtefactError(
            f"{path.name} is not a CASCAL router. Export one with `cascal export`.",
            code="foreign-file",
        )
    version = header.get("format_version")
    if version not in (FORMAT_VERSION, HEEDED_VERSION):
        raise ArtefactError(
            f"{path.name} has router format {version}, this program reads {FORMAT_VERSION} and "
            f"{HEEDED_VERSION}. "
            "Update cascal, or export the router again with this version.",
            code="other-version",
        )
    if header.get("checksum") != checksum(header, body):
        raise ArtefactError(
            f"The checksum of {path.name} does not match: it is damaged or was changed by hand. "
            "Export the router again.",
            code="damaged-file",
        )
    return header, _load_arrays(path, body)
