"""The scikit-learn wrappers of Keras 1 and 2, in scikit-learn's machinery of today."""

from __future__ import annotations

import numpy as np
import pytest

import cornu
from cornu.compat import dialect, notices
from cornu.compat.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor

pytest.importorskip("sklearn")
from sklearn import datasets
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = pytest.mark.slow  # it trains, or compiles, dozens of small programs


@pytest.fixture(autouse=True)
def seed():
    cornu.utils.set_random_seed(1)


def compiled(outputs, activation, loss, units=8, optimizer="adam", metrics=("accuracy",)):
    layers = [cornu.layers.Dense(units, activation="tanh"), cornu.layers.Dense(outputs, activation=activation)]
    model = cornu.Sequential(layers)
    model.compile(optimizer=cornu.optimizers.get(optimizer), loss=loss, metrics=list(metrics))
    model.optimizer.learning_rate = 0.05
    return model


def softmax(units=8, optimizer="adam"):
    return compiled(3, "softmax", "categorical_crossentropy", units, optimizer)


def sigmoid(units=8):
    return compiled(1, "sigmoid", "binary_crossentropy", units)


def linear(units=8):
    return compiled(1, None, "mean_squared_error", units, metrics=())


class Maker:
    def __call__(self, units=8):
        return softmax(units)


class Subclass(KerasClassifier):
    def __call__(self, units=8):
        return softmax(units)


@pytest.fixture(scope="module")
def iris():
    X, y = datasets.load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order]


FIT = {"epochs": 15, "batch_size": 30, "verbose": 0}


@pytest.mark.parametrize(
    "make",
    [lambda **p: KerasClassifier(softmax, **p), lambda **p: KerasClassifier(Maker(), **p), lambda **p: Subclass(**p)],
    ids=["function", "object", "subclass"],
)
def test_what_makes_a_model(make, iris):
    X, y = iris
    labels = np.array(["a", "b", "c"])[y]
    wrapper = make(units=4, **FIT)
    history = wrapper.fit(X, labels)
    assert len(history.history["loss"]) == 15
    assert wrapper.model.layers[0].units == 4
    assert list(wrapper.classes_) == ["a", "b", "c"]
    assert wrapper.n_classes_ == 3
    predicted = wrapper.predict(X)
    assert wrapper.score(X, labels) == pytest.approx(np.mean(predicted == labels))
    assert wrapper.score(X, labels) > 0.6
    assert wrapper.predict_proba(X).shape == (150, 3)


def test_one_hot_targets_and_a_single_output(iris):
    X, y = iris
    one_hot = KerasClassifier(softmax, **FIT)
    one_hot.fit(X, np.eye(3)[y])
    assert set(one_hot.predict(X)) <= {0, 1, 2}
    assert one_hot.score(X, np.eye(3)[y]) > 0.8
    binary = KerasClassifier(build_fn=sigmoid, **FIT)
    binary.fit(X, y == 0, sample_weight=np.ones(150))
    assert binary.predict(X).shape == (150, 1)
    np.testing.assert_allclose(binary.predict_proba(X).sum(1), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="shape of the targets"):
        binary.fit(X, np.zeros((150, 1, 1)))


def test_cross_validation_and_pipelines(iris):
    X, y = iris
    wrapper = KerasClassifier(build_fn=softmax, nb_epoch=15, batch_size=30, verbose=0)
    pipeline = Pipeline([("scale", StandardScaler()), ("net", wrapper)])
    assert cross_val_score(pipeline, X, y, cv=KFold(2), error_score="raise").min() > 0.8
    assert pipeline.fit(X, y).score(X, y) > 0.9
    assert pipeline.predict(X).shape == (150,)
    binary = KerasClassifier(sigmoid, **FIT)
    assert cross_val_score(binary, X, y == 0, cv=2, scoring="roc_auc", error_score="raise").min() > 0.9
    assert cross_val_score(binary, X, y == 0, cv=2, scoring="accuracy", error_score="raise").min() > 0.9


def test_searches(iris):
    X, y = iris
    grid = {"units": [8], "nb_epoch": [1, 12], "optimizer": ["adam"]}
    search = GridSearchCV(KerasClassifier(softmax, verbose=0), param_grid=grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["nb_epoch"] == 12
    assert len(search.cv_results_["params"]) == 2
    assert isinstance(search.best_estimator_.model, cornu.Model)
    options = {"units": [4, 6], "epochs": [2], "batch_size": [30, 50]}
    random = RandomizedSearchCV(KerasClassifier(softmax, verbose=0), options, n_iter=1, cv=2, error_score="raise")
    assert random.fit(X, y).best_params_["epochs"] == 2


def test_a_regressor():
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 3))
    y = X @ [1.0, -2.0, 0.5]
    wrapper = KerasRegressor(build_fn=linear, epochs=40, batch_size=20, verbose=0)
    scores = cross_val_score(wrapper, X, y, cv=2, error_score="raise")
    assert (scores < 0).all()
    wrapper.fit(X, y)
    assert wrapper.predict(X).shape == (80,)
    assert wrapper.score(X, y) == pytest.approx(-np.mean((wrapper.predict(X) - y) ** 2), rel=1e-4)
    assert cross_val_predict(wrapper, X, y, cv=2).shape == (80,)
    notices.clear()
    before = dialect.current()
    try:
        dialect.use(dialect.Dialect("keras1"))
        assert wrapper.score(X, y) < 0
        assert [notice.old for notice in notices.collected()] == ["KerasRegressor.score gives the loss"]
    finally:
        dialect.use(before)
        notices.clear()


def test_scikit_learn_knows_what_they_are():
    assert is_classifier(KerasClassifier(softmax))
    assert is_regressor(KerasRegressor(linear))
    assert is_classifier(Pipeline([("net", KerasClassifier(softmax))]))


def test_parameters():
    wrapper = KerasClassifier(softmax, units=2, nb_epoch=3, batch_size=5, verbose=0)
    assert wrapper.get_params() == {"units": 2, "nb_epoch": 3, "batch_size": 5, "verbose": 0, "build_fn": softmax}
    assert wrapper.filter_sk_params(softmax) == {"units": 2}
    assert wrapper.filter_sk_params(softmax, {"optimizer": "sgd"}) == {"units": 2, "optimizer": "sgd"}
    assert wrapper.set_params(units=7, build_fn=sigmoid).get_params()["units"] == 7
    assert wrapper.build_fn is sigmoid
    assert clone(KerasClassifier(softmax, callbacks=[], units=1)).get_params()["units"] == 1
    for make in (lambda: KerasClassifier(softmax, unit=1), lambda: KerasClassifier(softmax).set_params(unit=1)):
        with pytest.raises(ValueError, match="unit is not a legal parameter. Did you mean 'units'"):
            make()
    with pytest.raises(ValueError, match="`build_fn` is missing"):
        BaseWrapper()


def test_old_arguments_of_fit_are_understood(iris):
    X, y = iris
    wrapper = KerasClassifier(softmax, workers=2, verbose=0)
    assert len(wrapper.fit(X, y, nb_epoch=2).epoch) == 2
    assert wrapper.predict(X, batch_size=50, verbose=0).shape == (150,)
    bare = KerasClassifier(lambda: compiled(3, "softmax", "categorical_crossentropy", metrics=()), verbose=0)
    bare.fit(X, y)
    with pytest.raises(ValueError, match="doesn't compute the accuracy"):
        bare.score(X, y)
