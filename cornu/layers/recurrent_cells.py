"""Recurrent cells: one step of a sequence, from an input and states to an output and new states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np

from cornu import activations, constraints, dtypes, initializers, random, regularizers
from cornu.kernels import recurrent
from cornu.layers.core import known_size
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import boolean, interval, maybe, nonnegative_int, one_of, positive_int


class Drops(NamedTuple):
    """Dropout's factors for a sequence, the same at every step: of the input and of the state; empty for none.

    One factor serves all gates, or each gate has its own.
    """

    inputs: list
    state: list


class GatedCell(Layer):
    """The base of the cells that come with cornu.

    A subclass writes `_project`, the input's share of a step, which is computed for all steps at once, `_step`, the
    rest, and `_shapes`. The factors of dropout are drawn once for a sequence (Gal and Ghahramani, 2016, "A
    Theoretically Grounded Application of Dropout in Recurrent Neural Networks", arXiv:1512.05287), and only in
    training; Keras also draws them in inference, and doesn't use them.
    """

    gates: ClassVar[int]
    has_kernel = False
    domains = {
        "dropout": interval(0, 1),
        "recurrent_dropout": interval(0, 1),
        "seed": maybe(nonnegative_int),
        "use_bias": boolean,
        "implementation": one_of(0, 1, 2),
    }
    kernel: Any
    recurrent_kernel: Any
    activation: Any
    recurrent_activation: Any = activations.linear
    _drops: Drops | None = None

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The output, and the new states."""
        several = isinstance(states, (list, tuple))
        drops = self._drops or self.draw(inputs.shape[0], training)
        new = self._step(self._project(inputs, drops), list(states) if several else [states], drops)
        return new[0], new if several else new[0]

    def over_time(self, inputs: Any, states: list, training: Any, **how: Any) -> tuple[Any, list]:
        """The cell over all steps of a time-major sequence, as `kernels.recurrent.loop`."""
        drops = self.draw(inputs.shape[1], training)
        known = {self.activation, self.recurrent_activation} <= set(recurrent.SLOPES)
        if self.has_kernel and known and len(drops.inputs) < 2 and not drops.state:
            return self._by_kernel(inputs * drops.inputs[0] if drops.inputs else inputs, states, **how)

        def step(now: Any, states: list) -> tuple[None, list, None]:
            return None, self._step(now, states, drops), None

        outputs, states, _ = recurrent.loop(step, self._project(inputs, drops), states, **how)
        return outputs, states

    def draw(self, batch_size: Any, training: Any) -> Drops:
        """Dropout's factors for a sequence."""
        if not training:
            return Drops([], [])
        count = self.gates if self.implementation == 1 else 1

        def factors(rate: float, shape: tuple) -> list:
            ones = jnp.ones(shape, dtypes.numpy_dtype(self.compute_dtype))
            return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count)] if rate else []

        inputs, state = self._shapes(batch_size)
        return Drops(factors(self.dropout, inputs), factors(self.recurrent_dropout, state))

    @contextmanager
    def dropping(self, batch_size: Any, training: Any) -> Iterator[None]:
        """Within it, every call uses the same factors of dropout."""
        self._drops = self.draw(batch_size, training)
        try:
            yield
        finally:
            self._drops = None

    def get_initial_state(self, batch_size: Any = None) -> list:
        """Zeros."""
        _, shape = self._shapes(batch_size)
        number = len(self.state_size) if isinstance(self.state_size, list) else 1
        return [jnp.zeros(shape, dtypes.numpy_dtype(self.compute_dtype)) for _ in range(number)]

    def _set_arguments(self, given: dict[str, Any], others: dict[str, Any]) -> None:
        """Sets what all these cells take, from the arguments of a constructor; `others` are those of any layer."""
        implementation = others.pop("implementation", 2)
        super().__init__(**others)
        for name in ("use_bias", "dropout", "recurrent_dropout", "seed"):
            setattr(self, name, given[name])
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.seed_generator = random.SeedGenerator(self.seed)
        for name in ("activation", "recurrent_activation"):
            setattr(self, name, activations.get(given.get(name)))
        getters = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}
        for name in (f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias") for kind in getters):
            setattr(self, name, getters[name.rpartition("_")[2]](given[name]))

    def _add(self, name: str, shape: Sequence[int], initializer: Any = None) -> Any:
        """A weight with the initializer, regularizer and constraint of its name."""
        prefix = "recurrent" if name == "recurrent_kernel" else name
        return self.add_weight(
            tuple(shape),
            initializer or getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
            name=name,
        )

    def _shapes(self, batch_size: Any) -> tuple[tuple, tuple]:
        """The shapes of the input and of a state of one step."""
        raise NotImplementedError

    def _project(self, inputs: Any, drops: Drops) -> Any:
        """The input's share of a step, or of all steps."""
        raise NotImplementedError

    def _step(self, projected: Any, states: list, drops: Drops) -> list:
        """The new states, the output first."""
        raise NotImplementedError

    def _by_kernel(self, inputs: Any, states: list, **how: Any) -> tuple[Any, list]:
        """`over_time` by a function of `kernels.recurrent`, where `has_kernel` says that there is one."""
        raise NotImplementedError


def forget_bias(initializer: Callable, units: int) -> Callable:
    """An initializer of the biases of four gates: 1 for the forget gate (Jozefowicz et al., 2015)."""

    def initial(shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        first, rest = initializer((units,), dtype=dtype), initializer((2 * units,), dtype=dtype)
        return np.concatenate([first, np.ones(units, dtypes.numpy_dtype(dtype)), rest])

    return initial


class DenseCell(GatedCell):
    """The base of the cells whose kernels are matrices: kernel (features, gates * units), recurrent_kernel
    (units, gates * units).
    """

    has_kernel = True
    domains = {"units": positive_int}
    units: int
    bias: Any

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the kernels and the bias."""
        columns = self.gates * self.units
        self.kernel = self._add("kernel", (known_size(self, input_shape, -1), columns))
        self.recurrent_kernel = self._add("recurrent_kernel", (self.units, columns))
        shape, initializer = self._bias_start()
        self.bias = self._add("bias", shape, initializer) if self.use_bias else None

    def _bias_start(self) -> tuple[tuple, Any]:
        """The shape of the bias, and its initializer where it isn't `bias_initializer`."""
        return (self.gates * self.units,), None

    @property
    def _biases(self) -> tuple[Any, Any]:
        """The biases of the input's product and of the state's."""
        return (None if self.bias is None else self.bias.value), None

    def _shapes(self, batch_size: Any) -> tuple[tuple, tuple]:
        return (batch_size, self.kernel.shape[0] if self.built else None), (batch_size, self.units)

    def _project(self, inputs: Any, drops: Drops) -> Any:
        product, bias = dropped_product(inputs, self.kernel.value, drops.inputs), self._biases[0]
        return product if bias is None else product + bias


def dropped_product(x: Any, kernel: Any, drops: list, product: Callable = jnp.matmul, axis: int = -1) -> Any:
    """The product of x and a kernel after dropout; of several factors, each is for its part of the kernel's outputs."""
    if len(drops) < 2:
        return product(x * drops[0] if drops else x, kernel)
    parts = zip(drops, jnp.split(kernel, len(drops), axis=-1), strict=True)
    return jnp.concatenate([product(x * drop, part) for drop, part in parts], axis=axis)


@register("layer")
class SimpleRNNCell(DenseCell):
    """h = activation(x · kernel + h · recurrent_kernel + bias)

    Args:
        units: the size of the state h, which is the output.
        activation: default "tanh"; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: initial values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections.
        dropout, recurrent_dropout: the fractions of the input and of h that are set to 0 in training.
        seed: of dropout.

    Call: cell(inputs (batch, features), states [h (batch, units)], training=False) -> h, [h].
    Weights: kernel (features, units), recurrent_kernel (units, units), bias (units,).
    Raises ValueError for arguments outside their domains. Difference from Keras: rates outside [0, 1] are refused, not
    cut. Source: Elman, 1990, "Finding Structure in Time".

    >>> import numpy as np
    >>> cell = SimpleRNNCell(3)
    >>> output, states = cell(np.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_arguments(locals(), kwargs)
        self.units = self.state_size = self.output_size = int(units)

    def _by_kernel(self, inputs: Any, states: list, **how: Any) -> tuple[Any, list]:
        kernels = self.kernel.value, self.recurrent_kernel.value
        return recurrent.simple(inputs, states, *kernels, self._biases[0], self.activation, **how)

    def _step(self, projected: Any, states: list, drops: Drops) -> list:
        return [self.activation(projected + dropped_product(states[0], self.recurrent_kernel.value, drops.state))]


@register("layer")
class LSTMCell(DenseCell):
    """i, f, o = gate(...), g = activation(...), each of x · kernel + h · recurrent_kernel + bias;
    c = f c + i g; h = o activation(c)

    Args:
        units: the size of the states h, which is the output, and c.
        activation: of g and c; default "tanh".
        recurrent_activation: of the gates i, f and o; default "sigmoid".
        unit_forget_bias: whether the bias of the forget gate f begins at 1.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: as in `SimpleRNNCell`.
        implementation: with 1, dropout draws a factor for every gate; recurrent dropout always does.

    Call: cell(inputs (batch, features), states [h, c], training=False) -> h, [h, c].
    Weights: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,); the gates are in the order
    i, f, g, o. Raises ValueError for arguments outside their domains.
    Source: Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory"; Gers et al., 2000, for the forget gate.

    >>> import numpy as np
    >>> cell = LSTMCell(3)
    >>> output, (h, c) = cell(np.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape, c.shape
    ((2, 3), (2, 3))
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_arguments(locals(), kwargs)
        self.units = self.output_size = int(units)
        self.state_size = [self.units, self.units]
        self.unit_forget_bias = unit_forget_bias

    def _bias_start(self) -> tuple[tuple, Any]:
        return (4 * self.units,), forget_bias(self.bias_initializer, self.units) if self.unit_forget_bias else None

    def _by_kernel(self, inputs: Any, states: list, **how: Any) -> tuple[Any, list]:
        kernels = self.kernel.value, self.recurrent_kernel.value
        functions = self.activation, self.recurrent_activation
        return recurrent.lstm(inputs, states, *kernels, self._biases[0], *functions, **how)

    def _step(self, projected: Any, states: list, drops: Drops) -> list:
        total = projected + dropped_product(states[0], self.recurrent_kernel.value, drops.state)
        i, f, g, o = jnp.split(total, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * states[1] + gate(i) * self.activation(g)
        return [gate(o) * self.activation(c), c]


@register("layer")
class GRUCell(DenseCell):
    """z, r = gate(x · kernel + h · recurrent_kernel + bias), each with its part of the weights;
    g = activation(x · kernel + r (h · recurrent_kernel + recurrent bias) + bias); h = z h + (1 - z) g

    Args:
        units: the size of the state h, which is the output.
        activation: of g; default "tanh".
        recurrent_activation: of the gates z and r; default "sigmoid".
        reset_after: whether r acts after the product, as in PyTorch and cuDNN, or before it, on h, as in the paper;
            in the latter case there is no recurrent bias.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed, implementation: as in `LSTMCell`.

    Call: cell(inputs (batch, features), states [h], training=False) -> h, [h].
    Weights: kernel (features, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units), the recurrent one second,
    or with reset_after=False (3 units,); the gates are in the order z, r, g. Raises ValueError for arguments outside
    their domains. Source: Cho et al., 2014, "Learning Phrase Representations using RNN Encoder-Decoder for Statistical
    Machine Translation", arXiv:1406.1078.

    >>> import numpy as np
    >>> cell = GRUCell(3)
    >>> output, states = cell(np.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape
    (2, 3)
    """

    gates = 3
    domains = {"reset_after": boolean}

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_arguments(locals(), kwargs)
        self.units = self.state_size = self.output_size = int(units)
        self.reset_after = reset_after
        self.has_kernel = reset_after

    def _bias_start(self) -> tuple[tuple, Any]:
        return ((2, 3 * self.units) if self.reset_after else (3 * self.units,)), None

    @property
    def _biases(self) -> tuple[Any, Any]:
        if self.bias is None:
            return None, None
        bias = self.bias.value
        return (bias[0], bias[1]) if self.reset_after else (bias, None)

    def _by_kernel(self, inputs: Any, states: list, **how: Any) -> tuple[Any, list]:
        kernels = self.kernel.value, self.recurrent_kernel.value
        functions = self.activation, self.recurrent_activation
        return recurrent.gru(inputs, states, *kernels, *self._biases, *functions, **how)

    def _step(self, projected: Any, states: list, drops: Drops) -> list:
        (xz, xr, xg), (h,) = jnp.split(projected, 3, axis=-1), states
        kernel, bias = self.recurrent_kernel.value, self._biases[1]
        gate = self.recurrent_activation
        if self.reset_after:
            product = dropped_product(h, kernel, drops.state)
            mz, mr, mg = jnp.split(product if bias is None else product + bias, 3, axis=-1)
            z, r = gate(xz + mz), gate(xr + mr)
            g = self.activation(xg + r * mg)
        else:
            cut = 2 * self.units
            mz, mr = jnp.split(dropped_product(h, kernel[:, :cut], drops.state[:2]), 2, axis=-1)
            z, r = gate(xz + mz), gate(xr + mr)
            g = self.activation(xg + dropped_product(r * h, kernel[:, cut:], drops.state[2:]))
        return [z * h + (1 - z) * g]
