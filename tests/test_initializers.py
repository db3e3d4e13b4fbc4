"""Initial weights: the values that Keras on JAX draws, on the host."""

from __future__ import annotations

import jax
import keras
import numpy as np
import pytest

from cornu import initializers, random
from cornu.random import SeedGenerator
from cornu.variables import Variable

NAMED = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"]
CASES = [
    ("Zeros", {}, (2, 3)),
    ("Ones", {}, (2, 3)),
    ("Constant", {"value": 2.5}, (2, 3)),
    ("Constant", {"value": [1.0, 2.0, 3.0]}, (2, 3)),
    ("Identity", {}, (3, 3)),
    ("Identity", {"gain": 0.5}, (2, 4)),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}, (40, 50)),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}, (40, 50)),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}, (40, 50)),
    *((name, {}, shape) for name in NAMED for shape in ((30, 20), (3, 3, 4, 8))),
    ("GlorotUniform", {}, (7,)),
    ("GlorotUniform", {}, ()),
    ("HeNormal", {"input_axes": [1], "output_axes": [0, 2]}, (4, 5, 6)),
    *(
        ("VarianceScaling", {"scale": 1.7, "mode": mode, "distribution": distribution}, (30, 20))
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("uniform", "truncated_normal", "untruncated_normal", "Normal")
    ),
    ("Orthogonal", {}, (6, 6)),
    ("Orthogonal", {"gain": 1.5}, (3, 8)),
    ("Orthogonal", {}, (3, 4, 5)),
    *(
        ("STFT", {"side": side, "window": window, "scaling": scaling, "periodic": periodic}, (8, 1, 9))
        for side, window, scaling, periodic in [
            ("real", "hann", "density", False),
            ("imag", "hamming", "spectrum", True),
            ("imag", None, None, False),
            ("real", list(np.linspace(0.1, 1, 8)), "density", False),
        ]
    ),
]


def both(name, options, seed=11):
    """cornu's initializer and Keras's."""
    drawing = name not in ("Zeros", "Ones", "Constant", "Identity", "STFT")
    options = {**options, "seed": seed} if drawing else options
    return getattr(initializers, name)(**options), getattr(keras.initializers, name)(**options)


@pytest.mark.parametrize("name, options, shape", CASES)
def test_values_are_those_of_keras(name, options, shape):
    ours, theirs = both(name, options)
    values = ours(shape)
    assert isinstance(values, np.ndarray)
    assert values.dtype == "float32"
    # Up to the last bit: XLA's CPU may fuse a product and a sum. The rest is computed in another order.
    exact = name not in ("Orthogonal", "STFT")
    scale = options.get("stddev", 1.0)
    np.testing.assert_allclose(
        values, theirs(shape), rtol=3e-7 if exact else 1e-5, atol=(8e-7 if exact else 2e-6) * scale
    )


@pytest.mark.parametrize("name, options, shape", CASES)
def test_config_is_that_of_keras_and_gives_the_same_back(name, options, shape):
    ours, theirs = both(name, options)
    saved = initializers.serialize(ours)
    # Keras forgets the gain of Identity.
    expected = {**theirs.get_config(), **({"gain": ours.gain} if name == "Identity" else {})}
    assert ours.get_config() == expected
    assert saved == {**keras.initializers.serialize(theirs), "config": expected}
    np.testing.assert_array_equal(initializers.deserialize(saved)(shape), ours(shape))
    np.testing.assert_array_equal(ours.clone()(shape), ours(shape))


def test_a_planted_error_is_found():
    ours, _ = both("HeNormal", {})
    _, other = both("HeNormal", {}, seed=12)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(ours((5, 5)), other((5, 5)), rtol=3e-7, atol=1e-7)


# Seeds ---------------------------------------------------------------------------------------------------------------


def test_an_integer_gives_the_same_values_each_time():
    draw = initializers.HeUniform(seed=3)
    np.testing.assert_array_equal(draw((4, 4)), draw((4, 4)))
    assert not np.array_equal(draw((4, 4)), initializers.HeUniform(seed=4)((4, 4)))


def test_a_generator_gives_new_values_each_time_those_of_keras():
    ours = initializers.RandomNormal(seed=SeedGenerator(5))
    theirs = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(5))
    first, second = ours((3, 3)), ours((3, 3))
    assert not np.array_equal(first, second)
    np.testing.assert_allclose(first, theirs((3, 3)), rtol=3e-7)
    np.testing.assert_allclose(second, theirs((3, 3)), rtol=3e-7)


def test_a_generator_is_saved_as_keras_saves_it():
    saved = initializers.serialize(initializers.RandomNormal(seed=SeedGenerator(5, "g")))
    assert saved == keras.initializers.serialize(
        keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(5, "g"))
    )
    again = initializers.deserialize(saved)
    np.testing.assert_array_equal(again((3,)), initializers.RandomNormal(seed=SeedGenerator(5))((3,)))


def test_a_generator_draws_its_own_keys_under_a_trace():
    generator = SeedGenerator(5)
    expected = initializers.RandomNormal(seed=SeedGenerator(5))((3,))
    drawn = []
    jax.eval_shape(lambda x: drawn.append(initializers.RandomNormal(seed=generator)((3,))) or x, 1.0)
    np.testing.assert_array_equal(drawn[0], expected)
    assert generator.state.numpy().tolist() == [5, 1]


def test_without_a_seed_the_root_seed_and_the_place_decide():
    def draw(key):
        with random.stream(key):
            return initializers.GlorotUniform()((3, 3))

    random.set_root_seed(1)
    first, elsewhere, again = draw("a"), draw("b"), draw("a")
    random.set_root_seed(1)
    np.testing.assert_array_equal(draw("b"), elsewhere)
    np.testing.assert_array_equal(draw("a"), first)
    assert not np.array_equal(first, elsewhere)
    assert not np.array_equal(first, again)
    random.set_root_seed(2)
    assert not np.array_equal(draw("a"), first)
    assert initializers.GlorotUniform().get_config()["seed"] is None


# dtypes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "float8_e4m3fn"])
@pytest.mark.parametrize("name", ["Ones", "Constant", "Identity", "HeNormal", "RandomUniform", "Orthogonal", "STFT"])
def test_floating_dtypes_hold_the_rounded_values(name, dtype):
    ours, _ = both(name, {"window": None} if name == "STFT" else {})
    shape = (4, 1, 3) if name == "STFT" else (4, 4)
    values = ours(shape, dtype)
    assert values.dtype.name == dtype
    wide = ours(shape).astype(values.dtype) if dtype != "float64" else ours(shape)
    np.testing.assert_allclose(values.astype("float64"), wide.astype("float64"), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant", "Identity"])
def test_constants_have_integer_dtypes_too(name):
    ours, theirs = both(name, {"value": 3} if name == "Constant" else {})
    np.testing.assert_array_equal(ours((2, 2), "int32"), theirs((2, 2), "int32"))
    assert ours((2, 2), "int32").dtype == "int32"


@pytest.mark.parametrize("name", ["RandomNormal", "RandomUniform", "Orthogonal", "GlorotUniform"])
def test_random_integers_are_refused(name):
    with pytest.raises(ValueError, match="floating-point"):
        both(name, {})[0]((2, 2), "int32")


# get -----------------------------------------------------------------------------------------------------------------

KERAS_NAMES = sorted(set(keras.src.initializers.ALL_OBJECTS_DICT) - {"Constant", "constant"})  # there it fails


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_names_are_those_of_keras(name):
    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


@pytest.mark.parametrize("name", [n for n in dir(keras.initializers) if not n.startswith("_")])
def test_public_names_are_those_of_keras(name):
    assert getattr(initializers, name).__name__ == getattr(keras.initializers, name).__name__


def test_get_takes_what_keras_takes():
    draw = initializers.Ones()
    assert initializers.get(None) is None
    assert initializers.get(draw) is draw
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    assert initializers.get({"class_name": "Constant", "config": {"value": 2.0}}).value == 2.0

    def own(shape, dtype=None):
        return np.full(shape, 7, dtype)

    assert initializers.get(own) is own
    assert Variable(initializers.get(own), (2,), "float32").numpy().tolist() == [7, 7]
    given = initializers.get(np.arange(3))
    assert given((3,), "float32").tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        given((2,))


@pytest.mark.parametrize("wrong", ["glorot", 3, "HeNormall"])
def test_get_refuses_the_rest(wrong):
    for get in (initializers.get, keras.initializers.get):
        with pytest.raises(ValueError):
            get(wrong)


def test_a_near_name_is_offered():
    with pytest.raises(ValueError, match="Did you mean 'he_normal'"):
        initializers.get("he_norml")


# Errors --------------------------------------------------------------------------------------------------------------

ERRORS = [
    lambda module: module.VarianceScaling(scale=0),
    lambda module: module.VarianceScaling(mode="fan"),
    lambda module: module.VarianceScaling(distribution="cauchy"),
    lambda module: module.GlorotNormal(seed="1"),
    lambda module: module.Identity()((2, 2, 2)),
    lambda module: module.Orthogonal()((3,)),
    lambda module: module.STFT(side="left"),
    lambda module: module.STFT(scaling="none"),
    lambda module: module.STFT(window="no such window"),
    lambda module: module.STFT(window=[1.0, 2.0])((3, 1, 3)),
]


@pytest.mark.parametrize("call", ERRORS)
def test_errors_are_those_of_keras(call):
    for module in (initializers, keras.initializers):
        with pytest.raises(ValueError):
            call(module)


def test_own_initializers_need_no_config():
    class Twice(initializers.Initializer):
        def __init__(self, value=1.0):
            self.value = value

        def __call__(self, shape, dtype=None):
            return np.full(shape, 2 * self.value, dtype)

    assert Twice(3.0).get_config() == {"value": 3.0}
    assert Twice(3.0).clone()((1,), "float32").tolist() == [6.0]
    with pytest.raises(NotImplementedError):
        initializers.Initializer()((1,))
