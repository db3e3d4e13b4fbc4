"""Archives are read as data: whatever leaves its folder, links, or explodes is refused, and nothing is left behind."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornu.datasets import archives
from cornu.datasets.npz import Expected, read_npz

SMALL = archives.Budget(count=3, size=1000)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 2) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size if kind == tarfile.REGTYPE else 0
    return info


def tar(path: Path, *infos: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(b"x" * info.size) if info.size else None)
    return path


def zipped(path: Path, *names: str | zipfile.ZipInfo, content: bytes = b"xx") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def link_in_zip() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a/link")
    info.external_attr = 0o120777 << 16
    return info


def extended_header_of(path: Path, size: int) -> Path:
    """A tar archive whose extended header (a long name) is of that size: the standard library reads it at once."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, size
    with gzip.open(path, "wb") as stream:
        stream.write(info.tobuf(tarfile.GNU_FORMAT) + bytes(size))
    return path


BAD = {
    "a name above": lambda p: tar(p, member("a/../../b")),
    "an absolute name": lambda p: tar(p, member("/tmp/b")),
    "a name of another system": lambda p: tar(p, member("..\\b")),
    "a drive": lambda p: tar(p, member("C:b")),
    "a symbolic link": lambda p: tar(p, member("a", tarfile.SYMTYPE, "/etc/passwd")),
    "a link within the archive": lambda p: tar(p, member("b"), member("a", tarfile.SYMTYPE, "b")),
    "a hard link": lambda p: tar(p, member("b"), member("a", tarfile.LNKTYPE, "b")),
    "a link, then a file through it": lambda p: tar(p, member("d", tarfile.SYMTYPE, "/tmp"), member("d/f")),
    "a pipe": lambda p: tar(p, member("a", tarfile.FIFOTYPE)),
    "a device": lambda p: tar(p, member("a", tarfile.CHRTYPE)),
    "a name twice": lambda p: tar(p, member("a"), member("a")),
    "a file that is a folder, too": lambda p: tar(p, member("a"), member("a/b")),
    "too many members": lambda p: tar(p, *(member(f"f{i}") for i in range(4))),
    "too many folders": lambda p: tar(p, *(member(f"f{i}", tarfile.DIRTYPE) for i in range(4))),
    "too large a member": lambda p: tar(p, member("a", size=1001)),
    "too large together": lambda p: tar(p, member("a", size=600), member("b", size=600)),
    "too large a header": lambda p: extended_header_of(p, 2_000_000),
    "a chain of headers": lambda p: Path(p).write_bytes(gzip.compress(header_chain(5000))) and p,
    "no archive": lambda p: Path(p).write_bytes(b"hello" * 1000) and p,
    "half an archive": lambda p: Path(p).write_bytes(tar(p, member("a", size=900)).read_bytes()[:60]) and p,
    "zip: a name above": lambda p: zipped(p, "../b"),
    "zip: an absolute name": lambda p: zipped(p, "/b"),
    "zip: a link": lambda p: zipped(p, link_in_zip()),
    "zip: a name twice": lambda p: zipped_twice(p),
    "zip: too many": lambda p: zipped(p, *"abcd"),
    "zip: too large": lambda p: zipped(p, "a", content=bytes(1001)),
    "zip: damaged": lambda p: Path(p).write_bytes(zipped(p, "a").read_bytes().replace(b"a", b"b", 1)) and p,
}


def header_chain(count: int) -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    return (info.tobuf(tarfile.GNU_FORMAT) + bytes(512)) * count


@pytest.mark.filterwarnings("ignore:Duplicate name")
def zipped_twice(path: Path) -> Path:
    return zipped(path, "a", "a")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_bad_archive_is_refused_whole(make, tmp_path):
    source = tmp_path / "archive"
    make(source)
    with pytest.raises(ValueError, match="refused|unpacked"):
        archives.extract(source, tmp_path / "out", budget=SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["archive"]


def test_links_would_have_escaped(tmp_path):
    """The planted error: the same archive does escape where a link is followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    source = tar(tmp_path / "archive", member("d", tarfile.SYMTYPE, str(outside)), member("d/f"))
    with tarfile.open(source) as archive:
        archive.extraction_filter = tarfile.fully_trusted_filter
        archive.extractall(tmp_path / "careless")
    assert (outside / "f").exists()
    (outside / "f").unlink()
    with pytest.raises(ValueError, match="a link"):
        archives.extract(source, tmp_path / "out")
    assert not any(outside.iterdir())


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "zip"])
def test_a_good_archive_comes_out(mode, tmp_path):
    source = tmp_path / "archive"
    if mode == "zip":
        zipped(source, "d/", "d/a", "b")
    else:
        tar(source, member("d", tarfile.DIRTYPE), member("d/a"), member("b"), mode=mode)
    out = archives.extract(source, tmp_path / "out")
    assert {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()} == {
        "d/a": b"xx",
        "b": b"xx",
    }
    assert archives.read_members(source, ["d/a"]) == {"d/a": b"xx"}
    with pytest.raises(ValueError, match="'c'"):
        archives.read_members(source, ["d/a", "c"])


def test_a_newer_archive_replaces_what_an_older_one_gave(tmp_path):
    source = tar(tmp_path / "archive", member("a"))
    out = archives.extract(source, tmp_path / "out")
    (out / "a").write_text("mine")
    assert (archives.extract(source, out) / "a").read_text() == "mine"
    tar(source, member("b"))
    os.utime(source, (out.stat().st_mtime + 10,) * 2)
    assert [p.name for p in archives.extract(source, out).iterdir()] == ["b"]


# .npz


def npy(header: bytes, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def of(descr: str, shape: str, body: bytes = b"") -> bytes:
    return npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode(), body)


HEADERS = {
    "a shape far beyond the bytes": of("|u1", "(1000000000000,)", b"xx"),
    "a shape beyond 64 bits": of("|u1", f"({2**70},)", b"xx"),
    "a negative size": of("|u1", "(-1,)", b"xx"),
    "more bytes than the shape needs": of("|u1", "(2,)", b"xxx"),
    "another rank": of("|u1", "(1, 2)", b"xx"),
    "another dtype": of("<f8", "(1,)", bytes(8)),
    "objects": of("|O", "(1,)", b"cos\nsystem\n(S'false'\ntR."),
    "records": npy(b"{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (2,), }\n", b"xx"),
    "code instead of a header": npy(b"__import__('os').mkdir('x')\n"),
    "brackets": npy(b"(" * 9000 + b"\n"),
    "a header of 60 kB": npy(b"{" + b" " * 60000 + b"}\n"),
    "no header": b"hello",
    "another version": b"\x93NUMPY\x09\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)
def test_an_array_that_is_not_expected_is_refused(content, tmp_path):
    path = zipped(tmp_path / "x.npz", "x.npy", content=content)
    with pytest.raises(ValueError, match="not the file it should be"):
        read_npz(path, {"x": Expected("u", ("n",))}, 100_000)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = zipped(tmp_path / "x.npz", "x.npy", content=of("|u1", "(50000000,)", bytes(50_000_000)))
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="at most 1,000,000"):
        read_npz(path, {"x": Expected("u", ("n",))}, 1_000_000)


def test_arrays_of_a_file_belong_together(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 2)), y=np.zeros(4))
    with pytest.raises(ValueError, match=r"y.npy is float64 of shape \(4,\)"):
        read_npz(tmp_path / "x.npz", {"x": Expected("f", ("n", 2)), "y": Expected("f", ("n",))}, 10_000)
    with pytest.raises(ValueError, match="lacks"):
        read_npz(tmp_path / "x.npz", {"z": Expected("f", ("n",))}, 10_000)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(save, order, tmp_path):
    array = np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    save(tmp_path / "x.npz", x=array, other=np.zeros(2))
    found = read_npz(tmp_path / "x.npz", {"x": Expected("f", (2, "n"))}, 10_000)
    np.testing.assert_array_equal(found["x"], array)
    assert found["x"].flags.writeable


def test_a_bzip2_bomb_is_refused(tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(bz2.compress(member("a", size=10**9).tobuf() + bytes(10_000_000)))
    with pytest.raises(ValueError, match="1,000 bytes"):
        archives.extract(path, tmp_path / "out", budget=SMALL)


def write_samples(folder: Path) -> None:
    rows = np.empty(2, dtype=object)
    rows[:] = [[1, 2], [300, 70000]]
    np.savez_compressed(folder / "x.npz", x=np.zeros((2, 3), "uint8"), y=rows)
    zipped(folder / "x.zip", "a", "b/c")
    for mode in ("w", "w:gz", "w:bz2"):
        tar(folder / f"x.tar{mode[2:]}", member("a"), member("d" * 120), mode=mode)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_gives_one_kind_of_error(data, tmp_path_factory):
    """Bytes changed, cut or inserted anywhere: the content or an ArchiveError, and nothing else."""
    folder = tmp_path_factory.getbasetemp() / "damaged"
    if not folder.exists():
        folder.mkdir()
        write_samples(folder)
    whole = data.draw(st.sampled_from(sorted(folder.glob("x.*"))))
    raw = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    damaged = folder / "damaged"
    damaged.write_bytes(raw)
    with contextlib.suppress(archives.ArchiveError):
        if whole.name == "x.npz":
            read_npz(damaged, {"x": Expected("u", ("n", 3)), "y": Expected("O", ("n",))}, 10_000)
        else:
            archives.read_members(damaged, ["a"], archives.Budget(10, 10_000))
