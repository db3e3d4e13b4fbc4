"""The reader of pickled data against the standard library's own, and against pickles that are no data."""

from __future__ import annotations

import contextlib
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornu.datasets import plain_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers() | st.binary(), inner)
    ),
)


@settings(max_examples=150, deadline=None)
@given(value=plain, protocol=st.sampled_from(PROTOCOLS))
def test_data_comes_back(value, protocol):
    assert plain_pickle.loads(pickle.dumps(value, protocol)) == value


ARRAYS = [
    np.arange(12).reshape(3, 4),
    np.arange(12.0).reshape(3, 4).T,
    np.array(["ab", "c"]),
    np.array([b"ab", b"c"]),
    np.array([], "float32"),
    np.array([True, False]),
    np.arange(3, dtype=">i4"),
    np.array(3 + 4j),
    np.zeros((0, 5), "uint8"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype.str}{a.shape}")
def test_arrays_come_back(array, protocol):
    found = plain_pickle.loads(pickle.dumps({"a": array, "again": array}, protocol))
    assert found["a"] is found["again"]
    assert found["a"].dtype == array.dtype
    np.testing.assert_array_equal(found["a"], array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rows_of_different_lengths_come_as_lists(protocol):
    rows = [list(range(300)), [], [-1, 256, 65536, -(2**31), 2**40]]
    array = np.array(rows, dtype=object)
    assert plain_pickle.loads(pickle.dumps(array, protocol)) == rows
    assert plain_pickle.loads(pickle.dumps(np.float32(2.5), protocol)) == np.float32(2.5)


def test_strings_of_python_2():
    pickled = b"(dp0\nS'data'\np1\n(lp2\nI1\naI01\nasU\x02\xe9x(K\x01K\x02ts."  # {'data': [1, True], '\xe9x': (1, 2)}
    assert plain_pickle.loads(pickled) == {b"data": [1, True], b"\xe9x": (1, 2)}
    assert plain_pickle.loads(pickled, encoding="latin1") == {"data": [1, True], "éx": (1, 2)}


class Runs:
    """What a pickle of this would do if a common reader loaded it."""

    def __init__(self, function, *arguments):
        self.calls = function, arguments

    def __reduce__(self):
        return self.calls


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def nested(depth: int) -> bytes:
    """Lists in lists in lists, each holding the one before ten times: 10**depth values in few bytes."""
    level = b"".join(
        b"]q" + bytes([n]) + b"(" + b"h" + bytes([n - 1]) + (b"h" + bytes([n - 1])) * 9 + b"e" for n in range(1, depth)
    )
    return b"]q\x00(K\x01K\x02e" + level + b"."


ATTACKS = {
    **{f"os.system, protocol {p}": pickle.dumps(Runs(os.system, "false"), p) for p in PROTOCOLS},
    "eval": pickle.dumps(Runs(eval, "1")),
    "getattr": pickle.dumps(Runs(getattr, [], "append")),
    "a class of the standard library": pickle.dumps(Runs(pickletools.OpcodeInfo)),
    "a function of numpy": b"cnumpy\nload\n(S'x'\ntR.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0eos.path.exists\x93.",
    "a name built from a list": b"\x80\x04]]\x93.",
    "INST": b"(S'false'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'false'\no.",
    "NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "EXT1": b"\x80\x02\x82\x01.",
    "EXT2": b"\x80\x02\x83\x01\x00.",
    "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
    "PERSID": b"Pname\n.",
    "BINPERSID": b"N" + b"Q.",
    "NEXT_BUFFER": b"\x80\x05\x97.",
    "set state of a list": b"](K\x01K\x02tb.",
    "set state of a dictionary": b"}}U\x01aK\x01sb.",
    "call a list": b"])R.",
    "call a string": text("os.system") + b")R.",
    "call ndarray": b"cnumpy\nndarray\n)R.",
    "an array of records": b"cnumpy\ndtype\n(S'V8'\nK\x00K\x01tR.",
    "an array of objects in another array": pickle.dumps(np.array([[1, [2]]], dtype=object)),
    "an array larger than its bytes": pickle.dumps(np.zeros(4), 2).replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85"),
    "a dictionary's key that is a tuple": pickle.dumps({(1, 2): 3}),
    "lists in themselves, exponentially": nested(30),
    "a list in itself": b"]q\x00h\x00a.",
    "grown after it was referred to": b"]q\x00]q\x01(" + b"h\x00" * 9000 + b"eh\x00(" + b"K\x01" * 9000 + b"e0.",
    "too large a memo number": b"]j\xff\xff\xff\xff.",
    "a long of 2 GB": b"\x8b\xff\xff\xff\x7f1.",
    "a string of 2**63 bytes": b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx.",
    "a negative length": b"T\xff\xff\xff\xffx.",
    "an unfinished array": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR.",
    "an open mark": b"((K\x01.",
    "no end": b"K\x01",
    "half an integer": b"M\x01",
    "nothing": b"",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_whatever_is_no_data_is_refused(attack):
    with pytest.raises(plain_pickle.PickleError):
        plain_pickle.loads(attack, limit=1_000_000)


def test_a_memo_number_takes_no_room():
    assert plain_pickle.loads(b"K\x01r\xff\xff\xff\xff.") == 1  # the standard library makes room for 2**33 values


def test_each_refused_name_would_have_been_called(tmp_path):
    """The planted error: the standard library does call what these pickles name."""
    mark = tmp_path / "called"
    attack = pickle.dumps(Runs(os.mkdir, str(mark)))
    with pytest.raises(plain_pickle.PickleError, match="names (posix|nt).mkdir"):
        plain_pickle.loads(attack)
    assert not mark.exists()
    pickle.loads(attack)
    assert mark.exists()


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damage_gives_one_kind_of_error(data):
    """Bytes changed, cut or inserted anywhere: a value or a PickleError, and nothing else."""
    value = {"data": np.arange(6, dtype="uint8"), "labels": [1, 300, 70000], "names": ("a", b"b", 1.5)}
    raw = bytearray(pickle.dumps(value, data.draw(st.sampled_from(PROTOCOLS))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(plain_pickle.PickleError):
        plain_pickle.loads(bytes(raw))
