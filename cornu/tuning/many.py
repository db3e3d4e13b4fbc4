"""The training of many variations of a model in one compiled program."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from cornu import config, random
from cornu.engines.engine import get_engine
from cornu.errors import brief, explain
from cornu.signature import maybe, nonnegative_int, positive_int
from cornu.training.callbacks import History
from cornu.training.data import ArrayData, check
from cornu.training.feed import row_groups
from cornu.training.loop import arrange
from cornu.training.session import held_interrupts
from cornu.training.step import TracedStep
from cornu.tuning.candidates import Candidate, Source, grouped, made, require_own_variables
from cornu.tuning.results import Result, Trial
from cornu.tuning.side_by_side import Group

_WIDTH_ON_CPU = 4
"""How many variations that see the same batches one call trains on a CPU: the states of more leave its caches."""


def train_many(
    build: Callable[..., Any],
    variations: Sequence[dict[str, Any]],
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: dict | None = None,
    sample_weight: Any = None,
    validation_batch_size: int | None = None,
    at_once: int | None = None,
    callbacks: None = None,
) -> Result:
    """Trains variations of a model side by side: as `fit` would train each, in less time.

    Args:
        build: `build(**variation)` gives a compiled model, a new one each time.
        variations: the arguments of each: {"rate": 0.1, "dropout": 0.3}. A `seed` among them is no argument of
            `build`: it is set before, as by `cornu.utils.set_random_seed`, so the initial weights, the masks of dropout
            and the order of the samples follow from it. Variations without one begin alike, from the process's seed.
        x, y, batch_size, epochs, validation_split, validation_data, shuffle, class_weight, sample_weight,
            validation_batch_size: as in `fit`; x and y are arrays.
        verbose: 0 silent, 1 one line per epoch: the least and the largest value of each metric.
        at_once: how many variations one call trains; default: on a CPU up to 4 of one seed, elsewhere all of them.
            Their states and the values of one batch must fit into memory.
        callbacks: none: a callback sees one model, and between the epochs the models' states are one array.

    Returns:
        A `Result`: a sequence of trials, each with its variation, its trained model, and the history that `fit` would
        have given. `result.best("val_accuracy")` is one of them.

    Each variation's steps are traced. Where the programs are the same but for numbers (rates, strengths of penalties,
    momenta, smoothing), these become inputs of one program, which `jax.vmap` batches over the variations. Variations
    whose programs differ in more (another width, no dropout at all in place of some) are trained group by group.

    The curves are those of separate fits with the same seeds: the same initial weights, masks and orders, bit by bit.
    Sums are taken in another order, and what was a constant is an input, so values differ by rounding: in the tests by
    less than 1e-4 of themselves over two epochs. Training that amplifies small differences, with large rates for
    example, amplifies these.

    Raises ValueError for data that are no arrays, for models that share variables, run eagerly or are compiled for
    another engine than "jax", and whatever `fit` would raise.

    >>> import numpy as np
    >>> import cornu
    >>> def build(rate, dropout):
    ...     layers = [cornu.layers.Dense(8, activation="relu"), cornu.layers.Dropout(dropout), cornu.layers.Dense(1)]
    ...     model = cornu.Sequential([cornu.Input((3,)), *layers])
    ...     model.compile(cornu.optimizers.SGD(rate), "mse")
    ...     return model
    >>> x = np.linspace(0, 1, 60).reshape(20, 3)
    >>> variations = [{"rate": r, "dropout": d, "seed": 1} for r in (1e-6, 0.1) for d in (0.1, 0.2)]
    >>> result = train_many(build, variations, x, x.sum(1), epochs=20, verbose=0)
    >>> result.groups, result.best("loss").variation["rate"]
    ([[0, 1, 2, 3]], 0.1)
    """
    if callbacks is not None:
        raise ValueError(
            explain(
                "train_many takes no callbacks: they see one model, and here many are trained as one.",
                got=brief(callbacks),
                fix="Look at the histories afterwards, or fit the models one by one.",
            )
        )
    for name, value, domain in (("epochs", epochs, nonnegative_int), ("at_once", at_once, maybe(positive_int))):
        check(name, value, domain)
    if not variations:
        raise ValueError(explain("train_many: there is nothing to vary.", expected="one or more variations"))
    epochs = min(epochs, config.max_epochs() or epochs)
    options = {
        "batch_size": batch_size, "steps": None, "shuffle": shuffle, "class_weight": class_weight,
        "validation_split": validation_split, "validation_data": validation_data,
        "validation_batch_size": validation_batch_size, "validation_steps": None,
    }  # fmt: skip
    candidates, train, test = _prepare(build, variations, (x, y, sample_weight), options)
    groups = grouped(candidates)
    histories = [_history(candidate, epochs, train) for candidate in candidates]
    with held_interrupts() as interrupts, ThreadPoolExecutor(_cores()) as pool:
        for members in groups:
            if verbose and len(groups) > 1:
                print(_heading(groups, members))
            group = Group(members, at_once or _width(members), train.engine, pool, interrupts)
            _train(group, train, test, epochs, histories, verbose)
    trials = zip(candidates, histories, strict=True)
    return Result([Trial(c.number, c.variation, c.model, history) for c, history in trials],
                  [[member.number for member in members] for members in groups])  # fmt: skip


def _prepare(
    build: Callable[..., Any], variations: Sequence[dict], data: tuple, options: dict[str, Any]
) -> tuple[list[Candidate], Source, Source | None]:
    """Makes and traces each variation's model; the arrays are put on the engine once."""
    engine = get_engine("jax")
    candidates: list[Candidate] = []
    train = test = None
    for number, variation in enumerate(variations):
        model = made(build, variation)
        if train is None:
            found, validation = arrange(model, *data, **options)
            train, test = _source("train", found, engine), _source("test", validation, engine)
            assert train is not None
        else:
            options = {**options, "validation_split": 0.0, "validation_data": test and test.data}
            arrange(model, train.data, None, None, **options)
        order = random.derive("shuffle") if train.data.shuffle else 0
        steps: dict[Hashable, TracedStep] = {}
        for source in (train, test) if test is not None else (train,):
            steps |= source.trace(model, list(row_groups(source.data, order, model.position.epochs_seen)))
        candidates.append(Candidate(number, dict(variation), model, order, steps))
    require_own_variables(candidates)
    assert train is not None
    return candidates, train, test


def _width(members: Sequence[Candidate]) -> int:
    """How many variations of a group one call trains; on a CPU, where seeds differ, those of each call share one."""
    if jax.default_backend() != "cpu":
        return len(members)
    counts = Counter(member.order for member in members).values()
    common = math.gcd(*counts) if len(counts) > 1 else _WIDTH_ON_CPU
    return max(width for width in range(1, _WIDTH_ON_CPU + 1) if common % width == 0)


def _source(kind: str, data: Any, engine: Any) -> Source | None:
    if data is None:
        return None
    if not isinstance(data, ArrayData):
        raise ValueError(
            explain(
                "train_many needs the data as a whole: all variations take their samples from them.",
                expected="arrays",
                got="batches that come one by one",
                fix="Gather them into arrays, or fit the models one by one.",
            )
        )
    return Source(kind, data, engine)


def _history(candidate: Candidate, epochs: int, train: Source) -> History:
    history = History()
    history.set_params({"verbose": 0, "epochs": epochs, "steps": train.data.steps})
    history.set_model(candidate.model)
    history.on_train_begin()
    return history


def _train(
    group: Group, train: Source, test: Source | None, epochs: int, histories: list[History], verbose: int
) -> None:
    """The epochs of one group."""
    seen = group.members[0].model.position.epochs_seen
    for epoch in range(epochs):
        began = time.perf_counter()
        logs = group.run(train, seen + epoch)
        if test is not None:
            for number, values in group.run(test, 0).items():
                logs[number].update({f"val_{name}": value for name, value in values.items()})
        for number, values in logs.items():
            histories[number].on_epoch_end(epoch, values)
        if verbose:
            print(_line(epoch, epochs, time.perf_counter() - began, list(logs.values())), flush=True)
    group.hand_back()
    for member in group.members:
        position = member.model.position
        position.epoch, position.step, position.shuffle_seed = epochs, 0, member.order
        position.epochs_seen += epochs
        if epochs:
            member.model.optimizer.finalize_variable_values(member.model.trainable_variables)


def _line(epoch: int, epochs: int, seconds: float, logs: list[dict[str, Any]]) -> str:
    """An epoch in one line: the least and the largest value of each metric."""
    parts = [f"Epoch {epoch + 1}/{epochs}", f"{seconds:.1f} s"]
    for name in logs[0]:
        values = np.array([found[name] for found in logs])
        if values.ndim == 1 and np.isfinite(values).any():
            parts.append(f"{name} {np.nanmin(values):.4g} to {np.nanmax(values):.4g}")
    return "  ".join(parts)


def _heading(groups: list[list[Candidate]], members: list[Candidate]) -> str:
    """Which variations come now, and where their program and that of the first ones part."""
    text, first = f"Variations {', '.join(str(member.number) for member in members)}", groups[0][0]
    if members is groups[0]:
        return text
    return f"{text}: another program than that of variation {first.number}: {first.difference(members[0])}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
