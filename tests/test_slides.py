"""The slides' results on the real MNIST (slow), and the same machinery on the digits of the package."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cornu

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("slides", ROOT / "benchmarks" / "slides.py")
slides = importlib.util.module_from_spec(_spec)
sys.modules["slides"] = slides  # dataclasses look their module up
_spec.loader.exec_module(slides)
EXPERIMENTS = slides.EXPERIMENTS

EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
OFFLINE = ("iris.py", "gradient_check.py", "learning_rates.py", "functional_two_inputs.py", "custom_training.py")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_numbers_of_parameters(name):
    model = cornu.Sequential([cornu.Input((784,)), *EXPERIMENTS[name].layers()])
    assert model.count_params() == EXPERIMENTS[name].parameters


def test_raw_pixels_on_the_digits_of_the_package():
    data = cornu.datasets.digits.load_data()
    experiment = dataclasses.replace(EXPERIMENTS["mlp"], epochs=15, batch_size=32)
    assert slides.measure(experiment, data, seed=0, verbose=0) >= 0.9
    broken = dataclasses.replace(experiment, optimizer=lambda: cornu.optimizers.SGD(0.0))
    assert slides.measure(broken, data, seed=0, epochs=1, verbose=0) < 0.4


def test_what_falls_short_shows_in_the_table():
    assert slides.row(EXPERIMENTS["sgd"], {"0": 0.9063, "1": 0.8970}).endswith("| 9.37 %, 10.30 % | 1 of 2 |")
    assert slides.row(EXPERIMENTS["softmax"], {"0": 0.8853, "1": 0.8799}).endswith("| 0.8853, 0.8799 | 1 of 2 |")


def in_bounds(experiment, accuracy):
    return experiment.least <= accuracy <= experiment.most


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "softmax"])
def test_the_slides_results(name, mnist):
    assert in_bounds(EXPERIMENTS[name], slides.measure(EXPERIMENTS[name], mnist, 0, verbose=0))


@pytest.mark.slow
def test_softmax_on_raw_pixels_learns_with_every_seed(mnist):
    accuracies = [slides.measure(EXPERIMENTS["softmax"], mnist, seed, verbose=0) for seed in range(10)]
    assert min(accuracies) >= 0.88, accuracies


@pytest.mark.slow
def test_without_the_logits_classes_die(mnist):
    """The claim above can fail: the same network, whose loss sees nothing but clipped probabilities."""
    softmax = EXPERIMENTS["softmax"]

    def layers():
        return [*softmax.layers(), cornu.layers.Lambda(lambda probabilities: probabilities * 1.0)]

    clipped = dataclasses.replace(softmax, layers=layers)
    assert min(slides.measure(clipped, mnist, seed, epochs=20, verbose=0) for seed in range(3)) < 0.86


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name, request, tmp_path):
    if name not in OFFLINE:
        request.getfixturevalue("mnist")
    epochs = [] if name == "gradient_check.py" else ["--epochs", "1"]
    command = [sys.executable, str(ROOT / "examples" / name), *epochs, "--seed", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_example_is_listed():
    text = (ROOT / "examples" / "README.md").read_text()
    assert [name for name in EXAMPLES if f"[{name}]({name})" not in text] == []
    assert np.all([(ROOT / "examples" / name).is_file() for name in OFFLINE])
