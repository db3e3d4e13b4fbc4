"""The reference engine against JAX: every primitive, whole training steps, random bits; and the oracle seen failing."""

from __future__ import annotations

import engine_table as table
import jax
import numpy as np
import pytest
from primitive_cases import CASES, DRAWS, assert_same
from training_steps import STEPS

from cornu.engines import reference
from cornu.engines.engine import get_engine
from cornu.program import show
from cornu.program.derived import DERIVED
from cornu.program.trace import trace
from cornu.program.vocabulary import VOCABULARY

ENGINE = get_engine("reference")
WITH_CASES = sorted(set(VOCABULARY) - {"dim_as_value"})  # that one is for programs with open dimensions


@pytest.mark.parametrize("name", CASES)
def test_same_as_jax(name):
    table.check("reference", table.examples(name)[0], oracle="jax")


@pytest.mark.slow
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_more_examples_are_the_same_as_jax(name, wide):
    for example in table.examples(name, 8, wide):
        table.check("reference", example, oracle="jax")


def test_every_primitive_has_a_rule_and_every_rule_a_primitive():
    assert set(reference.RULES) == set(VOCABULARY)


def test_every_primitive_has_a_case():
    assert set(table.cases_of()) == set(WITH_CASES)


def test_every_rule_of_lowering_has_a_case():
    used = {primitive for case in CASES for primitive in show.count(table.examples(case)[0].program)}
    assert set(DERIVED) - used == set()


@pytest.mark.parametrize("name", WITH_CASES)
def test_a_wrong_rule_is_seen(name, monkeypatch):
    """Planted in any rule, an error of one shows in one of the cases that use the primitive."""
    table.plant(monkeypatch, ENGINE, name)
    assert any(table.is_seen(ENGINE, example, "jax") for example in table.cases_of()[name])


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_equal_bit_by_bit(name):
    for number in range(3):
        key = jax.random.key_data(jax.random.key(number))
        example = table.Example(name, trace(DRAWS[name], key), (key,))
        for mine, theirs in zip(*(table.results(engine, example) for engine in ("reference", "jax")), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_training_steps_agree(name):
    """Three steps, each from JAX's state before it: loss, weights and optimizer state within 1e-5."""
    step, state, batch = STEPS[name]()
    program = trace(step, state, *batch)
    for _ in range(3):
        example = table.Example(name, program, program.flatten(state, *batch))
        right = table.results("jax", example)
        assert_same(table.results("reference", example), right)
        state, loss = program.unflatten(right)
        assert np.isfinite(loss)


def test_training_learns():
    """A network trained on the reference engine alone: the loss falls by half."""
    step, state, batch = STEPS["mlp"]()
    program = trace(step, state, *batch)
    run = ENGINE.compile(program)
    losses = []
    for _ in range(40):
        state, loss = program.unflatten(run(*program.flatten(state, *batch)))
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2


def test_inputs_are_left_alone():
    x = np.zeros((3, 2), "float32")
    ENGINE.compile(trace(lambda x: x.at[1].add(1.0), x))(x)
    assert not x.any()


def test_inputs_are_taken_in_the_program_dtype():
    run = ENGINE.compile(trace(lambda x: x * 2, np.zeros(3, "float32")))
    assert run(np.arange(3.0))[0].dtype == np.float32
