"""The arguments that every optimizer takes: their domains, and how they enter each constructor's signature."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from cornu.errors import advice, brief, explain, nearest
from cornu.signature import Domain, boolean, integer, interval, maybe, named_parameters, nonnegative, positive

learning_rate = Domain(
    "a number of 0 or more, a LearningRateSchedule, or a callable",
    lambda v: callable(v) or nonnegative.test(v) or (getattr(v, "shape", None) == () and v >= 0),
)
forgetting = interval(0, 1, "[)")
"""The factor by which a moving average forgets its past."""

_several = Domain("an integer of 2 or more", lambda v: integer.test(v) and v >= 2)
_clip = maybe(nonnegative)

DOMAINS = {
    "learning_rate": learning_rate,
    "weight_decay": maybe(nonnegative),
    "clipnorm": _clip,
    "clipvalue": _clip,
    "global_clipnorm": _clip,
    "use_ema": boolean,
    "ema_momentum": interval(0, 1),
    "ema_overwrite_frequency": maybe(Domain("a positive integer", lambda v: integer.test(v) and v > 0)),
    "loss_scale_factor": maybe(positive),
    "gradient_accumulation_steps": maybe(_several),
}


def spelled_out(init: Callable, base: Callable) -> Callable:
    """A constructor whose `**kwargs` go to `base`, with `base`'s arguments spelled out in its signature.

    So `Adam(0.1, 0.9, 0.999, 1e-7, False, 0.01)` means what it means in Keras, help texts show every argument, and no
    class has to repeat the eleven that all of them share.
    """
    *own, last = inspect.signature(init).parameters.values()
    if last.kind is not last.VAR_KEYWORD or any(p.kind is p.VAR_POSITIONAL for p in own):
        return init
    taken = {p.name for p in own} | {"learning_rate"}
    shared = [
        p.replace(kind=own[-1].kind)
        for p in list(inspect.signature(base).parameters.values())[1:-1]
        if p.name not in taken
    ]
    signature = inspect.Signature([*own, *shared, last])

    @functools.wraps(init)
    def __init__(*args: Any, **kwargs: Any) -> None:
        arguments = dict(signature.bind(*args, **kwargs).arguments)
        init(**arguments.pop(last.name, {}), **arguments)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


def unknown(cls: type, name: str) -> str:
    """The text of the error for an argument that doesn't exist."""
    known = named_parameters(cls)
    return explain(
        f"{cls.__name__}: unknown argument `{name}`.{nearest(name, known)}",
        expected=", ".join(known),
        got=name,
        fix=advice(cls.__name__, name),
    )


def check_clipping(cls: type, **limits: float | None) -> None:
    """Raises ValueError for more than one limit."""
    given = [f"{name}={limit}" for name, limit in limits.items() if limit]
    if len(given) > 1:
        raise ValueError(
            explain(
                f"{cls.__name__}: more than one kind of clipping.",
                expected=f"one of {', '.join(limits)}",
                got=", ".join(given),
            )
        )


def takes_step(rate: Callable) -> bool:
    """Whether a callable has an argument that must be given."""
    try:
        parameters = inspect.signature(rate).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def check_pattern(expression: str) -> None:
    """Raises ValueError for a regular expression that may take forever: a file's config may bring one.

    Time can explode only where something repeated is repeated, or where many repetitions follow each other.

    >>> check_pattern("dense_.*/kernel")
    """
    if re.search(r"\)[*+{?]|\\\d", expression) or len(re.findall(r"[*+{]", expression)) > 2:
        raise ValueError(
            explain(
                "An optimizer was given a regular expression that may take forever.",
                expected="at most two of * + {, and none after a parenthesis",
                got=brief(expression),
            )
        )
