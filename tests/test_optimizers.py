"""Optimizers and schedules against Keras, PyTorch and optax."""

from __future__ import annotations

import copy
import inspect
import json
import warnings

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cornu
from cornu import constraints, naming, optimizers, registry
from cornu import variables as state
from cornu.engines.reference import Reference
from cornu.optimizers import schedules
from cornu.program.trace import abstract, trace
from cornu.variables import Variable

SHAPES = {"scale": (), "bias": (3,), "kernel": (4, 3), "wide": (3, 4), "filter": (2, 2, 3, 2), "embeddings": (4, 3)}
STEPS = 12
generator = np.random.default_rng(7)
FIRST = [generator.normal(size=shape).astype("float32") for shape in SHAPES.values()]
GRADIENTS = [
    [(generator.normal(size=shape) * 10.0 ** generator.integers(-2, 2)).astype("float32") for shape in SHAPES.values()]
    for _ in range(STEPS)
]


def make_variables(variable_class, name_scope, values=FIRST):
    with name_scope("model"), name_scope("layer"):
        return [variable_class(value, name=name) for name, value in zip(SHAPES, values, strict=False)]


def ours(values=FIRST):
    return make_variables(Variable, naming.name_scope, values)


def theirs(values=FIRST):
    return make_variables(keras.Variable, keras.name_scope, values)


def train(optimizer, variables, gradients=GRADIENTS):
    for step in gradients:
        optimizer.apply(step, variables)
    return [np.asarray(v.value) for v in (*variables, *optimizer.variables)]


def train_keras(optimizer, variables, gradients=GRADIENTS):
    """The same in Keras; compiled where Keras would compile anew in each step."""
    if not optimizer.gradient_accumulation_steps:
        return train(optimizer, variables, gradients)
    optimizer.build(variables)
    trained, own = [v.value for v in variables], [v.value for v in optimizer.variables]
    apply = jax.jit(optimizer.stateless_apply)
    for step in gradients:
        trained, own = apply(own, step, trained)
    for variable, value in zip((*variables, *optimizer.variables), (*trained, *own), strict=True):
        variable.assign(value)
    return [np.asarray(value) for value in (*trained, *own)]


def assert_close(actual, expected, rtol=1e-5, atol=1e-6):
    assert len(actual) == len(expected)
    for place, (a, e) in enumerate(zip(actual, expected, strict=True)):
        np.testing.assert_allclose(a, e, rtol=rtol, atol=atol, err_msg=f"array {place}")


ALONE = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.8, "rho": 0.7}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"learning_rate": 1.0, "initial_accumulator_value": 0.5, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-2}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-3}),
    ("Adam", {"amsgrad": True, "learning_rate": 0.1, "beta_2": 0.5}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.5, "amsgrad": True}),
    ("Adamax", {"learning_rate": 0.1, "beta_2": 0.9}),
    ("Nadam", {"learning_rate": 0.1}),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "learning_rate": 0.5,
            "learning_rate_power": -0.7,
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.3,
            "beta": 0.4,
        },
    ),
    ("Lion", {"learning_rate": 0.1, "beta_1": 0.6}),
    ("Lamb", {"learning_rate": 0.1}),
    ("Adafactor", {"learning_rate": 0.2}),
    ("Adafactor", {"learning_rate": 0.9, "beta_2_decay": -0.5, "clip_threshold": 0.5, "epsilon_2": 0.5}),
    ("Muon", {"learning_rate": 0.1}),
    ("Muon", {"nesterov": False, "rms_rate": None, "exclude_layers": ["wide"], "adam_lr_ratio": 0.5, "ns_steps": 3}),
    ("Muon", {"exclude_embeddings": False, "weight_decay": None, "momentum": 0.5}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1}),
    ("ScheduleFreeAdamW", {"warmup_steps": 5, "beta_1": 0.8, "weight_decay": 0.1}),
]

TOGETHER = [
    {"weight_decay": 0.1},
    {"clipnorm": 0.3},
    {"clipvalue": 0.05},
    {"global_clipnorm": 0.3},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 5},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 5},
    {"gradient_accumulation_steps": 2, "weight_decay": 0.1, "global_clipnorm": 1.0, "use_ema": True},
    {"gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 2, "loss_scale_factor": 2.0},
]
MIXED = [
    (name, {**own, **shared})
    for name, own in [
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
        ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
        ("Nadam", {"learning_rate": 0.1}),
    ]
    for shared in TOGETHER
]


def label(value):
    return "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None


@pytest.mark.parametrize("name,options", ALONE + MIXED, ids=label)
def test_like_keras(name, options):
    expected = train_keras(getattr(keras.optimizers, name)(**options), theirs())
    assert_close(train(getattr(optimizers, name)(**options), ours()), expected)


@pytest.mark.parametrize("name,options", [ALONE[1], ALONE[11], ALONE[25], MIXED[5], MIXED[7], MIXED[19]], ids=label)
def test_traced_like_eager(name, options):
    make = getattr(optimizers, name)
    expected = train(make(**options), ours())
    variables, optimizer = ours(), make(**options)
    step = state.jit(lambda gradients: optimizer.apply(gradients, variables))
    for gradients in GRADIENTS:
        step(gradients)
    assert_close([v.numpy() for v in (*variables, *optimizer.variables)], expected)


@pytest.mark.parametrize("name,options", [ALONE[17], MIXED[8]], ids=label)
def test_stateless_apply(name, options):
    expected = train(getattr(optimizers, name)(**options), ours())
    variables, optimizer = ours(), getattr(optimizers, name)(**options)
    optimizer.build(variables)
    trained, own = [v.value for v in variables], [v.value for v in optimizer.variables]
    step = jax.jit(optimizer.stateless_apply)
    for gradients in GRADIENTS:
        trained, own = step(own, gradients, trained)
    assert_close([*trained, *own], expected)
    assert int(optimizer.iterations) == 0


def test_the_comparison_catches_a_wrong_formula():
    class Wrong(optimizers.Adam):
        def update(self, gradient, value, rate, step, **state):
            new, state = super().update(gradient, value, rate, step, **state)
            return new * (1 + 1e-4), state

    expected = train(keras.optimizers.Adam(), theirs())
    with pytest.raises(AssertionError, match="array 0"):
        assert_close(train(Wrong(), ours()), expected)


@pytest.mark.parametrize("name,options", ALONE + MIXED[8:20], ids=label)
def test_state_is_named_and_ordered_as_in_keras(name, options):
    mine, other = getattr(optimizers, name)(**options, name="o"), getattr(keras.optimizers, name)(**options, name="o")
    mine.build(ours())
    other.apply(GRADIENTS[0], theirs())
    assert [v.shape for v in mine.variables] == [tuple(v.shape) for v in other.variables]
    # Keras gives Adafactor's rows and columns the bare name of the variable, and Nadam's product none.
    named = [(m.path, o.path) for m, o in zip(mine.variables, other.variables, strict=True)]
    named = [pair for pair in named if not pair[0].endswith(("_row", "_column", "u_product"))]
    assert [m for m, _ in named] == [o for _, o in named]


@pytest.mark.parametrize("name,options", ALONE + MIXED[:10], ids=label)
def test_configs_both_ways(name, options):
    mine = getattr(optimizers, name)(**options, name="o")
    other = getattr(keras.optimizers, name)(**options, name="o")
    assert mine.get_config() == other.get_config()
    assert optimizers.serialize(mine) == keras.optimizers.serialize(other)
    back = optimizers.get(json.loads(json.dumps(keras.optimizers.serialize(other))))
    assert type(back) is type(mine)
    assert back.get_config() == mine.get_config()
    if name != "Lamb":  # Keras doesn't find its own by name
        assert keras.optimizers.deserialize(optimizers.serialize(mine)).get_config() == other.get_config()


@pytest.mark.parametrize("name", sorted({name for name, _ in ALONE} - {"Muon"}))
def test_signatures_are_keras(name):
    def described(function):
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]

    assert described(getattr(optimizers, name).__init__) == described(getattr(keras.optimizers, name).__init__)


def test_muon_has_the_arguments_of_keras():
    mine, other = (inspect.signature(m.optimizers.Muon.__init__).parameters for m in (cornu, keras))
    assert {n: p.default for n, p in mine.items()} == {n: p.default for n, p in other.items()}


def test_positional_arguments_beyond_the_own_ones():
    assert optimizers.SGD(0.1, 0.9, True, 0.01).weight_decay == 0.01


# Rates ---------------------------------------------------------------------------------------------------------------

STEP_NUMBERS = [0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 29, 30, 31, 50, 69, 70, 71, 100, 1000, 12345]
SCHEDULES = [
    ("ExponentialDecay", (0.1, 10, 0.5), {}),
    ("ExponentialDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("PiecewiseConstantDecay", ([10, 20, 50], [1.0, 0.5, 0.25, 0.1]), {}),
    ("PiecewiseConstantDecay", ([10], [1.0, 0.5]), {}),
    ("PolynomialDecay", (0.1, 30), {}),
    ("PolynomialDecay", (0.1, 30, 0.01), {"power": 2.0}),
    ("PolynomialDecay", (0.1, 30, 0.01), {"power": 0.5, "cycle": True}),
    ("CosineDecay", (0.1, 30), {}),
    ("CosineDecay", (0.1, 30), {"alpha": 0.2}),
    ("CosineDecay", (0.0, 30), {"warmup_target": 0.1, "warmup_steps": 10, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 10), {}),
    ("CosineDecayRestarts", (0.1, 10), {"t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 10), {"t_mul": 3.0, "m_mul": 0.9}),
]


@pytest.mark.parametrize("name,arguments,options", SCHEDULES)
def test_schedules_like_keras(name, arguments, options):
    mine = getattr(schedules, name)(*arguments, **options)
    other = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    expected = list(jax.jit(jax.vmap(other))(jnp.array(STEP_NUMBERS)))
    assert_close([mine(step) for step in STEP_NUMBERS], expected, atol=1e-8)
    assert_close(list(jax.jit(jax.vmap(mine))(jnp.array(STEP_NUMBERS))), expected, atol=1e-8)
    assert mine.get_config() == other.get_config()
    assert schedules.serialize(mine) == keras.optimizers.schedules.serialize(other)
    assert schedules.deserialize(keras.optimizers.schedules.serialize(other)).get_config() == mine.get_config()


FORMULAS = [
    (schedules.PowerDecay(0.1, 10), lambda t: 0.1 * (1 + t / 10) ** -1.0),
    (schedules.PowerDecay(0.1, 10, power=0.5), lambda t: 0.1 * (1 + t / 10) ** -0.5),
    (schedules.ExponentialDecay(0.1, 20, 0.1), lambda t: 0.1 * 10.0 ** (-t / 20)),
    (schedules.PiecewiseConstantDecay([5.5], [1.0, 2.0]), lambda t: 1.0 if t <= 5.5 else 2.0),
]


@pytest.mark.parametrize("schedule,formula", FORMULAS)
def test_schedules_like_the_formula(schedule, formula):
    for step in (0, 1, 5, 6, 20, 60):
        assert float(schedule(step)) == pytest.approx(formula(step), rel=1e-5)


@pytest.mark.parametrize("accumulation", [None, 3])
def test_optimizer_follows_a_schedule(accumulation):
    arguments = {"momentum": 0.5, "weight_decay": 0.1, "gradient_accumulation_steps": accumulation, "name": "o"}
    mine = optimizers.SGD(schedules.CosineDecay(0.1, 10), **arguments)
    other = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10), **arguments)
    assert_close(train(mine, ours()), train_keras(other, theirs()))
    assert float(mine.learning_rate) == pytest.approx(float(other.learning_rate))
    assert mine.get_config() == other.get_config()
    assert optimizers.get(keras.optimizers.serialize(other)).get_config() == other.get_config()
    with pytest.raises(TypeError, match="follows a schedule"):
        mine.learning_rate = 0.1


def test_callable_rates():
    rates = {"without": lambda: 0.5, "with the step": lambda step: 0.5 / (step + 1)}
    for name, expected in (("without", -1.0), ("with the step", -0.75)):
        w = Variable(0.0)
        train(optimizers.SGD(rates[name]), [w], [[1.0], [1.0]])
        assert float(w) == expected


def test_setting_the_rate():
    optimizer, w = optimizers.SGD(0.5), Variable(0.0)
    step = state.jit(lambda: optimizer.apply([1.0], [w]))
    step()
    optimizer.learning_rate = 2.0
    step()
    assert float(w) == -2.5
    optimizer.learning_rate = schedules.ExponentialDecay(4.0, 2, 0.5)
    assert [v.name for v in optimizer.variables] == ["iteration"]
    assert float(optimizer.learning_rate) == 2.0


def test_decay_of_keras_2():
    optimizer = optimizers.SGD(lambda: 1.0, momentum=0.0, decay=0.0)
    assert callable(optimizer._learning_rate)
    optimizer, w = optimizers.SGD(1.0, decay=0.5), Variable(0.0)
    train(optimizer, [w], [[1.0], [1.0], [1.0]])
    assert float(w) == pytest.approx(-(1 + 1 / 1.5 + 1 / 2))
    assert float(optimizer.learning_rate) == 1.0
    assert type(optimizer).from_config(optimizer.get_config()).decay == 0.5
    optimizer.learning_rate = 10.0
    train(optimizer, [w], [[1.0]])
    assert float(w) == pytest.approx(-(1 + 1 / 1.5 + 1 / 2) - 10 / 2.5)


# PyTorch -------------------------------------------------------------------------------------------------------------

TORCH = [
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}, "SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}, "SGD",
     {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"learning_rate": 0.1, "epsilon": 0.0}, "Adam", {"lr": 0.1, "eps": 0.0}),
    ("AdamW", {"learning_rate": 0.1, "epsilon": 0.0, "weight_decay": 0.2}, "AdamW",
     {"lr": 0.1, "eps": 0.0, "weight_decay": 0.2}),
    ("RMSprop", {"learning_rate": 0.1, "epsilon": 0.0, "rho": 0.9}, "RMSprop", {"lr": 0.1, "eps": 0.0, "alpha": 0.9}),
    ("RMSprop", {"learning_rate": 0.1, "epsilon": 0.0, "momentum": 0.5}, "RMSprop",
     {"lr": 0.1, "eps": 0.0, "alpha": 0.9, "momentum": 0.5}),
    ("Adagrad", {"learning_rate": 0.1, "epsilon": 0.0}, "Adagrad",
     {"lr": 0.1, "eps": 0.0, "initial_accumulator_value": 0.1}),
    ("Adadelta", {"learning_rate": 1.0, "epsilon": 1e-4}, "Adadelta", {"lr": 1.0, "eps": 1e-4, "rho": 0.95}),
    ("Adamax", {"learning_rate": 0.1}, "Adamax", {"lr": 0.1, "eps": 1e-7}),
    ("Nadam", {"learning_rate": 0.1}, "NAdam", {"lr": 0.1, "eps": 1e-7, "momentum_decay": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize("name,options,torch_name,torch_options", TORCH, ids=label)
def test_like_torch(name, options, torch_name, torch_options):
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.tensor(value)) for value in FIRST]
    other = getattr(torch.optim, torch_name)(parameters, **torch_options)
    variables, mine = ours(), getattr(optimizers, name)(**options)
    for gradients in GRADIENTS:
        mine.apply(gradients, variables)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(gradient)
        other.step()
    assert_close([v.numpy() for v in variables], [p.detach().numpy() for p in parameters], rtol=1e-4, atol=1e-5)


# Optax ---------------------------------------------------------------------------------------------------------------

optax = pytest.importorskip("optax")
TRANSFORMATIONS = {
    "sgd": lambda: optax.sgd(0.1, momentum=0.9),
    "adam": lambda: optax.adam(0.1),
    "schedule": lambda: optax.adamw(optax.cosine_decay_schedule(0.1, 10)),
    "chain": lambda: optax.chain(optax.clip_by_global_norm(0.5), optax.scale_by_rms(), optax.scale(-0.1)),
    "lookahead-free": lambda: optax.ema(0.9),
    "noisy": lambda: optax.noisy_sgd(0.1, key=1),
    "masked": lambda: optax.masked(optax.sgd(0.1), lambda tree: jax.tree.map(lambda x: x.ndim > 1, tree)),
    "finite": lambda: optax.apply_if_finite(optax.adam(0.1), 3),
    "multi-steps": lambda: optax.MultiSteps(optax.adam(0.1), 3).gradient_transformation(),
    "injected": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=0.1),
}


@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize("traced", [False, True])
def test_like_optax(name, traced):
    transformation = TRANSFORMATIONS[name]()
    variables, optimizer = ours(), optimizers.get(transformation)
    optimizer.build(variables)
    assert not optimizer.needs_loss
    names = [v.path for v in variables]
    values = {v.path: v.value for v in variables}
    own, update = transformation.init(values), jax.jit(transformation.update)
    step = lambda gradients: optimizer.apply(gradients, variables)  # noqa: E731
    step = state.jit(step) if traced else step
    for gradients in GRADIENTS:
        step(gradients)
        updates, own = update(dict(zip(names, gradients, strict=True)), own, values)
        values = optax.apply_updates(values, updates)
    assert_close([v.numpy() for v in variables], [values[name] for name in names])


def test_optax_tells_variables_apart_by_path():
    labels = lambda tree: {path: "frozen" if "bias" in path else "trained" for path in tree}  # noqa: E731
    transformation = optax.multi_transform({"trained": optax.sgd(1.0), "frozen": optax.set_to_zero()}, labels)
    variables = ours()
    optimizers.Optax(transformation).apply(GRADIENTS[0], variables)
    moved = [not np.array_equal(v.numpy(), first) for v, first in zip(variables, FIRST, strict=True)]
    assert moved == [name != "bias" for name in SHAPES]


def test_optax_with_shared_options_and_a_missing_gradient():
    a, b = Variable([1.0, 2.0], name="a"), Variable(3.0, name="b")
    optimizer = optimizers.Optax(optax.sgd(1.0), clipvalue=0.5, gradient_accumulation_steps=2)
    with pytest.warns(UserWarning, match="doesn't depend on b"):
        train(optimizer, [a, b], [[[1.0, -3.0], None]] * 2)
    assert (a.numpy().tolist(), float(b)) == ([0.5, 2.5], 3.0)


def test_optax_rate():
    optimizer, w = optimizers.get(optax.inject_hyperparams(optax.sgd)(learning_rate=1.0)), Variable(0.0)
    optimizer.apply([1.0], [w])
    optimizer.learning_rate = 0.5
    optimizer.apply([1.0], [w])
    assert (float(w), float(optimizer.learning_rate)) == (-1.5, 0.5)
    hidden = optimizers.get(optax.sgd(0.1))
    with pytest.raises(AttributeError, match="inject_hyperparams"):
        _ = hidden.learning_rate
    assert not hasattr(hidden, "learning_rate")


def _make_sgd():
    return optax.sgd(0.25)


def test_optax_configs():
    with pytest.raises(ValueError, match="compile=False"):
        optimizers.get(optimizers.serialize(optimizers.Optax(_make_sgd())))
    data = json.loads(json.dumps(optimizers.serialize(optimizers.Optax(_make_sgd, clipnorm=1.0))))
    back = optimizers.deserialize(data, custom_objects={"_make_sgd": _make_sgd})
    assert back.clipnorm == 1.0
    w = Variable(0.0)
    back.apply([1.0], [w])
    assert float(w) == -0.25
    lbfgs = optimizers.get(json.loads(json.dumps(optimizers.serialize(optimizers.LBFGS(memory_size=3)))))
    assert (lbfgs.memory_size, lbfgs.max_linesearch_steps) == (3, 20)
    with pytest.raises(ValueError, match="belongs to the transformation"):
        optimizers.Optax(optax.sgd(0.1), weight_decay=0.1)


def test_lbfgs_converges_on_a_quadratic_as_optax_does():
    generator = np.random.default_rng(0)
    basis = generator.normal(size=(6, 6))
    matrix, target = jnp.array(basis @ basis.T + np.eye(6), "float32"), jnp.array(generator.normal(size=6), "float32")

    def loss_of(values):
        w = jnp.concatenate([values[0].ravel(), values[1]])
        return 0.5 * w @ matrix @ w - target @ w

    variables = [Variable(np.zeros((2, 2), "float32"), name="a"), Variable(np.zeros(2, "float32"), name="b")]
    optimizer, transformation = optimizers.get("lbfgs"), optax.lbfgs()

    @state.jit
    def step():
        loss, gradients = jax.value_and_grad(loss_of)([v.value for v in variables])
        optimizer.apply(gradients, variables, loss=loss, loss_function=loss_of)

    @jax.jit
    def other_step(tree, own):
        loss, gradients = jax.value_and_grad(of_tree)(tree)
        updates, own = transformation.update(gradients, own, tree, value=loss, grad=gradients, value_fn=of_tree)
        return optax.apply_updates(tree, updates), own

    of_tree = lambda tree: loss_of([tree["a"], tree["b"]])  # noqa: E731
    values = {v.name: v.value for v in variables}
    own = transformation.init(values)
    for _ in range(15):
        step()
        values, own = other_step(values, own)
        assert_close([v.numpy() for v in variables], [values["a"], values["b"]], rtol=1e-4, atol=1e-5)
    found = np.concatenate([v.numpy().ravel() for v in variables])
    np.testing.assert_allclose(found, np.linalg.solve(matrix, target), rtol=1e-3, atol=1e-4)


def test_line_searches_ask_for_the_loss():
    optimizer = optimizers.get(optax.lbfgs())
    optimizer.build([w := Variable(1.0)])
    assert optimizer.needs_loss
    with pytest.raises(ValueError, match="loss_function"):
        optimizer.apply([1.0], [w])
    with pytest.raises(ValueError, match="gradient_accumulation_steps"):
        optimizers.LBFGS(gradient_accumulation_steps=2).build([w])


# Loss scaling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("traced", [False, True])
def test_loss_scale_like_keras(traced):
    arguments = {"initial_scale": 8.0, "dynamic_growth_steps": 2}
    other = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1), **arguments)
    mine = optimizers.LossScaleOptimizer(optimizers.Adam(0.1), **arguments)
    steps = [list(step) for step in GRADIENTS]
    for place, bad in ((3, np.inf), (4, np.nan), (9, -np.inf)):
        steps[place][2] = np.full(SHAPES["kernel"], bad, "float32")
    their_variables = theirs()
    other.build(their_variables)
    trained, own = [v.value for v in their_variables], [v.value for v in other.variables]
    other_apply = jax.jit(other.stateless_apply)
    variables = ours()
    mine.build(variables)
    apply = lambda gradients: mine.apply(gradients, variables)  # noqa: E731
    apply = state.jit(apply) if traced else apply
    for gradients in steps:
        trained, own = other_apply(own, gradients, trained)
        apply(gradients)
        assert_close([v.numpy() for v in (*variables, *mine.variables)], [*trained, *own])
    assert mine.get_config()["inner_optimizer"]["config"]["learning_rate"] == pytest.approx(0.1)


def test_loss_scale_config_and_rate():
    other = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5, name="i"), name="o")
    mine = optimizers.LossScaleOptimizer(optimizers.SGD(0.5, name="i"), name="o")
    assert mine.get_config() == other.get_config()
    old = {**other.get_config(), "weight_decay": None, "ema_momentum": 0.99, "dynamic": True}
    back = optimizers.get({"class_name": "LossScaleOptimizer", "config": old})
    assert back.get_config() == mine.get_config()
    back.learning_rate = 0.25
    assert float(back.inner_optimizer.learning_rate) == 0.25
    assert float(back.scale_loss(2.0)) == 2.0**16
    assert optimizers.LossScaleOptimizer("adam").inner_optimizer.beta_1 == 0.9


# Several optimizers --------------------------------------------------------------------------------------------------


def several(module):
    chosen = module.optimizers.OptimizerMap if hasattr(module.optimizers, "OptimizerMap") else module.OptimizerMap
    named = {"model/layer/(kernel|bias)": module.optimizers.SGD(0.1, momentum=0.9, name="s", use_ema=True)}
    return module.optimizers.MultiOptimizer(chosen(module.optimizers.Adam(0.1, name="a"), named), name="m")


@pytest.mark.parametrize("traced", [False, True])
def test_several_optimizers_like_keras(traced):
    mine, other, variables, their_variables = several(cornu), several(keras), ours(), theirs()
    assert optimizers.serialize(mine) == keras.optimizers.serialize(other)
    apply = lambda gradients: mine.apply(gradients, variables)  # noqa: E731
    apply = state.jit(apply) if traced else apply
    for gradients in GRADIENTS:
        apply(gradients)
    found = [np.asarray(v.value) for v in (*variables, *mine.variables)]
    assert_close(found, train(other, their_variables))
    assert [v.path for v in mine.variables] == [v.path for v in other.variables]
    assert optimizers.get(keras.optimizers.serialize(other)).get_config() == mine.get_config()
    mine.finalize_variable_values(variables)
    other.finalize_variable_values(their_variables)
    assert_close([v.numpy() for v in variables], [v.numpy() for v in their_variables])
    assert not hasattr(mine, "learning_rate")


def test_optimizers_chosen_by_a_function():
    slow, fast, a, b = optimizers.SGD(0.25), optimizers.SGD(0.5), Variable(1.0, name="a"), Variable(1.0, name="b")
    optimizer = optimizers.MultiOptimizer(lambda v: slow if v.name == "a" else fast, loss_scale_factor=2.0)
    optimizer.apply([float(optimizer.scale_loss(1.0))] * 2, [a, b])
    assert (float(a), float(b), optimizer.optimizers) == (0.75, 0.5, [slow, fast])
    chosen = optimizers.OptimizerMap(slow, {"a.*": fast, ".*b": fast})
    with pytest.raises(ValueError, match="more than one optimizer for variable 'ab'"):
        chosen["ab"]
    with pytest.raises(ValueError, match="there already"):
        chosen["a.*"] = fast
    with pytest.raises(TypeError, match="several optimizers"):
        optimizers.OptimizerMap("adam")


# Programs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name,options", [*ALONE[::6], MIXED[8], ("LossScaleOptimizer", {"inner_optimizer": "nadam"})])
def test_the_program_runs_on_the_reference_engine(name, options):
    variables, optimizer = ours(), getattr(optimizers, name)(**options)
    optimizer.build(variables)
    inputs = [[v.numpy() for v in optimizer.variables], GRADIENTS[0], [v.numpy() for v in variables]]
    program = trace(optimizer.stateless_apply, *jax.tree.map(abstract, inputs))
    found = Reference().compile(program)(*jax.tree.leaves(inputs))
    assert_close(found, jax.tree.leaves(jax.jit(optimizer.stateless_apply)(*inputs)))


# Around the formula --------------------------------------------------------------------------------------------------


def test_weight_decay_can_be_kept_from_variables():
    mine, other = optimizers.AdamW(weight_decay=0.5), keras.optimizers.AdamW(weight_decay=0.5)
    variables, their_variables = ours(), theirs()
    mine.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bias", "^sc"])
    other.exclude_from_weight_decay(var_list=[their_variables[2]], var_names=["bias", "^sc"])
    assert_close(train(mine, variables), train(other, their_variables))


def test_finalize_sets_the_averages():
    mine, other = (m.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5) for m in (cornu, keras))
    variables, their_variables = ours(), theirs()
    train(mine, variables), train(other, their_variables)
    mine.finalize_variable_values(variables)
    other.finalize_variable_values(their_variables)
    assert_close([v.numpy() for v in variables], [v.numpy() for v in their_variables])


def test_constraints_come_last():
    w = Variable([1.0, -1.0])
    w.constraint = constraints.NonNeg()
    optimizers.SGD(1.0).apply([[2.0, 0.5]], [w])
    assert w.numpy().tolist() == [0.0, 0.0]


def test_missing_gradients():
    mine, other, variables, their_variables = optimizers.Adam(), keras.optimizers.Adam(), ours(), theirs()
    partial = [[None if place in (1, 3) else g for place, g in enumerate(step)] for step in GRADIENTS]
    with pytest.warns(UserWarning, match="doesn't depend on model/layer/bias, model/layer/wide"):
        found = train(mine, variables, partial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_close(found, train(other, their_variables, partial))


def test_a_part_of_the_variables():
    mine, other, variables, their_variables = optimizers.Adam(), keras.optimizers.Adam(), ours(), theirs()
    mine.build(variables), other.build(their_variables)
    part = [step[2:4] for step in GRADIENTS]
    train(mine, variables[2:4], part), train(other, their_variables[2:4], part)
    assert_close([v.numpy() for v in mine.variables], [v.numpy() for v in other.variables])


def test_apply_gradients_and_built_variables():
    w, optimizer = Variable(1.0), optimizers.SGD(0.5)
    assert int(optimizer.apply_gradients([(1.0, w)])) == 1
    optimizer.apply([1.0])
    assert float(w) == 0.0
    optimizer.apply([])
    assert int(optimizer.iterations) == 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_variables_learn(dtype):
    w, optimizer = Variable(np.ones(3), dtype=dtype), optimizers.Adam(0.1)
    train(optimizer, [w], [[np.full(3, 1e-4, dtype)]] * 3)
    assert w.dtype == dtype
    assert {v.dtype for v in optimizer.variables} == {"int32", "float32"}
    np.testing.assert_allclose(w.numpy().astype("float32"), 0.7, atol=0.02)


def test_dtypes_side_by_side():
    narrow, wide = Variable(np.ones(2), dtype="bfloat16"), Variable(np.ones(2, "float32"))
    train(optimizer := optimizers.Nadam(0.1), [narrow, wide], [[[1.0, 1.0]] * 2] * 3)
    np.testing.assert_allclose(narrow.numpy().astype("float32"), wide.numpy(), atol=0.02)
    one = optimizers.Nadam(0.1)
    train(one, [Variable(np.ones(2, "float32"))], [[[1.0, 1.0]]] * 3)
    assert float(optimizer.variables[-1]) == float(one.variables[-1])


def test_weights_out_and_in():
    variables = ours()
    first, second = optimizers.Nadam(), optimizers.Nadam()
    train(first, variables)
    second.build(variables)
    second.set_weights(first.get_weights())
    assert_close(second.get_weights(), first.get_weights(), rtol=0, atol=0)
    store: dict = {}
    first.save_own_variables(store)
    third = keras.optimizers.Nadam()
    third.build(theirs())
    third.load_own_variables(store)
    assert_close([v.numpy() for v in third.variables], first.get_weights(), rtol=0, atol=0)
    fourth = optimizers.Nadam()
    fourth.build(variables)
    fourth.load_own_variables(store)
    assert_close(fourth.get_weights(), first.get_weights(), rtol=0, atol=0)
    with pytest.warns(UserWarning, match="not loaded"):
        optimizers.SGD().load_own_variables(store)


def test_a_deep_copy_trains_on():
    variables, optimizer = ours(), optimizers.Nadam(use_ema=True)
    train(optimizer, variables, GRADIENTS[:3])
    other, other_variables = copy.deepcopy((optimizer, variables))
    assert_close(
        train(other, other_variables, GRADIENTS[3:]), train(optimizer, variables, GRADIENTS[3:]), rtol=0, atol=0
    )


def test_training_goes_on_from_a_state_of_keras():
    other, their_variables = keras.optimizers.RMSprop(momentum=0.5, centered=True), theirs()
    train(other, their_variables, GRADIENTS[:6])
    mine, variables = optimizers.RMSprop(momentum=0.5, centered=True), ours([v.numpy() for v in their_variables])
    mine.build(variables)
    mine.set_weights([v.numpy() for v in other.variables])
    assert_close(train(mine, variables, GRADIENTS[6:]), train(other, their_variables, GRADIENTS[6:]))


def test_the_program_stays_small():
    variables, optimizer = ours(), optimizers.Adam()
    optimizer.build(variables)
    own = [v.value for v in optimizer.variables]
    traced = jax.make_jaxpr(optimizer.stateless_apply)(own, GRADIENTS[0], [v.value for v in variables])
    # Thirteen for each variable, and what depends on the step only, once.
    assert len(traced.eqns) <= 14 * len(variables) + 12


# A person's own optimizers -------------------------------------------------------------------------------------------


class KerasStyle(optimizers.Optimizer):
    def __init__(self, learning_rate=0.1, momentum=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        super().build(variables)
        self.count = Variable(0, dtype="int32", trainable=False, name="count")
        self.momentums = [self.add_variable_from_reference(reference_variable=v, name="momentum") for v in variables]
        self.a, self.b = self.add_optimizer_variables(variables, ["a", "b"], initializer=["zeros", "ones"])

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, self.momentum * m - learning_rate * gradient)
        self.assign_add(variable, m)
        self.assign_add(self.count, 1)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("shared", [{}, {"gradient_accumulation_steps": 3, "clipnorm": 1.0}])
def test_optimizer_in_the_style_of_keras(traced, shared):
    expected, variables, optimizer = ours(), ours(), KerasStyle(0.1, **shared)
    train(optimizers.SGD(0.1, momentum=0.9, **shared), expected)
    step = lambda gradients: optimizer.apply(gradients, variables)  # noqa: E731
    step = state.jit(step) if traced else step
    for gradients in GRADIENTS:
        step(gradients)
    assert_close([v.numpy() for v in variables], [v.numpy() for v in expected])
    assert int(optimizer.count) == len(SHAPES) * STEPS // shared.get("gradient_accumulation_steps", 1)
    assert len([v for v in optimizer.variables if v.name == "count"]) == 1
    assert KerasStyle.from_config(optimizer.get_config()).momentum == 0.9


def test_layerwise_rates_by_overriding_update_step():
    class Layerwise(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * (0.0 if variable.name == "bias" else 1.0))

    variables = ours()
    train(Layerwise(0.1), variables)
    assert_close([variables[1].numpy()], [FIRST[1]])
    expected = ours()
    train(optimizers.Adam(0.1), expected)
    assert_close([variables[2].numpy()], [expected[2].numpy()])


def test_own_optimizer_is_found_by_name():
    registry.register_keras_serializable("tests")(KerasStyle)
    data = json.loads(json.dumps(optimizers.serialize(KerasStyle(0.5, momentum=0.25, clipnorm=2.0))))
    back = optimizers.get(data)
    assert (type(back), back.momentum, back.clipnorm) == (KerasStyle, 0.25, 2.0)


# Names and errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({name for name, _ in ALONE} | {"LossScaleOptimizer"}))
def test_names(name):
    for spelling in (name, name.lower(), name.upper()):
        if name == "LossScaleOptimizer":
            found = optimizers.get({"class_name": spelling, "config": {"inner_optimizer": "sgd"}})
        else:
            found = optimizers.get(spelling)
        assert type(found) is getattr(optimizers, name)
    assert optimizers.get(found) is found
    assert optimizers.get(None) is None


def test_automatic_names():
    naming.reset_names()
    assert [optimizers.Adam().name, optimizers.Adam().name, optimizers.RMSprop().name] == ["adam", "adam_1", "rm_sprop"]


ERRORS = [
    (lambda: optimizers.SGD(lr=0.1), ValueError, "`lr` is `learning_rate` today"),
    (lambda: optimizers.SGD(momentun=0.1), ValueError, "Did you mean 'momentum'"),
    (lambda: optimizers.Adam(clip_norm=1.0), ValueError, "Did you mean 'clipnorm'"),
    (lambda: KerasStyle(lr=1.0), ValueError, "KerasStyle: unknown argument `lr`"),
    (lambda: optimizers.SGD(-0.1), ValueError, "argument `learning_rate`"),
    (lambda: optimizers.SGD("fast"), ValueError, "argument `learning_rate`"),
    (lambda: optimizers.SGD(None), ValueError, "argument `learning_rate`"),
    (lambda: KerasStyle(None), ValueError, "argument `learning_rate`"),
    (lambda: optimizers.SGD(momentum=2.0), ValueError, "SGD: argument `momentum`"),
    (lambda: optimizers.Adam(beta_1=1.0), ValueError, "Adam: argument `beta_1`"),
    (lambda: optimizers.AdamW(weight_decay=None), ValueError, "AdamW: argument `weight_decay`"),
    (lambda: optimizers.Ftrl(learning_rate_power=0.5), ValueError, "a number of 0 or less"),
    (lambda: optimizers.Lion(beta_1=0.0), ValueError, "Lion: argument `beta_1`"),
    (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), ValueError, "more than one kind of clipping"),
    (lambda: optimizers.SGD(gradient_accumulation_steps=1), ValueError, "an integer of 2 or more"),
    (lambda: optimizers.SGD(use_ema=True, ema_momentum=1.5), ValueError, "argument `ema_momentum`"),
    (lambda: optimizers.SGD(ema_overwrite_frequency=0), ValueError, "argument `ema_overwrite_frequency`"),
    (lambda: optimizers.get("adaam"), ValueError, "Did you mean 'adam'"),
    (lambda: optimizers.get(3), ValueError, "can't stand for an optimizer"),
    (lambda: optimizers.get({"class_name": "Dense", "config": {}}), ValueError, "Dense"),
    (lambda: optimizers.SGD().apply([1.0]), ValueError, "without variables before it was built"),
    (lambda: optimizers.SGD().apply([1.0, 2.0], [Variable(1.0)]), ValueError, "1 gradients, one per variable"),
    (lambda: optimizers.SGD().apply([[1.0]], [Variable(1.0, name="w")]), ValueError, "of variable 'w' has the wrong"),
    (lambda: optimizers.SGD().apply([None], [Variable(1.0, name="w")]), ValueError, "no variable has a gradient"),
    (lambda: optimizers.SGD().stateless_apply([], [], []), ValueError, "before it was built"),
    (lambda: optimizers.SGD().set_weights([]), ValueError, "Call optimizer.build"),
    (lambda: optimizers.Optimizer(0.1).apply([1.0], [Variable(1.0)]), NotImplementedError, "has no formula"),
    (lambda: optimizers.LossScaleOptimizer(3), (TypeError, ValueError), "optimizer"),
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), ValueError, "argument `decay_steps`"),
    (lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0]), ValueError, "3 values"),
    (lambda: schedules.PiecewiseConstantDecay([2, 1], [1.0, 2.0, 3.0]), ValueError, "must increase"),
    (lambda: schedules.LearningRateSchedule()(1), NotImplementedError, "__call__"),
]  # fmt: skip


@pytest.mark.parametrize("act,error,message", ERRORS)
def test_errors(act, error, message):
    with pytest.raises(error) as caught:
        act()
    assert message in str(caught.value)


def test_unknown_variable_is_named():
    optimizer = optimizers.SGD()
    optimizer.apply([1.0], [Variable(1.0)])
    with pytest.raises(ValueError, match="doesn't know variable 'stranger'"):
        optimizer.apply([1.0], [Variable(1.0, name="stranger")])
    with pytest.raises(ValueError, match="`optimizer_variables` has the wrong length"):
        optimizer.stateless_apply([], [1.0], [1.0])


def test_forgotten_constructor():
    class Forgetful(optimizers.SGD):
        def __init__(self):
            self.momentum = 0.0

    with pytest.raises(RuntimeError, match="doesn't call the constructor"):
        Forgetful().apply([1.0], [Variable(1.0)])
