"""Recurrent layers that make their own cell: SimpleRNN, LSTM, GRU."""

from __future__ import annotations

from typing import Any

from cornu.layers.input_spec import InputSpec
from cornu.layers.recurrent_cells import DenseCell, GatedCell, GRUCell, LSTMCell, SimpleRNNCell
from cornu.layers.rnn import OwnCellRNN
from cornu.registry import register
from cornu.signature import boolean, one_of

_domains = {**GatedCell.domains, **DenseCell.domains, "use_cudnn": one_of("auto", True, False)}


@register("layer")
class SimpleRNN(OwnCellRNN):
    """h = activation(x · kernel + h · recurrent_kernel + bias) over time: (batch, time, features) -> (batch, units)

    Args:
        units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: as in `SimpleRNNCell`.
        activity_regularizer: a penalty on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`, which also says what masks do.

    Weights, and errors: those of `SimpleRNNCell`. Differences from Keras: those of `RNN`; `activity_regularizer` has an
    effect, and `seed` is in the config.

    >>> import numpy as np
    >>> SimpleRNN(3, return_sequences=True)(np.ones((2, 4, 6))).shape
    (2, 4, 3)
    """

    domains = _domains

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_cell(SimpleRNNCell, locals(), kwargs)
        self.input_spec = InputSpec(ndim=3)


@register("layer")
class LSTM(OwnCellRNN):
    """Long short-term memory over a sequence: (batch, time, features) -> (batch, units). The equations: `LSTMCell`.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed, implementation: as in `LSTMCell`.
        activity_regularizer: a penalty on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`, which also says what masks do; the
            states are h and c.
        use_cudnn: kept for Keras's signature; without effect.

    Weights, and errors: those of `LSTMCell`. Differences from Keras: those of `RNN`.

    >>> import numpy as np
    >>> output, h, c = LSTM(3, return_state=True)(np.ones((2, 4, 6)))
    >>> output.shape, c.shape
    ((2, 3), (2, 3))
    """

    domains = _domains

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        self._set_cell(LSTMCell, locals(), kwargs)
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = use_cudnn


@register("layer")
class GRU(OwnCellRNN):
    """Gated recurrent units over a sequence: (batch, time, features) -> (batch, units). The equations: `GRUCell`.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, reset_after, implementation: as in `GRUCell`.
        activity_regularizer: a penalty on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: as in `RNN`, which also says what masks do.
        use_cudnn: kept for Keras's signature; without effect.

    Weights, and errors: those of `GRUCell`. Differences from Keras: those of `RNN`.

    >>> import numpy as np
    >>> GRU(3, go_backwards=True)(np.ones((2, 4, 6))).shape
    (2, 3)
    """

    domains = {**_domains, "reset_after": boolean}

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        self._set_cell(GRUCell, locals(), kwargs)
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = use_cudnn
