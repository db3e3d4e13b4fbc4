"""The slides' network, 784-500-500-10 on MNIST, trained on every engine from one seed, and the plot of the losses.

    CORNU_DATASETS=folder python benchmarks/engine_curves.py [--engines jax,torch,...] [--results curves.json]

Draws docs/engines.png: the losses of every step on top of one another, and below, how far each engine's are from
JAX's. `--results` keeps what is finished, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import cornu

ENGINES = ("jax", "tensorflow", "torch", "pytensor", "onnxruntime")
PICTURE = Path(__file__).parent.parent / "docs" / "engines.png"
SAMPLES, BATCH, STEPS = 12_800, 128, 500
EQUAL = 1e-8
"""Where equal losses stand on the logarithmic axis of distances."""


def train(engine: str) -> list[float]:
    """The losses of every step, each an epoch of its own: the slides' network with sigmoids, on pixels from 0 to 1.

    Their other one, relu on pixels up to 255, is as good as chaotic: a last digit grows to another curve in a hundred
    steps.
    """
    cornu.utils.set_random_seed(0)
    (x, y), _ = cornu.datasets.mnist.load_data()
    x, y = x[:SAMPLES].reshape(SAMPLES, -1).astype("float32") / 255, y[:SAMPLES]
    model = cornu.Sequential(
        [
            cornu.Input((784,)),
            cornu.layers.Dense(500, activation="sigmoid"),
            cornu.layers.Dense(500, activation="sigmoid"),
            cornu.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", engine=engine)
    found = model.fit(x, y, batch_size=BATCH, steps_per_epoch=1, epochs=STEPS, verbose=0).history["loss"]
    return list(map(float, found))


def draw(curves: dict[str, list[float]]) -> None:
    """The losses, and their relative distances from JAX's on a logarithmic axis."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 7), sharex=True, height_ratios=[3, 2], layout="constrained")
    steps = np.arange(1, len(curves["jax"]) + 1)
    colors = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    for place, (engine, losses) in enumerate(curves.items()):
        style = {"color": colors[place], "label": engine}
        above.plot(steps, losses, linewidth=7 - 1.4 * place, **style)
        if engine != "jax":
            distance = np.abs(np.array(losses) - curves["jax"]) / np.array(curves["jax"])
            below.plot(steps, np.maximum(distance, EQUAL), ".", markersize=3, **style)
    above.set(
        yscale="log", ylabel="loss of the step", title="784-500-500-10 on MNIST, sigmoid, Adam: one seed, every engine"
    )
    below.set(
        yscale="log", ylabel=f"relative distance from jax\n({EQUAL:.0e}: equal)", xlabel=f"step, of {BATCH} images"
    )
    below.set_ylim(top=20 * below.get_ylim()[1])
    for axes in (above, below):
        axes.legend(ncols=len(curves), loc="upper right", fontsize="small")
        axes.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default=",".join(ENGINES), help="names, with commas between them")
    parser.add_argument("--results", type=Path, help="a JSON file of what is finished")
    args = parser.parse_args()
    kept = json.loads(args.results.read_text()) if args.results and args.results.is_file() else {}
    for engine in args.engines.split(","):
        if engine not in kept:
            print(engine, flush=True)
            kept[engine] = train(engine)
            if args.results:
                args.results.write_text(json.dumps(kept))
    draw({engine: kept[engine] for engine in args.engines.split(",")})


if __name__ == "__main__":
    main()
