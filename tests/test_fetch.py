"""Where a data set's file is looked for, and that only whole, right files ever appear under their name."""

from __future__ import annotations

import hashlib
import http.server
import os
import signal
import stat
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from cornu import config
from cornu.datasets import fetch
from cornu.utils import get_file

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/cut" else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def net(server, monkeypatch):
    """The addresses asked for; https://here/... leads to a server on this machine, every other one to nothing."""

    def open_url(url: str):
        if not fetch.https(url).startswith("https://here/"):
            raise OSError("no network")
        return urllib.request.urlopen(url.replace("https://here", f"http://127.0.0.1:{server.server_port}"), timeout=5)

    server.asked.clear()
    monkeypatch.setattr(fetch, "open_url", open_url)
    return server.asked


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """The three places, in their order."""
    folders = {"own": tmp_path / "own", "cornu": tmp_path / "cornu" / "datasets", "keras": tmp_path / "k" / "datasets"}
    monkeypatch.setenv("CORNU_DATASETS", str(folders["own"]))
    monkeypatch.setenv("CORNU_CACHE", str(tmp_path / "cornu"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    return folders


def wanted(url: str = "https://here/data.bin", **changes) -> fetch.RemoteFile:
    return fetch.RemoteFile(**{"name": "data.bin", "url": url, "file_hash": SHA256, "size_limit": 2**21, **changes})


def put(folder: Path, content: bytes = CONTENT, name: str = "data.bin") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_first_place_that_has_the_file_wins(places, net):
    for name in ("keras", "cornu", "own"):
        expected = put(places[name])
        assert fetch.locate(wanted()) == expected
    assert net == []


def test_only_the_persons_own_folder_may_hold_another_version(places, net):
    put(places["keras"], b"old"), put(places["cornu"], b"old")
    assert fetch.locate(wanted()) == places["cornu"] / "data.bin"
    assert net == ["/data.bin"]
    assert (places["cornu"] / "data.bin").read_bytes() == CONTENT
    mine = put(places["own"], b"re-packed")
    assert fetch.locate(wanted()) == mine


def test_keras_has_further_names(places, net):
    found = put(places["keras"], name="archive")
    assert fetch.locate(wanted(other_names=("archive",))) == found
    assert net == []


def test_an_absolute_path_is_taken_as_it_is(tmp_path, places, net):
    mine = put(tmp_path / "mine", b"anything")
    assert fetch.locate(wanted(), mine) == mine
    other = tmp_path / "elsewhere" / "x.bin"
    assert fetch.locate(wanted(), other) == other
    assert other.read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "..", "", "a\0b", "C:x"])
def test_a_name_holds_no_folder(name, net):
    with pytest.raises(ValueError, match="may not hold a folder"):
        fetch.locate(wanted(), name)


def test_a_download_is_private_and_leaves_nothing_else(places, net):
    path = fetch.locate(wanted())
    assert files(config.cache_dir()) == ["datasets/data.bin"]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert fetch.locate(wanted()) == path
    assert net == ["/data.bin"]


def test_offline_one_error_says_all_there_is_to_do(places):
    with pytest.raises(ConnectionError) as caught:
        fetch.locate(wanted("https://example.invalid/data.bin"))
    message = str(caught.value)
    for part in ("data.bin is not on this machine", "https://example.invalid/data.bin", "CORNU_DATASETS"):
        assert part in message
    for folder in places.values():
        assert str(folder / "data.bin") in message


BAD = {
    "not found": (wanted("https://here/gone"), ConnectionError, "404"),
    "ends early": (wanted("https://here/cut", file_hash=None), ConnectionError, "524,288 of 1,048,576"),
    "ends early, with a hash": (wanted("https://here/cut"), ConnectionError, "524,288 of 1,048,576"),
    "wrong hash": (wanted(file_hash="0" * 64), ValueError, "hash of what came is wrong"),
    "wrong MD5": (wanted(file_hash="0" * 32), ValueError, "hash of what came is wrong"),
    "too large": (wanted(size_limit=1000), ValueError, "at most 1,000 bytes"),
    "too large, size not told": (wanted("https://here/unsized", size_limit=1000), ValueError, "at most 1,000 bytes"),
    "http": (wanted("http://here/data.bin"), ValueError, "https"),
    "a file": (wanted("file:///etc/passwd"), ValueError, "https"),
    "ftp": (wanted("ftp://here/data.bin"), ValueError, "https"),
}


@pytest.mark.parametrize(("file", "kind", "message"), BAD.values(), ids=BAD)
def test_a_bad_download_leaves_the_old_file_and_nothing_else(file, kind, message, places, net):
    old = put(places["cornu"], b"old")
    with pytest.raises(kind, match=message):
        fetch.obtain(file, old, looked=[old])
    assert files(config.cache_dir()) == ["datasets/data.bin"]
    assert old.read_bytes() == b"old"


def test_redirections_lead_to_https_only(monkeypatch):
    """The real opener, against a server that sends it on to http."""
    seen = []

    def redirect(self, fullurl, data=None, timeout=None):
        handler = next(h for h in self.handlers if isinstance(h, urllib.request.HTTPRedirectHandler))
        for place in ("https://b/", "http://b/", "file:///etc/passwd"):
            seen.append(place)
            handler.redirect_request(fullurl, None, 302, "Found", {}, place)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", redirect)
    with pytest.raises(ValueError, match="Only https"):
        fetch.open_url("https://a/")
    assert seen == ["https://b/", "http://b/"]


def test_a_killed_download_leaves_no_file_under_the_name(server, tmp_path):
    """A process is killed while it writes; the next download works, and clears what the first one left."""
    program = """
        import sys, time
        from pathlib import Path
        from cornu.datasets import fetch
        class Slow:
            headers = {}
            def read(self, size):
                print("reading", flush=True)
                time.sleep(0.05)
                return b"x" * 100
            def close(self): ...
        fetch.open_url = lambda url: Slow()
        fetch.download("https://here/x", Path(sys.argv[1]), None, 10**9)
    """
    target = tmp_path / "cache" / "x"
    command = [sys.executable, "-c", textwrap.dedent(program), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert not target.exists()
    (part,) = target.parent.iterdir()
    os.utime(part, (time.time() - 2 * 24 * 3600,) * 2)
    fetch._remove_leftovers(target)
    assert not any(target.parent.iterdir())


# get_file


def test_get_file(net):
    path = Path(get_file(origin="https://here/data.bin", file_hash=SHA256))
    assert path == config.cache_dir() / "datasets" / "data.bin"
    assert path.read_bytes() == CONTENT
    get_file("data.bin", "https://here/data.bin", md5_hash=hashlib.md5(CONTENT).hexdigest())
    assert net == ["/data.bin"]
    get_file("data.bin", "https://here/data.bin", force_download=True)
    assert len(net) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fname": "x"}, "origin"),
        ({"fname": "../x", "origin": "https://here/x"}, "folder"),
        ({"origin": "https://here/"}, "folder"),
        ({"origin": "https://here/%2e%2e"}, "folder"),
        ({"origin": "https://here/a%2f..%2fx"}, "folder"),
        ({"origin": "https://here/x", "cache_subdir": "../x"}, "leaves the cache"),
        ({"origin": "https://here/x", "file_hash": "12"}, "64 hexadecimal"),
        ({"origin": "https://here/x", "file_hash": "0" * 32, "hash_algorithm": "sha256"}, "64 hexadecimal"),
        ({"origin": "https://here/x", "archive_format": "zap", "extract": True}, "Did you mean 'zip'"),
        ({"origin": "https://here/x", "size_limit": 10}, "at most 10 bytes"),
        ({"origin": "http://here/x"}, "https"),
    ],
)
def test_get_file_refuses(arguments, message, net):
    with pytest.raises(ValueError, match=message):
        get_file(**arguments)


def test_get_file_extracts(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("hello")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.txt", "x/a.txt")
    monkeypatch.setattr(fetch, "open_url", lambda url: urllib.request.urlopen((tmp_path / "x.tar.gz").as_uri()))
    origin = "https://here/x.tar.gz"
    for name, folder in [("x.tar.gz", "x_extracted"), ("x", "x"), (None, "x.tar.gz")]:
        out = Path(get_file(name, origin, extract=True, cache_dir=tmp_path / f"cache {folder}"))
        assert out == tmp_path / f"cache {folder}" / "datasets" / folder
        assert (out / "x" / "a.txt").read_text() == "hello"
