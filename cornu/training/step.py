"""One step of training, evaluation or prediction: as plain Python over variables, and compiled.

The plain functions read and write variables. `compile_step` traces one of them, lowers state to values in and values
out, and hands the program to an engine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from cornu import tags, tree
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.program import pieces
from cornu.program.trace import Program, abstract, trace
from cornu.symbolic import ShapesOnly
from cornu.training import stateful
from cornu.training.compilation import Compilation
from cornu.variables import Scope, Variable, current_scope, discover, value_and_grad

# The steps as plain Python ------------------------------------------------------------------------------------------


def compilation(model: Any) -> Compilation:
    """What `compile` set; RuntimeError before it was called."""
    if model._compiled is None:
        raise RuntimeError(
            explain(
                f"Model {model.name!r} isn't compiled.",
                fix='Call model.compile(optimizer, loss) first, for example compile("adam", "mse").',
            )
        )
    return model._compiled


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """The inputs, targets and sample weights of a batch; what isn't there is None."""
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            explain("A batch has the wrong form.", expected="(x, y) or (x, y, sample_weight)", got=len(data))
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def _pack(data: Any) -> Any:
    """A batch as a written step takes it: `(x, y)` or `(x, y, sample_weight)`, and `x` alone where there is no more."""
    x, y, sample_weight = unpack(data)
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def compute_loss(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
    """The loss of `compile` plus what layers and regularizers add."""
    terms = [jnp.sum(jnp.asarray(loss)) for loss in model.losses]
    loss = compilation(model).loss
    if loss is not None:
        if y is None:
            raise ValueError(
                explain(f"Model {model.name!r}: there are no targets, and the loss needs them.", fix="Pass `y`.")
            )
        terms.insert(0, loss(y, y_pred, sample_weight))
    if not terms:
        raise ValueError(
            explain(
                f"Model {model.name!r} has no loss to minimize.",
                expected="`loss` in compile(), or add_loss() in a layer",
            )
        )
    return sum(terms[1:], terms[0])


def update_metrics(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> None:
    """Updates the metrics of `compile`."""
    compilation(model).compiled_metrics.update_state(y, y_pred, sample_weight)


def _after_step(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
    compilation(model).loss_mean.update_state(loss, sample_weight=_batch_size(x))
    if type(model).compute_metrics is not _base(model).compute_metrics:
        model.compute_metrics(x, y, y_pred, sample_weight)
    else:
        update_metrics(model, y, y_pred, sample_weight)


def _batch_size(x: Any) -> Any:
    return jnp.asarray(tree.flatten(x)[0].shape[0], "float32")


def _base(model: Any) -> Any:
    """The class Model, found without importing the floor above."""
    return next(cls for cls in type(model).__mro__ if cls.__module__ == "cornu.models.model")


def train(model: Any, data: Any) -> None:
    """Forward pass, gradients, update, metrics."""
    x, y, sample_weight = unpack(data)
    compiled = compilation(model)
    optimizer, trainable = compiled.optimizer, model.trainable_variables

    def forward() -> tuple[Any, Any]:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
        return optimizer.scale_loss(loss), (loss, tags.detach(y_pred))

    (_, (loss, outputs)), gradients = value_and_grad(forward, trainable, has_aux=True)()
    if getattr(optimizer, "needs_loss", False):
        optimizer.apply(gradients, trainable, loss=loss, loss_function=_pure_loss(forward, trainable))
    elif trainable:
        optimizer.apply(gradients, trainable)
    _after_step(model, x, y, tags.attach(outputs), sample_weight, loss)


def _pure_loss(forward: Callable, trainable: Sequence[Variable]) -> Callable[[Sequence[Any]], Any]:
    """The loss as a function of the trained values; what else the forward pass writes is dropped."""

    def loss(values: Sequence[Any]) -> Any:
        with Scope(trainable, values):
            return forward()[1][0]

    return loss


def test(model: Any, data: Any) -> None:
    """Forward pass and metrics."""
    x, y, sample_weight = unpack(data)
    y_pred = model(x, training=False)
    loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
    _after_step(model, x, y, y_pred, sample_weight, loss)


def predict(model: Any, data: Any) -> Any:
    """Forward pass."""
    x, _, _ = unpack(data)
    return model(x, training=False)


BODIES = {"train": (train, "train_step"), "test": (test, "test_step"), "predict": (predict, "predict_step")}


def body(model: Any, kind: str) -> tuple[Callable[[Any], Any], bool]:
    """The step of a kind as a function of a batch, and whether a subclass wrote it."""
    function, method = BODIES[kind]
    if getattr(type(model), method) is not getattr(_base(model), method):
        written = getattr(model, method)
        run = stateful.over_variables(model, kind, written) if stateful.takes_state(written) else written
        return lambda data: run(_pack(data)), True
    return lambda data: function(model, data), False


def check_targets(model: Any, y: Any) -> None:
    """Raises ValueError where class labels are outside of what the model's output has classes for."""
    loss, shape = compilation(model).loss, getattr(model, "output_shape", None)
    if loss is not None and shape is not None and y is not None:
        loss.check_labels(y, shape)


# The steps compiled --------------------------------------------------------------------------------------------------


@dataclass
class TracedStep:
    """A step's program: the variables whose values go in, and those whose values come out."""

    variables: list[Variable]
    written: list[Variable]
    program: Program
    logs: Logs | None = None


@dataclass
class CompiledStep:
    """A compiled step: the variables whose values go in, those whose values come out, and the call."""

    variables: list[Variable]
    written: list[Variable]
    call: Callable[..., tuple]
    program: Program
    donates: bool
    logs: Logs | None = None

    def __call__(self, values: Sequence[Any], *inputs: Any) -> tuple[tuple, Any]:
        """The new values of `written`, and the result; `inputs` are flat."""
        new, result = self.program.unflatten(self.call(*values, *inputs))
        return new, (result if self.logs is None else self.logs.named(result))


class Logs:
    """Logs as a list inside of programs: JAX would sort a dict's keys, and their order is that of the metrics."""

    names: tuple[str, ...] = ()

    def values(self, logs: dict[str, Any] | None) -> list[Any]:
        """The values; the names are kept."""
        self.names = tuple(logs or {})
        return [value.value if isinstance(value, Variable) else value for value in (logs or {}).values()]

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        """The logs again."""
        return dict(zip(self.names, values, strict=True))


def prepare(model: Any, kind: str, batch: Any) -> None:
    """Makes every variable that a step needs, from the shapes of a batch, before it is traced."""
    run, _ = body(model, "test" if kind == "train" else kind)
    if kind == "train" and body(model, "train")[1]:
        run = lambda data: _forward(model, data)  # noqa: E731 - a written train_step has its own losses
    callable_ = type(model).call is not Layer.call  # one that only holds others, a GAN for example, need not be
    if callable_ and (not model.built or (kind != "predict" and not compilation(model).compiled_metrics.built)):
        _try_shapes(run, batch)
    if kind == "train" and not model.trainable_variables and model.variables:
        what = f"Model {model.name!r} has no trainable weights: training changes nothing."
        warnings.warn(explain(what, fix="Set trainable = True where it is False."), stacklevel=2)
    if kind == "train" and model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _forward(model: Any, data: Any) -> None:
    """The forward pass, and the metrics made where `compile` names some."""
    x, y, _ = unpack(data)
    try:
        y_pred = model(x, training=False)
    except (TypeError, ValueError):  # a batch of the person's own form, (anchor, positive, negative) for example
        if not all(layer.built for layer in model._flatten_layers(include_self=False)):
            raise
        return
    metrics = compilation(model).compiled_metrics
    if any(metrics.given) and y is not None and not metrics.built:
        metrics.build(y, y_pred)


def check_batch(model: Any, batch: Any) -> None:
    """Raises what an evaluation would raise on a batch of these shapes."""
    _try_shapes(body(model, "test")[0], batch)


def _try_shapes(run: Callable, batch: Any) -> None:
    def shapes(batch: Any) -> None:
        with ShapesOnly():
            run(batch)

    jax.eval_shape(shapes, batch)


def compile_step(model: Any, kind: str, batch: Any, engine: Any) -> CompiledStep:
    """One step: a function of a batch, and of whether the metrics start anew in it."""
    if kind == "predict":
        run, _ = body(model, kind)
        return _compile(model, engine, lambda batch, fresh: run(batch), (batch, _FLAG))
    steps = _Steps(model, kind)
    return _compile(model, engine, steps.once, (batch, _FLAG), donate=kind == "train", logs=steps.logs)


def compile_row(model: Any, kind: str, data: Any, rows: Any, engine: Any) -> CompiledStep:
    """One step on samples taken from `data` on the engine: a function of their numbers."""
    return _compiled(engine, trace_row(model, kind, data, rows), kind == "train")


def compile_loop(model: Any, kind: str, data: Any, orders: Sequence[Any], engine: Any) -> CompiledStep | None:
    """Many steps in one call, on samples taken from `data` on the engine; None where it doesn't loop well.

    `orders` are matrices, a row of samples per step; for each, the call takes the first row and the one to stop at.
    """
    if kind == "train" and _goes_in_pieces(engine) and len(model.all_variables()) > _MANY:
        return None
    traced = trace_loop(model, kind, data, orders)
    if not engine.loops_well(traced.program) or _goes_in_pieces(engine, traced.program):
        return None
    return _compiled(engine, traced, kind == "train")


def trace_row(model: Any, kind: str, data: Any, rows: Any) -> TracedStep:
    """The step of `compile_row`."""
    steps = _Steps(model, kind)

    def once(data: Any, rows: Any, fresh: Any) -> Any:
        return steps.once(_take(data, rows), fresh)

    return _trace(model, once, (data, rows, _FLAG), kind == "train", steps.logs)


def trace_loop(model: Any, kind: str, data: Any, orders: Sequence[Any]) -> TracedStep:
    """The steps of `compile_loop`."""
    steps = _Steps(model, kind)
    inputs = (data, list(orders), [(_INDEX, _INDEX)] * len(orders), _FLAG)
    return _trace(model, steps.many, inputs, kind == "train", steps.logs)


class _Steps:
    """The steps of a kind as functions to trace; their result are the values of the logs."""

    def __init__(self, model: Any, kind: str) -> None:
        self._model, self.logs = model, Logs()
        self._run, self._written_by_user = body(model, kind)

    def once(self, batch: Any, fresh: Any) -> list[Any]:
        """One step."""
        _start_metrics(self._model, fresh)
        return self._result(self._run(batch))

    def many(self, data: Any, orders: Sequence[Any], spans: Sequence[Any], fresh: Any) -> list[Any]:
        """The steps of all orders, each from its first row to where it stops."""
        _start_metrics(self._model, fresh)
        last = self._blank(data, orders[0])
        for order, (start, stop) in zip(orders, spans, strict=True):
            last = _loop(start, stop, partial(self._row, data, order), last)
        return last if self._written_by_user else self._result(None)

    def _blank(self, data: Any, order: Any) -> list[Any]:
        """Zeros in the form of what goes round in a loop."""

        def once() -> list[Any]:
            with Scope():
                return self._row(data, order, 0)

        shapes = jax.eval_shape(once) if self._written_by_user else []
        return [jnp.zeros(aval.shape, aval.dtype) for aval in shapes]

    def _row(self, data: Any, order: Any, row: Any) -> list[Any]:
        """One step of a loop; what goes round is what only the step itself knows."""
        found = self._run(_take(data, order[row]))
        return [jnp.asarray(v) for v in self.logs.values(found)] if self._written_by_user else []

    def _result(self, found: Any) -> list[Any]:
        return self.logs.values(found if self._written_by_user else self._model.get_metrics_result())


_MANY = pieces.LARGEST // 5
"""So many variables need a long program to be trained, since each takes some equations: no trace needs to tell."""

_INDEX = jax.ShapeDtypeStruct((), "int32")
_FLAG = jax.ShapeDtypeStruct((), "bool")


def _take(data: Any, rows: Any) -> Any:
    """The samples of these numbers, which are a permutation's: none is out of range."""
    return tree.map(lambda array: array.at[rows].get(mode="promise_in_bounds", wrap_negative_indices=False), data)


def _start_metrics(model: Any, fresh: Any) -> None:
    """Sets the metrics back to their start where `fresh`."""
    variables = [v for metric in model.metrics for v in metric.variables]
    before = [v.value for v in variables]
    model.reset_metrics()
    for variable, value in zip(variables, before, strict=True):
        variable.assign(jnp.where(fresh, variable.value, value))


def _loop(start: Any, stop: Any, run: Callable[[Any], list[Any]], last: list[Any]) -> list[Any]:
    """Runs steps in a loop of the program: the variables' values go round in it. Gives what the last step gave."""
    outer, wrote = current_scope(), {}

    def once(row: Any, carry: tuple) -> tuple:
        with Scope(outer.variables, carry[0]) as scope:
            found = run(row)
            values = scope.values(outer.variables)
        wrote.update(scope.written)
        outer.strays.update(scope.strays)
        return values, found

    values, last = jax.lax.fori_loop(start, stop, once, (outer.values(outer.variables), last))
    for variable, value in zip(outer.variables, values, strict=True):
        if id(variable) in wrote:
            outer.write(variable, value)
    return last


def _compile(
    model: Any, engine: Any, function: Callable, inputs: tuple, *, donate: bool = False, logs: Logs | None = None
) -> CompiledStep:
    return _compiled(engine, _trace(model, function, inputs, donate, logs), donate)


def _trace(model: Any, function: Callable, inputs: tuple, whole: bool, logs: Logs | None) -> TracedStep:
    """The program of a function over a model's variables, or `whole`, also over its optimizer's and metrics'."""
    described = tree.map(abstract, inputs)

    def run(variables: list[Variable]) -> tuple[Any, Scope]:
        scopes: list[Scope] = []

        def pure(values: Sequence[Any], inputs: tuple) -> Any:
            with Scope(variables, values) as scope:
                scopes.append(scope)
                result = function(*inputs)
                return scope.values(list(scope.written.values())), result

        return (trace(pure, tuple(map(abstract, variables)), described), scopes[-1].written), scopes[-1]

    (program, written), variables = discover(run, model.all_variables() if whole else model.variables)
    return TracedStep(variables, list(written.values()), program, logs)


def _compiled(engine: Any, traced: TracedStep, donate: bool) -> CompiledStep:
    variables, written, program = traced.variables, traced.written, traced.program
    wrote = set(map(id, written))
    places = tuple(i for i, variable in enumerate(variables) if id(variable) in wrote) if donate else ()
    if _goes_in_pieces(engine, program):
        call = pieces.compile_in_pieces(program, engine.compile)
    else:
        call = engine.compile(program, donate=places)
    return CompiledStep(variables, written, call, program, donate, traced.logs)


def _goes_in_pieces(engine: Any, program: Program | None = None) -> bool:
    """Whether an engine prefers long programs in pieces, and a program, if given, is long."""
    return engine.prefers_pieces and (program is None or pieces.is_long(program))
