"""`tf.Variable`: cornu's variable, made with TensorFlow's arguments."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cornu import ops, variables
from cornu.compat.tensorflow.calls import as_array, kind
from cornu.compat.tensors import TensorShape


class _AnyVariable(type):
    """Every variable of cornu counts as one, the weights of layers, too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, variables.Variable)


class Variable(variables.Variable, metaclass=_AnyVariable):
    """A variable with TensorFlow's arguments; integers, text and fixed values aren't trained.

    >>> v = Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0]).numpy().tolist(), v.shape.as_list()
    ([2.0, 3.0], [2])
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        value = initial_value() if callable(initial_value) else initial_value
        with jax.ensure_compile_time_eval():
            value = ops.convert_to_tensor(as_array(value), kind(dtype))
            value = jax.lax.convert_element_type(value, value.dtype)  # a number's type gives way to others': no longer
        super().__init__(value, trainable=trainable is not False, name=(name or "Variable").replace("/", "_"))
        self.shape = TensorShape(self.shape)
        self.constraint = constraint

    def assign(self, value: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Any:
        """Sets the value, and gives the variable."""
        super().assign(value)
        return self

    def assign_add(self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Any:
        """Adds to the value, and gives the variable."""
        super().assign_add(delta)
        return self

    def assign_sub(self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Any:
        """Subtracts from the value, and gives the variable."""
        super().assign_sub(delta)
        return self

    def read_value(self) -> Any:
        """The value."""
        return self.value

    def numpy(self) -> np.ndarray:
        """The value, as an array of the program's own."""
        return np.array(super().numpy())


jax.tree_util.register_pytree_node(Variable, lambda variable: ((variable.value,), None), lambda _, values: values[0])
