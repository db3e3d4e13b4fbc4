"""Metrics: what is measured over the batches of an epoch, and shown in its logs."""

from __future__ import annotations

from typing import Any

from cornu import registry
from cornu.losses.crossentropy import binary_crossentropy as binary_crossentropy
from cornu.losses.crossentropy import binary_focal_crossentropy as binary_focal_crossentropy
from cornu.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from cornu.losses.crossentropy import categorical_focal_crossentropy as categorical_focal_crossentropy
from cornu.losses.crossentropy import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from cornu.losses.hinge import categorical_hinge as categorical_hinge
from cornu.losses.hinge import hinge as hinge
from cornu.losses.hinge import squared_hinge as squared_hinge
from cornu.losses.loss import serialize_function
from cornu.losses.probabilistic import kl_divergence as kl_divergence
from cornu.losses.probabilistic import poisson as poisson
from cornu.losses.regression import huber as huber
from cornu.losses.regression import log_cosh as log_cosh
from cornu.losses.regression import mean_absolute_error as mean_absolute_error
from cornu.losses.regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from cornu.losses.regression import mean_squared_error as mean_squared_error
from cornu.losses.regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from cornu.metrics.accuracy import Accuracy as Accuracy
from cornu.metrics.accuracy import BinaryAccuracy as BinaryAccuracy
from cornu.metrics.accuracy import CategoricalAccuracy as CategoricalAccuracy
from cornu.metrics.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from cornu.metrics.accuracy import SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy
from cornu.metrics.accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from cornu.metrics.accuracy import binary_accuracy as binary_accuracy
from cornu.metrics.accuracy import categorical_accuracy as categorical_accuracy
from cornu.metrics.accuracy import sparse_categorical_accuracy as sparse_categorical_accuracy
from cornu.metrics.accuracy import sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy
from cornu.metrics.accuracy import top_k_categorical_accuracy as top_k_categorical_accuracy
from cornu.metrics.auc import AUC as AUC
from cornu.metrics.confusion import FalseNegatives as FalseNegatives
from cornu.metrics.confusion import FalsePositives as FalsePositives
from cornu.metrics.confusion import Precision as Precision
from cornu.metrics.confusion import PrecisionAtRecall as PrecisionAtRecall
from cornu.metrics.confusion import Recall as Recall
from cornu.metrics.confusion import RecallAtPrecision as RecallAtPrecision
from cornu.metrics.confusion import SensitivityAtSpecificity as SensitivityAtSpecificity
from cornu.metrics.confusion import SpecificityAtSensitivity as SpecificityAtSensitivity
from cornu.metrics.confusion import TrueNegatives as TrueNegatives
from cornu.metrics.confusion import TruePositives as TruePositives
from cornu.metrics.correlation import ConcordanceCorrelation as ConcordanceCorrelation
from cornu.metrics.correlation import PearsonCorrelation as PearsonCorrelation
from cornu.metrics.correlation import concordance_correlation as concordance_correlation
from cornu.metrics.correlation import pearson_correlation as pearson_correlation
from cornu.metrics.fscore import F1Score as F1Score
from cornu.metrics.fscore import FBetaScore as FBetaScore
from cornu.metrics.hinge import CategoricalHinge as CategoricalHinge
from cornu.metrics.hinge import Hinge as Hinge
from cornu.metrics.hinge import SquaredHinge as SquaredHinge
from cornu.metrics.iou import BinaryIoU as BinaryIoU
from cornu.metrics.iou import IoU as IoU
from cornu.metrics.iou import MeanIoU as MeanIoU
from cornu.metrics.iou import OneHotIoU as OneHotIoU
from cornu.metrics.iou import OneHotMeanIoU as OneHotMeanIoU
from cornu.metrics.metric import Metric as Metric
from cornu.metrics.probabilistic import BinaryCrossentropy as BinaryCrossentropy
from cornu.metrics.probabilistic import CategoricalCrossentropy as CategoricalCrossentropy
from cornu.metrics.probabilistic import KLDivergence as KLDivergence
from cornu.metrics.probabilistic import Poisson as Poisson
from cornu.metrics.probabilistic import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from cornu.metrics.reduction import Mean as Mean
from cornu.metrics.reduction import MeanMetricWrapper as MeanMetricWrapper
from cornu.metrics.reduction import Sum as Sum
from cornu.metrics.regression import CosineSimilarity as CosineSimilarity
from cornu.metrics.regression import LogCoshError as LogCoshError
from cornu.metrics.regression import MeanAbsoluteError as MeanAbsoluteError
from cornu.metrics.regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from cornu.metrics.regression import MeanSquaredError as MeanSquaredError
from cornu.metrics.regression import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from cornu.metrics.regression import R2Score as R2Score
from cornu.metrics.regression import RootMeanSquaredError as RootMeanSquaredError


def get(identifier: Any) -> Any:
    """The metric that an argument stands for: None, a name, a config, a class, an instance or a function.

    Raises ValueError for an unknown name, with the nearest ones. "accuracy", in `compile`, depends on the outputs'
    shapes; here it is `Accuracy`.

    >>> get("mse").name, get("BinaryAccuracy").threshold
    ('mean_squared_error', 0.5)
    """
    return registry.resolve("metric", identifier)


def serialize(metric: Any) -> Any:
    """A metric, or a metric function, as data.

    >>> serialize(BinaryAccuracy(threshold=0.3))["config"]["threshold"]
    0.3
    """
    return serialize_function(metric)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    """The metric of a config, or the class of a name.

    >>> deserialize(serialize(Precision(top_k=2))).top_k
    2
    """
    return registry.deserialize(config, custom_objects, kind="metric")
