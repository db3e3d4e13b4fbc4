"""What every test shares: Keras, the oracle, runs on JAX; no test uses the network or the user's caches."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Workers run side by side: each keeps to one thread, and they don't fight for the cores.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import pytest


@pytest.fixture(scope="session")
def mnist():
    """MNIST, ((x_train, y_train), (x_test, y_test)), from the folder that CORNU_DATASETS names."""
    folder = os.environ.get("CORNU_DATASETS")
    if not folder or not (Path(folder) / "mnist.npz").is_file():
        pytest.skip("needs MNIST: set CORNU_DATASETS to a folder with mnist.npz")
    from cornu.datasets import mnist as dataset

    return dataset.load_data()
