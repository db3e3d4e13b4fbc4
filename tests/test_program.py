"""Trace, lower, check, walk, show; the choice of an engine, and the engine JAX."""

from __future__ import annotations

import dataclasses
import gc
import os
import stat
import subprocess
import sys
import types
import weakref

import jax
import jax.extend.core as core
import jax.numpy as jnp
import numpy as np
import pytest
from training_steps import STEPS

from cornu import _jax, config
from cornu.engines import engine as engines
from cornu.engines import on_jax
from cornu.engines.engine import get_engine
from cornu.program import show
from cornu.program.check import ProgramError, check
from cornu.program.lower import lower
from cornu.program.trace import Program, abstract, trace
from cornu.program.vocabulary import VOCABULARY
from cornu.program.walk import Walker, by_name, last_uses

X = jax.ShapeDtypeStruct((3,), "float32")


def symbolic(text, dtype="float32"):
    return jax.ShapeDtypeStruct(jax.export.symbolic_shape(text), dtype)


# --- trace ----------------------------------------------------------------------------------------------------


def test_the_same_signature_gives_the_same_program():
    calls = []

    def f(x):
        calls.append(x)
        return x + 1

    assert trace(f, X) is trace(f, np.ones(3)) is trace(f, jnp.ones(3))
    assert trace(f, np.ones(4)) is not trace(f, X)
    assert trace(f, np.ones(3, "int32")).outputs[0].dtype == "int32"
    assert len(calls) == 3


def test_settings_of_jax_belong_to_the_signature():
    def f(x):
        return x @ x

    with jax.default_matmul_precision("highest"):
        program = trace(f, X)
    assert trace(f, X) is not program
    assert "HIGHEST" in str(program.jaxpr)


def test_an_old_jax_is_refused():
    program = "import jax; jax.__version_info__ = (0, 9, 2); import cornu._jax"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install --upgrade jax" in result.stderr


def test_programs_go_with_their_function():
    def make():
        def f(x):
            return x + 1

        return weakref.ref(f), weakref.ref(trace(f, X))

    references = make()
    jax.clear_caches()
    gc.collect()
    assert [r() for r in references] == [None, None]


def test_nested_arguments_and_results():
    program = trace(lambda a, b: {"sum": a["x"] + b[0], "none": None}, {"x": X}, [X])
    flat = program.flatten({"x": 1}, [2])
    assert flat == (1, 2)
    assert program.unflatten([3]) == {"sum": 3, "none": None}
    with pytest.raises(TypeError, match="nested otherwise"):
        program.flatten({"x": 1}, 2)


@pytest.mark.parametrize("wrong", ["text", object(), [b"bytes"]])
def test_what_is_no_array_is_refused(wrong):
    with pytest.raises(TypeError, match="no array"):
        trace(lambda x: x, wrong)


@pytest.mark.parametrize(
    "leaf, dtype",
    [(1, "int32"), (1.5, "float32"), (True, "bool"), (np.zeros(2), "float32"), (np.float16(1), "float16")],
)
def test_dtypes_are_those_jax_would_take(leaf, dtype):
    assert abstract(leaf).dtype == dtype == jnp.asarray(leaf).dtype


def test_symbolic_dimensions():
    program = trace(lambda x, w: jax.nn.softmax(x @ w), symbolic("batch, 4"), jax.ShapeDtypeStruct((4, 2), "float32"))
    assert str(program.outputs[0].shape[0]) == "batch"
    assert check(lower(program)).outputs[0].shape == program.outputs[0].shape
    for name in filter(engines.installed_version, engines.engine_names()):
        with pytest.raises(ValueError, match="symbolic dimension"):
            get_engine(name).compile(program)


# --- vocabulary and lowering ----------------------------------------------------------------------------------


def test_the_vocabulary_is_small_and_described():
    assert len(VOCABULARY) < 82
    assert all(p.meaning and p.group for p in VOCABULARY.values())


@pytest.mark.parametrize("name", STEPS)
def test_training_steps_lower_into_the_vocabulary(name):
    step, state, batch = STEPS[name]()
    program = trace(step, state, *batch)
    with pytest.raises(ProgramError):
        check(program)
    lowered = check(lower(program))
    assert set(show.count(lowered)) <= set(VOCABULARY)
    assert [(a.shape, a.dtype) for a in lowered.outputs] == [(a.shape, a.dtype) for a in program.outputs]


@pytest.mark.parametrize("name", STEPS)
def test_lowering_is_idempotent(name):
    step, state, batch = STEPS[name]()
    lowered = lower(trace(step, state, *batch))
    assert lower(lowered) is lowered
    again = lower(dataclasses.replace(lowered))
    assert again is not lowered
    assert str(again) == str(lowered)


def test_a_lowered_program_means_the_same_to_jax():
    step, state, batch = STEPS["mlp"]()
    program = trace(step, state, *batch)
    flat = program.flatten(state, *batch)
    ways = [get_engine("jax").compile(p)(*flat) for p in (program, lower(program))]
    for original, lowered in zip(*ways, strict=True):
        np.testing.assert_allclose(lowered, original, rtol=1e-5, atol=1e-6)


def test_dead_code_goes():
    program = lower(trace(lambda x: (jnp.sin(x), x * 2)[1], X))
    assert show.count(program) == {"mul": 1}


def test_typed_keys_at_the_boundary_are_refused():
    with pytest.raises(NotImplementedError, match="typed random keys"):
        lower(trace(jax.random.bits, jax.random.key(0)))


@pytest.mark.parametrize("implementation", ["rbg", "unsafe_rbg"])
def test_other_generators_are_refused(implementation):
    def draw(raw):
        return jax.random.bits(jax.random.wrap_key_data(raw, impl=implementation))

    with pytest.raises(NotImplementedError, match="not in the vocabulary"):
        lower(trace(draw, np.zeros(4, "uint32")))


def test_draws_that_depend_on_their_batch_are_refused():
    with jax.threefry_partitionable(False):
        program = trace(lambda raw: jax.random.bits(jax.random.wrap_key_data(raw)), np.zeros(2, "uint32"))
    with pytest.raises(NotImplementedError, match="jax_threefry_partitionable"):
        lower(program)


# --- check ----------------------------------------------------------------------------------------------------


def program_of(jaxpr):
    return Program(core.ClosedJaxpr(jaxpr, ()), None, None, "broken")


def broken(kind):
    """A program that breaks one rule."""
    jaxpr = trace(lambda x: jnp.exp(x) * 2, X).jaxpr.jaxpr
    first, second = jaxpr.eqns
    other = trace(lambda x: x, np.ones((2, 2))).jaxpr.jaxpr.invars[0]
    eqns = {
        "before it is assigned": [second, first],
        "assigned twice": [first, second, second],
        "is said to give float32[2,2]": [first.replace(outvars=[other])],
        "do not fit": [first, second.replace(invars=[first.outvars[0], other])],
        "not in the vocabulary": trace(jnp.cbrt, X).jaxpr.jaxpr.eqns,
    }[kind]
    inputs = [*jaxpr.invars, other] if kind == "do not fit" else jaxpr.invars
    if kind == "not in the vocabulary":
        inputs = trace(jnp.cbrt, X).jaxpr.jaxpr.invars
    return program_of(jaxpr.replace(invars=inputs, outvars=[], eqns=eqns))


@pytest.mark.parametrize(
    "kind",
    ["before it is assigned", "assigned twice", "is said to give float32[2,2]", "do not fit", "not in the vocabulary"],
)
def test_broken_programs_are_caught(kind):
    with pytest.raises(ProgramError) as error:
        check(broken(kind))
    assert kind in str(error.value)


def test_outputs_are_checked():
    jaxpr = trace(lambda x: x + 1, X).jaxpr.jaxpr
    with pytest.raises(ProgramError, match="before it is assigned"):
        check(program_of(jaxpr.replace(eqns=[])))


def loops():
    def scanned(x):
        return jax.lax.scan(lambda c, row: (c + row, c), x[0], x)

    return {
        "scan": (scanned, "jaxpr"),
        "while": (lambda x: jax.lax.while_loop(lambda s: s[0, 0] < 9, lambda s: s + 1, x), "body_jaxpr"),
        "cond": (lambda x: jax.lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x), "branches"),
    }


@pytest.mark.parametrize("name", loops())
def test_inner_programs_must_fit(name):
    function, parameter = loops()[name]
    lowered = check(lower(trace(function, np.ones((3, 2), "float32"))))

    def spoil(equation):
        """The same loop or choice, with an inner program that wants a first operand of integers."""
        if equation.primitive.name != name:
            return equation
        inner = equation.params[parameter][0] if name == "cond" else equation.params[parameter]
        first, *rest = (jax.ShapeDtypeStruct(a.shape, a.dtype) for a in inner.in_avals)
        integers = jax.ShapeDtypeStruct(first.shape, "int32")
        other = trace(lambda x, *y: _jax.as_function(inner)(x.astype("float32"), *y), integers, *rest).jaxpr
        return equation.replace(params={**equation.params, parameter: (other, other) if name == "cond" else other})

    with pytest.raises(ProgramError, match=r"takes int32"):
        check(program_of(lowered.jaxpr.jaxpr.replace(eqns=list(map(spoil, lowered.jaxpr.jaxpr.eqns)))))


def test_inner_programs_are_checked():
    program = trace(lambda x: jax.lax.map(jnp.cbrt, x), X)
    with pytest.raises(ProgramError, match="'cbrt' is not in the vocabulary"):
        check(program)


def test_errors_name_the_scope_and_the_line():
    def layer(x):
        with jax.named_scope("my_layer"):
            return jax.scipy.special.i1e(x)  # the line to be named

    with pytest.raises(ProgramError) as error:
        check(lower(trace(layer, X)))
    line = layer.__code__.co_firstlineno + 2
    assert f"bessel_i1e(float32[3]) in 'my_layer' at {__file__}:{line} (" in str(error.value)


def test_lowered_equations_keep_their_lines():
    def draw(raw):
        return jax.random.normal(jax.random.wrap_key_data(raw), (2,))

    lowered = lower(trace(draw, np.zeros(2, "uint32")))
    lines = {_jax.source_frames(equation)[0][:2] for equation, _ in show.equations(lowered.jaxpr)}
    assert lines == {(__file__, draw.__code__.co_firstlineno + 1)}


# --- walk -----------------------------------------------------------------------------------------------------


class Value:
    """An engine's value that can be watched."""

    def __init__(self, number):
        self.number = number


def test_values_are_dropped_after_their_last_use():
    alive = []

    def rule(*values):
        alive.append(sum(r() is not None for r in seen))
        result = Value(values[0].number + 1)
        seen.append(weakref.ref(result))
        return result

    seen = []
    program = lower(trace(lambda x: jnp.exp(jnp.sin(jnp.cos(jnp.tanh(x)))), X))
    walk = Walker(lambda equation: rule)
    assert walk(program.jaxpr, [Value(0)])[0].number == 4
    assert alive == [0, 1, 1, 1]


def test_last_uses():
    program = trace(lambda x, y: (x * y + x, y), X, X)
    first, second = last_uses(program.jaxpr.jaxpr)
    product = program.jaxpr.jaxpr.eqns[0].outvars[0]
    x, _ = program.jaxpr.jaxpr.invars
    assert first == []
    assert set(second) == {product, x}


def test_constants_are_converted_once():
    converted = []
    walk = Walker(by_name({"add": lambda x, y: x + y}, "test"), lambda c: converted.append(c) or c)
    program = trace(lambda x: x + 2, X)
    assert [walk(program.jaxpr, [n])[0] for n in (1, 2)] == [3, 4]
    assert len(converted) == 1


def test_a_missing_rule_names_the_engine_and_the_place():
    walk = Walker(by_name({}, "toy"))
    with pytest.raises(NotImplementedError, match=r"(?s)'toy'.*'add'.*test_program.py"):
        walk(trace(lambda x: x + 2, X).jaxpr, [1])


def test_errors_of_rules_name_the_equation():
    def fail(*_):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError) as error:
        Walker(lambda equation: fail)(trace(lambda x: x + 2, X).jaxpr, [1])
    assert "add(float32[3], float32[])" in error.value.__notes__[0]


# --- show -----------------------------------------------------------------------------------------------------


def test_operations_are_counted_as_often_as_they_run():
    def steps(x, w):
        return jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=5)[0]

    program = trace(steps, np.ones((2, 4)), np.ones((4, 4)))
    assert show.flops(program) == 5 * 2 * 2 * 4 * 4
    assert show.flops(lower(program)) == show.flops(program)


def test_operations_of_a_convolution():
    def conv(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    program = trace(conv, np.ones((2, 6, 5, 3)), np.ones((3, 2, 3, 4)))
    assert show.flops(program) == 2 * (2 * 4 * 4 * 4) * (3 * 2 * 3)


def test_zeros_between_inputs_are_no_operations():
    def conv(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), [(0, 0)] * 2, (2, 2))

    program = trace(conv, np.ones((2, 3, 5, 5)), np.ones((4, 3, 2, 2)))
    assert show.flops(program) == 2 * (2 * 8 * 8 * 4) * (2 * 2 * 3) / 4


def test_inner_programs_are_shown():
    text = str(trace(lambda x: jax.lax.scan(lambda c, row: (c + row, row), jnp.float32(0), x), X))
    assert "scan[reverse=False length=3 num_consts=0 num_carry=1] 0.0 a\n    with (c:float32[], d:float32[])\n" in text
    assert "\n      e:float32[] = add c d\n      return e" in text


# --- engines --------------------------------------------------------------------------------------------------


def test_unknown_engines_name_the_nearest():
    with pytest.raises(ValueError, match=r"Did you mean 'reference'\?"):
        get_engine("referense")


@pytest.mark.parametrize(
    "version, message", [(None, "none installed"), ("1.9.3", r"1\.9\.3"), ("1.9rc1+cpu", "1.9rc1"), ("0.12", "0.12")]
)
def test_engines_that_are_not_installed_or_too_old_say_what_to_install(monkeypatch, version, message):
    toy = engines.Source("cornu.engines.reference", "a_toy_library", "1.10", "pip install 'cornu[toys]'")
    monkeypatch.setitem(engines._SOURCES, "toy", toy)
    if version is not None:
        library = types.ModuleType("a_toy_library")
        library.__version__ = version
        monkeypatch.setitem(sys.modules, "a_toy_library", library)
    with pytest.raises(
        ImportError, match=rf"(?s)a_toy_library.*1\.10 or newer.*{message}.*pip install 'cornu\[toys\]'"
    ):
        get_engine("toy")


def test_the_setting_chooses_the_engine(monkeypatch):
    monkeypatch.setitem(config._settings, "engine", "reference")
    assert get_engine().name == "reference"
    assert get_engine() is get_engine("reference")


def placed(values, offset):
    """A copy of an array, `offset` bytes behind a multiple of 64 in memory: XLA shares the memory of aligned ones."""
    raw = np.zeros(values.nbytes + 128, "uint8")
    start = -raw.ctypes.data % 64 + offset
    found = raw[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    found[...] = values
    return found


@pytest.mark.parametrize("offset", [0, 4])
@pytest.mark.parametrize("size", [3, 100_000])
@pytest.mark.parametrize("name", ["jax", "reference"])
def test_put_and_get(name, size, offset):
    engine = get_engine(name)
    values = np.arange(2 * size, dtype="float32").reshape(2, size)
    x = placed(values, offset)
    np.testing.assert_array_equal(engine.get(engine.put(x)), values)
    np.testing.assert_array_equal(engine.to_jax(engine.put(x)), values)
    own, of_own = engine.put(x, own=True), engine.put(engine.put(values), own=True)
    x[:] = 0
    np.testing.assert_array_equal(engine.get(own), values)
    np.testing.assert_array_equal(engine.get(of_own), values)


def test_donated_inputs_are_used_up_and_others_are_not():
    program = trace(lambda x, y: (x + y, y * 2), X, X)
    x, y = jnp.ones(3), jnp.ones(3)
    get_engine("jax").compile(program, donate=(0,))(x, y)
    assert x.is_deleted()
    assert not y.is_deleted()


def test_compiler_options_reach_xla():
    program = trace(lambda x: x + 1, X)
    with pytest.raises(Exception, match="no_such_option"):
        get_engine("jax").compile(program, compiler_options={"no_such_option": True})(np.ones(3, "float32"))


CACHED = """
import jax, numpy as np
from cornu.engines.engine import get_engine
from cornu.program.trace import trace
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event))
engine = get_engine("jax")
engine.compile(trace(lambda x: x * 3 + 1, np.ones(5)))(np.ones(5, "float32"))
print(events.count("/jax/compilation_cache/cache_hits"), jax.config.jax_compilation_cache_dir)
"""


def run_cached(folder, **variables):
    environment = {**os.environ, "CORNU_CACHE": str(folder), **variables}
    result = subprocess.run([sys.executable, "-c", CACHED], env=environment, capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_compiled_programs_are_kept_for_the_next_process(tmp_path):
    folder = tmp_path / "compiled"
    assert run_cached(tmp_path) == ["0", str(folder)]
    assert any(folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert run_cached(tmp_path) == ["1", str(folder)]


@pytest.mark.parametrize("variable, value", [("CORNU_COMPILE_CACHE", "0"), ("JAX_COMPILATION_CACHE_DIR", "elsewhere")])
def test_the_user_has_the_last_word_on_the_cache(variable, value, tmp_path):
    value = value.replace("elsewhere", str(tmp_path / "elsewhere"))
    chosen = run_cached(tmp_path, **{variable: value})[1]
    assert chosen == ("None" if value == "0" else value)
    assert not (tmp_path / "compiled").exists()


def test_a_cache_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    assert on_jax._private(tmp_path / "mine")
    (tmp_path / "file").write_text("")
    assert not on_jax._private(tmp_path / "file" / "compiled")
    monkeypatch.setattr(os, "getuid", lambda: -1)
    assert not on_jax._private(tmp_path / "theirs")
