"""Variations made ready: each one's model, its steps traced, its first values; and which of them are one program."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from cornu import config, random, tree
from cornu.errors import explain
from cornu.layers import parts
from cornu.program.lifting import Form, difference, form
from cornu.training.data import ArrayData
from cornu.training.session import signature
from cornu.training.step import TracedStep, compilation, trace_loop, trace_row
from cornu.utils.seeds import set_random_seed
from cornu.variables import Variable


class Source:
    """Samples of a kind of step, "train" or "test", on the engine."""

    def __init__(self, kind: str, data: ArrayData, engine: Any) -> None:
        self.kind, self.data, self.engine = kind, data, engine
        self.arrays = [engine.put(array) for array in tree.flatten(data.arrays)]

    def trace(self, model: Any, groups: Sequence[np.ndarray]) -> dict[Hashable, TracedStep]:
        """The steps on these rows of samples: all of them in one loop, or one step for each length of rows."""
        arrays = self.data.arrays
        loop = trace_loop(model, self.kind, arrays, groups)
        if self.engine.loops_well(loop.program):
            return {self.key(groups): loop}
        return {self.key(g[0]): trace_row(model, self.kind, arrays, g[0]) for g in groups}

    def key(self, rows: Any) -> Hashable:
        """What tells the step on such rows from others."""
        return self.kind, signature(rows)


@dataclass
class Candidate:
    """A variation, ready to be trained."""

    number: int
    variation: dict[str, Any]
    model: Any
    order: int
    """The seed of the samples' order."""
    steps: dict[Hashable, TracedStep]
    variables: list[Variable] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.variables = parts.unique([v for step in self.steps.values() for v in step.variables])
        self.values = [np.array(variable.stored()) for variable in self.variables]
        self.forms = [form(step.program) for step in self.steps.values()]

    def places(self, variables: Sequence[Variable]) -> list[int]:
        """The places of variables among all that the steps read or write."""
        known = {id(variable): place for place, variable in enumerate(self.variables)}
        return [known[id(variable)] for variable in variables]

    def wiring(self) -> tuple:
        """Beside their programs, what steps must share to be one: the places of variables, and the names in logs."""
        steps = [
            (key, self.places(step.variables), self.places(step.written), step.logs.names if step.logs else ())
            for key, step in self.steps.items()
        ]
        return steps, self.model.position.epochs_seen

    def difference(self, other: Candidate) -> str | None:
        """In what, beside numbers, the programs of two variations differ; None where they can be one."""
        for own, others in zip_longest(self.variables, other.variables):
            if own is None or others is None or (own.shape, own.dtype) != (others.shape, others.dtype):
                return f"{_in_words(own)} and {_in_words(others)}"
        for mine, theirs in zip(self.forms, other.forms, strict=False):
            found = difference(mine, theirs)
            if found is not None:
                return found
        return "their steps" if self.wiring() != other.wiring() else None


def _in_words(variable: Variable | None) -> str:
    return "nothing" if variable is None else f"variable {variable.path!r} of shape {variable.shape}"


def made(build: Callable[..., Any], variation: dict[str, Any]) -> Any:
    """The compiled model of a variation, made after its seed was set. Raises ValueError where it can't be batched."""
    arguments = dict(variation)
    if "seed" in arguments:
        set_random_seed(arguments.pop("seed"))
    else:
        random.set_root_seed(random.root_seed())
    model = build(**arguments)
    if not hasattr(model, "_compiled"):
        raise ValueError(explain("train_many: `build` gave no model.", expected="a compiled model", got=model))
    compiled = compilation(model)
    engine = compiled.engine or config.engine()
    if engine != "jax":
        raise ValueError(
            explain(
                "train_many runs on the engine 'jax' only: it batches programs by jax.vmap.",
                got=f"engine {engine!r}",
                fix='Pass engine="jax" to compile(), or fit the models one by one.',
            )
        )
    for wrong, what in ((model.run_eagerly, "runs eagerly"), (model.on_host, "has layers that run on the host")):
        if wrong:
            raise ValueError(
                explain(
                    f"train_many: model {model.name!r} {what}.",
                    expected="a model that is compiled as a whole",
                    fix="Fit such models one by one.",
                )
            )
    return model


def require_own_variables(candidates: Sequence[Candidate]) -> None:
    """Raises ValueError where `build` gave two models that share weights or an optimizer."""
    owners: dict[int, int] = {}
    for candidate in candidates:
        for variable in candidate.model.all_variables():
            if owners.setdefault(id(variable), candidate.number) != candidate.number:
                raise ValueError(
                    explain(
                        f"train_many: the models of variations {owners[id(variable)]} and {candidate.number} share "
                        f"variable {variable.path!r}.",
                        expected="a new model, with a new optimizer, from each call of `build`",
                    )
                )


def grouped(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates whose programs differ in numbers only, together."""
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        fitting = (group for group in groups if group[0].difference(candidate) is None)
        group = next(fitting, None)
        if group is None:
            groups.append([candidate])
        else:
            group.append(candidate)
    return groups
