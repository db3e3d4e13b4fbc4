"""Program to program, shorter, the same to the bit: for engines that walk equation by equation.

What moves nothing is dropped (a reshape to the same shape, a sum over no axes, x + 0 of integers), what follows from
constants is computed, and what is computed twice is computed once. A value that is only repeated along axes is kept
narrow: elementwise primitives repeat it themselves, so an array full of one number is seldom made.

Floating-point numbers are taken as they are: -0.0 + 0.0 is 0.0, so x + 0.0 stays, and 0 x is not 0 for NaN.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from cornu import _jax
from cornu.program import folding
from cornu.program.shapes import joint, ones_around
from cornu.program.trace import Program
from cornu.program.vocabulary import VOCABULARY

LARGEST_CONSTANT = 2**14
"""Constants of more elements are not computed beforehand."""

_ELEMENTWISE = {
    name
    for name, primitive in VOCABULARY.items()
    if primitive.group in ("arithmetic", "functions", "choice", "bits", "types")
}

_simplified: weakref.WeakKeyDictionary[Program, Program] = weakref.WeakKeyDictionary()


def simplify(program: Program) -> Program:
    """A lowered program with fewer equations, inner programs included, whose results are the same bits.

    >>> import jax.numpy as jnp
    >>> from cornu.program.lower import lower
    >>> from cornu.program.trace import trace
    >>> print(simplify(lower(trace(lambda x: x.reshape(4, 1).reshape(2, 2) * jnp.ones((2, 2)) + jnp.ones((2, 2)),
    ...                            jnp.ones((2, 2))))))
    <lambda> (a:float32[2,2])
      b:float32[2,2] = add a 1.0
      return b
    """
    if program not in _simplified:
        result = Program(_simplify(program.jaxpr), program.in_tree, program.out_tree, program.name)
        _simplified[program] = _simplified[result] = result
    return _simplified[program]


def _simplify(closed: _jax.ClosedJaxpr) -> _jax.ClosedJaxpr:
    work = _Work(closed)
    for equation in closed.jaxpr.eqns:
        work.take(equation)
    outputs = [work.full(work.atom(atom)) for atom in closed.jaxpr.outvars]
    equations = _alive(work.equations, outputs)
    used = {atom for equation in equations for atom in _variables(equation.invars)} | set(_variables(outputs))
    constants = {variable: value for variable, value in work.constants.items() if variable in used}
    jaxpr = closed.jaxpr.replace(constvars=list(constants), eqns=equations, outvars=outputs)
    return _jax.ClosedJaxpr(jaxpr, list(constants.values()))


def _variables(atoms: Iterable[Any]) -> list[Any]:
    return [atom for atom in atoms if not isinstance(atom, _jax.Literal)]


def _alive(equations: list[_jax.Equation], outputs: Sequence[Any]) -> list[_jax.Equation]:
    """The equations whose results somebody needs."""
    needed, kept = set(_variables(outputs)), []
    for equation in reversed(equations):
        if not needed.isdisjoint(equation.outvars):
            kept.append(equation)
            needed.update(_variables(equation.invars))
    return kept[::-1]


@dataclass(eq=False)
class _Spread:
    """A value that is `source` with its axes at `axes` of `shape`, repeated along the others and where it has size one.

    It stands for a variable whose equation is not made before somebody needs it: `like` is the one to make it after.
    """

    source: Any
    shape: tuple
    axes: tuple[int, ...]
    like: _jax.Equation
    full: Any = None


def _shape(atom: Any) -> tuple:
    return atom.shape if isinstance(atom, _Spread) else atom.aval.shape


def _aval(atom: Any) -> Any:
    return _aval(atom.source).update(shape=atom.shape) if isinstance(atom, _Spread) else atom.aval


def _result(equation: _jax.Equation) -> Any:
    """Shape and dtype of the first result."""
    return equation.outvars[0].aval


def _small(shape: Sequence[Any]) -> bool:
    return all(isinstance(size, (int, np.integer)) for size in shape) and math.prod(shape) <= LARGEST_CONSTANT


def _bits(value: np.ndarray) -> tuple:
    return value.dtype, value.shape, value.tobytes()


def _key(atom: Any) -> Any:
    """Equal where atoms have the same value."""
    if not isinstance(atom, _jax.Literal):
        return atom
    return ("open", atom.val) if _jax.is_symbolic_dim(atom.val) else _bits(_jax.literal_value(atom))


class _Work:
    """The program that is being made of one jaxpr."""

    def __init__(self, closed: _jax.ClosedJaxpr) -> None:
        self.equations: list[_jax.Equation] = []
        self.constants: dict[Any, Any] = dict(zip(closed.jaxpr.constvars, closed.consts, strict=True))
        self.makers: dict[Any, _jax.Equation] = {}
        self.uses = Counter(atom for equation in closed.jaxpr.eqns for atom in _variables(equation.invars)) + Counter(
            _variables(closed.jaxpr.outvars)
        )
        self._atoms: dict[Any, Any] = {}
        self._known: dict[Any, Any] = {}

    # --- atoms: literals, variables, spread values ---

    def atom(self, atom: Any) -> Any:
        """What stands for an atom of the given program in the new one."""
        return atom if isinstance(atom, _jax.Literal) else self._atoms.get(atom, atom)

    def value(self, atom: Any) -> np.ndarray | None:
        """The value of a small constant."""
        if isinstance(atom, _Spread):
            value = self.value(atom.source) if _small(atom.shape) else None
            return None if value is None else folding.broadcast(value, shape=atom.shape, broadcast_dimensions=atom.axes)
        if isinstance(atom, _jax.Literal):
            return None if _jax.is_symbolic_dim(atom.val) else _jax.literal_value(atom)
        return np.asarray(self.constants[atom]) if atom in self.constants and _small(atom.aval.shape) else None

    def constant(self, value: np.ndarray, like: _jax.Equation) -> Any:
        """An atom for a value; an array full of one number is that number, spread."""
        value = np.asarray(value)
        aval = _result(like).update(shape=value.shape, dtype=value.dtype)
        if value.size and value.tobytes() == value.flat[0].tobytes() * value.size:
            return self.spread(_jax.literal(value.flat[0], aval.update(shape=())), value.shape, (), like)
        return self._array(value, aval)

    def _array(self, value: np.ndarray, aval: Any) -> Any:
        key = ("constant", *_bits(value))
        if key not in self._known:
            self._known[key] = variable = _jax.variable(aval)
            self.constants[variable] = np.array(value)
        return self._known[key]

    def spread(self, source: Any, shape: tuple, axes: Sequence[int], like: _jax.Equation) -> Any:
        """A value spread over a shape."""
        if isinstance(source, _Spread):
            source, axes = source.source, tuple(axes[axis] for axis in source.axes)
        same = _shape(source) == tuple(shape) and tuple(axes) == tuple(range(len(shape)))
        return source if same else _Spread(source, tuple(shape), tuple(axes), like)

    def full(self, atom: Any) -> Any:
        """The atom, made in full where it is a spread value."""
        if not isinstance(atom, _Spread):
            return atom
        if atom.full is None:
            value = self.value(atom)
            atom.full = self._array(value, _aval(atom)) if value is not None else self._broadcast(atom)
        return atom.full

    def _broadcast(self, atom: _Spread) -> Any:
        source, shape = _shape(atom.source), atom.shape
        if ones_around(source, len(shape), atom.axes) == shape:
            return self.reshape(atom.source, shape, atom.like)
        params = {"shape": shape, "broadcast_dimensions": atom.axes, "sharding": None}
        return self.emit(atom.like, lax.broadcast_in_dim_p, [atom.source], params, _aval(atom))

    def narrow(self, atom: Any) -> Any:
        """The atom as elementwise primitives take it: a spread value as a scalar, or with sizes of one."""
        if not isinstance(atom, _Spread) or not _shape(atom.source):
            return atom.source if isinstance(atom, _Spread) else atom
        return self.reshape(atom.source, ones_around(_shape(atom.source), len(atom.shape), atom.axes), atom.like)

    def maker(self, atom: Any, name: str) -> _jax.Equation | None:
        """The equation that gives an atom, where it is of this primitive."""
        found = None if isinstance(atom, (_jax.Literal, _Spread)) else self.makers.get(atom)
        return found if found is not None and found.primitive.name == name else None

    # --- equations ---

    def take(self, equation: _jax.Equation) -> None:
        """Adds what an equation of the given program becomes."""
        operands = [self.atom(atom) for atom in equation.invars]
        found = None if equation.primitive.multiple_results else self._rewritten(equation, operands)
        if found is None:
            found = self._copied(equation, operands)
        if found is not None:
            self._atoms[equation.outvars[0]] = found

    def _rewritten(self, equation: _jax.Equation, operands: list[Any]) -> Any:
        name = equation.primitive.name
        if name in _ELEMENTWISE:
            return self._elementwise(equation, operands)
        folded = self._folded(equation, operands, _result(equation).shape)
        if folded is not None or name not in _RULES:
            return folded
        return _RULES[name](self, equation, *operands)

    def _copied(self, equation: _jax.Equation, operands: list[Any]) -> Any:
        """The equation itself, on the new operands, with simplified inner programs."""
        operands, params = list(map(self.full, operands)), equation.params
        if not equation.primitive.multiple_results:
            return self.emit(equation, equation.primitive, operands, params, _result(equation))
        params = {name: _inner_simplified(value) for name, value in params.items()}
        self.equations.append(equation.replace(invars=operands, params=params))
        return None

    def emit(self, like: _jax.Equation, primitive: Any, operands: list[Any], params: dict, aval: Any) -> Any:
        """The result of an equation, made at the place and in the scope of another; of equal ones there is one."""
        key: Any = (primitive, tuple(params.items()), tuple(map(_key, operands)))
        try:
            if key in self._known:
                return self._known[key]
        except TypeError:  # a parameter that cannot be compared
            key = object()
        result = _jax.variable(aval)
        equation = like.replace(invars=operands, outvars=[result], primitive=primitive, params=params)
        self.equations.append(equation)
        self.makers[result] = equation
        self._known[key] = result
        return result

    def reshape(self, atom: Any, shape: tuple, like: _jax.Equation) -> Any:
        """An atom in another shape."""
        before = self.maker(atom, "reshape")
        atom = before.invars[0] if before is not None else atom
        if _shape(atom) == shape:
            return atom
        value = self.value(atom)
        if value is not None:
            return self._array(value.reshape(shape), atom.aval.update(shape=shape))
        params = {"new_sizes": shape, "dimensions": None, "sharding": None}
        return self.emit(like, lax.reshape_p, [atom], params, atom.aval.update(shape=shape))

    # --- elementwise primitives ---

    def _elementwise(self, equation: _jax.Equation, operands: list[Any]) -> Any:
        """On the narrowest operands that give the result, which is spread in turn."""
        shape = _result(equation).shape
        arrays = [atom for atom in operands if _shape(atom)]
        if arrays and all(isinstance(atom, _Spread) for atom in arrays):
            forms = {(atom.shape, atom.axes, _shape(atom.source)) for atom in arrays if atom.axes}
            if not forms or (len(forms) == 1 and next(iter(forms))[0] == shape):
                sources = [atom.source if isinstance(atom, _Spread) else atom for atom in operands]
                _, axes, inner = next(iter(forms), (shape, (), ()))
                return self.spread(self._apply(equation, sources, inner), shape, axes, equation)
        narrow = list(map(self.narrow, operands))
        inner = joint(map(_shape, narrow))
        return self.spread(self._apply(equation, narrow, inner), shape, range(len(shape)), equation)

    def _apply(self, equation: _jax.Equation, operands: list[Any], shape: tuple) -> Any:
        found = self._folded(equation, operands, shape)
        if found is None:
            found = self._neutral(equation, operands, shape)
        if found is not None:
            return found
        aval = _result(equation).update(shape=shape)
        return self.emit(equation, equation.primitive, operands, equation.params, aval)

    def _folded(self, equation: _jax.Equation, operands: list[Any], shape: tuple) -> Any:
        name = equation.primitive.name
        if name not in folding.RULES or not _small(shape):
            return None
        values = [self.value(atom) for atom in operands]
        if any(value is None for value in values):
            return None
        params = {key: equation.params[key] for key in VOCABULARY[name].parameters}
        with np.errstate(all="ignore"):
            result = folding.RULES[name](*values, **params)
        return None if result is NotImplemented else self.constant(result, equation)

    def _neutral(self, equation: _jax.Equation, operands: list[Any], shape: tuple) -> Any:
        """The operand that the result equals, spread over the shape; or the constant that it is."""
        name = equation.primitive.name
        chosen = self._same(equation, operands)
        for place, atom in enumerate(operands):
            if chosen is None and not _shape(atom) and (value := self.value(atom)) is not None:
                chosen = self._beside(name, place, value, operands)
        if chosen is None:
            return None
        axes = range(len(shape)) if _shape(chosen) else ()
        return self.spread(chosen, shape, axes, equation)

    def _same(self, equation: _jax.Equation, operands: list[Any]) -> Any:
        """Where operands are the same, or an equation undoes the one before it."""
        name, last = equation.primitive.name, operands[-1]
        if name in ("and", "or", "max", "min", "select_n") and _key(operands[-2]) == _key(last):
            return last
        if name in ("neg", "not") and (before := self.maker(last, name)) is not None:
            return before.invars[0]
        return last if name == "convert_element_type" and _result(equation).dtype == _aval(last).dtype else None

    def _beside(self, name: str, place: int, value: np.ndarray, operands: list[Any]) -> Any:
        """What comes out where the operand at `place` has this value."""
        if name == "select_n":
            return operands[1 + int(value)] if place == 0 else None
        if _is_one_of(value, _neutral_values(name, place, value.dtype)):
            return operands[1 - place]
        return operands[place] if _is_one_of(value, _absorbing_values(name, value.dtype)) else None


def _inner_simplified(value: Any) -> Any:
    """A parameter of an equation; programs in it are simplified."""
    if isinstance(value, tuple):
        return tuple(map(_inner_simplified, value)) if any(isinstance(x, _jax.ClosedJaxpr) for x in value) else value
    return _simplify(value) if isinstance(value, _jax.ClosedJaxpr) else value


# --- numbers beside which an operation does nothing, or which swallow the other operand -----------------------------


def _is_one_of(value: np.ndarray, numbers: Sequence[Any]) -> bool:
    return any(value.tobytes() == np.asarray(number, value.dtype).tobytes() for number in numbers)


@functools.cache
def _neutral_values(name: str, place: int, dtype: Any) -> tuple:
    """x + 0, x - 0, 1 x, x / 1, max(x, -inf) ...: -0.0 is the number that may be added to every float."""
    if jnp.issubdtype(dtype, jnp.complexfloating):
        return ()
    floating = jnp.issubdtype(dtype, jnp.floating)
    low, high = (-np.inf, np.inf) if floating else _range(dtype)
    either = {"add": -0.0 if floating else 0, "mul": 1, "max": low, "min": high, "or": 0, "xor": 0, "and": _ones(dtype)}
    second = dict.fromkeys(("sub", "shift_left", "shift_right_logical", "shift_right_arithmetic"), 0) | {"div": 1}
    return tuple(table[name] for table in ([either, second] if place == 1 else [either]) if name in table)


@functools.cache
def _absorbing_values(name: str, dtype: Any) -> tuple:
    """Of integers and booleans: 0 x, x and false, x or true ..."""
    if jnp.issubdtype(dtype, jnp.inexact):
        return ()
    low, high = _range(dtype)
    swallowing = {"mul": 0, "and": 0, "or": _ones(dtype), "max": high, "min": low}
    return (swallowing[name],) if name in swallowing else ()


def _range(dtype: Any) -> tuple[int, int]:
    return (0, 1) if dtype == np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)


def _ones(dtype: Any) -> Any:
    """Every bit set; of floats, which have no such operations, nothing."""
    return None if jnp.issubdtype(dtype, jnp.inexact) else ~np.zeros((), dtype)


# --- rules: what an equation becomes, None where it stays -------------------------------------------------------------


def _reshape(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    shape = tuple(equation.params["new_sizes"])
    if isinstance(x, _Spread) and not _shape(x.source):
        return work.spread(x.source, shape, (), equation)
    return work.reshape(work.full(x), shape, equation)


def _broadcast_in_dim(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    """Axes of size one are a reshape; further elements are made when they are needed."""
    shape, axes = tuple(equation.params["shape"]), tuple(equation.params["broadcast_dimensions"])
    if not isinstance(x, _Spread) and ones_around(_shape(x), len(shape), axes) == shape:
        return work.reshape(x, shape, equation)
    return work.spread(x, shape, axes, equation)


def _transpose(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    """One that only moves axes of size one is a reshape."""
    order, shape = tuple(equation.params["permutation"]), _result(equation).shape
    if isinstance(x, _Spread) and not _shape(x.source):
        return work.spread(x.source, shape, (), equation)
    x = work.full(x)
    if (before := work.maker(x, "transpose")) is not None:
        order, x = tuple(before.params["permutation"][axis] for axis in order), before.invars[0]
    moved = [axis for axis in order if _shape(x)[axis] != 1]
    if moved == sorted(moved):
        return work.reshape(x, shape, equation)
    product = work.maker(x, "dot_general")
    if product is not None and order == (*range(len(order) - 2), len(order) - 1, len(order) - 2):
        found = _transposed_product(work, equation, product)
        if found is not None:
            return found
    aval = _result(equation)
    return work.emit(equation, equation.primitive, [x], {**equation.params, "permutation": order}, aval)


def _transposed_product(work: _Work, equation: _jax.Equation, product: _jax.Equation) -> Any:
    """(a b)^T = b^T a^T, where the product serves for nothing else and a factor is a transpose already."""
    before = [work.maker(factor, "transpose") for factor in product.invars]
    order = equation.params["permutation"]
    found = [None if made is None or tuple(made.params["permutation"]) != tuple(order) else made for made in before]
    if work.uses[equation.invars[0]] > 1 or found == [None, None]:
        return None
    a, b = (
        made.invars[0] if made is not None
        else work.emit(equation, equation.primitive, [factor], equation.params, _swapped(factor.aval))
        for factor, made in zip(product.invars, found, strict=True)
    )  # fmt: skip
    return work.emit(product, product.primitive, [b, a], product.params, _result(equation))


def _swapped(aval: Any) -> Any:
    *leading, rows, columns = aval.shape
    return aval.update(shape=(*leading, columns, rows))


def _slice(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    """Of the whole, or of a slice."""
    params, shape = equation.params, _result(equation).shape
    if _shape(x) == shape:
        return x
    if isinstance(x, _Spread) and not _shape(x.source):
        return work.spread(x.source, shape, (), equation)
    before = work.maker(x, "slice")
    if before is None or set(before.params["strides"]) != {1}:
        return None
    first = before.params["start_indices"]
    moved = {
        key: tuple(start + further for start, further in zip(first, params[key], strict=True))
        for key in ("start_indices", "limit_indices")
    }
    return work.emit(equation, equation.primitive, before.invars, {**params, **moved}, _result(equation))


def _pad(work: _Work, equation: _jax.Equation, x: Any, value: Any) -> Any:
    """By nothing, or what is padded with the same already."""
    config = equation.params["padding_config"]
    if _shape(x) == _result(equation).shape:
        return x
    before = work.maker(x, "pad")
    if before is None or _key(before.invars[1]) != _key(value):
        return None
    pairs = zip(before.params["padding_config"], config, strict=True)
    joined = tuple((low + low_too, high + high_too, 0) for (low, high, _), (low_too, high_too, _) in pairs)
    params = {**equation.params, "padding_config": joined}
    return work.emit(equation, equation.primitive, before.invars, params, _result(equation))


def _whole(work: _Work, equation: _jax.Equation, x: Any, *_: Any) -> Any:
    """A box or a concatenation that is all of the first operand; a part of one number repeated."""
    shape = _result(equation).shape
    if _shape(x) == shape:
        return x
    if equation.primitive.name == "dynamic_slice" and isinstance(x, _Spread) and not _shape(x.source):
        return work.spread(x.source, shape, (), equation)
    return None


def _rev(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    single = all(_shape(x)[axis] == 1 for axis in equation.params["dimensions"])
    return x if single or (isinstance(x, _Spread) and not _shape(x.source)) else None


def _reduce(work: _Work, equation: _jax.Equation, x: Any) -> Any:
    """Over nothing, or over axes of size one."""
    if any(_shape(x)[axis] != 1 for axis in equation.params["axes"]):
        return None
    return work.reshape(work.full(x), _result(equation).shape, equation)


_RULES: dict[str, Callable] = {
    "reshape": _reshape,
    "broadcast_in_dim": _broadcast_in_dim,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _whole,
    "dynamic_slice": _whole,
    "rev": _rev,
    **dict.fromkeys(("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or"), _reduce),
}
