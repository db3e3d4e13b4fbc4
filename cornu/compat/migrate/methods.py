"""Calls of a model's methods, known by their name and by arguments that only Keras has."""

from __future__ import annotations

import ast
import math

import libcst as cst

from cornu.compat import dialect, spelling
from cornu.compat.migrate.calls import Arguments, add_defaults, code, translate, written
from cornu.compat.migrate.names import Meaning
from cornu.compat.migrate.program import batch_size
from cornu.compat.migrate.rules import Site, optimizer_by_name
from cornu.compat.model_methods import ADDED
from cornu.compat.old import losses as old_losses
from cornu.compat.old import metrics as old_metrics
from cornu.compat.tables import CALLS
from cornu.models.model import Model

TODAY = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
"""Methods that are other ones now."""

METHODS = {key.partition(".")[2] for table in CALLS.values() for key in table if key[0].isupper()}
ONLY_KERAS = {*TODAY, "train_on_batch", "test_on_batch"}
"""Methods that nothing else has."""

GONE = {"add_node": "Graph is gone: write the model with the functional API",
        "add_shared_node": "Graph is gone: write the model with the functional API",
        "to_yaml": "to_yaml is gone: use to_json"}  # fmt: skip


def rewrite(call: cst.Call, original: cst.Call, site: Site) -> cst.BaseExpression:
    """A call of a method in today's spelling; as it is where it isn't a model's.

    `call` is the rewritten one, `original` the program's own.
    """
    assert isinstance(call.func, cst.Attribute)
    assert isinstance(original.func, cst.Attribute)
    name = call.func.attr.value
    if code(original.func.value) in site.program.graphs:
        return call
    if name in ("predict_classes", "predict_proba"):
        return _predict(call, original, site)
    if name in GONE and name != "to_yaml":
        site.note(GONE[name])
    if name not in METHODS:
        return call
    new = TODAY.get(name, name)
    thing = ADDED[name] if name in TODAY else getattr(Model, name)
    found = Meaning("", f"Model.{new}", f"Model.{name}", name not in TODAY, thing)
    if not _is_model(call, original, found, site):
        return call
    arguments = translate(call, found, site.note)
    if name in TODAY:
        if not _from_generator(name, arguments, site):
            return call
        arguments.positions = spelling.positions_of(getattr(Model, new))[1:]
        add_defaults(Meaning("", f"Model.{new}", f"Model.{new}", True, getattr(Model, new)), arguments)
    _asked_accuracy(name, arguments)
    if name == "compile":
        _compile(code(original.func.value), arguments, site)
    func = call.func.with_changes(attr=cst.Name(new))
    return call.with_changes(func=func, args=written(call, arguments))


def _is_model(call: cst.Call, original: cst.Call, found: Meaning, site: Site) -> bool:
    """Whether a call is a model's: by its receiver, its name, or arguments that only Keras's models have."""
    assert isinstance(original.func, cst.Attribute)
    assert isinstance(call.func, cst.Attribute)
    name = call.func.attr.value
    if (
        original.func in site.program.references
        or name in ONLY_KERAS
        or code(original.func.value) in site.program.models
    ):
        return True
    keywords = {a.keyword.value for a in call.args if a.keyword}
    if keywords & site.program.methods.get(name, set()):
        return False
    signs = {old for table in CALLS.values() if found.key in table for old, word in table[found.key].words_of.items()}
    if name == "compile":
        return len([a for a in call.args if not a.keyword]) >= 3 or bool(keywords & {"optimizer", "loss", "metrics"})
    return bool(keywords & signs - {"x", "y", "X", "sample_weight", "verbose"})


# Training on generators ----------------------------------------------------------------------------------------------


_COUNTS = {
    "samples_per_epoch": ("steps_per_epoch", "generator"),
    "nb_val_samples": ("validation_steps", "validation_data"),
    "val_samples": ("steps", "generator"),
}
"""Keras 1's numbers of samples: the number of batches that stands for them today, and what they are samples of."""


def _from_generator(name: str, arguments: Arguments, site: Site) -> bool:
    """Whether a call on a generator could be turned into one of `fit`, `evaluate` or `predict`; it is changed."""
    for count, (steps, source) in _COUNTS.items():
        if count not in arguments:
            continue
        number = code(arguments[count].value)
        if source not in arguments or isinstance(arguments[source].value, (cst.Tuple, cst.List)):
            arguments.pop(count)
            continue
        size = batch_size(arguments[source].value) or site.program.batch_sizes.get(code(arguments[source].value), "")
        if not size or name == "predict_generator":
            site.note(
                f"{name}({count}={number}) counts samples: divide by the batch size for {steps}, and call {TODAY[name]}"
            )
            return False
        arguments.set(steps, _quotient(number, size), instead_of=count)
    arguments.set("x", arguments["generator"].value, instead_of="generator")
    return True


def _quotient(number: str, size: str) -> str:
    try:
        return str(math.ceil(ast.literal_eval(number) / ast.literal_eval(size)))
    except (ValueError, SyntaxError, TypeError):
        whole = number if number.isidentifier() or number.isdigit() or number.endswith((")", "]")) else f"({number})"
        return f"-(-{whole} // {size})"


# Accuracy ------------------------------------------------------------------------------------------------------------


def _asked_accuracy(name: str, arguments: Arguments) -> None:
    """Before 2016 the accuracy was asked for where the model was trained; `compile` has it now."""
    arguments.pop("show_accuracy")
    if name.endswith("_on_batch"):
        arguments.pop("accuracy")


def _compile(receiver: str, arguments: Arguments, site: Site) -> None:
    program = site.program
    if receiver in program.shows_accuracy and "metrics" not in arguments:
        arguments.set("metrics", '["accuracy"]')
    if "optimizer" in arguments:
        optimizer = optimizer_by_name(arguments["optimizer"].value, site)
        if optimizer is not arguments["optimizer"].value:
            arguments.set("optimizer", optimizer)
    if not dialect.current().before("tf.keras"):
        return
    loss = arguments.literal("loss")
    if isinstance(loss, str):
        _loss(loss, arguments, site)
    last = program.units[-1] if program.units else None
    if loss == "binary_crossentropy" and last not in (1, None) and program.metrics & {"accuracy", "acc"}:
        site.note('with binary_crossentropy, "accuracy" counted each output by itself: that is "binary_accuracy" today')
    for name in sorted(program.metrics & set(old_metrics.functions("keras1")) - set(old_losses.FUNCTIONS)):
        if dialect.current().before("keras2"):
            site.note(f"the metric {name!r} is gone")


def _loss(name: str, arguments: Arguments, site: Site) -> None:
    then = old_losses.FUNCTIONS.get(name)
    if then is None:
        return
    if name in ("cosine_proximity", "cosine"):
        if dialect.current().before("keras2"):
            site.note("the loss cosine_proximity was divided by the number of outputs; cosine_similarity isn't")
        _rename(arguments, "cosine_similarity")
    elif then.__module__ != old_losses.__name__:
        if name == "logcosh" or name == "kullback_leibler_divergence":
            _rename(arguments, then.__name__)
    elif then.__doc__:
        today = "; today it is computed from the logits" if name.endswith("crossentropy") else ""
        site.note(f"{name} of that era: {then.__doc__.strip().splitlines()[0]}{today}")


def _rename(arguments: Arguments, name: str) -> None:
    node = arguments["loss"].value
    mark = node.quote if isinstance(node, cst.SimpleString) else '"'
    arguments.set("loss", f"{mark}{name}{mark}")


# Predicting ----------------------------------------------------------------------------------------------------------


def _predict(call: cst.Call, original: cst.Call, site: Site) -> cst.BaseExpression:
    """`predict_proba` is `predict`, and `predict_classes` what is largest, or above 1/2, in it."""
    assert isinstance(original.func, cst.Attribute)
    assert isinstance(call.func, cst.Attribute)
    name, receiver = call.func.attr.value, code(original.func.value)
    if name in site.program.methods or (name == "predict_proba" and receiver not in site.program.models):
        return call
    predict = call.with_changes(func=call.func.with_changes(attr=cst.Name("predict")))
    if name == "predict_proba":
        return predict
    units = site.program.units[-1] if site.program.units else None
    if units == 1:
        return cst.parse_expression(f'({code(predict)} > 0.5).astype("int32")')
    if units is None:
        site.note("predict_classes of a single output unit was (model.predict(x) > 0.5): it is taken for several here")
    classes = cst.Attribute(predict, cst.Name("argmax"))
    return cst.Call(classes, [cst.Arg(cst.parse_expression("-1"))])
