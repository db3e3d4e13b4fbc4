"""cornu beside Keras 3 on JAX, TensorFlow and PyTorch, and plain PyTorch: every run a fresh process, in turn.

    CORNU_DATASETS=folder python benchmarks/peers.py                  every workload and peer
    python benchmarks/peers.py --workloads softmax,conv --peers cornu,keras-jax --rounds 3
    python benchmarks/peers.py --python keras-tensorflow=/path/to/another/python
    python benchmarks/peers.py --output benchmarks/performance.json   keeps the figures for docs/make_performance.py

Peers take turns, so that a drift of the machine's speed hits all alike: compare within a table. In each turn a peer
has one process that starts (it imports, builds, and trains one batch) and one that trains, evaluates and predicts. The
compile cache of `cornu` is empty each time; `cornu-again` starts with the one that `cornu` has just left. The columns:

    import    seconds to import the framework
    start     seconds from before that import to the end of the first step of training
    first     seconds of the first epoch, compilation included
    epoch     seconds of the fastest later epoch
    predict   milliseconds of `model.predict` on one row, the median of 20
    total     seconds of a program that trains all epochs and evaluates
    memory    the most that the process held, in MiB
    accuracy  on the test data

Images are MNIST's where $CORNU_DATASETS holds mnist.npz, else random.
"""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402 - a program's time runs from its first line
import importlib  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import measuring  # noqa: E402
import workloads  # noqa: E402
from measuring import markdown  # noqa: E402
from workloads import WORKLOADS, Data, Workload  # noqa: E402


@dataclass(frozen=True)
class Peer:
    """A package, the name of its framework where it has several, and which of the two processes it runs."""

    package: str
    backend: str = ""
    parts: tuple[str, ...] = ("start", "train")


PEERS = {
    "cornu": Peer("cornu"),
    "cornu-again": Peer("cornu", parts=("start",)),
    "keras-jax": Peer("keras", "jax"),
    "keras-tensorflow": Peer("keras", "tensorflow"),
    "keras-torch": Peer("keras", "torch"),
    "torch": Peer("torch"),
}
LIBRARIES = ("jax", "keras", "tensorflow", "torch", "numpy")


# --- one measurement: a process of its own --------------------------------------------------------------------------


class WithKeras:
    """A model of cornu or of Keras, timed."""

    def __init__(self, package: Any, workload: Workload) -> None:
        package.utils.set_random_seed(0)
        self._package, self.model = package, workloads.build(package, workload)

    def fit(self, x: Any, y: Any, batch_size: int, epochs: int) -> list[float]:
        """Trains; gives the seconds of each epoch."""
        seconds: list[float] = []

        class Clock(self._package.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                self.began = time.perf_counter()

            def on_epoch_end(self, epoch, logs=None):
                seconds.append(time.perf_counter() - self.began)

        self.model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[Clock()])
        return seconds

    def predict(self, x: Any) -> Any:
        """The probabilities of the classes."""
        return self.model.predict(x, verbose=0)

    def accuracy(self, data: Data) -> float:
        """What `evaluate` says of the test data."""
        return float(self.model.evaluate(*data[2:], batch_size=500, verbose=0)[1])


def make(package: str, name: str) -> tuple[Any, float]:
    """The network of a workload, and the seconds that importing took."""
    began = time.perf_counter()
    module = importlib.import_module(package)
    if package != "torch":
        module.Sequential  # noqa: B018 - what is loaded when it is first used belongs to the import
    seconds = time.perf_counter() - began
    if package == "torch":
        return importlib.import_module("plain_torch").Model(name, WORKLOADS[name]), seconds
    return WithKeras(module, WORKLOADS[name]), seconds


def start(package: str, name: str) -> dict[str, Any]:
    """A program that trains one batch."""
    workload = WORKLOADS[name]
    x, y, *_ = workloads.load(workload)
    began = time.perf_counter()  # reading the data belongs to no framework
    network, imported = make(package, name)
    network.fit(x[: workload.batch_size], y[: workload.batch_size], workload.batch_size, 1)
    return {"import": imported, "start": time.perf_counter() - began}


def train(package: str, name: str) -> dict[str, Any]:
    """A program that trains all epochs and evaluates; then single rows."""
    workload = WORKLOADS[name]
    data = workloads.load(workload)
    network, _ = make(package, name)
    seconds = network.fit(*data[:2], workload.batch_size, workload.epochs)
    accuracy = network.accuracy(data)
    total, memory = time.perf_counter() - BEGAN, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "first": seconds[0],
        "epoch": min(seconds[1:]),
        "predict": 1e3 * duration(lambda: network.predict(data[2][:1]), 20),
        "total": total,
        "memory": memory,
        "accuracy": accuracy,
        **(machine_distance(network.model, workload, data, min(seconds[1:])) if package == "cornu" else {}),
    }


def duration(call: Callable[[], Any], count: int) -> float:
    """The median duration of a call, after a first one."""
    call()
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def machine_distance(model: Any, workload: Workload, data: Data, epoch: float) -> dict[str, float]:
    """How many operations an epoch of cornu's own program takes, and how fast; and how fast matrices multiply here."""
    steps = -(-workload.samples // workload.batch_size)
    operations = operations_of_a_step(model, data, workload.batch_size) * steps
    return {"operations": operations, "rate": operations / epoch / 1e9, "machine": matrix_rate()}


def operations_of_a_step(model: Any, data: Data, batch_size: int) -> int:
    """The floating-point operations of a training step's matrix products and convolutions, from the traced program."""
    from cornu.program import show
    from cornu.training import step
    from cornu.training.data import standardize
    from cornu.training.session import Session

    batch = standardize(*data[:2], batch_size=batch_size).peek()
    return show.flops(step.compile_step(model, "train", batch, Session(model).engine).program)


def matrix_rate(size: int = 2048) -> float:
    """Billions of operations per second in the product of two large matrices of float32."""
    import jax

    matrix = jax.random.normal(jax.random.key(0), (size, size))
    product = jax.jit(lambda a: a @ a)
    return 2 * size**3 / duration(lambda: product(matrix).block_until_ready(), 5) / 1e9


# --- all of them ------------------------------------------------------------------------------------------------------


def turn(name: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """One measurement of every peer."""
    found = {}
    pythons = dict(pair.split("=", 1) for pair in options.python)
    with tempfile.TemporaryDirectory() as folder:
        for peer in options.peers.split(","):
            found[peer] = {}
            for part in PEERS[peer].parts:
                cache = f"{folder}/{part}" if PEERS[peer].package == "cornu" else ""
                variables = {"CORNU_CACHE": cache, "KERAS_BACKEND": PEERS[peer].backend or "jax"}
                arguments = ["--child", part, PEERS[peer].package, name]
                python = pythons.get(peer, sys.executable)
                found[peer].update(measuring.fresh(__file__, arguments, variables, options.timeout, python))
    return found


def compare(options: argparse.Namespace) -> None:
    """Every workload on every peer, round by round; prints the tables, and keeps the figures."""
    of = {**measuring.machine(LIBRARIES), "mnist": workloads.has_mnist()}
    if not of["mnist"]:
        print("No mnist.npz in $CORNU_DATASETS: images are random numbers, and their accuracies mean nothing.\n")
    for name in options.workloads.split(","):
        rounds = [turn(name, options) for _ in range(options.rounds)]
        peers = {peer: measuring.summary([found[peer] for found in rounds]) for peer in rounds[0]}
        print(f"{name}: {WORKLOADS[name].title}\n\n{table(peers)}\n\n{distance(peers)}\n", flush=True)
        if options.output:
            kept = {"machine": of, "rounds": {name: options.rounds}, "tables": {name: peers}}
            measuring.keep("peers", kept, options.output)


COLUMNS = {
    "import": ("import, s", ".2f"),
    "start": ("start, s", ".2f"),
    "first": ("first epoch, s", ".3g"),
    "epoch": ("epoch, s", ".3g"),
    "predict": ("predict, ms", ".2f"),
    "total": ("total, s", ".1f"),
    "memory": ("memory, MiB", ".0f"),
    "accuracy": ("accuracy", ".4f"),
}
"""What stands above a column, and how its numbers are written."""


def table(peers: dict[str, dict[str, Any]]) -> str:
    """The figures of a workload in Markdown; start and epoch also as multiples of cornu's."""
    titles = [title for title, _ in COLUMNS.values()]
    rows = [["peer", *titles, "start / cornu's", "epoch / cornu's"]]
    for peer, run in peers.items():
        if "failed" in run:
            rows.append([peer, run["failed"], *[""] * (len(rows[0]) - 2)])
            continue
        figures = [format(run[name], form) if name in run else "" for name, (_, form) in COLUMNS.items()]
        rows.append([peer, *figures, *(ratio(peers, peer, name) for name in ("start", "epoch"))])
    return markdown(rows)


def ratio(peers: dict[str, dict[str, Any]], peer: str, name: str, to: str = "cornu") -> str:
    """A figure as a multiple of cornu's, where both are there."""
    there = name in peers.get(peer, {}) and name in peers.get(to, {})
    return f"{peers[peer][name] / peers[to][name]:.2f}" if there else ""


def distance(peers: dict[str, dict[str, Any]]) -> str:
    """How much of the machine's speed of matrix products cornu's epoch reaches, in a line."""
    run = peers.get("cornu", {})
    if "rate" not in run:
        return ""
    return (
        f"cornu: {run['operations'] / 1e9:.3g} billion operations an epoch, {run['rate']:.3g} GFLOP/s, "
        f"{run['rate'] / run['machine']:.0%} of a large matrix product's {run['machine']:.3g} GFLOP/s"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH")
    parser.add_argument("--output", type=Path, help="a file of figures, whose other tables stay")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        part, package, name = options.child
        print(json.dumps({"start": start, "train": train}[part](package, name)))
        return
    names = options.peers.split(",")
    if "cornu-again" in names and "cornu" not in names[: names.index("cornu-again")]:
        parser.error("cornu-again needs the cache that cornu leaves: name cornu before it")
    compare(options)


if __name__ == "__main__":
    main()
