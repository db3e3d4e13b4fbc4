"""Files from the network, kept in a cache."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from cornu import config
from cornu.datasets import archives, fetch
from cornu.errors import explain, nearest

_KINDS = {"auto": ("tar", "zip"), "tar": ("tar",), "zip": ("zip",)}
_ALGORITHMS = {"auto": (32, 64), "md5": (32,), "sha256": (64,)}


def get_file(
    fname: str | os.PathLike | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike | None = None,
    force_download: bool = False,
    size_limit: int = 16 * 2**30,
) -> str:
    """The path of a file, downloaded into the cache if it isn't there already.

    Args:
        fname: its name in the cache; None takes the last part of `origin`.
        origin: its address, https only.
        untar: older spelling of `extract` for a tar archive.
        md5_hash: older spelling of `file_hash`.
        file_hash: its SHA-256 or MD5 in hexadecimal. Give it: without, whatever the address serves is taken.
        cache_subdir: folder in the cache; an absolute path is a folder of its own.
        hash_algorithm: "sha256", "md5", or "auto": which of them, by the length of `file_hash`.
        extract: whether to unpack it, a tar (plain, gzip, bzip2) or zip archive.
        archive_format: "tar", "zip", or "auto" for either; None for no unpacking.
        cache_dir: the cache; None is `cornu.config.cache_dir()`.
        force_download: whether to download it even if it is there.
        size_limit: bytes above which it is refused, before and after unpacking.

    Returns:
        The file's path; with `extract`, the path of the folder that it was unpacked into: `fname` itself, or, if that
        has a dot, what stands before the dot and "_extracted".

    Raises ValueError for an address that isn't https, a wrong hash, a file too large, or an archive that holds a link,
    a name outside its folder, or more than the limit; ConnectionError if the download fails.

    Difference from Keras: only https; a bad archive is refused whole, where Keras skips bad members; a folder or a
    file appears only when it is complete; and a cache that can't be written is an error, where Keras takes /tmp.
    """
    if origin is None:
        raise ValueError(explain("get_file: argument `origin` is missing.", expected="the https address of a file"))
    kinds = _KINDS["tar" if untar else archive_format] if archive_format in _KINDS else ()
    if archive_format is not None and not kinds:
        raise ValueError(
            explain(
                f"get_file: unknown `archive_format`.{nearest(archive_format, _KINDS)}",
                expected="auto, tar, zip or None",
                got=archive_format,
            )
        )
    file_hash = _checked_hash(file_hash or md5_hash, hash_algorithm)
    name = fetch.plain_name(fname or unquote(PurePosixPath(urlsplit(origin).path).name))
    folder = Path(cache_dir or config.cache_dir()).expanduser() / _inside(cache_subdir)
    if not (extract or untar):
        return str(_downloaded(origin, folder / name, file_hash, size_limit, force_download))
    stem, dot, _ = name.partition(".")
    target = folder / (f"{stem}_extracted" if dot and fname else name)
    archive = folder / (name if dot and fname else f"{name}_archive")
    _downloaded(origin, archive, file_hash, size_limit, force_download)
    budget = archives.Budget(size=size_limit)
    return str(archives.extract(archive, target, kinds, budget) if kinds else archive)


def _checked_hash(file_hash: str | None, algorithm: str) -> str | None:
    if algorithm not in _ALGORITHMS or (file_hash and len(file_hash) not in _ALGORITHMS[algorithm]):
        raise ValueError(
            explain(
                "get_file: `file_hash` and `hash_algorithm` don't fit.",
                expected='64 hexadecimal digits for "sha256", 32 for "md5"',
                got=f"{file_hash} for {algorithm!r}",
            )
        )
    return file_hash


def _inside(cache_subdir: str) -> Path:
    """A folder that is in the cache, or an absolute one that the caller names; never one that climbs out of it."""
    folder = Path(cache_subdir)
    if ".." in folder.parts:
        raise ValueError(explain("get_file: `cache_subdir` leaves the cache.", expected='no ".."', got=cache_subdir))
    return folder


def _downloaded(origin: str, target: Path, file_hash: str | None, size_limit: int, force: bool) -> Path:
    if not force and target.is_file() and fetch.has_hash(target, file_hash):
        return target
    return fetch.obtain(fetch.RemoteFile(target.name, origin, file_hash, size_limit), target, looked=[target])
