# SPDX-License-Identifier: Apache-2.0
"""Ordered maps."""

import ctypes
import functools

from . import abi
from .abi import lib
from .map import Insertable

_ABSENT = object()
_SEEK = {how: abi.CONSTANTS[f"QT_SEEK_{how}"] for how in
         ("FIRST", "LAST", "FROM", "AFTER", "TO", "BEFORE")}


class Skiplist(Insertable, type="skiplist"):
    """A mapping whose keys have an order: that of numbers when its key dtype is
    a whole number, else that of bytes. Iteration goes by it.

        log = Skiplist.create(seg, "log", capacity=10**6, key_dtype="<i8")
        log.first(), log.floor(now), log.range(now - 60, now, reverse=True)
    """

    _prefix = "qt_skiplist"

    @classmethod
    def create(cls, segment, name, *, capacity, key_dtype=None, dtype=None,
               key_max=64, value_max=256):
        """Without dtypes keys and values are bytes, up to key_max and
        value_max."""
        return cls._make(abi.SkiplistSpec, segment, name, capacity, key_dtype,
                         dtype, key_max, value_max)

    def _seek(self, how, key=b""):
        """The key, as it is in the list, and the value that are found there,
        or None."""
        found, n = ctypes.create_string_buffer(self.key_max), ctypes.c_size_t()
        size, out, length = self._room, None, ctypes.c_size_t()
        while True:
            out = out or ctypes.create_string_buffer(max(size, 1))
            r = lib.qt_skiplist_seek(
                self._h, _SEEK[how], key, len(key), found, ctypes.byref(n),
                out, size, ctypes.byref(length))
            if self._check(r) != 1:
                return None
            if length.value <= size:
                return found.raw[:n.value], out.raw[:length.value]
            size, out = length.value, None      # once more, with room

    def _decoded(self, entry):
        return entry and (self._keys.decode(entry[0]),
                          self._codec.decode(entry[1]))

    def first(self):
        """(key, value) of the smallest key; None when it is empty."""
        return self._decoded(self._seek("FIRST"))

    def last(self):
        """(key, value) of the largest key; None when it is empty."""
        return self._decoded(self._seek("LAST"))

    def ceiling(self, key):
        """(key, value) of the first that is not less than key, or None."""
        return self._decoded(self._seek("FROM", self._encode(key)[0]))

    def higher(self, key):
        """(key, value) of the first that is greater than key, or None."""
        return self._decoded(self._seek("AFTER", self._encode(key)[0]))

    def floor(self, key):
        """(key, value) of the last that is not greater than key, or None."""
        return self._decoded(self._seek("TO", self._encode(key)[0]))

    def lower(self, key):
        """(key, value) of the last that is less than key, or None."""
        return self._decoded(self._seek("BEFORE", self._encode(key)[0]))

    def _compare(self, a, b):
        return lib.qt_skiplist_compare(self._h, a, len(a), b, len(b))

    def range(self, start=None, stop=None, *, reverse=False):
        """Each (key, value) from start on and before stop, in order; None: from
        the first, to the last. reverse: the same ones, the last of them
        first."""
        start = None if start is None else self._encode(start)[0]
        stop = None if stop is None else self._encode(stop)[0]
        return self._walk(start, stop, reverse)

    def prefix(self, start):
        """Each (key, value) whose key begins with these bytes, in order."""
        if self.key_dtype:
            raise TypeError(f"{self._what}: keys of {self.key_dtype} have no "
                            "beginning")
        start = self._encode(start)[0]
        for key, value in self._walk(start, None, False):
            if not key.startswith(start):
                return
            yield key, value

    def _walk(self, start, stop, reverse):
        if reverse:
            at = self._seek("LAST") if stop is None else \
                self._seek("BEFORE", stop)
        else:
            at = self._seek("FIRST") if start is None else \
                self._seek("FROM", start)
        while at is not None:
            if reverse and start is not None and \
                    self._compare(at[0], start) < 0:
                return
            if not reverse and stop is not None and \
                    self._compare(at[0], stop) >= 0:
                return
            yield self._decoded(at)
            at = self._seek("BEFORE" if reverse else "AFTER", at[0])

    def _each(self, with_values):
        walk = self._walk(None, None, False)
        return walk if with_values else (key for key, _ in walk)

    def __reversed__(self):
        return (key for key, _ in self._walk(None, None, True))

    def popitem(self, last=True):
        """Takes the last, or the first, out: (key, value); KeyError when it is
        empty. Only one of many gets it."""
        while True:
            entry = self.last() if last else self.first()
            if entry is None:
                raise KeyError(f"'{self._what}' is empty")
            try:
                del self[entry[0]]
                return entry
            except KeyError:
                pass
