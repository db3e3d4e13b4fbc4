"""Losses: how far predictions are from targets; each a function of values per sample, and a class that reduces them."""

from __future__ import annotations

from typing import Any

from cornu import registry
from cornu.losses.crossentropy import BinaryCrossentropy as BinaryCrossentropy
from cornu.losses.crossentropy import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from cornu.losses.crossentropy import CategoricalCrossentropy as CategoricalCrossentropy
from cornu.losses.crossentropy import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from cornu.losses.crossentropy import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from cornu.losses.crossentropy import binary_crossentropy as binary_crossentropy
from cornu.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from cornu.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from cornu.losses.crossentropy import categorical_focal_crossentropy as categorical_focal_crossentropy
from cornu.losses.crossentropy import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from cornu.losses.hinge import CategoricalHinge as CategoricalHinge
from cornu.losses.hinge import Hinge as Hinge
from cornu.losses.hinge import SquaredHinge as SquaredHinge
from cornu.losses.hinge import categorical_hinge as categorical_hinge
from cornu.losses.hinge import hinge as hinge
from cornu.losses.hinge import squared_hinge as squared_hinge
from cornu.losses.loss import Loss as Loss
from cornu.losses.loss import LossFunctionWrapper as LossFunctionWrapper
from cornu.losses.loss import serialize_function
from cornu.losses.overlap import Dice as Dice
from cornu.losses.overlap import Tversky as Tversky
from cornu.losses.overlap import dice as dice
from cornu.losses.overlap import tversky as tversky
from cornu.losses.probabilistic import CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy
from cornu.losses.probabilistic import KLDivergence as KLDivergence
from cornu.losses.probabilistic import Poisson as Poisson
from cornu.losses.probabilistic import categorical_generalized_cross_entropy as categorical_generalized_cross_entropy
from cornu.losses.probabilistic import kl_divergence as kl_divergence
from cornu.losses.probabilistic import poisson as poisson
from cornu.losses.regression import CosineSimilarity as CosineSimilarity
from cornu.losses.regression import Huber as Huber
from cornu.losses.regression import LogCosh as LogCosh
from cornu.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from cornu.losses.regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from cornu.losses.regression import MeanSquaredError as MeanSquaredError
from cornu.losses.regression import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from cornu.losses.regression import cosine_similarity as cosine_similarity
from cornu.losses.regression import huber as huber
from cornu.losses.regression import log_cosh as log_cosh
from cornu.losses.regression import mean_absolute_error as mean_absolute_error
from cornu.losses.regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from cornu.losses.regression import mean_squared_error as mean_squared_error
from cornu.losses.regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from cornu.losses.sequence import CTC as CTC
from cornu.losses.sequence import ctc as ctc
from cornu.losses.similarity import Circle as Circle
from cornu.losses.similarity import circle as circle
from cornu.losses.tensors import check_labels as check_labels


def get(identifier: Any) -> Any:
    """The loss that an argument stands for: None, a name, a config, a class, an instance or a function.

    A function's name ("mse", "mean_squared_error") gives the function, a class's name an instance. Raises ValueError
    for an unknown name, with the nearest ones.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')
    """
    return registry.resolve("loss", identifier)


def serialize(loss: Any) -> Any:
    """A loss, or a loss function, as data.

    >>> serialize(Huber(2.0))["config"]["delta"]
    2.0
    """
    return serialize_function(loss)


def deserialize(name: Any, custom_objects: dict | None = None) -> Any:
    """The loss of a config, or the class or function of a name.

    >>> deserialize(serialize(mean_squared_error)).__name__
    'mean_squared_error'
    """
    return registry.deserialize(name, custom_objects, kind="loss")
