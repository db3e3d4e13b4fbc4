"""What `compile` sets, and where a run of training stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cornu import metrics as metrics_module
from cornu import optimizers, registry
from cornu.engines.engine import source
from cornu.metrics.compiled import CompiledLoss, CompiledMetrics, check_names
from cornu.variables import Variable

ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution",
             "auto_scale_loss", "engine")  # fmt: skip


@dataclass
class Position:
    """Where a run stands.

    `epochs_seen` counts the epochs of training over all fits; with `shuffle_seed` it decides the order of the samples.
    `epoch` and `step` are the next ones of the present fit.
    """

    epochs_seen: int = 0
    shuffle_seed: int = 0
    epoch: int = 0
    step: int = 0


class Compilation:
    """The optimizer, the losses and the metrics of a model, and how its steps run."""

    def __init__(self, model: Any, *arguments: Any) -> None:
        self.arguments = dict(zip(ARGUMENTS, arguments, strict=True))
        given = self.arguments
        for argument, kind in (("loss", "loss"), ("metrics", "metric"), ("weighted_metrics", "metric")):
            check_names(given[argument], kind)
        self.optimizer = optimizers.get(given["optimizer"])
        scaled = self.optimizer is None or isinstance(self.optimizer, optimizers.LossScaleOptimizer)
        if model.dtype_policy.name == "mixed_float16" and given["auto_scale_loss"] and not scaled:
            self.optimizer = optimizers.LossScaleOptimizer(self.optimizer, name="loss_scale_optimizer")
        names = getattr(model, "output_names", None)
        self.loss = CompiledLoss(given["loss"], given["loss_weights"], names) if given["loss"] is not None else None
        self.loss_mean = metrics_module.Mean(name="loss")
        self.compiled_metrics = CompiledMetrics(given["metrics"], given["weighted_metrics"], names)
        self.run_eagerly: bool = given["run_eagerly"]
        self.engine: str | None = given["engine"]
        if self.engine is not None:
            source(self.engine)

    @property
    def metrics(self) -> list:
        """The metrics in the order of their names in logs: the loss, the outputs' losses, then those of `compile`."""
        losses = [self.loss_mean, *(self.loss.metrics if self.loss is not None else [])]
        return [*losses, *self.compiled_metrics.metrics]

    @property
    def variables(self) -> list[Variable]:
        """The variables of the optimizer and of the metrics."""
        held = list(self.optimizer.variables) if self.optimizer is not None else []
        return held + [v for metric in self.metrics for v in metric.variables]

    def results(self) -> dict[str, Any]:
        """The values of the loss and metrics, by name, in order."""
        losses = {m.name: m.result() for m in (self.loss_mean, *(self.loss.metrics if self.loss is not None else []))}
        return {**losses, **(self.compiled_metrics.result() if self.compiled_metrics.built else {})}

    def get_config(self) -> dict:
        """The arguments of `compile`, as JSON data."""
        return {key: registry.serialize(value) for key, value in self.arguments.items() if key != "engine"}
