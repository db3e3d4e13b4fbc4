"""Models as scikit-learn's estimators.

scikit-learn is imported when one of the classes is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    SKLearnClassifier: Any
    SKLearnRegressor: Any
    SKLearnTransformer: Any

_NAMES = ("SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer")


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        from cornu.wrappers.estimators import estimators

        globals().update(estimators())
        return globals()[name]
    from cornu.errors import nearest

    raise AttributeError(f"module 'cornu.wrappers' has no attribute {name!r}.{nearest(name, _NAMES)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
