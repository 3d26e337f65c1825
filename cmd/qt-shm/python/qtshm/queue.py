# SPDX-License-Identifier: Apache-2.0
"""Queues and stacks."""

import contextlib
import ctypes
import errno

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Object


class _Items(Object):
    """What queues and stacks have in common."""

    def _measure(self):
        self.dtype = self._f("dtype")(self._h).decode()
        self.capacity = self._f("capacity")(self._h)
        self.item_max = self._f("item_max")(self._h)
        self._codec = dtypes.codec(self.dtype)
        self._push, self._peek = self._f("push"), self._f("peek")
        self._count = self._f("count")

    def push(self, item, timeout=0):
        """Puts an item in; Full when there is no room, TimeoutError when there
        was none for so many seconds."""
        data = self._pack(self._codec, item)
        answer = self._wait(lambda h, deadline: self._push(
            h, data, len(data), deadline), timeout)
        if answer < 0:
            abi.raise_code(answer, self._what)

    def peek(self, which=0):
        """The item that pop would give, or one that many places behind it."""
        return self._codec.decode(self._copy(
            lambda out, size: self._peek(self._h, which, out, size)))

    def _copy(self, get):
        """What get(buffer, size) copies, which is seldom the longest."""
        size = min(self.item_max, 4096)
        while True:
            out = ctypes.create_string_buffer(size)
            n = abi.check(get(out, size), self._what)
            if n <= size:
                return out.raw[:n]
            size = n

    def __len__(self):
        return self._count(self._h)

    def _traits(self):
        return f" {len(self)} of {self.capacity}" \
               f" {self.dtype or 'items of bytes'}"

    def __bool__(self):
        return True     # an empty queue is still a queue

    def __iter__(self):
        """What is in it, in the order of pop; it all stays."""
        which = 0
        while True:
            try:
                item = self.peek(which)
            except IndexError:
                return
            yield item
            which += 1

    def drain(self):
        """Pops until nothing is there."""
        while True:
            try:
                item = self.pop()
            except IndexError:
                return
            yield item


class Queue(_Items, type="queue"):
    """Many producers, many consumers, first in, first out."""

    _prefix = "qt_queue"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        self._measure()

    @classmethod
    def create(cls, segment, name, dtype=None, *, capacity=1024,
               item_max=4096, redeliver=False, loans=0):
        """item_max: bytes of an item, without a dtype. redeliver: what was
        taken by who died is put in again, else dropped."""
        flags = abi.CONSTANTS["QT_QUEUE_REDELIVER"] if redeliver else 0
        text = dtypes.text_of(dtype)
        spec = abi.QueueSpec(text, capacity,
                             0 if text else item_max, flags, loans)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    def _take(self, timeout):
        item = abi.QueueItem()
        abi.check(self._wait(lambda h, deadline: lib.qt_queue_take(
            h, ctypes.byref(item), deadline), timeout), self._what)
        return item

    def pop(self, timeout=0):
        """The oldest item; IndexError when there is none, TimeoutError when
        there was none for so many seconds."""
        handle, item = self._h, self._take(timeout)
        try:
            data = ctypes.string_at(item.data, item.len)
        finally:
            abi.check(lib.qt_queue_release(handle, ctypes.byref(item)),
                      self._what)
        return self._codec.decode(data)

    @contextlib.contextmanager
    def take(self, timeout=0):
        """with q.take() as item: it is gone when the block ends well, and put in
        again at the tail when it ends with an exception, or, in a queue made
        with redeliver, when this process dies meanwhile."""
        handle, item = self._h, self._take(timeout)
        back = lib.qt_queue_requeue
        try:
            yield self._codec.decode(ctypes.string_at(item.data, item.len))
            back = lib.qt_queue_release
        finally:
            abi.check(back(handle, ctypes.byref(item)), self._what)

    @contextlib.contextmanager
    def loan(self, timeout=0):
        """with q.loan() as room: room.data is a memoryview to be filled and
        room.len how much of it counts (all of it, unless you say). It is in the
        queue when the block ends well, and given back otherwise."""
        handle, item = self._h, abi.QueueItem()
        abi.check(self._wait(lambda h, deadline: lib.qt_queue_loan(
            h, ctypes.byref(item), deadline), timeout), self._what)
        room = _Room(item)
        try:
            yield room
            answer = lib.qt_queue_publish(handle, ctypes.byref(item), room.len)
            done = answer == 0
        except BaseException:
            lib.qt_queue_cancel(handle, ctypes.byref(item))
            raise
        finally:
            room.data.release()
        if not done:
            lib.qt_queue_cancel(handle, ctypes.byref(item))
            abi.raise_code(answer, self._what)


class _Room:
    def __init__(self, item):
        self.len = item.size
        self.data = memoryview((ctypes.c_ubyte * item.size).from_address(
            item.data)).cast("B")


_ROLES = {"look": 0, "producer": abi.CONSTANTS["QT_SPSC_PRODUCER"],
          "consumer": abi.CONSTANTS["QT_SPSC_CONSUMER"]}
_ROLES["both"] = _ROLES["producer"] | _ROLES["consumer"]


class Spsc(_Items, type="spsc"):
    """One producer, one consumer. Who opens it says its role: "producer",
    "consumer", "both", or "look", which only peeks; BlockingIOError (EBUSY)
    when somebody alive has it."""

    _prefix = "qt_spsc"

    def __init__(self, segment, name, role="look", dtype=None):
        if role not in _ROLES:
            raise ValueError(f"role '{role}': one of {', '.join(_ROLES)}")
        super().__init__(segment, name, dtypes.text_of(dtype), _ROLES[role])
        self.role = role
        self._measure()

    @classmethod
    def create(cls, segment, name, role, dtype=None, *, capacity=1024,
               item_max=4096):
        text = dtypes.text_of(dtype)
        spec = abi.SpscSpec(text, capacity,
                            0 if text else item_max)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name, role)

    @classmethod
    def open(cls, segment, name, role="look", dtype=None):
        return cls(segment, name, role, dtype)

    def _more(self):
        return (self.role,)

    def pop(self, timeout=0):
        """As Queue.pop()."""
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        handle = self._h
        abi.check(self._wait(lambda h, deadline: lib.qt_spsc_take(
            h, ctypes.byref(data), ctypes.byref(size), 1, deadline),
            timeout), self._what)
        item = ctypes.string_at(data.value, size.value)
        abi.check(lib.qt_spsc_release(handle, 1), self._what)
        return self._codec.decode(item)

    def push_array(self, items, timeout=0):
        """As many elements of an ndarray of the queue's dtype, or of the bytes
        of some, as there is room for, at least one; returns how many."""
        size = self._element_size()
        if hasattr(items, "dtype"):
            if items.dtype != dtypes.numpy_dtype(self.dtype):
                raise ValueError(f"{self._what}: elements of {items.dtype}, "
                                 f"not of {self.dtype}")
            items = items.tobytes()
        view = memoryview(items)
        if view.itemsize not in (1, size) or view.nbytes % size != 0:
            raise ValueError(f"{self._what}: {view.nbytes} bytes, elements of "
                             f"{view.itemsize}, not of {size}")
        data = view.tobytes()
        return abi.check(self._wait(lambda h, deadline: lib.qt_spsc_push_n(
            h, data, len(data) // size, deadline), timeout), self._what)

    def _element_size(self):
        if not self._codec.size:
            raise TypeError(f"{self._what}: its items are bytes, no elements")
        return self._codec.size

    def pop_array(self, count, timeout=0):
        """Up to count elements, at least one, as a numpy.ndarray."""
        import numpy
        self._element_size()
        out = numpy.empty(count, dtypes.numpy_dtype(self.dtype))
        n = abi.check(self._wait(lambda h, deadline: lib.qt_spsc_pop_n(
            h, out.ctypes.data, count, deadline), timeout), self._what)
        return out[:n]


class Stack(_Items, type="stack"):
    """Last in, first out; many processes."""

    _prefix = "qt_stack"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        self._measure()

    @classmethod
    def create(cls, segment, name, dtype=None, *, capacity=1024,
               item_max=4096, redeliver=False):
        """As Queue.create()."""
        flags = abi.CONSTANTS["QT_STACK_REDELIVER"] if redeliver else 0
        text = dtypes.text_of(dtype)
        spec = abi.StackSpec(text, capacity,
                             0 if text else item_max, flags)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    def __iter__(self):
        """What is in it, from the newest down; it all stays."""
        cursor = abi.StackCursor()
        size = min(self.item_max, 4096)
        out = ctypes.create_string_buffer(size)
        below = self._f("next")
        while True:
            n = below(self._h, ctypes.byref(cursor), out, size)
            if n == -abi.EEMPTY:
                return
            if abi.check(n, self._what) <= size:
                yield self._codec.decode(out[:n])
            else:
                yield self.peek(cursor.which - 1)

    def pop(self, timeout=0):
        """The newest item; otherwise as Queue.pop()."""
        size = min(self.item_max, 4096)
        while True:
            out = ctypes.create_string_buffer(size)
            n = self._wait(lambda h, deadline: lib.qt_stack_pop(
                h, out, size, deadline), timeout)
            if n != -errno.EMSGSIZE or size == self.item_max:
                abi.check(n, self._what)
                return self._codec.decode(out.raw[:n])
            size = self.item_max    # the newest is longer, and stays
