"""The harness itself: each check catches an error that is planted in a layer."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from layer_harness import CHECKS, Row, pair

from cornu.layers import Dense
from cornu.layers.context import current

build, call, get_config = Dense.build, Dense.call, Dense.get_config


def other_order(self, input_shape):
    build(self, input_shape)
    self.bias.number, self.kernel.number = 0, 1


def louder(self, inputs):
    return call(self, inputs) * 1.0001


def loses_mask(self, inputs, previous_mask):
    return None


def wrong_loss(self, inputs):
    self.add_loss(0.001 * inputs.sum())
    return call(self, inputs)


def wrong_gradient(self, inputs):
    return call(self, inputs) + 0.001 * (self.bias.value - jax.lax.stop_gradient(self.bias.value))


def moves_state(self, inputs):
    outputs = call(self, inputs)
    if current().training:
        self.bias.assign(self.bias * 1.01)
    return outputs


def not_traceable(self, inputs):
    return call(self, inputs) if not current().training or float(jnp.sum(inputs)) else inputs


def forgets(self):
    return {**get_config(self), "use_bias": False}


def other_shape(self, inputs):
    return call(self, inputs) if isinstance(inputs.shape[0], int) else call(self, inputs)[:, None]


def other_dtype(self, inputs):
    return call(self, inputs).astype("float32")


def coarse(self, inputs):
    return call(self, inputs) * 1.1


PLANTED = [
    ("weights", "build", other_order, r"variables: ours \[\(\(3,\)"),
    ("inference", "call", louder, "outputs 0"),
    ("inference", "compute_mask", loses_mask, "masks 0"),
    ("inference", "call", wrong_loss, "losses"),
    ("training", "call", wrong_gradient, "gradients"),
    ("training", "call", moves_state, "values 1"),
    ("training", "call", not_traceable, "traced"),
    ("config", "get_config", forgets, "use_bias"),
    ("symbolic", "call", other_shape, r"\(None, 1, 3\)"),
    ("precision", "call", other_dtype, "dtype float32"),
    ("precision", "call", coarse, "mixed_bfloat16 0"),
]


@pytest.mark.parametrize("check, method, wrong, message", PLANTED, ids=[f"{c}-{f.__name__}" for c, _, f, _ in PLANTED])
def test_every_check_catches_a_planted_error(check, method, wrong, message, monkeypatch):
    def row():
        return Row(lambda L: L.Dense(3, kernel_regularizer="l2"), (2, 4), mask=np.ones(2, bool))

    CHECKS[check](row())
    monkeypatch.setattr(Dense, method, wrong)
    with pytest.raises((AssertionError, jax.errors.JAXTypeError), match=message):
        CHECKS[check](row())
    pair.cache_clear()


def test_every_check_has_its_planted_error():
    assert {check for check, *_ in PLANTED} == set(CHECKS)
