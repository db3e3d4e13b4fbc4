"""`tf.errors`: the names that programs catch, as the exceptions that are raised here."""

from __future__ import annotations

from typing import Any

from cornu.compat.tensorflow.calls import missing


class OpError(Exception):
    """The base of TensorFlow's errors; nothing here raises it."""


class ResourceExhaustedError(OpError):
    """Nothing here raises it: JAX raises RuntimeError."""


class UnknownError(OpError):
    """Nothing here raises it."""


InvalidArgumentError = ValueError
NotFoundError = FileNotFoundError
OutOfRangeError = StopIteration
UnimplementedError = NotImplementedError
FailedPreconditionError = RuntimeError


def __getattr__(name: str) -> Any:
    raise missing("errors", name, globals())
