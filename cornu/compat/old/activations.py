"""Activations whose numbers were others in old eras."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import activations
from cornu.kernels import recurrent
from cornu.registry import register
from cornu.symbolic import as_array, op


@register("activation")
@op
def hard_sigmoid_of_keras_2(x: Any) -> Any:
    """clip(x / 5 + 1 / 2, 0, 1): the `hard_sigmoid` of Keras 1, Keras 2 and tf.keras

    Keras 3's has the slope 1 / 6. The name is another one so that a saved model says which it means.

    >>> hard_sigmoid_of_keras_2([-2.5, 0.0, 1.0, 2.5]).tolist()
    [0.0, 0.5, 0.699999988079071, 1.0]
    """
    x = as_array(x)
    return jnp.clip(0.2 * x + 0.5, 0, 1)


recurrent.SLOPES[hard_sigmoid_of_keras_2] = lambda y: jnp.where((y > 0) & (y < 1), 0.2, 0).astype(y.dtype)

hard_sigmoid = hard_sigmoid_of_keras_2


def get(identifier: Any) -> Any:
    """The activation that an argument stands for before Keras 3.

    >>> get("hard_sigmoid").__name__, get("tanh").__name__
    ('hard_sigmoid_of_keras_2', 'tanh')
    """
    return hard_sigmoid if isinstance(identifier, str) and identifier == "hard_sigmoid" else activations.get(identifier)
