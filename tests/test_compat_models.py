"""What models of old programs were called with."""

from __future__ import annotations

import numpy as np
import pytest

from cornu import compat
from cornu.compat import modules, notices


@pytest.fixture(params=["keras1", "keras2"])
def keras(request):
    compat.install(request.param, source="")
    yield modules.served("")
    compat.uninstall()
    notices.clear()


def test_the_first_input_says_how_many_samples_are_predicted(keras):
    inputs = [keras.layers.Input((2,)), keras.layers.Input((2,))]
    model = keras.models.Model(inputs, keras.layers.Lambda(lambda pair: pair[0] - pair[1])(inputs))
    longer = np.arange(12.0).reshape(6, 2)
    assert model.predict([np.zeros((4, 2)), longer]).tolist() == (-longer[:4]).tolist()
    with pytest.raises(ValueError, match="number of samples"):
        model.predict([longer, np.zeros((4, 2))])


def test_a_layer_s_own_sizes_stand_where_the_stack_doesn_t_know_them(keras):
    layers = keras.layers
    stack = [layers.Embedding(10, 4), layers.Flatten(), layers.Dense(5, input_dim=12), layers.Dense(1)]
    model = keras.models.Sequential(stack)
    assert model.output_shape == (None, 1)
    assert model.predict(np.ones((2, 3))).shape == (2, 1)
    with pytest.raises((TypeError, ValueError), match="reshape"):
        model.predict(np.ones((2, 4)))


def test_the_loss_is_a_tensor_of_the_graph(keras):
    """The gradients of training, as they were looked at by K.function."""
    K = keras.backend
    model = keras.models.Sequential([keras.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    gradients = K.gradients(model.total_loss, model.trainable_weights)
    inputs = [model.inputs[0], model.sample_weights[0], model.targets[0], K.learning_phase()]
    x, y, weights = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0], [2.0]]), np.array([1.0, 3.0])
    by_kernel, by_bias = K.function(inputs, gradients)([x, weights, y, 0])
    error = 2 * (model.predict(x) - y) * weights[:, None] / 2
    np.testing.assert_allclose(by_kernel, x.T @ error, rtol=1e-4)
    np.testing.assert_allclose(by_bias, error.sum(0), rtol=1e-4)


def test_a_tensor_and_its_name_are_a_metric(keras):
    inputs = keras.layers.Input((2,))
    between = keras.layers.Lambda(lambda x: x * 2)(inputs)
    model = keras.models.Model(inputs, keras.layers.Dense(1)(between))
    model.compile("sgd", "mse")
    model.metrics_tensors.append(keras.backend.mean(between))
    model.metrics_names.append("middle")
    history = model.fit(np.full((4, 2), 1.5), np.ones((4, 1)), verbose=0, epochs=1).history
    assert history["middle"] == [3.0]


def test_a_model_in_a_graph_takes_what_its_layers_take(keras):
    inner = keras.models.Sequential([keras.layers.Dense(6, input_dim=4), keras.layers.Reshape((2, 3))])
    inputs = keras.layers.Input((1, 4))
    outer = keras.models.Model(inputs, inner(inputs))
    x = np.ones((5, 1, 4))
    np.testing.assert_allclose(outer.predict(x), inner.predict(x[:, 0]), rtol=1e-5)
    with pytest.raises(ValueError, match="doesn't fit"):
        inner.predict(x)


@pytest.mark.parametrize("era", ["keras1", "keras2", "tf.keras"])
def test_metrics_came_third(era):
    compat.install(era, source="")
    try:
        keras = modules.served("")
        model = keras.models.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        model.compile("sgd", "mse", ["mae"])
        assert len(model.evaluate(np.ones((2, 2)), np.ones((2, 1)), verbose=0)) == 2
    finally:
        compat.uninstall()
