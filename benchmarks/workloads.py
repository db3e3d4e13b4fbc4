"""The networks that benchmarks/peers.py trains, and their data: a table, and plain functions of Keras's interface.

A row's `layers` makes the layers from a module like `keras.layers`; the network ends in a softmax over the classes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Samples and labels to train on, and those to test on."""


@dataclass(frozen=True)
class Workload:
    """A network, in words and in layers, and how it is trained."""

    title: str
    layers: Callable[[Any], list]
    shape: tuple[int, ...]
    samples: int = 60_000
    batch_size: int = 128
    epochs: int = 4
    optimizer: str = "adam"
    classes: int = 10
    data: str = "images"


def dense(sizes: tuple[int, ...], activation: str = "relu", dropout: float = 0.0) -> Callable[[Any], list]:
    """Dense hidden layers."""

    def layers(of: Any) -> list:
        hidden = [of.Dense(size, activation=activation) for size in sizes]
        return [*hidden, *([of.Dropout(dropout)] if dropout else [])]

    return layers


def convolutions(of: Any) -> list:
    """Two stages of convolution and pooling."""
    stages = [(of.Conv2D(filters, 3, activation="relu"), of.MaxPooling2D(2)) for filters in (32, 64)]
    return [*stages[0], *stages[1], of.Flatten(), of.Dropout(0.5)]


def normalized_convolutions(of: Any) -> list:
    """Three stages of convolution and batch normalization, and the mean over the places."""
    found = []
    for filters, strides in ((32, 1), (64, 2), (128, 2)):
        conv = of.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)
        found += [conv, of.BatchNormalization(), of.Activation("relu")]
    return [*found, of.GlobalAveragePooling2D()]


def transformer(of: Any) -> Callable[[Any], Any]:
    """Two blocks of attention over the rows of an image: a function of the input, since it isn't a chain."""

    def network(x: Any) -> Any:
        x = of.Dense(64)(x)
        for _ in range(2):
            x = of.LayerNormalization()(x + of.MultiHeadAttention(4, 16)(x, x))
            x = of.LayerNormalization()(x + of.Dense(64)(of.Dense(256, activation="gelu")(x)))
        return of.GlobalAveragePooling1D()(x)

    return network


IMAGE, FLAT, ROWS = (28, 28, 1), (784,), (28, 28)

WORKLOADS = {
    "softmax": Workload("784-10, RMSprop", dense(()), FLAT, optimizer="rmsprop"),
    "mlp": Workload("784-500-500-10, relu, RMSprop", dense((500, 500)), FLAT, optimizer="rmsprop"),
    "sigmoid": Workload("784-500-500-10, sigmoid", dense((500, 500), "sigmoid"), FLAT, batch_size=100),
    "deep": Workload("784-784-784-784-10, dropout", dense((784,) * 3, dropout=0.2), FLAT, epochs=3),
    "conv": Workload("convolutions 32 and 64, pooling, dropout", convolutions, IMAGE, 20_000, epochs=3),
    "convbn": Workload(
        "convolutions 32, 64, 128 with batch normalization", normalized_convolutions, IMAGE, 6_000, epochs=3
    ),
    "lstm": Workload("LSTM 128 over 28 rows", lambda of: [of.LSTM(128)], ROWS, 20_000, epochs=3),
    "gru": Workload("GRU 64, both ways", lambda of: [of.Bidirectional(of.GRU(64))], ROWS, 10_000, epochs=3),
    "attention": Workload("two transformer blocks, 64 wide, 4 heads", transformer, ROWS, 6_000, epochs=3),
    "embedding": Workload(
        "20,000 words in 64 dimensions, their mean",
        lambda of: [of.Embedding(20_000, 64), of.GlobalAveragePooling1D()],
        (100,),
        20_000,
        epochs=3,
        data="words",
    ),
    "tiny": Workload("4-16-3 on 150 samples", dense((16,)), (4,), 150, 16, 200, classes=3, data="points"),
}


def build(package: Any, workload: Workload) -> Any:
    """The network, compiled, of cornu or of Keras."""
    layers = package.layers
    inputs = package.Input(workload.shape, dtype="int32" if workload.data == "words" else "float32")
    made, output = workload.layers(layers), layers.Dense(workload.classes, activation="softmax")
    if callable(made):
        model = package.Model(inputs, output(made(inputs)))
    else:
        model = package.Sequential([inputs, *made, output])
    optimizer = package.optimizers.RMSprop(1e-4) if workload.optimizer == "rmsprop" else "adam"
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def load(workload: Workload) -> Data:
    """The samples, in the shape that the network takes, and the labels."""
    return {"images": _images, "words": _words, "points": _points}[workload.data](workload)


def has_mnist() -> bool:
    """Whether the images are MNIST's; else they are random numbers of their shape, and an accuracy means nothing."""
    return _mnist().is_file()


def _mnist() -> Path:
    return Path(os.environ.get("CORNU_DATASETS", ".")) / "mnist.npz"


def _images(workload: Workload) -> Data:
    if has_mnist():
        with np.load(_mnist()) as file:
            x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    else:
        random = np.random.default_rng(0)
        x, x_test = (random.integers(0, 256, (count, 28, 28), "uint8") for count in (60_000, 10_000))
        y, y_test = (random.integers(0, 10, count) for count in (60_000, 10_000))
    x, x_test = (part.reshape(-1, *workload.shape).astype("float32") / 255 for part in (x[: workload.samples], x_test))
    return x, y[: workload.samples].astype("int32"), x_test, y_test.astype("int32")


def _words(workload: Workload) -> Data:
    """Texts of 100 words; which words are frequent tells the class."""
    random = np.random.default_rng(0)
    y = random.integers(0, workload.classes, workload.samples).astype("int32")
    rank = random.zipf(1.3, (workload.samples, *workload.shape))
    x = ((7 * rank + 1999 * y[:, None]) % 20_000).astype("int32")
    return x, y, x[:1000], y[:1000]


def _points(workload: Workload) -> Data:
    """Three clouds of points, as many and as wide as the irises."""
    random = np.random.default_rng(0)
    y = random.integers(0, workload.classes, workload.samples).astype("int32")
    x = random.normal(size=(workload.samples, *workload.shape)) + 2 * y[:, None] * [1, 0.5, -1, 0]
    return x.astype("float32"), y, x.astype("float32"), y
