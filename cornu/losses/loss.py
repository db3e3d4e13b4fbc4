"""The loss: values per sample, weighted, masked, reduced to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import dtypes, naming, registry, tags
from cornu.errors import explain
from cornu.losses.tensors import array, as_arrays, expand, match_ranks, require_same_shape, weights_for
from cornu.registry import register
from cornu.signature import Configurable, check_domains, named_parameters, one_of

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def ratio(numerator: Any, denominator: Any) -> jax.Array:
    """numerator / denominator, and 0 where the denominator is 0.

    >>> ratio(jnp.array([1.0, 2.0]), jnp.array([2.0, 0.0])).tolist()
    [0.5, 0.0]
    """
    nothing = denominator == 0
    return jnp.where(nothing, 0, numerator / jnp.where(nothing, 1, denominator))


def fold_mask(weights: Any, mask: Any, dtype: Any, mean: bool = False) -> Any:
    """Sample weights in which masked entries weigh nothing; None where there is neither.

    `mean` gives the others total / valid, so that a mean over all entries becomes one over the valid ones.
    """
    if mask is None:
        return None if weights is None else array(weights, dtype)
    mask = jnp.asarray(mask, bool)
    valid = mask.astype(dtype)
    if mean:
        valid = valid * ratio(jnp.asarray(mask.size, dtype), jnp.sum(valid))
    if weights is None:
        return valid
    weights = array(weights, dtype)
    wide, narrow = (valid, weights) if valid.ndim >= weights.ndim else (weights, valid)
    wide, narrow = weights_for(wide, narrow, "sample_weight")
    return wide * narrow


def reduce(values: jax.Array, weights: Any, mask: Any, reduction: str | None) -> jax.Array:
    """Weighted and masked values, reduced to a scalar, or as they are for the reduction "none"."""
    mean = reduction in ("mean", "sum_over_batch_size")
    weights = fold_mask(weights, mask, values.dtype, mean)
    if weights is not None:
        values, weights = weights_for(values, weights, "sample_weight")
        values = values * weights
    if reduction in (None, "none") or values.ndim == 0 or values.shape == (0,):
        return values
    total = jnp.sum(values)
    if reduction == "sum":
        return total
    if mean or weights is None:
        return ratio(total, jnp.asarray(values.size, total.dtype))
    return ratio(total, jnp.sum(jnp.broadcast_to(weights, values.shape)))


class Loss(Configurable):
    """The base of losses; a subclass writes `call(y_true, y_pred)`, which gives one value per sample.

    Args:
        name: default: the class's name in snake_case, numbered.
        reduction: "sum_over_batch_size", or "mean": the sum of the weighted values over their number;
            "sum": their sum; "mean_with_sample_weight": their sum over the sum of the weights; "none": no reduction.
        dtype: the dtype, or the policy whose compute dtype it is, in which the loss computes; default `floatx()`.

    Raises:
        ValueError: for an unknown reduction, and where `sample_weight` doesn't fit the values' shape.

    A call takes targets, predictions and weights that have the shape of the values or of their first axes. Where a
    mask lies beside the predictions, masked entries weigh nothing and a mean is one over the others.

    Differences from Keras: the config holds every argument; weights (n,) of values (n, t) hold for whole samples;
    "mean_with_sample_weight" counts a weight once for every value that it weighs.

    >>> class Cubic(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return jnp.mean(abs(y_true - y_pred) ** 3, axis=-1)
    >>> float(Cubic()([[0.0], [0.0]], [[1.0], [2.0]])), float(Cubic(reduction="sum")([[0.0], [0.0]], [[1.0], [2.0]]))
    (4.5, 9.0)
    """

    domains = {"reduction": one_of(*REDUCTIONS)}
    targets_are_classes = False
    """Whether targets are the numbers of classes, which stay whole."""

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        check_domains(type(self), {"name": name, "reduction": reduction})
        self.name = name or naming.auto_name(registry.snake_case(type(self).__name__))
        self.reduction = reduction
        self.dtype = dtypes.get_policy(dtypes.standardize() if dtype is None else dtype).compute_dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> jax.Array:
        """The loss of predictions: a scalar, or with the reduction "none" one value per sample."""
        y_true = as_arrays(y_true, None if self.targets_are_classes else self.dtype)
        y_pred = as_arrays(y_pred, self.dtype)
        values = self.call(y_true, y_pred)
        masks = [jnp.asarray(m, bool) for m in (tags.get_mask(y_pred), tags.get_mask(values)) if m is not None]
        mask = masks[0] & masks[1] if len(masks) == 2 else next(iter(masks), None)
        return reduce(array(values, self.dtype), sample_weight, mask, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values per sample; a subclass writes it."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no values.", fix="Write `call(y_true, y_pred)`."))


register("loss")(Loss)

ELEMENTWISE: set[Callable] = set()
"""The functions that compare targets and predictions element by element, so that their shapes must be equal."""


def elementwise(function: Callable) -> Callable:
    """Notes that a loss function compares element by element."""
    ELEMENTWISE.add(function)
    return function


def check_pair(function: Callable, y_true: Any, y_pred: Any) -> None:
    """ValueError where the shapes of targets and predictions don't suit a loss function of cornu."""
    if function in ELEMENTWISE:
        require_same_shape(function.__name__, *match_ranks(y_true, y_pred))


class FunctionLoss(Loss):
    """The base of losses that a function `(y_true, y_pred, **arguments)` gives.

    A target that lacks the last axis of size one, or has it where the prediction lacks it, is brought to its rank.

    Raises:
        ValueError: where targets and predictions have different shapes and the function compares their elements.
            Difference from Keras, which repeats the smaller one.
    """

    def __init__(self, fn: Any, reduction: str | None, name: str | None, dtype: Any, **arguments: Any) -> None:
        super().__init__(name, reduction, dtype)
        self.fn, self._arguments = fn, tuple(arguments)
        vars(self).update(arguments)

    def call(self, y_true: Any, y_pred: Any) -> jax.Array:
        """The function's values."""
        if isinstance(y_true, jax.Array) and isinstance(y_pred, jax.Array):
            y_true, y_pred = _one_rank(y_true, y_pred)
            check_pair(self.fn, y_true, y_pred)
        return self.fn(y_true, y_pred, **{name: getattr(self, name) for name in self._arguments})

    def _base_config(self) -> dict:
        return wrapped_config(self, self.fn)


def _one_rank(y_true: jax.Array, y_pred: jax.Array) -> tuple[jax.Array, jax.Array]:
    """As `match_ranks`; steps that have a mask stay apart, so that targets get the axis that they lack."""
    if tags.get_mask(y_pred) is not None and y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        return expand(y_true), y_pred
    return match_ranks(y_true, y_pred)


@register("loss")
class LossFunctionWrapper(FunctionLoss):
    """A function `(y_true, y_pred, **kwargs)` of values per sample, as a loss.

    Args:
        fn: the function, or the name of one of cornu's.
        reduction, name, dtype: as in `Loss`.
        **kwargs: further arguments of the function.

    >>> float(LossFunctionWrapper(lambda y_true, y_pred, scale: scale * abs(y_true - y_pred), scale=2)([1.0], [4.0]))
    6.0
    """

    keras_module = "keras.src.losses.losses"

    def __init__(
        self,
        fn: Any,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(registry.resolve("loss", fn), reduction, name, dtype, **kwargs)


def wrapped_config(wrapper: Any, function: Any) -> dict:
    """The entries for the function of a wrapper and for its further arguments, where its constructor takes them."""
    own = named_parameters(type(wrapper))
    further = {name: registry.serialize(v) for name, v in wrapper._recorded.items() if name not in own}
    return {"fn": serialize_function(function), **further} if "fn" in own else further


def serialize_function(function: Any) -> Any:
    """A function as data, in the form that Keras reads inside of a config, too."""
    data = registry.serialize(function)
    if not isinstance(data, str):
        return data
    return {"module": "builtins", "class_name": "function", "config": data, "registered_name": "function"}
