"""The metric: state that batches update, and a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import dtypes, initializers, naming, registry, tags, tree
from cornu.errors import explain
from cornu.losses.loss import fold_mask
from cornu.losses.tensors import array
from cornu.registry import register
from cornu.signature import Configurable
from cornu.variables import Scope, Variable, functional


class Metric(Configurable):
    """The base of metrics; a subclass makes variables and writes `update_state` and `result`.

    Args:
        dtype: the dtype, or the policy whose compute dtype it is, of the state and the result; default `floatx()`.
        name: the name in logs; default: the class's name in snake_case, numbered.

    The state is zeroed by `reset_state`. All of it works on arrays and inside a compiled step alike. A subclass whose
    variables depend on the data's shapes makes them in `build(y_true, y_pred)` and calls that from `update_state`.

    Difference from Keras: cornu's own metrics respect the mask beside the predictions, all of them.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(dtype, name)
    ...         self.largest = self.add_weight(name="largest", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(jnp.maximum(self.largest.value, jnp.max(y_pred)))
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = Largest()
    >>> metric.update_state([0.0], jnp.array([1.0, 3.0])); metric.update_state([0.0], jnp.array([2.0]))
    >>> float(metric.result())
    3.0
    """

    built = True
    """Whether the variables exist; a metric that makes them from the data's shapes begins with False."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or naming.auto_name(registry.snake_case(type(self).__name__))
        self.dtype = dtypes.get_policy(dtypes.standardize() if dtype is None else dtype).compute_dtype
        self._added: list[Variable] = []

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the variables whose shapes depend on the data's; only the arguments' shapes are read."""

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Takes a batch in; a subclass writes it, most often as `update_state(y_true, y_pred, sample_weight=None)`."""
        raise NotImplementedError(explain(f"{type(self).__name__} takes no batch.", fix="Write its `update_state`."))

    def result(self) -> Any:
        """The value for all batches since the last reset; a subclass writes it."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no value.", fix="Write its `result`."))

    def reset_state(self) -> None:
        """Sets every variable to zero."""
        for variable in self.variables:
            variable.assign(jnp.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in; gives the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Makes a variable of the state. `initializer` defaults to zeros, `dtype` to `floatx()`."""
        if "_added" not in vars(self):
            raise RuntimeError(
                explain(
                    f"{type(self).__name__}.__init__ doesn't call the constructor of its base class.",
                    fix="Make `super().__init__()` its first line.",
                )
            )
        initial = initializers.get("zeros" if initializer is None else initializer)
        with naming.name_scope(self.name.replace("/", ">")):
            variable = Variable(initial, tuple(shape), dtypes.standardize(dtype), False, False, aggregation, name)
        self._added.append(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Makes a variable of the state, a scalar by default."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state: own variables, and those of metrics held in attributes."""
        held = [item for key, value in vars(self).items() if key != "_recorded" for item in tree.walk(value)]
        own = [item for item in held if isinstance(item, Variable)]
        inner = [v for item in held if isinstance(item, Metric) for v in item.variables]
        return list({id(v): v for v in (*self._added, *own, *inner)}.values())

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """The state after a batch, from the state before it; nothing is stored."""
        self._check_state(metric_variables)
        _, new = functional(self.update_state, self.variables)(metric_variables, *args, **kwargs)
        return list(new)

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result for a state."""
        self._check_state(metric_variables)
        return functional(self.result, self.variables)(metric_variables)[0]

    def stateless_reset_state(self) -> list[Any]:
        """The state after a reset; nothing is stored."""
        with Scope() as scope:
            self.reset_state()
            return list(scope.values(self.variables))

    def _check_state(self, values: Sequence[Any]) -> None:
        if len(values) != len(self.variables):
            raise ValueError(
                explain(
                    f"Metric {self.name!r}: argument `metric_variables` is wrong.",
                    expected=f"{len(self.variables)} arrays, one for each of `variables`",
                    got=f"{len(values)}",
                )
            )


register("metric")(Metric)


def masked_weight(y_pred: Any, sample_weight: Any, dtype: Any) -> jax.Array | None:
    """Sample weights in which entries that the mask beside the predictions hides weigh nothing."""
    return fold_mask(sample_weight, tags.get_mask(y_pred), dtype)


def widened(value: Any, dtype: Any) -> jax.Array:
    """An array, of the metric's dtype where its own is a shorter float: 16 bits would spoil the result.

    Difference from Keras, which computes in the predictions' dtype.
    """
    made = array(value)
    short = jnp.issubdtype(made.dtype, jnp.floating) and made.dtype.itemsize < dtypes.numpy_dtype(dtype).itemsize
    return array(made, dtype) if short else made
