"""`tf.debugging`: checks of values that are known; tracers pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cornu.compat.tensorflow.calls import is_concrete, missing, served
from cornu.errors import brief, explain


def _compare(sign: str, holds: Callable) -> Callable:
    def check(x: Any, y: Any, message: Any = None, summarize: Any = None) -> None:
        if is_concrete(x, y) and not np.all(holds(np.asarray(x), np.asarray(y))):
            raise ValueError(
                explain(message or "A check failed.", expected=f"x {sign} y", got=f"{brief(x)}, {brief(y)}")
            )

    return check


def _finite(x: Any, message: Any = None) -> Any:
    if is_concrete(x) and not np.all(np.isfinite(np.asarray(x))):
        raise ValueError(explain(message or "A check failed.", expected="finite numbers", got=brief(x)))
    return x


DEBUGGING = served(
    {
        "assert_equal": _compare("==", np.equal),
        "assert_greater": _compare(">", np.greater),
        "assert_greater_equal": _compare(">=", np.greater_equal),
        "assert_less": _compare("<", np.less),
        "assert_less_equal": _compare("<=", np.less_equal),
        "assert_near": _compare("near", lambda x, y: np.isclose(x, y, 1e-5, 1e-5)),
        "assert_all_finite": _finite,
        "check_numerics": lambda tensor, message=None: _finite(tensor, message),
        "set_log_device_placement": lambda enabled: None,
    }
)
globals().update(DEBUGGING)


def __getattr__(name: str) -> Any:
    raise missing("debugging", name, DEBUGGING)
