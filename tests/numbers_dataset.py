"""A dataset in a module of its own, which other processes import quickly."""

from __future__ import annotations

import os
import time

import numpy as np

from cornu.training.py_dataset import PyDataset


class Numbers(PyDataset):
    """Batches that hold their own number."""

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count, self.calls = count, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        time.sleep(0.002 * ((index * 7) % 3))
        return np.full((4, 2), index), np.full(4, index)

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


class Processes(PyDataset):
    """Batches that hold the number of the process that made them."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.full((4, 2), os.getpid()), np.full(4, index)
