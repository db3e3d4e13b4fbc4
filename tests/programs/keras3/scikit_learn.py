"""Keras models inside scikit-learn: a pipeline, cross-validation and a grid search."""

import numpy as np
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import keras
from keras import layers
from keras.wrappers import SKLearnClassifier, SKLearnRegressor

keras.utils.set_random_seed(16)


def dynamic_model(X, y, loss, width=16, rate=0.01):
    n_features, n_outputs = X.shape[1], y.shape[1] if y.ndim > 1 else 1
    inp = layers.Input(shape=(n_features,))
    hidden = layers.Dense(width, activation="relu")(inp)
    out = layers.Dense(n_outputs, activation="softmax" if "crossentropy" in loss else None)(hidden)
    model = keras.Model(inp, out)
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(rate))
    return model


X, y = make_classification(n_samples=400, n_features=8, n_informative=5, n_classes=3, random_state=1)
names = np.array(["ant", "bee", "cat"])[y]
X_train, X_test, y_train, y_test = train_test_split(X.astype("float32"), names, random_state=0)
classifier = SKLearnClassifier(
    model=dynamic_model,
    model_kwargs={"loss": "categorical_crossentropy"},
    fit_kwargs={"epochs": 20, "verbose": 0},
)
classifier.fit(X_train, y_train)
print("classes", classifier.classes_.tolist(), "accuracy %.2f" % classifier.score(X_test, y_test))
print(classifier.predict(X_test[:3]).shape, classifier.predict(X_test).dtype.kind in "UO")
print("history", list(classifier.history_.history), type(classifier.model_).__name__)

scores = cross_val_score(make_pipeline(StandardScaler(), classifier), X, names, cv=2)
print("cross-validated", scores.shape, "%.2f" % scores.mean())

grid = GridSearchCV(
    classifier, {"model_kwargs": [{"loss": "categorical_crossentropy", "rate": rate} for rate in (1e-6, 0.02)]}, cv=2
)
grid.fit(X_train, y_train)
print("best rate", grid.best_params_["model_kwargs"]["rate"], "%.2f" % grid.best_score_)

A, b = make_regression(n_samples=300, n_features=4, noise=1.0, random_state=2)
b = b / b.std()
regressor = SKLearnRegressor(
    model=dynamic_model, model_kwargs={"loss": "mse", "rate": 0.03}, fit_kwargs={"epochs": 25, "verbose": 0}
)
regressor.fit(A, b)
print("r2 %.2f" % regressor.score(A, b), regressor.predict(A[:3]).shape)

# prints: classes ['ant', 'bee', 'cat'] accuracy <0.7..1>
# prints: (3...) True
# prints: history ['loss'] Functional
# prints: cross-validated (2,) <0.3..1>
# prints: best rate 0.02 <0.35..1>
# prints: r2 <0.9..1> (3...)
# slow
