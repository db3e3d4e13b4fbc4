"""Names of the top of `keras` that cornu's own top doesn't have."""

from __future__ import annotations

from cornu.compat import dialect

_VERSIONS = {"keras1": "1.2.2", "keras2": "2.2.4", "tf.keras": "2.15.0", "keras3": "3.15.0"}


def __getattr__(name: str) -> str:
    if name == "__version__":
        return _VERSIONS[dialect.current().era]
    raise AttributeError(name)


def version() -> str:
    """The version of Keras whose behavior the era in force stands for."""
    return _VERSIONS[dialect.current().era]
