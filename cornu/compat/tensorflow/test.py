"""`tf.test`."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np

from cornu.compat.tensorflow.calls import missing
from cornu.compat.tensorflow.config import list_physical_devices


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether JAX sees a GPU."""
    return bool(list_physical_devices("GPU"))


def gpu_device_name() -> str:
    """The first GPU's name, or nothing."""
    return "/device:GPU:0" if is_gpu_available() else ""


def is_built_with_cuda() -> bool:
    """Whether JAX sees a GPU."""
    return is_gpu_available()


class TestCase(unittest.TestCase):
    """Python's test case, with comparisons of tensors."""

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None) -> None:
        """Fails unless the values are near each other."""
        np.testing.assert_allclose(a, b, rtol, atol)

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Fails unless the values are equal."""
        np.testing.assert_array_equal(a, b)


main = unittest.main


def __getattr__(name: str) -> Any:
    raise missing("test", name, globals())
