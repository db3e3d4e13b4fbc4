"""Reads tar and zip archives as data: regular files only, under plain relative names, within budgets.

An archive with one bad member (a link, a device, an absolute name, `..`, a name twice, more or larger files than the
budget allows) is refused whole: an honest packer makes none of these.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import functools
import gzip
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, cast

from cornu.errors import explain

_CHUNK = 1 << 20


class ArchiveError(ValueError):
    """An archive that is damaged, or holds what it may not hold."""


@dataclass(frozen=True)
class Budget:
    """How much an archive may hold: files, and bytes of all of them together after unpacking."""

    count: int = 200_000
    size: int = 16 * 2**30


def read_members(path: Path, wanted: Collection[str], budget: Budget | None = None) -> dict[str, bytes]:
    """The contents of the wanted members of an archive, by name; nothing is written.

    Raises ArchiveError for an archive that is damaged, breaks the rules above, or lacks a wanted member.
    """
    found = {}
    with damage_explained(path):
        for name, content in _members(path, budget or Budget()):
            if name in wanted:
                found[name] = b"".join(iter(functools.partial(content.read, _CHUNK), b""))
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise ArchiveError(
            explain(f"{path} is not the archive it should be.", expected=f"members {missing}", got="none of them")
        )
    return found


def extract(path: Path, folder: Path, kinds: Collection[str] = ("tar", "zip"), budget: Budget | None = None) -> Path:
    """Unpacks an archive into a folder, which appears only when everything is in it.

    A folder that is there already, and younger than the archive, stays as it is.

    Raises ArchiveError for an archive that is damaged or breaks the rules above.
    """
    if folder.is_dir() and folder.stat().st_mtime >= path.stat().st_mtime:
        return folder
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
    try:
        with damage_explained(path):
            for name, content in _members(path, budget or Budget(), kinds):
                target = scratch.joinpath(*PurePosixPath(name).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "xb") as stream:
                    shutil.copyfileobj(content, stream, _CHUNK)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except (FileExistsError, NotADirectoryError) as error:
        raise _refused(path, "the same name twice", str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


@contextlib.contextmanager
def damage_explained(path: Path) -> Iterator[None]:
    """Within it, whatever the standard library raises for a damaged archive becomes an ArchiveError."""
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:  # it raises a dozen kinds
        fault_of_system = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
        if fault_of_system:
            raise
        raise ArchiveError(explain(f"{path} can't be unpacked: {error or type(error).__name__}")) from error


def _members(path: Path, budget: Budget, kinds: Collection[str] = ("tar", "zip")) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of an archive, in order: name and content. A content can be read until the next one is asked for."""
    if "zip" in kinds and zipfile.is_zipfile(path):
        yield from _checked(path, _zip_entries(path), budget)
    elif "tar" in kinds:
        yield from _checked(path, _tar_entries(path), budget)
    else:
        raise zipfile.BadZipFile("it is no zip archive")


_Entry = tuple[str, int, str, IO[bytes] | None]
"""A member's name, size, what it is if it is nothing that may be unpacked, and its content (none for a folder)."""


def _checked(path: Path, entries: Iterator[_Entry], budget: Budget) -> Iterator[tuple[str, IO[bytes]]]:
    """Holds every member against the rules before its content is touched."""
    seen: set[str] = set()
    total = 0
    for count, (name, size, fault, content) in enumerate(entries, start=1):
        total += size
        if fault:
            raise _refused(path, fault, name)
        if not _is_plain(name):
            raise _refused(path, "a name that leaves its folder", name)
        if count > budget.count or total > budget.size:
            raise _refused(path, f"more than {budget.count:,} members or {budget.size:,} bytes", name)
        if content is None:
            continue
        if name in seen:
            raise _refused(path, "the same name twice", name)
        seen.add(name)
        yield name, content


class _SmallReads:
    """A stream that refuses to hand out much at once: tarfile reads a member's extended header, of any size, whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if size > _CHUNK:
            raise tarfile.ReadError("an extended header is too large")
        return self.stream.read(size)


def _unpacked(path: Path) -> IO[bytes]:
    """The bytes of a tar archive, without compression, with gzip's or with bzip2's."""
    with open(path, "rb") as stream:
        magic = stream.read(3)
    opener = gzip.open if magic[:2] == b"\x1f\x8b" else bz2.open if magic == b"BZh" else open
    return cast("IO[bytes]", opener(path, "rb"))


def _tar_entries(path: Path) -> Iterator[_Entry]:
    with _unpacked(path) as stream, tarfile.open(fileobj=_SmallReads(stream), mode="r:") as archive:  # type: ignore
        for member in archive:
            if member.isdir():
                yield member.name, 0, "", None
            elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                yield member.name, member.size, "", archive.extractfile(member)
            else:
                yield member.name, 0, "a link" if member.issym() or member.islnk() else "a special file", None


def _zip_entries(path: Path) -> Iterator[_Entry]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.rstrip("/")
            fault = _zip_fault(info)
            if fault or info.is_dir():
                yield name, 0, fault, None
            else:
                with archive.open(info) as content:
                    yield name, info.file_size, "", content


def _zip_fault(info: zipfile.ZipInfo) -> str:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or special file"
    if info.flag_bits & 1:
        return "an encrypted file"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "an unusual compression"
    return ""


def _is_plain(name: str) -> bool:
    """Whether a name is relative, goes only downward, and means the same on every system."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    climbs = ".." in posix.parts or ".." in windows.parts
    foreign = "\\" in name or ":" in name or "\0" in name
    return bool(name) and not (climbs or foreign or posix.is_absolute() or windows.is_absolute())


def _refused(path: Path, fault: str, name: str) -> ArchiveError:
    return ArchiveError(
        explain(f"{path} is refused: it holds {fault}.", expected="regular files under plain relative names", got=name)
    )
