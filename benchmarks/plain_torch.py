"""The networks of benchmarks/workloads.py as a person writes them in PyTorch, with a loop of their own."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from workloads import Data, Workload


class Transposed(nn.Module):
    """Images with channels last, as one with channels first sees them; the memory stays as it lies."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 3, 1, 2)


class Mean(nn.Module):
    """The mean over the second axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(1)


class LastState(nn.Module):
    """What a recurrent layer ends with, of both directions where it has them."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = self.layer(x)[1]
        return torch.cat(list(state[0] if isinstance(state, tuple) else state), -1)


def dense(*sizes: int, activation: type = nn.ReLU, dropout: float = 0.0) -> list[nn.Module]:
    """Dense layers; the last one gives the logits."""
    hidden = [layer for pair in itertools.pairwise(sizes[:-1]) for layer in (nn.Linear(*pair), activation())]
    return [*hidden, *([nn.Dropout(dropout)] if dropout else []), nn.Linear(*sizes[-2:])]


def convolutions() -> list[nn.Module]:
    stages = [(nn.Conv2d(*sizes, 3), nn.ReLU(), nn.MaxPool2d(2)) for sizes in ((1, 32), (32, 64))]
    return [Transposed(), *stages[0], *stages[1], nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)]


def normalized_convolutions() -> list[nn.Module]:
    layers: list[nn.Module] = [Transposed()]
    for before, after, stride in ((1, 32, 1), (32, 64, 2), (64, 128, 2)):
        layers += [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)]


def transformer() -> list[nn.Module]:
    block = {"dim_feedforward": 256, "dropout": 0.0, "activation": "gelu", "batch_first": True}
    blocks = [nn.TransformerEncoderLayer(64, 4, **block) for _ in range(2)]
    return [nn.Linear(28, 64), *blocks, Mean(), nn.Linear(64, 10)]


NETWORKS: dict[str, Callable[[], list[nn.Module]]] = {
    "softmax": lambda: dense(784, 10),
    "mlp": lambda: dense(784, 500, 500, 10),
    "sigmoid": lambda: dense(784, 500, 500, 10, activation=nn.Sigmoid),
    "deep": lambda: dense(784, 784, 784, 784, 10, dropout=0.2),
    "conv": convolutions,
    "convbn": normalized_convolutions,
    "lstm": lambda: [LastState(nn.LSTM(28, 128, batch_first=True)), nn.Linear(128, 10)],
    "gru": lambda: [LastState(nn.GRU(28, 64, batch_first=True, bidirectional=True)), nn.Linear(128, 10)],
    "attention": transformer,
    "embedding": lambda: [nn.EmbeddingBag(20_000, 64, mode="mean"), nn.Linear(64, 10)],
    "tiny": lambda: dense(4, 16, 3),
}


class Model:
    """A network of the table with the part of Keras's interface that the benchmark calls."""

    def __init__(self, name: str, workload: Workload) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(*NETWORKS[name]())
        if workload.layers.__name__.endswith("convolutions"):
            self.network = self.network.to(memory_format=torch.channels_last)
        weights = self.network.parameters()
        if workload.optimizer == "rmsprop":
            self.optimizer: torch.optim.Optimizer = torch.optim.RMSprop(weights, 1e-4, alpha=0.9)
        else:
            self.optimizer = torch.optim.Adam(weights, fused=True)

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int, epochs: int) -> list[float]:
        """Trains; gives the seconds of each epoch."""
        x, y, seconds = torch.from_numpy(x), torch.from_numpy(y).long(), []
        self.network.train()
        for _ in range(epochs):
            began = time.perf_counter()
            for rows in torch.randperm(len(x)).split(batch_size):
                loss = F.cross_entropy(self.network(x[rows]), y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            seconds.append(time.perf_counter() - began)
        return seconds

    @torch.no_grad()
    def predict(self, x: np.ndarray) -> np.ndarray:
        """The probabilities of the classes."""
        self.network.eval()
        return np.concatenate([F.softmax(self.network(part), -1).numpy() for part in torch.from_numpy(x).split(500)])

    def accuracy(self, data: Data) -> float:
        """The share of the test samples that are told right."""
        return float(np.mean(self.predict(data[2]).argmax(-1) == data[3]))
