"""What the names of losses, metrics and optimizers meant in the era in force."""

from __future__ import annotations

from typing import Any

from cornu import registry, tree
from cornu.compat import dialect, notices, old
from cornu.metrics import MeanMetricWrapper, Metric
from cornu.optimizers import Optimizer
from cornu.variables import Variable

_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
          "msle": "mean_squared_logarithmic_error", "kld": "kullback_leibler_divergence",
          "cosine": "cosine_proximity"}  # fmt: skip

_CLIPPED = "kept as it was: from probabilities clipped at 1e-7, so what is wrong beyond that learns nothing. Today's "
_CLIPPED += (
    "is computed from the logits (softmax on MNIST's raw pixels: 0.88 to 0.90 with every seed, not 0.55 to 0.91)"
)


def loss(given: Any) -> Any:
    """A loss, or several: names as the era's functions."""
    return tree.map(lambda one: _loss(one) if isinstance(one, str) else one, given)


def _loss(name: str) -> Any:
    found = old.by_name("loss", name)
    if found is not name and name.endswith("crossentropy"):
        notices.note(f'loss="{name}"', _CLIPPED)
    return found


def metrics(given: Any, loss: Any, output_shape: Any) -> Any:
    """Metrics: "accuracy" under the era's name and in its meaning, other names as the era's functions."""
    return tree.map(lambda one: _metric(one, loss, output_shape) if isinstance(one, str) else one, given)


def _metric(name: str, loss: Any, output_shape: Any) -> Any:
    if name in ("acc", "accuracy"):
        return _accuracy("acc" if dialect.current().accuracy == "acc" else name, loss, output_shape)
    if not dialect.current().before("tf.keras"):
        return old.by_name("metric", name)
    if dialect.current().accuracy == "acc":  # from Keras 2.3 on, a name is reported as it was given
        name = _SHORT.get(name.lower(), name)
    found = old.by_name("metric", name)
    return found if isinstance(found, (str, Metric)) else MeanMetricWrapper(found, name=name)


def _accuracy(name: str, loss: Any, output_shape: Any) -> Any:
    """Until tf.keras the loss and the output's shape said which accuracy is meant, and not the targets."""
    if not dialect.current().before("tf.keras") or not isinstance(output_shape, tuple) or tree.is_nested(loss):
        return name
    from cornu.compat.old.metrics import accuracy_name

    return registry.lookup("metric", accuracy_name(loss, output_shape))(name=name)


def optimizer(given: Any) -> Any:
    """An optimizer: a name as the era's class with the era's defaults; for one in use, another that is like it.

    Until Keras 3, `compile` made an optimizer's averages anew, so that models could share one. The learning rate is
    the same variable in all of them.
    """
    found = old.by_name("optimizer", given)
    if not isinstance(found, Optimizer) or not dialect.current().before("keras3"):
        return found
    if not vars(found).setdefault("_is_compiled", False):
        vars(found)["_is_compiled"] = True
        return found
    another, rate = type(found).from_config(found.get_config()), found._learning_rate
    if isinstance(rate, Variable):
        another._variables = [
            rate if variable is another._learning_rate else variable for variable in another._variables
        ]
        another._learning_rate = rate
    vars(another)["_is_compiled"] = True
    return another
