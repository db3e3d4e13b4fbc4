"""Settings, names and numbers, and what is left of sessions."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cornu import config, dtypes, naming
from cornu.compat import dialect, notices
from cornu.compat.backend import draws, phase
from cornu.compat.backend.offering import FUNCTIONS, offer, offer_all
from cornu.errors import explain

offer_all(
    {
        name: getattr(config, name)
        for name in ["floatx", "set_floatx", "epsilon", "set_epsilon", "image_data_format", "set_image_data_format"]
    }
)
offer_all({"is_float_dtype": dtypes.is_float, "is_int_dtype": dtypes.is_integer})
offer_all({"standardize_dtype": dtypes.standardize, "name_scope": naming.name_scope})

_uids: Counter[str] = Counter()


@offer()
def backend() -> str:
    """The name that programs branch on: "tensorflow" for those of Keras 1, 2 and tf.keras.

    That branch has the axis orders and functions that are served here. Programs of Keras 3 are told "jax".
    """
    return "tensorflow" if dialect.current().before("keras3") else config.backend()


@offer()
def image_dim_ordering() -> str:
    """Keras 1's name of the axis order of images: "tf" (channels last) or "th" (channels first)."""
    notices.note("K.image_dim_ordering()", "keras.config.image_data_format()")
    return "th" if config.image_data_format() == "channels_first" else "tf"


@offer()
def set_image_dim_ordering(dim_ordering: str) -> None:
    """Sets the axis order of images: "tf" (channels last) or "th" (channels first)."""
    orders = {"th": "channels_first", "tf": "channels_last"}
    if dim_ordering not in orders:
        raise ValueError(explain("K.set_image_dim_ordering: unknown order.", expected='"th" or "tf"', got=dim_ordering))
    new = orders[dim_ordering]
    notices.note(f"K.set_image_dim_ordering({dim_ordering!r})", f"keras.config.set_image_data_format({new!r})")
    config.set_image_data_format(new)


@offer()
def get_uid(prefix: str = "") -> int:
    """How often this prefix was asked for, from 1 on."""
    _uids[prefix] += 1
    return _uids[prefix]


@offer()
def reset_uids() -> None:
    """Starts the numbers of `get_uid` and of automatic names again."""
    _uids.clear()
    naming.reset_names()


@offer()
def clear_session() -> None:
    """Starts names, numbers and seeds again, forgets the learning phase, and frees what nobody holds any more."""
    reset_uids()
    draws.forget()
    phase.forget()
    gc.collect()


class Session:
    """What `K.get_session()` gives: runs symbolic tensors on values.

    >>> from cornu.symbolic import KerasTensor
    >>> x = KerasTensor((None, 2), name="x")
    >>> float(Session().run(x * 2, {x: [[1.0, 2.0]]})[0, 1])
    4.0
    """

    graph = None

    def run(self, fetches: Any, feed_dict: dict | None = None, **_: Any) -> Any:
        """The values of `fetches`, given those of the symbolic tensors in `feed_dict`."""
        feeds = feed_dict or {}
        return FUNCTIONS["function"](list(feeds), fetches)(list(feeds.values()))

    def close(self) -> None:
        """Does nothing: nothing is held."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        return None


_session = Session()


@offer()
def get_session(op_input_list: Sequence = ()) -> Session:
    """An object with a method `run`; there are no sessions any more."""
    notices.note("K.get_session()", "nothing: there are no sessions; K.function or model.predict computes")
    return _session


@offer()
def set_session(session: Any) -> None:
    """Does nothing: there are no sessions."""
    notices.note("K.set_session(...)", "nothing: there are no sessions, and memory is taken as it is needed")


@offer()
def manual_variable_initialization(value: bool) -> None:
    """Does nothing: a variable has its value from the beginning."""
    notices.note("K.manual_variable_initialization(...)", "nothing: a variable has its value from the beginning")


@offer("_get_available_gpus")
def available_gpus() -> list[str]:
    """The names of the graphics processors."""
    import jax

    return [f"/device:GPU:{device.id}" for device in jax.devices() if device.platform == "gpu"]


@contextmanager
def _phase(value: int) -> Iterator[None]:
    before = phase.chosen()
    phase.set_learning_phase(value)
    try:
        yield
    finally:
        phase.set_learning_phase(before)


offer("learning_phase_scope", "eager_learning_phase_scope")(_phase)
