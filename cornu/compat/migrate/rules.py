"""What isn't renaming: arguments that depend on each other, and calls that are other calls today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from cornu.compat import dialect, values
from cornu.compat.migrate import names
from cornu.compat.migrate.calls import Arguments, code, literal, quoted, translate, written
from cornu.compat.migrate.names import Meaning
from cornu.compat.migrate.program import Program
from cornu.compat.old import optimizers as old_optimizers


@dataclass(frozen=True)
class Site:
    """The place of a call in a program.

    Args:
        program: the facts about it.
        note: takes what couldn't be rewritten there.
        refer: gives the expression for a path of today's Keras, and sees to its import.
        put_input: puts `Input(batch_shape=...)` before the layer, and gives whether there is a place for it.
        leads: whether the call is the layer of an `add` or stands in a list: a Sequential may begin with it.
    """

    program: Program
    note: Callable[[str], None]
    refer: Callable[[str], str]
    put_input: Callable[[cst.BaseExpression], bool]
    leads: bool = False


def finish(found: Meaning, arguments: Arguments, site: Site) -> None:
    """Changes what concerns several arguments together; the same as `values.finish` does for a run."""
    family, _, name = found.path.rpartition(".")
    if family == "layers":
        _layer(name, arguments, site)
    if family == "optimizers":
        _optimizer(name, arguments, site)
    if name == "ModelCheckpoint":
        _checkpoint(arguments, site)


# Layers --------------------------------------------------------------------------------------------------------------


def _layer(name: str, arguments: Arguments, site: Site) -> None:
    if name == "Conv2D":
        _kernel(arguments)
    if name == "Embedding":
        _embedding(arguments, site)
    elif name in values.SEQUENCES and "input_dim" in arguments:
        length = arguments.pop("input_length")
        size = code(arguments["input_dim"].value)
        arguments.set("input_shape", f"({code(length.value) if length else None}, {size})", instead_of="input_dim")
    if name not in ("Input", "InputLayer") and "batch_shape" in arguments:
        _batch_shape(arguments, site)
    _only_then(name, arguments, site)


def _embedding(arguments: Arguments, site: Site) -> None:
    """The length of the sequences, which today is an ordinary shape; a Sequential that begins with it is built."""
    length = arguments["input_length"].value if "input_length" in arguments else None
    if length is not None:
        shape = code(length) if isinstance(literal(length), tuple) else f"({code(length)},)"
        arguments.set("input_shape", shape, instead_of="input_length")
    elif site.leads and dialect.current().before("keras3") and not _has_shape(arguments):
        arguments.set("input_shape", "(None,)")


def _has_shape(arguments: Arguments) -> bool:
    return "input_shape" in arguments or "batch_shape" in arguments


def _only_then(name: str, arguments: Arguments, site: Site) -> None:
    """Arguments that are gone, where they say something."""
    gone = {"BatchNormalization": "mode", "Embedding": "dropout"}.get(name, "weights")
    if gone not in arguments or name == "Bidirectional":
        return
    if _is_nothing(arguments[gone].value):
        arguments.pop(gone)
    else:
        instead = ": call set_weights of the layer once it is built" if gone == "weights" else ""
        site.note(f"{name}({gone}=...) is gone{instead}; cornu has it still")


def _is_nothing(node: cst.BaseExpression) -> bool:
    return code(node) in ("None", "0", "0.0", "0.")


def _kernel(arguments: Arguments) -> None:
    """Keras 2 took `Conv2D(32, 3, 3)` for a kernel of 3 by 3, as Keras 1 had it."""
    both = [n for n in ("kernel_size", "strides") if n in arguments and arguments[n].by_position]
    if (
        dialect.current().era == "keras2"
        and len(both) == 2
        and all(isinstance(arguments.literal(n), int) for n in both)
    ):
        rows, columns = (code(arguments[n].value) for n in both)
        arguments.pop("strides")
        arguments.set("kernel_size", f"({rows}, {columns})")


def _batch_shape(arguments: Arguments, site: Site) -> None:
    if site.put_input(arguments["batch_shape"].value):
        arguments.pop("batch_shape")
    else:
        site.note("batch_shape=... of a layer is cornu's own: Keras 3 takes it in Input(batch_shape=...)")


# Optimizers ----------------------------------------------------------------------------------------------------------


def _optimizer(name: str, arguments: Arguments, site: Site) -> None:
    if "epsilon" in arguments and code(arguments["epsilon"].value) == "None":
        arguments.pop("epsilon")
    if "clipnorm" in arguments and dialect.current().before("tf.keras"):
        arguments.set("global_clipnorm", arguments["clipnorm"].value, instead_of="clipnorm")
    if "schedule_decay" in arguments:
        arguments.pop("schedule_decay")
    decay = arguments["decay"].value if "decay" in arguments else None
    if decay is None:
        return
    if _is_nothing(decay):
        arguments.pop("decay")
    elif site.program.sets_rate:
        site.note(
            "decay=... is a schedule today, which can't stand beside a learning rate that is read or set; "
            "cornu takes decay=... still"
        )
    elif not arguments.open:
        rate = arguments["learning_rate"].value if "learning_rate" in arguments else _rate(name)
        arguments.pop("decay")
        schedule = f"{site.refer('optimizers.schedules.InverseTimeDecay')}({code(rate)}, 1, {code(decay)})"
        arguments.set("learning_rate", schedule)


def _rate(name: str) -> cst.BaseExpression:
    _, rate = old_optimizers.RATES.get(name.lower(), (None, 0.001))
    return cst.parse_expression(repr(rate))


def optimizer_by_name(node: cst.BaseExpression, site: Site) -> cst.BaseExpression:
    """An optimizer's name, as the call that makes it with the era's defaults where these differ from today's."""
    name = literal(node)
    if not isinstance(name, str) or not dialect.current().before("tf.keras"):
        return node
    found = names.meaning(f"keras.optimizers.{old_optimizers.RATES[name.lower()][0].__name__}") \
        if name.lower() in old_optimizers.RATES else None  # fmt: skip
    if found is None:
        return node
    arguments = translate(cst.Call(cst.Name("_")), found, site.note)
    if words := names.otherwise(found):
        site.note(f"{name} of that era: {words}")
    if not arguments.items:
        return node
    made = cst.Call(cst.parse_expression(site.refer(found.path)))
    return made.with_changes(args=written(made, arguments))


# Callbacks -----------------------------------------------------------------------------------------------------------


def _checkpoint(arguments: Arguments, site: Site) -> None:
    period = arguments.literal("period")
    if period == 1:
        arguments.pop("period")
    elif "period" in arguments:
        site.note("ModelCheckpoint(period=...) is gone: save_freq counts batches")
    path = arguments.literal("filepath")
    weights = arguments.literal("save_weights_only", False)
    ending = ".weights.h5" if weights else ".keras"
    if isinstance(path, str) and not path.endswith((ending,) if weights else (".keras", ".h5")):
        site.note(f"ModelCheckpoint writes files that end in {ending} today: rename {path!r} wherever it is named")


# Calls that are others -----------------------------------------------------------------------------------------------

_MERGED = {"sum": "add", "ave": "average", "mul": "multiply", "max": "maximum", "concat": "concatenate", "dot": "dot",
           "cos": "dot"}  # fmt: skip


def replaced(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    """The call of today for one of a class or function that is gone; None where there is none."""
    rule = REPLACED.get(found.key)
    return rule(found, call, site) if rule is not None else None


def _merge(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    """`merge([a, b], mode="concat")`, and `Merge(mode="concat")` without layers."""
    arguments = translate(call, found, site.note)
    is_layer = found.key.endswith("Merge")
    layers = arguments.pop("layers") if is_layer else None
    mode = arguments.literal("mode", "sum")
    if mode not in _MERGED or arguments.open or (layers is not None and code(layers.value) != "None"):
        what = "Merge([layers]) at the beginning of a Sequential" if layers else f"{found.path} with a function as mode"
        site.note(f"{what} can't be rewritten: use the functional API")
        return None
    axes = _axes(arguments, mode)
    for name in ("mode", "concat_axis", "dot_axes", "output_shape", "node_indices", "tensor_indices"):
        arguments.pop(name)
    for name, value in axes.items():
        arguments.set(name, value)
    arguments.positions = ["axes"] if is_layer and mode in ("dot", "cos") else [] if is_layer else ["inputs"]
    name = _MERGED[mode]
    target = "layers." + (name.capitalize() if is_layer else name)
    made = call.with_changes(func=cst.parse_expression(site.refer(target)))
    return made.with_changes(args=written(call, arguments))


def _axes(arguments: Arguments, mode: str) -> dict[str, str]:
    if mode == "concat":
        return {"axis": code(arguments["concat_axis"].value)} if "concat_axis" in arguments else {}
    if mode not in ("dot", "cos"):
        return {}
    axes = arguments.literal("dot_axes", -1)
    if isinstance(axes, (list, tuple)):
        axes = tuple(a[0] if isinstance(a, (list, tuple)) and len(a) == 1 else a for a in axes)
    text = repr(axes) if axes is not None else code(arguments["dot_axes"].value)
    return {"axes": text, **({"normalize": "True"} if mode == "cos" else {})}


def _on_one_device(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    return call.args[0].value if call.args and not call.args[0].star else None


def _dense_of_times(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    """`TimeDistributedDense(n)`, which is `TimeDistributed(Dense(n))`."""
    arguments = translate(call, found, site.note)
    _layer("TimeDistributedDense", arguments, site)
    outer = [item for item in arguments.items if item.name in ("input_shape", "name", "trainable")]
    arguments.items = [item for item in arguments.items if item not in outer]
    inner = cst.Call(cst.parse_expression(site.refer("layers.Dense")))
    inner = inner.with_changes(args=written(call, arguments))
    text = ", ".join([code(inner), *(f"{item.name}={code(item.value)}" for item in outer)])
    return cst.parse_expression(f"{site.refer('layers.TimeDistributed')}({text})")


def _order(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    """`K.set_image_dim_ordering("th")`."""
    args = [a.with_changes(keyword=None, value=order_of_axes(a.value)) for a in call.args]
    return call.with_changes(args=args)


def _rate_set(found: Meaning, call: cst.Call, site: Site) -> cst.BaseExpression | None:
    """`K.set_value(optimizer.lr, 0.1)` and `K.get_value(optimizer.lr)`."""
    given = [code(a.value) for a in call.args if not a.keyword and not a.star]
    sets = found.key.endswith("set_value")
    if len(given) != len(call.args) or len(given) != 1 + sets or not given[0].endswith(".learning_rate"):
        site.note(f"{found.path} is gone; cornu has it still")
        return None
    return cst.parse_expression(f"{given[0]}.assign({given[1]})" if sets else f"float({given[0]})")


def order_of_axes(node: cst.BaseExpression) -> cst.BaseExpression:
    """Keras 1's "th" and "tf" as today's names of these orders."""
    known = literal(node)
    wanted = values.VALUES["dim_ordering"].get(known) if isinstance(known, str) else None
    return quoted(wanted, node) if wanted else node


REPLACED: dict[str, Callable[[Meaning, cst.Call, Site], cst.BaseExpression | None]] = {
    "layers.merge": _merge,
    "layers.Merge": _merge,
    "utils.multi_gpu_model": _on_one_device,
    "layers.TimeDistributedDense": _dense_of_times,
    "backend.set_image_dim_ordering": _order,
    "backend.set_value": _rate_set,
    "backend.get_value": _rate_set,
}
"""By the tables' keys: what is called for them today, or None."""
