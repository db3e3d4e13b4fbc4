"""Steps in the form that Keras has on JAX: functions of a state that give the new one."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

from cornu import tree


def takes_state(method: Callable) -> bool:
    """Whether a written step is `step(state, data)`, not `step(data)`."""
    required = [
        p for p in inspect.signature(method).parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL
    ]
    return len(required) == 2


def over_variables(model: Any, kind: str, method: Callable) -> Callable[[Any], Any]:
    """`step(state, data) -> (result, new state)` as a function of the data that reads and writes the variables.

    The state holds lists of values: trainable, non-trainable, the optimizer's where the step trains, and the metrics'
    where it has any. A `predict_step` gives the non-trainable values alone in the place of the new state.
    """

    def step(data: Any) -> Any:
        groups = [model.trainable_variables, model.non_trainable_variables]
        groups += [model.optimizer.variables] if kind == "train" else []
        groups += [model.metrics_variables] if kind != "predict" else []
        result, new = method(tuple([v.value for v in group] for group in groups), data)
        written = groups[1:] if kind == "predict" else groups
        for variable, value in zip(itertools.chain(*written), tree.flatten(new), strict=True):
            variable.assign(value)
        return result

    return step
