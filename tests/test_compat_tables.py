"""The eras' tables: every row leads to something that exists, and calls in every era's spelling do the same."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import cornu
from cornu import compat
from cornu.compat import dialect, model_methods, modules, notices, spelling
from cornu.compat.tables import CALLS
from cornu.compat.tables.modules import FAMILIES, NAMES, OLD_PATHS
from cornu.signature import named_parameters

ROWS = [(era, key) for era, table in CALLS.items() for key in table]
SHAPES = {"input_shape", "input_dim", "input_length", "batch_shape", "input_dtype", "weights", "name", "dtype"}
"""What the base class of layers takes, or the launcher itself."""


@pytest.fixture(params=["keras1", "keras2", "tf.keras", "keras3"])
def era(request):
    compat.install(request.param, source="")
    yield request.param
    compat.uninstall()
    notices.clear()


@pytest.fixture
def keras1():
    compat.install("keras1", source="")
    yield modules.served("")
    compat.uninstall()
    notices.clear()


def target_of(key: str):
    family, _, name = key.rpartition(".")
    if family in ("Model", "Sequential"):
        return model_methods.PLAIN.get(name) or model_methods.ADDED.get(name) or getattr(cornu.Model, name)
    found = modules.lookup(family, name)
    assert found is not None, f"{key} is nowhere"
    return getattr(found[0], "modern", inspect.unwrap(found[0]))


@pytest.mark.parametrize(("row_era", "key"), ROWS, ids=lambda v: v)
def test_a_row_leads_to_arguments_that_exist(row_era, key):
    compat.install(row_era, source="")
    try:
        target = target_of(key)
        if isinstance(target, type):
            known = {name for cls in target.__mro__[:-1] for name in named_parameters(cls)} | (
                SHAPES if issubclass(target, cornu.Layer) else set()
            )
            known |= set(named_parameters(cornu.Layer)) if issubclass(target, cornu.Layer) else set()
            known |= {"inputs", "outputs"} if issubclass(target, cornu.Model) else set()
            known |= {"decay"} if issubclass(target, cornu.optimizers.Optimizer) else set()
        else:
            known = set(inspect.signature(target).parameters)
        row = CALLS[row_era][key]
        extra = {"show_accuracy", "accuracy"}
        assert {word.new for word in row.order} - known - extra - {""} == set()
        assert set(row.defaults) <= known
    finally:
        compat.uninstall()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_names(family, era):
    if FAMILIES[family] and family != "datasets":  # which holds modules only
        assert modules.names(family)


@pytest.mark.parametrize("path", OLD_PATHS)
def test_an_old_path_leads_to_a_family(path, era):
    assert OLD_PATHS[path] in FAMILIES
    __import__(f"keras.{path}")


@pytest.mark.parametrize(("family", "name"), [(f, n) for f, table in NAMES.items() for n in table])
def test_an_old_name_leads_to_something(family, name, era):
    assert modules.lookup(family, name) is not None


def config(layer):
    return {k: v for k, v in layer.get_config().items() if k not in ("name", "trainable", "dtype")}


OLD_CALLS = [
    ("Dense(5, 'uniform', 'relu')", "Dense(5, kernel_initializer='uniform', activation='relu')"),
    ("Dense(output_dim=5, bias=False, W_regularizer=l2(0.1))", "Dense(5, use_bias=False, kernel_regularizer=l2(0.1))"),
    ("Convolution2D(8, 3, 5)", "Conv2D(8, (3, 5))"),
    (
        "Convolution2D(8, 3, 3, border_mode='same', subsample=(2, 2))",
        "Conv2D(8, (3, 3), padding='same', strides=(2, 2))",
    ),
    (
        "Convolution2D(nb_filter=8, nb_row=3, nb_col=2, dim_ordering='th')",
        "Conv2D(8, (3, 2), data_format='channels_first')",
    ),
    ("Convolution1D(nb_filter=8, filter_length=3, subsample_length=2)", "Conv1D(8, 3, strides=2)"),
    ("MaxPooling1D(pool_length=3, stride=1)", "MaxPooling1D(pool_size=3, strides=1)"),
    ("Dropout(p=0.3)", "Dropout(rate=0.3)"),
    ("GaussianNoise(sigma=0.3)", "GaussianNoise(stddev=0.3)"),
    ("LeakyReLU(alpha=0.1)", "LeakyReLU(negative_slope=0.1)"),
    ("LSTM(4, dropout_W=0.1, dropout_U=0.2, consume_less='gpu')", "LSTM(4, dropout=0.1, recurrent_dropout=0.2)"),
    (
        "SimpleRNN(output_dim=4, init='zero', inner_init='one')",
        "SimpleRNN(4, kernel_initializer='zero', recurrent_initializer='one')",
    ),
    # the first orders, of 2015, told by a size where a name of an initializer stood later
    ("Dense(3, 5)", "Dense(5, input_dim=3)"),
    ("Dense(3, 5, 'normal', activation='relu')", "Dense(5, input_dim=3, init='normal', activation='relu')"),
    ("Convolution2D(8, 1, 3, 5, border_mode='same')", "Convolution2D(8, 3, 5, border_mode='same')"),
    ("Convolution1D(4, 8, 3)", "Convolution1D(8, 3, input_dim=4)"),
    ("LSTM(3, 4)", "LSTM(4, input_dim=3)"),
    ("GRU(3, 4, 'uniform')", "GRU(4, 'uniform', input_dim=3)"),
    ("PReLU((4,))", "PReLU(input_shape=(4,))"),
]


@pytest.mark.parametrize(("old", "new"), OLD_CALLS)
def test_a_keras_1_call_is_today_s(old, new, keras1):
    names = {"l2": keras1.regularizers.l2}
    era_names = {n: getattr(keras1.layers, n) for n in modules.names("layers")}
    made = eval(old, {**names, **era_names})
    wanted = config(eval(new, {**names, **era_names}))
    assert config(made) == wanted
    assert type(made).__module__.startswith("cornu.layers")


@pytest.mark.parametrize(
    ("wanted_era", "call", "kernel", "strides"),
    [("keras1", "Convolution2D(8, 3, 3)", (3, 3), (1, 1)), ("keras2", "Conv2D(8, 3, 3)", (3, 3), (1, 1)),
     ("keras2", "Conv2D(8, kernel_size=3, strides=2)", (3, 3), (2, 2)),
     ("keras2", "Conv2D(8, (3, 3), 2)", (3, 3), (2, 2)),
     ("keras2", "Conv2D(8, 3)", (3, 3), (1, 1)),
     ("tf.keras", "Conv2D(8, 3, 3)", (3, 3), (3, 3)), ("keras3", "Conv2D(8, 3, 3)", (3, 3), (3, 3))],
)  # fmt: skip
def test_one_spelling_means_what_it_meant(wanted_era, call, kernel, strides):
    compat.install(wanted_era, source="")
    try:
        layers = modules.served("layers")
        made = eval(call, {"Conv2D": layers.Conv2D, "Convolution2D": layers.Convolution2D})
        assert (tuple(made.kernel_size), tuple(made.strides)) == (kernel, strides)
    finally:
        compat.uninstall()


def test_a_model_takes_its_ends_by_position_in_every_era(era):
    models, layers = modules.served("models"), modules.served("layers")

    class Own(models.Model):
        pass

    x = layers.Input((3,))
    y = layers.Dense(2)(x)
    assert [cls(x, y).output_shape for cls in (models.Model, Own)] == [(None, 2)] * 2


def test_a_layer_has_no_attributes_of_its_class_s_class(era):
    layers = modules.served("layers")
    assert not hasattr(layers.Dense(2), "__name__")
    assert layers.Bidirectional(layers.LSTM(2))(np.ones((1, 2, 3), "float32")).shape == (1, 4)


def test_the_summary_counts_the_optimizer_since_keras_3(era, capsys):
    models, layers = modules.served("models"), modules.served("layers")
    model = models.Sequential([layers.Dense(2, input_shape=(3,))])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.summary()
    assert ("Total params: 8 " in capsys.readouterr().out) == (era != "keras3")


def test_a_metric_resets_under_its_own_name_for_it(era):
    metrics = modules.served("metrics")

    class Count(metrics.Metric):
        def __init__(self):
            super().__init__(name="count")
            self.total, self.resets = self.add_weight(name="total", initializer="zeros"), 0

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(1.0)

        def result(self):
            return self.total

        def reset_states(self):
            super().reset_states()
            self.resets += 1

    count = Count()
    for reset in (count.reset_state, count.reset_states):
        count.update_state(None, None)
        assert float(count.result()) == 1
        reset()
    assert (count.resets, float(count.result())) == (2, 0)
    mean = metrics.Mean()
    mean.update_state(3.0)
    mean.reset_states()
    assert float(mean.result()) == 0


def test_the_result_of_a_layer_s_metric_is_reported_once():
    compat.install("tf.keras", source="")
    try:
        keras = modules.served("")

        class Ending(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.right = keras.metrics.BinaryAccuracy(name="right")

            def call(self, inputs, targets):
                self.add_loss(cornu.ops.mean(cornu.ops.square(inputs - targets)))
                self.add_metric(self.right(targets, inputs))
                return inputs

        x, y = keras.Input((2,)), keras.Input((1,))
        model = keras.Model([x, y], Ending()(keras.layers.Dense(1)(x), y))
        model.compile("sgd")
        history = model.fit([np.ones((4, 2)), np.ones((4, 1))], verbose=0).history
        assert list(history) == ["loss", "right"]
    finally:
        compat.uninstall()
        notices.clear()


def test_a_subclass_translates_what_it_hands_up(keras1):
    class Half(keras1.layers.Dense):
        def __init__(self, size, **kwargs):
            super().__init__(output_dim=size // 2, init="one", **kwargs)

    layer = Half(8, input_dim=3)
    assert layer.units == 4
    assert isinstance(layer, keras1.layers.Dense)
    assert isinstance(layer, cornu.layers.Dense)
    assert np.asarray(layer(np.ones((1, 3), "float32"))).tolist() == [[3.0] * 4]


def test_a_class_is_known_by_isinstance_and_type(keras1):
    layer = cornu.layers.Dense(3)
    assert isinstance(layer, keras1.layers.Dense)
    assert not isinstance(layer, keras1.layers.Dropout)
    assert type(layer) == keras1.layers.Dense  # noqa: E721 - programs write it so


def test_a_config_makes_the_modern_class_s_objects(era):
    import keras

    inputs = keras.layers.Input((3,))
    model = keras.models.Model(inputs, keras.layers.Dense(2, name="last")(inputs))
    again = keras.models.Model.from_config(model.get_config())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]

    class Wide(keras.layers.Dense):
        pass

    assert type(Wide.from_config(Wide(5).get_config())) is Wide
    assert type(keras.layers.Dense.from_config(keras.layers.Dense(4).get_config())) is cornu.layers.Dense


def test_initial_weights_are_set_when_the_layer_is_built(keras1):
    weights = [np.full((2, 3), 2.0), np.ones(3)]
    model = keras1.models.Sequential([keras1.layers.Dense(3, input_dim=2, weights=weights)])
    assert [w.tolist() for w in model.get_weights()] == [w.tolist() for w in weights]


def test_an_argument_given_twice_is_refused(keras1):
    with pytest.raises(TypeError, match="given twice"):
        keras1.layers.Dense(output_dim=3, units=4)
    with pytest.raises(TypeError, match="by position"):
        keras1.layers.Dropout(0.1, None, None, 3)


def test_old_spellings_are_noted_once(keras1):
    for _ in range(2):
        keras1.layers.Dense(output_dim=3)
    assert [(n.old, n.new) for n in notices.collected()] == [("Dense(output_dim=...)", "units=...")]


def test_uninstalling_puts_everything_back():
    before = {name: inspect.getattr_static(cornu.Model, name, None) for name in (*model_methods.ADDED, "summary")}
    compat.install("keras1", source="")
    assert hasattr(cornu.Model, "fit_generator")
    compat.uninstall()
    after = {name: inspect.getattr_static(cornu.Model, name, None) for name in before}
    assert before == after
    assert dialect.current() == dialect.Dialect()
    assert not hasattr(cornu.layers.Layer, "get_output_shape_for")


def test_the_core_takes_the_modern_spelling_only():
    with pytest.raises((TypeError, ValueError), match="units"):
        cornu.layers.Dense(output_dim=3)


def test_a_wrong_row_is_seen(monkeypatch):
    from cornu.compat.tables.rows import Call

    monkeypatch.setitem(CALLS["keras1"], "layers.Dense", Call("output_dim:unitz"))
    with pytest.raises(AssertionError):
        test_a_row_leads_to_arguments_that_exist("keras1", "layers.Dense")
    spelling.renamed.cache_clear()


def test_importing_a_module_hides_no_function_of_its_name(keras1):
    import keras.layers.merge
    from keras.layers import merge

    assert callable(merge)
    assert keras.layers.merge is merge
