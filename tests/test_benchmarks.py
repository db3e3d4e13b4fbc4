"""The benchmark of engines measures what it says, at a tiny size."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "benchmarks/engines.py"
spec = importlib.util.spec_from_file_location("engines_benchmark", PATH)
engines = importlib.util.module_from_spec(spec)
spec.loader.exec_module(engines)


@pytest.mark.slow
def test_engines_take_turns(tmp_path, capsys):
    peers = ["cornu-jax", "cornu-reference", "keras-jax", "cornu-nothing"]
    options = ["--workloads", "softmax", "--peers", ",".join(peers), "--samples", "96", "--batch-size", "32"]
    engines.main([*options, "--epochs", "2", "--rounds", "1", "--json", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())["workloads"]["softmax"]
    assert list(found) == peers
    assert all(found[peer]["step"] > 0 and found[peer]["loss"] < 4 for peer in peers[:3])
    assert "Did you mean" in found["cornu-nothing"]["failed"] or "set_engine" in found["cornu-nothing"]["failed"]
    document = json.loads((tmp_path / "found.json").read_text())
    assert {title: list(row) for title, row in document["networks"].items()} == {
        "softmax": ["jax", "reference"],
        "softmax in Keras 3": ["jax"],
    }
    assert "on 32 samples" in document["conditions"]
    shown = capsys.readouterr().out
    engines.main(["--show", "--json", str(tmp_path / "found.json")])
    assert capsys.readouterr().out.strip() in shown.strip()


def test_figures_are_medians_and_ratios_stand_beside_cornu():
    runs = [{"step": step, "first": 1.0, "start": 1.0} for step in (1.0, 2.0, 9.0)]
    found = {"mlp": {"cornu-torch": engines.summary(runs), "keras-torch": engines.summary([{**runs[0], "step": 5.0}])}}
    rows = engines.table({"workloads": found}).splitlines()
    assert rows[4] == "| cornu-torch | 2.00 | 1.0 | 1.0 | 2.50 |"
    assert rows[5] == "| keras-torch | 5.00 | 1.0 | 1.0 |  |"


def test_what_fails_says_why():
    found = {"mlp": {"cornu-pytensor": engines.summary([{"failed": "no end in 5 s"}])}}
    assert "| cornu-pytensor | no end in 5 s |" in engines.table({"workloads": found})


@pytest.mark.parametrize("workload", engines.SHAPES)
def test_images_have_the_shape_of_the_network(workload, monkeypatch):
    monkeypatch.delenv("CORNU_DATASETS", raising=False)
    x, y = engines.images(workload, 5)
    assert x.shape == (5, *engines.SHAPES[workload])
    assert y.shape == (5,)
