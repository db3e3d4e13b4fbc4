"""Convolutions rewritten for the CPU compute what XLA's own do, forward and in both gradients, over shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornu import _jax
from cornu.engines import cpu_convolution
from cornu.kernels.conv import conv, conv_transpose
from cornu.program import show

SEED = 0


def values(*shape):
    return jnp.asarray(np.random.default_rng(SEED).normal(size=shape), "float32")


def programs(x, kernel, **how):
    """The forward pass, and the gradients by inputs and kernel, as programs, with their inputs."""
    forward = lambda x, kernel: conv(x, kernel, **how)  # noqa: E731
    gradient = values(*forward(x, kernel).shape)
    by_inputs = lambda kernel, g: jax.linear_transpose(lambda x: forward(x, kernel), x)(g)  # noqa: E731
    by_kernel = lambda x, g: jax.linear_transpose(lambda kernel: forward(x, kernel), kernel)(g)  # noqa: E731
    for function, inputs in ((forward, (x, kernel)), (by_inputs, (kernel, gradient)), (by_kernel, (x, gradient))):
        yield jax.make_jaxpr(function)(*inputs), inputs


def names(closed):
    """The formulations of the convolutions in a program."""
    return [
        cpu_convolution.formulation(cpu_convolution.Geometry.of(equation)).__name__
        for equation in closed.jaxpr.eqns
        if equation.primitive.name == "conv_general_dilated"
    ]


def compare(closed, inputs):
    wanted = jax.jit(_jax.as_function(closed))(*inputs)
    found = jax.jit(_jax.as_function(cpu_convolution.rewrite(closed)))(*inputs)
    for a, b in zip(found, wanted, strict=True):
        scale = float(jnp.max(jnp.abs(b), initial=1e-6))
        np.testing.assert_allclose(a / scale, b / scale, atol=2e-6)


# Inputs, kernel, arguments, and the formulations of the forward pass and of the gradients by inputs and by kernel.
CASES = {
    "plain": ((4, 9, 8, 5), (3, 3, 5, 8), {}, ["apply", "apply", "apply"]),
    "few inputs": ((4, 9, 8, 3), (3, 3, 3, 8), {"padding": "same"}, ["_each_input", "apply", "apply"]),
    "few inputs, strides": ((4, 9, 8, 2), (3, 2, 2, 8), {"strides": 2}, ["_each_input", "apply", "apply"]),
    "few inputs, dilation": ((4, 9, 8, 1), (3, 3, 1, 8), {"dilation": 2}, ["_each_input", "apply", "apply"]),
    "few outputs": ((4, 9, 8, 8), (3, 3, 8, 1), {}, ["apply", "_each_input", "apply"]),
    "one place": ((4, 6, 5, 8), (1, 1, 8, 12), {}, ["apply", "apply", "_one_result"]),
    "one place, strides": ((4, 6, 5, 8), (1, 1, 8, 12), {"strides": 2}, ["apply", "_by_phases", "_one_result"]),
    "strides": ((4, 9, 8, 8), (3, 3, 8, 8), {"strides": 2, "padding": "same"}, ["apply", "_by_phases", "apply"]),
    "uneven strides": ((6, 9, 11, 9), (4, 2, 9, 3), {"strides": (1, 3)}, ["apply", "_by_phases", "apply"]),
    "window below strides": ((6, 9, 11, 9), (1, 2, 9, 3), {"strides": 3}, ["apply", "_by_phases", "apply"]),
    "strides, few channels": ((6, 8, 8, 5), (3, 3, 5, 8), {"strides": 2}, ["apply", "apply", "apply"]),
    "depthwise": (
        (3, 7, 6, 5),
        (3, 2, 1, 5),
        {"groups": 5, "padding": "same"},
        ["_each_channel", "_each_channel", "apply"],
    ),
    "depthwise, more outputs": ((3, 7, 6, 5), (3, 3, 1, 10), {"groups": 5}, ["_each_channel", "_group_by_group"]),
    "depthwise, strides": ((3, 7, 6, 4), (3, 3, 1, 4), {"groups": 4, "strides": 2}, ["_each_channel", "_by_phases"]),
    "depthwise, dilation": ((3, 9, 9, 4), (3, 3, 1, 4), {"groups": 4, "dilation": 2}, ["_each_channel"] * 2),
    "groups": ((3, 7, 6, 6), (3, 3, 2, 9), {"groups": 3}, ["_group_by_group"] * 3),
    "groups, strides": ((3, 7, 6, 6), (3, 3, 2, 9), {"groups": 3, "strides": 2}, ["_group_by_group", "_by_phases"]),
    "channels first": ((3, 5, 7, 6), (3, 2, 1, 5), {"groups": 5, "data_format": "channels_first"}, ["_each_channel"]),
    "one axis": ((3, 12, 4), (5, 1, 4), {"groups": 4, "padding": ((4, 0),)}, ["_each_channel"] * 2),
    "three axes": ((2, 5, 6, 7, 3), (3, 2, 3, 3, 8), {"padding": "same"}, ["_by_planes"] * 3),
    "three axes, dilation": ((2, 7, 6, 7, 5), (3, 2, 2, 5, 8), {"dilation": 2}, ["_by_planes"] * 3),
    "three axes, strides": ((2, 7, 6, 7, 9), (3, 2, 2, 9, 8), {"strides": 2}, ["_by_planes", "_by_phases"]),
    "three axes, first": ((2, 5, 5, 6, 7), (2, 2, 2, 5, 8), {"data_format": "channels_first"}, ["_by_planes"] * 3),
}


QUICK = ("plain", "few inputs", "one place, strides", "depthwise", "depthwise, strides", "groups", "three axes")


@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES])
def test_case(case):
    shape, kernel, how, wanted = CASES[case]
    found = []
    for closed, inputs in programs(values(*shape), values(*kernel), **how):
        found += names(closed)
        compare(closed, inputs)
    assert found[: len(wanted)] == wanted


def test_every_formulation_has_a_case():
    wanted = {name for *_, names in CASES.values() for name in names}
    found = set()
    for shape, kernel, how, _ in CASES.values():
        for closed, _ in programs(values(*shape), values(*kernel), **how):
            found.update(names(closed))
    assert found >= {compute.__name__ for _, compute in cpu_convolution._FORMULATIONS}
    assert wanted <= found


def test_a_wrong_formulation_is_caught(monkeypatch):
    def reversed_window(g, x, kernel):
        return cpu_convolution._each_channel(g, x, jnp.flip(kernel, g.numbers.rhs_spec[2:]))

    monkeypatch.setattr(cpu_convolution, "formulation", lambda g: reversed_window)
    closed, inputs = next(programs(values(3, 7, 6, 5), values(3, 2, 1, 5), groups=5))
    with pytest.raises(AssertionError):
        compare(closed, inputs)


def test_a_transposed_convolution():
    function = lambda x, kernel: conv_transpose(x, kernel, 2, "same")  # noqa: E731
    inputs = (values(2, 5, 4, 3), values(3, 3, 8, 3))
    closed = jax.make_jaxpr(function)(*inputs)
    assert names(closed) == ["_by_phases"]
    compare(closed, inputs)


def test_convolutions_inside_of_a_loop_are_rewritten():
    def repeat(x, kernel):
        return jax.lax.fori_loop(0, 3, lambda i, x: jnp.tanh(conv(x, kernel, groups=4, padding="same")), x)

    inputs = (values(2, 6, 6, 4), values(3, 3, 1, 4))
    closed = jax.make_jaxpr(repeat)(*inputs)
    assert "conv_general_dilated" not in str(cpu_convolution.rewrite(closed))
    compare(closed, inputs)


def test_what_holds_other_programs_stays():
    def solve(a, b, x, kernel):
        chosen = jax.lax.cond(b[0] > 0, lambda x: conv(x, kernel, groups=4), lambda x: -conv(x, kernel, groups=4), x)
        return jnp.linalg.solve(a, b), chosen

    inputs = (2 * jnp.eye(3), values(3), values(2, 6, 6, 4), values(3, 3, 1, 4))
    closed = jax.make_jaxpr(solve)(*inputs)
    assert {"custom_linear_solve", "cond"} <= {equation.primitive.name for equation, _ in show.equations(closed)}
    compare(closed, inputs)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32"])
def test_dtypes_stay(dtype):
    with jax.enable_x64(dtype == "float64"):
        inputs = (values(2, 6, 6, 4).astype(dtype), values(3, 3, 1, 4).astype(dtype))
        closed = jax.make_jaxpr(lambda x, kernel: conv(x, kernel, groups=4))(*inputs)
        found = cpu_convolution.rewrite(closed)
        assert found.out_avals == closed.out_avals
        wanted = jax.jit(_jax.as_function(closed))(*inputs)[0].astype("float32")
        np.testing.assert_allclose(_jax.as_function(found)(*inputs)[0].astype("float32"), wanted, atol=0.01, rtol=0.01)


def test_nothing_to_compute_stays_nothing():
    inputs = (values(2, 4, 4, 0), values(1, 1, 0, 4))
    closed = jax.make_jaxpr(lambda x, kernel: conv(x, kernel))(*inputs)
    compare(closed, inputs)


@st.composite
def convolutions(draw):
    rank = draw(st.integers(1, 3))
    per_axis = lambda values: tuple(draw(st.sampled_from(values)) for _ in range(rank))  # noqa: E731
    groups = draw(st.sampled_from([1, 1, 2, 4]))
    inputs, outputs = groups * draw(st.sampled_from([1, 2, 9])), groups * draw(st.sampled_from([1, 3, 8]))
    window, dilation = per_axis([1, 2, 3]), per_axis([1, 1, 2])
    space = [n + (w - 1) * d for n, w, d in zip(per_axis([1, 4, 5]), window, dilation, strict=True)]
    first = draw(st.booleans())
    batch = draw(st.sampled_from([1, 2, 17]))
    return {
        "x": (batch, inputs, *space) if first else (batch, *space, inputs),
        "kernel": (*window, inputs // groups, outputs),
        "strides": per_axis([1, 1, 2, 3]),
        "padding": draw(st.sampled_from(["valid", "same", ((2, 1),) * rank])),
        "dilation": dilation,
        "groups": groups,
        "data_format": "channels_first" if first else "channels_last",
    }


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions())
def test_any_convolution(case):
    x, kernel = values(*case.pop("x")), values(*case.pop("kernel"))
    for closed, inputs in programs(x, kernel, **case):
        compare(closed, inputs)
