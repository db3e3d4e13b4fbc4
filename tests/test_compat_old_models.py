"""Keras 1's Merge, stacks with several inputs, and Graph, against NumPy and today's functional models."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cornu
from cornu import registry, tags
from cornu.compat.old.graph import Graph
from cornu.compat.old.merging import Merge, _Merge, merge
from cornu.layers import Dense, Embedding, Input, Masking

generator = np.random.default_rng(5)


def draw(*shape: int) -> np.ndarray:
    return generator.normal(size=shape).astype("float32")


def unit(x: np.ndarray, axis: int) -> np.ndarray:
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


PAIR, WIDE = (draw(4, 3), draw(4, 3)), (draw(4, 2, 3), draw(4, 5, 3))
MERGES = {
    "sum": ({"mode": "sum"}, PAIR, lambda a, b: a + b),
    "mul": ({"mode": "mul"}, PAIR, lambda a, b: a * b),
    "ave": ({"mode": "ave"}, PAIR, lambda a, b: (a + b) / 2),
    "max": ({"mode": "max"}, PAIR, np.maximum),
    "concat": ({"mode": "concat"}, PAIR, lambda a, b: np.concatenate([a, b], -1)),
    "concat over time": ({"mode": "concat", "concat_axis": 1}, WIDE, lambda a, b: np.concatenate([a, b], 1)),
    "dot": ({"mode": "dot"}, PAIR, lambda a, b: (a * b).sum(-1, keepdims=True)),
    "dot of sequences": ({"mode": "dot", "dot_axes": (2, 2)}, WIDE, lambda a, b: np.einsum("bti,bsi->bts", a, b)),
    "dot of a list of lists": ({"mode": "dot", "dot_axes": ([2], [2])}, WIDE, lambda a, b: a @ b.swapaxes(1, 2)),
    "dot, across": ({"mode": "dot", "dot_axes": [2, 1]}, (draw(4, 2, 3), draw(4, 3, 5)), np.matmul),
    "cos": ({"mode": "cos"}, PAIR, lambda a, b: (unit(a, -1) * unit(b, -1)).sum(-1, keepdims=True)),
    "function": ({"mode": lambda x: x[0] - x[1], "output_shape": (3,)}, PAIR, np.subtract),
    "arguments": ({"mode": lambda x, by: by * x[0] - x[1], "arguments": {"by": 2}}, PAIR, lambda a, b: 2 * a - b),
}


@pytest.mark.parametrize("case", MERGES)
def test_modes(case):
    arguments, tensors, expected = MERGES[case]
    np.testing.assert_allclose(merge(list(tensors), **arguments), expected(*tensors), rtol=1e-5, atol=1e-6)
    symbols = [Input(x.shape[1:]) for x in tensors]
    assert merge(symbols, **arguments).shape[1:] == expected(*tensors).shape[1:]


@pytest.mark.parametrize(
    ("mode", "shapes", "message"),
    [("sum", [(2, 3), (2, 4)], "don't fit"), ("dot", [(2, 3)] * 3, "wrong number"), ("sum", [(2, 3)], "wrong number")],
)
def test_tensors_that_cannot_be_merged(mode, shapes, message):
    with pytest.raises(ValueError, match=message):
        merge([draw(*shape) for shape in shapes], mode=mode)


def test_masks():
    one, other = np.array([[[1.0], [0.0]]]), np.array([[[1.0], [2.0]]])
    first, second = Masking()(one), Masking()(other)
    assert tags.get_mask(merge([first, second], "sum")).tolist() == [[True, False]]
    assert tags.get_mask(merge([first, other], "concat")).tolist() == [[True, False]]
    assert tags.get_mask(merge([first, second], "dot", dot_axes=2)) is None
    chosen = merge([first, second], lambda x: x[1], output_mask=lambda masks: masks[1])
    assert tags.get_mask(chosen).tolist() == [[True, True]]


# Stacks of several inputs --------------------------------------------------------------------------------------------


def branch(size: int, units: int = 4) -> cornu.Sequential:
    return cornu.Sequential([Dense(units, activation="tanh", input_dim=size)])


def two_inputs() -> tuple[cornu.Sequential, list[np.ndarray]]:
    model = cornu.Sequential()
    model.add(Merge([branch(3), branch(5)], mode="concat"))
    model.add(Dense(1))
    return model, [draw(64, 3), draw(64, 5)]


def test_a_stack_on_a_merge():
    model, (a, b) = two_inputs()
    assert (model.input_shape, model.output_shape) == ([(None, 3), (None, 5)], (None, 1))
    w = model.get_weights()
    joined = np.concatenate([np.tanh(a @ w[0] + w[1]), np.tanh(b @ w[2] + w[3])], 1)
    np.testing.assert_allclose(model.predict([a, b], verbose=0), joined @ w[4] + w[5], rtol=1e-4, atol=1e-5)


def test_a_stack_on_a_merge_learns():
    model, x = two_inputs()
    y = x[0][:, :1] + x[1][:, :1]
    model.compile(cornu.optimizers.Adam(0.03), "mse")
    history = model.fit(x, y, epochs=30, verbose=0, validation_data=(x, y)).history
    assert history["val_loss"][-1] < history["val_loss"][0] / 4
    assert np.isfinite(model.train_on_batch(x, y))
    assert model.evaluate(x, y, verbose=0) < history["val_loss"][0] / 4


def test_merges_in_merges_and_stacks_in_stacks():
    inner, x = two_inputs()
    outer = cornu.Sequential([Merge([inner, branch(2, 1)], mode="sum"), Dense(2)])
    third = draw(64, 2)
    w = outer.layers[-1].get_weights()
    other = outer.layers[0].layers[1].predict(third, verbose=0)
    expected = (inner.predict(x, verbose=0) + other) @ w[0] + w[1]
    np.testing.assert_allclose(outer.predict([*x, third], verbose=0), expected, rtol=1e-4, atol=1e-5)
    deeper = cornu.Sequential([inner, Dense(3)])
    assert deeper.predict(x, verbose=0).shape == (64, 3)


def test_a_stack_on_a_merge_is_saved(tmp_path):
    model, x = two_inputs()
    model.save(tmp_path / "model.keras")
    again = cornu.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    assert registry.deserialize(json.loads(json.dumps(registry.serialize(model)))).get_config() == model.get_config()


def test_layers_of_a_stack_on_a_merge_come_and_go():
    model, x = two_inputs()
    model.pop()
    assert model.output_shape == (None, 8)
    model.add(Dense(3))
    assert model.predict(x, verbose=0).shape == (64, 3)


def test_a_layer_may_be_a_branch():
    model = cornu.Sequential([Merge([Dense(2, input_dim=3), Embedding(9, 2, input_length=1)], mode=joined), Dense(1)])
    assert model.predict([draw(4, 3), np.ones((4, 1))], verbose=0).shape == (4, 1)


def joined(tensors):
    return tensors[0] + tensors[1][:, 0]


def test_branches_must_know_their_inputs():
    with pytest.raises(ValueError, match="input_shape"):
        Merge([Dense(2), Dense(2)])


# Graph ---------------------------------------------------------------------------------------------------------------


def graph_of_two() -> tuple[Graph, dict[str, np.ndarray]]:
    graph = Graph()
    graph.add_input("a", input_shape=(3,))
    graph.add_input("b", batch_input_shape=(None, 3))
    graph.add_shared_node(Dense(4), "shared", inputs=["a", "b"], outputs=["of_a", "of_b"])
    graph.add_node(Dense(2, activation="tanh"), "joined", inputs=["of_a", "of_b"], merge_mode="sum")
    graph.add_output("first", input="joined")
    graph.add_node(Dense(1), "second", input="of_a", create_output=True)
    return graph, {"a": draw(32, 3), "b": draw(32, 3), "first": draw(32, 2), "second": draw(32, 1)}


def test_graph_predicts():
    graph, data = graph_of_two()
    assert (graph.input_order, graph.output_order) == (["a", "b"], ["first", "second"])
    shared, joint, second = (graph.get_layer(name).get_weights() for name in ("shared", "joined", "second"))
    of_a, of_b = (data[name] @ shared[0] + shared[1] for name in "ab")
    outputs = graph.predict(data)
    np.testing.assert_allclose(outputs["first"], np.tanh((of_a + of_b) @ joint[0] + joint[1]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs["second"], of_a @ second[0] + second[1], rtol=1e-4, atol=1e-5)


def test_graph_learns():
    graph, data = graph_of_two()
    graph.compile("rmsprop", {"first": "mse", "second": "mae"}, loss_weights={"second": 0.5})
    outputs = graph.predict(data)
    errors = np.mean((outputs["first"] - data["first"]) ** 2), np.mean(abs(outputs["second"] - data["second"]))
    assert graph.evaluate(data) == pytest.approx(errors[0] + 0.5 * errors[1], rel=1e-4)
    before = graph.evaluate(data)
    history = graph.fit(data, batch_size=8, nb_epoch=5, verbose=0, validation_split=0.25)
    assert {"loss", "val_loss"} <= set(history.history)
    assert graph.evaluate(data) < before
    assert np.isfinite(graph.train_on_batch(data))


def test_graph_shows_accuracy():
    graph = Graph()
    graph.add_input("x", input_shape=(3,))
    graph.add_node(Dense(2, activation="softmax"), "y", input="x", create_output=True)
    graph.compile("sgd", {"y": "categorical_crossentropy"})
    data = {"x": draw(16, 3), "y": np.eye(2)[generator.integers(0, 2, 16)]}
    history = graph.fit(data, nb_epoch=2, verbose=0, show_accuracy=True, class_weight={"y": {0: 1.0, 1: 2.0}})
    assert "accuracy" in history.history
    loss, accuracy = graph.evaluate(data, show_accuracy=True)
    assert accuracy == np.mean(graph.predict(data)["y"].argmax(1) == data["y"].argmax(1))
    assert graph.test_on_batch(data) == pytest.approx(loss)


def test_graph_takes_a_generator():
    graph, data = graph_of_two()
    graph.compile("sgd", {"first": "mse", "second": "mse"})

    def batches():
        while True:
            yield {name: values[:8] for name, values in data.items()}

    assert len(graph.fit_generator(batches(), 32, 2, verbose=0).history["loss"]) == 2


def test_graph_names_what_is_wrong():
    graph, data = graph_of_two()
    with pytest.raises(ValueError, match="no node is named 'joint'"):
        graph.add_output("third", input="joint")
    with pytest.raises(ValueError, match="named 'joined' already"):
        graph.add_node(Dense(1), "joined", input="a")
    with pytest.raises(ValueError, match="data for 'b' are missing"):
        graph.predict({"a": data["a"]})


def test_merging_layers_of_ones_own():
    class Half(_Merge):
        def _merge_function(self, inputs):
            return 0.5 * inputs[0] + 0.5 * inputs[1]

    assert np.allclose(Half()(list(PAIR)), (PAIR[0] + PAIR[1]) / 2)
    with pytest.raises(ValueError, match="fit each other"):
        Half()([PAIR[0], PAIR[1][:, :2]])
