"""The reference engine against JAX: every primitive, whole training steps, random bits; and the oracle seen failing."""

from __future__ import annotations

import weakref

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from primitive_cases import CASES, DRAWS, assert_same, differences
from training_steps import STEPS

from cornu.engines import reference
from cornu.engines.engine import get_engine
from cornu.program import show
from cornu.program.derived import DERIVED
from cornu.program.lower import lower
from cornu.program.trace import trace
from cornu.program.vocabulary import VOCABULARY

_compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

FAST = settings(max_examples=3, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def compiled(program):
    """The program on JAX and on the reference engine."""
    if program not in _compiled:
        _compiled[program] = [get_engine(name).compile(program) for name in ("jax", "reference")]
    return _compiled[program]


def check_case(build, draw):
    function, arguments = build(draw)
    program = trace(function, *arguments)
    flat = program.flatten(*arguments)
    on_jax, on_reference = compiled(program)
    assert_same(on_reference(*flat), on_jax(*flat))
    return program


@pytest.mark.parametrize("name", CASES)
def test_same_as_jax(name):
    @FAST
    @given(st.data())
    def check(data):
        check_case(CASES[name], data.draw)

    check()


def one_example(name):
    """The program of one example of a case, with its arguments."""
    found = []

    @settings(FAST, max_examples=1)
    @given(st.data())
    def build(data):
        function, arguments = CASES[name](data.draw)
        found.append((trace(function, *arguments), arguments))

    build()
    return found[-1]


@pytest.fixture(scope="module")
def examples():
    return {name: one_example(name) for name in CASES}


@pytest.fixture(scope="module")
def cases_of(examples):
    """The cases in whose lowered programs a primitive stands."""
    found = {name: [] for name in VOCABULARY}
    for case, (program, _) in examples.items():
        for primitive in show.count(lower(program)):
            found[primitive].append(case)
    return found


def test_every_primitive_has_a_rule_and_every_rule_a_primitive():
    assert set(reference.RULES) == set(VOCABULARY)


def test_every_primitive_has_a_case(cases_of):
    assert [name for name, cases in cases_of.items() if not cases] == []


def test_every_rule_of_lowering_has_a_case(examples):
    used = {primitive for program, _ in examples.values() for primitive in show.count(program)}
    assert set(DERIVED) - used == set()


def spoiled(rule):
    """A rule whose first result is a little off."""

    def wrong(*operands, **parameters):
        result = rule(*operands, **parameters)
        several = isinstance(result, (list, tuple))
        first = np.asarray(result[0] if several else result)
        if first.dtype == bool:
            first = ~first
        else:
            first = first + np.ones((), first.dtype)
        return [first, *result[1:]] if several else first

    return wrong


@pytest.mark.parametrize("name", VOCABULARY)
def test_a_wrong_rule_is_seen(name, cases_of, examples, monkeypatch):
    """Planted in any rule, an error of one shows in one of the cases that use the primitive."""
    monkeypatch.setitem(reference.RULES, name, spoiled(reference.RULES[name]))
    monkeypatch.setattr(reference, "walk", reference.Walker(reference.by_name(reference.RULES, "reference")))
    for case in cases_of[name]:
        program, arguments = examples[case]
        flat = program.flatten(*arguments)
        right = jax.tree.leaves(compiled(program)[0](*flat))
        try:
            wrong = get_engine("reference").compile(program)(*flat)
        except Exception:  # a wrong index or shape that breaks a later rule is seen as well
            return
        if any(map(differences, wrong, right)):
            return
    pytest.fail(f"an error in {name} went unseen")


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_equal_bit_by_bit(name):
    for number in range(3):
        key = jax.random.key_data(jax.random.key(number))
        on_jax, on_reference = compiled(trace(DRAWS[name], key))
        for mine, theirs in zip(on_reference(key), on_jax(key), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", STEPS)
def test_training_steps_agree(name):
    """Three steps, each from JAX's state before it: loss, weights and optimizer state within 1e-5."""
    step, state, batch = STEPS[name]()
    program = trace(step, state, *batch)
    on_jax, on_reference = compiled(program)
    for _ in range(3):
        flat = program.flatten(state, *batch)
        right = on_jax(*flat)
        assert_same(on_reference(*flat), right)
        state, loss = program.unflatten(right)
        assert np.isfinite(loss)


def test_training_learns():
    """A network trained on the reference engine alone: the loss falls by half."""
    step, state, batch = STEPS["mlp"]()
    program = trace(step, state, *batch)
    run = get_engine("reference").compile(program)
    losses = []
    for _ in range(40):
        state, loss = program.unflatten(run(*program.flatten(state, *batch)))
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2


def test_inputs_are_left_alone():
    x = np.zeros((3, 2), "float32")
    get_engine("reference").compile(trace(lambda x: x.at[1].add(1.0), x))(x)
    assert not x.any()


def test_inputs_are_taken_in_the_program_dtype():
    run = get_engine("reference").compile(trace(lambda x: x * 2, np.zeros(3, "float32")))
    assert run(np.arange(3.0))[0].dtype == np.float32
