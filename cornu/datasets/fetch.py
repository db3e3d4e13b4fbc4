"""Finds the file of a data set on this machine, or downloads it.

A file is looked for, in this order, in the folder that `CORNU_DATASETS` names, in cornu's cache
(`cornu.config.cache_dir() / "datasets"`) and in Keras's (`$KERAS_HOME` or `~/.keras`). Downloads go over https
only, are cut off above the size that the file may have, and appear under their name only when they are whole and
their hash is right.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from cornu import config
from cornu.errors import explain

MEBIBYTE = 2**20
_CHUNK = 256 * 1024
_DAY = 24 * 3600.0
_TIMEOUT = 60.0  # seconds without a byte, after which a connection counts as dead


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be had from the network: what it is called, where it lies, and how to know it.

    Args:
        name: its name in folders on this machine.
        url: an https address.
        file_hash: the hexadecimal SHA-256 of its content, or its MD5 where its publisher gives nothing better; None
            takes whatever comes.
        size_limit: bytes above which it is refused.
        folder: the folder, inside those of all data sets, that its data set has to itself.
        other_names: further names that it has in Keras's cache.
    """

    name: str
    url: str
    file_hash: str | None
    size_limit: int
    folder: str = ""
    other_names: tuple[str, ...] = ()


def locate(file: RemoteFile, path: str | os.PathLike | None = None) -> Path:
    """The path of a data set's file on this machine; downloads it into cornu's cache if need be.

    Args:
        file: what is wanted.
        path: another name for it in the caches; or an absolute path, where it is taken from or downloaded to.

    A file in the `CORNU_DATASETS` folder, or at an absolute path, is the person's own choice and is taken as it is,
    re-packed ones too; one in a cache counts only if its hash is right.

    Raises ConnectionError, with every place where the file was looked for, if it isn't here and can't be downloaded.
    """
    if path is not None and Path(path).expanduser().is_absolute():
        target = Path(path).expanduser()
        return target if target.is_file() else obtain(file, target, looked=[target])
    name = plain_name(path if path is not None else file.name)
    chosen = os.environ.get("CORNU_DATASETS")
    own = [Path(chosen).expanduser() / file.folder / name] if chosen else []
    for candidate in own:
        if candidate.is_file():
            return candidate
    target = config.cache_dir() / "datasets" / file.folder / name
    cached = [target, *(keras_home() / "datasets" / file.folder / n for n in (name, *file.other_names))]
    for candidate in cached:
        if candidate.is_file() and has_hash(candidate, file.file_hash):
            return candidate
    return obtain(file, target, looked=[*own, *cached])


def obtain(file: RemoteFile, target: Path, looked: list[Path]) -> Path:
    """Downloads a file that is in none of the places `looked`; if the network fails, the error says all there is to do.

    Raises ConnectionError for that, ValueError as `download` does.
    """
    import http.client  # not above: it is slow to import, and seldom needed

    try:
        return download(file.url, target, file.file_hash, file.size_limit)
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(
            explain(
                f"{file.name} is not on this machine, and downloading it failed: {error}",
                expected="the file in one of these places:" + "".join(f"\n              {p}" for p in looked),
                got=f"none there with the right hash, and no answer from {file.url}",
                fix=f"Download {file.url} where there is a network; put the file at {target}, or into a folder that "
                "the environment variable CORNU_DATASETS names.",
            )
        ) from error


def keras_home() -> Path:
    """The folder of Keras's caches: `$KERAS_HOME`, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def plain_name(name: str | os.PathLike) -> str:
    """A name without any folder in it, the same on every system; ValueError for one that has a folder, or is none.

    >>> plain_name("mnist.npz")
    'mnist.npz'
    """
    text = os.fspath(name)
    parts = PurePosixPath(text).parts, PureWindowsPath(text).parts
    if text in ("", ".", "..") or "\0" in text or any(part != (text,) for part in parts):
        raise ValueError(explain("A file name may not hold a folder.", expected="a plain name, as mnist.npz", got=text))
    return text


def has_hash(path: Path, file_hash: str | None) -> bool:
    """Whether a file's content has a hash: SHA-256 (64 hexadecimal digits) or MD5 (32). None is true of every file."""
    if file_hash is None:
        return True
    digest = _hasher(file_hash)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == file_hash.lower()


def _hasher(file_hash: str) -> Any:
    algorithm = {64: "sha256", 32: "md5"}.get(len(file_hash))
    if algorithm is None:
        raise ValueError(
            explain("A file hash can't be used.", expected="64 (SHA-256) or 32 (MD5) hexadecimal digits", got=file_hash)
        )
    return hashlib.new(algorithm, usedforsecurity=False)


def download(url: str, target: Path, file_hash: str | None, size_limit: int) -> Path:
    """Downloads `url` to `target`, which appears only when it is whole and its hash is right.

    Raises ValueError if the address isn't https, the file is larger than `size_limit` or its hash is wrong; OSError
    if the network fails or the file ends early. Whatever stood at `target` before stays, then, as it was.
    """
    private_folder(target.parent)
    _remove_leftovers(target)
    with _written_at_once(target) as stream, contextlib.closing(open_url(url)) as response:
        digest = _hasher(file_hash) if file_hash else hashlib.sha256()
        declared = response.headers.get("Content-Length")
        received = 0
        for chunk in _shown(response, url, declared):
            received += len(chunk)
            if received > size_limit:
                raise ValueError(
                    explain(f"{url} is too large.", expected=f"at most {size_limit:,} bytes", got="more than that")
                )
            digest.update(chunk)
            stream.write(chunk)
        if declared is not None and received < int(declared):
            raise OSError(f"the connection ended after {received:,} of {int(declared):,} bytes")
        if file_hash and digest.hexdigest() != file_hash.lower():
            raise ValueError(
                explain(
                    f"{url} has changed, or was altered on the way: the hash of what came is wrong.",
                    expected=f"{digest.name} {file_hash.lower()}",
                    got=f"{digest.hexdigest()}, {received:,} bytes",
                    fix="Try again later, or get the file from another source.",
                )
            )
    return target


def open_url(url: str) -> Any:
    """Opens an https address for reading; redirections may lead to https addresses only."""
    import urllib.request

    class OnlyHttps(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            return super().redirect_request(req, fp, code, msg, headers, https(newurl))

    opener = urllib.request.build_opener(OnlyHttps)
    return opener.open(urllib.request.Request(https(url), headers={"User-Agent": "cornu"}), timeout=_TIMEOUT)


def https(url: str) -> str:
    """The address itself if it is an https one, else ValueError."""
    if not url.lower().startswith("https://"):
        raise ValueError(explain("Only https addresses are opened.", expected="https://...", got=url))
    return url


def private_folder(folder: Path) -> Path:
    """Makes a folder that only this user can enter, and those above it; existing ones stay as they are."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _written_at_once(target: Path) -> Iterator[IO[bytes]]:
    """A stream whose bytes stand at `target` when the block ends well, and nowhere otherwise."""
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with open(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _remove_leftovers(target: Path) -> None:
    """Removes what killed processes left of this file; a day's age tells it from another process's work."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _DAY:
                part.unlink()


def _shown(response: Any, url: str, declared: str | None) -> Iterator[bytes]:
    """The chunks of a response, under a progress bar (on a terminal; one line elsewhere)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    console = Console(stderr=True)
    console.print(f"Downloading {url}", highlight=False, soft_wrap=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=int(declared) if declared else None)
        while chunk := response.read(_CHUNK):
            yield chunk
            progress.advance(task, len(chunk))
