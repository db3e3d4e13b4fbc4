"""The model `Graph` of Keras 0.x and 1.0: nodes by name, data in dicts; a functional model behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from cornu.compat.old.merging import merge
from cornu.errors import explain, nearest
from cornu.layers.core import Input
from cornu.models.functional import Functional
from cornu.training.data_arrays import weigh_classes


class Graph:
    """A network of named nodes, put together one by one.

    Data are dicts of arrays by the names of inputs and outputs. Everything else that a model has (`summary`,
    `get_weights`, `save_weights`, `layers` ...) is that of the functional model, `model`.

    Raises ValueError for names that are taken or unknown. Difference from Keras 0.x: a layer may have any name before.

    >>> import numpy as np
    >>> from cornu.layers.core import Dense
    >>> graph = Graph()
    >>> graph.add_input("x", input_shape=(3,))
    >>> graph.add_node(Dense(4), "left", input="x")
    >>> graph.add_node(Dense(4), "right", input="x")
    >>> graph.add_output("y", inputs=["left", "right"], merge_mode="sum")
    >>> graph.compile("sgd", {"y": "mse"})
    >>> graph.predict({"x": np.ones((2, 3))})["y"].shape
    (2, 4)
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.nodes: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self._model: Functional | None = None
        self._arguments: dict[str, Any] = {}

    # Building --------------------------------------------------------------------------------------------------------

    def add_input(
        self,
        name: str,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        dtype: str = "float",
    ) -> None:
        """A new input; `input_shape` is that of a sample, and `dtype` "float" or "int"."""
        self._check_new(name)
        dtype = {"float": "float32", "int": "int32"}.get(dtype, dtype)
        given = {"shape": input_shape} if batch_input_shape is None else {"batch_shape": tuple(batch_input_shape)}
        self.inputs[name] = Input(**given, dtype=dtype, name=name)

    def add_node(
        self,
        layer: Any,
        name: str,
        input: str | None = None,
        inputs: Sequence[str] = (),
        merge_mode: Any = "concat",
        concat_axis: int = -1,
        dot_axes: Any = -1,
        create_output: bool = False,
    ) -> None:
        """A layer on one node, `input`, or on several, `inputs`, which are merged first as `merge` says."""
        self._check_new(name)
        layer.name = name
        self.nodes[name] = layer(self._source(input, inputs, merge_mode, concat_axis, dot_axes))
        if create_output:
            self.add_output(name, input=name)

    def add_shared_node(
        self,
        layer: Any,
        name: str,
        inputs: Sequence[str] = (),
        merge_mode: Any = None,
        concat_axis: int = -1,
        dot_axes: Any = -1,
        outputs: Sequence[str] = (),
        create_output: bool = False,
    ) -> None:
        """One layer on each of several nodes; the results are nodes named `outputs`, or one merged node, `name`."""
        for new in (name, *outputs):
            self._check_new(new)
        layer.name = name
        results = [layer(self._tensor(source)) for source in inputs]
        named = dict(zip(outputs, results, strict=True)) if merge_mode is None else {}
        if merge_mode is not None:
            named[name] = merge(results, merge_mode, concat_axis, dot_axes)
        self.nodes.update(named)
        for new in named if create_output else ():
            self.add_output(new, input=new)

    def add_output(
        self,
        name: str,
        input: str | None = None,
        inputs: Sequence[str] = (),
        merge_mode: Any = "concat",
        concat_axis: int = -1,
        dot_axes: Any = -1,
    ) -> None:
        """A node, or several merged ones, as an output of the graph."""
        if name in self.outputs:
            raise ValueError(explain(f"Graph: an output is named {name!r} already.", got=", ".join(self.outputs)))
        self.outputs[name] = self._source(input, inputs, merge_mode, concat_axis, dot_axes)
        self._model = None

    def _check_new(self, name: str) -> None:
        if name in self.inputs or name in self.nodes:
            raise ValueError(
                explain(
                    f"Graph: a node is named {name!r} already.",
                    expected="a name of its own for each node",
                    got=", ".join([*self.inputs, *self.nodes]),
                )
            )

    def _tensor(self, name: str) -> Any:
        known = {**self.inputs, **self.nodes}
        if name not in known:
            raise ValueError(
                explain(f"Graph: no node is named {name!r}.{nearest(name, known)}", expected=", ".join(known), got=name)
            )
        return known[name]

    def _source(self, input: str | None, inputs: Sequence[str], mode: Any, concat_axis: int, dot_axes: Any) -> Any:
        names = [*([input] if input else []), *inputs]
        if not names:
            raise ValueError(explain("Graph: a node has no input.", fix="Pass `input=` or `inputs=`."))
        tensors = [self._tensor(name) for name in names]
        return tensors[0] if len(tensors) == 1 else merge(tensors, mode, concat_axis, dot_axes)

    # The model -------------------------------------------------------------------------------------------------------

    @property
    def model(self) -> Functional:
        """The functional model of the nodes so far; its outputs are a dict."""
        if self._model is None:
            if not self.outputs:
                raise ValueError(explain("Graph: there is no output.", fix="Add one with `add_output`."))
            self._model = Functional(list(self.inputs.values()), dict(self.outputs))
        return self._model

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'Graph' object has no attribute {name!r}")
        return getattr(self.model, name)

    @property
    def input_order(self) -> list[str]:
        """The names of the inputs."""
        return list(self.inputs)

    @property
    def output_order(self) -> list[str]:
        """The names of the outputs."""
        return list(self.outputs)

    def compile(
        self,
        optimizer: Any,
        loss: dict[str, Any],
        metrics: Any = None,
        sample_weight_modes: dict | None = None,
        loss_weights: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets optimizer and, by the outputs' names, losses, their weights, metrics; the other arguments do nothing."""
        self._arguments = {"optimizer": optimizer, "loss": loss, "loss_weights": loss_weights or None}
        self.model.compile(**self._arguments, metrics=metrics)

    def _show_accuracy(self, wanted: bool) -> None:
        """Compiles again with the accuracy, where it wasn't wanted before."""
        if not wanted or "metrics" in self._arguments:
            return
        if len(self.outputs) != 1:
            raise ValueError(
                explain("Graph: `show_accuracy` is for graphs of one output.", got=", ".join(self.outputs))
            )
        self._arguments["metrics"] = ["accuracy"]
        self.model.compile(**{**self._arguments, "optimizer": self.model.optimizer})

    # Training --------------------------------------------------------------------------------------------------------

    def fit(
        self,
        data: dict[str, Any],
        batch_size: int = 128,
        nb_epoch: int = 100,
        verbose: int = 1,
        callbacks: Sequence[Any] = (),
        validation_split: float = 0.0,
        validation_data: dict[str, Any] | None = None,
        shuffle: bool = True,
        show_accuracy: bool = False,
        class_weight: dict[str, dict] | None = None,
        sample_weight: dict[str, Any] | None = None,
    ) -> Any:
        """Trains on a dict of the inputs' and outputs' arrays and gives the `History`."""
        self._show_accuracy(show_accuracy)
        x, y = self._split(data)
        return self.model.fit(
            x, y, batch_size=batch_size, epochs=nb_epoch, verbose=verbose, callbacks=list(callbacks),
            validation_split=validation_split, shuffle=shuffle,
            validation_data=self._split(validation_data) if validation_data else None,
            sample_weight=self._weights(data, sample_weight, class_weight),
        )  # fmt: skip

    def fit_generator(
        self,
        generator: Iterable[dict[str, Any]],
        samples_per_epoch: int,
        nb_epoch: int,
        verbose: int = 1,
        show_accuracy: bool = False,
        callbacks: Sequence[Any] = (),
        validation_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Trains on what a generator yields: dicts of the inputs' and outputs' arrays."""
        self._show_accuracy(show_accuracy)
        batches = (self._split(data) for data in generator)
        first = next(batches)
        size = len(next(iter(first[1].values())))

        def all_batches() -> Any:
            yield first
            yield from batches

        return self.model.fit(
            all_batches(), epochs=nb_epoch, steps_per_epoch=-(-samples_per_epoch // size), verbose=verbose,
            callbacks=list(callbacks), validation_data=self._split(validation_data) if validation_data else None,
        )  # fmt: skip

    def evaluate(
        self,
        data: dict[str, Any],
        batch_size: int = 128,
        show_accuracy: bool = False,
        verbose: int = 0,
        sample_weight: dict[str, Any] | None = None,
    ) -> Any:
        """The loss; with `show_accuracy`, loss and accuracy."""
        self._show_accuracy(show_accuracy)
        x, y = self._split(data)
        result = self.model.evaluate(x, y, batch_size=batch_size, verbose=verbose, sample_weight=sample_weight or None)
        return result if show_accuracy or not isinstance(result, list) else result[0]

    def predict(self, data: dict[str, Any], batch_size: int = 128, verbose: int = 0) -> dict[str, Any]:
        """The outputs' arrays by name."""
        return self.model.predict(self._inputs_of(data), batch_size=batch_size, verbose=verbose)

    def train_on_batch(
        self,
        data: dict[str, Any],
        accuracy: bool = False,
        class_weight: dict[str, dict] | None = None,
        sample_weight: dict[str, Any] | None = None,
    ) -> Any:
        """One step of training; gives the loss, or loss and accuracy."""
        weights = self._weights(data, sample_weight, class_weight)
        return self._on_batch(self.model.train_on_batch, data, accuracy, weights)

    def test_on_batch(
        self, data: dict[str, Any], accuracy: bool = False, sample_weight: dict[str, Any] | None = None
    ) -> Any:
        """The loss on one batch, or loss and accuracy."""
        return self._on_batch(self.model.test_on_batch, data, accuracy, sample_weight or None)

    def predict_on_batch(self, data: dict[str, Any]) -> dict[str, Any]:
        """The outputs' arrays by name, for one batch."""
        return self.model.predict_on_batch(self._inputs_of(data))

    def _on_batch(self, method: Callable, data: dict[str, Any], accuracy: bool, weights: dict | None) -> Any:
        self._show_accuracy(accuracy)
        result = method(*self._split(data), sample_weight=weights)
        return result if accuracy or not isinstance(result, list) else result[0]

    def _inputs_of(self, data: dict[str, Any]) -> list:
        return [self._array(data, name) for name in self.inputs]

    def _split(self, data: dict[str, Any]) -> tuple[list, dict]:
        return self._inputs_of(data), {name: self._array(data, name) for name in self.outputs}

    def _array(self, data: dict[str, Any], name: str) -> Any:
        if name not in data:
            raise ValueError(
                explain(
                    f"Graph: the data for {name!r} are missing.{nearest(name, data)}",
                    expected=", ".join([*self.inputs, *self.outputs]),
                    got=", ".join(data),
                )
            )
        return data[name]

    def _weights(self, data: dict[str, Any], sample_weight: dict | None, class_weight: dict | None) -> dict | None:
        """The weights of the samples, by output; those of their classes count, too."""
        weights = dict(sample_weight or {})
        for name, by_class in (class_weight or {}).items():
            weights[name] = weigh_classes(np.asarray(self._array(data, name)), weights.get(name), by_class)
        return weights or None
