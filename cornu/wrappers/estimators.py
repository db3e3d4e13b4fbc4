"""What the estimators do; their scikit-learn base classes are added when the first one is asked for."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np

from cornu import registry
from cornu.errors import explain
from cornu.models import Model, clone_model


class Estimator:
    """What the three estimators have in common.

    `fit` trains a copy of the architecture of `model`, with new initial weights, so that cross-validation starts each
    fold afresh. Afterwards `model_` is the trained model and `history_` its History.

    Differences from Keras: `warm_start` does what both say; clones keep `fit_kwargs`, and `fit` doesn't change them;
    regressors take targets of several columns.
    """

    def __init__(
        self, model: Any, warm_start: bool = False, model_kwargs: dict | None = None, fit_kwargs: dict | None = None
    ) -> None:
        """Takes a model.

        Args:
            model: a compiled model, or a function that makes one: it is called as `model(X=X, y=y, **model_kwargs)`,
                where y is as the model will see it.
            warm_start: whether `fit` goes on with the model that it has, rather than with a new one each time.
            model_kwargs: further arguments of that function.
            fit_kwargs: arguments of `Model.fit`; those that are given to the estimator's own `fit` come first.
        """
        self.model, self.warm_start = model, warm_start
        self.model_kwargs, self.fit_kwargs = model_kwargs, fit_kwargs

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Trains the model on samples X, of shape (samples, features), and targets y; gives the estimator."""
        X, y = self._validated(X, y)
        y = self._encode(y)
        model = self._next_model(X, y)
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The model's predictions for samples, in the form of the targets."""
        return self._decode(self._outputs(X))

    @property
    def epoch_(self) -> int:
        """How many epochs are done."""
        history = getattr(self, "history_", None)
        return history.epoch[-1] + 1 if history is not None and history.epoch else 0

    def set_fit_request(self, **kwargs: Any) -> Any:
        """Says which metadata `fit` wants, under scikit-learn's metadata routing: True, False, None or an alias each.

        Raises RuntimeError where the routing isn't turned on.
        """
        from sklearn import get_config

        if not get_config().get("enable_metadata_routing"):
            fix = "Call sklearn.set_config(enable_metadata_routing=True)."
            raise RuntimeError(explain("set_fit_request: metadata routing is off.", fix=fix))
        request = self._get_metadata_request()  # type: ignore[attr-defined] # of scikit-learn's base class
        for name, alias in kwargs.items():
            request.fit.add_request(param=name, alias=alias)
        self._metadata_request = request
        return self

    def __sklearn_clone__(self) -> Any:
        """A new estimator with the same arguments, not fitted; a model that is to be gone on with is copied."""
        arguments = {name: getattr(self, name) for name in ("model", "warm_start", "model_kwargs", "fit_kwargs")}
        if self.warm_start and isinstance(self.model, Model):
            arguments["model"] = copy.deepcopy(self.model)
        return type(self)(**arguments)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc] # of scikit-learn's base class
        tags.non_deterministic = True
        return tags

    def _validated(self, X: Any, *y: Any, **kwargs: Any) -> Any:
        from sklearn.utils.validation import validate_data

        return validate_data(self, X, *y, **({"multi_output": True} if y else {}), **kwargs)

    def _next_model(self, X: Any, y: Any) -> Any:
        """The model that `fit` trains."""
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if not isinstance(self.model, Model):
            model = self.model(X=X, y=y, **(self.model_kwargs or {}))
        else:
            model = self.model if self.warm_start else _fresh(self.model)
        if not model.compiled or not model.loss or model.optimizer is None:
            fix = "Call compile(optimizer=..., loss=...) on it first."
            raise RuntimeError(explain(f"{type(self).__name__}: the model isn't compiled.", fix=fix))
        return model

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """The targets as the model sees them: of two axes or more."""
        from sklearn.utils.multiclass import type_of_target

        if type_of_target(y) == "unknown":
            raise ValueError(explain("Unknown label type.", expected="numbers or classes", got=repr(y)))
        self._target_axes = y.ndim
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _decode(self, outputs: np.ndarray) -> np.ndarray:
        return np.squeeze(outputs, axis=1) if self._target_axes == 1 and outputs.ndim == 2 else outputs

    def _outputs(self, X: Any) -> np.ndarray:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self.model_.predict(self._validated(X, reset=False), verbose=(self.fit_kwargs or {}).get("verbose", 0))


class Classifier(Estimator):
    """A model that tells classes, as an estimator of scikit-learn.

    The targets are labels of any type, one per sample; the model sees them as one-hot vectors, and has as many outputs
    as there are classes, two for two. `classes_` are the labels in the order of the outputs.

    >>> from cornu import Input, Sequential, layers
    >>> def make(X, y):
    ...     model = Sequential([Input(X.shape[1:]), layers.Dense(y.shape[1], activation="softmax")])
    ...     model.compile("sgd", "categorical_crossentropy")
    ...     return model
    """

    def decision_function(self, X: Any) -> np.ndarray:
        """The model's outputs."""
        return self._outputs(X)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        from sklearn.utils.multiclass import type_of_target

        y = np.asarray(y)
        found = type_of_target(y, raise_unknown=True)
        if found not in ("binary", "multiclass"):
            what = "Only binary and multiclass target types are supported."
            raise ValueError(explain(f"{what} Target type: {found}", expected="one class per sample", got=found))
        self._target_axes = y.ndim
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return np.eye(len(self.classes_))[numbers.reshape(len(y))]

    def _decode(self, outputs: np.ndarray) -> np.ndarray:
        labels = self.classes_[np.argmax(outputs, axis=-1)]
        return labels if self._target_axes == 1 else labels[:, None]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class Regressor(Estimator):
    """A model that tells numbers, as an estimator of scikit-learn.

    The targets are of shape (samples,) or (samples, outputs).
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = tags.target_tags.multi_output = True
        return tags


class Transformer(Estimator):
    """A model whose outputs are features for the next step, as an estimator of scikit-learn.

    To take a trained model as it is, put `sklearn.frozen.FrozenEstimator` around a fitted one.
    """

    def transform(self, X: Any) -> np.ndarray:
        """The model's outputs for samples."""
        return self._outputs(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _fresh(model: Any) -> Any:
    """A model of the same architecture, compiled in the same way, with new weights."""
    made = clone_model(model)
    with registry.collecting() as known:
        compiled = model.get_compile_config()
    if compiled is not None:
        with registry.custom_object_scope(known):
            made.compile_from_config(compiled)
    return made


@cache
def estimators() -> dict[str, type]:
    """The estimators of `cornu.wrappers`, with scikit-learn's base classes; ImportError where that isn't installed."""
    try:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    except ImportError as error:
        fix = "pip install scikit-learn"
        raise ImportError(explain("cornu.wrappers needs scikit-learn, version 1.6 or later.", fix=fix)) from error
    mixins = {Classifier: ClassifierMixin, Regressor: RegressorMixin, Transformer: TransformerMixin}
    names = {f"SKLearn{behavior.__name__}": (behavior, mixin, BaseEstimator) for behavior, mixin in mixins.items()}
    return {
        name: type(name, bases, {"__module__": "cornu.wrappers", "__doc__": bases[0].__doc__})
        for name, bases in names.items()
    }
