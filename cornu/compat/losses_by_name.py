"""What the names of losses, metrics and optimizers meant in the era in force."""

from __future__ import annotations

from typing import Any

from cornu import tree
from cornu.compat import dialect, modules
from cornu.errors import nearest

_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
          "msle": "mean_squared_logarithmic_error", "cosine": "cosine_proximity"}  # fmt: skip


def loss(given: Any) -> Any:
    """A loss, or several: names as the era's functions."""
    return tree.map(lambda one: _function("losses", one) if isinstance(one, str) else one, given)


def metrics(given: Any) -> Any:
    """Metrics: "accuracy" under the era's name for it, other names as the era's functions."""
    return tree.map(lambda one: _metric(one) if isinstance(one, str) else one, given)


def _metric(name: str) -> Any:
    if name in ("acc", "accuracy"):
        return "acc" if dialect.current().accuracy == "acc" else name
    if dialect.current().before("tf.keras"):
        name = _SHORT.get(name, name)
    return _function("metrics", name)


def _function(family: str, name: str) -> Any:
    """The era's function of a name, where it isn't today's; else the name."""
    if not dialect.current().before("tf.keras"):
        return name
    found = modules.lookup(family, name)
    if found is None or not str(getattr(found[0], "__module__", "")).startswith("cornu.compat"):
        return name
    return found[0]


def optimizer(given: Any) -> Any:
    """An optimizer: a name as the era's class with the era's defaults."""
    if not isinstance(given, str) or not dialect.current().before("keras3"):
        return given
    names = modules.names("optimizers")
    found = next((name for name in names if name.lower() == given.lower() and name[0].isupper()), None)
    if found is None:
        raise ValueError(f"There is no optimizer {given!r}.{nearest(given, names)}")
    made = modules.lookup("optimizers", found)
    assert made is not None
    return made[0]()
