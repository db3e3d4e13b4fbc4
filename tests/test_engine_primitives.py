"""Every engine against the reference engine: each primitive, limits that are needed, and wrong rules that are seen."""

from __future__ import annotations

import engine_table as table
import jax
import numpy as np
import pytest
from case_table import INTEGERS
from engine_table import Example, check, examples, is_seen, met, module_of
from primitive_cases import CASES, DRAWS, assert_same
from training_steps import STEPS

from cornu.program.trace import trace
from cornu.program.vocabulary import VOCABULARY

COMPILES_SLOWLY = {"pytensor", "torch-compile"}

DTYPES = ("float32", "float16", "bfloat16", *INTEGERS, "bool")

QUICK = (
    "add", "div", "convert_element_type", "edges of max and min", "reshape and transpose", "dynamic_slice",
    "index: write, dropped", "reductions of special numbers", "sort", "dot_general", "gradients of a convolution",
    "gradient of a scan", "while", "cond", "draw: dropout",
)  # fmt: skip
"""Cases that are always tested; the whole table takes minutes."""

QUICKEST = ("add", "sort", "draw: dropout")
"""Those that are always tested where a compilation takes seconds."""

OF_COMPLEX = ("complex", "real", "imag", "fft")


@pytest.fixture(params=table.ENGINES)
def engine(request):
    return table.engine_or_skip(request.param)


@pytest.fixture(params=[name for name in table.ENGINES if name != "torch-compile"])
def ruled(request):
    """An engine with rules of its own: those of torch-compile are torch's, and it takes seconds for each program."""
    return table.engine_or_skip(request.param)


def how_many(engine):
    return 2 if engine.name in COMPILES_SLOWLY else 8


# --- every primitive ----------------------------------------------------------------------------------------------


def quick():
    for name in table.ENGINES:
        for case in QUICK:
            slow = name in COMPILES_SLOWLY and case not in QUICKEST
            yield pytest.param(name, case, marks=[pytest.mark.slow] * slow)


@pytest.mark.parametrize("name, case", list(quick()))
def test_some_cases(name, case):
    table.engine_or_skip(name)
    check(name, examples(case)[0])


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_case(ruled, case):
    for example in examples(case, how_many(ruled)):
        check(ruled.name, example)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_case_in_64_bits(ruled, case):
    for example in examples(case, how_many(ruled) // 2, wide=True):
        check(ruled.name, example)


def test_every_primitive_has_a_rule_or_a_limit(engine):
    """A rule is missing only where a limit says so, and none is there that a limit makes useless."""
    whole = [limit for limit in engine.limits if limit.when is None]
    never = {limit.subject for limit in whole if not limit.dtypes}
    if any(limit.subject == "*" and {"complex64", "complex128"} <= set(limit.dtypes) for limit in whole):
        never |= set(OF_COMPLEX)
    rules = set(module_of(engine).RULES)
    assert set(VOCABULARY) - rules - {"dim_as_value"} == never  # that one is for export


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_equal_bit_by_bit(engine, name):
    for number in range(3):
        key = jax.random.key_data(jax.random.key(number))
        example = Example(name, trace(DRAWS[name], key), (key,))
        if met(engine, example.program):
            check(engine.name, example)
            return
        for mine, theirs in zip(table.results(engine.name, example), table.results("jax", example), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_training_steps_agree(engine, name):
    """Three steps, each from JAX's state before it: loss, weights and optimizer state within 1e-5."""
    step, state, batch = STEPS[name]()
    program = trace(step, state, *batch)
    for _ in range(3):
        example = Example(name, program, program.flatten(state, *batch))
        right = table.results("jax", example)
        assert_same(table.results(engine.name, example), right)
        state, _ = program.unflatten(right)


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_limit_is_named_once(engine):
    texts = [str(limit) for limit in engine.limits]
    assert len(set(texts)) == len(texts)


@pytest.mark.slow
def test_every_limit_is_needed(ruled):
    """Without a limit, one of the cases that meet it and no other limit goes wrong."""
    unneeded = [str(limit) for limit in ruled.limits if not any(_breaks(ruled, limit, wide) for wide in (False, True))]
    assert unneeded == []


def _breaks(engine, limit, wide):
    for case in CASES:
        for example in examples(case, 8, wide):
            with example.numbers():
                if met(engine, example.program) != [limit]:
                    continue
            with table.without(engine, (limit,)):
                if is_seen(engine, example):
                    return True
    return False


# --- the tests themselves -----------------------------------------------------------------------------------------


def _planted(engine, primitive, having, monkeypatch):
    """An error planted in a rule is seen by one of the examples that have the primitive."""
    usable = [example for example in having if not met(engine, example.program)]
    if not usable:
        assert any(limit.subject in ("*", primitive) for limit in engine.limits)
        pytest.skip("a limit of the engine holds in every case")
    table.plant(monkeypatch, engine, primitive)
    assert any(is_seen(engine, example) for example in usable), f"an error in {primitive} went unseen"


WITH_CASES = sorted(set(VOCABULARY) - {"dim_as_value"})  # that one is for programs with open dimensions


@pytest.mark.parametrize("primitive, case", [("add", "add"), ("not", "not of booleans"), ("scan", "scan")])
def test_some_wrong_rules_are_seen(engine, primitive, case, monkeypatch):
    _planted(engine, primitive, examples(case), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("primitive", WITH_CASES)
def test_a_wrong_rule_is_seen(ruled, primitive, monkeypatch):
    _planted(ruled, primitive, table.cases_of()[primitive], monkeypatch)


# --- the interface ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*DTYPES, "float64", "int64", "uint64", "complex64", "complex128"])
def test_what_is_put_can_be_got(engine, dtype):
    if any(limit.subject == "*" and dtype in limit.dtypes for limit in engine.limits):
        pytest.skip(f"{engine.name} has no {dtype}")
    given = np.arange(6).reshape(2, 3).astype(jax.numpy.dtype(dtype))
    for array in (given, given.T, given[:, ::-1], given[:0], given[0, 0], np.broadcast_to(given[0], (2, 3))):
        found = engine.get(engine.put(array))
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found, array)


def test_an_own_value_shares_no_memory(engine):
    array = np.zeros(3, "float32")
    value = engine.put(array, own=True)
    array[:] = 1
    np.testing.assert_array_equal(engine.get(value), [0, 0, 0])


def test_a_value_becomes_an_array_of_jax(engine):
    value = engine.to_jax(engine.put(np.arange(3, dtype="float32")))
    assert isinstance(value, jax.Array)
    np.testing.assert_array_equal(value, [0, 1, 2])


def test_inputs_that_are_not_donated_are_left_alone(engine):
    x = np.zeros((3, 2), "float32")
    kept = engine.put(x)
    call = engine.compile(trace(lambda x: (x.at[1].add(1.0), x), x))
    call(x)
    first, second = (engine.get(value) for value in call(kept))
    assert not x.any()
    assert not engine.get(kept).any()
    assert not second.any()
    np.testing.assert_array_equal(first, [[0, 0], [1, 1], [0, 0]])


def test_donated_inputs_give_the_same_results(engine):
    x, y = np.arange(3, dtype="float32"), np.ones(3, "float32")
    call = engine.compile(trace(lambda x, y: (x + y, y), x, y), donate=(0, 1))
    sums, second = call(engine.put(x, own=True), engine.put(y, own=True))
    sums, second = call(sums, second)
    np.testing.assert_array_equal(engine.get(sums), [2, 3, 4])
    np.testing.assert_array_equal(engine.get(second), [1, 1, 1])


def test_a_call_has_new_results_each_time(engine):
    call = engine.compile(trace(lambda x: (x * 2, x), np.zeros(3, "float32")))
    one, two = call(np.zeros(3, "float32")), call(np.ones(3, "float32"))
    assert [engine.get(value).sum() for value in (*one, *two)] == [0, 0, 6, 3]


def test_inputs_are_taken_in_the_dtype_of_the_program(engine):
    run = engine.compile(trace(lambda x: x * 2, np.zeros(3, "float32")))
    found = engine.get(run(np.arange(3.0))[0])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [0, 2, 4])


def test_open_dimensions_are_refused(engine):
    (size,) = jax.export.symbolic_shape("n")
    with pytest.raises(ValueError, match="symbolic"):
        engine.compile(trace(lambda x: x * 2, jax.ShapeDtypeStruct((size,), "float32")))


def test_outputs_may_be_inputs_or_constants_or_twice_the_same(engine):
    def f(x):
        y = x + 1
        return x, y, y, jax.numpy.arange(3), 2.0

    example = Example("", trace(f, np.zeros(2, "float32")), (np.zeros(2, "float32"),))
    assert_same(table.results(engine.name, example), table.results("reference", example))
