"""What every test shares: Keras, the oracle, runs on JAX; no test uses the network or the user's caches."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

pytest.register_assert_rewrite("layer_harness")

collect_ignore_glob = ["programs/*", "seed_programs/*"]  # old programs, which run only under the launcher

_home = tempfile.TemporaryDirectory(prefix="cornu-tests-")
os.environ["KERAS_BACKEND"] = "jax"
os.environ["KERAS_HOME"] = f"{_home.name}/keras"
os.environ["CORNU_CACHE"] = f"{_home.name}/cornu"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("CORNU_TRACEBACK_FILTERING", "off")  # a failing test shows every call
# Workers run side by side: each keeps to one thread, and they don't fight for the cores.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Only this machine can be reached from a test."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture(autouse=True)
def same_settings():
    """A test leaves the process's number types as it found them."""
    yield
    import jax

    from cornu import config

    assert not jax.config.read("jax_enable_x64"), "a test left 64-bit numbers switched on"
    assert config.floatx() == "float32", "a test left another floating-point type behind"


@pytest.fixture(autouse=True, scope="module")
def small_caches():
    """What JAX compiled for one file of tests is dropped after it: memory stays small."""
    yield
    import jax

    jax.clear_caches()


@pytest.fixture(scope="session")
def mnist():
    """MNIST, ((x_train, y_train), (x_test, y_test)), from the folder that CORNU_DATASETS names."""
    folder = os.environ.get("CORNU_DATASETS")
    if not folder:
        pytest.skip("needs MNIST: set CORNU_DATASETS to a folder with mnist.npz")
    if not (Path(folder) / "mnist.npz").is_file():
        pytest.fail(f"CORNU_DATASETS names {folder}, which has no mnist.npz")
    from cornu.datasets import mnist as dataset

    return dataset.load_data()
