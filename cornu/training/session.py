"""A model's state on an engine while a loop runs, and its compiled steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cornu import config, tree
from cornu.engines.engine import get_engine
from cornu.layers.parts import changes, freezes
from cornu.training import step as steps
from cornu.variables import Lease


class Session:
    """Runs compiled steps on a model's state, which stays on the engine from step to step.

    The state goes back to the variables when the `with` block ends, however it ends. A Ctrl-C is held back while a
    step runs, so that no state is lost; a second one is not.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        compiled = model._compiled
        name = compiled.engine if compiled is not None and compiled.engine else config.engine()
        self.engine = get_engine(name)
        self._lease = Lease(self.engine)
        self._trainable: tuple[int, tuple[int, ...]] | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: Any) -> None:
        self._lease.close()

    def step(self, kind: str, form: str, shapes: Any, make: Callable[[], Any]) -> Any:
        """The compiled step for inputs of this `signature`, made where there is none yet."""
        trained = self._trained() if kind == "train" else ()
        key = (kind, form, self.engine.name, shapes, self._layers(), trained)
        cache = self.model._step_cache
        if key not in cache:
            cache[key] = make()
        return cache[key]

    def _layers(self) -> tuple[Any, ...]:
        """The layers of the model and their revisions; looked up again where, anywhere, `note_change` was called."""
        model = self.model
        if model._made_of is None or model._made_of[0] != changes():
            layers = model._flatten_layers(include_self=False)
            model._made_of = changes(), tuple((layer, layer.revision) for layer in layers)
        return model._made_of[1]

    def _trained(self) -> tuple[int, ...]:
        """Which variables are trained; looked up again where somebody froze or unfroze a layer."""
        if self._trainable is None or self._trainable[0] != freezes():
            self._trainable = freezes(), tuple(id(v) for v in self.model.trainable_variables)
        return self._trainable[1]

    def run(self, step: steps.CompiledStep, *inputs: Any) -> Any:
        """Carries out a step on flat inputs; gives its result."""
        take = self._lease.take if step.donates else self._lease.look
        new, result = step(take(step.variables), *inputs)
        self._lease.give(step.written, new)
        return result

    def put(self, data: Any) -> list[Any]:
        """The arrays of a nested structure, flat, on the engine."""
        return [self.engine.put(array) for array in tree.flatten(data)]

    def wait(self, result: Any) -> None:
        """Waits until a result is there."""
        leaves = tree.flatten(result)
        if leaves:
            self.engine.get(leaves[0])


def signature(data: Any) -> tuple:
    """Structure, shapes and dtypes of nested arrays."""
    leaves, structure = tree.flatten_with(data)
    return structure, tuple((tuple(x.shape), str(x.dtype)) for x in leaves)


class _Interrupts:
    """Whether Ctrl-C was pressed since the loop looked last."""

    def __init__(self) -> None:
        self.pressed = False

    def note(self, number: int, frame: Any) -> None:
        """The signal's handler: remembers the first, raises at the second."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True

    def check(self) -> None:
        """Raises KeyboardInterrupt where Ctrl-C was pressed."""
        if self.pressed:
            self.pressed = False
            raise KeyboardInterrupt


@contextmanager
def held_interrupts() -> Iterator[_Interrupts]:
    """Within it, the first Ctrl-C waits until `check` is called."""
    interrupts = _Interrupts()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is not signal.default_int_handler:
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts.note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, usual)
