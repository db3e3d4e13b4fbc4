"""Format "torch": a program of `torch.export`, in one `.pt2` file, which PyTorch runs without cornu.

`torch.export.load(file).module()(*inputs)` runs it. Weights are buffers of that module, with open sizes as dynamic
shapes. A loop over a sequence is PyTorch's own `scan`, so that its length may stay open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch._dynamo.exc import UserError
from torch._higher_order_ops.cond import cond_op
from torch._higher_order_ops.scan import scan_op
from torch._higher_order_ops.while_loop import while_loop_op
from torch.utils._sympy.numbers import int_oo
from torch.utils._sympy.value_ranges import ValueRanges

from cornu import _jax
from cornu.engines import on_torch
from cornu.engines.engine import lowered
from cornu.errors import explain
from cornu.export.inference import Inference


def write(inference: Inference, path: Path) -> None:
    """Writes the program with its weights; no example inputs, which would be pickled."""
    sizes, examples = _sizes(inference), []
    for aval in inference.inputs:
        shape = [_jax.evaluate_dimension(size, sizes, max, min) for size in aval.shape]
        examples.append(on_torch.tensor(np.zeros(shape, aval.dtype)))
    program = _recorded(_Forward(inference), tuple(examples), inference)
    program.example_inputs = None
    with path.open("wb") as file:
        torch.export.save(program, file)


def _recorded(module: torch.nn.Module, examples: tuple, inference: Inference) -> Any:
    """The program of PyTorch, first with the sizes that the model allows, then, while PyTorch refuses, larger ones.

    PyTorch takes for granted, when it records, that no size in between is 1. So it asks for larger inputs than the
    operations need; those conditions are taken out again.
    """
    for least in (inference.least * 2**n for n in range(7)):
        try:
            with torch.no_grad():
                program = torch.export.export(
                    module,
                    examples,
                    dynamic_shapes=_dynamic(inference, least),
                    strict=False,
                    prefer_deferred_runtime_asserts_over_guards=True,
                )
        except UserError as error:
            refused = error
        else:
            return _without_conditions(program)
    raise ValueError(
        explain(
            f"PyTorch can't leave the sizes of this model open: {str(refused).splitlines()[0]}",
            fix="Fix a size: export(..., input_signature=[cornu.KerasTensor((None, 28), 'float32')]).",
        )
    ) from refused


def _without_conditions(program: Any) -> Any:
    """The program without checks of sizes beyond those that its operations make themselves."""
    graph = program.graph_module.graph
    for node in list(graph.nodes):
        if node.target is torch.ops.aten._assert_scalar.default:
            graph.erase_node(node)
    graph.eliminate_dead_code()
    for symbol in program.range_constraints:
        program.range_constraints[symbol] = ValueRanges(1, int_oo)
    return program


def load(path: Path) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    """The file's program, of flat inputs."""
    with path.open("rb") as file:
        module = torch.export.load(file).module()

    def call(inputs: list[np.ndarray]) -> list[np.ndarray]:
        with torch.no_grad():
            return [on_torch.numpy(value) for value in module(*map(on_torch.tensor, inputs))]

    return call


class _Forward(torch.nn.Module):
    """The program as a module: its buffers are the weights and the program's own arrays."""

    def __init__(self, inference: Inference) -> None:
        super().__init__()
        closed = lowered(inference.program, on_torch.ENGINE)
        arrays = [*inference.weights, *closed.consts]
        self._names = [f"weight_{number}" for number in range(len(arrays))]
        self.weights = torch.nn.Module()
        for name, value in zip(self._names, arrays, strict=True):
            self.weights.register_buffer(name, on_torch.tensor(value, own=True))
        self._closed, self._outputs = closed, [aval.dtype for aval in inference.program.outputs]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs, flat."""
        arrays = [on_torch.to_held(getattr(self.weights, name)) for name in self._names]
        count = len(arrays) - len(self._closed.consts)
        opened = _jax.with_constants_first(self._closed)
        results = _run(opened, [*arrays[count:], *arrays[:count], *map(on_torch.to_held, inputs)])
        return tuple(map(on_torch.given, results, self._outputs))


def _run(closed: _jax.ClosedJaxpr, values: Sequence[Tensor]) -> list[Tensor]:
    recorder = on_torch.recorder({**on_torch.RULES, **_LOOPS})
    return [on_torch.made(value) for value in recorder(closed, values)]


# --- open sizes -----------------------------------------------------------------------------------------------


def _sizes(inference: Inference) -> dict[str, int]:
    """A size for each open dimension at which the program is recorded: different ones, none of them a common size."""
    names = {name: None for aval in inference.inputs for size in aval.shape for name in _jax.dimension_names(size)}
    return {name: max(inference.least, 16) + 13 + 2 * number for number, name in enumerate(names)}


def _dynamic(inference: Inference, least: int) -> tuple:
    """The open axes of each input, by the names of their sizes."""
    found: dict[str, Any] = {}

    def dim(size: Any) -> Any:
        name = str(size)
        return found.setdefault(name, torch.export.Dim(name, min=1 if name == "batch" else least))

    return (
        tuple(
            {axis: dim(size) for axis, size in enumerate(aval.shape) if _jax.is_symbolic_dim(size)}
            for aval in inference.inputs
        ),
    )


# --- loops and branches as operators of PyTorch ---------------------------------------------------------------------


def _own(values: Sequence[Tensor]) -> list[Tensor]:
    """Copies: what a loop's body gives must not be what it takes."""
    return [value.clone(memory_format=torch.contiguous_format) for value in values]


def _scan(*operands: Tensor, jaxpr: _jax.ClosedJaxpr, length: Any, reverse: bool, num_consts: int,
          num_carry: int) -> list[Tensor]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry, rows = operands[:num_consts], operands[num_consts:split], operands[split:]
    given = len(rows)
    along = [x.flip(0) if reverse else x for x in rows] or [torch.arange(length)]

    def body(*values: Tensor) -> list[Tensor]:
        own, other = values[: num_carry + given], values[num_carry + len(along) :]
        return _own(_run(jaxpr, [*other, *own]))

    results = list(scan_op(body, _own(carry), along, tuple(constants)))
    return [*results[:num_carry], *(y.flip(0) if reverse else y for y in results[num_carry:])]


def _while(*operands: Tensor, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Tensor]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    state = operands[split:]

    def test(*values: Tensor) -> Tensor:
        return _run(cond_jaxpr, [*values[len(state) :][:cond_nconsts], *values[: len(state)]])[0]

    def body(*values: Tensor) -> tuple[Tensor, ...]:
        return tuple(_own(_run(body_jaxpr, [*values[len(state) :][cond_nconsts:], *values[: len(state)]])))

    return list(while_loop_op(test, body, tuple(_own(state)), tuple(operands[:split])))


def _cond(index: Tensor, *operands: Tensor, branches: Sequence[_jax.ClosedJaxpr]) -> list[Tensor]:
    def branch(closed: _jax.ClosedJaxpr) -> Callable:
        return lambda *values: tuple(_own(_run(closed, values)))

    def others(*values: Tensor) -> tuple[Tensor, ...]:
        return tuple(_cond(values[0], *values[1:], branches=branches[:-1]))

    if len(branches) == 1:
        return _run(branches[0], operands)
    last = len(branches) - 1
    return list(cond_op(index >= last, lambda _, *values: branch(branches[last])(*values), others, (index, *operands)))


_LOOPS: dict[str, Callable] = {"scan": _scan, "while": _while, "cond": _cond}
