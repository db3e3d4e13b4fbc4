"""The engines of this installation: which are there, what they cannot do, and how fast they train."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from cornu import layers, models
from cornu.engines.engine import Limit, engine_names, get_engine, installed_version, source

INPUTS, UNITS, CLASSES, BATCH, STEPS = 64, 128, 10, 32, 50
"""The network that is trained, INPUTS-UNITS-UNITS-CLASSES, the size of its batches, and the steps of an epoch."""


@dataclass(frozen=True)
class Speed:
    """Milliseconds per step of training, and what the first call took beside its steps, in seconds."""

    step: float
    compilation: float


@dataclass(frozen=True)
class Survey:
    """An engine of this installation.

    `version` is None where its library is not installed; `problem` says why it can't be used, with what to do.
    """

    name: str
    library: str
    version: str | None
    limits: tuple[Limit, ...] = ()
    speed: Speed | None = None
    problem: str = ""


def survey(name: str, speed: bool = True) -> Survey:
    """Looks at an engine, and has it train for a moment where `speed` is set.

    >>> survey("reference", speed=False).problem
    ''
    """
    library, version = source(name).library, installed_version(name)
    if version is None:
        return Survey(name, library, None, problem=f"install it: {source(name).install}")
    try:
        engine = get_engine(name)
        return Survey(name, library, version, engine.limits, measure(name) if speed else None)
    except Exception as error:  # whatever ails a library, the table of the others is wanted
        return Survey(name, library, version, problem=str(error) or type(error).__name__)


def measure(name: str, epochs: int = 3) -> Speed:
    """The speed of an engine on a small network of dense layers: the best of some epochs, after a first one."""
    random = np.random.default_rng(0)
    x = random.normal(size=(BATCH * STEPS, INPUTS)).astype("float32")
    y = random.integers(0, CLASSES, len(x)).astype("int32")
    model = models.Sequential(
        [
            layers.Input((INPUTS,)),
            layers.Dense(UNITS, activation="relu"),
            layers.Dense(UNITS, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", engine=name)

    def epoch() -> float:
        started = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        return time.perf_counter() - started

    first = epoch()
    best = min(epoch() for _ in range(epochs))
    return Speed(1000 * best / STEPS, max(0.0, first - best))


def show(speed: bool = True) -> None:
    """Prints the table of the engines; `speed`: with a short measurement of each."""
    from rich.console import Console

    found = []
    with Console(stderr=True).status("") as status:
        for name in engine_names():
            status.update(f"engine {name}")
            found.append(survey(name, speed))
    terminal = Console()
    console = Console(width=None if terminal.is_terminal else 120, highlight=False, emoji=False, markup=False)
    with console.capture() as text:
        console.print(table(found, speed))
    print("\n".join(line.rstrip() for line in text.get().splitlines()).strip("\n"))
    print("\nChoose one with compile(engine=name), cornu.config.set_engine(name) or the variable CORNU_ENGINE.")
    if speed:
        network = f"{INPUTS}-{UNITS}-{UNITS}-{CLASSES} with Adam, batches of {BATCH}"
        print(f"Speed: training {network}; compiling comes once for a model and a shape of data.")


def table(found: list[Survey], speed: bool) -> Any:
    """The engines as a table of rich; `speed`: with its columns."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("engine", no_wrap=True)
    made.add_column("library", no_wrap=True)
    if speed:
        made.add_column("ms per step", justify="right")
        made.add_column("compiling", justify="right")
    made.add_column("cannot run", overflow="fold")
    for one in found:
        times = [f"{one.speed.step:.2f}", f"{one.speed.compilation:.1f} s"] if one.speed else ["", ""]
        made.add_row(
            one.name,
            f"{one.library} {one.version}" if one.version else "not installed",
            *(times if speed else []),
            one.problem or "\n".join(map(str, one.limits)) or "-",
        )
    return made
