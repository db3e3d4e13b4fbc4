"""Reads pickled data without being able to run code.

Some data sets are published as pickles: a language whose programs can call any function. This reader knows only its
data: numbers, strings, bytes, lists, tuples, dictionaries, and the few calls by which NumPy rebuilds an array, which
it does itself. To it a name is a text, compared with a short list; every other name, as every other operation of the
language, is refused. It imports nothing and calls nothing that a pickle names.

What comes out is bounded in size, too: a few bytes can make a pickle hold one list in itself a billion times over.
The operations and their arguments are documented in the standard library's `pickletools`.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from cornu.errors import brief, explain

LIMIT = 50_000_000
"""How many values a pickle may hold, where it refers to some of them more than once; each reference counts."""


class PickleError(ValueError):
    """A pickle that is damaged, or holds more than data."""


def loads(data: bytes, *, encoding: str = "bytes", limit: int = LIMIT) -> Any:
    r"""The data in a pickle of any protocol; one-dimensional arrays of objects come as lists.

    Args:
        data: the pickle.
        encoding: the encoding by which Python 2's strings become text; "bytes" leaves them as they are.
        limit: how many values it may hold if it refers to some of them more than once.

    Raises PickleError if it is damaged, holds anything but data, or is too large.

    >>> import pickle
    >>> loads(pickle.dumps({"labels": [1, 2, 3]}))
    {'labels': [1, 2, 3]}
    >>> loads(b"cos\nsystem\n(S'echo'\ntR.")
    Traceback (most recent call last):
    cornu.datasets.plain_pickle.PickleError: A pickle is refused: it names os.system...
    """
    reader = _Reader(data, encoding)
    try:
        value = reader.run()
    except PickleError:
        raise
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise PickleError(explain(f"A pickle is damaged near byte {reader.at}.", got=brief(error))) from error
    if reader.shares:
        _count(value, limit)
    return value


def _refusal(why: str) -> PickleError:
    return PickleError(explain(f"A pickle is refused: it {why}.", expected="numbers, strings, lists and arrays"))


def _count(value: Any, limit: int) -> None:
    """Refuses a value with more than `limit` parts, or with itself among its parts."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        limit -= 1
        if limit < 0:
            raise _refusal("refers to the same values too often")
        if type(part) in (list, tuple):
            waiting.extend(part)
        elif type(part) is dict:
            waiting.extend(part.values())


# NumPy's part of the language


class _Array:
    """An array between the call that makes it and the state that fills it."""


def _array(shape: Any, dtype: Any, order: str, content: Any) -> np.ndarray | list:
    if not isinstance(dtype, np.dtype) or not all(type(n) is int and n >= 0 for n in shape):
        raise _refusal("holds an array of an unknown form")
    if dtype.kind == "O":
        if type(content) is not list or tuple(shape) != (len(content),):
            raise _refusal("holds an array of objects that is no plain row")
        return content
    raw = content.encode("latin1") if isinstance(content, str) else content
    flat = np.frombuffer(raw, dtype) if len(raw) else np.empty(0, dtype)
    return flat.reshape(shape, order=order).copy()  # type: ignore[call-overload]


_PLAIN_DTYPE = re.compile(r"[biufcSU][0-9]{1,9}|O8?|\?")


def _dtype(kind: str | bytes, *_: Any) -> np.dtype:
    if not _PLAIN_DTYPE.fullmatch(_text(kind)):
        raise _refusal(f"holds an array of dtype {brief(kind)}")
    return np.dtype(_text(kind))


def _with_state(unfinished: Any, state: Any) -> Any:
    """What an array or dtype is after the state that a pickle gives it."""
    if isinstance(unfinished, np.dtype):
        _, order, *rest = state
        if rest[:3] != [None, None, None]:
            raise _refusal("holds an array of records")
        return unfinished.newbyteorder(_text(order))  # type: ignore[arg-type]
    if isinstance(unfinished, _Array):
        _, shape, dtype, in_columns, content = state
        return _array(shape, dtype, "F" if in_columns else "C", content)
    raise _refusal(f"sets the state of {brief(unfinished)}")


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


_CALLS: dict[str, Callable[..., Any] | None] = {
    "numpy.ndarray": None,  # only an argument of _reconstruct
    "numpy.dtype": _dtype,
    "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy.core.multiarray.scalar": lambda dtype, content: _array((1,), dtype, "C", content)[0],
    "numpy.core.numeric._frombuffer": lambda content, dtype, shape, order: _array(shape, dtype, order, content),
    "_codecs.encode": lambda text, encoding: text.encode({"latin1": "latin1"}[encoding]),  # bytes, in protocols 0-2
    "__builtin__.bytes": lambda: b"",
}
"""The names that a pickle may use, and what stands in for them."""


def _name(module: str, name: str) -> str:
    full = f"{module}.{name}".replace("numpy._core.", "numpy.core.")
    if full not in _CALLS:
        raise _refusal(f"names {brief(full)[1:-1]}")
    return full


# The machine: a stack, marks in it, and a memo of values by number


class _Integers(dict):
    """Short integers by their own opcode and bytes: a long list has few different ones."""

    def __missing__(self, code: bytes) -> int:
        value = self[code] = int.from_bytes(code[1:], "little", signed=code[:1] == b"J")
        return value


_INTEGER = re.compile(rb"K.|M..|J.{4}", re.DOTALL)
_INTEGERS = re.compile(rb"(?:K.|M..|J.{4}){1,10000}+", re.DOTALL)


class _Reader:
    def __init__(self, data: bytes, encoding: str) -> None:
        self.data, self.encoding, self.at = data, encoding, 0
        self.stack: list = []
        self.below: list[list] = []  # the stacks under each open mark
        self.memo: dict[int, Any] = {}
        self.shares = False  # whether some list, tuple or dictionary is referred to more than once
        self.unfinished: dict[int, list[int]] = {}  # memo numbers of arrays without a state yet

    def run(self) -> Any:
        integers = _Integers()
        while (code := self.take(1)) != b".":
            if code in (b"K", b"M", b"J"):
                run = _INTEGERS.match(self.data, self.at - 1)
                if run is None:
                    raise ValueError("it ends early")
                self.stack.extend(map(integers.__getitem__, _INTEGER.findall(run[0])))
                self.at = run.end()
            elif code in _OPERATIONS:
                _OPERATIONS[code](self)
            else:
                raise _refusal(f"uses the operation {code!r}")
        value = self.stack.pop()
        if self.stack or self.below or self.unfinished:
            raise ValueError("it ends in the middle of a value")
        return value

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if size < 0 or len(piece) < size:
            raise ValueError("it ends early")
        self.at += size
        return piece

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.at)
        piece, self.at = self.data[self.at : end], end + 1
        return piece

    def unpack(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list:
        values, self.stack = self.stack, self.below.pop()
        return values

    def last(self, count: int) -> list:
        if count > len(self.stack):
            raise ValueError("a value is missing")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def string(self, raw: bytes) -> str | bytes:
        return raw if self.encoding == "bytes" else raw.decode(self.encoding)

    def put(self, number: int) -> None:
        value = self.memo[number] = self.stack[-1]
        if isinstance(value, _Array):
            self.unfinished[id(value)].append(number)

    def get(self, number: int) -> None:
        value = self.memo[number]
        self.shares = self.shares or type(value) in (list, tuple, dict)
        self.push(value)

    def extend(self, values: list) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError("not a list")
        target.extend(values)

    def update(self, pairs: list) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(pairs) % 2:
            raise TypeError("not a dictionary")
        target.update(_dictionary(pairs))

    def call(self) -> None:
        name, arguments = self.last(2)
        function = _CALLS.get(name) if isinstance(name, str) else None
        if function is None or type(arguments) is not tuple:
            raise _refusal(f"calls {brief(name)}")
        value = function(*arguments)
        if isinstance(value, _Array):
            self.unfinished[id(value)] = []
        self.push(value)

    def build(self) -> None:
        unfinished, state = self.last(2)
        value = _with_state(unfinished, state)
        self.push(value)
        for number in self.unfinished.pop(id(unfinished), []):
            self.memo[number] = value


def _dictionary(pairs: list) -> dict:
    keys = pairs[::2]
    if not set(map(type, keys)) <= {str, bytes, int}:
        raise _refusal("holds a dictionary whose keys are no names")
    return dict(zip(keys, pairs[1::2], strict=True))


def _integer(raw: bytes) -> int | bool:
    return {b"00": False, b"01": True}[raw] if raw in (b"00", b"01") else int(raw.rstrip(b"L"))


def _long(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _quoted(raw: bytes) -> bytes:
    raw = raw.strip()
    if len(raw) < 2 or raw[:1] != raw[-1:] or raw[:1] not in (b"'", b'"'):
        raise ValueError("a string without quotation marks")
    return codecs.escape_decode(raw[1:-1])[0]


_OPERATIONS: dict[bytes, Callable[[_Reader], Any]] = {
    b"\x80": lambda r: r.take(1),  # the protocol's number; the operations themselves say what is needed
    b"\x95": lambda r: r.take(8),  # a frame's length; frames only help to read from a stream
    # constants and numbers
    b"N": lambda r: r.push(None),
    b"\x88": lambda r: r.push(True),
    b"\x89": lambda r: r.push(False),
    b"I": lambda r: r.push(_integer(r.line())),
    b"L": lambda r: r.push(_integer(r.line())),
    b"\x8a": lambda r: r.push(_long(r.take(r.unpack("<B")))),
    b"\x8b": lambda r: r.push(_long(r.take(r.unpack("<i")))),
    b"F": lambda r: r.push(float(r.line())),
    b"G": lambda r: r.push(r.unpack(">d")),
    # strings of Python 2, bytes, text
    b"S": lambda r: r.push(r.string(_quoted(r.line()))),
    b"T": lambda r: r.push(r.string(r.take(r.unpack("<i")))),
    b"U": lambda r: r.push(r.string(r.take(r.unpack("<B")))),
    b"B": lambda r: r.push(r.take(r.unpack("<I"))),
    b"C": lambda r: r.push(r.take(r.unpack("<B"))),
    b"\x8e": lambda r: r.push(r.take(r.unpack("<Q"))),
    b"\x96": lambda r: r.push(r.take(r.unpack("<Q"))),
    b"V": lambda r: r.push(r.line().decode("raw-unicode-escape")),
    b"X": lambda r: r.push(_utf8(r.take(r.unpack("<I")))),
    b"\x8c": lambda r: r.push(_utf8(r.take(r.unpack("<B")))),
    b"\x8d": lambda r: r.push(_utf8(r.take(r.unpack("<Q")))),
    # lists, tuples, dictionaries
    b"(": _Reader.mark,
    b"0": _Reader.pop,
    b"1": _Reader.since_mark,
    b"]": lambda r: r.push([]),
    b"l": lambda r: r.push(r.since_mark()),
    b"a": lambda r: r.extend(r.last(1)),
    b"e": lambda r: r.extend(r.since_mark()),
    b")": lambda r: r.push(()),
    b"t": lambda r: r.push(tuple(r.since_mark())),
    b"\x85": lambda r: r.push(tuple(r.last(1))),
    b"\x86": lambda r: r.push(tuple(r.last(2))),
    b"\x87": lambda r: r.push(tuple(r.last(3))),
    b"}": lambda r: r.push({}),
    b"d": lambda r: r.push(_dictionary(r.since_mark())),
    b"s": lambda r: r.update(r.last(2)),
    b"u": lambda r: r.update(r.since_mark()),
    # the memo
    b"p": lambda r: r.put(int(r.line())),
    b"q": lambda r: r.put(r.unpack("<B")),
    b"r": lambda r: r.put(r.unpack("<I")),
    b"\x94": lambda r: r.put(len(r.memo)),
    b"g": lambda r: r.get(int(r.line())),
    b"h": lambda r: r.get(r.unpack("<B")),
    b"j": lambda r: r.get(r.unpack("<I")),
    # NumPy's arrays
    b"c": lambda r: r.push(_name(r.line().decode(), r.line().decode())),
    b"\x93": lambda r: r.push(_name(*r.last(2))),
    b"R": _Reader.call,
    b"b": _Reader.build,
}
