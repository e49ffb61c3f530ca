"""What is let in: limits, refused formats, and bytes -> text. Nothing here trusts a file name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cascal.datatypes import CascalError

MAX_FILE_BYTES = 1 << 30
"""Largest file that is opened."""
MAX_FIELD_BYTES = 4 << 20
"""Largest single text; a row with a longer one is refused."""
MAX_LINE_BYTES = 64 << 20
"""Longest line of a file that is read line by line."""
MAX_OPTIONS = 26
"""Options a query may have: the letters A to Z."""
MAX_REFUSED_SHARE = 0.5
"""With more refused rows than this share, the whole file is refused."""


class ImportRefused(CascalError):
    """A file that is not imported at all: what came, what is wrong, what to do."""


_PICKLE_ADVICE = (
    "pickled files can run code when opened and are never read here. Convert it once where you "
    "trust it: `pandas.read_pickle(path).to_parquet('responses.parquet')` for a table, "
    "`json.dump(torch.load(path, weights_only=True), …)` for a .pt file, then import the result."
)
_ROUTERBENCH_ADVICE = (
    "pickled files can run code when opened and are never read here. Take routerbench_raw.pkl, "
    "which has one row a response (the 0shot and 5shot files have a column a model), and convert "
    "it once where you trust it: `pandas.read_pickle('routerbench_raw.pkl').to_parquet("
    "'routerbench.parquet')`, then import the result."
)
_OFFICE_ADVICE = "save the sheet as .xlsx or 'CSV UTF-8' and import that."
_TABLE_ADVICE = "write the table as Parquet, CSV (UTF-8) or JSONL and import that."
_PAGE_ADVICE = "a page holds no table that can be read; " + _TABLE_ADVICE
_UNPACK_ADVICE = "unpack it and import what is inside."
_PICKLE_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt", ".bin")
_BINARY_SUFFIXES = {
    **dict.fromkeys((".xls", ".xlsb", ".ods"), _OFFICE_ADVICE),
    **dict.fromkeys((".npy", ".npz", ".safetensors"), "arrays hold no responses; " + _TABLE_ADVICE),
}
_REFUSED_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", "unpack it (gunzip) and import what is inside."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it (unzstd) and import what is inside."),
    (b"BZh", "a bzip2 archive", "unpack it (bunzip2) and import what is inside."),
    (b"\xfd7zXZ", "an xz archive", "unpack it (unxz) and import what is inside."),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK_ADVICE),
    (b"Rar!", "a rar archive", _UNPACK_ADVICE),
    (b"ARROW1", "an Arrow (Feather) file", _TABLE_ADVICE),
    (b"FEA1", "a Feather file", _TABLE_ADVICE),
    (b"\xff\xff\xff\xff", "an Arrow stream", _TABLE_ADVICE),
    (b"ORC", "an ORC file", _TABLE_ADVICE),
    (b"Obj\x01", "an Avro file", _TABLE_ADVICE),
    (b"SQLite format 3", "an SQLite database", _TABLE_ADVICE),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls)", _OFFICE_ADVICE),
    (b"\x89HDF", "an HDF5 file", _TABLE_ADVICE),
    (b"%PDF", "a PDF file", _PAGE_ADVICE),
    (b"{\\rtf", "an RTF text", _PAGE_ADVICE),
    (b"\x89PNG", "a picture (PNG)", _PAGE_ADVICE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _PAGE_ADVICE),
    (b"\x93NUMPY", "a numpy array", _TABLE_ADVICE),
    (
        b"version https://git-lfs.",
        "a Git LFS pointer and not the file itself",
        "fetch the file (git lfs pull) and import that.",
    ),
)
_MARKUP: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML file"),
)
_TAR_MARK = slice(257, 262)
_PICKLE_START = re.compile(rb"\x80[\x02-\x05]")
_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def check_file(path: Path) -> bytes:
    """Refuse what must not or cannot be read; return the first bytes of the file."""
    head = check_size(path)
    _refuse_suffix(path)
    _refuse_binary(path.name, head)
    return head


def check_size(path: Path) -> bytes:
    """Refuse a file that is missing, closed, empty or too large; return its first bytes."""
    if not path.is_file():
        raise ImportRefused(f"There is no file {path.name!r}. Check the path.", code="no-such-file")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise ImportRefused(
            f"{path.name!r} cannot be opened ({error.strerror}). Check its permissions.",
            code="no-access",
        ) from None
    if size == 0:
        raise ImportRefused(
            f"{path.name!r} is empty (0 bytes). Export or download it again.", code="no-records"
        )
    if size > MAX_FILE_BYTES:
        raise ImportRefused(
            f"{path.name!r} has {size:,} bytes, more than the {MAX_FILE_BYTES:,} that are read. "
            "Split it into smaller files.",
            code="too-large",
        )
    return head


def _refuse_suffix(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in _PICKLE_SUFFIXES:
        wide = "routerbench" in path.name.casefold()
        advice = _ROUTERBENCH_ADVICE if wide else _PICKLE_ADVICE
        raise ImportRefused(f"{path.name!r} is a {suffix} file: {advice}", code="pickle")
    if suffix in _BINARY_SUFFIXES:
        raise ImportRefused(
            f"{path.name!r} is a {suffix} file: {_BINARY_SUFFIXES[suffix]}", code="binary-file"
        )


def _refuse_binary(name: str, head: bytes) -> None:
    if _PICKLE_START.match(head):
        raise ImportRefused(f"{name!r} is a Python pickle: {_PICKLE_ADVICE}", code="pickle")
    for start, what, advice in _REFUSED_STARTS:
        if head.startswith(start):
            raise ImportRefused(f"{name!r} is {what}: {advice}", code="binary-file")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, what in _MARKUP:
        if text.startswith(start):
            raise ImportRefused(f"{name!r} is {what}: {_PAGE_ADVICE}", code="binary-file")
    if head[_TAR_MARK] == b"ustar":
        raise ImportRefused(f"{name!r} is a tar archive: {_UNPACK_ADVICE}", code="binary-file")
    if head[8:12] == b"DUCK":
        raise ImportRefused(f"{name!r} is a DuckDB file: {_TABLE_ADVICE}", code="binary-file")
    known = head.startswith((b"PAR1", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xfe", b"\xfe\xff"))
    if not known and b"\x00" in head:
        raise ImportRefused(
            f"{name!r} is a binary file of unknown kind: {_TABLE_ADVICE}", code="binary-file"
        )


def is_zip(head: bytes) -> bool:
    """Whether the first bytes are those of a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def decode(raw: bytes, name: str) -> str:
    """UTF-8 (with or without byte order mark) to text, or a refusal naming the byte position."""
    refuse_wide_characters(raw[:2], name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = len(raw) - len(error.object) + error.start  # a byte order mark counts too
        line = raw.count(b"\n", 0, start) + 1
        raise not_utf8(name, error, raw[:1024], Place(start, line)) from None


def decoded_lines(name: str, opened: Callable[[], BinaryIO]) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file from 1, each with its end; as `decode`, a line at a time."""
    with opened() as stream:
        head, before = stream.read(1024), 0
        stream.seek(0)
        refuse_wide_characters(head[:2], name)
        for row, raw in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), 1):
            if len(raw) == MAX_LINE_BYTES:
                raise ImportRefused(
                    f"Line {row} of {name!r} is longer than {MAX_LINE_BYTES:,} bytes. Write one "
                    "record a line, each with the response of one model to one query.",
                    code="too-large",
                )
            try:
                yield row, raw.decode("utf-8-sig" if row == 1 else "utf-8")
            except UnicodeDecodeError as error:
                place = Place(before + len(raw) - len(error.object) + error.start, row)
                raise not_utf8(name, error, head, place) from None
            before += len(raw)


class Place(NamedTuple):
    """A byte of a file, from 0, and its line, from 1."""

    byte: int
    line: int


def refuse_wide_characters(head: bytes, name: str) -> None:
    """Refuse a file that begins with the byte order mark of UTF-16."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            raise ImportRefused(
                f"{name!r} is encoded as {encoding}; UTF-8 is needed. Save it as 'CSV UTF-8', or "
                f"run: iconv -f UTF-16 -t UTF-8 file > file-utf8",
                code="wrong-encoding",
            )


def not_utf8(name: str, error: UnicodeDecodeError, head: bytes, place: Place) -> ImportRefused:
    """The refusal of a file with this head that holds other bytes than UTF-8 in a place."""
    if error.reason == "unexpected end of data":
        return ImportRefused(
            f"{name!r} is cut off in the middle of a character. Download or export it again.",
            code="damaged-file",
        )
    if b"\x00" in head:
        return ImportRefused(
            f"{name!r} is no text but binary data. Export a table as CSV, JSONL or Parquet.",
            code="binary-file",
        )
    return ImportRefused(
        f"{name!r} is not UTF-8: byte {place.byte} (line {place.line}) is "
        f"0x{error.object[error.start]:02x}, probably Windows-1252 or Latin-1. Save it as 'CSV "
        "UTF-8', or run: iconv -f WINDOWS-1252 -t UTF-8 file > file-utf8",
        code="wrong-encoding",
    )


def parse_json(text: str | bytes, name: str) -> object:
    """A JSON document, or a refusal that says where it breaks off."""
    if isinstance(text, bytes):
        text = decode(text, name)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1
        raise damaged_json(name, error.msg, (error.lineno, error.colno), cut=cut) from None
    except (RecursionError, ValueError) as error:
        raise no_json(name, error) from None


def damaged_json(name: str, message: str, place: tuple[int, int], *, cut: bool) -> ImportRefused:
    """The refusal of a JSON file that is wrong at a line and column, from 1, or `cut` off there."""
    what = "it breaks off" if cut else "it is not valid JSON"
    return ImportRefused(
        f"{name!r} cannot be read: {what} at line {place[0]}, column {place[1]} ({message}). "
        "Download or export it again.",
        code="damaged-file",
    )


def no_json(name: str, error: Exception) -> ImportRefused:
    """The refusal of a JSON file with numbers too long or too many levels."""
    reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)[:80]
    return ImportRefused(
        f"{name!r} is no list of records that can be read ({reason}). Export it again.",
        code="not-records",
    )


def read_records(raw: bytes, name: str) -> list[dict[str, Any]]:
    """A JSON list of objects; anything else is refused."""
    document = parse_json(raw, name)
    if not isinstance(document, list):
        raise ImportRefused(
            f"{name!r} holds a JSON {type(document).__name__}; a list of records is needed.",
            code="not-records",
        )
    odd = next((row for row, one in enumerate(document, 1) if not isinstance(one, dict)), 0)
    if odd:
        raise ImportRefused(
            f"Record {odd} of {name!r} is a {type(document[odd - 1]).__name__}; every record must "
            "be an object with named fields.",
            code="not-records",
        )
    return document


def read_bytes(path: Path) -> bytes:
    """The whole file after `check_file`."""
    check_file(path)
    return path.read_bytes()


def only(paths: Sequence[Path], kind: str) -> Path:
    """The one path of a format that takes a file or a folder; two are refused."""
    if len(paths) > 1:
        raise ImportRefused(
            f"Two files are not read as {kind!r}. Name their folder.", code="wrong-path-count"
        )
    return paths[0]
