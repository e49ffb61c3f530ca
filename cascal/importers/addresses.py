"""Files that lie elsewhere: copied to a temporary folder, looked at there like any other.

Only an address that a person gave is read. Nothing in a file leads to another one, a redirection
goes to an encrypted address or nowhere, and credentials come from the environment alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from cascal.columns import Progress
from cascal.hosts import LOOPBACK
from cascal.importers.limits import MAX_FILE_BYTES, ImportRefused
from cascal.importers.sniff import MAX_FILES, may_hold_rows
from cascal.number_format import counted, decimal

MAX_COPY_BYTES = 8 << 30
"""Bytes that all files of one address may have together."""
_BLOCK = 1 << 20
_REDIRECTIONS = 5
_SECONDS = 60.0


@contextmanager
def local_copies(
    addresses: Sequence[str], progress: Progress | None = None
) -> Iterator[list[Path]]:
    """A path for each path or address; the copies are gone at the end.

    s3://BUCKET/KEY is a file, or all files below a folder; https://… is one file. Any other scheme
    is refused, as is a file of more than `MAX_FILE_BYTES`, or all of more than `MAX_COPY_BYTES`.
    """
    with ExitStack() as copies:
        yield [_local(one, copies, progress) for one in addresses]


def scheme_of(address: str) -> str:
    """The scheme of an address, "" for a path; one letter is a drive."""
    scheme, sign, _ = address.partition("://")
    return scheme.lower() if sign and len(scheme) > 1 else ""


def _local(address: str, copies: ExitStack, progress: Progress | None) -> Path:
    scheme = scheme_of(address)
    if not scheme:
        return Path(address)
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise ImportRefused(
            f"The address at {parts.hostname} carries a user name or a password. Set the "
            "variables of the environment instead, and give the address without them.",
            code="written-secret",
        )
    folder = Path(tempfile.mkdtemp(prefix="cascal-"))
    copies.callback(shutil.rmtree, folder, ignore_errors=True)
    copy = _Copy(folder, progress)
    if scheme == "s3":
        return _from_s3(parts, copy)
    if scheme == "https" or (scheme == "http" and parts.hostname in LOOPBACK):
        return _from_web(address, parts, copy)
    raise ImportRefused(
        f"Addresses of the scheme {scheme[:40]!r} are not read; s3:// and https:// are. Copy the "
        "data to this machine and name the file.",
        code="unknown-address",
    )


class _Copy:
    """Writes what arrives, and ends where it is too much."""

    def __init__(self, folder: Path, progress: Progress | None) -> None:
        self.folder = folder
        self._progress = progress
        self._n_bytes = 0

    def write(self, name: str, blocks: Iterator[bytes]) -> Path:
        """The file of a name below the folder, made of blocks of bytes."""
        target = self.folder.joinpath(*_safe_parts(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        n_bytes = 0
        with target.open("xb") as file:
            for block in blocks:
                n_bytes += len(block)
                self._n_bytes += len(block)
                _refuse_large(target.name, n_bytes, self._n_bytes)
                file.write(block)
                if self._progress is not None:
                    self._progress(
                        0.0, f"{decimal(self._n_bytes / 1e6, 0)} MB of {target.name} read"
                    )
        return target


def _refuse_large(name: str, n_bytes: int, of_all: int) -> None:
    if n_bytes > MAX_FILE_BYTES or of_all > MAX_COPY_BYTES:
        raise ImportRefused(
            f"{name[:80]!r} is more than is read: {MAX_FILE_BYTES:,} bytes a file, "
            f"{MAX_COPY_BYTES:,} bytes of one address. Split it into smaller files.",
            code="too-large",
        )


def _safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a path below a folder; one that leads out of it is refused."""
    parts = PurePosixPath(name).parts
    if not parts or any(part in ("/", "..") or "\\" in part or "\0" in part for part in parts):
        raise ImportRefused(
            f"The address holds a file called {name[:80]!r}, which is no name here. Rename it.",
            code="outside-folder",
        )
    return parts


# --- s3 ---------------------------------------------------------------------------------------


def _from_s3(parts: SplitResult, copy: _Copy) -> Path:
    """The copy of an object, or the folder with the copies of all objects below a prefix."""
    from pyarrow.fs import FileSelector, FileType

    root = PurePosixPath(parts.netloc + unquote(parts.path))
    try:
        source = s3_from_environment()
        given = source.get_file_info(str(root))
        if given.type == FileType.NotFound:
            raise ImportRefused(
                f"There is nothing at s3://{root} that can be seen. Check the address and "
                "AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.",
                code="no-such-file",
            )
        if given.type == FileType.File:
            return copy.write(root.name, _blocks(source, str(root)))
        below = source.get_file_info(FileSelector(str(root), recursive=True))
        _copy_below(source, root, [one for one in below if one.type == FileType.File], copy)
    except OSError as error:
        raise _unreachable(f"s3://{root}", error) from None
    return copy.folder / root.name


def s3_from_environment() -> Any:  # noqa: ANN401 - a class of pyarrow without stubs
    """The file system of the variables AWS_…; anonymous without a key, and no other place asked."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    key = os.environ.get("AWS_ACCESS_KEY_ID")
    options: dict[str, Any] = {"anonymous": True}
    if key:
        options = {
            "access_key": key,
            "secret_key": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            "session_token": os.environ.get("AWS_SESSION_TOKEN"),
        }
    return S3FileSystem(
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint_override=os.environ.get("AWS_ENDPOINT_URL") or None,
        connect_timeout=10,
        request_timeout=_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
        **options,
    )


def _copy_below(source: Any, root: PurePosixPath, found: Sequence[Any], copy: _Copy) -> None:  # noqa: ANN401
    wanted = [one for one in found if may_hold_rows(PurePosixPath(one.path))]
    if not wanted:
        raise ImportRefused(
            f"s3://{root} holds no file that may hold rows. Give the address of a data set.",
            code="no-records",
        )
    if len(wanted) > MAX_FILES:
        raise ImportRefused(
            f"s3://{root} holds {counted(len(wanted), 'file')}, more than the {MAX_FILES:,} that "
            "are read. Give the address of one data set.",
            code="too-large",
        )
    sizes = [one.size for one in wanted]
    _refuse_large(str(root), max(sizes), sum(sizes))
    for one in sorted(wanted, key=lambda entry: str(entry.path)):
        name = PurePosixPath(root.name) / PurePosixPath(one.path).relative_to(root)
        copy.write(str(name), _blocks(source, one.path))


def _blocks(source: Any, path: str) -> Iterator[bytes]:  # noqa: ANN401
    with source.open_input_stream(path) as stream:
        while block := stream.read(_BLOCK):
            yield block


# --- https ------------------------------------------------------------------------------------


def _from_web(address: str, parts: SplitResult, copy: _Copy) -> Path:
    """The copy of what an address answers, called as the address is."""
    import httpx

    name = PurePosixPath(unquote(parts.path)).name or "download"
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            return _download(client, httpx.URL(address), name, copy)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(f"{parts.scheme}://{parts.netloc}", error) from None


def _download(client: Any, url: Any, name: str, copy: _Copy) -> Path:  # noqa: ANN401
    for _ in range(_REDIRECTIONS + 1):
        with client.stream("GET", url) as answer:
            if answer.next_request is not None:
                target = answer.next_request.url
                here = url.scheme == "http" and target.host in LOOPBACK
                if target.scheme != "https" and not here:
                    break
                url = target
                continue
            answer.raise_for_status()
            return copy.write(name, answer.iter_bytes(_BLOCK))
    raise ImportRefused(
        f"{url.host} leads on to an address that is not encrypted, or on and on. Give the address "
        "of the file itself.",
        code="unknown-address",
    )


def _unreachable(address: str, error: Exception) -> ImportRefused:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return ImportRefused(
        f"{address[:200]} could not be read ({reason}). Check the address, the network and the "
        "credentials in the environment.",
        code="no-access",
    )
