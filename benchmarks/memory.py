"""How memory grows: over 10,000 predictions, and over 200 cycles of building, fitting and dropping a model.

python benchmarks/memory.py [--predictions 10000] [--cycles 200]
"""

from __future__ import annotations

import argparse
import gc

import numpy as np

import cornu


def resident_megabytes() -> float:
    """The memory of this process that is in use now."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def build() -> cornu.Model:
    """A small network, compiled."""
    model = cornu.Sequential(
        [cornu.Input((20,)), cornu.layers.Dense(64, activation="relu"), cornu.layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def growth_of_predictions(count: int) -> list[float]:
    """Memory after each tenth of `count` predictions of one row."""
    model, x = build(), np.ones((1, 20), "float32")
    found = []
    for number in range(count):
        model.predict(x, verbose=0)
        if (number + 1) % (count // 10) == 0:
            found.append(resident_megabytes())
    return found


def growth_of_cycles(count: int) -> list[float]:
    """Memory after each tenth of `count` models that were built, fitted and dropped."""
    x, y = np.ones((64, 20), "float32"), np.zeros(64, "int32")
    found = []
    for number in range(count):
        model = build()
        model.fit(x, y, epochs=1, verbose=0)
        del model
        gc.collect()
        if (number + 1) % (count // 10) == 0:
            found.append(resident_megabytes())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=int, default=10_000)
    parser.add_argument("--cycles", type=int, default=200)
    args = parser.parse_args()
    for title, found in (
        (f"{args.predictions} predictions", growth_of_predictions(args.predictions)),
        (f"{args.cycles} models", growth_of_cycles(args.cycles)),
    ):
        print(f"{title}: " + " ".join(f"{value:.0f}" for value in found), "MiB")


if __name__ == "__main__":
    main()
