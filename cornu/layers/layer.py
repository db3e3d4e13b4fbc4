"""The layer: a function with variables."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp

from cornu import constraints, dtypes, initializers, naming, random, registry, regularizers, symbolic, tags, tree
from cornu import variables as state
from cornu.errors import UnknownAttribute, advice, brief, explain, nearest
from cornu.layers import calls, parts
from cornu.layers.context import call_context, current, default_training
from cornu.layers.input_spec import InputSpec, check_inputs
from cornu.ops import operators as operators  # symbolic tensors get theirs
from cornu.signature import Configurable, boolean, named_parameters, takes_any
from cornu.variables import Variable

_SHAPE_ARGUMENTS = ("input_shape", "input_dim", "batch_shape", "batch_size", "input_dtype", "input_length")


class LayerType(type):
    """Makes layers: every one is made within its own random stream."""

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's, as `help` and editors show it."""
        constructor: Any = cls.__init__  # type: ignore[misc]
        signature = inspect.signature(constructor)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        key = random.new_stream(_without_number(kwargs.get("name"), registry.snake_case(cls.__name__)))
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


def _without_number(name: str | None, automatic: str) -> str:
    """A layer's name, but of automatic ones, also in a copy's config, what doesn't depend on how many came before.

    >>> _without_number("lstm_3", "lstm"), _without_number("forward_lstm_3", "lstm"), _without_number("block_3", "lstm")
    ('lstm', 'forward_lstm', 'block_3')
    """
    found = re.fullmatch(rf"((?:forward_|backward_)?{automatic})_\d+", name or automatic)
    return found[1] if found else name or automatic


class Layer(parts.PartOwner, Configurable, metaclass=LayerType):
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

    >>> import numpy as np
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((2, 3), "float32")).shape
    (2, 3)
    """

    domains = {"trainable": boolean, "autocast": boolean}
    masks_within = False
    """Whether the outputs carry their masks already, so that None from `compute_mask` doesn't end them."""
    runs_on_host = False
    """Whether the layer is applied to data before they go to the engine: see `cornu.models.leading`."""
    revision = 0
    """How often what a compiled step has of the layer as a constant, a vocabulary for one, changed."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            type.__setattr__(cls, "build", _scoped_build(cls.build))

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
        self._building = False
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
                    fix=advice(type(self).__name__, unknown[0]),
                )
            )

    def __getattr__(self, name: str) -> Any:
        own = next((vars(cls)[name] for cls in type(self).__mro__ if name in vars(cls)), None)
        if hasattr(own, "__get__"):  # a property that raised AttributeError: its own words count
            return own.__get__(self, type(self))
        raise UnknownAttribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if vars(self).get(name) is not value:
            vars(self).pop(name, None)  # a part's place in the order of weights is that of its last assignment
        super().__setattr__(name, value)

    # What a subclass writes ------------------------------------------------------------------------------------------

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Makes the variables for inputs of a shape; by default `call` is traced, so that the inner layers get theirs.

        A subclass takes `input_shape`, or for several inputs `<argument>_shape` of each argument of `call`.
        """
        named = {name.removesuffix("_shape"): shape for name, shape in kwargs.items() if name != "input_shape"}
        shapes = [*args, kwargs["input_shape"]] if "input_shape" in kwargs else args
        if type(self).build is Layer.build:
            self._trace_call(shapes, named)
        self._built_for, self.built = kwargs or {"input_shape": args[0]}, True

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
        try:
            return (self._record if symbolic.has_symbolic(args, kwargs) else self._apply)(args, kwargs)
        except Exception as error:
            calls.place_error(error, self, args)
            raise

    def _record(self, args: tuple, kwargs: dict) -> Any:
        if default_training() is not None and calls.leaves_out(type(self), "training", args):
            kwargs = {"training": default_training(), **kwargs}
        calls.check_no_text(self, args)
        outputs = symbolic.record(self, args, kwargs, symbolic.infer(self, args, kwargs))
        self._nodes += [v.node for v in tree.walk(outputs) if isinstance(v, symbolic.KerasTensor) and v.node][:1]
        return outputs

    def _apply(self, args: tuple, kwargs: dict) -> Any:
        bound, training = calls.bind(self, args, kwargs)
        outermost = current() is None
        with call_context(self, training), naming.name_scope(self.name), jax.named_scope(self.name):
            if outermost:
                self._clear_losses()
            return self._run(bound)

    def _run(self, bound: inspect.BoundArguments) -> Any:
        arguments = bound.arguments
        for name, value in arguments.items():
            arguments[name] = tree.map(self._cast, value)
        inputs = next(iter(arguments.values()), None)
        if not self.built:
            self._build_for(arguments)
        check_inputs(self.input_spec, inputs, self.name)
        mask = self._fill_masks(arguments)
        with state.autocast(self._autocast_dtype):
            outputs = self.call(*bound.args, **bound.kwargs)
        self.built = True
        self._penalize_activity(outputs)
        return self._tag_outputs(inputs, outputs, mask)

    @property
    def _autocast_dtype(self) -> str | None:
        """The dtype to which floating-point inputs and variables are cast; None leaves them as they are."""
        return self.compute_dtype if self.autocast and dtypes.is_float(self.compute_dtype) else None

    def _cast(self, value: Any) -> Any:
        """An argument as a JAX array in the layer's dtype; what is no array, and integers, as they are."""
        if isinstance(value, Variable) or not hasattr(value, "__array__"):
            return value
        array = calls.as_jax_array(value, self.name)
        dtype = self._autocast_dtype
        if dtype is not None and array.dtype != dtype and jnp.issubdtype(array.dtype, jnp.floating):
            array = array.astype(dtype)
        if array is not value:
            tags.set_mask(array, tags.get_mask(value))
        return array

    def _build_for(self, arguments: dict[str, Any]) -> None:
        """Builds the layer for the shapes of a call's arguments; without a `build`, `call` builds the inner layers."""
        first, inputs = next(iter(arguments.items()), (None, None))
        calls.check_tensors(inputs, first, self.name)
        check_inputs(self.input_spec, inputs, self.name)
        shapes = {n: tree.map(calls.shape_of, v) for n, v in arguments.items() if n != "mask" and calls.has_array(v)}
        if type(self).build is not Layer.build:
            self.build(**calls.match_shapes(self, shapes))
        elif shapes:
            self._built_for = {f"{name}_shape": shape for name, shape in shapes.items()}

    def _trace_call(self, shapes: Sequence[Any], named_shapes: dict[str, Any]) -> None:
        """Calls the layer on symbolic tensors of shapes, for the sake of the inner layers' variables."""

        def inner(*args: Any, **kwargs: Any) -> Any:
            with call_context(self, None), naming.within(self.name):
                return self.call(*args, **calls.with_training(type(self), args, kwargs))

        if type(self).call is not Layer.call and any(not layer.built for layer in self._layers):
            named = {name: calls.symbolic_input(shape) for name, shape in named_shapes.items()}
            symbolic.infer(inner, [calls.symbolic_input(shape) for shape in shapes], named)

    def _fill_masks(self, arguments: dict[str, Any]) -> Any:
        """Gives the inputs' masks to the mask arguments that were left out; returns the first input's."""
        tensors = [(n, v) for n, v in arguments.items() if not n.endswith("mask") and calls.has_array(v)]
        masks = []
        for position, (name, value) in enumerate(tensors):
            mask = tree.map(tags.get_mask, value)
            mask = mask if tree.flatten(mask) else None
            wanted = calls.mask_argument(type(self), name, position)
            if wanted and arguments.get(wanted) is not None:
                mask = arguments[wanted]
            elif wanted and mask is not None:
                arguments[wanted] = mask
            masks.append(mask)
        return masks[0] if masks else None

    def _penalize_activity(self, outputs: Any) -> None:
        if self.activity_regularizer is None:
            return
        for output in tree.flatten(outputs):
            penalty = self.activity_regularizer(output)
            self.add_loss(penalty / jnp.maximum(output.shape[0], 1) if output.ndim else penalty)

    def _tag_outputs(self, inputs: Any, outputs: Any, previous_mask: Any) -> Any:
        """The outputs, with the masks that `compute_mask` gives them, and without those that end here."""
        overridden = type(self).compute_mask is not Layer.compute_mask
        if not (self.supports_masking or overridden):
            if previous_mask is not None and not calls.takes_masks(type(self)):
                warnings.warn(
                    f"Layer {self.name!r} ({type(self).__name__}) doesn't support masking: its input's mask ends here.",
                    stacklevel=4,
                )
            return _without_masks(inputs, outputs)
        if previous_mask is None and not overridden:
            return outputs
        mask = self.compute_mask(inputs, previous_mask)
        if mask is None and not self.masks_within:
            return _without_masks(inputs, outputs)
        for output, one in zip(_as_list(outputs), _as_list(mask), strict=False):
            if one is not None and hasattr(output, "shape") and tags.get_mask(output) is None:
                tags.set_mask(output, one)
        return outputs

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
            trainable: whether it is trained.
            autocast: whether it is read in the layer's compute dtype.
            regularizer: a penalty on the value, added to the loss.
            constraint: a projection, applied after every update by an optimizer.
            aggregation: kept for Keras's signature.
            name: its name, and the key of its random stream.
        """
        if isinstance(shape, str):
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: add_weight takes the shape first.",
                    expected="a shape",
                    got=shape,
                    fix=f"Pass the name by keyword: add_weight(shape=..., name={shape!r}).",
                )
            )
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
        variable.trainable = variable.trainable and self.trainable
        self._own_variables.append(variable)
        return variable

    @property
    def path(self) -> str:
        """The layer's name below the names of the layers that hold it, as its variables have it."""
        return self._own_variables[0].path.rpartition("/")[0] if self._own_variables else self.name

    # Losses ----------------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar, or several, to the loss of the call that is running."""
        state.append_note(self, self._losses, _as_list(loss))

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` collected in the last call, and the penalties of the weights' regularizers."""
        added = [loss for layer in self._flatten_layers() for loss in state.notes(layer, layer._losses)]
        return added + [v.regularizer(v.value) for v in self.trainable_variables if v.regularizer is not None]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            state.clear_notes(layer, layer._losses)

    # Derived ---------------------------------------------------------------------------------------------------------

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the outputs' shapes and dtypes, without a node in a graph."""
        return tree.map(lambda aval: symbolic.KerasTensor((), aval=aval), symbolic.infer(self, args, kwargs))

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the outputs for inputs of a shape."""
        named = {name.removesuffix("_shape"): calls.symbolic_input(shape) for name, shape in kwargs.items()}
        known = {name: tensor for name, tensor in named.items() if calls.takes(type(self), name)}
        others = [tensor for name, tensor in named.items() if name not in known]
        spec = self.compute_output_spec(*map(calls.symbolic_input, args), *others, **known)
        return tree.map(lambda tensor: tensor.shape, spec)

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple:
        """The outputs for given values of the variables, and the non-trainable variables' new values.

        With `return_losses` the losses come third. No variable changes. ValueError where a value is missing.
        """
        others = self.non_trainable_variables
        variables = [*self.trainable_variables, *others]
        values = [v.value if isinstance(v, Variable) else v for v in (*trainable_variables, *non_trainable_variables)]
        if not self.built or len(values) != len(variables) or len(others) != len(non_trainable_variables):
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: stateless_call got the wrong number of values.",
                    expected=f"{len(variables) - len(others)} trainable and {len(others)} non-trainable ones",
                    got=f"{len(trainable_variables)} and {len(non_trainable_variables)}",
                    fix=None if self.built else "Build the layer first: call it on data.",
                )
            )
        with state.Scope(variables, values) as scope:
            outputs = self(*args, **kwargs)
            losses = (self.losses,) if return_losses else ()
            return (outputs, list(scope.values(others)), *losses)

    def _base_config(self) -> dict:
        return {"name": self.name, "trainable": self.trainable, "dtype": registry.serialize(self.dtype_policy)}

    def _config_names(self, cls: type) -> list[str]:
        writer = next(c for c in cls.__mro__ if "__init__" in vars(c))
        stated = () if writer is Layer else named_parameters(cls)
        silent = {"activity_regularizer": self.activity_regularizer is None, "autocast": self.autocast}
        return [name for name in super()._config_names(cls) if name in stated or not silent.get(name)]

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The layer of a config. What every layer has need not be an argument of the constructor.

        An entry that the constructor doesn't know and that is None is passed over: it says nothing.
        """
        taken = named_parameters(cls)
        known = {*taken, *(named_parameters(Layer) if takes_any(cls) else ()), *_SHAPE_ARGUMENTS}
        apart = {name: config[name] for name in ("name", "trainable", "dtype") if name in config and name not in known}
        given = {k: v for k, v in config.items() if k not in apart and (k in known or v is not None)}
        layer = super().from_config(given)
        if "name" in apart:
            layer.name = apart["name"]
        if "dtype" in apart:
            layer.dtype_policy = dtypes.get_policy(apart["dtype"])
        if "trainable" in apart:
            layer.trainable = apart["trainable"]
        return layer

    def get_build_config(self) -> dict | None:
        """The shapes with which the layer was built, in Keras's form."""
        shapes = getattr(self, "_built_for", None)
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def get_build_entry(self) -> dict:
        """The entry of a saved config that builds the layer again."""
        shapes = self.get_build_config() if self.built else None
        return {"build_config": registry.serialize(shapes)} if shapes else {}

    def build_from_config(self, config: dict) -> None:
        """Builds the layer for the shapes of `get_build_config()`."""
        config = calls.as_shapes(config or {})
        named = config.get("shapes_dict")
        if self.built or not config:
            return
        if named is None:
            self.build(config["input_shape"])
        else:
            self.build(**named)

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
            called = f"is called {len(self._nodes)} times" if self._nodes else "isn't called on symbolic tensors"
            raise AttributeError(explain(f"Layer {self.name!r} has no single {what}: it {called}."))
        return self._nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _scoped_build(build: Callable) -> Callable:
    """A `build` that runs in the layer's name scope, notes its shapes, and marks the layer as built."""

    @wraps(build)
    def scoped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._building:  # a build that calls its base class's
            build(self, *args, **kwargs)
            return
        self._building = True
        try:
            with naming.within(self.name):
                build(self, *args, **kwargs)
        finally:
            self._building = False
        if state.has_scope():  # what a build assigns is a first value
            state.current_scope().settle(self.variables)
        self._built_for = {**dict(zip(calls.build_parameters(type(self)), args, strict=False)), **kwargs}
        self.built = True

    return scoped


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


def _without_masks(inputs: Any, outputs: Any) -> Any:
    """The outputs; where one is an input itself, which keeps its mask, it is a copy that has none."""
    same = {id(value) for value in tree.flatten(inputs) if tags.get_mask(value) is not None}
    return tree.map(lambda value: jnp.copy(value) if id(value) in same else value, outputs) if same else outputs


def _as_list(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _one_or_list(values: list) -> Any:
    return values[0] if len(values) == 1 else values
