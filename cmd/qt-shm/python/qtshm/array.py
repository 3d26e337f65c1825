# SPDX-License-Identifier: Apache-2.0
"""Arrays, and NumPy's view of them."""

import ctypes
import operator

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Object


class Array(Object, type="array"):
    """Up to four dimensions of elements of one dtype, zeros at first.

    One element is read and written whole, as <qt/shm/array.h> says of its
    size. Slices and whatever else NumPy does go by numpy(), without a copy and
    without such a promise.
    """

    _prefix = "qt_array"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        pointer = lib.qt_array_shape(self._h)
        words = (ctypes.c_uint64 * 4).from_address(pointer)
        self.shape = tuple(n for n in words if n)
        self.dtype = lib.qt_array_dtype(self._h).decode()
        self.itemsize = lib.qt_array_elem_size(self._h)
        self._codec = dtypes.codec(self.dtype)

    @classmethod
    def create(cls, segment, name, shape, dtype):
        """Makes one of zeros: of a length, or of a tuple of up to four."""
        try:
            shape = (operator.index(shape),)
        except TypeError:
            shape = tuple(operator.index(n) for n in shape)
        if not 1 <= len(shape) <= 4 or min(shape) <= 0:
            raise ValueError(f"shape {shape}: one to four sizes from 1 on")
        spec = abi.ArraySpec(dtypes.text_of(dtype),
                             (ctypes.c_uint64 * 4)(*shape))
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def copy_of(cls, segment, name, data):
        """Makes one of the shape, dtype and elements of an ndarray, or of what
        numpy.asarray() makes one of. Others find it at once, and may see it
        while it still fills."""
        import numpy
        data = numpy.asarray(data)
        array = cls.create(segment, name, data.shape, data.dtype)
        array.numpy()[...] = data
        return array

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        """How many elements there are in all."""
        return lib.qt_array_count(self._h)

    def __len__(self):
        return self.shape[0]

    def _traits(self):
        return f" {self.shape} {self.dtype}"

    def memory(self):
        """The bytes of all elements, as a memoryview that keeps them mapped."""
        handle = self._h
        raw = (ctypes.c_ubyte * (self.size * self.itemsize)).from_address(
            lib.qt_array_data(handle))
        raw.keeps = handle
        view = memoryview(raw).cast("B")
        return view.toreadonly() if self.segment.readonly else view

    def numpy(self):
        """A numpy.ndarray over the elements: no copy. It may outlive this
        object and the segment's, for it keeps the mapping."""
        import numpy
        return numpy.frombuffer(self.memory(), dtypes.numpy_dtype(
            self.dtype)).reshape(self.shape)

    def __array__(self, dtype=None, copy=None):
        view = self.numpy()
        if dtype is not None and view.dtype != dtype:
            return view.astype(dtype)
        return view.copy() if copy else view

    def _number(self, key):
        """Which element key means; None when it is no single one."""
        key = key if isinstance(key, tuple) else (key,)
        if len(key) != len(self.shape):
            return None
        number = 0
        for at, size in zip(key, self.shape):
            try:
                at = operator.index(at)
            except TypeError:
                return None
            if not -size <= at < size:
                raise IndexError(f"{self._what}: index {at} of a dimension of "
                                 f"{size}")
            number = number * size + at % size
        return number

    def __getitem__(self, key):
        number = self._number(key)
        if number is None:
            return self.numpy()[key]
        out = ctypes.create_string_buffer(self.itemsize)
        abi.check(lib.qt_array_get(self._h, number, 1, out), self._what)
        return self._codec.decode(out.raw)

    def __setitem__(self, key, value):
        number = self._number(key)
        if number is None:
            self.numpy()[key] = value
            return
        abi.check(lib.qt_array_put(self._h, number, 1,
                                   self._pack(self._codec, value)), self._what)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def _one(self, key):
        number = self._number(key)
        if number is None:
            raise IndexError(f"{key!r} is no single element")
        return number

    def add(self, key, n):
        """Adds to a whole number in one step; returns what was there."""
        old = ctypes.c_int64()
        abi.check(lib.qt_array_add(self._h, self._one(key), n,
                                   ctypes.byref(old)), self._what)
        return self._as_number(old.value)

    def cas(self, key, expected, desired):
        """Stores desired if expected is there, in one step. Returns whether."""
        word = ctypes.c_int64(expected)
        return abi.check(lib.qt_array_cas(
            self._h, self._one(key), ctypes.byref(word), desired),
            self._what) == 1

    def _as_number(self, n):
        return n + 2**64 if n < 0 and self.dtype.endswith("u8") else n

    def fill(self, value):
        """Makes every element equal to value."""
        abi.check(lib.qt_array_fill(self._h, 0, self.size,
                                    self._pack(self._codec, value)), self._what)
