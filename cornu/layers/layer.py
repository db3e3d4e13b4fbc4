"""The layer: a function with variables."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import constraints, dtypes, initializers, naming, random, regularizers, registry, symbolic, tags, tree
from cornu import variables as state
from cornu.errors import brief, explain, nearest
from cornu.layers import parts
from cornu.layers.context import call_context, current
from cornu.layers.input_spec import InputSpec, check_inputs
from cornu.signature import Configurable, named_parameters
from cornu.variables import Variable

_SHAPE_ARGUMENTS = ("input_shape", "input_dim", "batch_shape", "batch_size", "input_dtype", "input_length")


class LayerType(type):
    """Makes layers: every one is made within its own random stream."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        key = random.new_stream(kwargs.get("name") or registry.snake_case(cls.__name__))
        with random.stream(key):
            layer = super().__call__(*args, **kwargs)
        if isinstance(layer, Layer) and "_nodes" not in vars(layer):
            raise RuntimeError(
                explain(
                    f"{cls.__name__}.__init__ doesn't call the constructor of its base class.",
                    fix="Make `super().__init__()` its first line.",
                )
            )
        if isinstance(layer, Layer):
            layer._stream = key
        return layer


class Layer(Configurable, metaclass=LayerType):
    """A function of tensors that owns variables; the base of every layer and model.

    Args:
        activity_regularizer: a regularizer of the output; its value is added to the loss.
        trainable: whether the layer's trainable variables are trained.
        dtype: a dtype or a dtype policy (name or object): in what the layer computes and keeps its variables.
        autocast: whether floating-point inputs are cast to the compute dtype.
        name: default: the class's name in snake_case, numbered.
        input_shape, input_dim, batch_shape, batch_size: the shape of the inputs, for the first layer of a Sequential.

    A subclass writes `call(self, inputs, ...)`, the mathematics, and where it has variables `build(self, input_shape)`,
    which makes them by `add_weight`. `call` may take `training` and `mask` (or `<argument>_mask`); they are filled in.
    Layers, variables, metrics and seed generators in attributes, also in lists and dicts, belong to the layer.

    Differences from Keras: `get_config`, `compute_output_shape` and `compute_output_spec` are derived, from the
    constructor's signature and by tracing `call`; writing them is allowed, never necessary.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((2, 3), "float32")).shape
    (2, 3)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _scoped_build(cls.build)

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._nodes: list[symbolic.Node] = []
        self._losses: list[Any] = []
        self._own_variables: list[Variable] = []
        self.name = str(name) if name is not None else naming.auto_name(registry.snake_case(type(self).__name__))
        if "/" in self.name:
            raise ValueError(explain("A layer's name can't contain '/'.", got=self.name))
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy = dtypes.get_policy(dtype)
        self.autocast, self._trainable = autocast, bool(trainable)
        self.built = False
        self.supports_masking = False
        self.input_spec: InputSpec | Sequence[InputSpec] | None = None
        self.given_batch_shape = _batch_shape(kwargs)
        self.given_input_dtype = kwargs.get("input_dtype")
        unknown = [key for key in kwargs if key not in _SHAPE_ARGUMENTS]
        if unknown:
            known = [*named_parameters(type(self)), *named_parameters(Layer), *_SHAPE_ARGUMENTS]
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: unknown argument `{unknown[0]}`."
                    f"{nearest(unknown[0], known)}",
                    expected=", ".join(dict.fromkeys(known)),
                    got=brief({k: kwargs[k] for k in unknown}),
                )
            )

    # What a subclass writes ------------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Makes the variables for inputs of a shape; the default traces `call`, so that the inner layers get theirs."""
        if type(self).call is not Layer.call and any(parts.held(self, Layer)):
            shapes = jax.tree.map(_as_input, input_shape, is_leaf=_is_shape)
            symbolic.infer(self._call_inside, (shapes,))
        self._built_for = {"input_shape": input_shape}
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's mathematics; a subclass writes it."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} has no mathematics.", fix="Write its `call(self, inputs)`.")
        )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs: by default the inputs' own."""
        return previous_mask

    # Calling ---------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs; on symbolic tensors, symbolic ones, and a node of the graph."""
        if symbolic.has_symbolic(args, kwargs):
            outputs = symbolic.record(self, args, kwargs, symbolic.infer(self, args, kwargs))
            self._nodes.append(next(v for v in tree.walk(outputs) if isinstance(v, symbolic.KerasTensor)).node)
            return outputs
        training = self._resolve_training(args, kwargs)
        outermost = current() is None
        with call_context(self, training), naming.name_scope(self.name):
            if outermost:
                self._clear_losses()
            return self._run(args, kwargs)

    def _run(self, args: tuple, kwargs: dict) -> Any:
        args, kwargs = self._cast_inputs((args, kwargs))
        arguments = _bind_call(self, args, kwargs)
        inputs = next(iter(arguments.values()), None)
        if not self.built and type(self).build is not Layer.build:
            self._build_for(arguments)
        check_inputs(self.input_spec, inputs, self.name)
        mask = self._fill_masks(arguments, kwargs)
        if _takes(type(self), "training") and current().training is not None and arguments.get("training") is None:
            kwargs["training"] = current().training
        with state.autocast(self.compute_dtype if self.autocast else None):
            outputs = self.call(*args, **kwargs)
        self.built = True
        if self.activity_regularizer is not None:
            for output in tree.flatten(outputs):
                self.add_loss(self.activity_regularizer(output))
        self._tag_outputs(inputs, outputs, mask)
        return outputs

    def _call_inside(self, *args: Any) -> Any:
        with call_context(self, None), naming.within(self.name):
            return self.call(*args)

    def _resolve_training(self, args: tuple, kwargs: dict) -> bool | None:
        if _takes(type(self), "training"):
            given = _bind_call(self, args, kwargs).get("training")
        else:
            given = kwargs.pop("training", None)
        if given is None:
            return current().training if current() is not None else None
        return bool(given) if isinstance(given, (int, np.bool_)) else given

    def _cast_inputs(self, values: Any) -> Any:
        dtype = self.compute_dtype if self.autocast else None

        def cast(value: Any) -> Any:
            if isinstance(value, (Variable, symbolic.KerasTensor)) or not hasattr(value, "__array__"):
                return value
            array = value if isinstance(value, jax.Array) else jnp.asarray(value)
            if dtype is None or array.dtype == dtype or not jnp.issubdtype(array.dtype, jnp.floating):
                return array
            return _keep_mask(array, array.astype(dtype))

        return tree.map(cast, values)

    def _build_for(self, arguments: dict[str, Any]) -> None:
        shapes = {name: tree.map(_shape_of, value) for name, value in arguments.items() if _has_array(value)}
        names = _build_parameters(type(self))
        if len(names) > 1:
            named = {name: shapes.get(name.removesuffix("_shape")) for name in names}
            self.build(**{name: shape for name, shape in named.items() if shape is not None})
        else:
            self.build(*[next(iter(shapes.values()), None)] * len(names))

    def _fill_masks(self, arguments: dict[str, Any], kwargs: dict) -> Any:
        """Gives the inputs' masks to the mask arguments that were left out; returns the first input's."""
        tensors = [(n, v) for n, v in arguments.items() if n != "training" and not n.endswith("mask") and _has_array(v)]
        masks = []
        for position, (name, value) in enumerate(tensors):
            mask = tree.map(tags.get_mask, value)
            mask = mask if tree.flatten(mask) else None
            wanted = next((w for w in (f"{name}_mask", "mask"[: 4 * (position == 0)]) if _takes(type(self), w)), None)
            if wanted and arguments.get(wanted) is not None:
                mask = arguments[wanted]
            elif wanted and mask is not None:
                kwargs[wanted] = mask
            masks.append(mask)
        return masks[0] if masks else None

    def _tag_outputs(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        overridden = type(self).compute_mask is not Layer.compute_mask
        if not (self.supports_masking or overridden):
            if previous_mask is not None and not _takes(type(self), "mask"):
                warnings.warn(
                    f"Layer {self.name!r} ({type(self).__name__}) doesn't support masking: its input's mask ends here.",
                    stacklevel=4,
                )
            return
        if previous_mask is None and not overridden:
            return
        mask = self.compute_mask(inputs, previous_mask)
        for output, one in zip(_as_list(outputs), _as_list(mask), strict=False):
            if one is not None and hasattr(output, "shape") and tags.get_mask(output) is None:
                tags.set_mask(output, one)

    # Variables -------------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """Makes a variable of this layer.

        Args:
            shape: default (), a scalar.
            initializer: default: "glorot_uniform" for floating-point dtypes, "zeros" for others.
            dtype: default: the variable dtype of the layer's policy.
            trainable, autocast, aggregation, name: as in `Variable`.
            regularizer: a penalty on the value, added to the loss.
            constraint: a projection, applied after every update by an optimizer.
        """
        dtype = dtypes.standardize(dtype) if dtype is not None else self.variable_dtype
        shape = (shape,) if isinstance(shape, int) else tuple(shape or ())
        default = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        chosen = initializers.get(default if initializer is None else initializer)
        key = f"{getattr(self, '_stream', None) or random.new_stream(self.name)}/{name or len(self._own_variables)}"

        def initial(shape: tuple, dtype: str) -> Any:
            with random.stream(key):
                return chosen(shape, dtype=dtype)

        with naming.within(self.name):
            variable = Variable(initial, shape, dtype, trainable, autocast, aggregation, name)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        self._own_variables.append(variable)
        return variable

    @property
    def path(self) -> str:
        """The layer's name below the names of the layers that hold it, as its variables have it."""
        return self._own_variables[0].path.rpartition("/")[0] if self._own_variables else self.name

    @property
    def _layers(self) -> list[Layer]:
        return parts.held(self, Layer)

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Layer]:
        inner = self._layers
        if recursive:
            inner = [layer for child in inner for layer in child._flatten_layers()]
        return parts.unique([self, *inner] if include_self else inner)

    @property
    def variables(self) -> list[Variable]:
        """Every variable: own ones, seed states and metrics' included, and those of inner layers."""
        seeds = [g.state for g in parts.seed_generators(self)]
        metrics = [v for metric in self._metrics for v in metric.variables]
        inner = [v for layer in self._layers for v in layer.variables]
        return parts.unique([*parts.own_variables(self), *seeds, *metrics, *inner])

    @property
    def _metrics(self) -> list:
        return [value for _, held in parts.attributes(self) for value in tree.walk(held) if _is_metric(value)]

    @property
    def weights(self) -> list[Variable]:
        """The variables without seed states and metrics: what is saved."""
        inner = [v for layer in self._layers for v in layer.weights]
        return parts.unique([*parts.own_variables(self), *inner])

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that are trained: none where `trainable` is False."""
        if not self.trainable:
            return []
        own = [v for v in parts.own_variables(self) if v.trainable]
        return parts.unique([*own, *(v for layer in self._layers for v in layer.trainable_variables)])

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that aren't trained."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that aren't trained."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether the layer is trained; setting it sets it in every inner layer, too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """The weights' values, as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the weights' values; ValueError, and no change at all, where number or shapes don't fit."""
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: set_weights got the wrong number of arrays.",
                    expected=f"{len(variables)} ({', '.join(v.path for v in variables)})",
                    got=f"{len(weights)}",
                    fix=None if self.built else "Build the layer first: call it on data, or give it an input shape.",
                )
            )
        for variable, value in zip(variables, weights, strict=True):
            variable._check_shape(np.asarray(value))
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in the weights."""
        if not self.built:
            raise ValueError(
                explain(
                    f"Layer {self.name!r} has no weights yet: it isn't built.",
                    fix="Call it on data, or give it an input shape.",
                )
            )
        return sum(v.size for v in self.weights)

    # Losses ----------------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar, or several, to the loss of the call that is running."""
        self._losses.extend(_as_list(loss))

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` collected in the last call, and the penalties of the weights' regularizers."""
        added = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return added + [v.regularizer(v.value) for v in self.trainable_variables if v.regularizer is not None]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()

    # Derived ---------------------------------------------------------------------------------------------------------

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the outputs' shapes and dtypes, without a node in a graph."""
        return tree.map(lambda aval: symbolic.KerasTensor((), aval=aval), symbolic.infer(self, args, kwargs))

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the outputs for inputs of a shape."""
        shapes = [jax.tree.map(_as_input, a, is_leaf=_is_shape) for a in (*args, *kwargs.values())]
        return tree.map(lambda t: t.shape, self.compute_output_spec(*shapes))

    def _base_config(self) -> dict:
        return {"name": self.name, "trainable": self.trainable, "dtype": registry.serialize(self.dtype_policy)}

    def get_build_config(self) -> dict | None:
        """The shapes with which the layer was built."""
        return getattr(self, "_built_for", None)

    def get_build_entry(self) -> dict:
        """The entry of a saved config that builds the layer again."""
        shapes = self.get_build_config() if self.built else None
        return {"build_config": registry.serialize(shapes)} if shapes else {}

    def build_from_config(self, config: dict) -> None:
        """Builds the layer for the shapes of `get_build_config()`."""
        shapes = {k: jax.tree.map(tuple, v, is_leaf=_is_shape) for k, v in config.items()}
        if not self.built:
            self.build(*shapes.values()) if len(shapes) == 1 else self.build(**shapes)

    @property
    def dtype(self) -> str:
        """The dtype of the variables."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype in which the layer computes."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype to which floating-point inputs are cast."""
        return self.compute_dtype

    @property
    def input(self) -> Any:
        """The symbolic inputs of the layer's one place in a graph."""
        return _one_or_list(self._only_node("input").inputs)

    @property
    def output(self) -> Any:
        """The symbolic outputs of the layer's one place in a graph."""
        return self._only_node("output").results

    def _only_node(self, what: str) -> symbolic.Node:
        if len(self._nodes) != 1:
            state = "hasn't been called on symbolic tensors" if not self._nodes else f"is called {len(self._nodes)} times"
            raise AttributeError(explain(f"Layer {self.name!r} has no single {what}: it {state}."))
        return self._nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _scoped_build(build: Callable) -> Callable:
    """A `build` that runs in the layer's name scope, notes its shapes, and marks the layer as built."""

    @wraps(build)
    def scoped(self: Layer, *args: Any, **kwargs: Any) -> None:
        outermost = not getattr(self, "_building", False)
        if not outermost:
            return build(self, *args, **kwargs)
        self._building = True
        try:
            with naming.within(self.name):
                build(self, *args, **kwargs)
        finally:
            del self._building
        names = _build_parameters(type(self))
        self._built_for = {**dict(zip(names, args, strict=False)), **kwargs}
        self.built = True

    return scoped


@cache
def _call_signature(cls: type) -> inspect.Signature:
    return inspect.Signature(list(inspect.signature(cls.call).parameters.values())[1:])


@cache
def _takes(cls: type, argument: str) -> bool:
    return argument in _call_signature(cls).parameters


@cache
def _build_parameters(cls: type) -> list[str]:
    return list(inspect.signature(inspect.unwrap(cls.build)).parameters)[1:]


def _bind_call(layer: Layer, args: tuple, kwargs: dict) -> dict[str, Any]:
    """The arguments of a call by name."""
    try:
        return _call_signature(type(layer)).bind(*args, **kwargs).arguments
    except TypeError as error:
        expected = ", ".join(_call_signature(type(layer)).parameters)
        raise TypeError(explain(f"Layer {layer.name!r}: {error}.", expected=f"call({expected})")) from None


def _batch_shape(kwargs: dict) -> tuple | None:
    """The batch shape that a layer's arguments give to the inputs of a Sequential."""
    if kwargs.get("batch_shape") is not None:
        return tuple(kwargs["batch_shape"])
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        length = (kwargs["input_length"],) if "input_length" in kwargs else ()
        shape = (*length, kwargs["input_dim"])
    if shape is None:
        return None
    return (kwargs.get("batch_size"), *((shape,) if isinstance(shape, int) else shape))


def _keep_mask(source: Any, target: Any) -> Any:
    tags.set_mask(target, tags.get_mask(source))
    return target


def _shape_of(value: Any) -> tuple | None:
    return tuple(s if isinstance(s, int) else None for s in value.shape) if hasattr(value, "shape") else None


def _has_array(value: Any) -> bool:
    return any(hasattr(leaf, "shape") for leaf in tree.walk(value))


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def _as_input(shape: Any) -> symbolic.KerasTensor:
    return symbolic.KerasTensor(shape)


def _as_list(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _one_or_list(values: list) -> Any:
    return values[0] if len(values) == 1 else values


def _is_metric(value: Any) -> bool:
    return hasattr(value, "update_state") and hasattr(value, "variables")
