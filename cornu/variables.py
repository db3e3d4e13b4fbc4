"""State: variables, and the one place where reading and writing them becomes values in, values out.

A `Variable` is a cell with a value. Outside a trace it reads and writes itself. Under a trace an active `Scope`
answers for it, so that a function over layers becomes pure. Between the steps of a training loop a `Lease` holds the
values on the engine.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes, naming
from cornu.errors import explain

_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
_autocast: ContextVar[str | None] = ContextVar("autocast", default=None)
_deferred: ContextVar[bool] = ContextVar("deferred", default=False)
_reader: ContextVar[Callable[[Variable, Any], Any] | None] = ContextVar("reader", default=None)
_numbers = itertools.count()


class Variable:
    """A named cell that holds an array which training or a call may change.

    Args:
        initializer: the value (anything array-like), or a callable `(shape, dtype) -> array`.
        shape: needed with a callable.
        dtype: a dtype's name; default: the value's own, or `floatx()`.
        trainable: whether gradients and optimizers touch it.
        autocast: whether reading it inside a layer of mixed precision casts it to the layer's compute dtype.
        aggregation: kept for Keras's signature ("none", "mean", "sum", "only_first_replica").
        name: default "variable", numbered.

    Raises:
        ValueError: for a callable without a shape, or an assigned value of another shape.

    Inside a trace (a compiled step, `cornu.jit`, `cornu.grad`) reads and writes go through the scope, so a function
    may update variables and still be compiled. Difference from Keras: no `stateless_call` is needed for that.

    >>> v = Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]); v.numpy().tolist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        name: str | None = None,
    ) -> None:
        self.name = name or naming.auto_name("variable")
        self.path = naming.path_of(self.name)
        self.trainable, self.autocast, self.aggregation = bool(trainable), autocast, aggregation
        self.made_trainable, self.number = self.trainable, next(_numbers)
        self.regularizer: Any = None
        self.constraint: Any = None
        self._lease: Lease | None = None
        if callable(initializer):
            if shape is None:
                raise ValueError(
                    explain(f"Variable {self.name!r}: `shape` is missing.", expected="a tuple of integers")
                )
            self.dtype, self.shape = dtypes.standardize(dtype), tuple(map(operator.index, shape))
            self._initializer: Callable | None = initializer
            self._value: Any = None
            if not _deferred.get():
                self._materialize()
        else:
            self._initializer = None
            with jax.ensure_compile_time_eval():
                value = _unwrap(initializer)
                kind = None if dtype is None and hasattr(value, "dtype") else dtypes.standardize(dtype)
                self._value = jnp.asarray(value, dtype=kind)
            self.dtype, self.shape = dtypes.standardize(self._value.dtype), self._value.shape

    def _materialize(self) -> None:
        assert self._initializer is not None
        with jax.ensure_compile_time_eval():
            value = jnp.asarray(self._initializer(self.shape, dtype=self.dtype), dtype=self.dtype)
        self._check_shape(value)
        self._value, self._initializer = value, None

    @property
    def is_initialized(self) -> bool:
        """Whether the cell holds a value: under `deferred()` it is made when it is first read."""
        return self._initializer is None

    @property
    def value(self) -> jax.Array:
        """The current value: an array, or a tracer inside a trace; cast where autocasting is on."""
        scope = _scope.get()
        value = scope.read(self) if scope is not None else self.stored()
        reader = _reader.get()
        if reader is not None:
            value = reader(self, value)
        dtype = _autocast.get()
        if dtype is not None and self.autocast and dtype != self.dtype and dtypes.is_float(self.dtype):
            return value.astype(dtype)
        return value

    def stored(self) -> jax.Array:
        """The value outside of any scope."""
        if self._lease is not None:
            return self._lease.read(self)
        if self._initializer is not None:
            self._materialize()
        return self._value

    def assign(self, value: Any) -> None:
        """Sets the value; it is cast to the variable's dtype and must have its shape."""
        with nullcontext() if _is_traced(value) else jax.ensure_compile_time_eval():
            value = jnp.asarray(_unwrap(value), dtype=self.dtype)
        self._check_shape(value)
        scope = _scope.get()
        if scope is not None:
            scope.write(self, value)
        elif _is_traced(value):
            raise ValueError(
                explain(
                    f"Variable {self.path!r} was assigned inside a function that jax.jit or jax.grad traces.",
                    fix="Use cornu.jit or cornu.grad, which carry variables, in their place.",
                )
            )
        else:
            self.store(value)

    def store(self, value: jax.Array) -> None:
        """Sets the value outside of any scope, unchecked."""
        if self._lease is not None:
            self._lease.write(self, value)
        else:
            self._value, self._initializer = value, None

    def assign_add(self, value: Any) -> None:
        """Adds to the value."""
        self.assign(self._uncast() + jnp.asarray(_unwrap(value)))

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the value."""
        self.assign(self._uncast() - jnp.asarray(_unwrap(value)))

    def _uncast(self) -> jax.Array:
        token = _autocast.set(None)
        try:
            return self.value
        finally:
            _autocast.reset(token)

    def _check_shape(self, value: Any) -> None:
        if tuple(value.shape) != self.shape:
            raise ValueError(
                explain(
                    f"Variable {self.path!r}: the value's shape doesn't fit.",
                    expected=f"shape {self.shape}",
                    got=f"shape {tuple(value.shape)}",
                )
            )

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array."""
        return np.asarray(self._uncast())

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype=dtype)

    def __jax_array__(self) -> jax.Array:
        return self.value

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator:
        return iter(self.value)

    def __getitem__(self, index: Any) -> jax.Array:
        return self.value[index]

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    __hash__ = object.__hash__
    __array_priority__ = 100  # NumPy's arrays leave operators to it: their result would be no tensor

    if TYPE_CHECKING:  # given below, by a table: the operators of the value

        def _operator(self, *_: Any) -> jax.Array: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _operator
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __abs__ = __invert__ = _operator

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, trainable={self.trainable}>"


def _give_operators(cls: type) -> None:
    """Arithmetic and comparisons of a variable are those of its value.

    Beside a symbolic tensor, which says by NumPy's own word that its operators go first, the variable itself is taken.
    """

    def goes_first(other: Any) -> bool:
        return getattr(type(other), "__array_ufunc__", other) is None

    def forward(function: Callable) -> Callable:
        return lambda self, other: NotImplemented if goes_first(other) else function(self.value, _unwrap(other))

    def backward(function: Callable) -> Callable:
        return lambda self, other: NotImplemented if goes_first(other) else function(_unwrap(other), self.value)

    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor"):
        function, plain = getattr(operator, name), name.rstrip("_")
        setattr(cls, f"__{plain}__", forward(function))
        setattr(cls, f"__r{plain}__", backward(function))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(cls, f"__{name}__", forward(getattr(operator, name)))
    for name in ("neg", "abs", "invert"):
        function = getattr(operator, name)
        setattr(cls, f"__{name}__", lambda self, function=function: function(self.value))


_give_operators(Variable)

# JAX's functions, jnp.exp for one, take a variable for its value.
jax.tree_util.register_pytree_node(Variable, lambda variable: ((variable.value,), None), lambda _, values: values[0])


def _unwrap(value: Any) -> Any:
    return value.value if isinstance(value, Variable) else value


def _is_traced(value: Any) -> bool:
    return isinstance(_unwrap(value), jax.core.Tracer)


@contextmanager
def autocast(dtype: str | None) -> Iterator[None]:
    """Within it, floating-point variables read as `dtype`."""
    token = _autocast.set(dtype)
    try:
        yield
    finally:
        _autocast.reset(token)


@contextmanager
def reading(reader: Callable[[Variable, Any], Any]) -> Iterator[None]:
    """Within it, what a variable reads as is `reader(variable, value)`: who records sees each read.

    An outer reader comes first.
    """
    outer = _reader.get()
    token = _reader.set(reader if outer is None else lambda variable, value: reader(variable, outer(variable, value)))
    try:
        yield
    finally:
        _reader.reset(token)


@contextmanager
def deferred() -> Iterator[None]:
    """Within it, variables are made without values; each gets its initial one when it is first read.

    A loader builds a model so, and compares shapes with a file before anything is allocated.
    """
    token = _deferred.set(True)
    try:
        yield
    finally:
        _deferred.reset(token)


def adopt(variable: Variable) -> Variable:
    """The variable, which belongs to the scope that is active now, if there is one."""
    scope = _scope.get()
    if scope is not None:
        scope.adopt(variable)
    return variable


def is_scoped() -> bool:
    """Whether a scope answers for variables now: something is traced."""
    return _scope.get() is not None


def has_scope() -> bool:
    """Whether a scope answers for variables now."""
    return _scope.get() is not None


def current_scope() -> Scope:
    """The scope that answers for variables now; RuntimeError outside of any."""
    scope = _scope.get()
    if scope is None:
        raise RuntimeError("no scope answers for variables here: nothing is traced")
    return scope


class Scope:
    """Answers for variables under a trace: reads give traced values, writes stay inside until they are carried out.

    `strays` are the variables that were read or written although nobody handed in their values.
    """

    def __init__(self, variables: Sequence[Variable] = (), values: Sequence[Any] = ()) -> None:
        self.variables = list(variables)
        self._values = {id(v): value for v, value in zip(variables, values, strict=True)}
        self._known = set(self._values)
        self.written: dict[int, Variable] = {}
        self.strays: dict[int, Variable] = {}
        self.notes: dict[int, list] = {}
        self._made: list[Variable] = []

    def __enter__(self) -> Scope:
        self._parent = _scope.get()
        self._token = _scope.set(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _scope.reset(self._token)

    def read(self, variable: Variable) -> Any:
        """The value of a variable here."""
        if id(variable) in self._values:
            return self._values[id(variable)]
        if self._parent is not None:
            return self._parent.read(variable)
        self.strays[id(variable)] = variable
        return variable.stored()

    def write(self, variable: Variable, value: Any) -> None:
        """Sets the value of a variable here."""
        self._values[id(variable)] = value
        self.written[id(variable)] = variable
        if id(variable) not in self._known:
            self.strays[id(variable)] = variable

    def values(self, variables: Sequence[Variable]) -> tuple:
        """The present values of variables."""
        return tuple(self.read(v) for v in variables)

    def settle(self, variables: Sequence[Variable]) -> None:
        """Makes values that were set here, untraced ones, the variables' own, so that they outlast the trace."""
        for variable in variables:
            value = self._values.get(id(variable))
            if value is not None and id(variable) in self.written and not _is_traced(value):
                variable.store(value)

    def adopt(self, variable: Variable) -> None:
        """Takes a variable that the traced function made for itself: nobody has to hand in its value."""
        self._made.append(variable)
        self._values[id(variable)] = variable.stored()


def notes(owner: Any, stored: list) -> list:
    """The values that an owner noted in the present trace, which end with it; outside of any, the `stored` ones."""
    scope = _scope.get()
    while scope is not None:
        if id(owner) in scope.notes:
            return scope.notes[id(owner)]
        scope = scope._parent
    return [] if _scope.get() is not None else stored


def append_note(owner: Any, stored: list, values: Sequence[Any]) -> None:
    """Notes values for an owner."""
    scope = _scope.get()
    if scope is None:
        stored.extend(values)
    else:
        scope.notes[id(owner)] = [*notes(owner, stored), *values]


def clear_notes(owner: Any, stored: list) -> None:
    """Forgets the values that an owner noted."""
    scope = _scope.get()
    if scope is None:
        stored.clear()
    else:
        scope.notes[id(owner)] = []


def functional(function: Callable, variables: Sequence[Variable]) -> Callable:
    """`pure(values, *args, **kwargs) -> (result, new values)`: a function over variables as a pure one.

    Raises ValueError when the function writes to a variable that isn't among `variables`: the write would be lost.

    >>> v = Variable(1.0)
    >>> def bump(x):
    ...     v.assign_add(x)
    ...     return v * 2
    >>> result, (new,) = functional(bump, [v])((1.0,), 4.0)
    >>> float(result), float(new), float(v)
    (10.0, 5.0, 1.0)
    """

    def pure(values: Sequence[Any], *args: Any, **kwargs: Any) -> tuple[Any, tuple]:
        with Scope(variables, values) as scope:
            result = function(*args, **kwargs)
            new = scope.values(variables)
        lost = [v.path for v in scope.strays.values() if id(v) in scope.written]
        if lost:
            raise ValueError(explain("A function wrote to variables that nobody carries.", got=", ".join(lost)))
        return result, new

    return pure


def discover(run: Callable[[list[Variable]], tuple[Any, Scope]], variables: Sequence[Variable]) -> tuple[Any, list]:
    """Calls `run(variables)`, which traces under a scope, until no variable strays; gives its result and them all."""
    variables = list(variables)
    while True:
        result, scope = run(variables)
        if not scope.strays:
            return result, variables
        variables += scope.strays.values()


def jit(function: Callable) -> Callable:
    """Compiles a function that may read and write variables.

    The variables are found by tracing; their new values are written back after each call. Arguments are arrays, or
    nested structures of them; other values must be passed as defaults or through a closure.

    >>> v = Variable(0.0)
    >>> @jit
    ... def count(x):
    ...     v.assign_add(x)
    ...     return v * 10
    >>> float(count(1.0)), float(count(1.0)), float(v)
    (10.0, 20.0, 2.0)
    """
    known: dict[Any, tuple[list[Variable], Callable]] = {}

    def prepare(args: tuple, kwargs: dict) -> tuple[list[Variable], Callable]:
        def run(variables: list[Variable]) -> tuple[None, Scope]:
            scopes = []

            def pure(values: Sequence[Any], args: tuple, kwargs: dict) -> Any:
                with Scope(variables, values) as scope:
                    scopes.append(scope)
                    return function(*args, **kwargs)

            jax.eval_shape(pure, [v.stored() for v in variables], args, kwargs)
            return None, scopes[-1]

        _, variables = discover(run, [])
        return variables, jax.jit(lambda values, args, kwargs: functional(function, variables)(values, *args, **kwargs))

    def call(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = jax.tree.flatten((args, kwargs))
        signature = (structure, tuple((jnp.shape(x), jnp.result_type(x)) for x in leaves))
        if signature not in known:
            known[signature] = prepare(args, kwargs)
        variables, compiled = known[signature]
        result, values = compiled([v.value for v in variables], args, kwargs)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return result

    return call


def value_and_grad(function: Callable, variables: Sequence[Variable], has_aux: bool = False) -> Callable:
    """A function that gives `function`'s value and its gradients with respect to variables.

    `function` returns a scalar, or with `has_aux` a pair of a scalar and anything. It may update any variable
    (metrics, moving averages, seeds): what it wrote stays written.

    >>> v = Variable([1.0, 2.0])
    >>> value, (gradient,) = value_and_grad(lambda: (v * v).sum(), [v])()
    >>> float(value), gradient.tolist()
    (5.0, [2.0, 4.0])
    """
    variables = list(variables)

    def call(*args: Any, **kwargs: Any) -> Any:
        touched: list[Variable] = []

        def pure(values: Sequence[Any]) -> Any:
            with Scope(variables, values) as scope:
                result = function(*args, **kwargs)
                touched[:] = scope.written.values()
                written = scope.values(touched)
            value, aux = result if has_aux else (result, None)
            return value, (aux, written)

        (value, (aux, written)), gradients = jax.value_and_grad(pure, has_aux=True)([v._uncast() for v in variables])
        for variable, new in zip(touched, written, strict=True):
            variable.assign(new)
        return ((value, aux) if has_aux else value), gradients

    return call


def grad(function: Callable, variables: Sequence[Variable]) -> Callable:
    """A function that gives the gradients of `function`'s scalar value with respect to variables.

    >>> v = Variable(3.0)
    >>> float(grad(lambda x: v * v * x, [v])(2.0)[0])
    12.0
    """
    both = value_and_grad(function, variables)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


class Lease:
    """State lent to an engine while a loop runs; the one owner of the hand-over.

    While it lasts, reading a variable outside gives a copy of the engine's value, and writing one changes that. The
    engine may overwrite its own buffers in the next step, so nothing that it holds is ever shared.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._held: dict[int, Variable] = {}
        self._values: dict[int, Any] = {}

    def take(self, variables: Sequence[Variable]) -> list[Any]:
        """The values on the engine, in the order of `variables`; those that aren't there yet are put there."""
        for variable in variables:
            if variable._lease is not self:
                self._values[id(variable)] = self._engine.put(variable.stored(), own=True)
                self._held[id(variable)] = variable
                variable._lease = self
        return [self._values[id(variable)] for variable in variables]

    def look(self, variables: Sequence[Variable]) -> list[Any]:
        """The values on the engine, for a step that overwrites none of them."""
        held = self._values
        return [held[id(v)] if id(v) in held else self._engine.put(v.stored()) for v in variables]

    def give(self, variables: Sequence[Variable], values: Sequence[Any]) -> None:
        """Takes the new values of a step."""
        for variable, value in zip(variables, values, strict=True):
            if id(variable) in self._values:
                self._values[id(variable)] = value
            else:
                variable.store(self._engine.to_jax(value))

    def read(self, variable: Variable) -> jax.Array:
        """A copy of a value."""
        return jnp.asarray(np.array(self._engine.get(self._values[id(variable)])))

    def write(self, variable: Variable, value: Any) -> None:
        """Replaces a value."""
        self._values[id(variable)] = self._engine.put(value, own=True)

    def close(self) -> None:
        """Hands every value back to its variable."""
        for key, variable in self._held.items():
            variable._lease = None
            variable.store(self._engine.to_jax(self._values[key]))
        self._held.clear()
        self._values.clear()
