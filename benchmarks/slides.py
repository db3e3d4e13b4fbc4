"""The slides' networks on MNIST: what the slides print, and what cornu measures, side by side.

    CORNU_DATASETS=folder python benchmarks/slides.py [--only softmax,mlp,...] [--seeds 0] [--results results.json]

Prints a table in Markdown; docs/slides.md holds one. `--results` keeps what is finished, so that a run that was
stopped goes on where it was. Everything takes about ten minutes per seed on two cores; the softmax classifier is
cheap and always trained with ten seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cornu
from cornu.layers import Dense, Dropout

BATCH_OF_IMPROVING = 200  # those slides don't say; their first epoch's losses fit 200 best


@dataclass(frozen=True)
class Experiment:
    """A network of the slides: what it is, what they print, and the accuracies that count as the same result."""

    title: str
    layers: Callable[[], list]
    optimizer: Callable[[], cornu.Optimizer]
    epochs: int
    batch_size: int
    parameters: int
    slides: float | None  # accuracy on the test images, where the slides print it
    least: float
    most: float = 1.0
    raw: bool = False  # pixels from 0 to 255, and 10,000 of the training images kept for validation
    seeds: int = 1  # at least so many


def improving(hidden: int, dropout: bool, optimizer: str, epochs: int, parameters: int, error: float) -> Experiment:
    """One of the six steps of "Improving performance of simple network": an error within 0.7 points is theirs."""

    def layers() -> list:
        normal = cornu.initializers.RandomNormal(stddev=0.05)  # what 'normal' meant in Keras 1
        blocks = [Dense(784, activation="relu", kernel_initializer=normal) for _ in range(hidden)]
        return [*blocks, *[Dropout(0.2)] * dropout, Dense(10, activation="softmax", kernel_initializer=normal)]

    what = f"784-{'784-' * hidden}10 relu{', dropout' * dropout}, {optimizer}, {epochs} epochs"
    return Experiment(
        what, layers, lambda: cornu.optimizers.get(optimizer), epochs, BATCH_OF_IMPROVING, parameters,
        slides=1 - error / 100, least=1 - (error + 0.7) / 100, most=1 - (error - 0.7) / 100,
    )  # fmt: skip


def slow_rmsprop() -> cornu.Optimizer:
    """The optimizer of the networks on raw pixels."""
    return cornu.optimizers.RMSprop(learning_rate=1e-4)


EXPERIMENTS = {
    "softmax": Experiment(
        "784-10 softmax, raw pixels, RMSprop(1e-4), 50 epochs", lambda: [Dense(10, activation="softmax")],
        slow_rmsprop, 50, 128, parameters=7_850, slides=0.913, least=0.88, raw=True, seeds=10,
    ),
    "one": improving(1, False, "adam", 2, 623_290, error=2.93),
    "two": improving(2, False, "adam", 2, 1_238_730, error=2.80),
    "three": improving(3, False, "adam", 2, 1_854_170, error=2.62),
    "dropout": improving(3, True, "adam", 2, 1_854_170, error=2.60),
    "sgd": improving(3, True, "sgd", 2, 1_854_170, error=9.49),
    "sgd20": improving(3, True, "sgd", 20, 1_854_170, error=4.17),
    "sigmoid": Experiment(
        "784-500-500-10 sigmoid, adam, 20 epochs",
        lambda: [Dense(500, activation="sigmoid"), Dense(500, activation="sigmoid"), Dense(10, activation="softmax")],
        cornu.optimizers.Adam, 20, 100, parameters=648_010, slides=None, least=0.975,
    ),
    "mlp": Experiment(
        "784-500-500-10 relu, raw pixels, RMSprop(1e-4), 50 epochs",
        lambda: [Dense(500, activation="relu"), Dense(500, activation="relu"), Dense(10, activation="softmax")],
        slow_rmsprop, 50, 128, parameters=648_010, slides=0.972, least=0.968, raw=True,
    ),
}  # fmt: skip


def measure(experiment: Experiment, data: tuple, seed: int, epochs: int | None = None, verbose: int = 2) -> float:
    """Trains a network as the slides do; its accuracy on the test images."""
    cornu.utils.set_random_seed(seed)
    (x_train, y_train), (x_test, y_test) = data
    scale = 1 if experiment.raw else 255
    x_train, x_test = (x.reshape(len(x), -1).astype("float32") / scale for x in (x_train, x_test))
    model = cornu.Sequential([cornu.Input(x_train.shape[1:]), *experiment.layers()])
    if x_train.shape[1] == 784:
        assert model.count_params() == experiment.parameters, "the slides' summary counts otherwise"
    model.compile(experiment.optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = np.random.permutation(len(x_train))
    trained, watched = np.split(order, [len(order) * 5 // 6]) if experiment.raw else (order, [])
    model.fit(
        x_train[trained], y_train[trained], batch_size=experiment.batch_size, epochs=epochs or experiment.epochs,
        validation_data=(x_train[watched], y_train[watched]) if experiment.raw else None, verbose=verbose,
    )  # fmt: skip
    return float(model.evaluate(x_test, y_test, verbose=0)[1])


def row(experiment: Experiment, found: dict[str, float]) -> str:
    """A line of the table: accuracies, or errors in percent where the slides print those."""
    accuracies = list(found.values())
    reached = sum(experiment.least <= accuracy <= experiment.most for accuracy in accuracies)
    as_error = experiment.most < 1

    def shown(accuracy: float | None) -> str:
        if accuracy is None:
            return "-"
        return f"{100 * (1 - accuracy):.2f} %" if as_error else f"{accuracy:.4f}"

    wanted = f"{shown(experiment.most)} to {shown(experiment.least)}" if as_error else f">= {experiment.least:.3f}"
    measured = ", ".join(map(shown, accuracies))
    cells = (experiment.title, f"{experiment.parameters:,}", shown(experiment.slides), wanted, measured)
    return f"| {' | '.join(cells)} | {reached} of {len(accuracies)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(EXPERIMENTS), help="names, with commas between them")
    parser.add_argument("--seeds", default="0", help="numbers, with commas between them")
    parser.add_argument("--results", type=Path, help="a JSON file of what is finished")
    args = parser.parse_args()
    kept = json.loads(args.results.read_text()) if args.results and args.results.is_file() else {}
    data = cornu.datasets.mnist.load_data()
    for name in args.only.split(","):
        experiment, found = EXPERIMENTS[name], kept.setdefault(name, {})
        seeds = args.seeds.split(",")
        seeds = seeds if len(seeds) >= experiment.seeds else map(str, range(experiment.seeds))
        for seed in seeds:
            if seed not in found:
                print(f"{name}, seed {seed}", flush=True)
                found[seed] = measure(experiment, data, int(seed))
                print(f"{name}, seed {seed}: {found[seed]:.4f}", flush=True)
                if args.results:
                    args.results.write_text(json.dumps(kept, indent=1))
    print("\nTest accuracy, or error in percent where the slides print that; one measurement per seed.\n")
    print("| network | parameters | slides | wanted | measured | reached |")
    print("|---|---|---|---|---|---|")
    for name in args.only.split(","):
        print(row(EXPERIMENTS[name], kept[name]))


if __name__ == "__main__":
    main()
