"""Symbolic gradients: a node of the graph that runs a part of it again, and takes its derivative.

The node's arguments are the tensors from which the loss can be computed: those with respect to which the gradient is
taken, as far as none of them depends on another one, and the other inputs. A tensor in the middle, which depends on
another one of them, gets a summand of 0 when the part is run; the gradient is that with respect to the summand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import dtypes
from cornu.compat import symbolic_losses
from cornu.compat.backend.offering import offer
from cornu.errors import brief, explain
from cornu.models.graph import Graph
from cornu.symbolic import KerasTensor, Node, as_array, record
from cornu.variables import Scope, Variable


def upstream(tensors: Iterable[KerasTensor], stops: Iterable[KerasTensor] = ()) -> dict[int, KerasTensor]:
    """The tensors from which others are computed, themselves too, by their ids; not what is behind `stops`."""
    ends, found, waiting = {id(t) for t in stops}, {}, list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in found:
            continue
        found[id(tensor)] = tensor
        if id(tensor) not in ends and tensor.node is not None:
            waiting += tensor.node.inputs
    return found


def is_root(tensor: KerasTensor) -> bool:
    """Whether nothing computes a tensor: a placeholder, or an Input."""
    return tensor.node is None or not tensor.node.inputs


class Derivative:
    """The gradients of the sum of losses with respect to tensors and variables, as an operation on the sources' values.

    What the run writes into variables is dropped: the graph's own nodes write it already.
    """

    __name__ = "gradients"

    def __init__(
        self, losses: Sequence[KerasTensor], tensors: Sequence[KerasTensor], variables: Sequence[Variable]
    ) -> None:
        self.losses, self.tensors, self.variables = list(losses), list(tensors), list(variables)
        wanted = {id(t) for t in tensors}
        self.inner = [t for t in tensors if wanted & (set(upstream([t])) - {id(t)})]
        inner = {id(t) for t in self.inner}
        self.outer = [t for t in tensors if id(t) not in inner]
        outer = {id(t) for t in self.outer}
        reached = upstream(self.losses, self.outer).values()
        self.others = [t for t in reached if is_root(t) and id(t) not in outer]
        self.graph = Graph([*self.outer, *self.others], [*self.losses, *self.inner])

    @property
    def sources(self) -> list[KerasTensor]:
        """The tensors whose values it takes."""
        return self.graph.inputs

    def _run(self, outer: Sequence, others: Sequence, summands: Sequence, variables: Sequence) -> list[Any]:
        added = {id(t): summand for t, summand in zip(self.inner, summands, strict=False)}

        def call(node: Node, args: tuple, kwargs: dict) -> Any:
            results = node.operation(*args, **kwargs)
            if not any(id(t) in added for t in node.outputs):
                return results
            leaves, structure = jax.tree.flatten(results)
            values = zip(node.outputs, leaves, strict=True)
            return jax.tree.unflatten(structure, [v + added[id(t)] if id(t) in added else v for t, v in values])

        with Scope(self.variables, variables):
            return self.graph.run([*outer, *others], call)

    def __call__(self, values: Sequence[Any], upstream_gradients: Sequence[Any] | None = None) -> list[Any]:
        """The gradients with respect to `tensors`, then `variables`."""
        arrays = [as_array(value) for value in values]
        outer, others = arrays[: len(self.outer)], arrays[len(self.outer) :]
        own = [variable.value for variable in self.variables]
        summands: list[Any] = []
        if self.inner:
            shapes = jax.eval_shape(lambda: self._run(outer, others, [], own)[len(self.losses) :])
            summands = [jnp.zeros(aval.shape, aval.dtype) for aval in shapes]

        def losses(outer: Sequence, summands: Sequence, variables: Sequence) -> list[Any]:
            return self._run(outer, others, summands, variables)[: len(self.losses)]

        results, pull = jax.vjp(losses, outer, summands, own)
        if upstream_gradients is None:
            upstream_gradients = [jnp.ones_like(result) for result in results]
        by_outer, by_summand, by_variable = pull([as_array(g) for g in upstream_gradients])
        found = dict(zip(map(id, [*self.outer, *self.inner]), [*by_outer, *by_summand], strict=True))
        return [found[id(tensor)] for tensor in self.tensors] + list(by_variable)


@offer()
def gradients(loss: Any, variables: Any, grad_ys: Any = None) -> list[Any]:
    """The gradients of a symbolic loss with respect to symbolic tensors and variables, one for each.

    Args:
        loss: a symbolic tensor, or several; of all their elements the sum is taken.
        variables: one, or a list: placeholders, inputs and outputs of layers, and variables.
        grad_ys: gradients of something with respect to `loss`, of its shape; default: ones.

    In a loss function, a model's output stands for its symbolic tensor. Where the loss doesn't depend on a tensor,
    its gradient is None. Raises ValueError for losses that are no symbolic tensors: their graph is gone.
    """
    losses = [_symbolic(one) for one in (loss if isinstance(loss, (list, tuple)) else [loss])]
    targets = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    reached = upstream(losses)
    tensors = [t for t in targets if isinstance(t, KerasTensor) and id(t) in reached]
    _check_float(tensors)
    known = [v for v in targets if isinstance(v, Variable)]
    if not tensors and not known:
        return [None for _ in targets]
    derivative = Derivative(losses, tensors, known)
    avals = [t.aval for t in tensors]
    avals += [jax.ShapeDtypeStruct(v.shape, dtypes.numpy_dtype(v.dtype)) for v in known]
    upper = () if grad_ys is None else (list(grad_ys) if isinstance(grad_ys, (list, tuple)) else [grad_ys],)
    made = record(derivative, (derivative.sources, *upper), {}, avals)
    found = dict(zip(map(id, [*tensors, *known]), made, strict=True))
    return [found.get(id(target)) for target in targets]


def _symbolic(loss: Any) -> KerasTensor:
    """A loss as a symbolic tensor: in a loss function, the one whose value a model's output is."""
    tensor = loss if isinstance(loss, KerasTensor) else symbolic_losses.tensor_of(loss)
    if tensor is None:
        raise ValueError(
            explain(
                "K.gradients: the loss isn't symbolic, so nobody knows how it was computed.",
                expected="a tensor computed from a model's inputs and outputs, or from K.placeholder",
                got=brief(loss),
                fix="Use keras.grad(function, variables), or compute the loss from model.output.",
            )
        )
    return tensor


def _check_float(tensors: Sequence[KerasTensor]) -> None:
    wrong = [t for t in tensors if not dtypes.is_float(t.dtype)]
    if wrong:
        raise ValueError(
            explain(
                f"K.gradients: {wrong[0].name!r} has no gradient.",
                expected="tensors of real numbers",
                got=wrong[0].dtype,
                fix="Take the gradient with respect to the output of the layer that makes real numbers of it.",
            )
        )
