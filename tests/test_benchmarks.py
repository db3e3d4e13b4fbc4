"""The benchmarks measure what they say, at a tiny size."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import cornu

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
engines, growth, measuring, peers, workloads = (
    importlib.import_module(name) for name in ("engines", "growth", "measuring", "peers", "workloads")
)


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
    found = {
        "mlp": {"cornu-torch": measuring.summary(runs), "keras-torch": measuring.summary([{**runs[0], "step": 5.0}])}
    }
    rows = engines.table({"workloads": found}).splitlines()
    assert rows[4] == "| cornu-torch | 2.00 | 1.0 | 1.0 | 2.50 |"
    assert rows[5] == "| keras-torch | 5.00 | 1.0 | 1.0 |  |"


def test_what_fails_says_why():
    found = {"mlp": {"cornu-pytensor": measuring.summary([{"failed": "no end in 5 s"}])}}
    assert "| cornu-pytensor | no end in 5 s |" in engines.table({"workloads": found})


@pytest.mark.parametrize("workload", engines.SHAPES)
def test_images_have_the_shape_of_the_network(workload, monkeypatch):
    monkeypatch.delenv("CORNU_DATASETS", raising=False)
    x, y = engines.images(workload, 5)
    assert x.shape == (5, *engines.SHAPES[workload])
    assert y.shape == (5,)


# Peers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_peers_take_turns(tmp_path, capsys):
    names = ["cornu", "cornu-again", "keras-jax", "torch"]
    output = tmp_path / "found.json"
    peers.main(["--workloads", "tiny", "--peers", ",".join(names), "--rounds", "1", "--output", str(output)])
    found = json.loads(output.read_text())["peers"]["tables"]["tiny"]
    assert list(found) == names
    assert all(run["start"] > run["import"] > 0 for run in found.values())
    assert all(found[name]["accuracy"] > 0.8 and found[name]["epoch"] > 0 for name in ("cornu", "keras-jax", "torch"))
    assert set(found["cornu-again"]) == {"import", "start"}
    assert "GFLOP/s" in capsys.readouterr().out


def test_peers_that_need_another_say_so(capsys):
    with pytest.raises(SystemExit):
        peers.main(["--peers", "keras-jax,cornu-again"])
    assert "name cornu before it" in capsys.readouterr().err


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_plain_torch_has_the_same_networks(name):
    torch = pytest.importorskip("torch")
    workload = workloads.WORKLOADS[name]
    model = workloads.build(cornu, workload)
    found = importlib.import_module("plain_torch").Model(name, workload)
    parameters = sum(p.numel() for p in found.network.parameters())
    beside = {"lstm": 512, "convbn": -448}.get(name, 0)  # PyTorch has two biases in each gate, cornu moving statistics
    assert parameters == model.count_params() + beside
    kind = torch.int32 if workload.data == "words" else torch.float32
    assert found.predict(torch.zeros((2, *workload.shape), dtype=kind).numpy()).shape == (2, workload.classes)


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_data_fit_their_network(name, monkeypatch):
    monkeypatch.delenv("CORNU_DATASETS", raising=False)
    workload = dataclasses.replace(workloads.WORKLOADS[name], samples=20)
    x, y, x_test, y_test = workloads.load(workload)
    assert x.shape == (20, *workload.shape)
    assert x_test.shape[1:] == workload.shape
    assert len(y) == 20
    assert len(y_test) == len(x_test)
    assert {str(part.dtype) for part in (y, y_test)} == {"int32"}
    assert 0 <= y.min() <= y.max() < workload.classes


def test_the_operations_of_a_step_are_those_of_its_products():
    workload = workloads.WORKLOADS["mlp"]
    model = workloads.build(cornu, workload)
    data = np.zeros((256, 784), "float32"), np.zeros(256, "int32"), None, None
    products = 128 * (784 * 500 + 500 * 500 + 500 * 10)
    unneeded = 128 * 784 * 500  # the gradient of the images
    assert peers.operations_of_a_step(model, data, 128) == 2 * (3 * products - unneeded)


def test_a_workload_that_is_measured_again_leaves_the_others(tmp_path):
    path = tmp_path / "found.json"
    measuring.keep("peers", {"machine": {"rounds": 1}, "tables": {"mlp": {"cornu": {}}, "conv": {}}}, path)
    measuring.keep("growth", {"machine": {}, "tables": {"depth": {}}}, path)
    measuring.keep("peers", {"machine": {"rounds": 2}, "tables": {"mlp": {"torch": {}}}}, path)
    assert json.loads(path.read_text()) == {
        "peers": {"machine": {"rounds": 2}, "tables": {"mlp": {"torch": {}}, "conv": {}}},
        "growth": {"machine": {}, "tables": {"depth": {}}},
    }


def test_a_process_that_fails_says_why(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys\nsys.exit('no such framework')")
    assert measuring.fresh(str(script), []) == {"failed": "no such framework"}
    script.write_text("import time\ntime.sleep(60)")
    assert measuring.fresh(str(script), [], timeout=0.5) == {"failed": "no end in 0 s"}


# Growth --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", growth.SIZES)
def test_what_grows_is_measured(name, monkeypatch):
    monkeypatch.setattr(growth, "EPOCHS", 2)
    rows = growth.measure(name, [20, 40])
    assert list(rows) == [20, 40]
    what, columns = growth.TITLES[name]
    assert all(row[column] >= 0 for row in rows.values() for column in columns)
    lines = growth.table(name, {"20": rows[20], "1000": {"failed": "no end in 5 s"}}).splitlines()
    assert lines[0].startswith(f"| {what} |")
    assert lines[3].startswith("| 1,000 | no end in 5 s |")
    assert len({line.count("|") for line in lines}) == 1


def test_growing_networks_have_as_many_weights_as_they_say():
    assert len(growth.side_by_side(20).weights) == 20
