"""Recurrence: the one loop over time, and the three classical cells with gradients of their own.

Sequences are time-major here: (time, batch, ...). A mask, (time, batch) and boolean, says which steps count: on the
others a sample keeps its states, and its output is the last one that counted, or 0.

`loop` runs any step. `simple`, `lstm` and `gru` compute the same as `loop` would, faster: their backward pass keeps
the gates of every step and computes the weights' gradient after the loop, in one product over all steps, while the
derivative of a scan adds up a product at each. Input and state are joined, so that a step is one product; taking the
input's share out of the loop as well costs more in memory traffic than it saves on CPUs, except for the GRU, whose
reset gate keeps the two apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from cornu import activations, tree
from cornu.variables import Scope, Variable, autocast, functional

# Any step ------------------------------------------------------------------------------------------------------------


def loop(
    step: Callable[[Any, Any], tuple[Any, Any, Any]],
    inputs: Any,
    states: Any,
    mask: jax.Array | None = None,
    sequences: bool = True,
    zero_masked: bool = False,
    unroll: bool = False,
) -> tuple[Any, Any, Any]:
    """Runs `step(input, states) -> (output, states, aside)` over time.

    Gives the outputs of all steps, or with `sequences=False` the last one; the last states; and what the steps put
    aside, stacked. An output of None means the first state. `zero_masked`: in a sequence, outputs of steps that don't
    count are 0. `unroll`: without a loop in the compiled program. The step may read and write variables.

    >>> total = lambda x, states: (None, [states[0] + x], None)
    >>> outputs, (last,), _ = loop(total, jnp.array([[1.0], [2.0], [4.0]]), [jnp.zeros(1)])
    >>> outputs[:, 0].tolist(), last.tolist()
    ([1.0, 3.0, 7.0], [7.0])
    """

    def body(carry: Any, now: Any) -> tuple[Any, Any]:
        (states, last), (x, counts) = carry, now
        output, new, aside = step(x, states)
        states = tree.map(functools.partial(_choose, counts), new, states)
        last = None if output is None else _choose(counts, output, last)
        shown = tree.flatten(states)[0] if last is None else last
        if counts is not None and zero_masked:
            shown = _choose(counts, shown, jnp.zeros_like(shown))
        return (states, last), (shown if sequences else None, aside)

    with Scope() as scope:
        output, *_ = jax.eval_shape(step, _first(inputs), states)
    start = None if output is None else _before_the_first(output, tree.flatten(states)[0])
    written = list(scope.written.values())
    (states, last), (outputs, aside) = _scan(body, (states, start), (inputs, mask), unroll, written)
    if not sequences:
        outputs = tree.flatten(states)[0] if last is None else last
    return outputs, states, aside


def scan(body: Callable, carry: Any, xs: Any, unroll: bool | int = 1) -> tuple[Any, Any]:
    """`jax.lax.scan` of a body that may read and write variables: what one step writes, the next one reads.

    >>> from cornu.variables import Variable
    >>> v = Variable(0.0)
    >>> _ = scan(lambda carry, x: (v.assign_add(x), None), None, jnp.arange(4.0))
    >>> float(v)
    6.0
    """
    with Scope() as scope:
        jax.eval_shape(body, carry, _first(xs))
    return _scan(body, carry, xs, unroll, list(scope.written.values()))


def _scan(body: Callable, carry: Any, xs: Any, unroll: bool | int, written: list[Variable]) -> tuple[Any, Any]:
    pure = functional(body, written)

    def step(carry: Any, x: Any) -> tuple[Any, Any]:
        carry, values = carry
        (carry, y), values = pure(values, carry, x)
        return (carry, values), y

    with autocast(None):
        values = tuple(variable.value for variable in written)
    (carry, values), ys = lax.scan(step, (carry, values), xs, unroll=unroll)
    for variable, value in zip(written, values, strict=True):
        variable.assign(value)
    return carry, ys


def _first(xs: Any) -> Any:
    return tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), xs)


def _before_the_first(output: jax.ShapeDtypeStruct, state: Any) -> Any:
    """What stands for the output of a step before the first: the first state where it has the form of one."""
    same = (state.shape, state.dtype) == (output.shape, output.dtype)
    return state if same else jnp.zeros(output.shape, output.dtype)


def _choose(counts: Any, new: Any, old: Any) -> Any:
    """`new` for the samples that count, else `old`; None: all count."""
    if counts is None:
        return new
    return jnp.where(jnp.reshape(counts, counts.shape + (1,) * (new.ndim - 1)), new, old)


# Cells with gradients of their own -----------------------------------------------------------------------------------

SLOPES: dict[Callable, Callable] = {
    activations.tanh: lambda y: 1 - y * y,
    activations.sigmoid: lambda y: y * (1 - y),
    activations.relu: lambda y: (y > 0).astype(y.dtype),
    activations.linear: jnp.ones_like,
}
"""The derivatives of activations as functions of their values: those that `simple`, `lstm` and `gru` take."""


class Cell(NamedTuple):
    """A cell whose states are the output h, and maybe more.

    forward: (sum, extra, states) -> states, saved. The sum is [x, h] · kernel + bias, or h · kernel + bias.
    backward: (saved, h, gradients of the new states) -> gradients of sum, extra and states, that by the sum left out.
    """

    forward: Callable
    backward: Callable


@functools.cache
def _simple(activation: Callable) -> Cell:
    slope = SLOPES[activation]

    def forward(total: Any, extra: None, states: Any) -> Any:
        h = activation(total)
        return (h,), h

    def backward(saved: Any, h: Any, gradients: Any) -> Any:
        return gradients[0] * slope(saved), None, (jnp.zeros_like(h),)

    return Cell(forward, backward)


@functools.cache
def _lstm(activation: Callable, gate: Callable) -> Cell:
    slope, gate_slope = SLOPES[activation], SLOPES[gate]

    def forward(total: Any, extra: None, states: Any) -> Any:
        i, f, g, o = jnp.split(total, 4, axis=-1)
        i, f, g, o = gate(i), gate(f), activation(g), gate(o)
        c = f * states[1] + i * g
        return (o * activation(c), c), (i, f, g, o, states[1])

    def backward(saved: Any, h: Any, gradients: Any) -> Any:
        i, f, g, o, c = saved
        shown = activation(f * c + i * g)
        dh, dc = gradients
        dc = dc + dh * o * slope(shown)
        parts = [dc * g * gate_slope(i), dc * c * gate_slope(f), dc * i * slope(g), dh * shown * gate_slope(o)]
        return jnp.concatenate(parts, axis=-1), None, (jnp.zeros_like(h), dc * f)

    return Cell(forward, backward)


@functools.cache
def _gru(activation: Callable, gate: Callable) -> Cell:
    slope, gate_slope = SLOPES[activation], SLOPES[gate]

    def forward(total: Any, extra: Any, states: Any) -> Any:
        (mz, mr, mg), (xz, xr, xg), (h,) = jnp.split(total, 3, axis=-1), jnp.split(extra, 3, axis=-1), states
        z, r = gate(xz + mz), gate(xr + mr)
        g = activation(xg + r * mg)
        return (z * h + (1 - z) * g,), (z, r, g, mg)

    def backward(saved: Any, h: Any, gradients: Any) -> Any:
        (z, r, g, mg), (dh,) = saved, gradients
        dg = dh * (1 - z) * slope(g)
        dz, dr = dh * (h - g) * gate_slope(z), dg * mg * gate_slope(r)
        return jnp.concatenate([dz, dr, dg * r], axis=-1), jnp.concatenate([dz, dr, dg], axis=-1), (dh * z,)

    return Cell(forward, backward)


def simple(
    inputs: Any, states: Sequence[Any], kernel: Any, recurrent_kernel: Any, bias: Any, activation: Callable, **how: Any
) -> tuple[Any, list]:
    """h = activation(x · kernel + h · recurrent_kernel + bias) over time; gives outputs and last states like `loop`.

    `how`: `mask`, `sequences`, `zero_masked`, `unroll`, as in `loop`.
    """
    kernel = jnp.concatenate([kernel, recurrent_kernel])
    return _run(_simple(activation), inputs, None, kernel, bias, states, **how)


def lstm(
    inputs: Any,
    states: Sequence[Any],
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    activation: Callable,
    recurrent_activation: Callable,
    **how: Any,
) -> tuple[Any, list]:
    """i, f, g, o = split(x · kernel + h · recurrent_kernel + bias); c = gate(f) c + gate(i) act(g); h = gate(o) act(c)

    `how`: as in `simple`.
    """
    kernel = jnp.concatenate([kernel, recurrent_kernel])
    return _run(_lstm(activation, recurrent_activation), inputs, None, kernel, bias, states, **how)


def gru(
    inputs: Any,
    states: Sequence[Any],
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    recurrent_bias: Any,
    activation: Callable,
    recurrent_activation: Callable,
    **how: Any,
) -> tuple[Any, list]:
    """z, r = gates; g = activation(x · kernel + bias + r (h · recurrent_kernel + recurrent_bias)); h = z h + (1 - z) g

    The reset gate r acts after the product (`reset_after`). `how`: as in `simple`.
    """
    extra = inputs @ kernel if bias is None else inputs @ kernel + bias
    cell = _gru(activation, recurrent_activation)
    return _run(cell, None, extra, recurrent_kernel, recurrent_bias, states, **how)


def _run(
    cell: Cell,
    x: Any,
    extra: Any,
    kernel: Any,
    bias: Any,
    states: Sequence[Any],
    mask: Any = None,
    sequences: bool = True,
    zero_masked: bool = False,
    unroll: bool = False,
) -> tuple[Any, list]:
    outputs, states = _compiled(cell, sequences, unroll, x, extra, kernel, bias, tuple(states), mask)
    if sequences and zero_masked and mask is not None:
        outputs = jnp.where(mask[..., None], outputs, jnp.zeros_like(outputs))
    return outputs if sequences else states[0], list(states)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _recur(
    cell: Cell, sequences: bool, unroll: bool, x: Any, extra: Any, kernel: Any, bias: Any, states: tuple, mask: Any
) -> tuple[Any, tuple]:
    def step(states: tuple, now: Any) -> tuple[tuple, Any]:
        states, _ = _advance(cell, kernel, bias, states, *now)
        return states, states[0] if sequences else None

    states, outputs = lax.scan(step, states, (x, extra, mask), unroll=unroll)
    return outputs, states


_compiled = jax.jit(_recur, static_argnums=(0, 1, 2), inline=True)  # so that a call outside of any trace is fast, too


def _advance(cell: Cell, kernel: Any, bias: Any, states: tuple, x: Any, extra: Any, counts: Any) -> tuple[tuple, Any]:
    """One step: the new states, and what the backward pass needs."""
    joined = states[0] if x is None else jnp.concatenate([x, states[0]], axis=-1)
    total = joined @ kernel if bias is None else joined @ kernel + bias
    new, saved = cell.forward(total, extra, states)
    return tuple(_choose(counts, n, old) for n, old in zip(new, states, strict=True)), (joined, saved)


def _forward(
    cell: Cell, sequences: bool, unroll: bool, x: Any, extra: Any, kernel: Any, bias: Any, states: tuple, mask: Any
) -> tuple[Any, Any]:
    def step(states: tuple, now: Any) -> tuple[tuple, Any]:
        states, saved = _advance(cell, kernel, bias, states, *now)
        return states, (states[0] if sequences else None, saved)

    states, (outputs, saved) = lax.scan(step, states, (x, extra, mask), unroll=unroll)
    return (outputs, states), (saved, kernel, bias, mask)


def _backward(cell: Cell, sequences: bool, unroll: bool, kept: Any, gradients: Any) -> tuple:
    (joined, saved), kernel, bias, mask = kept
    outputs, states = gradients
    features = kernel.shape[0] - states[0].shape[-1]

    def step(states: tuple, now: Any) -> tuple[tuple, Any]:
        joined, saved, counts, output = now
        if output is not None:
            states = (states[0] + output, *states[1:])
        used = tuple(_choose(counts, s, jnp.zeros_like(s)) for s in states)
        total, extra, earlier = cell.backward(saved, joined[..., features:], used)
        earlier = (earlier[0] + total @ kernel[features:].T, *earlier[1:])
        return tuple(_choose(counts, e, s) for e, s in zip(earlier, states, strict=True)), (total, extra)

    states, (total, extra) = lax.scan(step, states, (joined, saved, mask, outputs), reverse=True, unroll=unroll)
    return (
        total @ kernel[:features].T if features else None,
        extra,
        joined.reshape(-1, joined.shape[-1]).T @ total.reshape(-1, total.shape[-1]),
        None if bias is None else jnp.sum(total, axis=(0, 1)),
        states,
        None,
    )


_recur.defvjp(_forward, _backward)
