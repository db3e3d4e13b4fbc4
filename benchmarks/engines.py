"""What a training step costs on each engine, beside Keras 3 on the same framework: every run a fresh process, in turn.

    python benchmarks/engines.py                        every workload, cornu's engines and Keras's backends
    python benchmarks/engines.py --workloads mlp,conv --peers cornu-torch,keras-torch --rounds 3
    python benchmarks/engines.py --show                 the table of the last run, in Markdown

Timings of one machine under changing load: compare within a row. The columns: `step`, milliseconds of a step in the
fastest later epoch; `first`, the seconds by which the first epoch took longer, most of them compilation; `start`, the
seconds to import the packages, and to make a first small network. The images are MNIST's where $CORNU_DATASETS
holds mnist.npz, else made up.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import measuring
import numpy as np

RESULTS = Path(__file__).with_suffix(".json")

SHAPES = {"softmax": (784,), "mlp": (784,), "conv": (28, 28, 1), "lstm": (28, 28)}

FRAMEWORKS = ("jax", "tensorflow", "torch")
PEERS = [
    *(f"{package}-{framework}" for framework in FRAMEWORKS for package in ("cornu", "keras")),
    "cornu-torch-compile",
    "cornu-onnxruntime",
    "cornu-pytensor",
]
LIBRARIES = ("jax", "keras", "tensorflow", "torch", "onnxruntime", "pytensor")


# --- one measurement: a process of its own --------------------------------------------------------------------------


def network(package, workload):
    """The network of a workload, compiled."""
    layers = package.layers
    hidden = {
        "softmax": [],
        "mlp": [layers.Dense(500, activation="relu"), layers.Dense(500, activation="relu")],
        "conv": [
            layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
            layers.Flatten(), layers.Dropout(0.5),
        ],
        "lstm": [layers.LSTM(128)],
    }[workload]  # fmt: skip
    output = layers.Dense(10, activation="softmax")
    model = package.Sequential([package.Input(SHAPES[workload]), *hidden, output])
    optimizer = package.optimizers.RMSprop(1e-4) if workload in ("softmax", "mlp") else "adam"
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def images(workload, count):
    """Images and labels in the shape that the network takes."""
    path = Path(os.environ.get("CORNU_DATASETS", ".")) / "mnist.npz"
    if path.exists():
        with np.load(path) as data:
            x, y = data["x_train"][:count], data["y_train"][:count]
    else:
        random = np.random.default_rng(0)
        x, y = random.integers(0, 256, (count, 28, 28), "uint8"), random.integers(0, 10, count)
    return x.reshape(-1, *SHAPES[workload]).astype("float32") / 255, y.astype("int32")


def measure(peer, workload, samples, batch_size, epochs):
    """Seconds of the import and of each epoch, and the last loss."""
    began = time.perf_counter()
    package = importlib.import_module(peer.split("-")[0])
    if package.__name__ == "cornu":  # which else loads an engine's library when it compiles
        importlib.import_module("cornu.engines.engine").get_engine()
    network(package, "softmax")
    started = time.perf_counter() - began
    x, y = images(workload, samples)
    package.utils.set_random_seed(0)
    model, marks = network(package, workload), []

    class Clock(package.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            marks.append(time.perf_counter())

    marks.append(time.perf_counter())
    history = model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[Clock()])
    seconds = np.diff(marks).tolist()
    steps = -(-samples // batch_size)
    warm = min(seconds[1:])
    loss = history.history["loss"][-1]
    return {"start": started, "first": max(0.0, seconds[0] - warm), "step": 1e3 * warm / steps, "loss": loss}


def spawn(peer, workload, options):
    """A measurement in a process of its own, with no programs compiled by earlier runs."""
    package, engine = peer.split("-", 1)
    chosen = {"CORNU_ENGINE": engine} if package == "cornu" else {"KERAS_BACKEND": engine}
    numbers = [str(number) for number in (options.samples, options.batch_size, options.epochs)]
    return measuring.fresh(
        __file__, ["--child", peer, workload, *numbers], {"CORNU_COMPILE_CACHE": "0", **chosen}, options.timeout
    )


# --- all of them ------------------------------------------------------------------------------------------------------


def document(found):
    """What docs/make_engines.py shows: a row of steps for each network, and one for Keras's steps beside it."""
    rows = {}
    for workload, peers in found["workloads"].items():
        for package, title in (("cornu", workload), ("keras", f"{workload} in Keras 3")):
            own = {peer.split("-", 1)[1]: run for peer, run in peers.items() if peer.startswith(package)}
            rows[title] = {engine: f"{run['step']:.3g}" for engine, run in own.items() if "step" in run}
    of = found["machine"]
    conditions = (
        f"A step of training on {of['batch_size']} samples, in the fastest epoch after the first, the median of "
        f"{of['rounds']} rounds of fresh processes that took turns; {of['cores']} cores of {of['processor']}, no GPU; "
        f"{', '.join(f'{name} {of[name]}' for name in LIBRARIES if name in of)}. `benchmarks/engines.py` measures it."
    )
    return {"conditions": conditions, "unit": "ms a step", "networks": {t: row for t, row in rows.items() if row}}


_HEADER = "| | step, ms | first, s | start, s | Keras's step / cornu's |"


def table(found):
    """The figures in Markdown: a row per engine, and what Keras takes on the same framework."""
    lines = []
    for workload, peers in found["workloads"].items():
        lines += [f"**{workload}**", "", _HEADER, "|---|---|---|---|---|"]
        for peer, run in peers.items():
            if "step" not in run:
                lines.append(f"| {peer} | {run['failed']} | | | |")
                continue
            keras = peers.get(peer.replace("cornu-", "keras-"), {}) if peer.startswith("cornu-") else {}
            ratio = f"{keras['step'] / run['step']:.2f}" if "step" in keras else ""
            lines.append(f"| {peer} | {run['step']:.2f} | {run['first']:.1f} | {run['start']:.1f} | {ratio} |")
        lines.append("")
    return "\n".join(lines)


def compare(options):
    """Every workload on every peer, round by round; prints the tables, and writes the figures."""
    given = {"rounds": options.rounds, "samples": options.samples, "batch_size": options.batch_size}
    found = {"machine": {**measuring.machine(LIBRARIES), **given}, "workloads": {}}
    for workload in options.workloads.split(","):
        runs = {}
        for _ in range(options.rounds):
            for peer in options.peers.split(","):
                runs.setdefault(peer, []).append(spawn(peer, workload, options))
        found["workloads"][workload] = {peer: measuring.summary(results) for peer, results in runs.items()}
        print(table({"workloads": {workload: found["workloads"][workload]}}), flush=True)
    options.json.write_text(json.dumps({**document(found), **found}, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(SHAPES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=12800)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4, help="two at least: the first one holds the compilation")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--json", type=Path, default=RESULTS)
    parser.add_argument("--show", action="store_true", help="only print the table of the last run")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        peer, workload, *numbers = options.child
        print(json.dumps(measure(peer, workload, *map(int, numbers))))
    elif options.show:
        print(table(json.loads(options.json.read_text())))
    else:
        compare(options)


if __name__ == "__main__":
    main()
