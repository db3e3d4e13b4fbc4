"""docs/engines.md is what docs/make_engines.py makes of the engines' data."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from engine_table import ENGINES, engine_or_skip

from cornu.engines.engine import Limit, get_engine
from cornu.program.vocabulary import VOCABULARY

PATH = Path(__file__).parent.parent / "docs" / "make_engines.py"


@pytest.fixture(scope="module")
def script():
    for name in ENGINES:
        engine_or_skip(name)
    spec = importlib.util.spec_from_file_location("make_engines", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_what_the_script_makes(script):
    assert script.DOCUMENT.read_text(encoding="utf-8") == script.text(), "run python docs/make_engines.py"


def test_limits_stand_in_the_table(script, monkeypatch):
    never, sometimes = Limit("add", "it never does"), Limit("sort", "not of these", ("bool",))
    monkeypatch.setattr(type(get_engine("torch")), "limits", (never, sometimes))
    text = script.text()
    assert "\n1. add: it never does\n" in text
    rows = [line.strip("| ").split(" | ") for line in text.partition("| primitive |")[2].splitlines()]
    cells = {row[0]: row[2 + script.RULED.index("torch")] for row in rows if row[0].strip("`") in VOCABULARY}
    assert (cells["`add`"], cells["`sort`"], cells["`mul`"]) == ("○ 1", "2", "●")


def test_measured_speeds_stand_in_a_table(script, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "SPEEDS", tmp_path / "engines.json")
    assert "## Speed" not in script.text()
    measured = {"conditions": "On paper.", "unit": "ms", "networks": {"small": {"jax": 1.5, "torch": 2}}}
    script.SPEEDS.write_text(json.dumps(measured))
    assert script.text().endswith("On paper.\n\n| ms | jax | torch |\n| --- | --- | --- |\n| small | 1.5 | 2 |\n")
