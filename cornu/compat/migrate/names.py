"""What the dotted names of a program stand for: a module or a name of Keras, of whatever era, and what it is today."""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

from cornu.compat import dialect, modules, spelling
from cornu.compat.tables.modules import FAMILIES, NAMES

STILL = {"l1", "l2", "l1_l2", "max_norm", "min_max_norm", "non_neg", "unit_norm"}
"""Names of functions beside which today's Keras has a class, and which it has kept."""

REPLACED = {
    "layers.CuDNNLSTM": "layers.LSTM",
    "layers.CuDNNGRU": "layers.GRU",
    "backend.image_dim_ordering": "backend.image_data_format",
    "backend.set_image_dim_ordering": "backend.set_image_data_format",
}
"""Names that are gone, and what does the same today; the tables serve the first ones by classes of their own."""


class Meaning(NamedTuple):
    """What a dotted name stands for.

    Args:
        root: the name under which today's program imports Keras: "keras" or "tensorflow.keras".
        path: today's path below the root; of a name that is gone, where cornu serves it.
        key: the key of the tables' rows; "" for a module.
        known: whether today's Keras has it.
        thing: the class or function of today; the old one, where there is none.
    """

    root: str
    path: str
    key: str = ""
    known: bool = True
    thing: Any = None

    @property
    def full(self) -> str:
        """Today's dotted name."""
        return f"{self.root}.{self.path}".rstrip(".")


def meaning(dotted: str) -> Meaning | None:
    """What a dotted name stands for in the era in force; None for what isn't Keras's.

    >>> meaning("keras.layers.core.Dense")[:3], meaning("keras.utils.np_utils").full
    (('keras', 'layers.Dense', 'layers.Dense'), 'keras.utils')
    """
    parent, _, name = dotted.rpartition(".")
    path = modules.place_of(parent) if parent else None
    found = _name(_root(dotted), family(path), name) if path is not None else None
    if found is not None:
        return found
    path = modules.place_of(dotted)
    return None if path is None else Meaning(_root(dotted), family(path))


def _root(dotted: str) -> str:
    return "tensorflow.keras" if dotted.startswith("tensorflow.") else "keras"


def family(path: str) -> str:
    """The family that a module's path below `keras` shows."""
    return modules.served(path).__dict__["_served"][1]


def _name(root: str, home: str, name: str) -> Meaning | None:
    target = "" if name in STILL else NAMES.get(home, {}).get(name, "")
    if target:
        home = target.rpartition(".")[0]
    key = f"{home}.{name}" if home else f"{'layers' if name == 'Input' else 'models'}.{name}"
    row = spelling.row(key, known_today=False)
    if not target and name not in STILL:
        target = row.target if row is not None else ""
    path = target or f"{home}.{name}".lstrip(".")
    thing = today(path)
    if thing is not None:
        return Meaning(root, path, key, True, thing)
    path = f"{home}.{name}".lstrip(".")
    if path in REPLACED:
        return Meaning(root, REPLACED[path], path, True, today(REPLACED[path]))
    thing = formerly(path)
    return None if thing is None else Meaning(root, path, key, False, thing)


@functools.cache
def today(path: str) -> Any:
    """The class or function at a path of today's Keras; None where there is none."""
    return _look(path, lambda provider: not provider.startswith("cornu.compat."))


@functools.cache
def formerly(path: str) -> Any:
    """The class or function at a path that only old eras had, or computed otherwise; None where there is none."""
    return _look(path, lambda provider: provider.startswith("cornu.compat."))


def _look(path: str, wanted: Any) -> Any:
    home, _, name = path.rpartition(".")
    for provider in filter(wanted, FAMILIES.get(home, ())):
        module = importlib.import_module(provider)
        value = getattr(module, name, None)
        if callable(value) and not name.startswith("_"):
            return value
    return None


def has(path: str) -> bool:
    """Whether a module of cornu's has something at a path, of whatever kind."""
    home, _, name = path.rpartition(".")
    return any(hasattr(importlib.import_module(provider), name) for provider in FAMILIES.get(home, ()))


def otherwise(found: Meaning) -> str:
    """In what the numbers of the era in force differ from today's, in the words of the old class or function."""
    kinds = ("optimizers.", "losses.", "activations.")
    if (
        not found.known
        or found.path.endswith((".get", ".serialize", ".deserialize"))
        or not dialect.current().before("tf.keras")
        or not found.key.startswith(kinds)
    ):
        return ""
    old = _old(found.path)
    if old is None or old is found.thing or not old.__doc__:
        return ""
    return old.__doc__.strip().splitlines()[0]


def _old(path: str) -> Any:
    home, _, name = path.rpartition(".")
    for provider in FAMILIES.get(home, ()):
        if provider.startswith("cornu.compat.old."):
            return getattr(importlib.import_module(provider), name, None)
    return None
