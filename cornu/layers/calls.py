"""The arguments of a layer's `call` and `build`: by name, as arrays, as shapes."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import symbolic, tree
from cornu.errors import brief, explain
from cornu.layers.context import current, default_training
from cornu.tracebacks import shorten

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@cache
def signature(cls: Any) -> inspect.Signature:
    """The parameters of a layer class's `call`, without `self`."""
    return inspect.Signature(list(inspect.signature(cls.call).parameters.values())[1:])


def takes(cls: Any, argument: str) -> bool:
    """Whether a layer class's `call` has a parameter of that name."""
    return argument in signature(cls).parameters


def leaves_out(cls: Any, argument: str, args: tuple) -> bool:
    """Whether a layer class's `call` has a parameter of that name which these arguments by position don't reach."""
    return argument in list(signature(cls).parameters)[len(args) :]


def with_training(cls: Any, args: tuple, kwargs: dict) -> dict:
    """The arguments by name, for `call(self, inputs, training)` with a `training` where none is given."""
    parameter = signature(cls).parameters.get("training")
    required = parameter is not None and parameter.default is inspect.Parameter.empty
    return {"training": None, **kwargs} if required and leaves_out(cls, "training", args) else kwargs


def takes_masks(cls: Any) -> bool:
    """Whether a layer class's `call` does something with masks."""
    return any(name.endswith("mask") for name in signature(cls).parameters)


@cache
def mask_argument(cls: Any, name: str, position: int) -> str | None:
    """The parameter of `call` that takes the mask of the argument `name`: `name_mask`, or `mask` for the first one."""
    candidates = [f"{name}_mask", *(["mask"] if position == 0 else [])]
    return next((candidate for candidate in candidates if takes(cls, candidate)), None)


@cache
def build_parameters(cls: Any) -> list[str]:
    """The names of the parameters of a layer class's `build`."""
    parameters = inspect.signature(inspect.unwrap(cls.build)).parameters
    return [name for name, p in parameters.items() if p.kind in _NAMED][1:]


def bind(layer: Any, args: tuple, kwargs: dict) -> tuple[inspect.BoundArguments, bool | None]:
    """The arguments of a call by name, and whether it trains: as said here, by the outer call, or by default."""
    cls: Any = type(layer)
    outer = current()
    parameter = signature(cls).parameters.get("training")
    training = None if parameter else kwargs.pop("training", None)
    kwargs = with_training(cls, args, kwargs)
    try:
        bound = signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        known = ", ".join(signature(cls).parameters)
        raise TypeError(explain(f"Layer {layer.name!r}: {error}.", expected=f"call({known})")) from None
    if parameter:
        training = bound.arguments.get("training")
    if training is None and outer is not None:
        training = outer.training
    if training is None:
        training = default_training()
    if training is None and parameter and parameter.default is not inspect.Parameter.empty:
        training = parameter.default
    if isinstance(training, (int, np.bool_)):
        training = bool(training)
    if parameter and training is not None:
        bound.arguments["training"] = training
    return bound, training


def place_error(error: Exception, layer: Any, args: tuple) -> None:
    """Shortens the traceback of an error in a layer's call, and notes the layer where the message doesn't name it."""
    shorten(error)
    if repr(layer.name) not in str(error) and not getattr(error, "_placed", False):
        shapes = ", ".join(str(shape_of(value) or "()") for value in tree.walk(args) if hasattr(value, "shape"))
        error.add_note(f"In layer {layer.name!r} ({type(layer).__name__}), called on inputs of shape {shapes}.")
    error._placed = True


def as_jax_array(value: Any, layer_name: str) -> jax.Array:
    """An array-like argument as a JAX array; TypeError for text and other objects."""
    if isinstance(value, jax.Array):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "OSUV" and array.dtype.names is None and not str(array.dtype).startswith(_EXTENDED):
        raise TypeError(
            explain(f"Layer {layer_name!r} takes numbers.", expected="an array of numbers", got=brief(value))
        )
    return jnp.asarray(array)


_EXTENDED = ("bfloat16", "float8")  # NumPy calls these dtypes "void"


def check_tensors(value: Any, argument: str | None, layer_name: str) -> None:
    """Raises ValueError where Python numbers or text stand in the place of arrays."""
    for leaf in tree.flatten(value):
        if isinstance(leaf, (bool, int, float, complex, str)):
            raise ValueError(
                explain(
                    f"Layer {layer_name!r}: argument `{argument}` is no tensor.",
                    expected="an array, or a list or dict of arrays",
                    got=brief(value),
                    fix="Make an array of it: numpy.asarray(...).",
                )
            )


def check_no_text(layer: Any, args: Any) -> None:
    """Raises TypeError where a symbolic tensor of strings reaches a layer that computes."""
    if any(isinstance(value, symbolic.KerasTensor) and value.dtype == "string" for value in tree.walk(args)):
        raise TypeError(
            explain(
                f"Layer {layer.name!r} ({type(layer).__name__}) takes numbers, not strings.",
                fix="Put a TextVectorization, StringLookup or Hashing layer between.",
            )
        )


def has_array(value: Any) -> bool:
    """Whether a value is, or holds, something with a shape."""
    return any(hasattr(leaf, "shape") for leaf in tree.walk(value))


def shape_of(value: Any) -> tuple | None:
    """The sizes of an array, None where one is symbolic."""
    return tuple(s if isinstance(s, int) else None for s in value.shape) if hasattr(value, "shape") else None


def match_shapes(layer: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `build` from the shapes of `call`'s arguments.

    A single parameter takes the first shape, and a single shape goes to the first parameter; else `x_shape` takes the
    shape of `x`. ValueError where a parameter without a default takes none.
    """
    cls: Any = type(layer)
    names = build_parameters(cls)
    if names and (len(names) == 1 or len(shapes) == 1):
        return {names[0]: next(iter(shapes.values()), None)}
    defaults = inspect.signature(inspect.unwrap(cls.build)).parameters
    for name in names:
        wanted = defaults[name].default is inspect.Parameter.empty
        if wanted and not (name.endswith("_shape") and takes(cls, name.removesuffix("_shape"))):
            raise ValueError(
                explain(
                    f"Layer {layer.name!r}: build() has an argument `{name}` that belongs to none of call().",
                    expected=", ".join(f"{argument}_shape" for argument in signature(cls).parameters),
                    got=", ".join(names),
                )
            )
    named = {name: shapes.get(name.removesuffix("_shape")) for name in names}
    return {name: shape for name, shape in named.items() if shape is not None}


def is_shape(value: Any) -> bool:
    """Whether a value is one shape, not a structure of shapes."""
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def as_shapes(value: Any) -> Any:
    """A structure of shapes with each shape as a tuple."""
    return tree.map(lambda shape: tuple(shape) if is_shape(shape) else shape, value, is_leaf=is_shape)


def symbolic_input(shapes: Any) -> Any:
    """A structure of shapes as one of symbolic tensors."""
    return tree.map(lambda shape: shape if shape is None else symbolic.KerasTensor(shape), shapes, is_leaf=is_shape)
