# SPDX-License-Identifier: Apache-2.0
"""A value that is replaced whole, and waited for."""

import ctypes
import errno

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Object


class Value(Object, type="value"):
    """Each change has a number, from 1 on; 0 is "there was none yet"."""

    _prefix = "qt_value"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        self.dtype = lib.qt_value_dtype(self._h).decode()
        self.size = lib.qt_value_size(self._h)
        self._codec = dtypes.codec(self.dtype)

    @classmethod
    def create(cls, segment, name, dtype=None, *, size=0, writers=0):
        """size: of the longest, without a dtype. writers: at one instant."""
        spec = abi.ValueSpec(dtypes.text_of(dtype), size, writers)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    def _traits(self):
        return f" {self.dtype or f'up to {self.size} bytes'}"

    def read(self):
        """(value, number), or (None, 0) when there was none yet."""
        out, seq = ctypes.create_string_buffer(self.size), ctypes.c_uint64()
        n = lib.qt_value_get(self._h, out, self.size, ctypes.byref(seq))
        if n == -abi.EEMPTY:
            return None, 0
        return self._codec.decode(out.raw[:abi.check(n, self._what)]), seq.value

    def get(self):
        """The value, or None when there was none yet."""
        return self.read()[0]

    def put(self, value):
        """Replaces it; returns the number of the change."""
        data, seq = self._pack(self._codec, value), ctypes.c_uint64()
        self._put(lib.qt_value_put(self._h, data, len(data),
                                   ctypes.byref(seq)), data)
        return seq.value

    def put_if(self, value, number):
        """Replaces it if nobody did since that number. Returns whether."""
        data, seq = self._pack(self._codec, value), ctypes.c_uint64(number)
        return self._put(lib.qt_value_put_if(
            self._h, data, len(data), ctypes.byref(seq)), data) == 1

    def _put(self, answer, data):
        if answer == -errno.ERANGE:
            raise ValueError(f"{self._what}: {len(data)} bytes do not fit "
                             f"{self.size}")
        return abi.check(answer, self._what)

    def wait(self, number, timeout=None):
        """Waits until its number is another; returns that one."""
        seq = ctypes.c_uint64(number)
        answer = self._wait(lambda h, deadline: lib.qt_value_wait(
            h, ctypes.byref(seq), deadline), timeout)
        if answer == -errno.EAGAIN:
            answer = -errno.ETIMEDOUT
        abi.check(answer, self._what)
        return seq.value
