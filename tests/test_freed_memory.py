"""What XLA frees after a step stays with the process, so that the next step doesn't fetch it page by page."""

import os
import platform
import statistics
import subprocess
import sys

import pytest

from cornu import _jax

STEPS = """
import resource
import cornu, jax, numpy as np

model = cornu.Sequential([cornu.Input((32, 32, 8)), cornu.layers.Conv2D(32, 3), cornu.layers.BatchNormalization(),
                          cornu.layers.ReLU(), cornu.layers.GlobalMaxPooling2D()])
model.compile("sgd", "mse")
x, y = np.ones((32, 32, 32, 8), "float32"), np.ones((32, 32), "float32")
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(12):
    model.train_on_batch(x, y)
    now = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    print(now - before)
    before = now
"""


def fresh_pages(**variables):
    """Of each of the later steps: how many pages it took from the operating system."""
    environment = {name: value for name, value in os.environ.items() if name not in _jax.MALLOPT}
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()[4:]]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="The settings are those of GNU's C library.")
def test_a_step_takes_no_fresh_pages():
    kept = statistics.median(fresh_pages())
    given_back = statistics.median(fresh_pages(**dict.fromkeys(_jax.MALLOPT, "131072")))
    assert 4 * kept < given_back
