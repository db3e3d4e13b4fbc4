"""The scikit-learn wrappers of Keras 1 and 2: `keras.wrappers.scikit_learn`.

They take a function that makes a compiled model, and in one bag of keywords that function's arguments and those of
`fit`, `predict` and `evaluate`. `cornu.wrappers` has their successors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from cornu.compat import dialect, notices
from cornu.errors import explain, nearest
from cornu.training import loop
from cornu.utils import to_categorical

_OLD = frozenset(("nb_epoch", "max_queue_size", "workers", "use_multiprocessing"))
"""Arguments that `fit` had: the number of epochs, and those of threads that this `fit` doesn't need."""

_METHODS: dict[str, Callable] = {"fit": loop.fit, "predict": loop.predict, "evaluate": loop.evaluate}


class BaseWrapper:
    """What both wrappers have in common.

    `fit` makes a new model each time; it is `self.model`. Raises ValueError for an argument that nobody takes.

    Differences from Keras: scikit-learn takes the wrappers for what they are, so that folds of a classifier are
    stratified; a `fit`'s arguments aren't copied.

    >>> KerasClassifier(lambda units: None, units=2, nb_epoch=5).filter_sk_params(lambda units: None)
    {'units': 2}
    """

    _estimator_type = ""

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        """Takes what makes a model, and arguments.

        Args:
            build_fn: a function that makes a compiled model, or an object whose `__call__` does; None where a subclass
                has a `__call__` that does.
            sk_params: arguments of `build_fn`, of `fit` (`epochs`, also as `nb_epoch`, `batch_size`, ...), `predict`
                and `evaluate`, each handed to those that take it. A keyword in the call of a method comes first.
        """
        self.build_fn, self.sk_params = build_fn, sk_params
        self.check_params(sk_params)

    def check_params(self, params: dict[str, Any]) -> None:
        """Raises ValueError unless `build_fn` or a method of models takes each of the arguments."""
        legal = {*_OLD, "build_fn", *arguments(self._maker())}
        legal |= {name for method in _METHODS.values() for name in arguments(method)}
        for name in params:
            if name not in legal:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}: {name} is not a legal parameter.{nearest(name, legal)}",
                        expected="an argument of build_fn, fit, predict or evaluate",
                        got=name,
                    )
                )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Sets arguments of the constructor, which are checked first; gives the wrapper."""
        self.check_params(params)
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn: Callable, override: dict[str, Any] | None = None) -> dict[str, Any]:
        """Those of the arguments that a function takes, and all of `override`."""
        taken = arguments(fn)
        return {**{k: v for k, v in self.sk_params.items() if k in taken}, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Makes a model and trains it; gives the History. `kwargs` go to `Model.fit`."""
        make = self._maker()
        self.model = make(**self.filter_sk_params(make))
        given = self._method_arguments("fit", kwargs)
        return self.model.fit(x, self._as_targets(np.asarray(y)), **given)

    def _maker(self) -> Callable:
        """What makes the model."""
        if self.build_fn is not None:
            return self.build_fn
        if not callable(self):
            fix = "Pass a function that makes a compiled model, or write `__call__` in a subclass."
            raise ValueError(explain(f"{type(self).__name__}: argument `build_fn` is missing.", fix=fix))
        return self

    def _method_arguments(self, method: str, override: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a model's method, with their names of today."""
        given = {**{k: v for k, v in self.sk_params.items() if k in _OLD}, **override}
        given = self.filter_sk_params(_METHODS[method], given)
        if "nb_epoch" in given and method == "fit":
            notices.note("fit(nb_epoch=...)", "fit(epochs=...)")
            given["epochs"] = given["nb_epoch"]
        return {name: value for name, value in given.items() if name not in _OLD}

    def _as_targets(self, y: np.ndarray) -> np.ndarray:
        """Class numbers as one-hot vectors, where the model's loss wants these."""
        loss = getattr(self.model.loss, "name", None) or getattr(self.model.loss, "__name__", self.model.loss)
        one_hot = loss == "categorical_crossentropy" and y.ndim != 2
        return to_categorical(y) if one_hot else y

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifies = self._estimator_type == "classifier"
        return Tags(
            estimator_type=self._estimator_type or None,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
            non_deterministic=True,
        )


class KerasClassifier(BaseWrapper):
    """A network that tells classes, for scikit-learn.

    The targets are labels, of shape (samples,) or (samples, 1), or one-hot vectors; `classes_` are the labels. The
    model has an output per class, or for two classes a single one.
    """

    _estimator_type = "classifier"

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Makes a model and trains it; gives the History. ValueError for targets of another shape."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
        else:
            what = "KerasClassifier: the shape of the targets is wrong."
            raise ValueError(explain(what, expected="(samples,) or (samples, classes)", got=y.shape))
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, self._numbered(y), **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The labels: of the greatest output, or by a single output, of shape (samples, 1), above 0.5."""
        outputs = self._outputs(x, kwargs)
        numbers = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")
        return self.classes_[numbers]

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The probabilities of the classes; a single output p gives [1 - p, p]."""
        outputs = self._outputs(x, kwargs)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy; ValueError where the model isn't compiled with it."""
        targets = self._as_targets(self._numbered(np.asarray(y)))
        found = self.model.evaluate(x, targets, return_dict=True, **self._method_arguments("evaluate", kwargs))
        for name in ("accuracy", "acc"):
            if name in found:
                return found[name]
        fix = 'Compile the model with metrics=["accuracy"].'
        raise ValueError(explain("KerasClassifier: the model doesn't compute the accuracy.", got=list(found), fix=fix))

    def _numbered(self, y: np.ndarray) -> np.ndarray:
        """Labels as numbers from 0; one-hot vectors as they are."""
        return y if y.ndim == 2 and y.shape[1] > 1 else np.searchsorted(self.classes_, y)

    def _outputs(self, x: Any, kwargs: dict[str, Any]) -> np.ndarray:
        return self.model.predict(x, **self._method_arguments("predict", kwargs))


class KerasRegressor(BaseWrapper):
    """A network that tells numbers, for scikit-learn."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The predictions, without a last axis of size 1."""
        outputs = self.model.predict(x, **self._method_arguments("predict", kwargs))
        return np.squeeze(outputs, axis=-1) if outputs.shape[-1] == 1 else outputs

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The negative loss: greater is better, as scikit-learn has it. Keras 1 gave the loss itself."""
        if dialect.current().before("keras2"):
            notices.note("KerasRegressor.score gives the loss", "it gives the negative loss: greater is better")
        found = self.model.evaluate(x, np.asarray(y), return_dict=True, **self._method_arguments("evaluate", kwargs))
        return -found["loss"]


def arguments(fn: Any) -> frozenset[str]:
    """The names of the arguments that a function, or an object's `__call__`, takes one by one."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(name for name, p in inspect.signature(fn).parameters.items() if p.kind in kinds)
