"""Different optimizers for different variables of one model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

from cornu import registry
from cornu.errors import brief, explain
from cornu.optimizers.arguments import check_pattern
from cornu.optimizers.loss_scale import LossScaleOptimizer
from cornu.optimizers.optimizer import Optimizer
from cornu.registry import register
from cornu.signature import Configurable
from cornu.variables import Variable


@register("optimizer")
class OptimizerMap(Configurable, MutableMapping):
    """Which optimizer a variable belongs to, by its path.

    Args:
        default_optimizer: of variables that nothing else names.
        optimizer_map: optimizers by path, or by a regular expression that the whole path must match.

    Raises:
        TypeError: for anything but optimizers.
        ValueError: for a key that is there already; at use: for a path that two expressions match.

    >>> from cornu.optimizers.sgd import SGD
    >>> chosen = OptimizerMap(SGD(0.1), {"backbone/.*": SGD(0.01)})
    >>> float(chosen["backbone/dense/kernel"].learning_rate) < float(chosen["head/kernel"].learning_rate)
    True
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        self.default_optimizer = _checked(default_optimizer)
        self.optimizer_map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, path: str) -> Optimizer:
        if path in self.optimizer_map:
            return self.optimizer_map[path]
        found = [expression for expression in self.optimizer_map if re.fullmatch(expression, path)]
        if len(found) > 1:
            raise ValueError(
                explain(
                    f"OptimizerMap: more than one optimizer for variable {path!r}.",
                    got=", ".join(found),
                    fix="Make the expressions tell the variables apart, or name this path itself.",
                )
            )
        return self.optimizer_map[found[0]] if found else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self.optimizer_map:
            raise ValueError(explain(f"OptimizerMap: {key!r} is there already.", fix="Delete it first."))
        self.optimizer_map[key] = _checked(optimizer)

    def __delitem__(self, key: str) -> None:
        del self.optimizer_map[key]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a variable."""
        return self[variable.path]

    @classmethod
    def from_config(cls, config: dict) -> OptimizerMap:
        """The map of a config."""
        for expression in config.get("optimizer_map") or ():
            check_pattern(expression)
        return cls(**registry.deserialize(config))


@register("optimizer", "multioptimizer")
class MultiOptimizer(Optimizer):
    """Gives each variable to an optimizer of its own: other rates for other layers, Muon for matrices, and so on.

    Args:
        optimizer_map: an `OptimizerMap`, or a function of a variable that gives its optimizer.
        loss_scale_factor: see `Optimizer`; it holds for all of them.
        name: default: "multi_optimizer", numbered.

    It has no `learning_rate` of its own: ask `optimizers`.

    >>> from cornu.optimizers.sgd import SGD
    >>> a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    >>> MultiOptimizer(OptimizerMap(SGD(0.5), {"b": SGD(0.25)})).apply([1.0, 1.0], [a, b])
    >>> float(a), float(b)
    (0.5, 0.75)
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        named: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            named = [*optimizer_map.values(), optimizer_map.default_optimizer]
        self._optimizers: list[Optimizer] = list({id(optimizer): optimizer for optimizer in named}.values())

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers at work; of a function they are known after `build`."""
        return list(self._optimizers)

    def build(self, variables: Sequence[Variable]) -> None:
        """Builds each optimizer with its variables."""
        if self.built:
            return
        super().build(variables)
        chosen = [_checked(self.optimizer_map(variable)) for variable in self._trainable_variables]
        self._optimizers = list({id(optimizer): optimizer for optimizer in (*self._optimizers, *chosen)}.values())
        self._chosen = chosen
        for optimizer, places in self._groups(self._trainable_variables):
            optimizer.loss_scale_factor = self.loss_scale_factor
            optimizer.build([self._trainable_variables[place] for place in places])

    def _groups(self, variables: Sequence[Variable]) -> Iterator[tuple[Optimizer, list[int]]]:
        """Each optimizer that has some of the variables, and their places."""
        owners = [self._chosen[self._get_variable_index(variable)] for variable in variables]
        for optimizer in self._optimizers:
            places = [place for place, owner in enumerate(owners) if owner is optimizer]
            if places:
                yield optimizer, places

    @property
    def variables(self) -> list[Variable]:
        """Its own, then those of each optimizer."""
        return [*super().variables, *(v for optimizer in self._optimizers for v in optimizer.variables)]

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        loss: Any = None,
        loss_function: Callable[[list], Any] | None = None,
    ) -> None:
        """Lets each optimizer update its variables."""
        if len(grads) == 0:
            return
        variables = self._known(grads, trainable_variables)
        for optimizer, places in self._groups(variables):
            optimizer.apply([grads[place] for place in places], [variables[place] for place in places])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Each optimizer's last act."""
        if self.built:
            for optimizer, places in self._groups(var_list):
                optimizer.finalize_variable_values([var_list[place] for place in places])

    @property
    def learning_rate(self) -> Any:
        """AttributeError: every optimizer has its own."""
        raise AttributeError(
            explain(f"{self.name!r} has several learning rates.", fix="Use those of its `optimizers`.")
        )

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError(
            explain(f"{self.name!r} has several learning rates.", fix="Set those of its `optimizers`.")
        )

    def _base_config(self) -> dict:
        return {"name": self.name}


def _checked(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise TypeError(
            explain(
                "This can't be one of several optimizers.",
                expected="an optimizer, and neither a LossScaleOptimizer nor a MultiOptimizer",
                got=brief(optimizer),
            )
        )
    return optimizer
