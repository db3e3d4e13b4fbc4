"""Iris: four measures of 150 flowers, and their species. They are part of the package: no network is needed.

Source: R. A. Fisher, 1936, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7; UCI Machine
Learning Repository, https://doi.org/10.24432/C56C76, as scikit-learn packages it, which agrees with Fisher's paper
where the repository's file has two errors. Licence: CC BY 4.0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cornu.datasets.split import Halves, every_fifth_of_each_class

_PATH = Path(__file__).parent / "data" / "iris.csv"

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
"""What the columns of x are, in centimeters."""

SPECIES = ("setosa", "versicolor", "virginica")
"""What the labels mean."""


def load_data() -> Halves:
    """Iris as `(x_train, y_train), (x_test, y_test)`: 120 and 30 flowers.

    Of each species, every fifth flower is a test flower, in the order of the source: the split is always the same.
    The rows are sorted by species: shuffle them before splitting further.

    Returns:
        Measures in centimeters, float64 of shape (n, 4): see `FEATURES`; labels, uint8 of shape (n,): see `SPECIES`.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test[0], SPECIES[y_test[0]]
    ((120, 4), array([5. , 3.6, 1.4, 0.2]), 'setosa')
    """
    table = np.loadtxt(_PATH, delimiter=",", skiprows=1)
    x, y = table[:, :4], table[:, 4].astype("uint8")
    test = every_fifth_of_each_class(y)
    return (x[~test], y[~test]), (x[test], y[test])
