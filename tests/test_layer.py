"""The layer itself: building, calling, variables, masks, training, losses, dtypes, configs, errors."""

from __future__ import annotations

import copy
import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cornu import dtypes, layers, models, registry, tags
from cornu import variables as state
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.random import SeedGenerator, set_root_seed
from cornu.symbolic import KerasTensor


class Linear(Layer):
    def __init__(self, units, kernel_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.kernel_regularizer = units, kernel_regularizer

    def build(self, input_shape):
        self.state = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")
        self.kernel = self.add_weight((input_shape[-1], self.units), regularizer=self.kernel_regularizer, name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def call(self, inputs):
        return inputs @ self.kernel + self.bias


class Block(Layer):
    """Inner layers in a list, a dict and an attribute; no build."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stack = [Linear(3, name="a"), (Linear(3, name="b"),)]
        self.heads = {"x": Linear(2, name="c")}
        self.last = Linear(1, name="d")

    def call(self, inputs):
        hidden = self.stack[1][0](self.stack[0](inputs))
        return self.last(self.heads["x"](hidden))


class Training(Layer):
    def call(self, inputs, training=None):
        return inputs + (1.0 if training else 0.0)


class Outer(Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


class Decided(Outer):
    def call(self, inputs, training=True):
        return self.inner(inputs)


class Masked(Layer):
    """Masks what is negative."""

    def call(self, inputs):
        return inputs * 1.0

    def compute_mask(self, inputs, previous_mask=None):
        return inputs[..., 0] >= 0


class TakesMask(Layer):
    def call(self, inputs, mask=None):
        return inputs if mask is None else inputs * mask[..., None]


def ones(*shape, dtype="float32"):
    return np.ones(shape, dtype)


def names(variables):
    return [v.name for v in variables]


# Building and calling -------------------------------------------------------------------------------------------------


def test_builds_on_the_first_call():
    layer = Linear(3)
    assert not layer.built
    assert layer.weights == []
    assert layer(ones(2, 4)).shape == (2, 3)
    assert layer.built
    assert layer.kernel.shape == (4, 3)
    assert [v.path for v in layer.weights] == [f"{layer.name}/{n}" for n in ("kernel", "bias", "count")]
    assert layer.count_params() == 16


def test_build_by_hand_marks_as_built_and_notes_the_shape():
    layer = Linear(3)
    layer.build((None, 4))
    assert layer.built
    assert layer.get_build_config() == {"input_shape": (None, 4)}
    kernel = layer.kernel
    layer(ones(2, 4))
    assert layer.kernel is kernel


def test_build_of_a_base_class_is_part_of_the_build():
    class Wider(Linear):
        def build(self, input_shape):
            super().build(input_shape)
            assert not self.built
            self.extra = self.add_weight((2,), name="extra")

    layer = Wider(3)
    layer(ones(2, 4))
    assert names(layer.weights) == ["kernel", "bias", "extra", "count"]


def test_the_default_build_builds_inner_layers():
    layer = Block()
    layer.build((None, 4))
    assert layer.built
    assert len(layer.weights) == 12
    assert layer.weights[0].path == f"{layer.name}/a/kernel"


def test_the_default_build_for_several_inputs():
    class Both(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.left, self.right = Linear(3), Linear(3)

        def call(self, a, b):
            return self.left(a) + self.right(b)

    called, built, again = Both(), Both(), Both()
    called(ones(2, 4), b=ones(2, 5))
    assert called.get_build_config() == {"shapes_dict": {"a_shape": (2, 4), "b_shape": (2, 5)}}
    built.build((2, 4), (2, 5))
    again.build_from_config(called.get_build_config())
    for layer in (called, built, again):
        assert layer.built
        assert [v.shape for v in layer.trainable_variables] == [(4, 3), (3,), (5, 3), (3,)]


def test_build_for_several_inputs_takes_their_shapes_by_name():
    class Two(Layer):
        def build(self, left_shape, right_shape):
            self.kernel = self.add_weight((left_shape[-1], right_shape[-1]))

        def call(self, left, right):
            return left @ self.kernel @ right.T

    layer = Two()
    assert layer(ones(2, 3), right=ones(5, 4)).shape == (2, 5)
    config = layer.get_build_config()
    assert config == {"shapes_dict": {"left_shape": (2, 3), "right_shape": (5, 4)}}
    again = Two()
    again.build_from_config({"shapes_dict": {"left_shape": [2, 3], "right_shape": [5, 4]}})
    assert again.kernel.shape == (3, 4)
    assert layer.compute_output_shape(left_shape=(None, 3), right_shape=(7, 4)) == (None, 7)

    class Wrong(Two):
        def build(self, left_shape, wrong_shape):
            pass

    with pytest.raises(ValueError, match="wrong_shape"):
        Wrong()(ones(2, 3), ones(5, 4))


def test_nested_inputs_and_outputs():
    class Nested(Layer):
        def build(self, input_shape):
            self.seen = input_shape

        def call(self, inputs):
            return {"sum": inputs["a"] + inputs["b"][0], "b": inputs["b"]}

    layer = Nested()
    out = layer({"a": ones(2, 3), "b": [ones(2, 3), ones(4)]})
    assert layer.seen == {"a": (2, 3), "b": [(2, 3), (4,)]}
    assert out["sum"].shape == (2, 3)
    assert out["b"][1].shape == (4,)
    spec = layer.compute_output_spec({"a": KerasTensor((None, 3)), "b": [KerasTensor((None, 3)), KerasTensor((4,))]})
    assert spec["sum"].shape == (None, 3)


@pytest.mark.parametrize("make", [lambda: Linear(3), Block, Training, TakesMask], ids=["Linear", "Block", "T", "M"])
@pytest.mark.parametrize("shape", [(None, 4), (2, 4), (None, None, 4)])
def test_symbolic_shapes_are_those_of_values(make, shape):
    layer = make()
    tensor = layer(KerasTensor(shape))
    concrete = tuple(5 if size is None else size for size in shape)
    value = layer(ones(*concrete))
    assert tensor.dtype == value.dtype.name
    assert [s if s is not None else v for s, v in zip(tensor.shape, value.shape, strict=True)] == list(value.shape)
    assert tensor.shape[0] == shape[0]
    assert layer.compute_output_shape(shape) == tensor.shape
    assert layer.output is tensor


def test_inputs_become_arrays_of_the_compute_dtype():
    class Seen(Layer):
        def call(self, inputs, other=None):
            self.kinds = inputs.dtype.name, None if other is None else other.dtype.name
            return inputs

    layer = Seen()
    assert isinstance(layer(np.ones((2, 2), "float64")), jax.Array)
    layer(ones(2, 2, dtype="float16"), other=ones(2, dtype="int32"))
    assert layer.kinds == ("float32", "int32")
    layer = Seen(autocast=False)
    layer(ones(2, 2, dtype="float16"))
    assert layer.kinds == ("float16", None)


# Variables ------------------------------------------------------------------------------------------------------------


def keras_twin():
    """The classes above as Keras's layers."""

    class Linear(keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.state = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")
            self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
            self.bias = self.add_weight((self.units,), "zeros", name="bias")

        def call(self, inputs):
            return inputs @ self.kernel + self.bias

    class Grown(keras.layers.Layer):
        __init__ = _grown_init
        call = _grown_call

    Grown.Linear, Grown.Base = Linear, keras.layers.Layer
    return Linear, Grown


def _grown_init(self, **kwargs):
    self.Base.__init__(self, **kwargs)
    self.first = None
    self.second = self.Linear(3, name="second")
    self.first = self.Linear(3, name="first")
    self.more = []
    for i in range(2):
        self.more.append(self.Linear(3, name=f"more{i}"))
    self.inside = {"z": self.Linear(3, name="z"), "a": (self.Linear(3, name="a"),)}


def _grown_call(self, inputs):
    for layer in [self.first, self.second, *self.more, self.inside["a"][0], self.inside["z"]]:
        inputs = layer(inputs)
    return inputs


class Grown(Layer):
    Linear, Base = Linear, Layer
    __init__ = _grown_init
    call = _grown_call


def test_the_order_of_weights_is_that_of_keras():
    _, twin = keras_twin()
    ours, theirs = Grown(), twin()
    ours(ones(2, 3)), theirs(ones(2, 3))

    def last(variables):
        return ["/".join(v.path.split("/")[-2:]) for v in variables]

    assert last(ours.weights) == last(theirs.weights)
    assert last(ours.trainable_variables) == last(theirs.trainable_variables)
    assert last(ours.non_trainable_variables) == last(theirs.non_trainable_variables)
    assert last(ours.weights)[0] == "second/kernel"


def test_a_list_that_grows_is_seen_as_it_is():
    layer = Block()
    layer(ones(2, 4))
    before = len(layer.variables)
    layer.stack.append(Linear(2))
    layer.stack[-1].build((None, 2))
    assert len(layer.variables) == before + 3
    layer.stack.pop()
    assert len(layer.variables) == before


def test_seeds_belong_to_the_variables_and_not_to_the_weights():
    layer = Outer(Linear(2))
    layer.generator = SeedGenerator(3)
    layer(ones(1, 2))
    assert layer.generator.state is layer.variables[0] is layer.non_trainable_variables[0]
    assert all(v is not layer.generator.state for v in layer.weights)


def test_shared_layers_and_cycles_count_once():
    shared = Linear(4)
    layer = Outer(shared)
    layer.again = [shared, {"x": shared}]
    layer.itself = layer
    layer(ones(2, 4))
    assert len(layer.weights) == 3
    assert len(layer._flatten_layers()) == 2


def test_freezing_as_in_keras():
    twin, _ = keras_twin()
    for ours in (Outer(Linear(2)), Outer(Linear(2), trainable=False)):
        ours(ones(1, 2))
        ours.trainable = False
        assert ours.trainable_variables == []
        assert [v.trainable for v in ours.weights] == [False] * 3
        assert names(ours.non_trainable_weights) == ["kernel", "bias", "count"]
        ours.trainable = True
        assert names(ours.trainable_weights) == ["kernel", "bias"]
        ours.inner.trainable = False
        assert ours.trainable_weights == []
        assert ours.trainable
    frozen = twin(2, trainable=False)
    frozen(ones(1, 2))
    ours = Linear(2, trainable=False)
    ours(ones(1, 2))
    assert [v.trainable for v in ours.weights] == [v.trainable for v in frozen.weights] == [False] * 3
    assert names(ours.weights) == names(frozen.weights)


def test_freezing_one_variable_leaves_the_order_of_weights():
    layer = Linear(2)
    layer(ones(1, 2))
    layer.kernel.trainable = False
    assert names(layer.weights) == ["kernel", "bias", "count"]
    assert names(layer.trainable_variables) == ["bias"]


def test_set_weights_checks_everything_first():
    layer = Linear(2, name="lin")
    layer(ones(1, 3))
    old = layer.get_weights()
    with pytest.raises(ValueError, match=r"'lin'.*wrong number(.|\n)*3 \(lin/kernel, lin/bias, lin/count\)(.|\n)*2"):
        layer.set_weights(old[:2])
    with pytest.raises(ValueError, match=r"lin/bias(.|\n)*\(2,\)(.|\n)*\(5,\)"):
        layer.set_weights([old[0] + 1, np.zeros(5), old[2]])
    np.testing.assert_array_equal(layer.get_weights()[0], old[0])
    layer.set_weights([old[0] + 1, old[1], old[2]])
    np.testing.assert_array_equal(layer.get_weights()[0], old[0] + 1)
    with pytest.raises(ValueError, match="Build the layer first"):
        Linear(2).set_weights(old)
    with pytest.raises(ValueError, match="isn't built"):
        Linear(2).count_params()


def test_adding_a_layer_leaves_the_others_initial_weights():
    def first_kernel(extra):
        set_root_seed(5)
        layers = [Linear(3) for _ in range(1 + extra)]
        for layer in reversed(layers):
            layer(ones(1, 4))
        return layers[0].kernel.numpy()

    np.testing.assert_array_equal(first_kernel(0), first_kernel(2))
    set_root_seed(6)
    assert np.abs(first_kernel(0) - Linear(3)(np.eye(4, dtype="float32"))).max() > 0


def test_gradients_flow_to_variables_of_inner_layers():
    layer = Block()
    layer(ones(2, 4))
    gradients = state.grad(lambda: layer(ones(2, 4)).sum(), layer.trainable_variables)()
    np.testing.assert_allclose(gradients[-1], [2.0])


# Training, masks ------------------------------------------------------------------------------------------------------


def test_training_reaches_inner_layers():
    layer = Outer(Outer(Training()))
    assert float(layer(ones(1))[0]) == 1
    assert float(layer(ones(1), training=True)[0]) == 2
    assert float(layer(ones(1), training=np.bool_(True))[0]) == 2
    assert float(Decided(Training())(ones(1))[0]) == 2
    assert float(Decided(Training())(ones(1), training=False)[0]) == 1
    assert float(Outer(Decided(Training()))(ones(1), training=False)[0]) == 1


def test_a_call_says_more_than_the_call_around_it():
    class Insists(Outer):
        def call(self, inputs):
            return self.inner(inputs, training=False)

    assert float(Insists(Training())(ones(1), training=True)[0]) == 1


def test_masks_flow_beside_tensors():
    x = np.array([[[1.0], [-1.0]]], "float32")
    y = Masked()(x)
    np.testing.assert_array_equal(tags.get_mask(y), [[True, False]])
    np.testing.assert_array_equal(TakesMask()(y), [[[1.0], [0.0]]])
    np.testing.assert_array_equal(TakesMask()(y, mask=np.array([[0, 1]])), [[[0.0], [-1.0]]])
    through = Outer(TakesMask())
    through.supports_masking = True
    z = through(y)
    np.testing.assert_array_equal(z, [[[1.0], [0.0]]])
    np.testing.assert_array_equal(tags.get_mask(z), [[True, False]])
    half = Outer(Training(), dtype="float16")
    half.supports_masking = half.inner.supports_masking = True
    assert tags.get_mask(half(y)) is not None

    @jax.jit
    def compiled(x):
        return TakesMask()(Masked()(x))

    np.testing.assert_array_equal(compiled(x), [[[1.0], [0.0]]])


def test_a_mask_that_ends_is_told():
    y = Masked()(ones(1, 2, 1))
    with pytest.warns(UserWarning, match=r"'training.*' \(Training\) doesn't support masking"):
        assert tags.get_mask(Training()(y)) is None


def test_masks_of_several_arguments():
    class Pair(Layer):
        def call(self, query, value=None, query_mask=None, value_mask=None):
            return query_mask, value_mask

    left, right = Masked()(ones(1, 2, 1)), Masked()(-ones(1, 2, 1))
    query_mask, value_mask = Pair()(left, value=right)
    np.testing.assert_array_equal(query_mask, [[True, True]])
    np.testing.assert_array_equal(value_mask, [[False, False]])
    assert Pair()(ones(1, 2, 1), right)[0] is None


# Losses ---------------------------------------------------------------------------------------------------------------


class Costly(Layer):
    def call(self, inputs):
        self.add_loss(inputs.sum())
        return inputs


def test_losses_are_those_of_the_last_call():
    layer = Outer(Costly())
    layer(ones(2, 3))
    layer(ones(2, 2))
    assert [float(loss) for loss in layer.losses] == [4.0]
    layer(KerasTensor((None, 3)))
    assert [float(loss) for loss in layer.losses] == [4.0]
    gradients = state.functional(lambda x: (layer(x), layer.losses)[1], [])((), ones(2, 5))[0]
    assert float(gradients[0]) == 10.0
    assert [float(loss) for loss in layer.losses] == [4.0]
    total = jax.jit(lambda x: state.functional(lambda x: (layer(x), sum(layer.losses))[1], [])((), x)[0])
    assert float(total(ones(3, 3))) == 9.0
    assert [float(loss) for loss in layer.losses] == [4.0]


def test_penalties_of_weights_and_outputs():
    layer = Linear(2, kernel_regularizer="l2", activity_regularizer="l1")
    theirs = keras.layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    x = np.arange(6, dtype="float32").reshape(2, 3)
    theirs(x), layer(x)
    layer.set_weights([*theirs.get_weights(), np.zeros(())])
    layer(x)
    np.testing.assert_allclose(
        sorted(float(v) for v in layer.losses), sorted(float(v) for v in theirs.losses), rtol=1e-5
    )
    layer.trainable = False
    layer(x)
    assert len(layer.losses) == 1


# Dtypes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_dtype_policies(policy):
    layer = Block(dtype=policy)
    for inner in layer._flatten_layers(include_self=False):
        inner.dtype_policy = dtypes.get_policy(policy)
    assert layer.compute_dtype == policy.removeprefix("mixed_")
    out = layer(ones(2, 4))
    assert out.dtype.name == layer.compute_dtype
    assert {v.dtype for v in layer.weights} == {layer.variable_dtype}
    assert layer(KerasTensor((None, 4))).dtype == layer.compute_dtype
    assert layer.dtype == layer.variable_dtype == ("float32" if "mixed" in policy else policy)
    assert layer.input_dtype == layer.compute_dtype


def test_an_integer_layer_casts_nothing():
    layer = Linear(2, dtype="int32")
    layer.build((None, 2))
    assert layer.kernel.dtype == "int32"
    assert Training(dtype="int32")(ones(2, dtype="float16")).dtype == "float16"


# Configs --------------------------------------------------------------------------------------------------------------


def test_a_config_is_derived():
    layer = Linear(3, kernel_regularizer="l2", name="lin", dtype="mixed_float16", trainable=False)
    config = layer.get_config()
    assert config == {
        "name": "lin",
        "trainable": False,
        "dtype": {
            "module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": None
        },
        "units": 3,
        "kernel_regularizer": "l2",
    }  # fmt: skip
    again = Linear.from_config(config)
    assert again.get_config() == config
    assert Linear(3, activity_regularizer="l2").get_config()["activity_regularizer"]["class_name"] == "L2"


def test_a_constructor_need_not_take_what_every_layer_has():
    class Plain(Layer):
        def __init__(self, size):
            super().__init__()
            self.size = size

    layer = Plain(3)
    layer.trainable, layer.dtype_policy = False, dtypes.get_policy("float16")
    again = Plain.from_config(layer.get_config())
    assert (again.name, again.trainable, again.dtype, again.size) == (layer.name, False, "float16", 3)


def test_a_config_written_by_hand():
    class Function(Layer):
        def __init__(self, function, **kwargs):
            super().__init__(**kwargs)
            self.function = function

        def get_config(self):
            return {**super().get_config(), "function": "identity"}

    config = Function(lambda x: x, name="f").get_config()
    assert set(config) == {"name", "trainable", "dtype", "function"}

    class Wide(Linear):
        def get_config(self):
            return {**super().get_config(), "more": 1}

    assert {"units", "more"} <= set(Wide(3).get_config())


def test_a_registered_layer_comes_back_from_data():
    registered = registry.register_keras_serializable("tests")(type("Mine", (Linear,), {}))
    layer = registered(3, name="mine")
    layer(ones(2, 4))
    data = registry.serialize(layer)
    assert data["registered_name"] == "tests>Mine"
    again = registry.deserialize(data)
    assert isinstance(again, registered)
    assert again.kernel.shape == (4, 3)


def test_copies_are_apart():
    layer = Linear(2)
    layer(ones(1, 2))
    other = copy.deepcopy(layer)
    other.kernel.assign(np.zeros((2, 2)))
    assert np.abs(layer.kernel.numpy()).max() > 0


def test_stateless_call():
    class Counts(Linear):
        def call(self, inputs):
            self.state.assign_add(1.0)
            self.add_loss(inputs.sum())
            return super().call(inputs)

    layer = Counts(2)
    layer.build((None, 2))
    trained, others = [jnp.ones((2, 2)), jnp.zeros(2)], [jnp.asarray(5.0)]
    out, new, losses = layer.stateless_call(trained, others, ones(1, 2), return_losses=True)
    np.testing.assert_allclose(out, [[2.0, 2.0]])
    assert (float(new[0]), float(layer.state), float(losses[0])) == (6.0, 0.0, 2.0)
    with pytest.raises(ValueError, match="2 trainable and 1 non-trainable"):
        layer.stateless_call(trained, [], ones(1, 2))


# Errors ---------------------------------------------------------------------------------------------------------------


class Forgetful(Layer):
    def __init__(self):
        self.units = 3


class Specific(Linear):
    def __init__(self, **kwargs):
        super().__init__(2, **kwargs)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: 4})


ERRORS = [
    (Forgetful, RuntimeError, r"Forgetful\.__init__ doesn't call(.|\n)*super\(\)\.__init__\(\)"),
    (lambda: Linear(2, name="l", unit=3), ValueError, r"Linear 'l': unknown argument `unit`. Did you mean 'units'"),
    (lambda: Linear(), TypeError, r"Linear: missing a required argument: 'units'"),
    (lambda: Linear(2, trainable="yes"), ValueError, r"Linear: argument `trainable` is wrong"),
    (lambda: Linear(2, name="a/b"), ValueError, r"can't contain '/'"),
    (lambda: Linear(2, dtype="flot32"), ValueError, r"Unknown dtype.*float32"),
    (lambda: Linear(2, name="l")(ones(1, 2), 3), TypeError, r"Layer 'l': too many positional(.|\n)*call\(inputs\)"),
    (lambda: Linear(2, name="l")(), TypeError, r"Layer 'l': missing a required argument: 'inputs'"),
    (lambda: Linear(2, name="l")([[1.0, 2.0]]), ValueError, r"Layer 'l': argument `inputs` is no tensor"),
    (lambda: Linear(2, name="l")(np.array(["a"])), TypeError, r"Layer 'l' takes numbers"),
    (lambda: Specific(name="l")(ones(4)), ValueError, r"Layer 'l'(.|\n)*at least 2 axes(.|\n)*\(4,\)"),
    (lambda: Specific(name="l")(ones(2, 3)), ValueError, r"Layer 'l'(.|\n)*size 4 on axis -1(.|\n)*\(2, 3\)"),
    (lambda: Specific(name="l")([ones(2, 4)] * 2), ValueError, r"Layer 'l': wrong number of inputs"),
    (lambda: Layer(name="l")(ones(2)), NotImplementedError, r"Layer has no mathematics"),
    (lambda: Linear(2, name="l").add_weight("kernel", (2,)), ValueError, r"add_weight\(shape=..., name='kernel'\)"),
    (lambda: Linear(2, name="l").add_weight((2,), "glorot"), ValueError, r"glorot"),
    (lambda: Linear(2, name="l").output, AttributeError, r"'l' has no single output"),
]  # fmt: skip


@pytest.mark.parametrize("make, kind, message", ERRORS, ids=[m[:30] for *_, m in ERRORS])
def test_errors_name_layer_and_argument(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_weights_set_while_a_layer_is_built_stay():
    class Given(Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 2))
            self.set_weights([np.full((input_shape[-1], 2), 3.0)])

        def call(self, x):
            return x @ self.kernel

    layer = Given()
    layer(KerasTensor((None, 4), "float32"))
    np.testing.assert_array_equal(layer(ones(1, 4)), [[12.0, 12.0]])


def test_a_call_that_demands_training_gets_it():
    class Noisy(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.dropout = layers.Dense(3), layers.Dropout(0.5)

        def call(self, inputs, training):
            return self.dropout(self.inner(inputs), training=training)

    layer, x = Noisy(), np.ones((4, 2), "float32")
    plain = layer(x)
    np.testing.assert_allclose(plain, layer.inner(x))
    np.testing.assert_allclose(plain, layer(x, False))
    assert np.count_nonzero(layer(x, training=True)) < 12
    built = Noisy()
    built.build((None, 2))
    assert built.count_params() == 9


@pytest.mark.parametrize("supports", [True, False])
@pytest.mark.filterwarnings("ignore:Layer 'end")
def test_a_layer_that_gives_its_input_back_can_end_the_mask(supports):
    """The usual layer that removes a mask: `call` returns its input itself."""

    class End(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = supports

        def call(self, x):
            return x

    if supports:
        End.compute_mask = lambda self, inputs, mask=None: None
    masked = layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 0], [2, 3]]))
    end = End(name="end")
    assert tags.get_mask(end(masked)) is None
    assert tags.get_mask(masked) is not None
    kept = models.Sequential([layers.Dropout(0.5)])(masked)
    assert tags.get_mask(kept) is not None


def test_help_and_editors_see_the_constructor():
    assert list(inspect.signature(layers.Dense).parameters)[:3] == ["units", "activation", "use_bias"]
