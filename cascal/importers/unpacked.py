"""Packed files (gzip, Zstandard, xz, bzip2, zip) -> plain files, for as long as they are read.

What is packed is told by its first bytes and not by its name. It is unpacked piece by piece into a
folder that is deleted afterwards, up to the limits of `unzip`: the importers only see plain files.
Archives that an importer reads itself (inspect .eval logs, MMLU-Pro results, Excel sheets) stay.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import pyarrow as pa

from cascal.importers.limits import ImportRefused, check_file, check_size, is_zip
from cascal.importers.sniff import MAX_FILES, READ_SUFFIXES, all_files_below, is_inspect_zip
from cascal.importers.unzip import BROKEN, MAX_MEMBERS, Allowance, in_chunks, taken
from cascal.importers.workbook import is_workbook

PACKED_SUFFIXES = (".gz", ".zst", ".zstd", ".xz", ".bz2", ".zip")
MAX_DEPTH = 3
"""Packings inside each other that are opened: a zip of .gz files has two."""
_PEEK = 4096
_BROKEN = (*BROKEN, lzma.LZMAError, MemoryError)


def _zstandard(path: Path) -> IO[bytes]:
    stream: IO[bytes] = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return stream


class _Packing(NamedTuple):
    """A packed stream: its first bytes, what it is called, and what opens it."""

    start: bytes
    label: str
    open: Callable[[Path], Any]


_PACKINGS = (
    _Packing(b"\x1f\x8b", "gzip", gzip.open),
    _Packing(b"\x28\xb5\x2f\xfd", "Zstandard", _zstandard),
    _Packing(b"\x50\x2a\x4d\x18", "Zstandard", _zstandard),
    _Packing(b"\xfd7zXZ\x00", "xz", lzma.open),
    *(_Packing(f"BZh{level}1AY&SY".encode(), "bzip2", bz2.open) for level in range(1, 10)),
)


@contextmanager
def unpacked(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The paths, with what is in a packed file in its place.

    A folder or a file's neighbours come along, since some formats look there: in the folder of
    plain files they are links.
    """
    if not any(_holds_packed(path) for path in paths):
        yield list(paths)
        return
    with tempfile.TemporaryDirectory(prefix="cascal-") as name:
        room = _Room(Path(name))
        yield [room.plain(path) for path in paths]


def _holds_packed(path: Path) -> bool:
    try:
        is_folder = path.is_dir()
    except OSError as error:  # a name that no file can have
        raise ImportRefused(
            f"{path.name[:80]!r} cannot be opened ({error.strerror}). Check the path.",
            code="no-access",
        ) from None
    if is_folder:
        return any(_is_unpacked(one) for one in all_files_below(path))
    return path.is_file() and _is_packed(path)


def _is_unpacked(file: Path) -> bool:
    """Whether a file of a folder is unpacked: vectors and tensors are archives that stay."""
    return file.suffix.lower() in (*READ_SUFFIXES, *PACKED_SUFFIXES) and _is_packed(file)


def _is_packed(path: Path) -> bool:
    return _packing_of(path) is not None or _is_bundle(path)


def _head(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as stream:
        return stream.read(_PEEK)
    return b""


def _packing_of(path: Path) -> _Packing | None:
    """How a file is packed; None for any file that is no packed stream."""
    head = _head(path)
    return next((one for one in _PACKINGS if head.startswith(one.start)), None)


def _is_bundle(path: Path) -> bool:
    """Whether a file is a zip archive of files that are read, and not a format of its own."""
    if not is_zip(_head(path)) or path.suffix.lower() == ".eval":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not (is_inspect_zip(path) or is_workbook(archive) or _is_mmlu_pro(archive))
    except (*_BROKEN, RuntimeError):
        return True


def _is_mmlu_pro(archive: zipfile.ZipFile) -> bool:
    """Whether all that is read of an archive is JSON, the first of it MMLU-Pro results."""
    names = [one for one in archive.infolist() if _wanted(one)]
    if not names or any(not one.filename.lower().endswith(".json") for one in names):
        return False
    with archive.open(names[0]) as stream:
        return b'"question_id"' in stream.read(_PEEK)


def _wanted(member: zipfile.ZipInfo) -> bool:
    """Whether a member may hold responses: a table, a log, or another archive."""
    path = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
    return not hidden and path.suffix.lower() in (*READ_SUFFIXES, *PACKED_SUFFIXES)


@dataclass
class _Room:
    """A folder of plain files; each folder that was given has one of the same name in it."""

    root: Path
    _folders: dict[Path, Path] = field(default_factory=dict)

    def plain(self, path: Path) -> Path:
        """The plain file or folder in place of a file or folder that was given."""
        if path.is_dir():
            return self._folder(path)
        if not path.is_file() or not _is_packed(path):
            return path
        folder = self._folder_of(path.resolve().parent)
        found = self._unpack(path, folder, Allowance(), 1)
        _link_neighbours(path.parent, folder)
        return found

    def _folder_of(self, given: Path) -> Path:
        if given not in self._folders:
            folder = self.root / str(len(self._folders)) / (given.name or "files")
            folder.mkdir(parents=True)
            self._folders[given] = folder
        return self._folders[given]

    def _folder(self, given: Path) -> Path:
        folder = self._folder_of(given.resolve())
        for file in all_files_below(given):
            inside = (folder / file.relative_to(given)).parent
            inside.mkdir(parents=True, exist_ok=True)
            if _is_unpacked(file):
                self._unpack(file, inside, Allowance(), 1)
            else:
                _link(file, inside / file.name)
        return folder

    def _unpack(self, path: Path, folder: Path, allowance: Allowance, depth: int) -> Path:
        """Write what is in a packed file into the folder; a packed file in it likewise."""
        if depth > MAX_DEPTH:
            raise ImportRefused(
                f"{path.name!r} is packed more than {MAX_DEPTH} times over. Unpack it and import "
                "what is inside.",
                code="nested-too-deep",
            )
        check_size(path)
        packing = _packing_of(path)
        if packing is None:
            return self._extract(path, folder, allowance, depth)
        inner = _unpack_stream(path, packing, folder, allowance)
        return self._opened(inner, folder, allowance, depth)

    def _opened(self, inner: Path, folder: Path, allowance: Allowance, depth: int) -> Path:
        if not _is_packed(inner):
            check_file(inner)
            return inner
        aside = Path(tempfile.mkdtemp(dir=self.root))
        packed = inner.rename(aside / inner.name)
        return self._unpack(packed, folder, allowance, depth + 1)

    def _extract(self, path: Path, folder: Path, allowance: Allowance, depth: int) -> Path:
        """The members of a zip in a folder of its name: that folder, or the only file."""
        inside = folder / (path.stem or path.name)
        if inside.exists():
            raise _twice(inside.name)
        inside.mkdir()

        def take(name: str, chunks: Iterator[bytes]) -> Path:
            target = _inside(inside, name, path.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(chunks, target)
            return target

        expected = f"It may hold {', '.join(READ_SUFFIXES)}, also packed."
        files = list(taken(path, _wanted, expected, MAX_MEMBERS, take, allowance))
        plain = [self._opened(one, one.parent, allowance, depth) for one in files]
        return plain[0] if len(plain) == 1 else _lone_folder(inside)


def _lone_folder(folder: Path) -> Path:
    """The innermost folder that holds all: archives often pack one folder."""
    entries = list(folder.iterdir())
    return _lone_folder(entries[0]) if len(entries) == 1 and entries[0].is_dir() else folder


def _unpack_stream(path: Path, packing: _Packing, folder: Path, allowance: Allowance) -> Path:
    name = path.stem if path.suffix.lower() in PACKED_SUFFIXES else path.name
    try:
        with packing.open(path) as stream:
            chunks = allowance.bounded(in_chunks(stream), path.stat().st_size, path.name)
            return _write(chunks, folder / name)
    except _BROKEN as error:
        raise ImportRefused(
            f"{path.name!r} is not a complete {packing.label} file ({error}). Download or pack it "
            "again.",
            code="damaged-file",
        ) from None


def _write(chunks: Iterator[bytes], target: Path) -> Path:
    """Write a file that is not there yet; never through a link."""
    try:
        with target.open("xb") as stream:
            for chunk in chunks:
                stream.write(chunk)
    except FileExistsError:
        raise _twice(target.name) from None
    return target


def _twice(name: str) -> ImportRefused:
    return ImportRefused(
        f"{name!r} is there twice, packed and plain or in two archives. Keep one.",
        code="duplicate-file",
    )


def _inside(folder: Path, name: str, archive: str) -> Path:
    """Where a member is written: below the folder, or it is refused."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if any(part in ("..", "/") or ":" in part for part in parts):
        raise ImportRefused(
            f"{archive!r} holds a file that would be written outside of its folder "
            f"({name[:80]!r}). Pack it again without such paths.",
            code="outside-folder",
        )
    return folder.joinpath(*parts)


def _link_neighbours(source: Path, folder: Path) -> None:
    """Show a file's plain neighbours beside it, except those that it replaces."""
    for number, file in enumerate(source.iterdir()):
        plain = file.suffix.lower() in READ_SUFFIXES and file.is_file()
        if number < MAX_FILES and plain and not (folder / file.name).exists():
            _link(file, folder / file.name)


def _link(file: Path, target: Path) -> None:
    if target.exists():
        raise _twice(target.name)
    try:
        target.symlink_to(file.resolve())
    except OSError:
        shutil.copyfile(file, target)
