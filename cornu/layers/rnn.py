"""The recurrent layer: any cell, stepped over a sequence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import jax
import jax.numpy as jnp

from cornu import dtypes, registry, symbolic, tree
from cornu import variables as state
from cornu.errors import explain
from cornu.kernels import recurrent
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.layers.recurrent_cells import GatedCell
from cornu.layers.stepping import agree, inner_layers, with_losses
from cornu.registry import register
from cornu.signature import Domain, boolean, named_parameters
from cornu.variables import Variable


def _is_cell(value: Any) -> bool:
    return registry.is_config(value) or (callable(getattr(value, "call", None)) and hasattr(value, "state_size"))


_cell = Domain("a cell, with `call(inputs, states)` and `state_size`", _is_cell)
_cells = Domain("a list of cells", lambda v: isinstance(v, (list, tuple)) and len(v) > 0 and all(map(_is_cell, v)))
_cell_or_cells = Domain(f"{_cell.words}, or a list of them", lambda v: _cell.test(v) or _cells.test(v))


def _made(cell: Any) -> Any:
    return registry.deserialize(cell) if registry.is_config(cell) else cell


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    return size if size is not None else tree.flatten(cell.state_size)[0]


def _zero_states(cell: Any, batch_size: Any, dtype: str) -> list:
    """The states with which a cell begins: those it gives, else zeros of its `state_size`."""
    if hasattr(cell, "get_initial_state"):
        states = cell.get_initial_state(batch_size=batch_size)
    else:
        sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
        shapes = [(batch_size, *(size if isinstance(size, (list, tuple)) else [size])) for size in sizes]
        states = [jnp.zeros(shape, dtypes.numpy_dtype(dtype)) for shape in shapes]
    return list(states) if isinstance(states, (list, tuple)) else [states]


def _build_cell(cell: Any, step_shape: tuple) -> None:
    """Builds a cell for the shape of one step; where it has no `build`, a step is traced for its inner layers' sake."""
    if not isinstance(cell, Layer) or cell.built:
        return
    if type(cell).build is not Layer.build:
        cell.build(step_shape)
    else:
        step = symbolic.KerasTensor(step_shape)
        symbolic.infer(lambda x: cell(x, _zero_states(cell, x.shape[0], cell.compute_dtype)), (step,))


def _call_cell(cell: Any, inputs: Any, states: Any, training: Any) -> tuple[Any, Any]:
    run: Callable = cell if callable(cell) else cell.call
    takes = "training" in inspect.signature(cell.call).parameters
    return run(inputs, states, **({"training": training} if takes else {}))


@register("layer")
class StackedRNNCells(Layer):
    """Cells of which each takes the output of the one before, as one cell.

    Args:
        cells: the cells, the first one first.

    Its states are a list of the cells' states. Raises ValueError for something that is no list of cells.

    >>> import numpy as np
    >>> from cornu.layers.recurrent_cells import GRUCell, LSTMCell
    >>> RNN(StackedRNNCells([GRUCell(3), LSTMCell(5)]))(np.ones((2, 4, 6))).shape
    (2, 5)
    """

    domains = {"cells": _cells}

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = [_made(cell) for cell in cells]

    @property
    def state_size(self) -> list:
        """The sizes of the cells' states."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list:
        """The states with which each cell begins."""
        return [_zero_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Builds the cells."""
        for cell in self.cells:
            _build_cell(cell, tuple(input_shape))
            input_shape = (input_shape[0], _output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list]:
        """The output of the last cell, and the new states of each."""
        new_states = []
        for cell, own in zip(self.cells, states, strict=True):
            inputs, new = _call_cell(cell, inputs, own, training)
            new_states.append(new)
        return inputs, new_states


class CarriedStates:
    """The states of a stateful layer between calls: variables that a training loop carries, and files leave out."""

    def __init__(self, states: Any) -> None:
        self.variables = tree.map(lambda value: Variable(value, trainable=False, name="rnn_state"), states)

    def assign(self, states: Any) -> None:
        """Sets the values."""
        for variable, value in zip(tree.walk(self.variables), tree.flatten(states), strict=True):
            variable.assign(value)


@register("layer")
class RNN(Layer):
    """A cell over the steps of a sequence: (batch, time, ...) -> (batch, output_size), the last step's output

    Args:
        cell: an object with `call(inputs, states) -> output, new_states` (it may take `training`), `state_size` (an
            integer, or a list of one per state) and, where it isn't the first state's size, `output_size`; it may have
            `get_initial_state(batch_size)`. A list of cells is stacked.
        return_sequences: whether all outputs are returned: (batch, time, output_size).
        return_state: whether the last states are returned, after the output.
        go_backwards: whether the last step comes first; so it does in the outputs.
        stateful: whether a batch begins with the states in which the one before ended, sample by sample. The batch
            size must then be fixed. `reset_state()` sets them to 0.
        unroll: whether the program has a copy of the step for each time instead of a loop.
        zero_output_for_mask: whether, in a sequence of outputs, those of masked steps are 0.

    Call: layer(sequences, initial_state=None, mask=None, training=False); `initial_state` is a tensor, or a list of
    one per state. On a masked step a sample keeps its states, and its output is repeated. A mask may have more axes
    than (batch, time): a step counts where any entry does.

    A cell may be a layer with variables, dropout, and anything else that changes state: changes go from step to step.
    Raises ValueError for a cell without `call` or `state_size`, and for states and masks that don't fit the sequences.
    Differences from Keras: states, masks and batch sizes that don't fit are refused, where Keras broadcasts; the mask
    of a sequence that ran backwards is turned round with it; a repeated output is the output, not the first state;
    with `zero_output_for_mask`, the last output alone is still the last one that counts; the states of a stateful layer
    are carried by compiled training.

    >>> import numpy as np
    >>> class Sum(Layer):
    ...     state_size = 3
    ...     def call(self, inputs, states):
    ...         return inputs + states[0], [inputs + states[0]]
    >>> RNN(Sum())(np.ones((1, 4, 3))).tolist()
    [[4.0, 4.0, 4.0]]
    """

    domains = {
        "cell": _cell_or_cells,
        **dict.fromkeys(
            ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask"), boolean
        ),
    }

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else _made(cell)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.unroll, self.zero_output_for_mask = stateful, unroll, zero_output_for_mask
        sizes = self.cell.state_size
        self.state_size = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)
        self._carried: CarriedStates | None = None

    def build(self, sequences_shape: Sequence[int | None], initial_state_shape: Any = None) -> None:
        """Builds the cell, and makes the states that a stateful layer carries."""
        _build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            if sequences_shape[0] is None:
                raise ValueError(
                    explain(
                        f"Layer {self.name!r} is stateful, so the size of its batches must be known.",
                        expected="a shape (batch, time, ...) with a batch size",
                        got=tuple(sequences_shape),
                        fix="Pass batch_size to Input.",
                    )
                )
            with jax.ensure_compile_time_eval():  # building may happen while the layer is traced
                self._carried = CarriedStates(self.get_initial_state(sequences_shape[0]))

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The outputs, and the last states where they are wanted."""
        states = self._first_states(sequences, initial_state)
        inputs, counts = jnp.swapaxes(sequences, 0, 1), self._time_major(mask, sequences)
        if self.go_backwards:
            inputs, counts = inputs[::-1], None if counts is None else counts[::-1]
        outputs, states = self._over_time(
            self.cell,
            inputs,
            states,
            training,
            mask=counts,
            sequences=self.return_sequences,
            zero_masked=self.zero_output_for_mask,
            unroll=self.unroll,
        )
        outputs, states = tree.map(lambda x: x.astype(self.compute_dtype), (outputs, states))
        if self._carried is not None:
            self._carried.assign(states)
        if self.return_sequences:
            outputs = jnp.swapaxes(outputs, 0, 1)
        return (outputs, *states) if self.return_state else outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the sequence of outputs; a state has none."""
        masks = tree.flatten(mask)
        found = masks[0] if masks and self.return_sequences else None
        if found is not None and self.go_backwards:
            found = found[:, ::-1]
        return [found, *[None] * len(self.state_size)] if self.return_state else found

    # States ----------------------------------------------------------------------------------------------------------

    def get_initial_state(self, batch_size: Any) -> list:
        """The states with which a sequence begins."""
        return _zero_states(self.cell, batch_size, getattr(self.cell, "compute_dtype", self.compute_dtype))

    @property
    def states(self) -> Any:
        """The variables that hold the states of a stateful layer; None before it is built, and for others."""
        return None if self._carried is None else self._carried.variables

    def _own_state(self) -> list[Variable]:
        return [*super()._own_state(), *tree.walk(self.states or [])]

    def reset_state(self, states: Any = None) -> None:
        """Sets the states of a stateful layer: to zeros, or to `states`."""
        if self._carried is not None:
            self._carried.assign(tree.map(jnp.zeros_like, self.states) if states is None else states)

    reset_states = reset_state

    def _first_states(self, sequences: Any, given: Any) -> Any:
        """The states with which a call begins."""
        expected = self.get_initial_state(sequences.shape[0])
        given = self.states if given is None else given
        if given is None:
            return expected
        leaves, structure = tree.flatten_with(expected)
        found = list(map(jnp.asarray, tree.flatten(given)))
        shapes, wanted = ([leaf.shape for leaf in some] for some in (found, leaves))
        if not agree(shapes, wanted):
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: argument `initial_state` doesn't fit the sequences.",
                    expected=f"state(s) of shape {', '.join(map(str, wanted))}",
                    got=f"state(s) of shape {', '.join(map(str, shapes))}",
                    fix="A stateful layer keeps the batch size with which it was built." if self.stateful else None,
                )
            )
        return tree.unflatten(structure, [f.astype(leaf.dtype) for f, leaf in zip(found, leaves, strict=True)])

    def _time_major(self, mask: Any, sequences: Any) -> Any:
        """The mask as (time, batch), boolean; None for none."""
        masks = tree.flatten(mask)
        if not masks:
            return None
        if masks[0].ndim < 2 or not agree([masks[0].shape[:2]], [sequences.shape[:2]]):
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: argument `mask` doesn't fit the sequences.",
                    expected=f"a mask of shape (batch, time) = {sequences.shape[:2]}",
                    got=f"shape {masks[0].shape}",
                )
            )
        counts = masks[0].astype(bool)
        return jnp.swapaxes(jnp.any(counts, axis=tuple(range(2, counts.ndim))), 0, 1)

    # Steps -----------------------------------------------------------------------------------------------------------

    def _over_time(self, cell: Any, inputs: Any, states: Any, training: Any, **how: Any) -> tuple[Any, Any]:
        """A cell over all steps. A stack goes cell by cell, each over the outputs of the one before."""
        if isinstance(cell, StackedRNNCells) and type(cell).call is StackedRNNCells.call:
            new_states = []
            for inner, own in zip(cell.cells[:-1], states[:-1], strict=True):
                between = {**how, "sequences": True, "zero_masked": False}
                inputs, new = self._over_time(inner, inputs, own, training, **between)
                new_states.append(new)
            outputs, new = self._over_time(cell.cells[-1], inputs, states[-1], training, **how)
            return outputs, [*new_states, new]
        known = isinstance(cell, GatedCell) and type(cell).call is GatedCell.call
        if known and cell.activity_regularizer is None:
            with state.autocast(cell._autocast_dtype):
                return cell.over_time(cell._cast(inputs), states, training, **how)
        return self._step_by_step(cell, inputs, states, training, **how)

    def _step_by_step(self, cell: Any, inputs: Any, states: Any, training: Any, **how: Any) -> tuple[Any, Any]:
        """Any cell over all steps; its losses are added up."""
        leaves, structure = tree.flatten_with(states)
        call = with_losses(lambda now, states: _call_cell(cell, now, states, training), cell)

        def step(now: Any, states: Any) -> tuple[Any, Any, list]:
            (output, new), losses = call(now, states)
            return output, self._same_form(new, leaves, structure), losses

        with ExitStack() as stack:
            for part in inner_layers(cell):
                if isinstance(part, GatedCell):
                    stack.enter_context(part.dropping(inputs.shape[1], training))
            outputs, states, losses = recurrent.loop(step, inputs, states, **how)
        self.add_loss([jnp.sum(loss) for loss in losses])
        return outputs, states

    def _same_form(self, new: Any, leaves: list, structure: Any) -> Any:
        """The states that a cell gave, in the form of those that it got."""
        found = tree.flatten(new)
        if [leaf.shape for leaf in found] != [leaf.shape for leaf in leaves]:
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: the cell's new states have another form than its states.",
                    expected=f"shapes {[leaf.shape for leaf in leaves]}",
                    got=f"shapes {[leaf.shape for leaf in found]}",
                )
            )
        return tree.unflatten(structure, [f.astype(leaf.dtype) for f, leaf in zip(found, leaves, strict=True)])


class OwnCellRNN(RNN):
    """The base of the layers that make their own cell; what this was made with are attributes of the layer, too."""

    def _set_cell(self, make: type, given: dict[str, Any], others: dict[str, Any]) -> None:
        """Makes the cell of the arguments that have the same names, then the layer of the rest."""
        own = {name: given[name] for name in named_parameters(make) if name in given}
        own |= {name: others.pop(name) for name in ("implementation",) if name in others}
        own |= {name: others[name] for name in ("dtype", "trainable") if name in others}
        rest = {name: given[name] for name in named_parameters(RNN) if name in given}
        cell = make(**own, name=registry.snake_case(make.__name__))
        super().__init__(cell, **rest, activity_regularizer=given["activity_regularizer"], **others)

    def __getattr__(self, name: str) -> Any:
        cell = vars(self).get("cell")
        if cell is None or name not in (*named_parameters(type(cell)), "implementation"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(cell, name)

    def _config_names(self, cls: type) -> list[str]:
        return [*(name for name in super()._config_names(cls) if name != "use_cudnn"), "zero_output_for_mask"]
