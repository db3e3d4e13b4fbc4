"""`tf.distribute`: strategies with the one device that cornu trains on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cornu.compat import notices
from cornu.compat.tensorflow.calls import missing


class Strategy:
    """A strategy of one replica: what is done in its scope is done as anywhere else."""

    num_replicas_in_sync = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        notices.note(f"tf.distribute.{type(self).__name__}", "left out: cornu trains on one device")

    @contextmanager
    def scope(self) -> Iterator[Strategy]:
        """Nothing changes in it."""
        yield self

    def run(self, fn: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The function's result."""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """The value of the one replica; reduced along `axis`."""
        if axis is None:
            return value
        return value.mean(axis) if str(reduce_op).lower().endswith("mean") else value.sum(axis)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The dataset."""
        return dataset

    def experimental_local_results(self, value: Any) -> tuple:
        """The value of the one replica."""
        return (value,)


class MirroredStrategy(Strategy):
    """See `Strategy`."""


class OneDeviceStrategy(Strategy):
    """See `Strategy`."""


class ReduceOp:
    """How results of replicas are joined."""

    SUM, MEAN = "SUM", "MEAN"


_default: list[Strategy] = []


def get_strategy() -> Strategy:
    """The strategy of one replica."""
    if not _default:
        strategy = Strategy.__new__(Strategy)
        _default.append(strategy)
    return _default[0]


def has_strategy() -> bool:
    """False: nothing is distributed."""
    return False


def __getattr__(name: str) -> Any:
    fix = "Cornu trains on one device: leave the strategy out, or run this program with TensorFlow itself."
    raise missing("distribute", name, globals(), fix)
