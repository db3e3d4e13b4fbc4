"""The scikit-learn estimators: in scikit-learn's own machinery, and against Keras's."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import cornu

pytest.importorskip("sklearn")
from sklearn import datasets, set_config
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cornu import wrappers

pytestmark = pytest.mark.slow  # it trains, or compiles, dozens of small programs


def network(library, X, y, loss="mse", units=8, activation=None):
    layers = library.layers
    model = library.Sequential(
        [
            layers.Input((X.shape[1],)),
            layers.Dense(units, activation="tanh"),
            layers.Dense(y.shape[1], activation=activation),
        ]
    )
    model.compile(optimizer=library.optimizers.Adam(0.05), loss=loss)
    return model


def classifier(X, y, units=8):
    return network(cornu, X, y, "categorical_crossentropy", units, "softmax")


def regressor(X, y, units=8):
    return network(cornu, X, y, units=units)


@pytest.fixture(autouse=True)
def seed():
    cornu.utils.set_random_seed(1)


FIT = {"epochs": 15, "verbose": 0, "batch_size": 30}


@pytest.fixture(scope="module")
def iris():
    X, y = datasets.load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def test_a_classifier_learns_labels_of_any_kind(iris):
    X, y = iris
    estimator = wrappers.SKLearnClassifier(classifier, fit_kwargs=FIT).fit(X, y)
    assert list(estimator.classes_) == ["setosa", "versicolor", "virginica"]
    assert estimator.predict(X).dtype == y.dtype
    assert estimator.score(X, y) > 0.9
    assert estimator.decision_function(X).shape == (150, 3)
    assert estimator.n_features_in_ == 4
    assert estimator.epoch_ == 15
    assert FIT == {"epochs": 15, "verbose": 0, "batch_size": 30}
    assert is_classifier(estimator)
    assert not is_regressor(estimator)


def test_the_outputs_are_those_of_keras(iris):
    import keras
    from keras.wrappers import SKLearnClassifier

    X, y = iris

    def start(model):
        random = np.random.default_rng(0)
        model.set_weights([random.normal(size=w.shape).astype("float32") for w in model.get_weights()])
        return model

    def make(library):
        return lambda X, y: start(network(library, X, y, "categorical_crossentropy", activation="softmax"))

    options = {"epochs": 3, "verbose": 0, "shuffle": False}
    ours = wrappers.SKLearnClassifier(make(cornu)).fit(X, y, **options)
    theirs = SKLearnClassifier(make(keras)).fit(X, y, **options)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("columns", [None, 1, 2])
def test_a_regressor_gives_the_form_of_its_targets(columns):
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    y = X @ random.normal(size=(3, columns or 1))
    y = y[:, 0] if columns is None else y
    estimator = wrappers.SKLearnRegressor(regressor, model_kwargs={"units": 16}).fit(X, y, epochs=40, verbose=0)
    assert estimator.predict(X).shape == (y.shape if columns != 1 else (60, 1))
    assert estimator.score(X, y) > 0.8
    assert is_regressor(estimator)


def test_a_transformer_stands_in_a_pipeline(iris):
    X, y = iris
    numbers = np.unique(y, return_inverse=True)[1]
    features = wrappers.SKLearnTransformer(
        lambda X, y: network(cornu, X, np.zeros((1, 3)), "sparse_categorical_crossentropy", activation="softmax")
    )
    features.fit(X, numbers, epochs=15, verbose=0)
    assert features.transform(X).shape == (150, 3)
    pipeline = make_pipeline(FrozenEstimator(features), LogisticRegression()).fit(X, y)
    assert pipeline.score(X, y) > 0.9


def test_search_over_arguments(iris):
    X, y = iris
    scaled = make_pipeline(StandardScaler(), wrappers.SKLearnClassifier(classifier, fit_kwargs=FIT))
    grid = {"sklearnclassifier__model_kwargs": [{"units": 1}, {"units": 8}]}
    search = GridSearchCV(scaled, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.85
    assert search.cv_results_["mean_test_score"].shape == (2,)


def test_each_fold_starts_afresh(iris):
    X, y = iris
    model = classifier(X, np.zeros((1, 3)))
    before = model.get_weights()
    scores = cross_val_score(wrappers.SKLearnClassifier(model, fit_kwargs=FIT), X, y, cv=2, error_score="raise")
    assert scores.min() > 0.8
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_warm_start_goes_on(iris):
    X, y = iris
    estimator = wrappers.SKLearnClassifier(classifier, warm_start=True).fit(X, y, epochs=1, verbose=0)
    model = estimator.model_
    assert estimator.fit(X, y, epochs=1, verbose=0).model_ is model
    model = classifier(X, np.zeros((1, 3)))
    assert wrappers.SKLearnClassifier(model, warm_start=True).fit(X, y, epochs=1, verbose=0).model_ is model
    assert clone(wrappers.SKLearnClassifier(model, warm_start=True)).model is not model


def test_clones_and_pickles(iris):
    X, y = iris
    estimator = wrappers.SKLearnClassifier(classifier, fit_kwargs=FIT).fit(X, y)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert not hasattr(copy, "model_")
    again = pickle.loads(pickle.dumps(estimator.set_params(model=None)))
    np.testing.assert_allclose(again.decision_function(X), estimator.decision_function(X), rtol=1e-6)


def test_custom_losses_are_carried_over(iris):
    X, y = iris

    def squared(y_true, y_pred):
        return cornu.ops.mean(cornu.ops.square(y_true - y_pred), axis=-1)

    model = network(cornu, X, np.zeros((1, 3)), squared, activation="softmax")
    estimator = wrappers.SKLearnClassifier(model).fit(X, y, epochs=1, verbose=0)
    assert estimator.model_.loss is squared


def test_metadata_is_routed():
    with pytest.raises(RuntimeError, match="routing is off"):
        wrappers.SKLearnRegressor(regressor).set_fit_request(sample_weight=True)
    set_config(enable_metadata_routing=True)
    try:
        estimator = wrappers.SKLearnRegressor(regressor).set_fit_request(sample_weight=True)
        assert estimator.get_metadata_routing().fit.requests == {"sample_weight": True}
    finally:
        set_config(enable_metadata_routing=False)


@pytest.mark.parametrize(
    ("y", "error"),
    [
        (np.eye(3)[[0, 1, 2, 0]], "Only binary and multiclass"),
        ([0.1, 0.2, 0.3, 0.4], "Only binary and multiclass"),
        ([1, 1, 1, 1], "only one class"),
    ],
)
def test_targets_that_are_no_classes_are_refused(y, error):
    with pytest.raises(ValueError, match=error):
        wrappers.SKLearnClassifier(classifier).fit(np.zeros((4, 2)), y)


def test_a_model_that_is_not_compiled_is_refused():
    model = cornu.Sequential([cornu.Input((2,)), cornu.layers.Dense(1)])
    with pytest.raises(RuntimeError, match="isn't compiled"):
        wrappers.SKLearnRegressor(model).fit(np.zeros((4, 2)), np.zeros(4))


def test_the_classes_are_made_when_they_are_used():
    program = """
import sys
import cornu.wrappers, cornu.compat.scikit_learn
print("sklearn" in sys.modules, "SKLearnClassifier" in dir(cornu.wrappers))
sys.modules["sklearn"] = None
try:
    cornu.wrappers.SKLearnClassifier
except ImportError as error:
    print("pip install" in str(error))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True", "True"]
    with pytest.raises(AttributeError, match="Did you mean 'SKLearnRegressor'"):
        wrappers.SKLearnRegresor  # noqa: B018
