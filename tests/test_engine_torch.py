"""What is special to the engines on PyTorch: how unsigned integers are held, devices, layouts, pieces, and the file."""

from __future__ import annotations

import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from case_table import assert_same
from jax import lax
from training_steps import STEPS

torch = pytest.importorskip("torch")

import cornu  # noqa: E402
from cornu.engines import on_torch  # noqa: E402
from cornu.engines.engine import get_engine  # noqa: E402
from cornu.program.trace import trace  # noqa: E402

RNG = np.random.default_rng(0)


def both(function, *arguments, engine="torch"):
    """The results of a function on an engine and on the reference."""
    program = trace(function, *arguments)
    flat, on = program.flatten(*arguments), get_engine(engine)
    found = [on.get(value) for value in on.compile(program)(*flat)]
    return found, get_engine("reference").compile(program)(*flat)


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "bfloat16", "float16", "bool", "complex64", "int8"])
def test_values_keep_their_dtype(dtype):
    value = (RNG.normal(size=(3, 2)) * 5).astype(jnp.dtype(dtype))
    engine = get_engine("torch")
    there = engine.put(value)
    assert str(there.dtype) == f"torch.{dtype}"
    np.testing.assert_array_equal(engine.get(there), value)
    assert engine.get(engine.compile(trace(lambda x: x, value))(there)[0]).dtype == value.dtype


def test_put_with_own_shares_no_memory():
    value = np.zeros(3, "float32")
    own, shared = get_engine("torch").put(value, own=True), get_engine("torch").put(value)
    value[0] = 1
    assert own[0] == 0
    assert shared[0] == 1


def test_unsigned_integers_at_their_ends():
    ends = np.array([0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], "uint32")
    x, y = map(np.ravel, np.meshgrid(ends, ends))

    def everything(x, y):
        arithmetic = x + y, x - y, x * y, lax.div(x, y), lax.rem(x, y), lax.max(x, y), lax.min(x, y)
        order = x < y, x <= y, jnp.sort(x), jnp.argmax(x), jnp.max(x), jnp.min(x), lax.sign(x)
        shifts = x << y, x >> y, x << 31, x >> 1, x >> 31
        others = x.astype("float32"), x.astype("int32"), x.astype("uint8"), x.at[y % 49].max(7)
        return arithmetic, order, shifts, others

    assert_same(*both(everything, x, y))


def test_the_least_integer_by_minus_one():
    least = np.full(2, np.iinfo("int32").min)
    assert_same(*both(lambda x, y: (lax.div(x, y), lax.rem(x, y)), least, np.array([-1, 0], "int32")))


def test_the_last_of_several_writes_stays():
    rows = RNG.integers(0, 5, 2000).astype("int32")
    assert_same(*both(lambda x, i, u: x.at[i].set(u), np.zeros((5, 3), "float32"), rows,
                      RNG.normal(size=(2000, 3)).astype("float32")))  # fmt: skip


def test_a_convolution_makes_no_copy_of_its_images():
    x, kernel = np.zeros((2, 8, 8, 4), "float32"), np.zeros((3, 3, 4, 5), "float32")
    numbers = ("NHWC", "HWIO", "NHWC")
    program = trace(lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=numbers), x, kernel)
    assert get_engine("torch").compile(program)(x, kernel)[0].is_contiguous()


@pytest.mark.parametrize("groups", [1, 2])
def test_the_gradient_of_a_kernel_is_pytorchs_own(groups, monkeypatch):
    """By shape: also with strides, uneven padding and groups."""
    seen = []
    own = on_torch._kernel_gradient
    monkeypatch.setattr(on_torch, "_kernel_gradient", lambda *a: seen.append(1) or own(*a))
    x = RNG.normal(size=(4, 9, 8, 2 * groups)).astype("float32")
    kernel = RNG.normal(size=(3, 2, 2, 2 * groups)).astype("float32")

    def loss(x, kernel):
        conv = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"),
                                        feature_group_count=groups)  # fmt: skip
        return jnp.sum(jnp.sin(conv))

    assert_same(*both(jax.grad(loss, (0, 1)), x, kernel))
    assert seen


def test_values_lie_on_the_default_device():
    torch.set_default_device("meta")
    try:
        assert get_engine("torch").put(np.zeros(3, "float32")).device.type == "meta"
    finally:
        torch.set_default_device(None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "recurrent"])
def test_a_compiled_step_agrees(name):
    """In the recurrent one, loops between the pieces run their bodies, compiled, with other values than the first."""
    step, state, batch = STEPS[name]()
    assert_same(*both(step, state, *batch, engine="torch-compile"))


def test_an_exported_program_holds_no_pickle(tmp_path):
    """Numbers and JSON: nothing in the file could run code."""
    model = cornu.Sequential([cornu.Input((None, 4)), cornu.layers.GRU(3), cornu.layers.Dense(2)])
    model.export(tmp_path / "model.pt2", format="torch", verbose=False)
    with zipfile.ZipFile(tmp_path / "model.pt2") as archive:
        contents = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    others = [name for name, held in contents.items() if held and not name.startswith("data/weights/weight_")]
    assert not [name for name in others if contents[name].startswith(b"PK") or b"pickle" in contents[name][:64]]
    assert {name for name in others if name.endswith((".pt", ".pkl"))} == set()
    assert sum(len(held) for name, held in contents.items() if name.startswith("data/weights/weight_")) == sum(
        np.asarray(value).nbytes for value in model.get_weights()
    )
