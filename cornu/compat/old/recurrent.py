"""What recurrent layers took by default in old eras, how Keras 1 drew their weights, and the layers for cuDNN."""

from __future__ import annotations

from typing import Any

from cornu import initializers
from cornu.compat.old.activations import hard_sigmoid
from cornu.compat.old.initializations import PerGate
from cornu.layers import recurrent
from cornu.layers.input_spec import InputSpec
from cornu.layers.recurrent_cells import GRUCell, LSTMCell
from cornu.registry import register

_CONVOLUTIONAL = {name: {"recurrent_activation": hard_sigmoid} for name in ("ConvLSTM2D", "ConvLSTM2DCell")}

DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "keras2": {
        **_CONVOLUTIONAL,
        **{name: {"recurrent_activation": hard_sigmoid} for name in ("LSTM", "LSTMCell")},
        **{name: {"recurrent_activation": hard_sigmoid, "reset_after": False} for name in ("GRU", "GRUCell")},
    },
    "tf.keras": _CONVOLUTIONAL,
    "keras3": {},
}
DEFAULTS["keras1"] = DEFAULTS["keras2"]
"""By era: what a recurrent layer takes by default where today's takes something else."""


def gate_by_gate(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A recurrent layer's arguments, changed so that its weights are drawn as in Keras 1, gate by gate.

    Args:
        name: "SimpleRNN", "LSTM" or "GRU".
        arguments: those of today's layer; what isn't among them is Keras 1's default.

    Drawn at once, as later, the gates' columns count together in the fan-out, and an orthogonal matrix is one over all
    gates; the gain of the recurrent weights was 1.1.

    >>> gate_by_gate("GRU", {"units": 3})["recurrent_initializer"].gates
    3
    """
    gates = {"LSTM": 4, "GRU": 3}.get(name, 1)
    given = {"kernel_initializer": "glorot_uniform", "recurrent_initializer": initializers.Orthogonal(1.1), **arguments}
    drawn = {n: PerGate(given[n], gates) for n in ("kernel_initializer", "recurrent_initializer")}
    return {**DEFAULTS["keras1"].get(name, {}), **given, **drawn}


@register("layer")
class CuDNNLSTM(recurrent.LSTM):
    """`cornu.layers.LSTM` with the functions that cuDNN knows, tanh and sigmoid, and without dropout

    The other arguments and the weights are those of `LSTM`. Difference from Keras 2: one bias (4 units,), which is the
    sum of the two there.

    >>> import numpy as np
    >>> CuDNNLSTM(3)(np.ones((2, 4, 6))).shape
    (2, 3)
    """

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        self._set_cell(LSTMCell, locals(), kwargs)
        self.input_spec = InputSpec(ndim=3)


@register("layer")
class CuDNNGRU(recurrent.GRU):
    """`cornu.layers.GRU` with the functions that cuDNN knows, tanh and sigmoid, reset after the product, no dropout

    The other arguments and the weights are those of `GRU`. Difference from Keras 2: the biases are (2, 3 units), and
    not one vector (6 units,).

    >>> import numpy as np
    >>> CuDNNGRU(3)(np.ones((2, 4, 6))).shape
    (2, 3)
    """

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        self._set_cell(GRUCell, locals(), kwargs)
        self.input_spec = InputSpec(ndim=3)
