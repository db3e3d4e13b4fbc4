"""The numerical gradient against back-propagation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import _jax, config, dtypes, tree
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.losses import Loss
from cornu.models.model import Model
from cornu.symbolic import ShapesOnly
from cornu.training.step import compilation
from cornu.variables import Scope, Variable, discover

_DEFAULTS = {"float64": (6e-6, 1e-5), "float32": (5e-3, 2e-2)}
"""The step and the tolerance. The step is the cube root of the precision: there, rounding and truncation balance."""


@dataclass(frozen=True)
class VariableCheck:
    """What was found for one variable; the two slopes are those of the element that differs most."""

    path: str
    shape: tuple[int, ...]
    checked: int
    largest: float
    index: tuple[int, ...]
    numerical: float
    backpropagated: float


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradients`; as text, a table.

    `precision` is "float64"; or "float32" where the function rounds to 32 bits or fewer on its way, of which
    `rounded` names the lines.
    """

    variables: tuple[VariableCheck, ...]
    tolerance: float
    precision: str
    rounded: tuple[str, ...] = ()

    @property
    def largest(self) -> float:
        """The largest relative difference of all."""
        return max(one.largest for one in self.variables)

    @property
    def passed(self) -> bool:
        """Whether no difference is above the tolerance."""
        return all(one.largest <= self.tolerance for one in self.variables)

    def __str__(self) -> str:
        width = max(8, *(len(one.path) for one in self.variables))
        lines = [f"{'variable':<{width}}  checked  {'numerical':>12}  {'back-prop.':>12}  difference"]
        for one in self.variables:
            slopes = f"{one.numerical:>12.4e}  {one.backpropagated:>12.4e}  {one.largest:>10.1e}"
            wrong = "" if one.largest <= self.tolerance else f"  WRONG at {list(one.index)}"
            lines.append(f"{one.path:<{width}}  {one.checked:>7}  {slopes}{wrong}")
        verdict = "passed" if self.passed else "FAILED"
        lines.append(f"{verdict}: largest {self.largest:.1e}, tolerance {self.tolerance:.1e}, {self.precision}")
        return "\n".join([*lines, *(f"rounded at {place}" for place in self.rounded)])


def check_gradients(
    model_or_function: Any,
    x: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    variables: Sequence[Variable] | None = None,
    epsilon: float | None = None,
    samples: int = 10,
    tolerance: float | None = None,
    training: bool = False,
    seed: int = 0,
) -> GradientCheck:
    """Compares the gradients of back-propagation with numerical ones.

    The textbook's numerical gradient is the forward difference `(E(w + e) - E(w)) / e`, wrong by O(e). This one is the
    central difference `(E(w + e) - E(w - e)) / 2e`, wrong by O(e**2) only, which for e = 6e-6 in float64 leaves about
    ten digits. It takes two evaluations of E for every element, back-propagation one for all: it is for checking.

    Args:
        model_or_function: a compiled model; E is its loss on `x`, `y` and `sample_weight`, penalties included. Or a
            layer; E is the sum of its outputs for `x`, each times a random factor. Or a function over variables that
            gives E; it is called with those of `x`, `y` and `sample_weight` that aren't None.
        variables: which to check; default: every trainable floating-point one.
        epsilon: the step e, for elements of magnitude up to 1, and in proportion for larger ones; default 6e-6.
        samples: how many elements of each variable: that with the largest gradient, and others at random.
        tolerance: of the relative difference; default 1e-5.
        training: whether layers are called in training mode; draws (dropout) are the same in every evaluation.
        seed: of the choice of elements.

    Returns:
        The differences, `|numerical - backpropagated| / max(|numerical|, |backpropagated|)`, by variable. A slope so
        small that E's last bits hide it counts as zero. At a kink (relu at exactly 0) any slope between those of the
        two sides counts as right.

    Layers, losses and variables are float64 while the check runs, and as before afterwards: values, too. Of a function,
    those layers and losses are that it names or closes over. What nevertheless rounds to 32 bits or fewer is found,
    and checked with a step of 5e-3 to a tolerance of 2e-2; the result's `precision` and `rounded` say so.

    Raises TypeError for something that can't be called, RuntimeError for a model that isn't compiled, ValueError where
    E isn't one finite number or has no variables.

    >>> import cornu
    >>> model = cornu.Sequential([cornu.layers.Dense(1, activation="tanh", name="only")], name="small")
    >>> model.compile("sgd", "mse")
    >>> check = check_gradients(model, np.ones((4, 2)), np.zeros((4, 1)))
    >>> check.passed, [(one.path, one.checked) for one in check.variables]
    (True, [('small/only/kernel', 2), ('small/only/bias', 1)])
    """
    function = _as_function(model_or_function, tree.map(_as_given, (x, y, sample_weight)), training, seed)
    with ShapesOnly():  # what is made at the first call is made in the usual precision
        jax.eval_shape(lambda: function())  # JAX remembers what it traced by the function: each time a new one
    _, found = discover(lambda known: (None, _shapes(function, known)), [])
    checked = _chosen(model_or_function, found, variables)
    with jax.enable_x64(True), _in_float64(_parts(model_or_function), found):
        energy = _Energy(function, found, checked)
        rounded = energy.roundings()
        precision = "float32" if rounded else "float64"
        step, allowed = _DEFAULTS[precision]
        tolerance = allowed if tolerance is None else tolerance
        slopes, random = energy.gradients(), np.random.default_rng(seed)
        rows = [
            _compare(energy, v, slope, _elements(slope, samples, random), epsilon or step, tolerance)
            for v, slope in zip(checked, slopes, strict=True)
        ]
    return GradientCheck(tuple(rows), tolerance, precision, rounded)


# What is checked -----------------------------------------------------------------------------------------------------


def _as_given(value: Any) -> Any:
    """An array in the precision in which `fit` would take it."""
    array = np.asarray(value)
    return array.astype(config.floatx()) if array.dtype == np.float64 else array


def _as_function(thing: Any, data: tuple, training: bool, seed: int) -> Callable[[], Any]:
    """E as a function without arguments."""
    x, y, sample_weight = data
    if isinstance(thing, Model):
        compilation(thing)

        def energy() -> Any:
            y_pred = thing(x, training=training)
            return thing.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

        return energy
    if isinstance(thing, Layer):

        def weighted() -> Any:
            random = np.random.default_rng(seed)
            outputs = [o for o in tree.flatten(thing(x, training=training)) if jnp.issubdtype(o.dtype, jnp.floating)]
            return sum(jnp.sum(output * random.normal(size=output.shape)) for output in outputs)

        return weighted
    if not callable(thing):
        raise TypeError(explain("check_gradients: nothing to check.", expected="a model, layer or function", got=thing))
    return lambda: thing(*(value for value in data if value is not None))


def _shapes(function: Callable[[], Any], variables: Sequence[Variable]) -> Scope:
    """The scope of a function that was traced; what it read and wrote besides `variables` are strays."""
    with Scope(variables, [v.stored() for v in variables]) as scope:
        value = jax.eval_shape(lambda: function())
    if getattr(value, "shape", None) != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise ValueError(explain("check_gradients: E is to be one real number.", got=value))
    return scope


def _chosen(thing: Any, found: Sequence[Variable], given: Sequence[Variable] | None) -> list[Variable]:
    """The variables to check."""
    trained = thing.trainable_variables if isinstance(thing, Layer) else [v for v in found if v.trainable]
    chosen = list(trained if given is None else given)
    known = {id(v) for v in found}
    unused = [v.path for v in chosen if id(v) not in known]
    if unused and given is not None:
        raise ValueError(explain("check_gradients: E doesn't depend on some variables.", got=", ".join(unused)))
    chosen = [v for v in chosen if id(v) in known and dtypes.is_float(v.dtype)]
    if not chosen:
        raise ValueError(explain("check_gradients: there is no trainable variable on which E depends."))
    return chosen


def _parts(thing: Any) -> list:
    """The layers and losses of a model or layer, or those that a function names or closes over."""
    if isinstance(thing, Layer):
        layers = thing._flatten_layers()
        compiled = [layer._compiled.loss for layer in layers if getattr(layer, "_compiled", None) is not None]
        losses = [term.loss for loss in compiled if loss is not None for term in getattr(loss, "terms", ())]
        return [*layers, *losses, *(v for layer in layers for v in tree.walk(vars(layer)) if isinstance(v, Loss))]
    found, waiting, seen = [], [thing], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Layer):
            found += _parts(one)
        elif isinstance(one, Loss):
            found.append(one)
        elif id(one) not in seen and callable(one):
            seen.add(id(one))
            waiting += [part for held in _held(one, thing) for part in tree.walk(held)]
    return found


def _held(function: Any, first: Any) -> list:
    """The object, defaults and named values of a function; nothing of one in another module than the first."""
    if isinstance(function, functools.partial):
        return [function.func, *function.args, *function.keywords.values()]
    inner, first = getattr(function, "__func__", function), getattr(first, "func", first)
    if not inspect.isfunction(inner) or inner.__module__ != first.__module__:
        return []
    names = inspect.getclosurevars(inner)
    own = [getattr(function, "__self__", None), *(inner.__defaults__ or ())]
    return [*own, *names.nonlocals.values(), *names.globals.values()]


@contextmanager
def _in_float64(parts: Sequence[Any], variables: Sequence[Variable]) -> Iterator[None]:
    """Within it, layers compute, losses take in, and variables hold float64, as does what has no dtype of its own."""
    layers = [part for part in parts if isinstance(part, Layer) and dtypes.is_float(part.compute_dtype)]
    typed: list[Any] = [*variables, *(part for part in parts if isinstance(part, Loss))]
    typed += [tensor for layer in layers if isinstance(layer, Model) for tensor in getattr(layer, "inputs", None) or ()]
    changed: list[tuple] = [(layer, "dtype_policy", dtypes.DTypePolicy("float64")) for layer in layers]
    changed += [(one, "dtype", "float64") for one in typed if dtypes.is_float(one.dtype)]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changed]
    try:
        for owner, name, value in changed:
            setattr(owner, name, value)
        with config.floatx_scope("float64"):
            yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


# The two gradients ---------------------------------------------------------------------------------------------------


class _Energy:
    """E as a function of the values of some variables; the others keep theirs, and all stay as they are."""

    def __init__(self, function: Callable[[], Any], variables: Sequence[Variable], checked: Sequence[Variable]) -> None:
        inside = [next(i for i, v in enumerate(variables) if v is one) for one in checked]
        stored = [np.asarray(v.stored()) for v in variables]
        stored = [a.astype(v.dtype) if dtypes.is_float(v.dtype) else a for v, a in zip(variables, stored, strict=True)]

        def pure(values: Sequence[Any]) -> Any:
            given = dict(zip(inside, values, strict=True))
            with Scope(variables, [given.get(i, jnp.asarray(value)) for i, value in enumerate(stored)]):
                return jnp.asarray(function())

        self._pure, self._compiled = pure, jax.jit(pure)
        self.values = [stored[i] for i in inside]
        self.places = {id(v): i for i, v in enumerate(checked)}
        self.here = self(self.values)
        if not np.isfinite(self.here):
            raise ValueError(explain("check_gradients: E isn't finite.", got=self.here))

    def __call__(self, values: Sequence[Any]) -> float:
        return float(self._compiled(values))

    def moved(self, variable: Variable, index: tuple[int, ...], step: float) -> float:
        """E where one element is greater by `step`."""
        place = self.places[id(variable)]
        values = list(self.values)
        values[place] = values[place].copy()
        values[place][index] += step
        return self(values)

    def gradients(self) -> list[np.ndarray]:
        """The gradients of back-propagation."""
        return [np.asarray(slope) for slope in jax.jit(jax.grad(self._pure))(self.values)]

    def roundings(self) -> tuple[str, ...]:
        """The lines at which float64 becomes something narrower."""
        program = _jax.without_dead_code(jax.make_jaxpr(self._pure)(self.values))
        return tuple(dict.fromkeys(_roundings(program)))


def _roundings(program: _jax.ClosedJaxpr) -> Iterator[str]:
    """The lines of a program at which what depends on its arguments becomes narrower than float64."""
    live = set(program.jaxpr.invars)
    for equation in program.jaxpr.eqns:
        taken = [x for x in equation.invars if not isinstance(x, _jax.Literal) and x in live]
        if not taken:
            continue
        live |= set(equation.outvars)
        inner = list(_jax.inner_jaxprs(equation))
        for called in inner:
            yield from _roundings(called)
        if not inner and _is_wide(taken) and any(map(_is_narrow, equation.outvars)):
            frames = _jax.source_frames(equation)
            yield f"{frames[0][0]}:{frames[0][1]}" if frames else str(equation.primitive)


def _is_wide(atoms: Sequence[Any]) -> bool:
    return any(atom.aval.dtype == jnp.float64 for atom in atoms)


def _is_narrow(atom: Any) -> bool:
    return jnp.issubdtype(atom.aval.dtype, jnp.floating) and atom.aval.dtype != jnp.float64


def _elements(slope: np.ndarray, samples: int, random: np.random.Generator) -> list[tuple[int, ...]]:
    """Where to check: at the largest gradient, and elsewhere at random."""
    largest = int(np.argmax(np.abs(slope)))
    others = random.permutation(slope.size)[:samples]
    chosen = [largest, *(int(i) for i in others if i != largest)][: max(samples, 1)]
    return [tuple(int(i) for i in np.unravel_index(place, slope.shape)) for place in chosen]


def _compare(
    energy: _Energy, variable: Variable, slope: np.ndarray, elements: Sequence[tuple], epsilon: float, tolerance: float
) -> VariableCheck:
    """The row of a variable."""
    value = energy.values[energy.places[id(variable)]]
    found = []
    for index in elements:
        step = epsilon * max(1.0, abs(float(value[index])))
        above, below = energy.moved(variable, index, step), energy.moved(variable, index, -step)
        difference, numerical = _difference(above, energy.here, below, step, float(slope[index]), epsilon**3, tolerance)
        found.append((difference, index, numerical, float(slope[index])))
    return VariableCheck(variable.path, variable.shape, len(elements), *max(found))


def _difference(
    above: float, here: float, below: float, step: float, slope: float, precision: float, tolerance: float
) -> tuple[float, float]:
    """The relative difference of a slope from the central difference, and that."""
    numerical = (above - below) / (2 * step)
    if not np.isfinite([numerical, slope]).all():
        return float("inf"), numerical
    sides = sorted([(above - here) / step, (here - below) / step])
    away = abs(numerical - slope)
    if sides[1] - sides[0] > 0.01 * max(map(abs, sides)):  # a kink: the slope jumps
        away = max(0.0, sides[0] - slope, slope - sides[1])
    hidden = 10 * precision * max(1.0, abs(here)) / step
    return away / max(abs(numerical), abs(slope), hidden / tolerance), numerical
