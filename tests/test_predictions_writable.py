"""What a model predicts is the person's own array, which may be written to."""

from __future__ import annotations

import numpy as np
import pytest

import cornu


@pytest.mark.parametrize("rows", [1, 70])
@pytest.mark.parametrize("method", ["predict", "predict_on_batch"])
def test_predictions_may_be_written_to(method, rows):
    model = cornu.Sequential([cornu.Input((2,)), cornu.layers.Dense(2)])
    found = getattr(model, method)(np.ones((rows, 2), "float32"))
    found[0] = 7
    assert found[0].tolist() == [7, 7]
