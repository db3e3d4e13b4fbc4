"""How times grow: an epoch over samples and steps, compiling over depth, the start over the number of weights.

    python benchmarks/growth.py                        every table
    python benchmarks/growth.py --tables depth --depth 10,50 --rounds 1
    python benchmarks/growth.py --output benchmarks/performance.json   keeps the figures for docs/make_performance.py

Every row is a process of its own, but for the samples' and the steps', which are compared within one. Nothing is kept
of programs compiled before. The tables:

    samples   the fastest epoch of 20-64-10 on batches of 128, over the number of samples
    steps     the fastest epoch of 4-16-3 on batches of 16, over the number of steps: what a step costs beside its work
    depth     the parts of a start, over the number of Dense(32) layers with Adam
    tensors   the same over the number of weights: chains of Dense(4) layers side by side, two small weights in each
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measuring
import numpy as np
from measuring import markdown

SIZES = {
    "samples": "10000,100000,1000000",
    "steps": "10,100,1000,10000,100000",
    "depth": "10,50,100,200",
    "tensors": "100,1000,10000",
}
EPOCHS = 5
TITLES = {
    "samples": ("samples", {"epoch": "epoch, s", "each": "µs a sample"}),
    "steps": ("steps", {"epoch": "epoch, s", "each": "µs a step"}),
    "depth": ("layers", {"build": "build, s", "trace": "trace, s", "lower": "lower, s", "xla": "XLA, s",
                         "step": "step, ms", "each": "ms a layer"}),
    "tensors": ("weights", {"build": "build, s", "trace": "trace, s", "lower": "lower, s", "xla": "XLA, s",
                            "step": "step, ms", "each": "ms a weight"}),
}  # fmt: skip
"""For each table, what grows, and the columns."""


# --- epochs over samples and steps ------------------------------------------------------------------------------------


def epochs_over_samples(counts: Sequence[int]) -> dict[int, dict[str, float]]:
    """The fastest epoch at each number of samples."""
    return _epochs(counts, (20, 64, 10), 128, counts)


def epochs_over_steps(counts: Sequence[int]) -> dict[int, dict[str, float]]:
    """The fastest epoch at each number of steps."""
    return _epochs([16 * count for count in counts], (4, 16, 3), 16, counts)


def _epochs(
    samples: Sequence[int], sizes: tuple[int, ...], batch_size: int, counts: Sequence[int]
) -> dict[int, dict[str, float]]:
    """The fastest epoch of one model at each number of samples, in turn; `each`: microseconds per one of `counts`."""
    import cornu

    random = np.random.default_rng(0)
    x = random.normal(size=(max(samples), sizes[0])).astype("float32")
    y = random.integers(0, sizes[-1], len(x)).astype("int32")
    model = network(cornu, sizes)
    best = dict.fromkeys(samples, float("inf"))

    class Clock(cornu.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds = time.perf_counter() - self.began
            if epoch:  # the first one feels its way to the number of steps in a call
                best[len(self.rows)] = min(best[len(self.rows)], seconds)

    clock = Clock()
    for _ in range(2):
        for count in samples:
            clock.rows = x[:count]
            model.fit(x[:count], y[:count], batch_size=batch_size, epochs=EPOCHS, verbose=0, callbacks=[clock])
    return {
        count: {"epoch": seconds, "each": 1e6 * seconds / count}
        for count, seconds in zip(counts, best.values(), strict=True)
    }


def network(package: Any, sizes: Sequence[int]) -> Any:
    """Dense layers, compiled with Adam."""
    hidden = [package.layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    output = package.layers.Dense(sizes[-1], activation="softmax")
    model = package.Sequential([package.Input((sizes[0],)), *hidden, output])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# --- starts over depth and the number of weights ----------------------------------------------------------------------


def start_over_depth(count: int) -> dict[str, float]:
    """The parts of the start of a chain of `count` layers."""
    import cornu

    return _start(lambda: network(cornu, (32,) * count + (32, 10)), 32)


def start_over_tensors(count: int) -> dict[str, float]:
    """The parts of the start of a network of `count` weights."""
    return _start(lambda: side_by_side(count), 4)


def side_by_side(count: int) -> Any:
    """A compiled network of `count` small weights: chains of layers, as many as a chain is long, whose mean goes on."""
    import cornu

    layers = count // 2 - 1
    x = inputs = cornu.Input((4,))
    ends = []
    for number in range(layers):
        x = cornu.layers.Dense(4, activation="relu")(x)
        if (number + 1) % math.isqrt(layers) == 0 or number == layers - 1:
            ends.append(x)
            x = inputs
    outputs = cornu.layers.Dense(10, activation="softmax")(cornu.layers.Average()(ends))
    model = cornu.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _start(build: Any, features: int) -> dict[str, float]:
    """Seconds to build and compile a model, to trace its step, lower it to XLA's form, and compile that."""
    import jax

    spent: dict[str, float] = {}
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: spent.__setitem__(event, spent.get(event, 0.0) + seconds)
    )
    x, y = np.ones((64, features), "float32"), np.zeros(64, "int32")
    began = time.perf_counter()
    model = build()
    built, before = time.perf_counter(), dict(spent)
    model.fit(x, y, batch_size=32, epochs=1, verbose=0)
    fitted = time.perf_counter() - built
    lower, xla = (
        spent[event] - before.get(event, 0.0)
        for event in ("/jax/core/compile/jaxpr_to_mlir_module_duration", "/jax/core/compile/backend_compile_duration")
    )
    step = _later_step(model, x, y)
    return {"build": built - began, "trace": fitted - lower - xla, "lower": lower, "xla": xla, "step": 1e3 * step}


def _later_step(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Seconds of a step that is compiled already."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        seconds.append((time.perf_counter() - began) / 2)
    return min(seconds)


# --- all of them ------------------------------------------------------------------------------------------------------


def measure(name: str, counts: Sequence[int]) -> dict[int, dict[str, float]]:
    """A table's rows, in this process."""
    if name in ("samples", "steps"):
        return {"samples": epochs_over_samples, "steps": epochs_over_steps}[name](counts)
    rows = {count: {"depth": start_over_depth, "tensors": start_over_tensors}[name](count) for count in counts}
    for count, row in rows.items():
        row["each"] = 1e3 * sum(row[part] for part in ("build", "trace", "lower", "xla")) / count
    return rows


def table_of(name: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """A table, the median of the rounds, in processes of their own."""
    counts = getattr(options, name)
    groups = [counts] if name in ("samples", "steps") else counts.split(",")
    rounds: dict[str, list[dict[str, Any]]] = {count: [] for count in counts.split(",")}
    for _ in range(options.rounds):
        for group in groups:
            variables = {"CORNU_COMPILE_CACHE": "0"}
            found = measuring.fresh(__file__, ["--child", name, group], variables, options.timeout)
            for count in group.split(","):
                rounds[count].append(found if "failed" in found else found[count])
    return {count: measuring.summary(runs) for count, runs in rounds.items()}


def table(name: str, rows: dict[str, dict[str, Any]]) -> str:
    """A table in Markdown."""
    what, columns = TITLES[name]
    lines = [[what, *columns.values()]]
    for count, row in rows.items():
        figures = [f"{row[column]:.3g}" for column in columns] if "failed" not in row else [row["failed"]]
        lines.append([f"{int(count):,}", *figures, *[""] * (len(columns) - len(figures))])
    return markdown(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default=",".join(SIZES))
    for name, counts in SIZES.items():
        parser.add_argument(f"--{name}", default=counts, help=f"default: {counts}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=1200)
    parser.add_argument("--output", type=Path, help="a file of figures, whose other tables stay")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        name, counts = options.child
        print(json.dumps(measure(name, list(map(int, counts.split(","))))))
        return
    of = {**measuring.machine(("jax", "numpy")), "rounds": options.rounds}
    for name in options.tables.split(","):
        rows = table_of(name, options)
        print(f"{name}\n\n{table(name, rows)}\n", flush=True)
        if options.output:
            measuring.keep("growth", {"machine": of, "tables": {name: rows}}, options.output)


if __name__ == "__main__":
    main()
