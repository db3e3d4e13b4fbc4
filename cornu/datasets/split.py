"""Shuffles a data set as its seed says, and splits it into a half for training and one for testing."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornu.errors import explain

Halves = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""`(x_train, y_train), (x_test, y_test)`"""


def shuffled(count: int, random: np.random.RandomState) -> np.ndarray:
    """The numbers below `count` in random order; Keras's order, for the same state."""
    order = np.arange(count)
    random.shuffle(order)
    return order


def check_test_split(test_split: float) -> None:
    """ValueError unless a part of the data, less than all of it, is to become test data."""
    if not 0 <= test_split < 1:
        raise ValueError(explain("Invalid `test_split`.", expected="a number in [0, 1)", got=test_split))


def cut(x: Any, y: Any, test_split: float) -> Any:
    """The first part of x and y, for training, and the last `test_split` of them, for testing."""
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])


def shuffle_and_cut(x: np.ndarray, y: np.ndarray, test_split: float, seed: int | None) -> Halves:
    """x and y in the order that `seed` gives, cut into two."""
    order = shuffled(len(x), np.random.RandomState(seed))
    return cut(x[order], y[order], test_split)


def every_fifth_of_each_class(y: np.ndarray) -> np.ndarray:
    """A mask of the rows for testing: the fifth, tenth ... row of each class, so that both halves hold all alike.

    >>> every_fifth_of_each_class(np.array([0, 1, 0, 0, 0, 0])).astype(int)
    array([0, 0, 0, 0, 0, 1])
    """
    chosen = np.zeros(len(y), bool)
    for label in np.unique(y):
        chosen[np.flatnonzero(y == label)[4::5]] = True
    return chosen
