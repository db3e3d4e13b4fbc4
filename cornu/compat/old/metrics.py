"""The metrics of Keras 1: functions of a batch, whose mean over the batches is reported.

Precision, recall and what is made of them are no means over samples, so that a batch's value and not the data set's is
averaged; `cornu.metrics.Precision` and its kin count over all batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, metrics
from cornu.compat import dialect
from cornu.compat.old import losses
from cornu.errors import explain
from cornu.losses.tensors import aligned_pair
from cornu.symbolic import op


def _counted(x: jax.Array) -> jax.Array:
    return jnp.round(jnp.clip(x, 0, 1))


def _share(part: jax.Array, whole: jax.Array) -> jax.Array:
    return part / (whole + config.epsilon())


@op
def precision(y_true: Any, y_pred: Any) -> jax.Array:
    """true positives / predicted positives, in a batch; predictions count as positive from 0.5 on

    >>> float(precision([1.0, 0.0], [0.9, 0.8]).round(3))
    0.5
    """
    t, p = aligned_pair(y_true, y_pred)
    return _share(jnp.sum(_counted(t * p)), jnp.sum(_counted(p)))


@op
def recall(y_true: Any, y_pred: Any) -> jax.Array:
    """true positives / positives, in a batch

    >>> float(recall([1.0, 1.0], [0.9, 0.1]).round(3))
    0.5
    """
    t, p = aligned_pair(y_true, y_pred)
    return _share(jnp.sum(_counted(t * p)), jnp.sum(_counted(t)))


@op
def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1) -> jax.Array:
    """(1 + beta²) P R / (beta² P + R), P and R the precision and the recall of a batch; 0 without positives

    ValueError for a negative beta.

    >>> round(float(fbeta_score([1.0, 0.0], [0.9, 0.8])), 3)
    0.667
    """
    if beta < 0:
        raise ValueError(explain("fbeta_score: argument `beta` is wrong.", expected="0 or more", got=beta))
    t, p = aligned_pair(y_true, y_pred)
    found, complete = precision(t, p), recall(t, p)
    score = (1 + beta**2) * found * complete / (beta**2 * found + complete + config.epsilon())
    return jnp.where(jnp.sum(_counted(t)) == 0, 0.0, score)


@op
def fmeasure(y_true: Any, y_pred: Any) -> jax.Array:
    """The harmonic mean of a batch's precision and recall

    >>> round(float(fmeasure([1.0, 0.0], [0.9, 0.8])), 3)
    0.667
    """
    return fbeta_score(y_true, y_pred, 1)


@op
def matthews_correlation(y_true: Any, y_pred: Any) -> jax.Array:
    """(TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)), in a batch

    >>> float(matthews_correlation([1.0, 0.0], [0.9, 0.1]).round(3))
    1.0
    """
    t, p = map(_counted, aligned_pair(y_true, y_pred))
    tp, tn, fp, fn = jnp.sum(t * p), jnp.sum((1 - t) * (1 - p)), jnp.sum((1 - t) * p), jnp.sum(t * (1 - p))
    return _share(tp * tn - fp * fn, jnp.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


@op
def mean_pred(y_true: Any, y_pred: Any) -> jax.Array:
    """The mean of the predictions

    >>> float(mean_pred([0.0, 0.0], [1.0, 3.0]))
    2.0
    """
    return jnp.mean(jnp.asarray(y_pred))


_FUNCTIONS: dict[str, Callable] = {
    "precision": precision,
    "recall": recall,
    "fbeta_score": fbeta_score,
    "fmeasure": fmeasure,
    "fscore": fmeasure,
    "f1score": fmeasure,
    "matthews_correlation": matthews_correlation,
    "mean_pred": mean_pred,
}


def functions(era: str) -> dict[str, Callable]:
    """The metrics of "keras1" or "keras2" that aren't cornu's of the same name; Keras 2 had the losses only.

    >>> "fmeasure" in functions("keras1"), "fmeasure" in functions("keras2")
    (True, False)
    """
    return {**losses.FUNCTIONS, **(_FUNCTIONS if era == "keras1" else {})}


def accuracy_name(loss: Any, output_shape: Any) -> str:
    """What "accuracy" means in Keras 1 and 2: decided by the loss and the shape of the output, not by the targets.

    With the loss "binary_crossentropy" every output is compared by itself, however many there are.

    >>> accuracy_name("binary_crossentropy", (None, 10)), accuracy_name("mse", (None, 10))
    ('binary_accuracy', 'categorical_accuracy')
    """
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    if output_shape[-1] == 1 or name == "binary_crossentropy":
        return "binary_accuracy"
    return "sparse_categorical_accuracy" if name == "sparse_categorical_crossentropy" else "categorical_accuracy"


def get(identifier: Any, era: str | None = None) -> Any:
    """The metric that an argument of `compile` stands for in Keras 1 or 2.

    `era` is "keras1" or "keras2"; default: the one in force.

    >>> get("precision", "keras1") is precision, get("binary_accuracy").name
    (True, 'binary_accuracy')
    """
    known = functions(era or dialect.current().era)
    return known[identifier] if isinstance(identifier, str) and identifier in known else metrics.get(identifier)
