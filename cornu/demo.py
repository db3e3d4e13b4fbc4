"""The whole of a classification task, from data to a saved model: what `cornu demo` runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from cornu import datasets, layers, models, saving, utils
from cornu.errors import explain, nearest
from cornu.visualization import image_gallery, learning_curves

WIDTH = 500
"""Units in each of the two hidden layers."""


@dataclass(frozen=True)
class Task:
    """A data set of images, and how the network learns it."""

    data: Any
    highest: int  # the greatest value that a pixel can have
    batch_size: int
    epochs: int


TASKS = {
    "digits": Task(datasets.digits, highest=16, batch_size=32, epochs=20),
    "mnist": Task(datasets.mnist, highest=255, batch_size=128, epochs=5),
}


def run(dataset: str = "digits", epochs: int | None = None, output: str | Path = "cornu_demo", seed: int = 0) -> float:
    """Trains a network of two hidden layers on images of digits, shows what it learned, saves it and loads it again.

    Args:
        dataset: "digits", which is part of the package, or "mnist".
        epochs: passes over the data; None takes what the data set needs.
        output: the folder for the pictures and the model; it is made if it isn't there.
        seed: of everything random; the same seed gives the same network.

    Returns the accuracy on the test images.

    Raises ValueError for another data set, RuntimeError if the loaded model predicts anything else than the saved one.
    """
    if dataset not in TASKS:
        what = f"There is no demonstration on {dataset!r}.{nearest(dataset, TASKS)}"
        raise ValueError(explain(what, expected=" or ".join(TASKS)))
    task, folder, console = TASKS[dataset], Path(output), Console(highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    utils.set_random_seed(seed)
    (x_train, y_train), (x_test, y_test) = task.data.load_data()
    console.rule(f"[bold]{dataset}: {len(x_train):,} images to learn from, {len(x_test):,} to test on")
    model = build(int(np.prod(x_train.shape[1:])))
    model.summary()
    history = train(model, as_vectors(x_train, task), y_train, task, epochs or task.epochs)
    vectors = as_vectors(x_test, task)
    loss, accuracy = model.evaluate(vectors, y_test, verbose=0)
    predictions = model.predict(vectors, verbose=0)
    pictures = draw(history, x_test, y_test, predictions.argmax(axis=1), accuracy, folder)
    saved = check_saving(model, vectors, predictions, folder / f"{dataset}.keras")
    console.rule("[bold]done")
    for what, path in zip(("learning curves", "test images"), pictures, strict=True):
        console.print(f"{what:<16} {path}", soft_wrap=True)
    console.print(f"{'model':<16} {saved} (loaded again: it predicts the same)", soft_wrap=True)
    console.print(f"{'test loss':<16} {loss:.4f}")
    console.print(f"{'test accuracy':<16} [bold]{accuracy:.4f}")
    return float(accuracy)


def build(pixels: int) -> models.Sequential:
    """The network pixels-500-500-10, compiled."""
    model = models.Sequential(
        [
            layers.Input((pixels,)),
            layers.Dense(WIDTH, activation="relu"),
            layers.Dense(WIDTH, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def as_vectors(images: np.ndarray, task: Task) -> np.ndarray:
    """Images as rows of numbers from 0 to 1."""
    return images.reshape(len(images), -1).astype("float32") / task.highest


def train(model: models.Sequential, x: np.ndarray, y: np.ndarray, task: Task, epochs: int) -> dict[str, list[float]]:
    """Trains on five sixths of the rows, drawn at random, watches the others, and returns the history."""
    order = np.random.permutation(len(x))  # noqa: NPY002 - from the seed that set_random_seed set
    watched, learned = np.split(order, [len(x) // 6])
    history = model.fit(
        x[learned], y[learned], batch_size=task.batch_size, epochs=epochs, validation_data=(x[watched], y[watched])
    )
    return history.history


def draw(
    history: dict[str, list[float]],
    images: np.ndarray,
    labels: np.ndarray,
    guesses: np.ndarray,
    accuracy: float,
    folder: Path,
) -> tuple[Path, Path]:
    """The learning curves, and test images with their predicted labels: first ones that are right, then mistakes."""
    curves = learning_curves(history, folder / "learning_curves.png", title=f"Test accuracy {accuracy:.4f}")
    right, wrong = np.flatnonzero(guesses == labels), np.flatnonzero(guesses != labels)
    shown = np.concatenate([right[:32], wrong[:8]])
    title = f"Test images and the network's labels; in red, {len(wrong[:8])} of its {len(wrong)} mistakes"
    gallery = image_gallery(images[shown], guesses[shown], labels[shown], folder / "test_images.png", title=title)
    return curves, gallery


def check_saving(model: models.Sequential, vectors: np.ndarray, predictions: np.ndarray, path: Path) -> Path:
    """Saves the model, loads it again, and compares what both predict; returns the file's path."""
    model.save(path)
    if not np.array_equal(saving.load_model(path).predict(vectors, verbose=0), predictions):
        raise RuntimeError(explain(f"The model loaded from {path} predicts something else than the one saved."))
    return path
