"""What old eras of Keras had and today's core hasn't, and the numbers of old eras, in modern spelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cornu.compat import dialect

KINDS = ("activation", "constraint", "initializer", "regularizer", "loss", "metric", "optimizer")

_CONSTRAINTS = {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"}


_ONLY_THEN = {("BatchNormalization", "mode"), ("Embedding", "dropout")}
"""Layers of today, and arguments that they had in Keras 1 only."""


def class_for(modern: type, arguments: dict[str, Any]) -> tuple[type, dict[str, Any]]:
    """The class of a layer with these arguments, and the arguments that it takes.

    It is an old one where an argument that today's class hasn't says something.

    >>> from cornu.layers.embedding import Embedding
    >>> class_for(Embedding, {"dropout": 0.0}) == (Embedding, {}), class_for(Embedding, {"dropout": 0.5})[0].__module__
    (True, 'cornu.compat.old.normalization')
    """
    if arguments.get("padding") == "full" and modern.__name__ in ("Conv1D", "Conv2D", "Conv3D"):
        from cornu.compat.old import local

        return getattr(local, f"FullConvolution{modern.__name__[-2:]}"), arguments
    for name, argument in _ONLY_THEN:
        if modern.__name__ == name and modern.__module__.startswith("cornu.layers") and argument in arguments:
            from cornu.compat.old import normalization

            rest = {key: value for key, value in arguments.items() if key != argument}
            return (getattr(normalization, name), arguments) if arguments[argument] else (modern, rest)
    return modern, arguments


def by_name(kind: str, name: Any) -> Any:
    """What a name in a program stands for in the era in force; the name itself where that is what it is today.

    Args:
        kind: one of `KINDS`.
        name: a name; anything else is given back.

    >>> dialect.use(dialect.Dialect("keras2"))
    >>> by_name("activation", "hard_sigmoid").__name__, by_name("activation", "relu")
    ('hard_sigmoid_of_keras_2', 'relu')
    >>> dialect.use(dialect.Dialect())
    """
    if not isinstance(name, str):
        return name
    era = dialect.current()
    if kind == "activation" and era.before("keras3"):
        from cornu.compat.old import activations

        return activations.get(name) if name == "hard_sigmoid" else name
    if kind == "constraint" and era.before("keras3"):
        return _CONSTRAINTS.get(name, name)
    if kind in ("initializer", "regularizer") and era.before("keras2"):
        from cornu.compat.old import initializations, regularizers

        known: Mapping[str, Callable] = initializations.NAMES if kind == "initializer" else regularizers.NAMES
        return known[name]() if name in known else name
    if kind in ("loss", "metric", "optimizer") and era.before("tf.keras"):
        from cornu.compat.old import losses, metrics, optimizers

        if kind == "optimizer":
            return optimizers.get(name)
        return (losses.FUNCTIONS if kind == "loss" else metrics.functions(era.era)).get(name, name)
    return name
