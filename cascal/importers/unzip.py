"""Members of a zip archive as bytes: bounded, and their names only shown."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

import pyarrow as pa

from cascal.importers.limits import ImportRefused, check_file
from cascal.number_format import counted

MAX_UNZIPPED_BYTES = 512 << 20
"""What one archive may unpack to, all members that are read together."""
MAX_ZIP_RATIO = 200
"""Unpacked to packed size; texts reach about 10, an archive made to fill memory 1,000."""
RATIO_FREE_BYTES = 4 << 20
"""Members unpacking to less than this are not judged by their ratio."""
MAX_MEMBERS = 2_000
"""Members an archive may list."""
ZSTANDARD = 93
"""Compression method of zip members that Python 3.11's zipfile does not know."""
CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    pa.ArrowException,
)
"""What reading a damaged archive raises."""
_LOCAL_HEADER = 30
"""Bytes of a member's own header in front of its name, extra field and packed bytes."""
_T = TypeVar("_T")


@dataclass
class Allowance:
    """How many bytes one archive may still unpack to, whatever sizes it declares."""

    left: int = field(default_factory=lambda: MAX_UNZIPPED_BYTES)

    def bounded(self, chunks: Iterable[bytes], n_packed: int, name: str) -> Iterator[bytes]:
        """The chunks that n_packed bytes unpack to; refused at the limit of bytes or of ratio."""
        most = max(RATIO_FREE_BYTES, MAX_ZIP_RATIO * n_packed)
        for chunk in chunks:
            self.left -= len(chunk)
            most -= len(chunk)
            if min(self.left, most) < 0:
                raise _bomb(name, "unpacks to more than it declares or than is safe")
            yield chunk


def in_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a stream, piece by piece."""
    while chunk := stream.read(CHUNK):
        yield chunk


def json_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each JSON member of a zip file, in the order of the archive."""
    return members(
        path, _wanted, "An upstream eval_results zip holds model_outputs_….json.", MAX_MEMBERS
    )


def members(
    path: Path, wanted: Callable[[zipfile.ZipInfo], bool], expected: str, most: int
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each wanted member, in the order of the archive.

    `expected` says what such an archive holds where none is wanted; `most` is how many members it
    may list.
    """

    def take(name: str, chunks: Iterator[bytes]) -> tuple[str, bytes]:
        return name, b"".join(chunks)

    return taken(path, wanted, expected, most, take, Allowance())


def taken(
    path: Path,
    wanted: Callable[[zipfile.ZipInfo], bool],
    expected: str,
    most: int,
    take: Callable[[str, Iterator[bytes]], _T],
    allowance: Allowance,
) -> Iterator[_T]:
    """Yield what `take` makes of the name and the unpacked bytes of each wanted member."""
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            chosen = [one for one in listed if wanted(one)]
            check_sizes(path.name, chosen, len(listed), most)
            if not chosen:
                raise ImportRefused(
                    f"{path.name!r} holds no file that is read "
                    f"({counted(len(listed), 'member')}). {expected}",
                    code="missing-part",
                )
            for member in chosen:
                with closing(_chunks(archive, member, path)) as chunks:
                    bounded = allowance.bounded(chunks, member.compress_size, path.name)
                    yield take(member.filename, bounded)
    except BROKEN as error:
        raise ImportRefused(
            f"{path.name!r} is not a complete zip archive ({error}). Download or pack it again.",
            code="damaged-file",
        ) from None


def _wanted(member: zipfile.ZipInfo) -> bool:
    base = member.filename.rpartition("/")[2].lower()
    hidden = base.startswith(".") or member.filename.startswith("__MACOSX")
    return base.endswith(".json") and not hidden and "summary" not in base


def check_sizes(name: str, chosen: list[zipfile.ZipInfo], n_listed: int, most: int) -> None:
    """Refuse an archive by what it declares, before anything is unpacked."""
    if n_listed > most:
        raise ImportRefused(
            f"{name!r} lists {counted(n_listed, 'member')}; at most {most:,} are read. Pack the "
            "result files only.",
            code="too-large",
        )
    unpacked = sum(member.file_size for member in chosen)
    if unpacked > MAX_UNZIPPED_BYTES:
        raise _bomb(name, f"would unpack to {unpacked:,} bytes, more than {MAX_UNZIPPED_BYTES:,}")
    for member in chosen:
        if member.flag_bits & 0x1:
            raise ImportRefused(
                f"{name!r} is encrypted. Pack it again without a password.", code="encrypted"
            )
        large = member.file_size > RATIO_FREE_BYTES
        if large and member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
            raise _bomb(name, f"holds a member packed more than {MAX_ZIP_RATIO}-fold")


def _chunks(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path
) -> Generator[bytes, None, None]:
    """The unpacked bytes of a member; its checksum is checked at the end."""
    checksum = 0
    with _opened(archive, member, path) as stream:
        for chunk in in_chunks(stream):
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
    if checksum != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename[:80]!r}")


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> IO[bytes]:
    """The unpacked bytes of a member as a stream."""
    if member.compress_type != ZSTANDARD:
        return archive.open(member)
    packed = pa.BufferReader(_packed(member, path))
    stream: IO[bytes] = pa.CompressedInputStream(packed, "zstd")
    return stream


def _packed(member: zipfile.ZipInfo, path: Path) -> bytes:
    """The packed bytes of a member, found through the lengths in its local header."""
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        header = stream.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile("a member's header is damaged")
        n_name = int.from_bytes(header[26:28], "little")
        n_extra = int.from_bytes(header[28:30], "little")
        stream.seek(n_name + n_extra, 1)
        packed = stream.read(min(member.compress_size, MAX_UNZIPPED_BYTES))
    if len(packed) < member.compress_size:
        raise EOFError("a member is cut off")
    return packed


def _bomb(name: str, what: str) -> ImportRefused:
    return ImportRefused(
        f"{name!r} {what}; this looks like a zip bomb and is not unpacked. Import the files "
        "themselves, or pack fewer of them.",
        code="zip-bomb",
    )
