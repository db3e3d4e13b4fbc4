"""The config of a graph of layers, in Keras 3's form, and the graph of a config.

A call of a function of `cornu.ops` is written as the operation that Keras makes of it: a class in CamelCase, with those
arguments as its config that are no operands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cornu import registry, tree
from cornu.errors import brief, explain
from cornu.layers.core import InputLayer
from cornu.layers.layer import Layer
from cornu.models.keras_operations import class_name, module_name, operands
from cornu.symbolic import KerasTensor, Node, has_symbolic

# A model's config ----------------------------------------------------------------------------------------------------


def graph_config(model: Any) -> dict:
    """The layers and operations of a functional model with their calls, its inputs and its outputs."""
    places = _Places(model)
    return {
        "layers": [places.entry(operation, nodes) for operation, nodes in places.calls],
        "input_layers": tree.map(places.end, model.input),
        "output_layers": tree.map(places.end, model.output),
    }


class _Places:
    """Each layer and operation with its calls in the graph; for each tensor, of which call it is which output."""

    def __init__(self, model: Any) -> None:
        inputs = [tensor.node for tensor in model.inputs if tensor.node is not None and not tensor.node.inputs]
        nodes = sorted({id(n): n for n in (*inputs, *model.nodes)}.values(), key=lambda node: node.order)
        self.calls: list[tuple[Any, list[Node]]] = []
        for owner in model._operations:
            own = [owner] if isinstance(owner, Node) else [node for node in nodes if node.operation is owner]
            self.calls.append((own[0].operation, own))
        self._numbers = {id(node): number for _, own in self.calls for number, node in enumerate(own)}

    def of(self, tensor: KerasTensor) -> list:
        """[name, number of the call, number of the output]."""
        return [tensor.node.name, self._numbers[id(tensor.node)], tensor.index]

    def end(self, tensor: KerasTensor) -> list:
        """The same for an input or output of the graph, where Keras counts a nested graph's own making as a call."""
        name, number, index = self.of(tensor)
        return [name, number + _is_graph(tensor.node.operation), index]

    def entry(self, operation: Any, nodes: list[Node]) -> dict:
        """A layer or operation, and its calls."""
        is_layer = isinstance(operation, Layer)
        made = registry.serialize(operation) if is_layer else _operation_entry(operation, nodes[0])
        calls = [self._call(n.args, n.kwargs) if is_layer else self._call(*_operands(n)) for n in nodes if n.inputs]
        return {**made, "name": nodes[0].name, "inbound_nodes": calls}

    def _call(self, args: Any, kwargs: Any) -> dict:
        return {"args": self._data(list(args)), "kwargs": self._data(kwargs)}

    def _data(self, value: Any) -> Any:
        if isinstance(value, KerasTensor):
            config = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": self.of(value)}
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(value, (list, tuple)):
            return [self._data(item) for item in value]
        if isinstance(value, dict):
            return {name: self._data(item) for name, item in value.items()}
        return registry.serialize(value)


def _is_graph(operation: Any) -> bool:
    return hasattr(operation, "_inputs_struct")


def _arguments(node: Node) -> dict[str, Any]:
    """The arguments of an operation's call by name, defaults included."""
    bound = inspect.signature(inspect.unwrap(node.operation)).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    keywords = [n for n, p in _parameters(node.operation).items() if p.kind is inspect.Parameter.VAR_KEYWORD]
    further = {k: v for name in keywords for k, v in bound.arguments[name].items()}
    return {**{name: value for name, value in bound.arguments.items() if name not in keywords}, **further}


def _operands(node: Node) -> tuple[list, dict]:
    """What Keras hands to the operation's call."""
    arguments, positional = _arguments(node), list[Any]()
    for name in operands(node.operation):
        several = _parameters(node.operation)[name].kind is inspect.Parameter.VAR_POSITIONAL
        positional += arguments[name] if several else [arguments[name]]
    return positional, {}


def _parameters(operation: Callable) -> Any:
    return inspect.signature(inspect.unwrap(operation)).parameters


def _operation_entry(operation: Callable, node: Node) -> dict:
    name, called = class_name(operation.__name__), operands(operation)
    own = {key: registry.serialize(value) for key, value in _arguments(node).items() if key not in called}
    module = module_name(operation.__name__)
    return {"module": module, "class_name": name, "config": {"name": node.name, **own}, "registered_name": name}


# A config's model ----------------------------------------------------------------------------------------------------


def graph_from_config(config: dict) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a graph's config.

    Raises ValueError for a config whose calls need one another in a circle, or name what isn't there.
    """
    made = _Made()
    waiting = [(entry["name"], call) for entry in config["layers"] for call in made.add(entry)]
    while waiting:
        later = [(name, call) for name, call in waiting if not made.call(name, call)]
        if len(later) == len(waiting):
            raise ValueError(explain("A graph's config is broken: calls wait for each other.", got=later[0][0]))
        waiting = later
    return made.tensors(config["input_layers"]), made.tensors(config["output_layers"])


class _Made:
    """The layers and operations of a config, and the outputs of their calls so far."""

    def __init__(self) -> None:
        self._operations: dict[str, Callable] = {}
        self._results: dict[str, list[list[KerasTensor]]] = {}

    def add(self, entry: dict) -> list[tuple[int, dict]]:
        """Makes a layer or operation; gives its calls, numbered."""
        name = entry["name"]
        if name in self._operations:
            raise ValueError(explain("A graph's config is broken: a name comes twice.", got=name))
        operation: Any = _deserialize_entry(entry)
        self._operations[name] = operation
        self._results[name] = [operation._nodes[0].outputs] if isinstance(operation, InputLayer) else []
        return list(enumerate(entry["inbound_nodes"]))

    def call(self, name: str, numbered: tuple[int, dict]) -> bool:
        """Carries out a call if its operands are there, and the calls before it are done; says whether it did."""
        number, call = numbered
        if number != len(self._results[name]):
            return False
        try:
            args, kwargs = self._value(call["args"]), self._value(call["kwargs"])
        except _NotYet:
            return False
        if not has_symbolic(args, kwargs):  # or it would compute, and allocate, whatever the file asks for
            raise ValueError(explain(f"A graph's config is broken: {name!r} is called on no tensor.", got=brief(args)))
        outputs = self._operations[name](*args, **kwargs)
        self._name(name, outputs)
        self._results[name].append([t for t in tree.flatten(outputs) if isinstance(t, KerasTensor)])
        return True

    def _name(self, name: str, outputs: Any) -> None:
        """Gives an operation's call the name that it has in the config; layers have theirs already."""
        if isinstance(self._operations[name], _Bound):
            for tensor in tree.flatten(outputs):
                tensor.node.name = name

    def _value(self, data: Any) -> Any:
        if registry.is_config(data) and data["class_name"] == "__keras_tensor__":
            return self.tensor(*data["config"]["keras_history"])
        if registry.is_config(data):
            return registry.deserialize(data)
        if isinstance(data, dict):
            return {key: self._value(value) for key, value in data.items()}
        return [self._value(value) for value in data] if isinstance(data, list) else data

    def tensor(self, name: str, call: int, output: int) -> KerasTensor:
        """An output of a call; raises _NotYet before that was carried out."""
        if name not in self._results:
            raise ValueError(explain(f"A graph's config is broken: there is no layer {name!r}.", got=name))
        if not 0 <= call < len(self._results[name]):
            raise _NotYet
        return self._results[name][call][output]

    def tensors(self, data: Any) -> Any:
        """A structure of tensors from one of their places."""
        if isinstance(data, dict):
            return {key: self.tensors(value) for key, value in data.items()}
        if len(data) == 3 and isinstance(data[0], str):
            name, call, output = data
            try:
                return self.tensor(name, call - _is_graph(self._operations.get(name)), output)
            except _NotYet:
                raise ValueError(explain("A graph's config is broken: an end is missing.", got=brief(data))) from None
        return [self.tensors(value) for value in data]


class _NotYet(Exception):
    """An operand isn't there yet."""


def _deserialize_entry(entry: dict) -> Callable:
    """A layer, or a function of `cornu.ops` with the arguments that belong to the operation."""
    if registry.kind_of_module(entry.get("module")) != "operation":
        plain = {key: value for key, value in entry.items() if key not in ("name", "inbound_nodes")}
        return registry.deserialize(plain, kind="layer")
    function = _operation_named(str(entry["class_name"]))
    known = set(_parameters(function))
    of_all = {"name", "dtype", "trainable"} - known
    own = {key: registry.deserialize(value) for key, value in entry["config"].items() if key not in of_all}
    unknown = set(own) - known
    if unknown:
        raise ValueError(explain(f"The operation {entry['class_name']!r} has no such argument.", got=sorted(unknown)))
    return _Bound(function, own)


def _operation_named(wanted: str) -> Callable:
    found = {class_name(name): registry.lookup("operation", name) for name in registry.names("operation")}
    if wanted not in found:
        registry.lookup("operation", wanted)
    return found[wanted]


class _Bound:
    """An operation with its own arguments; called on its operands, in Keras's order."""

    def __init__(self, function: Callable, own: dict[str, Any]) -> None:
        self._function, self._own = function, own

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        signature = inspect.signature(inspect.unwrap(self._function))
        names = operands(self._function)
        several = [n for n in names if signature.parameters[n].kind is inspect.Parameter.VAR_POSITIONAL]
        if not several and len(args) > len(names):
            name = inspect.unwrap(self._function).__name__
            raise ValueError(explain(f"{name} got too many arguments.", expected=names, got=f"{len(args)}"))
        given = {several[0]: args} if several else dict(zip(names, args, strict=False))
        if isinstance(given.get("key"), list):  # JSON has no tuples
            given["key"] = tuple(given["key"])
        bound = signature.bind_partial()
        known = {**given, **self._own, **kwargs}
        bound.arguments.update({name: known[name] for name in signature.parameters if name in known})
        return self._function(*bound.args, **bound.kwargs)
