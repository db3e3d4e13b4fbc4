"""The one file that touches JAX's internals: where JAX moves, this file follows.

Everything else in cornu uses JAX's documented interface only. Developed and tested with JAX 0.10.2; older
versions lack parts that are used here, and are refused below. Newer ones are tried.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.export
import numpy as np

OLDEST = (0, 10, 2)

if jax.__version_info__ < OLDEST:
    raise ImportError(
        f"cornu needs JAX {'.'.join(map(str, OLDEST))} or newer, and found {jax.__version__}. "
        "Run: pip install --upgrade jax"
    )

import jax.extend.core as _core  # noqa: E402
import jax.extend.core.primitives as _primitives  # noqa: E402
from jax._src import config as _config  # noqa: E402
from jax._src import core as _tracing  # noqa: E402
from jax._src import linear_util as _linear  # noqa: E402
from jax._src import source_info_util as _source  # noqa: E402
from jax._src.interpreters import partial_eval as _partial_eval  # noqa: E402
from jax._src.lax import special as _special  # noqa: E402
from jax._src.random import core as _random  # noqa: E402

# --- the data structure of a traced program -------------------------------------------------------------------

Jaxpr = _core.Jaxpr
ClosedJaxpr = _core.ClosedJaxpr
Equation = _core.JaxprEqn
Literal = _core.Literal
Dropped = _core.DropVar
as_function = _core.jaxpr_as_fun
is_symbolic_dim = jax.export.is_symbolic_dim

# Primitives that only call: JAX's name, and the parameter which holds the program that they call.
CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "core_call": "call_jaxpr",
    "closed_call": "call_jaxpr",
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}

# The primitive with which cornu itself writes a call.
CALL = _primitives.closed_call_p

# Primitives that give back what they take; some take and give several values.
IDENTITIES = (
    "copy",
    "device_put",
    "optimization_barrier",
    "sharding_constraint",
    "stop_gradient",
)

# Special functions which JAX itself writes in simpler primitives.
SPECIAL: dict[str, Callable] = {
    "bessel_i0e": _special.bessel_i0e_impl,
    "igamma": _special._up_and_broadcast(_special.igamma_impl),
    "igamma_grad_a": _special._up_and_broadcast(_special.igamma_grad_a_impl),
    "igammac": _special._up_and_broadcast(_special.igammac_impl),
    "regularized_incomplete_beta": _special._up_and_broadcast(_special.regularized_incomplete_beta_impl),
}


def asked_by_operator() -> bool:
    """Whether the caller of the calling function is an operator of a JAX array, which gives way to foreign types."""
    return sys._getframe(2).f_code.co_name.startswith("_operator_")


def close(jaxpr: Jaxpr | ClosedJaxpr) -> ClosedJaxpr:
    """A jaxpr with its constants; those that have none may come bare."""
    return jaxpr if isinstance(jaxpr, ClosedJaxpr) else ClosedJaxpr(jaxpr, ())


def variable(aval: Any) -> Any:
    """A new variable of a jaxpr."""
    return _core.Var(aval)


def literal(value: Any, aval: Any) -> Literal:
    """A scalar as an operand of an equation."""
    return Literal(value, aval)


def literal_value(literal: Literal) -> np.ndarray:
    """A literal's value as an array of its dtype."""
    aval: Any = literal.aval
    return np.asarray(literal.val, aval.dtype)


def dimension(size: Any) -> jax.Array:
    """A symbolic size as a number of the program that is being traced."""
    return _tracing.dimension_as_value(size)


def dimension_names(size: Any) -> set[str]:
    """The names of the dimensions of which a size is made: of 2*b + 1, {"b"}; of a whole number, none."""
    return size._get_vars() if is_symbolic_dim(size) else set()


def evaluate_dimension(size: Any, sizes: Mapping[str, Any], larger: Callable, smaller: Callable) -> Any:
    """A symbolic size, computed from the named ones, which may be anything that knows +, *, // and %."""
    if not is_symbolic_dim(size):
        return size
    total: Any = None
    for term, coefficient in size._sorted_terms:
        product: Any = None
        for factor, exponent in term._factors:
            value = _evaluate_factor(factor, sizes, larger, smaller)
            for _ in range(exponent):
                product = value if product is None else product * value
        product = coefficient if product is None else product if coefficient == 1 else product * coefficient
        total = product if total is None else total + product
    return total


def _evaluate_factor(factor: Any, sizes: Mapping[str, Any], larger: Callable, smaller: Callable) -> Any:
    if factor.var is not None:
        return sizes[factor.var]
    left, right = (evaluate_dimension(operand, sizes, larger, smaller) for operand in factor.operands)
    match factor.operation:
        case "floordiv":
            return left // right
        case "mod":
            return left % right
        case "max":
            return larger(left, right)
        case "min":
            return smaller(left, right)
    raise NotImplementedError(f"A dimension computed by {factor.operation}.")


def setting(name: str) -> Any:
    """The value of one of JAX's settings."""
    return getattr(jax.config, name)


def tracing_settings() -> Any:
    """Every setting of JAX on which a trace depends, as something that can be compared."""
    return _config.trace_context()


def is_traced(value: Any) -> bool:
    """Whether a value stands for one that is known only when the program runs."""
    return isinstance(value, jax.core.Tracer)


def inner_jaxprs(equation: Equation) -> Iterator[ClosedJaxpr]:
    """The programs that an equation holds: branches, loop bodies, called functions."""
    for value in equation.params.values():
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, (Jaxpr, ClosedJaxpr)):
                yield close(item)


def abstract_outputs(equation: Equation) -> list:
    """The shapes and dtypes that JAX derives for an equation's results from those of its operands."""
    found, _ = equation.primitive.abstract_eval(*(atom.aval for atom in equation.invars), **equation.params)
    return list(found) if equation.primitive.multiple_results else [found]


def without_dead_code(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program without equations whose results nobody uses; all inputs stay."""
    jaxpr, _ = _partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars), instantiate=True)
    return ClosedJaxpr(jaxpr, closed.consts)


def with_constants_first(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program, of its constants and then its inputs."""
    jaxpr = closed.jaxpr
    inputs, names = [*jaxpr.constvars, *jaxpr.invars], jaxpr.debug_info.with_unknown_names()
    return ClosedJaxpr(jaxpr.replace(constvars=[], invars=inputs, debug_info=names), ())


def rewrite(closed: ClosedJaxpr, find: Callable[[Equation], Callable | None]) -> ClosedJaxpr:
    """The same program, in which a call of the function that `find` gives stands for an equation, inner ones too."""

    def inside(value: Any) -> Any:
        if isinstance(value, (tuple, list)) and any(isinstance(item, (Jaxpr, ClosedJaxpr)) for item in value):
            return jax.tree.map(inside, value, is_leaf=lambda item: item is not value)
        if isinstance(value, Jaxpr):
            return rewrite(close(value), find).jaxpr
        return rewrite(value, find) if isinstance(value, ClosedJaxpr) else value

    def one(equation: Equation) -> Equation:
        function = find(equation)
        if function is None:
            return equation.replace(params={name: inside(value) for name, value in equation.params.items()})
        with made_by(equation):
            called = jax.make_jaxpr(function)(*(atom.aval for atom in equation.invars))
        return equation.replace(primitive=CALL, params={"call_jaxpr": called})

    equations = [one(equation) for equation in closed.jaxpr.eqns]
    return ClosedJaxpr(closed.jaxpr.replace(eqns=equations), closed.consts)


def part(jaxpr: Jaxpr, equations: list[Equation]) -> tuple[ClosedJaxpr, list[Any], list[Any]]:
    """Some equations of a program, one after the other, as a program; what it reads, and what of it others need."""
    made = {variable for equation in equations for variable in equation.outvars}
    outside = [equation for equation in jaxpr.eqns if not made.issuperset(equation.outvars)]
    needed = {id(atom) for atom in (*jaxpr.outvars, *(atom for equation in outside for atom in equation.invars))}
    read = dict.fromkeys(
        atom for e in equations for atom in e.invars if not isinstance(atom, Literal) and atom not in made
    )
    results = [variable for equation in equations for variable in equation.outvars if id(variable) in needed]
    names = jaxpr.debug_info.with_unknown_names()
    inner = jaxpr.replace(constvars=[], invars=list(read), outvars=results, eqns=equations, debug_info=names)
    return ClosedJaxpr(inner, ()), list(read), results


# --- memory -----------------------------------------------------------------------------------------------------

MALLOPT = {
    "MALLOC_MMAP_THRESHOLD_": (-3, 2**27),  # up to here, blocks come from the heap ...
    "MALLOC_TRIM_THRESHOLD_": (-1, 2**31 - 1),  # ... whose free end stays with the process ...
    "MALLOC_TOP_PAD_": (-2, 2**26),  # ... and grows by so much more than is asked for
}
"""Of GNU's C library: variables of the environment, and the parameters of `mallopt` and values that stand for them."""


def keep_freed_memory() -> None:
    """Has GNU's C library keep freed blocks of up to 128 MiB for the next use, unless the environment says otherwise.

    XLA's CPU asks for room for intermediate results at each call. Fresh from the operating system, page by page, it
    costs a step of a convolutional network a third of its time, of a transformer half. The price: what a process needed
    once, it keeps until it ends. A thread's own heap holds at most 64 MiB; larger blocks there stay fresh at each call.
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            for variable, setting in MALLOPT.items():
                if variable not in os.environ:
                    ctypes.CDLL(None).mallopt(*setting)


keep_freed_memory()


# --- compiling ------------------------------------------------------------------------------------------------


@functools.cache
def convolution_options() -> dict[str, Any]:
    """XLA's options for programs with convolutions on the CPU: those that this version of XLA knows.

    The first leaves convolutions to Eigen, which computes most twice as fast as YNNPACK. The second takes the older way
    of compiling what lies between them: as fast or faster there, and compiled in two thirds of the time.
    """
    options = {
        "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE",
        "xla_cpu_use_fusion_emitters": False,
    }
    return {name: value for name, value in options.items() if _is_option({name: value})}


def _is_option(option: dict[str, Any]) -> bool:
    try:
        jax.jit(lambda: 0, compiler_options=option).lower().compile()
    except Exception:  # what is raised for an unknown option differs from version to version
        return False
    return True


# --- seeing what is executed ----------------------------------------------------------------------------------


class Recorder(_tracing.Trace):
    """While it is current, `handle(primitive, operands, params)` executes every primitive and sees its values.

    The values stay what they are outside of it: concrete arrays, or the tracers of the trace around.
    """

    __slots__ = ("_handle", "parent_trace")

    def __init__(self, handle: Callable[[Any, Any, dict], Any]) -> None:
        super().__init__()
        self.parent_trace = _tracing.trace_ctx.trace
        self.requires_low = self.parent_trace.requires_low
        self._handle = handle

    @property
    def is_traced(self) -> bool:
        """Whether what is recorded runs later, in a compiled program."""
        outermost = self.parent_trace
        while isinstance(outermost, Recorder):
            outermost = outermost.parent_trace
        return outermost is not _tracing.eval_trace

    def execute(self, primitive: Any, operands: Any, params: dict) -> Any:
        """Executes a primitive outside of the recorder."""
        with self.outside():
            return primitive.bind(*operands, **params)

    def outside(self) -> Any:
        """Within it, nothing is recorded."""
        return _tracing.set_current_trace(self.parent_trace)

    def inside(self) -> Any:
        """Within it, the recorder is current."""
        return _tracing.set_current_trace(self)

    def stage_value(self, val: Any) -> Any:
        """A value of the trace around is one here."""
        return self.parent_trace.stage_value(val)

    def process_primitive(self, primitive: Any, tracers: Any, params: Any, /) -> Any:
        """JAX's hook for a primitive."""
        return self._handle(primitive, tracers, params)

    def process_call(self, call_primitive: Any, f: Any, tracers: Any, params: Any, /) -> Any:
        """JAX's hook for a call."""
        return self._handle(call_primitive, tracers, {"subfuns": (f,), **params})

    def process_custom_jvp_call(self, primitive: Any, fun: Any, jvp: Any, tracers: Any, /, **params: Any) -> Any:
        """JAX's hook for a function with a forward rule of its own."""
        return self._handle(primitive, tracers, {"subfuns": (fun, jvp), **params})

    def process_custom_vjp_call(
        self, primitive: Any, fun: Any, fwd: Any, bwd: Any, tracers: Any, /, **params: Any
    ) -> Any:
        """JAX's hook for a function with a backward rule of its own."""
        return self._handle(primitive, tracers, {"subfuns": (fun, fwd, bwd), **params})


def identity_of(params: dict) -> tuple:
    """A primitive's parameters as something that is equal where they mean the same; TypeError if that can't be told."""
    return tuple((name, _identities(value) if name == "subfuns" else value) for name, value in sorted(params.items()))


def _identities(functions: tuple) -> tuple:
    """A function with rules: the same one where all of them wrap the same Python functions in the same way."""
    function, *rules = functions
    return function, *(rule.f for rule in rules if isinstance(rule, _linear.WrappedFun))


def captured(params: dict) -> list:
    """The concrete arrays that programs among a primitive's parameters captured when they were traced."""
    found = []
    for value in params.values():
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, ClosedJaxpr):
                found += item.consts
                item = item.jaxpr
            if isinstance(item, Jaxpr):
                found += _captured_inside(item)
    return found


_captured: weakref.WeakKeyDictionary[Jaxpr, list] = weakref.WeakKeyDictionary()


def _captured_inside(jaxpr: Jaxpr) -> list:
    if jaxpr not in _captured:
        _captured[jaxpr] = [value for equation in jaxpr.eqns for value in captured(equation.params)]
    return _captured[jaxpr]


# --- where an equation comes from -----------------------------------------------------------------------------


HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep


def source_frames(equation: Equation) -> list[tuple[str, int, str]]:
    """File, line and function of the calls that made an equation, innermost first, JAX's own left out."""
    return [
        (frame.file_name, frame.start_line, frame.function_name)
        for frame in _source.user_frames(equation.source_info.traceback)
    ]


def scope_name(equation: Equation) -> str:
    """The `jax.named_scope` path in which an equation was made, "" where there is none: layers by their names."""
    parts = equation.source_info.name_stack.stack
    return "/".join(part.name for part in parts if isinstance(part, _source.Scope))


def is_backward(equation: Equation) -> bool:
    """Whether an equation belongs to the backward pass of a gradient."""
    parts = equation.source_info.name_stack.stack
    return any(isinstance(part, _source.Transform) and part.name == "transpose" for part in parts)


@contextlib.contextmanager
def made_by(equation: Equation, keep_line: bool = False) -> Iterator[None]:
    """Equations made inside carry this one's scope and settings, and its source line.

    With `keep_line`, nothing changes; an equation without a line of the user's code takes that of the call around it.
    """
    if keep_line:
        yield
        return
    scope = _source.current_name_stack() + equation.source_info.name_stack
    traceback = equation.source_info.traceback
    if _source.user_frame(traceback) is None:
        traceback = _source.current().traceback
    with _source.user_context(traceback, name_stack=scope), equation.ctx.manager:
        yield


# --- random keys ----------------------------------------------------------------------------------------------


def is_key(aval: Any) -> bool:
    """Whether an abstract value is an array of typed random keys."""
    return jax.dtypes.issubdtype(aval.dtype, jax.dtypes.prng_key)


def key_methods(dtype: Any) -> Any:
    """A key dtype's `.key_shape` and functions over raw keys: `.seed .split .random_bits .fold_in`."""
    return dtype._impl


def draw_gamma(key: Any, shape_parameter: Any, *, log_space: bool) -> Any:
    """JAX's gamma sampler, for an array of typed keys, as a program of simpler primitives."""
    return _random._gamma_impl(key, shape_parameter, log_space=log_space, use_vmap=True)
