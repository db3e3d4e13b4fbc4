"""The table of layers against Keras's, pictures of models, learning curves."""

from __future__ import annotations

import io
import re
import sys
import xml.etree.ElementTree as ElementTree
from functools import cache
from itertools import pairwise

import keras
import numpy as np
import pytest
from rich.console import Console

import cornu
from cornu.callbacks import History
from cornu.visualization import layout, model_to_dot, plot_history, plot_model, structure
from cornu.visualization.structure import nodes_of


def stack(k):
    """The slides' network, in either library."""
    layers = k.layers
    return k.Sequential(
        [
            k.Input((784,)),
            layers.Dense(500, activation="relu", name="first"),
            layers.Dense(500, activation="relu", name="second"),
            layers.Dense(10, activation="softmax", name="last"),
        ],
        name="mlp",
    )


def images(k):
    layers = k.layers
    x = inputs = k.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, name="convolution")(x)
    x = layers.BatchNormalization(name="normalization")(x)
    x = layers.Flatten(name="flat")(x)
    return k.Model(inputs, layers.Dense(2, name="head")(x), name="images")


def branches(k):
    """Two inputs, a shared inner model, a merge, two outputs."""
    layers = k.layers
    left, right = k.Input((16,), name="left"), k.Input((16,), name="right")
    inner = [k.Input((16,), name="inside"), layers.Dense(8, name="deep"), layers.Dense(4, name="deeper")]
    encoder = k.Sequential(inner, name="encoder")
    x = layers.Concatenate(name="both")([encoder(left), encoder(right)])
    x = layers.Dropout(0.5, name="dropout")(x)
    return k.Model([left, right], [layers.Dense(3, name="kind")(x), layers.Dense(1, name="size")(x)], name="branches")


def frozen(k):
    model = images(k)
    model.get_layer("convolution").trainable = False
    return model


def subclassed():
    class Own(cornu.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first = cornu.layers.Dense(4, name="first")
            self.last = cornu.layers.Dense(2, name="last")

        def call(self, inputs):
            return self.last(self.first(inputs))

    return Own()


MODELS = [stack, images, branches, frozen]


@cache
def made(make, k):
    """A model, which tests only look at."""
    return make(k)


def printed(model, **arguments):
    lines = []
    model.summary(print_fn=lines.append, **arguments)
    return lines


def cells(line):
    return [cell.strip() for cell in re.split(r"\s{2,}|│", line) if cell.strip()]


def table(lines):
    """The rows of a table, plain or with lines, and its totals."""
    lines = [line for text in lines for line in text.splitlines()]
    rows = [cells(line) for line in lines if re.search(r"\(\w+\)\s", line)]
    return rows[1:], [line.strip() for line in lines if "params:" in line]


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("arguments", [{}, {"show_trainable": True}, {"expand_nested": True}])
def test_rows_and_totals_are_those_of_keras(make, arguments, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (rows, totals), (expected, expected_totals) = (
        table(printed(made(make, k), line_length=190, **arguments)) for k in (cornu, keras)
    )
    expected = [row for row in expected if "inside" not in row[0]]  # an inner model's input isn't a layer of ours
    for row in (*rows, *expected):
        row[3:] = [cell for cell in row[3:] if not (cell.startswith(("inside", "deep")) or cell == "-")]
    assert rows == expected
    assert totals == expected_totals
    assert rows


def test_the_comparison_catches_a_wrong_count():
    (rows, totals), (_, expected) = table(printed(made(stack, cornu))), table(printed(made(images, keras)))
    assert rows
    assert totals != expected


def test_the_slides_table():
    assert printed(made(stack, cornu)) == [
        'Model: "mlp"',
        "_________________________________________________________________",
        " Layer (type)                  Output Shape              Param #",
        "=================================================================",
        " first (Dense)                 (None, 500)               392,500",
        " second (Dense)                (None, 500)               250,500",
        " last (Dense)                  (None, 10)                  5,010",
        "=================================================================",
        " Total params: 648,010 (2.47 MB)",
        " Trainable params: 648,010 (2.47 MB)",
        " Non-trainable params: 0 (0.00 B)",
    ]


def test_a_pipe_gets_plain_text(capsys):
    model = made(stack, cornu)
    assert model.summary() is None
    assert capsys.readouterr().out.splitlines() == printed(model)


def test_a_terminal_gets_a_table_in_colors(monkeypatch):
    file = io.StringIO()
    terminal = Console(file=file, force_terminal=True, width=90, highlight=False, color_system="standard", _environ={})
    monkeypatch.setattr("rich.console.Console", lambda **settings: terminal)
    made(branches, cornu).summary()
    text = file.getvalue()
    assert "┃" in text
    assert "\x1b[32m172\x1b[0m" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "│ both (Concatenate)" in plain
    assert max(map(len, plain.splitlines())) <= 90


def test_optimizer_variables_are_counted():
    totals = {}
    for k in (cornu, keras):
        model = stack(k)
        model.compile("adam", "mse")
        model.optimizer.build(model.trainable_variables)
        totals[k] = table(printed(model))[1]
    assert totals[cornu] == totals[keras]
    assert any("Optimizer params: 1,296,022" in line for line in totals[cornu])


def test_a_model_that_is_not_built_says_so():
    model = subclassed()
    assert "(unbuilt)" in printed(model)[4]
    assert "Not built yet" in printed(model)[-1]
    model(np.ones((2, 3), "float32"))
    assert [row for row in printed(model) if "(Dense)" in row] == [
        " first (Dense)                 (2, 4)                         16",
        " last (Dense)                  (2, 2)                         10",
    ]


def test_functions_of_the_graph_have_rows():
    x = cornu.Input((4,), name="x")
    y = cornu.layers.Dense(4, name="y")(x)
    rows, _ = table(printed(cornu.Model(x, cornu.ops.add(x, y))))
    assert rows[-1][0].startswith("add")
    assert rows[-1][3] == "x[0][0], y[0][0]"


@pytest.mark.parametrize(
    "layer_range, names",
    [(None, 3), (["first", "second"], 2), (["second", "first"], 2), (["sec.*", "last"], 2), (["last", "last"], 1)],
)
def test_a_range_of_layers(layer_range, names):
    assert len(table(printed(made(stack, cornu), layer_range=layer_range))[0]) == names


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"layer_range": ["nobody", "last"]}, "names no layers"),
        ({"layer_range": ["first"]}, "`layer_range` is wrong"),
        ({"layer_range": [0, 1]}, "`layer_range` is wrong"),
        ({"positions": [0.5, 1.0]}, "`positions` is wrong"),
    ],
)
def test_mistakes_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        printed(made(stack, cornu), **arguments)


@pytest.mark.parametrize("positions", [[0.4, 0.8, 1.0], [24, 48, 60]])
def test_positions_set_the_columns(positions):
    lines = printed(made(stack, cornu), line_length=60, positions=positions)
    assert all(len(line) <= 60 for line in lines)
    assert lines[2].index("Output") == 26


# Pictures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("arguments", [{}, {"show_shapes": True, "expand_nested": True, "rankdir": "LR"}])
def test_a_picture_of_a_model(make, arguments, tmp_path):
    path = plot_model(made(make, cornu), tmp_path / "model.png", dpi=50, **arguments)
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(head[i : i + 4], "big") for i in (16, 20))
    assert (width > height) == (arguments.get("rankdir") == "LR")


def test_a_picture_as_shapes(tmp_path):
    details = dict.fromkeys(("show_shapes", "show_dtype", "show_layer_names", "show_trainable"), True)
    path = plot_model(made(frozen, cornu), tmp_path / "model.svg", show_layer_activations=True, **details)
    root = ElementTree.parse(path).getroot()
    words = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert "convolution (Conv2D)" in words
    assert "output: (None, 6, 6, 4)" in words
    assert "activation: linear" in words
    assert words.count("trainable: no") == 1
    assert words.count("trainable: yes") == 2
    assert "dtype: float32" in words


def test_the_text_for_graphviz(tmp_path):
    model = made(branches, cornu)
    text = model_to_dot(model)
    names = dict(re.findall(r'(n\d+) \[label="(\w+) \(', text))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(n\d+) -> (n\d+);", text)}
    assert edges == {
        ("left", "encoder"),
        ("right", "encoder"),
        ("encoder", "both"),
        ("both", "dropout"),
        ("dropout", "kind"),
        ("dropout", "size"),
    }
    inner = model_to_dot(model, expand_nested=True)
    assert 'subgraph cluster_0 { label="encoder"; style=dashed; n2; n3; }' in inner
    assert "encoder (" not in inner
    assert plot_model(model, tmp_path / "model.dot", show_layer_names=True).read_text() == text


def test_a_layer_that_takes_its_own_output_has_a_box_for_each_call():
    x = cornu.Input((4,), name="x")
    again = cornu.layers.Dense(4, name="again")
    text = model_to_dot(cornu.Model(x, again(cornu.layers.ReLU(name="relu")(again(x)))))
    assert text.count('label="again (Dense)"') == 2
    assert text.count("->") == 3


def test_a_model_without_a_graph_is_one_box():
    model = subclassed()
    with pytest.raises(ValueError, match="isn't built"):
        model_to_dot(model)
    model(np.ones((2, 3), "float32"))
    assert model_to_dot(model).count("label") == 1


@pytest.mark.parametrize(
    "arguments, message",
    [({"to_file": "model.xyz"}, r"\.png, \.svg or \.dot"), ({"rankdir": "down"}, "rankdir")],
)
def test_pictures_that_cannot_be_are_explained(arguments, message, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match=message):
        plot_model(made(stack, cornu), **arguments)


def crossings(found, edges):
    """How many pairs of edges between neighboring layers cross."""
    segments = [pair for line in found.lines.values() for pair in pairwise(line)]
    return sum(
        a[0][1] == b[0][1] and a[1][1] == b[1][1] and (a[0][0] - b[0][0]) * (a[1][0] - b[1][0]) < 0
        for i, a in enumerate(segments)
        for b in segments[:i]
    )


def test_boxes_keep_apart_and_edges_go_down():
    rng = np.random.default_rng(0)
    for count in (1, 5, 12, 30):
        sizes = [(float(w), float(h)) for w, h in rng.integers(20, 120, (count, 2))]
        edges = [(int(rng.integers(end)), end) for end in range(1, count)] * 2
        edges += [(int(rng.integers(end)), end) for end in range(1, count)]
        found = layout.layered(sizes, edges, across=bool(count % 2 == 0))
        boxes = [
            (x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(found.centers, sizes, strict=True)
        ]
        for i, a in enumerate(boxes):
            assert min(a) >= -1e-6
            assert a[2] <= found.width + 1e-6
            assert a[3] <= found.height + 1e-6
            for b in boxes[:i]:
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        axis = 0 if count % 2 == 0 else 1
        assert all(found.centers[a][axis] < found.centers[b][axis] for a, b in edges)


def test_crossings_are_avoided():
    sizes = [(40.0, 20.0)] * 6
    edges = [(0, 5), (1, 4), (2, 3)]
    assert crossings(layout.layered(sizes, edges), edges) == 0
    straight = layout.Layout([], {(i, 3 + j): [(i, 0), (j, 1)] for i, j in ((0, 2), (1, 1), (2, 0))}, 0, 0)
    assert crossings(straight, edges) == 3


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        layout.depths(2, [(0, 1), (1, 0)])


def test_a_person_may_have_an_attribute_called_nodes():
    model = subclassed()
    model.nodes = 32
    assert nodes_of(model) is None
    assert [part.name for part in structure.parts_of(model)] == ["first", "last"]


# Curves --------------------------------------------------------------------------------------------------------------

CURVES = {"loss": [3.0, 2.0, 1.0], "val_loss": [3.5, 2.5, 2.0], "accuracy": [0.1, 0.5, 0.9]}


@pytest.mark.parametrize("metrics", [None, ["loss"]])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_learning_curves(metrics, ending, tmp_path):
    history = History()
    history.history = CURVES
    path = history.plot(tmp_path / f"curves.{ending}", metrics)
    assert path.stat().st_size > 1000
    assert path.read_bytes() != plot_history(CURVES, tmp_path / f"x.{ending}", ["accuracy"]).read_bytes()


def test_learning_curves_with_matplotlib(monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    figure = plot_history(CURVES)
    labels = [[line.get_label() for line in panel.lines] for panel in figure.axes]
    assert labels == [["training", "validation"], ["training"]]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), CURVES["val_loss"])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="cornu\\[plot\\]"):
        plot_history(CURVES)


@pytest.mark.parametrize("history, metrics", [({}, None), (CURVES, ["f1"])])
def test_no_curves_are_explained(history, metrics):
    with pytest.raises(ValueError, match="history"):
        plot_history(history, "curves.png", metrics)
