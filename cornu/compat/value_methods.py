"""What variables, symbolic tensors, optimizers and metrics of old eras could be asked."""

from __future__ import annotations

import sys
from typing import Any

from cornu import optimizers
from cornu.compat import dialect, kernels, notices, parts
from cornu.compat.tensors import TensorShape, noted
from cornu.metrics import Metric
from cornu.symbolic import KerasTensor
from cornu.variables import Variable


def _get_shape(self: Any) -> TensorShape:
    return TensorShape(self.shape)


def _history(self: KerasTensor) -> tuple[Any, int, int] | None:
    """The layer, the number of its call, and the number of the output, as Keras noted them."""
    if self.node is None:
        return None
    nodes = getattr(self.node.operation, "_nodes", [self.node])
    return self.node.operation, nodes.index(self.node) if self.node in nodes else 0, self.index


def _set_shape(self: KerasTensor, shape: Any) -> None:
    """Nothing: shapes are traced."""


def _set_value(self: Variable, value: Any, borrow: bool = False) -> None:
    self.assign(kernels.kept(self, value))


_elementwise = Variable.__eq__


def _is_equal(self: Variable, other: Any) -> Any:
    """Whether a variable is another one: until TensorFlow 2, `==` and `in` compared no numbers."""
    return self is other if dialect.current().before("tf.keras") else _elementwise(self, other)


_LETTERS = {"kernel": "W", "recurrent_kernel": "U", "bias": "b", "embeddings": "W"}


def _name(self: Variable) -> str:
    """A variable's name, for a program of an old era with its layer's: "dense_1/kernel:0", or "dense_1_W"."""
    own, era = vars(self)["name"], dialect.current()
    if not era.before("keras3") or notices.is_library(sys._getframe(1).f_code.co_filename) or "/" not in self.path:
        return own
    layer = self.path.split("/")[-2]
    return f"{layer}_{_LETTERS.get(own, own)}" if era.before("keras2") else f"{layer}/{own}:0"


def _set_name(self: Variable, value: str) -> None:
    vars(self)["name"] = value


ON_VARIABLES = {
    "name": property(_name, _set_name),
    **parts.ON_VARIABLES,
    "__eq__": _is_equal,
    "get_shape": _get_shape,
    "get_value": lambda self, borrow=False, return_internal_type=False: kernels.shown(self),
    "eval": lambda self, session=None: self.numpy(),
    "set_value": _set_value,
    "read_value": lambda self: self.value,
    "initialized_value": lambda self: self.value,
    "_keras_shape": property(lambda self: tuple(self.shape)),
}

ON_SYMBOLIC_TENSORS = {
    "get_shape": _get_shape,
    "set_shape": _set_shape,
    "_keras_shape": noted(lambda self: self.shape),
    "_keras_history": property(_history),
    "_uses_learning_phase": noted(lambda self: False),
    "rank": property(lambda self: self.ndim),
    "op": property(lambda self: self.node),
}


def _rate(self: optimizers.Optimizer) -> Any:
    notices.note("optimizer.lr", "optimizer.learning_rate")
    return getattr(self, "_learning_rate", None)


def _set_rate(self: optimizers.Optimizer, value: Any) -> None:
    notices.note("optimizer.lr = ...", "optimizer.learning_rate = ...")
    self.learning_rate = value


ON_OPTIMIZERS = {"lr": property(_rate, _set_rate)}

_plain_reset = Metric.reset_state


def _reset_states(self: Metric) -> None:
    """Sets the state to its start."""
    notices.note("metric.reset_states()", "metric.reset_state()")
    (_plain_reset if _is_named_as_of_old(self) else type(self).reset_state)(self)


def _reset_state(self: Metric) -> None:
    """Metric.reset_state; a program's own metric may do it under the old name."""
    (type(self).reset_states if _is_named_as_of_old(self) else _plain_reset)(self)  # type: ignore[attr-defined]


def _is_named_as_of_old(metric: Metric) -> bool:
    return type(metric).reset_states is not _reset_states  # type: ignore[attr-defined]


ON_METRICS = {"reset_states": _reset_states, "reset_state": _reset_state}
