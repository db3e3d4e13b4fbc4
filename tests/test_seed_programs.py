"""The slides' four programs, as they stand: quickly on enlarged digits, in full on the real MNIST (slow)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from program_runner import misses, run

from cornu import config
from cornu.datasets import digits

PROGRAMS = Path(__file__).parent / "seed_programs"

SHAPES = [f"Shape of {name}: {shape}" for name, shape in [
    ("x_train", "(60000, 28, 28)"), ("x_test", "(10000, 28, 28)"), ("y_train", "(60000,)"), ("y_test", "(10000,)"),
    ("x_valid_vec", "(10000, 784)"), ("y_valid_vec", "(10000, 10)"), ("x_train_vec", "(50000, 784)"),
]]  # fmt: skip


@pytest.fixture(scope="session")
def like_mnist(tmp_path_factory):
    """A folder with an mnist.npz of MNIST's shapes: the digits of the package, enlarged, dim, and repeated."""
    (x, y), (x_test, y_test) = digits.load_data()
    folder = tmp_path_factory.mktemp("like_mnist")

    def many(images, labels, count):
        places = np.resize(np.arange(len(images)), count)
        scaled = np.asarray(images, "float32").reshape(-1, 8, 8) / np.max(images) * 24
        large = np.kron(scaled, np.ones((1, 3, 3))).astype("uint8")
        return np.pad(large, ((0, 0), (2, 2), (2, 2)))[places], np.asarray(labels, "uint8")[places]

    x, y = many(x, y, 60000)
    x_test, y_test = many(x_test, y_test, 10000)
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    return folder


@pytest.fixture
def few_steps():
    config.set_max_steps_per_epoch(12)
    yield
    config.set_max_steps_per_epoch(None)


QUICK = {
    "slides_keras1": ([], "keras1", ["Total loss on Testing Set: <0..2.4>", "Accuracy of Testing Set: <0.3..1.0>"]),
    "improving_keras1": (["1"], "keras1", ["(60000, 28, 28)", "Total params: 623,290 ...", "None", "Error: <0..60>%"]),
    "softmax_keras2": ([], "keras2", [*SHAPES, "Total params: 7,850 ...", "loss = <0..16>", "accuracy = <0.4..1.0>"]),
    "mlp_keras2": ([], "keras2", [*SHAPES, "Total params: 648,010 ...", "loss = <0..3>", "accuracy = <0.7..1.0>"]),
}


@pytest.mark.parametrize("name", QUICK)
def test_seed_program_runs_as_it_stands(name, like_mnist, few_steps, tmp_path, monkeypatch):
    arguments, era, wanted = QUICK[name]
    monkeypatch.setenv("CORNU_DATASETS", str(like_mnist))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    outcome = run(PROGRAMS / f"{name}.py", tmp_path, *arguments)
    assert outcome.status == 0, outcome.errors
    assert misses(outcome.printed, wanted) == [], outcome.printed[-3000:]
    assert outcome.era == era
    if name == "softmax_keras2":
        assert misses(outcome.report, ['...loss="categorical_crossentropy"...clipped...from the logits...']) == []


def test_a_data_set_without_its_numbers_is_seen(like_mnist, few_steps, tmp_path, monkeypatch):
    """The bounds above can fail: on shuffled labels the accuracy is out of them."""
    with np.load(like_mnist / "mnist.npz") as file:
        arrays = dict(file)
    arrays["y_train"] = np.random.default_rng(0).permutation(arrays["y_train"])
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setenv("CORNU_DATASETS", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    outcome = run(PROGRAMS / "mlp_keras2.py", tmp_path)
    assert "accuracy = <0.7..1.0>" in misses(outcome.printed, QUICK["mlp_keras2"][2])


FULL = {
    "slides_keras1": ["Accuracy of Testing Set: <0.97..1.0>"],
    "softmax_keras2": ["Total params: 7,850 ...", "loss = <0..8>", "accuracy = <0.55..0.92>"],
    "mlp_keras2": ["Total params: 648,010 ...", "loss = <0.2..0.6>", "accuracy = <0.968..0.98>"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_seed_program_prints_what_the_slides_print(name, mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    outcome = run(PROGRAMS / f"{name}.py", tmp_path)
    assert outcome.status == 0, outcome.errors
    assert misses(outcome.printed, FULL[name]) == [], outcome.printed[-600:]


@pytest.mark.slow
def test_the_six_steps_of_improving(mnist, tmp_path):
    outcome = run(PROGRAMS / "improving_keras1.py", tmp_path)
    assert outcome.status == 0, outcome.errors
    errors = [float(found) for found in re.findall(r"Error: ([\d.]+)%", outcome.printed)]
    assert len(errors) == 6
    printed = [2.93, 2.80, 2.62, 2.60, 9.49, 4.17]  # by the slides
    assert np.max(np.abs(np.subtract(errors, printed))) <= 0.95, errors
