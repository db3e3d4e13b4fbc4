"""Hashes of strings: FarmHash's 64-bit fingerprint, SipHash, and the bins that Keras's layers make of them.

Sources: FarmHash (Pike, 2014; its fingerprint is that of CityHash, with the constants below), and Aumasson and
Bernstein, 2012, "SipHash: a fast short-input PRF". The bins are those of Keras, so that saved models keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_WORD = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate(value: int, shift: int) -> int:
    return ((value >> shift) | (value << (64 - shift))) & _WORD


def _mix(value: int) -> int:
    return value ^ (value >> 47)


def _fetch(data: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(data[start : start + size], "little")


def _join(u: int, v: int, multiplier: int) -> int:
    """Two words as one."""
    a = _mix(((u ^ v) * multiplier) & _WORD)
    return (_mix(((v ^ a) * multiplier) & _WORD) * multiplier) & _WORD


def _up_to_16(data: bytes) -> int:
    length = len(data)
    multiplier = (_K2 + length * 2) & _WORD
    if length >= 8:
        a, b = (_fetch(data, 0) + _K2) & _WORD, _fetch(data, length - 8)
        c = (_rotate(b, 37) * multiplier + a) & _WORD
        d = ((_rotate(a, 25) + b) * multiplier) & _WORD
        return _join(c, d, multiplier)
    if length >= 4:
        return _join(length + (_fetch(data, 0, 4) << 3), _fetch(data, length - 4, 4), multiplier)
    if length:
        y = data[0] + (data[length >> 1] << 8)
        z = length + (data[-1] << 2)
        return (_mix((y * _K2 ^ z * _K0) & _WORD) * _K2) & _WORD
    return _K2


def _up_to_32(data: bytes) -> int:
    length = len(data)
    multiplier = (_K2 + length * 2) & _WORD
    a, b = (_fetch(data, 0) * _K1) & _WORD, _fetch(data, 8)
    c, d = (_fetch(data, length - 8) * multiplier) & _WORD, (_fetch(data, length - 16) * _K2) & _WORD
    first = (_rotate((a + b) & _WORD, 43) + _rotate(c, 30) + d) & _WORD
    return _join(first, (a + _rotate((b + _K2) & _WORD, 18) + c) & _WORD, multiplier)


def _up_to_64(data: bytes) -> int:
    length = len(data)
    multiplier = (_K2 + length * 2) & _WORD
    a, b = (_fetch(data, 0) * _K2) & _WORD, _fetch(data, 8)
    c, d = (_fetch(data, length - 8) * multiplier) & _WORD, (_fetch(data, length - 16) * _K2) & _WORD
    y = (_rotate((a + b) & _WORD, 43) + _rotate(c, 30) + d) & _WORD
    z = _join(y, (a + _rotate((b + _K2) & _WORD, 18) + c) & _WORD, multiplier)
    e, f = (_fetch(data, 16) * multiplier) & _WORD, _fetch(data, 24)
    g = ((y + _fetch(data, length - 32)) * multiplier) & _WORD
    h = ((z + _fetch(data, length - 24)) * multiplier) & _WORD
    first = (_rotate((e + f) & _WORD, 43) + _rotate(g, 30) + h) & _WORD
    return _join(first, (e + _rotate((f + a) & _WORD, 18) + g) & _WORD, multiplier)


def _weak(data: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """A weak hash of 32 bytes with two seeds."""
    w, x, y, z = (_fetch(data, start + 8 * i) for i in range(4))
    a = (a + w) & _WORD
    b = _rotate((b + a + z) & _WORD, 21)
    c = a
    a = (a + x + y) & _WORD
    b = (b + _rotate(a, 44)) & _WORD
    return (a + z) & _WORD, (b + c) & _WORD


def _long(data: bytes) -> int:
    seed, length = 81, len(data)
    x, y = seed, (seed * _K1 + 113) & _WORD
    z = (_mix((y * _K2 + 113) & _WORD) * _K2) & _WORD
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _fetch(data, 0)) & _WORD
    end, last = (length - 1) // 64 * 64, length - 64
    for start in range(0, end, 64):
        x = (_rotate((x + y + v[0] + _fetch(data, start + 8)) & _WORD, 37) * _K1) & _WORD
        y = (_rotate((y + v[1] + _fetch(data, start + 48)) & _WORD, 42) * _K1) & _WORD
        x ^= w[1]
        y = (y + v[0] + _fetch(data, start + 40)) & _WORD
        z = (_rotate((z + w[0]) & _WORD, 33) * _K1) & _WORD
        v = _weak(data, start, (v[1] * _K1) & _WORD, (x + w[0]) & _WORD)
        w = _weak(data, start + 32, (z + w[1]) & _WORD, (y + _fetch(data, start + 16)) & _WORD)
        z, x = x, z
    multiplier = (_K1 + ((z & 0xFF) << 1)) & _WORD
    w = ((w[0] + ((length - 1) & 63)) & _WORD, w[1])
    v = ((v[0] + w[0]) & _WORD, v[1])
    w = ((w[0] + v[0]) & _WORD, w[1])
    x = (_rotate((x + y + v[0] + _fetch(data, last + 8)) & _WORD, 37) * multiplier) & _WORD
    y = (_rotate((y + v[1] + _fetch(data, last + 48)) & _WORD, 42) * multiplier) & _WORD
    x ^= (w[1] * 9) & _WORD
    y = (y + v[0] * 9 + _fetch(data, last + 40)) & _WORD
    z = (_rotate((z + w[0]) & _WORD, 33) * multiplier) & _WORD
    v = _weak(data, last, (v[1] * multiplier) & _WORD, (x + w[0]) & _WORD)
    w = _weak(data, last + 32, (z + w[1]) & _WORD, (y + _fetch(data, last + 16)) & _WORD)
    z, x = x, z
    first = (_join(v[0], w[0], multiplier) + _mix(y) * _K0 + z) & _WORD
    return _join(first, (_join(v[1], w[1], multiplier) + x) & _WORD, multiplier)


def fingerprint(data: bytes) -> int:
    """FarmHash's 64-bit fingerprint of bytes.

    >>> fingerprint(b"") == _K2
    True
    """
    length = len(data)
    return (_up_to_16 if length <= 16 else _up_to_32 if length <= 32 else _up_to_64 if length <= 64 else _long)(data)


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 of bytes under a key of two words."""
    a, b = key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D
    c, d = key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573

    def rounds(a: int, b: int, c: int, d: int, count: int) -> tuple[int, int, int, int]:
        for _ in range(count):
            a, c = (a + b) & _WORD, (c + d) & _WORD
            b, d = _rotate(b, 51) ^ a, _rotate(d, 48) ^ c
            a, c = (_rotate(a, 32) + d) & _WORD, (c + b) & _WORD
            d, b, c = _rotate(d, 43) ^ a, _rotate(b, 47) ^ c, _rotate(c, 32)
        return a, b, c, d

    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for start in range(0, len(padded), 8):
        word = _fetch(padded, start)
        a, b, c, d = rounds(a, b, c, d ^ word, 2)
        a ^= word
    a, b, c, d = rounds(a, b, c ^ 0xFF, d, 4)
    return a ^ b ^ c ^ d


def join_fingerprints(first: int, second: int) -> int:
    """One fingerprint for a pair of them, as TensorFlow's feature crosses have it."""
    multiplier = 0xC6A4A7935BD1E995
    result = first ^ multiplier ^ (_mix((second * multiplier) & _WORD) * multiplier & _WORD)
    return _mix((_mix((result * multiplier) & _WORD) * multiplier) & _WORD)


def hash_each(values: np.ndarray, function: Callable[[bytes], int]) -> np.ndarray:
    """The hash of each string, or of each integer's decimal digits; a value that comes again is hashed once."""
    known: dict[Any, int] = {}
    hashes = []
    for value in values.ravel().tolist():
        if value not in known:
            known[value] = function(str(value).encode())
        hashes.append(known[value])
    return np.array(hashes, dtype="uint64").reshape(values.shape)


def bins_of(values: np.ndarray, count: int, key: tuple[int, int] | None) -> np.ndarray:
    """The bins 0..count-1 of strings or integers, by fingerprint, or by SipHash under a key."""
    hashes = hash_each(values, fingerprint if key is None else lambda data: siphash(data, key))
    return (hashes % np.uint64(count)).astype("int32")
