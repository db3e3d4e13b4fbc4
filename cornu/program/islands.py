"""Program to program: equations gathered into few calls, between those that have to stand apart.

For an engine that fuses what it is given at once, and has better ways for a few primitives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from cornu import _jax

Apart = Callable[[_jax.Jaxpr], Collection[int]]
"""Which equations of a program, by their places, stand apart."""

_CHEAP = ("broadcast_in_dim", "iota")
"""What each call makes for itself from less, so that it isn't handed from one to the other."""


@dataclass
class _Level:
    """Equations by their places: one call, and those apart that stand behind it."""

    call: list[int] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)


def gather(closed: _jax.ClosedJaxpr, apart: Apart) -> _jax.ClosedJaxpr:
    """The same program, where every equation that isn't apart is in a call (the primitive "closed_call").

    A loop or a choice with something apart inside is itself apart, and what it runs is gathered in the same way. Calls
    come as early as their operands allow, so that there are as few of them as possible.
    """
    jaxpr = closed.jaxpr
    levels = _levels(jaxpr, apart)
    cheap = {eqn.outvars[0]: place for place, eqn in enumerate(jaxpr.eqns) if eqn.primitive.name in _CHEAP}
    users = _users(jaxpr, levels)
    equations: list[_jax.Equation] = []
    for number, level in sorted(levels.items()):
        if level.call:
            others = {variable: of - {("call", number)} for variable, of in users.items()}
            equations += _call(jaxpr, level.call, cheap, others)
        for place in level.apart:
            equation = jaxpr.eqns[place]
            equations.append(equation.replace(params={k: _gathered(v, apart) for k, v in equation.params.items()}))
    return _jax.ClosedJaxpr(jaxpr.replace(eqns=equations), closed.consts)


def _levels(jaxpr: _jax.Jaxpr, apart: Apart) -> dict[int, _Level]:
    """A call that needs something apart is one level further; something apart that needs another of its kind is not."""
    levels: dict[int, _Level] = defaultdict(_Level)
    for_calls: dict[Any, int] = {}
    for_apart: dict[Any, int] = {}
    places = _apart(jaxpr, apart)
    for place, equation in enumerate(jaxpr.eqns):
        alone = place in places
        reached = for_apart if alone else for_calls
        number = max((reached.get(atom, 0) for atom in _variables(equation.invars)), default=0)
        (levels[number].apart if alone else levels[number].call).append(place)
        for variable in equation.outvars:
            for_calls[variable], for_apart[variable] = number + alone, number
    return levels


def _apart(jaxpr: _jax.Jaxpr, apart: Apart) -> set[int]:
    """The places of the equations which are apart, or run a program that holds one."""
    return set(apart(jaxpr)) | {
        place
        for place, equation in enumerate(jaxpr.eqns)
        if any(_apart(inner.jaxpr, apart) for inner in _jax.inner_jaxprs(equation))
    }


def _users(jaxpr: _jax.Jaxpr, levels: dict[int, _Level]) -> dict[Any, set[tuple[str, int]]]:
    """For each variable, the calls, the equations apart and the result that need it."""
    users: dict[Any, set[tuple[str, int]]] = defaultdict(set)
    for variable in _variables(jaxpr.outvars):
        users[variable].add(("result", 0))
    for number, level in levels.items():
        for user, places in ((("call", number), level.call), (("apart", number), level.apart)):
            for variable in _variables(atom for place in places for atom in jaxpr.eqns[place].invars):
                users[variable].add(user)
    return users


def _call(
    jaxpr: _jax.Jaxpr, own: list[int], cheap: dict[Any, int], others: dict[Any, set[tuple[str, int]]]
) -> list[_jax.Equation]:
    """The call of the equations at these places; none where nobody else needs their results."""
    places, inputs = set(own), dict[Any, None]()
    made = {variable for place in own for variable in jaxpr.eqns[place].outvars}
    wanted = [variable for place in own for variable in _variables(jaxpr.eqns[place].invars)]
    while wanted:
        variable = wanted.pop()
        if variable in cheap and variable not in made:
            places.add(cheap[variable])
            made.add(variable)
            wanted += _variables(jaxpr.eqns[cheap[variable]].invars)
        elif variable not in made:
            inputs[variable] = None
    outputs = [
        variable
        for place in own
        for variable in jaxpr.eqns[place].outvars
        if any(kind != "call" or variable not in cheap for kind, _ in others.get(variable, ()))
    ]
    if not outputs:
        return []
    equations = [jaxpr.eqns[place] for place in sorted(places)]
    inner = jaxpr.replace(
        constvars=[],
        invars=list(inputs),
        outvars=outputs,
        eqns=equations,
        debug_info=jaxpr.debug_info.with_unknown_names(),
    )
    params = {"call_jaxpr": _jax.ClosedJaxpr(inner, [])}
    like = jaxpr.eqns[own[0]]
    return [like.replace(invars=list(inputs), outvars=outputs, primitive=_jax.CALL, params=params)]


def _gathered(value: Any, apart: Apart) -> Any:
    """A parameter of an equation; programs in it are gathered."""
    if isinstance(value, tuple) and value and isinstance(value[0], _jax.ClosedJaxpr):
        return tuple(gather(inner, apart) for inner in value)
    return gather(value, apart) if isinstance(value, _jax.ClosedJaxpr) else value


def _variables(atoms: Iterable[Any]) -> list[Any]:
    return [atom for atom in atoms if not isinstance(atom, _jax.Literal)]
