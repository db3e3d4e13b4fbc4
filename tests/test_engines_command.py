"""The command `cornu engines`: what is installed, what it can't do, how fast it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cornu import cli
from cornu.engines import engine
from cornu.engines.engine import Limit, Source, engine_names, get_engine
from cornu.utils import engines


@pytest.fixture
def sources(monkeypatch):
    """A table of engines to change: the reference engine alone."""
    monkeypatch.setattr(engine, "_SOURCES", {"reference": engine._SOURCES["reference"]})
    return engine._SOURCES


def lines(capsys, *arguments):
    assert cli.main(["engines", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.slow
def test_every_engine_has_a_line():
    """In a process of its own, as a file: no colors, no line that is cut."""
    result = subprocess.run(
        [sys.executable, "-m", "cornu", "engines", "--no-speed"], capture_output=True, text=True, check=True
    )
    found = result.stdout.splitlines()
    assert {name for name in engine_names() if any(line.split()[:1] == [name] for line in found)} == set(engine_names())
    assert "\x1b" not in result.stdout
    assert max(map(len, found)) <= 120
    assert all(line == line.rstrip() for line in found)


def test_a_library_that_is_missing_is_named_with_the_command(sources, capsys):
    sources["ideal"] = Source("cornu.engines.on_ideal", "no_such_library", "1.0", "pip install 'cornu[ideal]'")
    (line,) = [line for line in lines(capsys, "--no-speed") if "ideal" in line.split()]
    assert "not installed" in line
    assert "pip install 'cornu[ideal]'" in line


def test_a_library_that_is_too_old_is_a_problem_of_its_line_alone(sources, capsys):
    sources["old"] = Source("cornu.engines.reference", "numpy", "999.0", "pip install --upgrade numpy")
    found = "\n".join(lines(capsys, "--no-speed"))
    assert "999.0 or newer" in found
    assert "pip install --upgrade numpy" in found
    assert "reference" in found


def test_limits_are_shown(sources, capsys, monkeypatch):
    monkeypatch.setattr(
        type(get_engine("reference")), "limits", (Limit("fft", "it has no such thing", ("complex64",)),)
    )
    assert any("fft of complex64: it has no such thing" in line for line in lines(capsys, "--no-speed"))


def test_speed_is_measured(sources, capsys, monkeypatch):
    monkeypatch.setattr(engines, "STEPS", 2)
    found = lines(capsys)
    (line,) = [line for line in found if line.split()[:1] == ["reference"]]
    assert float(line.split()[3]) > 0
    assert "ms per step" in found[0]
    assert not any("ms per step" in line for line in lines(capsys, "--no-speed"))
