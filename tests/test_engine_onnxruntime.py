"""What is special to ONNX Runtime: the graph, values that own their memory, its kernels' gaps; and files of ONNX."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax import lax

import cornu
from cornu.engines.engine import get_engine, lowered
from cornu.program.trace import trace

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from cornu.engines import on_onnxruntime, onnx_graph  # noqa: E402
from cornu.export import onnx as onnx_file  # noqa: E402

RNG = np.random.default_rng(0)


def results(function, *arguments):
    engine = get_engine("onnxruntime")
    return [engine.get(value) for value in engine.compile(trace(function, *arguments))(*arguments)]


def graph(function, *arguments):
    program = trace(function, *arguments)
    closed = lowered(program, get_engine("onnxruntime"))
    return on_onnxruntime.graph_of(closed, [f"in{i}" for i in range(len(program.inputs))])


# --- the graph ----------------------------------------------------------------------------------------------------


def test_names_that_are_given_are_left_to_their_owners():
    closed = lowered(trace(lambda x, y: (x + y, x), np.ones(2), np.ones(2)), get_engine("onnxruntime"))
    model = on_onnxruntime.graph_of(closed, ["v1", "v2"], ["v3", "v4"])
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.output] == ["v3", "v4"]


def test_equal_constants_are_there_once():
    model = graph(lambda x: (x + 2.0) * 2.0 - jnp.sin(x) / 2.0, np.ones(3, "float32"))
    assert len(model.graph.initializer) == 1


@pytest.mark.parametrize("function", [
    lambda x: lax.fori_loop(0, x.shape[0], lambda i, total: total + x[i], jnp.zeros(3)),
    lambda x: lax.scan(lambda carry, row: (carry + row, carry), jnp.zeros(3), x, reverse=True),
    lambda x: lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x),
    lambda x: jnp.linalg.cholesky(x @ x.T + 9 * jnp.eye(4)),
])  # fmt: skip
def test_graphs_within_graphs_are_well_formed(function):
    onnx.checker.check_model(graph(function, np.ones((4, 3), "float32")), full_check=True)


def test_opset():
    model = graph(lambda x: x ^ 1, np.ones(3, "uint32"))
    assert [(one.domain, one.version) for one in model.opset_import] == [("", onnx_graph.OPSET)]
    assert (model.ir_version, model.producer_name) == (8, "cornu")


# --- values -------------------------------------------------------------------------------------------------------


def test_values_and_what_is_read_of_them_own_their_memory():
    engine = get_engine("onnxruntime")
    array = np.arange(1000, dtype="float32")
    value = engine.put(array.copy())
    found = engine.get(value)
    del value
    gc.collect()
    others = [engine.put(np.zeros(1000, "float32")) for _ in range(20)]
    np.testing.assert_array_equal(found, array)
    assert len(others) == 20


def test_half_floats_go_in_and_out_as_they_are():
    x = RNG.normal(size=(3, 2)).astype(ml_dtypes.bfloat16)
    (found,) = results(lambda x: x, x)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, x)


# --- where kernels have gaps, or err -------------------------------------------------------------------------------

SMALL = [np.float32(x) for x in (0.0, -0.0, 1.0, -1.5, 3e38, 1e-38, 1e-40, -1e-45, np.inf, -np.inf)]


def there_and_back(x, bits):
    word = lax.bitcast_convert_type(x, bits)
    return word, lax.bitcast_convert_type(word, x.dtype)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("wide, bits", [("float32", "uint32"), ("float16", "uint16"), ("bfloat16", "uint16")])
def test_bits_of_every_kind_of_float(wide, bits):
    every = RNG.integers(0, 2**16, 2000).astype("uint32") << (16 if wide == "float32" else 0)
    x = np.concatenate([every.astype(bits).view(wide), np.array(SMALL).astype(wide)])
    x = x[~np.isnan(x.astype("float32"))]
    word, back = results(lambda x: there_and_back(x, bits), x)
    np.testing.assert_array_equal(word, x.view(bits))
    np.testing.assert_array_equal(back.view(bits), x.view(bits))


def test_bits_of_64():
    x = np.array([0.0, -0.0, 1.0, -np.pi, 1e308, 5e-324, -2.2e-308, np.inf, -np.inf])
    with jax.enable_x64(True):
        word, back = results(lambda x: there_and_back(x, "uint64"), x)
    np.testing.assert_array_equal(word, x.view("uint64"))
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize(
    "shape, axes", [((3, 7), (1,)), ((7, 3), (0,)), ((4, 2, 32, 2, 40), (1, 3)), ((5, 9, 400), (1,))]
)
@pytest.mark.parametrize("place", [0, 1, -1])
def test_nan_wins_wherever_it_stands(shape, axes, place):
    x = RNG.normal(size=shape).astype("float32")
    x.flat[place] = np.nan
    found = results(lambda x: (jnp.max(x, axes), jnp.min(x, axes)), x)
    for mine, right in zip(found, (x.max(axes), x.min(axes)), strict=True):
        np.testing.assert_array_equal(mine, right)


def test_integers_divide_without_stopping_the_process():
    numbers = np.array([-(2**31), -7, -1, 0, 1, 7, 2**31 - 1], "int32")
    x, y = map(np.array, zip(*itertools.product(numbers, numbers), strict=True))
    for mine, right in zip(results(lambda x, y: (lax.div(x, y), lax.rem(x, y)), x, y), (lax.div(x, y), lax.rem(x, y)),
                           strict=True):  # fmt: skip
        np.testing.assert_array_equal(mine, right)


def test_a_row_that_is_met_often_gets_the_last_or_the_sum():
    rows, updates = RNG.integers(0, 3, 5000), RNG.normal(size=(5000, 4)).astype("float32")
    last, total = results(lambda r, u: (jnp.zeros((3, 4)).at[r].set(u), jnp.zeros((3, 4)).at[r].add(u)), rows, updates)
    np.testing.assert_array_equal(last, [updates[rows == row][-1] for row in range(3)])
    np.testing.assert_allclose(total, [updates[rows == row].sum(0) for row in range(3)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 3), (5, 2), (2, 5), (2, 4, 3)])
def test_factors_are_those_of_lapack(shape):
    x = RNG.normal(size=shape).astype("float32")
    found = results(lambda x: (*lax.linalg.lu(x), *lax.linalg.qr(x), *lax.linalg.qr(x, full_matrices=False)), x)
    wanted = (*lax.linalg.lu(x), *lax.linalg.qr(x), *lax.linalg.qr(x, full_matrices=False))
    for mine, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-4, atol=1e-5)


def test_the_gradient_of_a_kernel_is_one_product():
    x, kernel = RNG.normal(size=(8, 9, 9, 3)).astype("float32"), RNG.normal(size=(3, 3, 3, 5)).astype("float32")

    def loss(kernel):
        return jnp.sum(
            lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) ** 2
        )

    operators = [node.op_type for node in graph(jax.grad(loss), kernel).graph.node]
    assert (operators.count("Conv"), operators.count("Gemm")) == (1, 1)


# --- files --------------------------------------------------------------------------------------------------------


def small_model():
    x = cornu.Input((None, 3), name="x")
    return cornu.Model(x, cornu.layers.GlobalAveragePooling1D()(cornu.layers.Dense(4, name="first")(x)))


def test_a_file_has_names_and_open_sizes(tmp_path):
    small_model().export(tmp_path / "model.onnx", format="onnx", verbose=False)
    model = onnx.load(tmp_path / "model.onnx")
    assert [value.name for value in model.graph.input] == ["x"]
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [one.dim_param or one.dim_value for one in shape] == ["batch", "axis1", 3]
    assert {"first/kernel", "first/bias"} <= {value.name for value in model.graph.initializer}


def test_weights_that_are_too_large_lie_beside_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "LARGEST", 100)
    model = cornu.Sequential([cornu.Input((20,)), cornu.layers.Dense(30)])
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    (beside,) = [path for path in tmp_path.iterdir() if path.suffix == ".data"]
    assert beside.stat().st_size == 2400
    x = RNG.normal(size=(2, 20)).astype("float32")
    np.testing.assert_allclose(onnx_file.load(tmp_path / "model.onnx")([x])[0], model.predict(x, verbose=0), rtol=1e-5)


def test_an_output_with_the_name_of_an_input():
    assert onnx_file._outputs(["x", "y"], ["x", "kernel"]) == ["x_output", "y"]


RELOAD = """
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
print(session.run(None, {"x": numpy.ones((2, 5, 3), "float32")})[0].shape, "cornu" in sys.modules)
"""


def test_a_file_runs_without_cornu(tmp_path):
    small_model().export(tmp_path / "model.onnx", format="onnx", verbose=False)
    command = [sys.executable, "-c", RELOAD, str(tmp_path / "model.onnx")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "(2, 4) False"
