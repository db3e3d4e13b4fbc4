"""`cornu.tuning.train_many` against as many separate fits, on the same work, in turn.

    python benchmarks/train_many.py [--rounds 3] [--vary rate,dropout,seed] [--epochs 5]

A network 784-64-10 on random numbers of MNIST's shape. What varies: the learning rate (the separate fits are one
program, which cornu's cache of executables keeps), the rate of dropout (each fit has a program of its own), or the seed
(each variation has its own order). Each measurement is a process of its own, whose cache is empty at first; it counts
from the first model to the last trained weights. "1 more" is what a further epoch costs. Quote the ratios, not the
seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

VARIED = {
    "rate": lambda number: {"rate": 1e-4 * (number + 1), "seed": 0},
    "dropout": lambda number: {"dropout": 0.1 + 0.02 * number, "seed": 0},
    "seed": lambda number: {"seed": number},
}


def build(rate=1e-3, dropout=0.2):
    import cornu

    layers = [cornu.layers.Dense(64, activation="relu"), cornu.layers.Dropout(dropout)]
    model = cornu.Sequential([cornu.Input((784,)), *layers, cornu.layers.Dense(10, activation="softmax")])
    model.compile(cornu.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def measure(who: str, varied: str, args: argparse.Namespace, epochs: int) -> tuple[float, float]:
    """The seconds on the clock, and those of the processor's cores."""
    import cornu

    rng = np.random.default_rng(0)
    x, y = rng.random((args.samples, 784), dtype="float32"), rng.integers(0, 10, args.samples)
    variations = [VARIED[varied](number) for number in range(args.variations)]
    build()  # what is loaded when it is first used is loaded now
    began, worked = time.perf_counter(), time.process_time()
    if who == "many":
        cornu.tuning.train_many(build, variations, x, y, args.batch_size, epochs, verbose=0, at_once=args.at_once)
    else:
        for variation in variations:
            cornu.utils.set_random_seed(variation["seed"])
            model = build(**{name: value for name, value in variation.items() if name != "seed"})
            model.fit(x, y, args.batch_size, epochs, verbose=0)
    return time.perf_counter() - began, time.process_time() - worked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vary", default=",".join(VARIED))
    parser.add_argument("--rounds", type=int, default=3)
    for name, default in (("variations", 16), ("samples", 60000), ("batch-size", 128), ("epochs", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--at-once", type=int, help="how many variations one call trains")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        who, varied, epochs = args.child
        print(json.dumps(measure(who, varied, args, int(epochs))))
        return
    options = [f"--{name.replace('_', '-')}={value}" for name, value in vars(args).items()
               if value is not None and name not in ("vary", "rounds", "child")]  # fmt: skip
    print(f"{'varied':<10}{'epochs':>8}{'fits':>10}{'at once':>10}{'ratio':>8}   of the cores' time")
    for varied in args.vary.split(","):
        times: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for _ in range(args.rounds):
            for epochs in (1, args.epochs):
                for who in ("fits", "many"):
                    command = [sys.executable, __file__, *options, "--child", who, varied, str(epochs)]
                    with tempfile.TemporaryDirectory() as folder:
                        environment = {**os.environ, "CORNU_CACHE": folder}
                        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                    times.setdefault((who, epochs), []).append(json.loads(done.stdout.splitlines()[-1]))
        middle = {key: [statistics.median(column) for column in zip(*runs, strict=True)] for key, runs in times.items()}
        for who in ("fits", "many"):
            one, several = middle[who, 1], middle[who, args.epochs]
            middle[who, 0] = [(b - a) / (args.epochs - 1) for a, b in zip(one, several, strict=True)]
        for epochs in (1, args.epochs, 0):
            (fits, work), (many, less) = middle["fits", epochs], middle["many", epochs]
            print(
                f"{varied:<10}{epochs or '1 more':>8}{fits:>9.2f}s{many:>9.2f}s{many / fits:>8.2f}{less / work:>8.2f}"
            )


if __name__ == "__main__":
    main()
