"""For which era a program was written: inferred from its text, before it runs."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cornu.compat.dialect import Dialect
from cornu.compat.tables.features import (
    ATTRIBUTES,
    BEFORE_KERAS3,
    ENDINGS,
    EVER,
    IMPORTS,
    KEYWORDS,
    LAYER_KEYWORDS,
    SINCE_KERAS2,
)

_TF_ROOTS = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow.contrib.keras", "tf_keras")
_SHARED = {"keras1": (BEFORE_KERAS3,), "keras2": (SINCE_KERAS2, BEFORE_KERAS3)}
"""Eras, and what they share with a neighbor."""

_CHANNELS = ("channel", "depth", "n_ch", "nb_ch")


class Sign(NamedTuple):
    """Something in a program that speaks for an era: how much, what, in which line."""

    era: str
    weight: int
    what: str
    line: int


def infer(source: str, era: str | None = None) -> Dialect:
    r"""The dialect of a program's text. `era` is taken for granted where it is given.

    >>> infer("from keras.models import Sequential\nmodel.fit(x, y, nb_epoch=3)").era
    'keras1'
    >>> infer("import tensorflow as tf\nmodel = tf.keras.Sequential()").era
    'tf.keras'
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Dialect(era or "keras3")
    signs = list(_signs(tree))
    scores: dict[str, int] = defaultdict(int)
    for sign in signs:
        scores[sign.era] += sign.weight
    found = era or _choose(scores, tree)
    telling = (found, *_SHARED.get(found, ()))
    strongest = sorted((s for s in signs if s.era in telling), key=lambda s: (-s.weight, s.line))
    reasons = tuple(dict.fromkeys(f"{s.what} in line {s.line}" for s in strongest))[:3]
    return Dialect(found, _accuracy(tree, found), _image_data_format(tree, found), reasons)


def parses(source: str) -> bool:
    """Whether a text is Python."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _choose(scores: dict[str, int], tree: ast.AST) -> str:
    if scores["tf.keras"] and not any(name.startswith("keras.") for name, _ in _imported(tree)):
        return "tf.keras"
    if not any(scores.values()):
        return "keras3"
    since, before, ever = (scores.pop(name, 0) for name in (SINCE_KERAS2, BEFORE_KERAS3, EVER))
    scores["keras2"] += before
    scores["keras1"] += before + ever
    scores["keras3" if scores["keras3"] > scores["keras2"] else "keras2"] += since + ever
    return max(("keras3", "tf.keras", "keras2", "keras1"), key=lambda era: scores[era])


def _signs(tree: ast.AST) -> Iterator[Sign]:
    for name, line in _imported(tree):
        if name.startswith(_TF_ROOTS):
            yield Sign("tf.keras", 3, name, line)
        for era, table in IMPORTS.items():
            for prefix in _prefixes(name):
                if prefix in table:
                    yield Sign(era, table[prefix], prefix, line)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) not in own:  # its own classes' arguments are no Keras's
            yield from _call_signs(node)
        for era, table in ATTRIBUTES.items():
            name = _word(node)
            if name in table:
                yield Sign(era, table[name], name, node.lineno)  # type: ignore[attr-defined]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for era, table in ENDINGS.items():
                for ending in (ending for ending in table if node.value.endswith(ending)):
                    yield Sign(era, table[ending], repr(node.value), node.lineno)


def _call_signs(call: ast.Call) -> Iterator[Sign]:
    callee = _name(call.func)
    for keyword in call.keywords:
        for era, table in KEYWORDS.items():
            if keyword.arg in table:
                yield Sign(era, table[keyword.arg], f"{callee}({keyword.arg}=)", call.lineno)
        if keyword.arg in LAYER_KEYWORDS and callee[:1].isupper() and callee != "Embedding":
            yield Sign("keras1", LAYER_KEYWORDS[keyword.arg], f"{callee}({keyword.arg}=)", call.lineno)
        if callee == "Model" and keyword.arg in ("input", "output"):
            yield Sign("keras1", 2, f"Model({keyword.arg}=)", call.lineno)
    if callee in ("Convolution2D", "Deconvolution2D") and len(call.args) >= 3:
        yield Sign("keras1", 3, f"{callee}(filters, rows, columns)", call.lineno)


def _imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names that are imported, or that are attributes of an imported `keras` or `tf`, with their lines."""
    roots: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                roots[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                roots[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}", node.lineno
                if alias.name == "*":
                    yield from _called(tree, node.module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            head, _, rest = dotted.partition(".")
            if head in roots and roots[head].partition(".")[0] in ("keras", "tensorflow", "tf_keras"):
                yield f"{roots[head]}.{rest}", node.lineno


def _called(tree: ast.AST, module: str) -> Iterator[tuple[str, int]]:
    """The names that a program calls, as if each came from the module whose every name it imports."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    first = {node.func.id: node.lineno for node in reversed(calls) if isinstance(node.func, ast.Name)}
    yield from ((f"{module}.{name}", line) for name, line in first.items())


def _prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _word(node: ast.AST) -> str:
    if isinstance(node, (ast.Attribute, ast.Name)):
        return _name(node)
    if isinstance(node, ast.FunctionDef):
        return node.name
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _accuracy(tree: ast.AST, era: str) -> str:
    """Under which name "accuracy" reports: by the names that the program reads, else as the era had it."""
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    keys = {_constant(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    old = "acc" in keys or any("val_acc" in text and "val_accuracy" not in text for text in strings)
    new = "accuracy" in keys or any("val_accuracy" in text for text in strings)
    return ("acc" if old else "accuracy") if old != new else "acc" if era in ("keras1", "keras2") else "accuracy"


def _constant(node: ast.AST) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _image_data_format(tree: ast.AST, era: str) -> str:
    """Keras 1 could stand on either order: the shapes that a program writes tell which, else axes of channels.

    Where the program asks for the order, its axes follow it, and tell nothing.
    """
    if era != "keras1":
        return "channels_last"
    votes = {"channels_first": 0, "channels_last": 0}
    asks = any(_name(node.func) == "image_dim_ordering" for node in ast.walk(tree) if isinstance(node, ast.Call))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for sizes in _image_shapes(node):
                first, last = _is_channels(sizes[0]), _is_channels(sizes[-1])
                if first != last:
                    votes["channels_first" if first else "channels_last"] += 3
            for axis in () if asks else _channel_axes(node):
                votes["channels_first" if axis == 1 else "channels_last"] += 1
    return "channels_first" if votes["channels_first"] > votes["channels_last"] else "channels_last"


def _image_shapes(call: ast.Call) -> Iterator[list[ast.expr]]:
    """The three sizes of an image wherever a call is given them."""
    for keyword in call.keywords:
        if keyword.arg in ("input_shape", "shape", "batch_input_shape") and isinstance(keyword.value, ast.Tuple):
            sizes = keyword.value.elts[keyword.arg == "batch_input_shape" :]
            if len(sizes) == 3:
                yield sizes
    if (
        _name(call.func) == "Input"
        and call.args
        and isinstance(call.args[0], ast.Tuple)
        and len(call.args[0].elts) == 3
    ):
        yield call.args[0].elts
    if _name(call.func) == "reshape":
        arguments = call.args[0].elts if len(call.args) == 1 and isinstance(call.args[0], ast.Tuple) else call.args
        if len(arguments) == 4:
            yield list(arguments[1:])


def _channel_axes(call: ast.Call) -> Iterator[int]:
    """The axis of the channels, wherever a layer is told it."""
    wanted = {"BatchNormalization": "axis", "merge": "concat_axis", "Merge": "concat_axis"}.get(_name(call.func))
    for keyword in call.keywords:
        if keyword.arg == wanted and _constant(keyword.value) in (1, 3):
            yield keyword.value.value  # type: ignore[attr-defined]


def _is_channels(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in (1, 3)
    return any(part in _name(node).lower() for part in _CHANNELS)


def read(path: Path) -> str:
    """The text of a program and of the modules beside it that it imports."""
    texts, seen, waiting = [], set(), [path]
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        texts.append(_decode(file))
        waiting += [file.parent / f"{name.split('.')[0]}.py" for name in _imports_of(texts[-1])]
    return "\n".join(texts)


def _decode(file: Path) -> str:
    import tokenize

    try:
        with tokenize.open(file) as stream:
            return stream.read()
    except (SyntaxError, UnicodeDecodeError):
        return ""


def _imports_of(text: str) -> list[str]:
    try:
        return [name for name, _ in _imported(ast.parse(text))]
    except SyntaxError:
        return []
