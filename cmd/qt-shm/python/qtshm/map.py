# SPDX-License-Identifier: Apache-2.0
"""Maps and sets."""

import collections.abc
import ctypes
import errno

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Object

_ABSENT = object()


class _Keys(Object):
    """What maps and sets have in common. Objects are told apart by what they
    are, not by what is in them, which changes under the hand."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def _check(self, answer):
        if answer < 0:
            abi.raise_code(answer, self._what)
        return answer

    def _check_sizes(self, answer, key, *values):
        """The same, of a call that has been given them."""
        if answer == -errno.EINVAL:
            if not 1 <= len(key) <= self.key_max:
                raise ValueError(f"{self._what}: a key of {len(key)} bytes, "
                                 f"not 1 to {self.key_max}")
            for value in values:
                if len(value) > self.value_max:
                    raise ValueError(f"{self._what}: a value of {len(value)} "
                                     f"bytes, more than {self.value_max}")
        return self._check(answer)

    def _encode(self, key):
        data = self._pack(self._keys, key)
        return data, len(data)

    def __len__(self):
        return self._f("count")(self._h)

    def __bool__(self):
        return True

    def clear(self):
        """Deletes all that is there when it comes by; returns how many."""
        return self._check(self._f("clear")(self._h))


class _Items(collections.abc.ItemsView):
    """items() of them: in one walk, where each value is of the time when the
    walk comes by."""

    def __iter__(self):
        return self._mapping._each(True)


class _Values(collections.abc.ValuesView):
    def __iter__(self):
        return (value for _, value in self._mapping._each(True))


class Mapping(_Keys, collections.abc.MutableMapping):
    """What maps, skip lists and caches have in common. Iteration goes on while
    others change it: what is there all the time is seen once."""

    def _measure(self, key_dtype, dtype):
        self.key_dtype, self.dtype = key_dtype, dtype
        self.key_max = self._f("key_max")(self._h)
        self.value_max = self._f("value_max")(self._h)
        self._keys = dtypes.codec(key_dtype)
        self._codec = dtypes.codec(dtype)
        self._room = min(self.value_max, 4096)
        for verb in ("get", "put", "del", "next"):
            setattr(self, f"_c_{verb}", self._f(verb))

    def _kinds(self):
        return f"{self.key_dtype or 'bytes'}: {self.dtype or 'bytes'}"

    def _traits(self):
        return f" {len(self)} of {self.capacity} {self._kinds()}"

    def get(self, key, default=None):
        data, n = self._encode(key)
        size = self._room
        while True:
            out = ctypes.create_string_buffer(size)
            r = self._c_get(self._h, data, n, out, size)
            if r == -errno.ENOENT:
                return default
            if self._check_sizes(r, data) <= size:
                return self._codec.decode(out.raw[:r])
            size = r

    def __getitem__(self, key):
        value = self.get(key, _ABSENT)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def _put(self, put, key, value):
        key, key_len = self._encode(key)
        data = self._pack(self._codec, value)
        answer = put(self._h, key, key_len, data, len(data))
        if answer in (-errno.EEXIST, -errno.ENOENT):
            return answer
        return self._check_sizes(answer, key, data)

    def __setitem__(self, key, value):
        self._put(self._c_put, key, value)

    def __delitem__(self, key):
        r = self._c_del(self._h, *self._encode(key))
        if r == -errno.ENOENT:
            raise KeyError(key)
        self._check(r)

    def __contains__(self, key):
        return self._check(self._f("has")(self._h, *self._encode(key))) == 1

    def pop(self, key, default=_ABSENT):
        """Deletes it and returns its value; only one of many gets it."""
        value = self.get(key, _ABSENT)
        if value is not _ABSENT:
            try:
                del self[key]
                return value
            except KeyError:
                pass
        if default is _ABSENT:
            raise KeyError(key)
        return default

    def popitem(self):
        for key, value in self._each(True):
            try:
                del self[key]
                return key, value
            except KeyError:
                pass
        raise KeyError(f"'{self._what}' is empty")

    def _each(self, with_values):
        key, key_len = ctypes.create_string_buffer(self.key_max), \
            ctypes.c_size_t(0)
        size = self._room if with_values else 0
        out, n = ctypes.create_string_buffer(max(size, 1)), ctypes.c_size_t()
        while self._check(self._c_next(
                self._h, key, ctypes.byref(key_len),
                out if with_values else None, size, ctypes.byref(n))) == 1:
            one = self._keys.decode(key.raw[:key_len.value])
            if not with_values:
                yield one
            elif n.value <= size:
                yield one, self._codec.decode(out.raw[:n.value])
            else:
                value = self.get(one, _ABSENT)
                if value is not _ABSENT:
                    yield one, value

    def __iter__(self):
        return self._each(False)

    def items(self):
        return _Items(self)

    def values(self):
        return _Values(self)


class Insertable(Mapping):
    """Maps and skip lists: of elements, with a capacity that is all theirs."""

    def __init__(self, segment, name, key_dtype=None, dtype=None):
        super().__init__(segment, name, dtypes.text_of(key_dtype),
                         dtypes.text_of(dtype))
        stat = segment.stat(name)
        self.capacity = self._f("capacity")(self._h)
        self._measure(stat.key_dtype, stat.dtype)

    @classmethod
    def _make(cls, spec, segment, name, capacity, key_dtype, dtype, key_max,
              value_max):
        key_dtype, dtype = dtypes.text_of(key_dtype), dtypes.text_of(dtype)
        spec = spec(key_dtype, dtype, 0 if key_dtype else key_max,
                    0 if dtype else value_max, capacity)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, key_dtype=None, dtype=None):
        """Opens the one of that name; ValueError when it is of another type,
        or of other dtypes than those given."""
        return cls(segment, name, key_dtype, dtype)

    def insert(self, key, value):
        """Puts it if the key is not there yet. Returns whether it did."""
        return self._put(self._f("put_new"), key, value) != -errno.EEXIST

    def setdefault(self, key, default=None):
        while True:
            value = self.get(key, _ABSENT)
            if value is not _ABSENT:
                return value
            if self.insert(key, default):
                return default


class Map(Insertable, type="map"):
    """A mapping of fixed capacity, in no order of the keys."""

    _prefix = "qt_map"

    @classmethod
    def create(cls, segment, name, *, capacity, key_dtype=None, dtype=None,
               key_max=64, value_max=256):
        """Without dtypes keys and values are bytes, up to key_max and
        value_max."""
        return cls._make(abi.MapSpec, segment, name, capacity, key_dtype,
                         dtype, key_max, value_max)

    def replace(self, key, value):
        """Puts it if the key is there already. Returns whether it did."""
        return self._put(lib.qt_map_put_old, key, value) != -errno.ENOENT

    def add(self, key, n=1):
        """Adds to a whole number, from 0 if it was not there, in one step;
        returns the sum."""
        data, size = self._encode(key)
        out = ctypes.c_int64()
        answer = lib.qt_map_add(self._h, data, size, n, ctypes.byref(out))
        if answer == -errno.EINVAL and 1 <= size <= self.key_max:
            raise TypeError(f"{self._what}: its values are "
                            f"{self.dtype or 'bytes'}, not whole numbers")
        self._check_sizes(answer, data)
        if out.value < 0 and self.dtype.endswith("u8"):
            return out.value + 2**64
        return out.value

    def cas(self, key, expected, value):
        """Replaces the value if it is the one expected, in one step. Returns
        whether; KeyError."""
        data, n = self._encode(key)
        old = self._pack(self._codec, expected)
        new = self._pack(self._codec, value)
        r = lib.qt_map_cas(self._h, data, n, old, len(old), new, len(new))
        if r == -errno.ENOENT:
            raise KeyError(key)
        return self._check_sizes(r, data, old, new) == 1


class Set(_Keys, collections.abc.MutableSet, type="set"):
    """A set of fixed capacity; what is made of it by | and & is Python's."""

    _prefix = "qt_set"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        # A member is the set's key.
        stat = segment.stat(name)
        self.dtype = stat.key_dtype or stat.dtype
        self.capacity = lib.qt_set_capacity(self._h)
        self.key_max = lib.qt_set_key_max(self._h)
        self._keys = dtypes.codec(self.dtype)

    @classmethod
    def create(cls, segment, name, dtype=None, *, capacity, key_max=64):
        """Without a dtype members are bytes, up to key_max."""
        text = dtypes.text_of(dtype)
        spec = abi.SetSpec(text, 0 if text else key_max, capacity)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    def _traits(self):
        return f" {len(self)} of {self.capacity} {self.dtype or 'bytes'}"

    @classmethod
    def _from_iterable(cls, them):
        return set(them)

    def add(self, member):
        """Returns whether it is new."""
        data, n = self._encode(member)
        r = lib.qt_set_add(self._h, data, n)
        return r != -errno.EEXIST and self._check_sizes(r, data) == 0

    def discard(self, member):
        """Returns whether it was there."""
        r = lib.qt_set_del(self._h, *self._encode(member))
        return r != -errno.ENOENT and self._check(r) == 0

    def remove(self, member):
        if not self.discard(member):
            raise KeyError(member)

    def pop(self):
        for member in self:
            if self.discard(member):
                return member
        raise KeyError(f"'{self._what}' is empty")

    def __contains__(self, member):
        return self._check(lib.qt_set_has(self._h,
                                          *self._encode(member))) == 1

    def __iter__(self):
        key, n = ctypes.create_string_buffer(self.key_max), ctypes.c_size_t(0)
        while self._check(lib.qt_set_next(self._h, key,
                                          ctypes.byref(n))) == 1:
            yield self._keys.decode(key.raw[:n.value])
