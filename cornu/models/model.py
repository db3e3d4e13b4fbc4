"""The model: a layer that can be compiled, fitted, evaluated, saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, cast

from cornu import registry, saving, symbolic, tree
from cornu.errors import explain, nearest
from cornu.export import exporting
from cornu.layers import parts
from cornu.layers.layer import Layer
from cornu.tracebacks import boundary
from cornu.training import loop, on_batch, step
from cornu.training.compilation import Compilation, Position
from cornu.variables import Scope, Variable


@registry.register("model")
class Model(Layer):
    """A layer with training, evaluation, prediction and saving.

    Three ways to make one: `Model(inputs, outputs)` from symbolic tensors, `Sequential`, or a subclass with `call`.

    Differences from Keras: inside `train_step`, `test_step` and `call`, metrics may be updated, several optimizers
    used and gradients taken (`cornu.value_and_grad`) as in plain Python, and it is compiled all the same; no
    `stateless_call` is needed. The loss of a model that ends in a softmax or sigmoid is computed from the logits.

    >>> import cornu
    >>> x = cornu.Input((4,))
    >>> model = Model(x, cornu.layers.Dense(2)(x))
    >>> model.output_shape
    (None, 2)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _is_functional(args, kwargs):
            from cornu.models.functional import Functional

            return Layer.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _is_functional(args, kwargs):
            _become_functional(self, args, kwargs)
            return
        super().__init__(*args, **kwargs)
        self._reset_training()

    def _reset_training(self) -> None:
        self._compiled: Compilation | None = None
        self._step_cache: dict[Any, Any] = {}
        self._made_of: tuple[int, tuple[Layer, ...]] | None = None
        self.optimizer: Any = None
        self.stop_training = False
        self.history: Any = None
        self.position = Position()

    # Layers that run on the host -------------------------------------------------------------------------------------

    @property
    def on_host(self) -> Callable[[Any], Any] | None:
        """What applies the layers that run on the host to data; None where the model has none at its inputs."""
        return None

    @property
    def runs_on_host(self) -> bool:
        """Whether the model, as a part of another one, is applied to data before they go to the engine."""
        return self.on_host is not None

    def _record(self, args: tuple, kwargs: dict) -> Any:
        if not self.runs_on_host or not self.built:
            return super()._record(args, kwargs)
        return symbolic.record(self, args, kwargs, tree.map(lambda tensor: tensor.aval, self.output))

    def _apply(self, args: tuple, kwargs: dict) -> Any:
        on_host = self.on_host
        return super()._apply(args if on_host is None or not args else (on_host(args[0]), *args[1:]), kwargs)

    # Parts -----------------------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model holds directly."""
        return self._layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place; ValueError where there is none."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    explain(f"Model {self.name!r}: no such layer.", expected=f"below {len(self.layers)}", got=index)
                )
            return self.layers[index]
        found = [layer for layer in self.layers if layer.name == name]
        if not found:
            names = [layer.name for layer in self.layers]
            raise ValueError(
                explain(
                    f"Model {self.name!r}: no layer is named {name!r}.{nearest(str(name), names)}",
                    expected=names,
                    got=name,
                )
            )
        return found[0]

    def all_variables(self) -> list[Variable]:
        """Every variable of a training run, in a fixed order: the model's, the optimizer's, the compiled metrics'."""
        compiled = self._compiled.variables if self._compiled is not None else []
        return parts.unique([*self.variables, *compiled])

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints a table of the layers, their output shapes and numbers of parameters."""
        from cornu.visualization.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    # Training --------------------------------------------------------------------------------------------------------

    @boundary
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        engine: str | None = None,
    ) -> None:
        """Sets how the model is trained.

        Args:
            optimizer: a name, an optimizer, or an optax transformation.
            loss: a name, function or `Loss`; for several outputs a list or a dict by output name.
            loss_weights: the factors of several outputs' losses in their sum.
            metrics: names, functions or `Metric`s; for several outputs a list of lists or a dict by output name.
            weighted_metrics: metrics that are weighted by the sample weights.
            run_eagerly: runs the steps in Python, uncompiled: slow, for debugging.
            steps_per_execution: kept for Keras's signature; several steps run in one call by themselves.
            jit_compile: False is the same as `run_eagerly`; anything else compiles.
            auto_scale_loss: scales the loss under the policy "mixed_float16".
            engine: what runs the compiled program; default: `cornu.config.engine()`.

        Raises ValueError for unknown names, and for losses or metrics that don't fit the outputs.
        """
        self._compiled = Compilation(
            self, optimizer, loss, loss_weights, metrics, weighted_metrics, run_eagerly or jit_compile is False,
            steps_per_execution, auto_scale_loss, engine,
        )  # fmt: skip
        self.optimizer = self._compiled.optimizer
        self._step_cache.clear()
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss as it was given to `compile`."""
        return self._compiled.arguments["loss"] if self._compiled is not None else None

    @property
    def run_eagerly(self) -> bool:
        """Whether the steps run uncompiled."""
        return self._compiled is not None and self._compiled.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        step.compilation(self).run_eagerly = bool(value)

    @property
    def metrics(self) -> list:
        """The metrics: of the loss, of `compile`, and of the layers."""
        own = [metric for layer in self._flatten_layers() for metric in layer._metrics]
        return parts.unique([*(self._compiled.metrics if self._compiled is not None else []), *own])

    @property
    def metrics_names(self) -> list[str]:
        """The names under which `evaluate` and the history report."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The metrics' variables."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_metrics(self) -> None:
        """Sets every metric back to its start."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' present values, by name."""
        results = self._compiled.results() if self._compiled is not None else {}
        compiled = {id(metric) for metric in (self._compiled.metrics if self._compiled is not None else [])}
        for metric in self.metrics:
            if id(metric) not in compiled:
                value = metric.result()
                results.update(value if isinstance(value, dict) else {metric.name: value})
        return {name: value.value if isinstance(value, Variable) else value for name, value in results.items()}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss: of `compile`, plus what layers added. A subclass may write its own."""
        return step.compute_loss(self, y, y_pred, sample_weight)

    def stateless_compute_loss(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = False,
    ) -> tuple[Any, tuple[list, list, list]]:
        """The loss for given values of the variables, and their new values in three lists. No variable changes."""
        groups = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
        values = (trainable_variables, non_trainable_variables, metrics_variables)
        with Scope(list(chain(*groups)), list(chain(*values))) as scope:
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
            trainable, others, metrics = (list(scope.values(group)) for group in groups)
        return loss, (trainable, others, metrics)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the metrics of `compile` and gives every metric's value."""
        step.update_metrics(self, y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch, `x`, `(x, y)` or `(x, y, sample_weight)`; gives the logs.

        A subclass may write its own, also as Keras has it on JAX: `train_step(self, state, data)`, which gives the new
        state, too.
        """
        step.train(self, data)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation. A subclass may write its own."""
        step.test(self, data)
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch. A subclass may write its own."""
        return step.predict(self, data)

    @boundary
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> Any:
        """Trains the model for a number of epochs and gives the `History`.

        Args:
            x: arrays (NumPy, JAX, pandas, PyTorch), nested lists or dicts of them; or a generator, `PyDataset`,
                tf.data dataset or torch DataLoader that yields `(x, y)` or `(x, y, sample_weight)`.
            y: the targets of arrays.
            batch_size: default 32; not with a dataset.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 progress bar, 2 one line per epoch, "auto".
            callbacks: `Callback`s.
            validation_split: the last fraction of the arrays, before shuffling, is kept for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a dataset.
            shuffle: whether each epoch takes the samples in a new order, a function of the seed and of the number of
                epochs trained so far: `fit(epochs=2)` equals `fit(epochs=1)` twice.
            class_weight: the weight of each class's samples in the loss.
            sample_weight: the weight of each sample in the loss.
            initial_epoch: the number of epochs that count as done.
            steps_per_epoch: the number of batches in an epoch; needed for endless generators.
            validation_steps: the number of batches in a validation.
            validation_batch_size: default `batch_size`.
            validation_freq: every how many epochs, or after which epochs, validation runs.

        Raises ValueError or TypeError for data that don't fit the model, RuntimeError before `compile`.
        """
        return loop.fit(
            self, x, y, batch_size=batch_size, epochs=epochs, verbose=verbose, callbacks=callbacks,
            validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
            class_weight=class_weight, sample_weight=sample_weight, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
            validation_batch_size=validation_batch_size, validation_freq=validation_freq,
        )  # fmt: skip

    @boundary
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics on data: a number, a list in the order of `metrics_names`, or a dict."""
        return loop.evaluate(
            self, x, y, batch_size=batch_size, verbose=verbose, sample_weight=sample_weight, steps=steps,
            callbacks=callbacks, return_dict=return_dict,
        )  # fmt: skip

    @boundary
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for all samples, as NumPy arrays."""
        return loop.predict(self, x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)

    @boundary
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training; gives the loss and metrics of this batch alone."""
        return on_batch.train(self, x, y, sample_weight, class_weight, return_dict)

    @boundary
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics on one batch alone."""
        return on_batch.test(self, x, y, sample_weight, return_dict)

    @boundary
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        return on_batch.predict(self, x)

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Saves architecture, weights and the optimizer's state to a `.keras` or `.h5` file: `saving.save_model`."""
        saving.save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Saves the weights to a `.weights.h5` file: `cornu.saving.save_weights`."""
        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, by_name: bool | None = None) -> Any:
        """Loads the weights of a `.weights.h5`, `.keras` or older HDF5 file and reports: `saving.load_weights`."""
        return saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, by_name=by_name)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes the inference program in another system's format: `cornu.export.export_model`."""
        exporting.export_model(self, filepath, format, verbose, input_signature, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickles and copies of a built model are those of its `.keras` file, and as safe."""
        return saving.packed(self) if self.built else super().__reduce_ex__(protocol)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON."""
        return saving.model_to_json(self, **kwargs)

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        """The model of a config; `Model` itself makes one of a graph's."""
        from cornu.models.functional import Functional

        with registry.custom_object_scope(custom_objects):
            if cls is Model and "input_layers" in config:
                return Functional.from_config(config)
            return super().from_config(config)

    def get_compile_config(self) -> dict | None:
        """The arguments of `compile`, as JSON data."""
        return self._compiled.get_config() if self._compiled is not None else None

    def compile_from_config(self, config: dict) -> None:
        """Compiles the model with the arguments of `get_compile_config()`."""
        self.compile(**{key: registry.deserialize(value) for key, value in config.items()})
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)


def _is_functional(args: tuple, kwargs: dict) -> bool:
    return len(args) >= 2 or "outputs" in kwargs or (len(args) == 1 and "inputs" in kwargs)


def _become_functional(model: Model, args: tuple, kwargs: dict) -> None:
    """Lets a subclass hand `inputs` and `outputs` to its base class's constructor."""
    from cornu.models.functional import Functional

    cls = type(model)
    if not isinstance(model, Functional):
        model.__class__ = type(cls.__name__, (cls, Functional), {"__module__": cls.__module__, "made_from": cls})
    cast(Any, Functional).__init__(model, *args, **kwargs)
