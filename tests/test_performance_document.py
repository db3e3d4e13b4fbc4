"""docs/performance.md holds the tables that docs/make_performance.py makes of the measured figures."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "docs" / "make_performance.py"


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PATH.parent.parent / "benchmarks")
        spec = importlib.util.spec_from_file_location("make_performance", PATH)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_the_tables_are_those_of_the_figures(script):
    document = script.DOCUMENT.read_text(encoding="utf-8")
    assert document == script.text(document, script.measured()), "run python docs/make_performance.py"


def test_every_table_stands_in_the_document(script):
    document = script.DOCUMENT.read_text(encoding="utf-8")
    assert {f"<!-- table: {name} -->" in document for name in script.TABLES} == {True}


PEERS = {
    "machine": {"cores": 2, "processor": "a processor", "python": "3.11", "mnist": False},
    "rounds": {"tiny": 1},
    "tables": {
        "tiny": {
            "cornu": {"start": 2.0, "epoch": 0.5, "operations": 4_000_000, "rate": 8.0, "machine": 32.0},
            "cornu-again": {"start": 1.0},
            "torch": {"failed": "no end in 5 s"},
            "keras-jax": {"start": 3.0, "epoch": 1.25},
        }
    },
}


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("start", "| tiny | 2.00 | 1.00 (×0.5) | 3.00 (×1.5) |"),
        ("epoch", "| tiny | 0.5 | 1.25 (×2.5) |"),
        ("distance", "| tiny | 4e+06 | 8 | 32 | 25% |"),
        ("workloads", "| tiny | 4-16-3 on 150 samples | 150 | 16 | 200 |"),
        ("conditions", "random numbers of MNIST's shape"),
        ("steps", "| 1,000 | 0.01 | 10 |"),
    ],
)
def test_a_table_stands_between_its_marks(script, name, wanted):
    steps = {"tables": {"steps": {"1000": {"epoch": 0.01, "each": 10.0}}}}
    document = f"Before.\n<!-- table: {name} -->\nan old one\n<!-- end -->\nAfter.\n"
    written = script.text(document, {"peers": PEERS, "growth": steps})
    assert wanted in written
    assert "an old one" not in written
    assert written.startswith("Before.\n")
    assert written.endswith("<!-- end -->\nAfter.\n")


def test_another_figure_is_another_table(script):
    document = script.text(script.DOCUMENT.read_text(encoding="utf-8"), {"peers": PEERS})
    other = copy.deepcopy(PEERS)
    other["tables"]["tiny"]["cornu"]["epoch"] *= 2
    assert document != script.text(document, {"peers": other})


def test_what_was_not_measured_has_no_table(script):
    document = "<!-- table: start -->\n| a | table |\n<!-- end -->\n"
    assert script.text(document, {}) == "<!-- table: start -->\nNot measured.\n<!-- end -->\n"


def test_an_unknown_table_is_an_error(script):
    with pytest.raises(KeyError, match="nothing"):
        script.text("<!-- table: nothing -->\n<!-- end -->\n", {})
