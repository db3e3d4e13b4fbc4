"""Writes the event files that TensorBoard reads: records of protocol-buffer messages, with checksums.

A record is the length of its data, a checksum of the length, the data, and a checksum of the data. The data are an
Event, whose fields are numbered in TensorBoard's `event.proto`, `summary.proto` and `tensor.proto`.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

_FLOAT, _DOUBLE, _STRING = 1, 2, 7
"""Types of tensors."""
_SCALAR, _TENSOR, _BLOBS = 1, 2, 3
"""Classes of data, by which TensorBoard knows what to do with a tensor."""

_numbers = itertools.count()


class EventFile:
    """One event file, made when the first event is written.

    Args:
        folder: the run's folder; TensorBoard calls the run by its path.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> file = EventFile(folder)
    >>> file.scalar("epoch_loss", 0.5, step=0)
    >>> file.close(); len(os.listdir(folder))
    1
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = Path(folder)
        self._stream: IO[bytes] | None = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Writes a number."""
        self._value(tag, step, "scalars", _SCALAR, _tensor(_FLOAT, (), _packed(5, struct.pack("<f", float(value)))))

    def histogram(self, tag: str, values: Any, step: int, buckets: int = 30) -> None:
        """Writes how values are distributed: rows of a bucket's left end, right end and number of values.

        All values in one point are one bucket around it, of width 1; NaN and infinities are left out.
        """
        values = np.asarray(values, np.float64).ravel()
        values = values[np.isfinite(values)]
        if values.size and values.min() < values.max():
            counts, ends = np.histogram(values, buckets)
            rows = np.stack([ends[:-1], ends[1:], counts], axis=1)
        else:
            rows = np.array([[v - 0.5, v + 0.5, values.size] for v in values[:1]]).reshape(-1, 3)
        content = _packed(4, rows.astype("<f8").tobytes())
        self._value(tag, step, "histograms", _TENSOR, _tensor(_DOUBLE, rows.shape, content))

    def images(self, tag: str, pngs: list[bytes], size: tuple[int, int], step: int) -> None:
        """Writes pictures of one size, (width, height), as the contents of PNG files."""
        strings = [str(size[0]).encode(), str(size[1]).encode(), *pngs]
        content = b"".join(_packed(8, string) for string in strings)
        self._value(tag, step, "images", _BLOBS, _tensor(_STRING, (len(strings),), content))

    def model(self, config: str, step: int) -> None:
        """Writes a model's architecture, as JSON, of which TensorBoard draws the conceptual graph."""
        content = _tensor(_STRING, (), _packed(8, config.encode()))
        self._value("keras", step, "graph_keras_model", 0, content, b"1")

    def flush(self) -> None:
        """Makes what was written readable."""
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Closes the file; a later event makes another one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _value(self, tag: str, step: int, plugin: str, kind: int, tensor: bytes, content: bytes = b"") -> None:
        """Writes an Event with a Summary of one Value."""
        plugin_data = _packed(1, plugin.encode()) + (_packed(2, content) if content else b"")
        metadata = _packed(1, plugin_data) + (_number(4, kind) if kind else b"")
        value = _packed(1, tag.encode()) + _packed(9, metadata) + _packed(8, tensor)
        self._write(_number(2, step) + _packed(5, _packed(1, value)))

    def _write(self, fields: bytes) -> None:
        if self._stream is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}.v2"
            self._stream = open(self._folder / name, "ab")  # noqa: SIM115 - `close` closes it
            self._write(_packed(3, b"brain.Event:2"))
        data = struct.pack("<Bd", 1 << 3 | 1, time.time()) + fields
        length = struct.pack("<Q", len(data))
        self._stream.write(length + _checksum(length) + data + _checksum(data))


def _varint(value: int) -> bytes:
    """An integer in groups of seven bits, the lowest first; the highest bit of a byte says that more follow."""
    value &= 2**64 - 1
    groups = bytearray()
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(int(value))


def _packed(field: int, content: bytes) -> bytes:
    """A field of bytes: text, a message, or numbers one after the other."""
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _tensor(dtype: int, shape: tuple[int, ...], content: bytes) -> bytes:
    """A TensorProto."""
    sizes = b"".join(_packed(2, _number(1, size)) for size in shape)
    return _number(1, dtype) + _packed(2, sizes) + content


@cache
def _table() -> list[int]:
    """The remainders of single bytes by the polynomial of CRC-32C, bits reversed."""
    table = []
    for remainder in range(256):
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
        table.append(remainder)
    return table


def crc32c(data: bytes) -> int:
    """The cyclic redundancy check of Castagnoli (RFC 3720, appendix B.4).

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, remainder = _table(), 0xFFFFFFFF
    for byte in data:
        remainder = table[(remainder ^ byte) & 255] ^ remainder >> 8
    return remainder ^ 0xFFFFFFFF


def _checksum(data: bytes) -> bytes:
    """The check of a record, rotated and shifted, so that data which hold checks of their own keep theirs apart."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
