"""What is special to the engine TensorFlow: which operations convolutions become, fusing by XLA, values and state."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from case_table import assert_same
from jax import lax

from cornu import _jax
from cornu.engines.engine import get_engine
from cornu.program import islands, show
from cornu.program.lower import lower
from cornu.program.simplify import simplify
from cornu.program.trace import trace

tf = pytest.importorskip("tensorflow", reason="needs tensorflow: pip install 'cornu[tensorflow]'")

on_tensorflow = pytest.importorskip("cornu.engines.on_tensorflow")
ENGINE = on_tensorflow.ENGINE


def results(program, inputs, donate=()):
    return [ENGINE.get(value) for value in ENGINE.compile(program, donate)(*inputs)]


def assert_right(function, *arguments, donate=()):
    """The function's results are those of the reference engine."""
    program = trace(function, *arguments)
    flat = program.flatten(*arguments)
    assert_same(results(program, flat, donate), get_engine("reference").compile(program)(*flat))


# --- convolutions ---------------------------------------------------------------------------------------------------

NUMBERS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


def convolution(rank, stride=1, reach=1, groups=1, padding="SAME"):
    """A convolution and its gradients for inputs and kernel, and the two arrays."""
    random = np.random.default_rng(rank)
    x = random.normal(size=(2, *(7, 6, 5)[:rank], 2 * groups)).astype("float32")
    kernel = random.normal(size=(*(3, 2, 2)[:rank], 2, 4 * groups)).astype("float32")
    conv = partial(
        lax.conv_general_dilated,
        window_strides=(stride,) * rank,
        padding=padding,
        rhs_dilation=(reach,) * rank,
        dimension_numbers=NUMBERS[rank],
        feature_group_count=groups,
    )
    return lambda x, k: (conv(x, k), jax.grad(lambda x, k: jnp.sum(jnp.sin(conv(x, k))), (0, 1))(x, k)), x, kernel


def depthwise(stride=1, reach=1, multiplier=1):
    _, x, _ = convolution(2, stride, reach, groups=2)
    kernel = np.random.default_rng(1).normal(size=(3, 3, 1, 4 * multiplier)).astype("float32")
    conv = partial(lax.conv_general_dilated, window_strides=(stride,) * 2, padding="SAME", rhs_dilation=(reach,) * 2,
                   dimension_numbers=NUMBERS[2], feature_group_count=4)  # fmt: skip
    return lambda x, k: (conv(x, k), jax.grad(lambda x, k: jnp.sum(jnp.sin(conv(x, k))), (0, 1))(x, k)), x, kernel


def operations(function, *arguments):
    """The names of the operations of the graph that a function becomes."""
    program = trace(function, *arguments)
    jaxpr = simplify(lower(program)).jaxpr
    graph = tf.function(lambda *inputs: on_tensorflow.walk(jaxpr, inputs), autograph=False)
    inputs = [tf.constant(np.asarray(x)) for x in program.flatten(*arguments)]
    return {operation.type for operation in graph.get_concrete_function(*inputs).graph.get_operations()}


@pytest.mark.parametrize(
    "given, expected",
    [
        (convolution(1), {"Conv2D", "Conv2DBackpropFilter"}),
        (convolution(2), {"Conv2D", "Conv2DBackpropFilter"}),
        (convolution(2, stride=2), {"Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"}),
        (convolution(3, stride=2), {"Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"}),
        (convolution(2, reach=2), {"Conv2D", "MatMul"}),
        (depthwise(), {"DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropFilter"}),
        (depthwise(stride=2, multiplier=2), {"DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput",
                                             "DepthwiseConv2dNativeBackpropFilter"}),
    ],
)  # fmt: skip
def test_convolutions_and_gradients_are_the_operations_made_for_them(given, expected):
    found = operations(*given)
    found = {name for name in found if "Conv" in name or "MatMul" in name}
    assert {"MatMul" if "MatMul" in name else name for name in found} == expected
    assert_right(*given)


@pytest.mark.slow
@pytest.mark.parametrize("rank, groups", list(itertools.product((1, 2, 3), (1, 2))))
def test_convolutions_of_every_geometry(rank, groups):
    for stride, reach, padding in itertools.product((1, 2, 3), (1, 2), ("SAME", "VALID")):
        if padding == "SAME" or reach == 1:
            assert_right(*convolution(rank, stride, reach, groups, padding))


# --- fusing ---------------------------------------------------------------------------------------------------------


def called(jaxpr):
    """The numbers of equations of a gathered program: in each call, and apart."""
    calls = [eqn for eqn in jaxpr.jaxpr.eqns if eqn.primitive.name == "closed_call"]
    apart = [eqn.primitive.name for eqn in jaxpr.jaxpr.eqns if eqn.primitive.name != "closed_call"]
    return [len(eqn.params["call_jaxpr"].jaxpr.eqns) for eqn in calls], apart


def gathered(function, *arguments):
    return islands.gather(simplify(lower(trace(function, *arguments))).jaxpr, on_tensorflow._apart)


def test_a_program_without_convolutions_is_one_call():
    calls, apart = called(gathered(lambda x: jnp.tanh(x @ x.T).sum(0), np.ones((3, 3), "float32")))
    assert len(calls) == 1
    assert not apart


def test_calls_stand_between_convolutions():
    def network(x, kernel):
        conv = partial(lax.conv_general_dilated, window_strides=(1, 1), padding="SAME", dimension_numbers=NUMBERS[2])
        x = jnp.tanh(conv(jnp.sin(x), kernel)) * 2
        return jnp.cos(conv(x, kernel)), x

    arguments = np.ones((1, 4, 4, 2), "float32"), np.ones((2, 2, 2, 2), "float32")
    calls, apart = called(gathered(network, *arguments))
    assert apart == ["conv_general_dilated"] * 2
    assert len(calls) == 3
    assert_right(network, *arguments, donate=(0,))


def test_a_loop_around_a_convolution_is_apart_and_gathered_inside():
    def loop(x, kernel):
        conv = partial(lax.conv_general_dilated, window_strides=(1,), padding="SAME", dimension_numbers=NUMBERS[1])
        return lax.fori_loop(0, 3, lambda _, x: jnp.tanh(conv(x, kernel)) + jnp.ones_like(x), x)

    arguments = np.ones((1, 4, 2), "float32"), np.ones((3, 2, 2), "float32")
    (loop_equation,) = [e for e in gathered(loop, *arguments).jaxpr.eqns if e.primitive.name == "scan"]
    body = loop_equation.params["jaxpr"]
    assert "conv_general_dilated" in called(body)[1]
    assert called(body)[0]
    assert_right(loop, *arguments, donate=(0,))


def test_a_gathered_program_holds_every_equation():
    def count(closed):
        return sum(
            1 + sum(map(count, _jax.inner_jaxprs(eqn))) if eqn.primitive.name != "closed_call"
            else count(eqn.params["call_jaxpr"])
            for eqn in closed.jaxpr.eqns
        )  # fmt: skip

    program = simplify(lower(trace(*convolution(2, stride=2))))
    assert count(islands.gather(program.jaxpr, on_tensorflow._apart)) >= sum(show.count(program).values())


@pytest.mark.parametrize("donate", [(), (0,)], ids=["graph", "fused"])
@pytest.mark.parametrize(
    "function",
    [lambda x: jnp.maximum(x, 0), lambda x: jnp.minimum(0, x), lambda x: jnp.max(x, 0), lambda x: jnp.min(x, (0, 1))],
)
def test_nan_is_not_lost(function, donate):
    """XLA, as TensorFlow sets it up, drops it in maxima: a diverging network would look well."""
    x = np.array([[1.0, np.nan], [-1.0, 2.0]], "float32")
    assert_right(function, x, donate=donate)


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("donate", [(), (0,)], ids=["graph", "fused"])
def test_integer_division_never_stops_the_process(donate):
    x = np.array([np.iinfo("int32").min, -7, 7, 0], "int32")
    assert_right(lambda x, y: (lax.div(x, y), lax.rem(x, y)), x, np.array([-1, 0, -1, 0], "int32"), donate=donate)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_packed_factors_of_any_matrix(shape):
    """One that isn't square, and one of nothing but zeros."""
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    x[0] = 0
    assert_right(lax.linalg.lu, x)


def test_sums_over_axes_apart():
    x = np.random.default_rng(0).normal(size=(3, 4, 2, 3, 2, 5)).astype("float32")
    assert_right(lambda x: (jnp.sum(x, (2, 4)), jnp.max(x, (0, 1, 5)), jnp.sum(x)), x)


# --- values and state -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 4096])
def test_own_values_share_no_memory(size):
    array = np.zeros(size, "float32")
    value = ENGINE.put(array, own=True)
    array += 1
    assert not ENGINE.get(value).any()


def test_arrays_are_taken_in_the_program_dtype():
    run = ENGINE.compile(trace(lambda x: x * 2, np.zeros(3, "float32")))
    assert run(np.arange(3.0))[0].dtype == tf.float32


def test_state_stays_tensors():
    program = trace(lambda x, y: (x + y, x * y), np.ones(3, "float32"), np.ones(3, "float32"))
    run = ENGINE.compile(program, donate=(0,))
    first = run(ENGINE.put(np.ones(3, "float32")), np.ones(3, "float32"))
    assert all(tf.is_tensor(value) for value in first)
    assert ENGINE.get(run(*first)[0]).tolist() == [3.0] * 3


def test_constants_serve_more_than_one_graph():
    """A program's constants are made once, and the loop's body is built in a graph of its own."""
    table = np.arange(300.0, dtype="float32")
    program = trace(lambda x: lax.fori_loop(0, 2, lambda _, x: x + table, x) * table, table)
    for _ in range(2):
        assert ENGINE.get(ENGINE.compile(program)(table)[0])[2] == 12.0


# --- importing ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("level", [None, "0"])
def test_importing_is_quiet_unless_the_user_asks(level):
    """Keras isn't imported with it either, and is there when it is asked for."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": level} if level else {}
    program = """if True:
        import sys
        from cornu.engines.engine import get_engine
        get_engine("tensorflow")
        print("keras.src" in sys.modules)
        sys.stderr.write("a line")
    """
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
    assert (done.stderr == "a line") == (level is None)
