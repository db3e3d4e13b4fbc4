"""One step on one batch: train_on_batch, test_on_batch, predict_on_batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornu import tree
from cornu.training import data as adapters
from cornu.training import step as stepping
from cornu.training.feed import batch_step, predict_batch, run_eagerly
from cornu.training.loop import in_order, plain_logs
from cornu.training.session import Session


def train(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: dict | None, return_dict: bool) -> Any:
    """`Model.train_on_batch`."""
    return _step(model, "train", x, y, sample_weight, class_weight, return_dict)


def test(model: Any, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
    """`Model.test_on_batch`."""
    return _step(model, "test", x, y, sample_weight, None, return_dict)


def _step(
    model: Any, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: dict | None, return_dict: bool
) -> Any:
    stepping.compilation(model)
    x = x if model.on_host is None else model.on_host(x)
    batch = adapters.standardize(x, y, sample_weight, batch_size=_length(x), class_weight=class_weight).peek()
    if model.run_eagerly:
        return in_order(plain_logs(run_eagerly(model, kind, batch, fresh=True)), return_dict)
    with Session(model) as session:
        step = batch_step(session, kind, batch)
        return in_order(plain_logs(session.run(step, *session.put(batch), np.bool_(True))), return_dict)


def predict(model: Any, x: Any) -> Any:
    """`Model.predict_on_batch`."""
    x = x if model.on_host is None else model.on_host(x)
    batch = adapters.standardize(x, batch_size=_length(x), for_training=False).peek()
    with Session(model) as session:
        return tree.map(np.array, predict_batch(session, batch))


def _length(x: Any) -> int:
    return max(1, len(tree.flatten(x)[0]))
