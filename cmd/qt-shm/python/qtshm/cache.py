# SPDX-License-Identifier: Apache-2.0
"""Caches."""

import ctypes
import errno
import types

from . import abi, dtype as dtypes
from .abi import lib
from .map import Mapping


class Cache(Mapping, type="cache"):
    """A mapping of as many entries as fit into so many bytes: what is not asked
    for goes when room is needed, or when its time to live has passed.

    Keys and values are bytes in it. With dtypes this handle turns what you put
    and get into them; all who use the cache must agree on that.
    """

    _prefix = "qt_cache"

    def __init__(self, segment, name, key_dtype=None, dtype=None):
        super().__init__(segment, name)
        self._given = dtypes.text_of(key_dtype), dtypes.text_of(dtype)
        self._measure(*((text or b"").decode() for text in self._given))
        self._c_get = self._timed(lib.qt_cache_get)
        self._c_next = self._timed(lib.qt_cache_next)
        self._c_put = self._timed(lib.qt_cache_put, 0)

    @staticmethod
    def _timed(call, *more):
        """The same as a map's, for the clock of this machine."""
        return lambda *args: call(*args, abi.now_ms(), *more)

    @classmethod
    def create(cls, segment, name, *, bytes, key_max=64, value_max=4096,
               unit=0, key_dtype=None, dtype=None):
        """bytes: of all of it. key_max, value_max: the longest. unit: what
        memory is taken in; 0: as it suits."""
        spec = abi.CacheSpec(bytes, key_max, value_max, unit)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name, key_dtype, dtype)

    @classmethod
    def open(cls, segment, name, key_dtype=None, dtype=None):
        """Opens the one of that name; ValueError when it is of another type."""
        return cls(segment, name, key_dtype, dtype)

    def _more(self):
        return tuple(text and text.decode() for text in self._given)

    def _traits(self):
        return f" {len(self)} {self._kinds()}"

    def put(self, key, value, ttl=None):
        """Inserts or replaces; ttl: seconds to live, None for ever. Returns
        whether it is new. Full when stopped processes hold all the room."""
        key, key_len = self._encode(key)
        data = self._pack(self._codec, value)
        return self._check_sizes(lib.qt_cache_put(
            self._h, key, key_len, data, len(data), abi.now_ms(),
            self._ms(ttl)), key, data) == 0

    def touch(self, key, ttl=None):
        """Gives an entry so many seconds from now. Returns whether it is
        there."""
        r = lib.qt_cache_touch(self._h, *self._encode(key), abi.now_ms(),
                               self._ms(ttl))
        return r != -errno.ENOENT and self._check(r) == 0

    @staticmethod
    def _ms(ttl):
        if ttl is None:
            return 0
        if ttl <= 0:
            raise ValueError(f"ttl {ttl}: more than 0 seconds, or None")
        return max(1, int(ttl * 1000))

    def __contains__(self, key):
        """Counts as a use."""
        r = self._c_get(self._h, *self._encode(key), None, 0)
        return r != -errno.ENOENT and self._check(r) >= 0

    @property
    def counts(self):
        """hits, misses, puts, evictions, expired, refused, of all processes
        since it was made."""
        out = abi.CacheCounts()
        lib.qt_cache_counts(self._h, ctypes.byref(out))
        return types.SimpleNamespace(**{
            field: getattr(out, field) for field, _ in out._fields_})
