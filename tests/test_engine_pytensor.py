"""What is PyTensor's own: its settings, memory, lazy branches, transforms as matrix products, integers under Numba."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from case_table import assert_same
from engine_table import Example, check, examples, results
from jax import lax
from training_steps import STEPS

from cornu.program.trace import trace

pytensor = pytest.importorskip("pytensor", reason="needs pytensor: pip install 'cornu[pytensor]'")

from cornu.engines import on_pytensor  # noqa: E402
from cornu.engines.on_pytensor import ENGINE  # noqa: E402


def mode(name):
    """PyTensor set to a mode, as PYTENSOR_FLAGS does it."""
    return pytensor.config.change_flags(mode=name)


def run(function, *arguments, donate=()):
    """A function on PyTensor."""
    program = trace(function, *arguments)
    return program.unflatten(ENGINE.compile(program, donate=donate)(*program.flatten(*arguments)))


# --- modes --------------------------------------------------------------------------------------------------------


def test_without_a_setting_the_graph_is_carried_out_as_it_stands():
    assert type(on_pytensor._mode().linker).__name__ == "VMLinker"
    assert not on_pytensor._mode().linker.c_thunks


@pytest.mark.parametrize("name, linker", [("NUMBA", "NumbaLinker"), ("CVM", "VMLinker"), ("FAST_COMPILE", "VMLinker")])
def test_the_mode_that_pytensor_is_set_to_is_taken(name, linker):
    with mode(name):
        chosen = on_pytensor._mode()
    assert type(chosen.linker).__name__ == linker
    assert set(on_pytensor._INEXACT) <= set(chosen.provided_optimizer.exclude)


def test_zero_times_infinity_is_not_made_zero_by_a_rewrite():
    with mode("FAST_COMPILE"):
        found = run(lambda x: x * (x - x) * 0, np.array([np.inf, np.nan, 2], "float32"))
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0])


NUMBA_CASES = ("add", "shifts", "integer division by zero", "dot_general", "convert_element_type", "extreme numbers",
               "sort", "index: add", "scan", "while", "draw: uniform", "draw: bits")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", NUMBA_CASES)
def test_numba_gives_the_same(case):
    with mode("NUMBA"):
        check("pytensor", examples(case, 3)[-1])


@pytest.mark.slow
def test_a_training_step_with_dropout_is_the_same_by_numba():
    step, state, batch = STEPS["mlp"]()
    program = trace(step, state, *batch)
    example = Example("mlp", program, program.flatten(state, *batch))
    with mode("NUMBA"):
        assert_same(results("pytensor", example), results("reference", example))


# --- memory -------------------------------------------------------------------------------------------------------


def views(x):
    return {"itself": x, "reshaped": x.reshape(3, 2), "turned": x.T, "cut": x[:1], "row": x[0], "sum": x + 0,
            "bits": lax.bitcast_convert_type(x, "int32")}  # fmt: skip


@pytest.mark.parametrize("donate", [(), (0,)])
def test_outputs_share_memory_with_nothing(donate):
    kept = ENGINE.put(np.arange(6, dtype="float32").reshape(2, 3))
    before = kept.copy()
    first = run(views, kept, donate=donate)
    second = run(views, kept, donate=donate)
    arrays = [kept, *first.values(), *second.values()]
    for place, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[place + 1 :])
    np.testing.assert_array_equal(kept, before)


@pytest.mark.slow
def test_numba_leaves_inputs_alone_whose_bits_are_looked_at():
    kept = np.arange(4, dtype="uint32")
    with mode("NUMBA"):
        found = run(lambda x: lax.bitcast_convert_type(lax.bitcast_convert_type(x, "int32") * 2, "uint32"), kept)
    np.testing.assert_array_equal(kept, [0, 1, 2, 3])
    np.testing.assert_array_equal(found, [0, 2, 4, 6])


@pytest.mark.parametrize("change", ["transposed", "strided", "read-only"])
def test_what_is_put_is_in_order_and_writable(change):
    array = np.arange(12, dtype="float32").reshape(3, 4)
    array = {"transposed": array.T, "strided": array[:, ::2], "read-only": np.broadcast_to(array, array.shape)}[change]
    value = ENGINE.put(array)
    assert value.flags.c_contiguous
    assert value.flags.writeable
    np.testing.assert_array_equal(value, array)


def test_what_is_ready_is_not_copied():
    array = np.zeros((3, 4), "float32")
    assert ENGINE.put(array) is array
    assert not np.shares_memory(ENGINE.put(array, own=True), array)


# --- rules --------------------------------------------------------------------------------------------------------


def count(program, kind):
    """How often an operation stands in a compiled program's graph."""
    function = {}

    def keep(*arguments, **options):
        function["made"] = made(*arguments, **options)
        return function["made"]

    made = pytensor.function
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytensor, "function", keep)
        ENGINE.compile(program)
    nodes = function["made"].maker.fgraph.toposort()
    return sum(type(getattr(node.op, "core_op", node.op)).__name__ == kind for node in nodes)


def test_a_convolution_and_its_gradients_are_three_matrix_products():
    def loss(x, kernel):
        return jnp.sum(jnp.sin(lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)))

    numbers = ("NHWC", "HWIO", "NHWC")
    x, kernel = np.zeros((2, 28, 28, 3), "float32"), np.zeros((3, 3, 3, 4), "float32")
    program = trace(jax.grad(loss, (0, 1)), x, kernel)
    assert count(program, "Dot") == 3
    assert count(program, "AdvancedSubtensor") == 3  # one gather each, however large the window is


@pytest.mark.parametrize("size", [1, 2, 7, 12, 30, 64])
def test_transforms_of_any_length(size):
    x = np.random.default_rng(size).normal(size=(3, size)).astype("float32")
    back = lambda x: jnp.fft.irfft(jnp.fft.rfft(x), x.shape[-1])  # noqa: E731
    for function in (jnp.fft.fft, jnp.fft.ifft, jnp.fft.rfft, back, jnp.fft.fft2):
        example = Example("", trace(function, x), (x,))
        assert_same(results("pytensor", example), results("jax", example))


def test_only_the_chosen_branch_is_carried_out():
    """The other one would never end."""

    def forever(x):
        return lax.while_loop(lambda x: x < 10, lambda x: x * 0, x)

    function = lambda x: lax.cond(x > 5, lambda x: x + 1, forever, x)  # noqa: E731
    assert run(function, np.float32(6)) == 7


def test_a_loop_in_a_loop():
    def inner(x):
        return lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * 2), (0, x))[1]

    def outer(x):
        return lax.scan(lambda c, row: (inner(c) + row, c), x[0], x, reverse=True)

    x = np.arange(6, dtype="float32").reshape(3, 2)
    example = Example("", trace(outer, x), (x,))
    assert_same(results("pytensor", example), results("reference", example))


def test_a_loop_that_is_never_entered():
    found = run(lambda x: lax.while_loop(lambda x: x < 0, lambda x: x - 1, x), np.float32(3))
    assert found == 3


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_floats_are_refused(dtype):
    with pytest.raises(NotImplementedError, match=dtype):
        ENGINE.compile(trace(lambda x: x + x, jax.ShapeDtypeStruct((2,), dtype)))


def test_numbers_of_64_bits():
    with jax.enable_x64(True):
        x = np.array([1e300, 1 + 1e-15], "float64")
        example = Example("", trace(lambda x: (jnp.log(x), x.astype("int64"), jnp.uint64(2) ** 63), x), (x,), True)
        assert_same(results("pytensor", example), results("reference", example))
