"""A part of a graph as a function."""

from __future__ import annotations

from typing import Any

from cornu import naming, symbolic, tree
from cornu.errors import brief, explain
from cornu.layers import calls
from cornu.models.functional import _check_symbolic
from cornu.models.graph import Graph
from cornu.symbolic import KerasTensor


class Function:
    """What computes symbolic outputs from symbolic inputs, to be called on values, or on other symbolic tensors.

    Args:
        inputs, outputs: symbolic tensors, also nested in lists, tuples and dicts; inputs may lie anywhere in a graph.
        name: default: "function", numbered.

    Unlike a Model it has no training and owns no variables. Raises ValueError where an output needs an input that isn't
    given, and for values that don't have the form of the inputs.

    >>> x = KerasTensor((None, 2))
    >>> f = Function(x, {"double": x * 2})
    >>> f([[1.0, 2.0]])["double"].tolist()
    [[2.0, 4.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        _check_symbolic(inputs, "inputs")
        _check_symbolic(outputs, "outputs")
        self.name = name or naming.auto_name("function")
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._graph = Graph(tree.flatten(inputs), tree.flatten(outputs))

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat."""
        return self._graph.outputs

    @property
    def operations(self) -> list[Any]:
        """The layers and operations, each once."""
        return [getattr(owner, "operation", owner) for owner in self._graph.operations()]

    def __call__(self, inputs: Any) -> Any:
        """The outputs for inputs, in the form in which each was given."""
        values = self._arranged(inputs)
        if not any(isinstance(value, KerasTensor) for value in values):
            values = [calls.as_jax_array(symbolic.plain(value), self.name) for value in values]
        return tree.unflatten(tree.structure(self._outputs_struct), self._graph.run(values))

    def compute_output_spec(self, inputs: Any) -> Any:
        """Symbolic tensors of the outputs' shapes and dtypes for symbolic inputs."""
        found = symbolic.infer(self, [inputs])
        return tree.map(lambda aval: KerasTensor((), aval=aval), found)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for inputs of a shape."""
        spec = self.compute_output_spec(calls.symbolic_input(input_shape))
        return tree.map(lambda tensor: tensor.shape, spec)

    def _arranged(self, inputs: Any) -> list:
        wanted = self._inputs_struct
        single = isinstance(wanted, KerasTensor)
        values = [inputs] if single else self._parts(wanted, inputs)
        if len(values) != len(self.inputs):
            expected = f"{len(self.inputs)}: {', '.join(tensor.name for tensor in self.inputs)}"
            what = f"Function {self.name!r}: the inputs don't have its inputs' form."
            raise ValueError(explain(what, expected=expected, got=brief(inputs)))
        return values

    def _parts(self, wanted: Any, given: Any) -> list:
        """The values that stand in the places of symbolic inputs; fewer where the forms differ."""
        if isinstance(wanted, KerasTensor):
            return [given]
        if isinstance(wanted, dict):
            pairs = [(wanted[k], given[k]) for k in sorted(wanted) if isinstance(given, dict) and k in given]
        else:
            pairs = list(zip(wanted, given, strict=False)) if isinstance(given, (list, tuple)) else []
        whole = len(pairs) == len(wanted) and len(pairs) == len(given)
        return [value for pair in pairs for value in self._parts(*pair)] if whole else []
