"""Loops over steps and elements: `rnn`, folds and `map_fn`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from cornu import tree
from cornu.compat.backend.offering import offer
from cornu.kernels import recurrent
from cornu.symbolic import as_array, op


@offer()
@op
def rnn(
    step_function: Callable,
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, list]:
    """Runs `step_function(input, states + constants) -> output, new_states` over the time of (samples, time, ...).

    Args:
        initial_states: the states of the first step.
        go_backwards: whether the last step comes first, in the outputs too.
        mask: (samples, time), perhaps with a last axis of 1: on a step that doesn't count, a sample keeps its states
            and its output is repeated.
        constants: tensors that are given to each step after the states.
        unroll: whether the program has a copy of the step for each time instead of a loop.
        input_length: says nothing; the inputs have a shape.
        time_major: whether inputs, outputs and mask have the time first.
        zero_output_for_mask: whether an output of a step that doesn't count is 0.
        return_all_outputs: whether all outputs are wanted; else only the last one.

    Returns the last output, all outputs (samples, time, ...), and the last states.
    """
    inputs = tree.map(as_array, inputs)
    fixed = [as_array(value) for value in constants or ()]
    mask = None if mask is None else jnp.asarray(as_array(mask), bool)
    if mask is not None and mask.ndim == 3:
        mask = mask[:, :, 0]

    def turn(x: Any) -> Any:
        x = x if time_major else jnp.swapaxes(x, 0, 1)
        return x[::-1] if go_backwards else x

    def step(x: Any, states: list) -> tuple[Any, Any, None]:
        output, new = step_function(x, [*states, *fixed])
        return as_array(output), [as_array(state) for state in new], None

    outputs, states, _ = recurrent.loop(
        step,
        tree.map(turn, inputs),
        [as_array(state) for state in initial_states],
        None if mask is None else turn(mask),
        zero_masked=zero_output_for_mask,
        unroll=unroll,
    )
    last = outputs[-1]
    outputs = outputs if return_all_outputs else last[None]
    return last, outputs if time_major else jnp.swapaxes(outputs, 0, 1), list(states)


@offer()
@op
def map_fn(fn: Callable, elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """fn of each entry of the first axis, stacked"""
    _, results = recurrent.scan(lambda carry, x: (carry, fn(x)), None, tree.map(as_array, elems))
    return results if dtype is None else tree.map(lambda value: value.astype(dtype), results)


def _fold(fn: Callable, elems: Any, initializer: Any, order: int) -> Any:
    elems = tree.map(lambda x: as_array(x)[::order], elems)
    if initializer is None:
        initializer, elems = tree.map(lambda x: x[0], elems), tree.map(lambda x: x[1:], elems)
    start = tree.map(as_array, initializer)

    def step(carry: Any, x: Any) -> tuple[Any, None]:
        return tree.map(lambda new, old: as_array(new).astype(old.dtype), fn(carry, x), carry), None

    return recurrent.scan(step, start, elems)[0]


@offer()
@op
def foldl(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """fn(... fn(fn(initializer, elems[0]), elems[1]) ..., elems[-1]); without `initializer`, from elems[0] on"""
    return _fold(fn, elems, initializer, 1)


@offer()
@op
def foldr(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """fn(... fn(fn(initializer, elems[-1]), elems[-2]) ..., elems[0]); without `initializer`, from elems[-1] on"""
    return _fold(fn, elems, initializer, -1)
