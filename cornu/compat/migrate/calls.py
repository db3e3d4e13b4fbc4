"""The arguments of a call, from an era's spelling to today's: what `spelling.translate` does, done to a text."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from cornu.compat import dialect, spelling, values
from cornu.compat.migrate.names import REPLACED, STILL, Meaning, formerly
from cornu.compat.tables.modules import NAMES
from cornu.compat.tables.rows import Call, Word
from cornu.layers.layer import Layer

Note = Callable[[str], None]
_missing = object()

HARD_SIGMOID = "hard_sigmoid: its slope was 1/5 and is 1/6 today; its numbers differ"
LEFT_OUT = "the default of recurrent_activation was hard_sigmoid, with a slope of 1/5; today it is sigmoid"
ACTIVITY = "activity_regularizer was summed over the batch; today it is the mean over the samples"


@dataclass
class Argument:
    """One argument in today's spelling.

    Args:
        name: today's name; "" for what is handed on as it stands, `*args` and `**kwargs`.
        value: the expression.
        node: the argument of the program whose layout it takes; None for a new one.
        by_position: whether it was given by position.
    """

    name: str
    value: cst.BaseExpression
    node: cst.Arg | None = None
    by_position: bool = False


@dataclass
class Arguments:
    """The arguments of a call in their order, and what became of them."""

    items: list[Argument]
    note: Note
    changed: bool = False
    positions: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return any(item.name == name for item in self.items)

    def __getitem__(self, name: str) -> Argument:
        return next(item for item in self.items if item.name == name)

    def pop(self, name: str) -> Argument | None:
        """Takes an argument away; None where there is none of this name."""
        found = next((item for item in self.items if item.name == name), None)
        if found is not None:
            self.items.remove(found)
            self.changed = True
        return found

    def set(self, name: str, value: cst.BaseExpression | str, instead_of: str = "") -> None:
        """Gives an argument a value, in the place of another one or at the end."""
        value = cst.parse_expression(value) if isinstance(value, str) else value
        self.changed = True
        for i, item in enumerate(self.items):
            if item.name in (name, instead_of):
                self.items[i] = replace(item, name=name, value=value)
                return
        end = next((i for i, item in enumerate(self.items) if item.node and item.node.star == "**"), len(self.items))
        self.items.insert(end, Argument(name, value))

    def literal(self, name: str, default: Any = None) -> Any:
        """The value of an argument that is written out; None for an expression."""
        return literal(self[name].value) if name in self else default

    @property
    def open(self) -> bool:
        """Whether arguments are handed on that nobody sees here."""
        return any(not item.name for item in self.items)


def literal(node: cst.BaseExpression) -> Any:
    """The value of an expression that is written out, else None."""
    try:
        return ast.literal_eval(code(node))
    except (ValueError, SyntaxError):
        return None


def code(node: cst.CSTNode) -> str:
    """The text of a part of a program."""
    return cst.Module([]).code_for_node(node)


def translate(call: cst.Call, found: Meaning, note: Note) -> Arguments:
    """The arguments of a call of a class, function or method, by the tables of the era in force."""
    row = _row(found)
    order, today = spelling.order_of(row, found.thing), spelling.positions_of(found.thing)
    if found.key.startswith("Model."):
        order, today = (names[names[:1] == ["self"] :] for names in (order, today))
    is_layer = isinstance(found.thing, type) and issubclass(found.thing, Layer)
    words = {**spelling.renamed(found.key, is_layer), **spelling.renamed(found.path, is_layer), **row.words_of}
    result = Arguments([], note, positions=today or [word.new for word in row.order])
    _rename(result, list(_given(call, order)), words, _what(found))
    add_defaults(found, result)
    return result


def _row(found: Meaning) -> Call:
    if found.key in REPLACED and (old := formerly(found.key)) is not None:
        return Call(" ".join(spelling.positions_of(old)), defaults=_FIXED.get(found.key, {}))
    return spelling.row(found.key, found.known) or spelling.row(found.path, found.known) or Call()


_FIXED: dict[str, dict[str, Any]] = {
    "layers.CuDNNLSTM": {"recurrent_activation": "sigmoid"},
    "layers.CuDNNGRU": {"recurrent_activation": "sigmoid", "reset_after": True},
}
"""What the layers for cuDNN had no choice of: written out, since the plain layers had other defaults beside them."""


def add_defaults(found: Meaning, arguments: Arguments) -> None:
    """Adds the values that the era gave to arguments left out, where today's are different."""
    for name, value in _row(found).defaults.items():
        if (found.key in REPLACED or value != _default(found.thing, name)) and name not in arguments:
            _default_of_then(arguments, name, value)


def _what(found: Meaning) -> str:
    return found.path.rpartition(".")[2]


def _given(call: cst.Call, order: list[str]) -> Iterator[tuple[str, cst.Arg]]:
    """The arguments by their old names; "" for what isn't seen: `*args`, `**kwargs` and what follows by position."""
    names: Iterator[str] = iter(order)
    for argument in call.args:
        if argument.star:
            names = iter(()) if argument.star == "*" else names
            yield "", argument
        else:
            yield argument.keyword.value if argument.keyword else next(names, ""), argument


def _rename(result: Arguments, given: list[tuple[str, cst.Arg]], words: dict[str, Word], what: str) -> None:
    by_name = {name: argument for name, argument in given if name}
    for name, argument in given:
        word = words.get(name, Word((name,), name))
        by_position = argument.keyword is None
        if not name:
            result.items.append(Argument("", argument.value, argument, by_position))
        elif not word.new:
            _drop(result, what, name, argument)
        elif len(word.old) > 1:
            if word.new not in result:
                _together(result, word, by_name, argument)
            result.changed = True
        else:
            value = _value(result, name, word.new, argument.value)
            result.changed |= value is not argument.value or (name != word.new and not by_position)
            if value is not None:
                result.items.append(Argument(word.new, value, argument, by_position))


def _drop(result: Arguments, what: str, name: str, argument: cst.Arg) -> None:
    if name in values.REFUSED and code(argument.value) != "None":
        result.note(f"{what}({name}=...) asks for {values.REFUSED[name]}, which isn't to be had")
        result.items.append(Argument(name, argument.value, argument))
    else:
        result.changed = True


def _together(result: Arguments, word: Word, by_name: dict[str, cst.Arg], argument: cst.Arg) -> None:
    missing = [old for old in word.old if old not in by_name]
    if missing:
        result.note(f"argument {missing[0]} is missing, so that {word.new} isn't known")
        return
    sizes = cst.Tuple([cst.Element(by_name[old].value) for old in word.old])
    last = by_name[word.old[-1]]
    node = argument.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    result.items.append(Argument(word.new, sizes, node, argument.keyword is None))


def _value(result: Arguments, old: str, new: str, value: cst.BaseExpression) -> cst.BaseExpression | None:
    """Today's value of an argument; None where it is left out."""
    known = literal(value)
    table = values.VALUES.get(old, {})
    if isinstance(known, (str, bool)) and known in table:
        wanted = table[known]
        return None if wanted is None else quoted(wanted, value)
    if old in values.VALUES and known is None and not code(value).endswith(("None", "image_data_format()")):
        result.note(f"{old}={code(value)}: today's {new} takes {', '.join(map(repr, table.values()))}")
    family = f"{new.rpartition('_')[2]}s"
    renamed = NAMES[family] if family in ("constraints", "regularizers") else {}
    if isinstance(known, str) and known in renamed and known not in STILL:
        return quoted(renamed[known].rpartition(".")[2], value)
    if known == "hard_sigmoid" and "activation" in new and dialect.current().before("keras3"):
        result.note(HARD_SIGMOID)
    if new == "activity_regularizer" and code(value) != "None" and dialect.current().before("tf.keras"):
        result.note(ACTIVITY)
    return value


def quoted(value: Any, like: cst.BaseExpression | None = None) -> cst.BaseExpression:
    """A value as an expression; a text in the quotation marks of another one."""
    mark = like.quote if isinstance(like, cst.SimpleString) else '"'
    number = repr(value).replace("e-0", "e-")
    return cst.parse_expression(f"{mark}{value}{mark}" if isinstance(value, str) else number)


def _default(thing: Any, name: str) -> Any:
    target = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
    parameter = inspect.signature(target).parameters.get(name)
    return _missing if parameter is None else parameter.default


def _default_of_then(result: Arguments, name: str, value: Any) -> None:
    if value == "hard_sigmoid":
        result.note(LEFT_OUT)
    elif not any(item.node and item.node.star == "**" for item in result.items):
        result.set(name, quoted(value))


def written(call: cst.Call, arguments: Arguments) -> list[cst.Arg]:
    """The arguments as they are written: by position where they were and may still be, commas and lines as before."""
    if not arguments.changed and _stay(arguments):
        return list(call.args)
    result: list[cst.Arg] = []
    by_position = True
    for i, item in enumerate(arguments.items):
        star = item.node.star if item.node else ""
        by_position &= item.by_position and (not item.name or item.name == _at(arguments.positions, i))
        keyword = cst.Name(item.name) if item.name and not by_position else None
        node = item.node or cst.Arg(item.value)
        equal = cst.MaybeSentinel.DEFAULT
        if keyword is not None:
            plain = cst.SimpleWhitespace("")
            equal = node.equal if node.keyword else cst.AssignEqual(plain, plain)  # type: ignore[assignment]
        result.append(node.with_changes(value=item.value, keyword=keyword, equal=equal, star=star))
    return _with_commas(call, result)


def _stay(arguments: Arguments) -> bool:
    """Whether what is given by position may stay where it is."""
    given = [item for item in arguments.items if item.by_position]
    return all(not item.name or item.name == _at(arguments.positions, i) for i, item in enumerate(given))


def _at(names: list[str], index: int) -> str:
    return names[index] if index < len(names) else ""


def _with_commas(call: cst.Call, arguments: list[cst.Arg]) -> list[cst.Arg]:
    if not arguments or not call.args:
        return arguments
    last, first = call.args[-1], call.args[0]
    between = first.comma if len(call.args) > 1 and isinstance(first.comma, cst.Comma) else cst.MaybeSentinel.DEFAULT
    apart = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    result = []
    for i, argument in enumerate(arguments):
        if i == len(arguments) - 1:
            changes = {"comma": last.comma, "whitespace_after_arg": last.whitespace_after_arg}
        elif not isinstance(argument.comma, cst.Comma) or argument.comma is last.comma:
            changes = {"comma": between if isinstance(between, cst.Comma) else apart,
                       "whitespace_after_arg": cst.SimpleWhitespace("")}  # fmt: skip
        else:
            changes = {}
        result.append(argument.with_changes(**changes))
    return result
