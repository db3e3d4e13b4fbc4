"""Operations written as classes."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

from cornu import naming, registry, symbolic, tree
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.signature import Configurable


class Operation(Configurable, metaclass=ABCMeta):
    """A function of tensors with a name and a config, without variables.

    A subclass writes `call`. On symbolic tensors it becomes a node of the graph; `compute_output_spec` is derived by
    tracing, and may be written all the same. Layers count as operations.

    >>> class Double(Operation):
    ...     def call(self, x):
    ...         return x * 2
    >>> Double()(symbolic.KerasTensor((None, 3))).shape
    (None, 3)
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or naming.auto_name(registry.snake_case(type(self).__name__))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results; on symbolic tensors, symbolic ones."""
        if symbolic.has_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The results for symbolic tensors, joined to them by a node."""
        spec = self.compute_output_spec(*args, **kwargs)
        return symbolic.record(self, args, kwargs, tree.map(lambda tensor: tensor.aval, spec))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The mathematics; a subclass writes it."""
        fix = "Write its `call(self, ...)`."
        raise NotImplementedError(explain(f"{type(self).__name__} has no mathematics.", fix=fix))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the results' shapes and dtypes."""
        found = symbolic.infer(self.call, args, kwargs)
        return tree.map(lambda aval: symbolic.KerasTensor((), aval=aval), found)


Operation.register(Layer)
