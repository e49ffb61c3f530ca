"""Members of a zip archive as bytes: never extracted to disk, bounded, names only shown."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from cascal.importers.door import ImportRefused, check_file

MAX_UNZIPPED_BYTES = 512 << 20
"""What one archive may unpack to, all members together."""
MAX_ZIP_RATIO = 200
"""Unpacked to packed size; texts reach about 10, an archive made to fill memory 1,000."""
RATIO_FREE_BYTES = 4 << 20
"""Members unpacking to less than this are not judged by their ratio."""
MAX_MEMBERS = 2_000
"""Members an archive may list."""
_CHUNK = 1 << 20


def json_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each JSON member of a zip file, in the order of the archive."""
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if _wanted(one)]
            _check_sizes(path.name, archive.infolist())
            if not members:
                raise ImportRefused(
                    f"{path.name!r} holds no .json file ({len(archive.infolist())} members). An "
                    "upstream eval_results zip holds model_outputs_….json."
                )
            left = MAX_UNZIPPED_BYTES
            for member in members:
                content = _content(archive, member, left, path.name)
                left -= len(content)
                yield member.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ImportRefused(
            f"{path.name!r} is not a complete zip archive ({error}). Download or pack it again."
        ) from None


def _wanted(member: zipfile.ZipInfo) -> bool:
    base = member.filename.rpartition("/")[2].lower()
    hidden = base.startswith(".") or member.filename.startswith("__MACOSX")
    return base.endswith(".json") and not hidden and "summary" not in base


def _check_sizes(name: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ImportRefused(
            f"{name!r} lists {len(members):,} members; at most {MAX_MEMBERS:,} are read. Pack the "
            "result files only."
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNZIPPED_BYTES:
        raise _bomb(name, f"would unpack to {unpacked:,} bytes, more than {MAX_UNZIPPED_BYTES:,}")
    for member in members:
        if member.flag_bits & 0x1:
            raise ImportRefused(f"{name!r} is encrypted. Pack it again without a password.")
        large = member.file_size > RATIO_FREE_BYTES
        if large and member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
            raise _bomb(name, f"holds a member packed more than {MAX_ZIP_RATIO}-fold")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, name: str) -> bytes:
    """Unpack in chunks and stop at the limit, whatever size the archive declares."""
    limit = min(left, max(RATIO_FREE_BYTES, MAX_ZIP_RATIO * member.compress_size))
    chunks: list[bytes] = []
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            chunks.append(chunk)
            limit -= len(chunk)
            if limit < 0:
                raise _bomb(name, "unpacks to more than it declares")
    return b"".join(chunks)


def _bomb(name: str, what: str) -> ImportRefused:
    return ImportRefused(
        f"{name!r} {what}; this looks like a zip bomb and is not unpacked. Import the files "
        "themselves, or pack fewer of them."
    )
