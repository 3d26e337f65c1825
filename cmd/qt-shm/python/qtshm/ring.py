# SPDX-License-Identifier: Apache-2.0
"""Broadcast rings: one writer, any number of readers who change nothing."""

import ctypes
import errno

from . import abi, dtype as dtypes
from .abi import lib
from .handle import Handle
from .segment import Object


class _Ring(Object):
    """A ring, and its one end that this is."""

    _prefix = "qt_ring"
    _end = None         # "writer"

    def __init__(self, segment, name):
        super().__init__(segment, name)
        ring, out, err = self._h, ctypes.c_void_p(), abi.Err()
        abi.check_err(self._f(self._end)(ring, ctypes.byref(out),
                                         ctypes.byref(err)), err, name)
        self._io = Handle(out.value, self._f(f"{self._end}_close"), ring)

    @property
    def _h_io(self):
        io = self._io
        self._h         # is open: then so is io
        return io

    @property
    def limit(self):
        """Bytes that are kept."""
        return lib.qt_ring_limit(self._h)

    def close(self):
        """Closes it; twice is harmless."""
        super().close()
        self._io = None

    def _traits(self):
        return f" at {self.position} of {self.limit} bytes"


class RingWriter(_Ring):
    """Bytes go in, and the oldest go out when it is full. There is one writer
    at a time: OSError (EBUSY) while another is alive; who died is followed. A
    fork child does not inherit that: it opens one when its parent has closed
    its own."""

    _end = "writer"

    @classmethod
    def create(cls, segment, name,
               limit=abi.CONSTANTS["QT_RING_LIMIT_DEFAULT"]):
        """limit: bytes that are kept."""
        err = abi.Err()
        abi.check_err(lib.qt_ring_make(segment._h, abi.text(name), limit,
                                       ctypes.byref(err)), err, name)
        return cls(segment, name)

    def write(self, data):
        """Returns the position behind what was written; bytes are counted from
        the ring's beginning."""
        data = self._pack(dtypes.Bytes, data)
        abi.check(lib.qt_ring_write(self._h_io, data, len(data)), self._what)
        return self.position

    @property
    def position(self):
        return lib.qt_ring_writer_head(self._h_io)


class RingReader(_Ring, type="ring"):
    """Reads from a position on, at first from the oldest byte that is kept. It
    is never waited for: what went before it was read is counted in skipped."""

    _end = "reader"

    def __init__(self, segment, name, position=None):
        super().__init__(segment, name)
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
        lib.qt_ring_range(self._h_io, ctypes.byref(tail), ctypes.byref(head))
        return tail.value, head.value

    def wait(self, timeout=None):
        """Whether there is something to read, within that time. Gone when the
        ring was erased, and all has been read."""
        answer = self._wait(lambda h, deadline: lib.qt_ring_wait(
            h, self.position, deadline), timeout)
        if answer in (-abi.EEMPTY, -errno.ETIMEDOUT):
            return False
        return abi.check(answer, self._what) == 0

    def read(self, size=65536, timeout=0):
        """The next bytes, up to size; b"" when none came in that time."""
        out = ctypes.create_string_buffer(max(1, size))
        while True:
            n = lib.qt_ring_read(self._h_io, self.position, out, size)
            if n == -abi.ELAPPED:
                tail = self.range[0]
                self.skipped += tail - self.position
                self.position = tail
            elif n != 0 or size == 0 or not self.wait(timeout):
                break
        abi.check(n, self._what)
        self.position += n
        return out.raw[:n]

    def __iter__(self):
        """Each piece as it comes, until the ring is erased."""
        while True:
            try:
                yield self.read(timeout=None)
            except abi.Gone:
                return

    def _more(self):
        return (self.position,)
