"""What TensorBoard shows."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.layers import Embedding
from cornu.signature import positive_int
from cornu.training.callbacks.callback import Callback, Logs
from cornu.training.event_files import EventFile


class TensorBoard(Callback):
    """Writes event files for TensorBoard: the loss and metrics of each epoch, and what else is asked for.

    Args:
        log_dir: the folder; training goes to "train" in it, validation to "validation".
        histogram_freq: every how many epochs the weights' distributions are written; 0: never.
        write_graph: whether to write the model's architecture, which TensorBoard draws as the conceptual graph. The
            graph of single operations isn't written.
        write_images: whether the weights are written as pictures, too, as often as the histograms.
        write_steps_per_second: whether to write the speed of each epoch.
        update_freq: "epoch", or a number of batches after which training's values are written, too, as `batch_loss`
            and so on; "batch" is 1. Steps then run one by one, which is slower.
        profile_batch: no profile is written; anything but 0 warns.
        embeddings_freq: every how many epochs the weights are saved for the projector; 0: never.
        embeddings_metadata: the file of an embedding's labels, for all Embedding layers, or a dict by their names.

    Tags and steps are Keras's: `epoch_loss`, `epoch_learning_rate` by epoch, `evaluation_loss_vs_iterations` by the
    optimizer's steps. Needs neither TensorFlow nor TensorBoard; `tensorboard --logdir logs` shows the files.

    Raises ValueError for a wrong `update_freq`, or names in `embeddings_metadata` of no Embedding layer.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.write_graph, self.write_images = histogram_freq, write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq, self.embeddings_metadata = embeddings_freq, embeddings_metadata
        self._files = {name: EventFile(Path(self.log_dir) / name) for name in ("train", "validation")}
        self._batches, self._epoch_began = 0, (0.0, 0)
        if profile_batch:
            fix = "Put `with jax.profiler.trace(log_dir):` around fit."
            warnings.warn(explain("TensorBoard: no profile is written.", fix=fix), stacklevel=2)
        if self.update_freq != "epoch":
            if not positive_int.test(self.update_freq):
                expected = '"epoch", "batch" or a positive integer'
                raise ValueError(explain("TensorBoard: `update_freq` is wrong.", expected=expected, got=update_freq))
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign] # only where it is needed

    def set_model(self, model: Any) -> None:
        """Writes what the projector needs."""
        super().set_model(model)
        if self.embeddings_freq:
            self._write_projector()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Writes the architecture."""
        self._batches = 0
        if self.write_graph and hasattr(type(self.model), "nodes"):
            try:
                self._files["train"].model(self.model.to_json(), step=0)
            except (TypeError, ValueError) as error:
                warnings.warn(f"TensorBoard: the model has no JSON, so no graph is written. {error}", stacklevel=2)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the clock."""
        if self.write_steps_per_second:
            self._epoch_began = time.perf_counter(), self._iterations()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Writes the epoch's values, and the weights where it is time."""
        logs = logs or {}
        values = {name: value for name, value in logs.items() if not name.startswith("val_")} | self._rates()
        if self.write_steps_per_second:
            began, steps = self._epoch_began
            values["steps_per_second"] = (self._iterations() - steps) / (time.perf_counter() - began)
        found = {name.removeprefix("val_"): value for name, value in logs.items() if name.startswith("val_")}
        self._scalars("train", "epoch_{}", values, epoch)
        self._scalars("validation", "epoch_{}", found, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self.model.save_weights(Path(self.log_dir) / "train" / f"keras_embedding.ckpt-{epoch}.weights.h5")
        for file in self._files.values():
            file.flush()

    def _after_batch(self, batch: int, logs: Logs = None) -> None:
        self._batches += 1
        if self._batches % int(self.update_freq) == 0:
            self._scalars("train", "batch_{}", logs or {}, self._batches)

    def on_test_end(self, logs: Logs = None) -> None:
        """Writes an evaluation's values by the number of the optimizer's steps."""
        if self.model.optimizer is not None:
            self._scalars("validation", "evaluation_{}_vs_iterations", logs or {}, self._iterations())
            self._files["validation"].flush()

    def on_train_end(self, logs: Logs = None) -> None:
        """Closes the files."""
        self.on_exit()

    def on_exit(self) -> None:
        """Closes the files, also after an exception."""
        for file in self._files.values():
            file.close()

    def _scalars(self, name: str, tag: str, values: dict[str, Any], step: int) -> None:
        """Writes numbers; of several in one value, none."""
        for key, value in values.items():
            if np.size(value) == 1:
                self._files[name].scalar(tag.format(key), float(np.reshape(value, ())), step)

    def _iterations(self) -> int:
        return int(np.asarray(self.model.optimizer.iterations))

    def _rates(self) -> dict[str, float]:
        """The optimizer's learning rate, or those of its parts."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        if hasattr(optimizer, "optimizers"):
            return {f"learning_rate_{o.name}": float(np.asarray(o.learning_rate)) for o in optimizer.optimizers}
        rate = getattr(optimizer, "learning_rate", None)
        return {} if rate is None else {"learning_rate": float(np.asarray(rate))}

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                value = np.asarray(weight.numpy(), np.float32)
                self._files["train"].histogram(f"{weight.path}/histogram", value, epoch)
                pixels = _pictures(value) if self.write_images else None
                if pixels is not None:
                    _, height, width, _ = pixels.shape
                    pngs = [_png(picture) for picture in pixels[:3]]
                    self._files["train"].images(f"{weight.path}/image", pngs, (width, height), epoch)

    def _write_projector(self) -> None:
        """The projector's table of embeddings, in the text form of its protocol buffer."""
        layers = [layer.name for layer in self.model.layers if isinstance(layer, Embedding)]
        named = self.embeddings_metadata
        unknown = set(named) - set(layers) if isinstance(named, dict) else set()
        if unknown:
            what = f"TensorBoard: `embeddings_metadata` names no Embedding layer: {', '.join(sorted(unknown))}."
            raise ValueError(explain(what, expected=layers or "a model with Embedding layers"))
        lines = []
        for name in layers:
            path = named.get(name) if isinstance(named, dict) else named
            metadata = [f'  metadata_path: "{path}"'] if path else []
            tensor = "layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"
            lines += ["embeddings {", f'  tensor_name: "{tensor}"', *metadata, "}"]
        Path(self.log_dir, "train").mkdir(parents=True, exist_ok=True)
        Path(self.log_dir, "projector_config.pbtxt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _pictures(weight: np.ndarray) -> np.ndarray | None:
    """A weight as gray or colored pictures, (number, height, width, channels); None for one of more than three axes.

    A vector is one row, a matrix lies on its longer side, and of three axes the one of channels counts the pictures.
    """
    weight = np.squeeze(weight)
    if weight.ndim == 1:
        return weight.reshape(1, 1, -1, 1)
    if weight.ndim == 2:
        return (weight.T if weight.shape[0] > weight.shape[1] else weight)[None, ..., None]
    if weight.ndim == 3:
        return (np.moveaxis(weight, -1, 0) if config.image_data_format() == "channels_last" else weight)[..., None]
    return weight if weight.ndim == 4 and weight.shape[-1] in (1, 3) else None


def _png(picture: np.ndarray) -> bytes:
    """A picture of values in [0, 1] as the content of a PNG file."""
    from cornu.visualization import png

    pixels = (np.clip(np.nan_to_num(picture), 0, 1) * 255 + 0.5).astype(np.uint8)
    return png.encode(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
