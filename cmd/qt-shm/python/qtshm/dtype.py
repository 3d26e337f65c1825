# SPDX-License-Identifier: Apache-2.0
"""Items as Python values and as bytes, by their dtype string."""

import ast
import operator
import struct
import sys

_NATIVE = "<" if sys.byteorder == "little" else ">"
_LETTERS = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H",
            "u4": "I", "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "b1": "?",
            "M8": "q", "m8": "q"}


_BUILTIN = {int: _NATIVE + "i8", float: _NATIVE + "f8", bool: "|b1", bytes: ""}


def text_of(dtype):
    """What the C side is given: bytes, or None for items without a dtype."""
    if isinstance(dtype, type):
        dtype = _BUILTIN.get(dtype, dtype)
    if dtype is None or isinstance(dtype, str):
        return dtype.encode() if dtype else None
    import numpy
    d = numpy.dtype(dtype)
    if d.hasobject:
        raise ValueError(f"dtype {d}: objects cannot be shared, only what is "
                         "all in its bytes")
    if d.subdtype is not None:
        raise ValueError(f"dtype {d}: one with a shape is no element; give the "
                         "shape to the array, or make it a field")
    return (_write(d.descr) if d.fields else d.str).encode()


def _write(descr):
    """dtype.descr as the library writes it. Names keep their spaces."""
    them = []
    for name, what, *shape in descr:
        name = name[1] if isinstance(name, tuple) else name     # of its title
        what = _write(what) if isinstance(what, list) else f"'{what}'"
        more = "".join(f",{s}".replace(" ", "") for s in shape)
        them.append(f"('{name}',{what}{more})")
    return f"[{','.join(them)}]"


def numpy_dtype(text):
    import numpy
    if text[:1] != "[":
        return numpy.dtype(text)
    return _numpy_struct(numpy, ast.literal_eval(text))


def _numpy_struct(numpy, descr):
    """Gaps are no fields, as in the structure that they came from."""
    names, formats, offsets, size = [], [], [], 0
    for name, what, *shape in descr:
        kind = _numpy_struct(numpy, what) if isinstance(what, list) else \
            numpy.dtype(what)
        if shape:
            kind = numpy.dtype((kind, shape[0]))
        if name != "":
            names.append(name)
            formats.append(kind)
            offsets.append(size)
        size += kind.itemsize
    return numpy.dtype({"names": names, "formats": formats,
                        "offsets": offsets, "itemsize": size})


def to_bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    try:
        return memoryview(value).cast("B").tobytes()
    except TypeError:
        raise TypeError("bytes or str are wanted, not "
                        f"{type(value).__name__}") from None


class Bytes:
    """Items without a dtype: bytes, of any length."""
    size = 0

    @staticmethod
    def encode(value):
        return to_bytes(value)

    @staticmethod
    def decode(data):
        return bytes(data)


class _Number:
    def __init__(self, order, letter, time=None):
        self._struct = struct.Struct(order + letter)
        self.size = self._struct.size
        self._is_whole = letter in "bhiqBHIQ"
        self._time = time       # "M8[ms]"

    def encode(self, value):
        if self._time and hasattr(value, "astype"):
            value = value.astype(self._time).astype("i8")
        if self._is_whole and not isinstance(value, int):
            value = operator.index(value)   # numpy's integers, no floats
        try:
            return self._struct.pack(value)
        except (struct.error, OverflowError) as e:
            raise ValueError(f"{value!r}: {e}") from None

    def decode(self, data):
        return self._struct.unpack(data)[0]


class _Chars:
    def __init__(self, size, kind, order):
        self.size = size
        self._kind = kind
        self._code = "utf-32-le" if order == "<" else "utf-32-be"

    def encode(self, value):
        if self._kind == "U":
            data = str(value).encode(self._code)
        else:
            data = to_bytes(value)
        if len(data) > self.size or self._kind == "V" and \
                len(data) < self.size:
            raise ValueError(f"{len(data)} bytes do not fit {self.size}")
        return data.ljust(self.size, b"\0")

    def decode(self, data):
        data = bytes(data)
        if self._kind == "V":
            return data
        if self._kind == "S":
            return data.rstrip(b"\0")
        return data.decode(self._code, "replace").rstrip("\0")


class _Row:
    """Elements side by side, a tuple of them."""

    def __init__(self, item, count):
        self._item, self._count = item, count
        self.size = item.size * count

    def encode(self, value):
        value = tuple(value)
        if len(value) != self._count:
            raise ValueError(f"{len(value)} elements, not {self._count}")
        return b"".join(map(self._item.encode, value))

    def decode(self, data):
        n = self._item.size
        return tuple(self._item.decode(data[i:i + n])
                     for i in range(0, self.size, n))


class _Struct:
    """A tuple of fields; a dict of them is taken, too. Gaps are not seen."""

    def __init__(self, descr):
        self._fields = []       # (name, codec, offset)
        self.size = 0
        for name, what, *shape in descr:
            item = _parse(what)
            for count in reversed(shape[0] if shape else ()):
                item = _Row(item, count)
            if name != "":
                self._fields.append((name, item, self.size))
            self.size += item.size

    def encode(self, value):
        if isinstance(value, dict):
            value = [value[name] for name, _, _ in self._fields]
        else:
            value = tuple(value)
        if len(value) != len(self._fields):
            raise ValueError(f"{len(value)} fields, not {len(self._fields)}")
        out = bytearray(self.size)
        for (_, item, at), one in zip(self._fields, value):
            out[at:at + item.size] = item.encode(one)
        return bytes(out)

    def decode(self, data):
        return tuple(item.decode(data[at:at + item.size])
                     for _, item, at in self._fields)


def _parse(what):
    if isinstance(what, list):
        return _Struct(what)
    order, what = (what[0], what[1:]) if what[0] in "<>|=" else ("=", what)
    if order in "|=":
        order = _NATIVE
    time = what if what[0] in "Mm" else None
    what = "b1" if what == "?" else what.split("[")[0]
    if what in _LETTERS:
        return _Number(order, _LETTERS[what], time)
    kind, size = what[0], int(what[1:])
    if kind not in "SUV":
        raise ValueError(f"dtype '{what}' is not known here")
    return _Chars(size * 4 if kind == "U" else size, kind, order)


def codec(text):
    """What turns items of that dtype, as the library writes it, into bytes."""
    if not text:
        return Bytes
    return _parse(ast.literal_eval(text) if text[0] == "[" else text)
