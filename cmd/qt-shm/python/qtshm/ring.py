# SPDX-License-Identifier: Apache-2.0
"""Broadcast rings: one writer, any number of readers who change nothing."""

import ctypes

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Named


def _ring(segment, name):
    """Where the ring of that name is."""
    entry = segment._entry(name)
    if entry.type != abi.CONSTANTS["QT_TYPE_RING"]:
        kind = lib.qt_obj_type_name(entry.type) or b"something else"
        raise ValueError(f"'{name}' is a {kind.decode()}, not a ring")
    return entry.offset


class RingWriter(Named):
    """Bytes go in, and the oldest go out when it is full. There is one writer
    at a time: OSError (EBUSY) while another is alive; who died is followed."""

    def __init__(self, segment, name):
        super().__init__(segment, name, lib.qt_ring_writer_close,
                         lib.qt_ring_writer_open, _ring(segment, name))

    @classmethod
    def create(cls, segment, name, limit=abi.CONSTANTS["QT_RING_LIMIT_DEFAULT"]):
        """limit: bytes that are kept. Killed in the middle of this, what it
        had taken (4 KiB) stays taken."""
        name = abi.text(name)
        if len(name) > 63:
            raise ValueError(f"name '{name.decode()}': longer than 63 bytes")
        at = ctypes.c_uint64()
        abi.check(lib.qt_ring_create(segment._h, limit, ctypes.byref(at)),
                  name.decode())
        entry = abi.SegEntry(
            name=name, type=abi.CONSTANTS["QT_TYPE_RING"], offset=at,
            size=lib.qt_seg_extent(segment._h, at))
        answer = lib.qt_seg_entry_add(segment._h, ctypes.byref(entry))
        if answer < 0:
            lib.qt_ring_destroy(segment._h, at)
        abi.check(answer, name.decode())
        return cls(segment, name.decode())

    @classmethod
    def open(cls, segment, name):
        """Becomes the writer of the ring of that name, and goes on where the
        last one ended."""
        return cls(segment, name)

    def write(self, data):
        """Returns the position behind what was written; bytes are counted from
        the ring's beginning."""
        data = self._pack(dtypes.Bytes, data)
        abi.check(lib.qt_ring_write(self._h, data, len(data)), self._what)
        return self.position

    @property
    def position(self):
        return lib.qt_ring_writer_head(self._h)

    def _traits(self):
        return f" at {self.position}"


class RingReader(Named, type="ring"):
    """Reads from a position on, at first from the oldest byte that is kept. It
    is never waited for: what went before it was read is counted in skipped."""

    def __init__(self, segment, name, position=None):
        super().__init__(segment, name, lib.qt_ring_reader_close,
                         lib.qt_ring_reader_open, _ring(segment, name))
        self.position = self.range[0] if position is None else position
        self.skipped = 0

    @classmethod
    def open(cls, segment, name, position=None):
        """position: of the next byte to read; None: the oldest."""
        return cls(segment, name, position)

    @property
    def range(self):
        """The positions of the oldest byte, and of the next to be written."""
        tail, head = ctypes.c_uint64(), ctypes.c_uint64()
        lib.qt_ring_range(self._h, ctypes.byref(tail), ctypes.byref(head))
        return tail.value, head.value

    def read(self, size=65536):
        """The next bytes, up to size; b"" when there are none yet."""
        out = ctypes.create_string_buffer(max(1, size))
        while True:
            n = lib.qt_ring_read(self._h, self.position, out, size)
            if n != -abi.ELAPPED:
                break
            tail = self.range[0]
            self.skipped += tail - self.position
            self.position = tail
        abi.check(n, self._what)
        self.position += n
        return out.raw[:n]

    def _traits(self):
        return f" at {self.position} of {self.range}"

    def _more(self):
        return (self.position,)
