# SPDX-License-Identifier: Apache-2.0
"""Segments, and what all objects in one have in common. Who keeps what alive:

    view --> memory --> handle of the array --+--> handle of the segment
    Queue --------> handle of the queue ------+        ^
    Segment -------------------------------------------+
"""

import ctypes
import os
import threading
import types
import weakref

from . import abi
from .abi import lib
from .handle import Handle

_TYPES = {}         # "queue" -> Queue
_segments = weakref.WeakSet()


def _name(name):
    """A segment's name as C takes it; the slash is yours to leave out."""
    return abi.text(name if name.startswith("/") else "/" + name)


def _after_fork():
    for seg in list(_segments):
        seg._unjoined = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


class Segment:
    """A segment: create() makes one, open() finds one by its name.

    It is a container of names: iteration, len(), in, del (which erases), and
    seg[name], which opens an object of whatever type it is.
    """

    def __init__(self, pointer, name, readonly):
        """Of create() and open()."""
        self._handle = Handle(pointer, lib.qt_seg_close)
        self._objects = weakref.WeakSet()
        self._unjoined = None       # a lock, in a fork child that has not yet
        self.name = name
        self.readonly = readonly
        _segments.add(self)

    @classmethod
    def create(cls, name=None, size=64 << 20, *, mode=0o600, group=None,
               entries=0, participants=0, kind="", huge=False, node=None):
        """Makes a segment ("x" or "/x") and joins it; FileExistsError when it is there.

        Without a name it is to be passed on by fileno(). size is reserved, not
        used: memory is what objects in it take. huge asks for huge pages where
        they fit, node for memory of that NUMA node first; segment.h says more,
        and qt-shm stat what has become of it.
        """
        flags = (abi.CONSTANTS["QT_SEG_HUGE"] * bool(huge) |
                 abi.CONSTANTS["QT_SEG_ON_NODE"] * (node is not None))
        spec = abi.SegSpec(size=size, entries=entries,
                           participants=participants, mode=mode,
                           group=2**32 - 1 if group is None else group,
                           kind=abi.text(kind), flags=flags,
                           node=node or 0)
        out, err = ctypes.c_void_p(), abi.Err()
        abi.check_err(lib.qt_seg_create(
            None if name is None else _name(name), ctypes.byref(spec),
            ctypes.byref(out), ctypes.byref(err)), err, "create a segment")
        return cls(out.value, name, False)

    @classmethod
    def open(cls, name, *, readonly=False, kind=None):
        """Opens a segment by its name, or by a descriptor of another process.

        readonly looks only: it changes nothing, and takes part in nothing.
        """
        flags = abi.CONSTANTS["QT_SEG_RDONLY" if readonly else "QT_SEG_JOIN"]
        out, err = ctypes.c_void_p(), abi.Err()
        kind = None if kind is None else abi.text(kind)
        if isinstance(name, int):
            r = lib.qt_seg_open_fd(name, kind, flags, ctypes.byref(out),
                                   ctypes.byref(err))
            name = None
        else:
            r = lib.qt_seg_open(_name(name), kind, flags, ctypes.byref(out),
                                ctypes.byref(err))
        abi.check_err(r, err, "open a segment")
        return cls(out.value, name, readonly)

    @staticmethod
    def unlink(name):
        """Takes a name away; who uses the segment keeps it."""
        abi.check(lib.qt_seg_unlink(_name(name)), f"unlink '{name}'")

    def close(self):
        """Closes it and every object in it. Views of arrays stay."""
        for obj in list(self._objects):
            obj.close()
        self._handle = None

    @property
    def closed(self):
        return self._handle is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"<qtshm.Segment {self.name!r}{' closed' * self.closed}>"

    def __reduce__(self):
        if self.name is None:
            raise TypeError("a segment without a name cannot be pickled: "
                            "pass its fileno()")
        return _reopen_segment, (self.name, self.readonly, self.id)

    @property
    def _h(self):
        handle = self._handle
        if handle is None:
            raise ValueError(f"segment '{self.name}' is closed")
        if self._unjoined is not None:
            self._join(handle)
        return handle

    def _join(self, handle):
        """In a fork child, once: becomes a participant of its own."""
        lock = self._unjoined
        if lock is None or self.readonly:
            return
        with lock:
            if self._unjoined is None:
                return
            err = abi.Err()
            abi.check_err(lib.qt_seg_after_fork(handle, ctypes.byref(err)),
                          err, "join after fork")
            self._unjoined = None

    @property
    def size(self):
        return lib.qt_seg_size(self._h)

    @property
    def used(self):
        """Bytes of memory that it takes now."""
        return lib.qt_seg_used(self._h)

    @property
    def id(self):
        return lib.qt_seg_id(self._h)

    @property
    def self_id(self):
        """Our number as a participant; 0 when we only look."""
        return lib.qt_seg_self(self._h)

    @property
    def path(self):
        """The file of a segment with a name, for numpy.memmap() and others."""
        if self.name is None:
            raise ValueError("a segment without a name has no path")
        return "/dev/shm/" + self.name.lstrip("/")

    def fileno(self):
        """A new descriptor, to be passed to another process and closed."""
        dup = lib.qt_seg_dup_rdonly if self.readonly else lib.qt_seg_dup_rdwr
        return abi.check(dup(self._h), "segment")

    def _each(self, step, kind):
        cursor, out = ctypes.c_uint32(0), kind()
        while step(self._h, ctypes.byref(cursor), ctypes.byref(out)) == 1:
            yield out

    def participants(self):
        """Who takes part: a list with id, pid, name, joined_ms, is_alive."""
        return [types.SimpleNamespace(
            id=p.id, pid=p.pid, name=p.name.decode(errors="replace"),
            joined_ms=p.joined_ms,
            is_alive=lib.qt_seg_is_alive(self._h, p.id) == 1)
            for p in self._each(lib.qt_seg_participant_next,
                                abi.SegParticipant)]

    def sweep(self):
        """Finishes or undoes what the dead left; returns how many they were."""
        return abi.check(lib.qt_seg_sweep(self._h), "sweep")

    def gc(self):
        """sweep(), and frees erased objects that nobody uses any more."""
        return abi.check(lib.qt_obj_gc(self._h), "gc")

    def fsck(self, repair=False):
        """Compares all that is in it with itself. Returns the faults that are
        left, a list of (name, what); of the segment's own tables the name is
        "". While others work, what they are just changing may be called one."""
        faults, err = [], abi.Err()
        if lib.qt_seg_fsck(self._h, ctypes.byref(err)) < 0:
            faults.append(("", err.text.decode(errors="replace")))
        each = abi.FAULT(lambda _, name, what: faults.append(
            (name.decode(errors="replace"), what.decode(errors="replace"))))
        abi.check(lib.qt_obj_fsck(
            self._h, abi.CONSTANTS["QT_OBJ_FSCK_REPAIR"] if repair else 0,
            each, None), "fsck")
        return faults

    def epochs(self, name):
        """Who is at work in an object that has epochs, a skip list: a list
        with participant, epoch, behind, limbo, as <qt/shm/epoch.h> says."""
        pins, err = [], abi.Err()
        each = abi.PIN(lambda _, pin: pins.append(types.SimpleNamespace(
            **{field: getattr(pin[0], field) for field, _ in pin[0]._fields_})))
        abi.check_err(lib.qt_epoch_each(self._h, abi.text(name), each, None,
                                        ctypes.byref(err)), err, name)
        return pins

    def stat(self, name):
        """What is known of an object: name, type, dtype, count, capacity, ..."""
        s, err = abi.ObjStat(), abi.Err()
        abi.check_err(lib.qt_obj_stat(self._h, abi.text(name), ctypes.byref(s),
                                      ctypes.byref(err)), err, name)
        return types.SimpleNamespace(
            name=s.name.decode(), type=s.type_name.decode(), id=s.id,
            made_ms=s.made_ms, dtype=s.dtype.decode(),
            key_dtype=s.key_dtype.decode(), elem_size=s.elem_size,
            key_size=s.key_size, capacity=s.capacity, count=s.count,
            shape=tuple(n for n in s.shape if n), offset=s.offset,
            size=s.size, data_offset=s.data_offset,
            is_open=bool(s.is_open), has_waiters=bool(s.has_waiters),
            numbers={n.name.decode(): n.value
                     for n in s.number[:s.number_count]})

    def erase(self, name):
        """The name is free at once, the memory when nobody uses it."""
        err = abi.Err()
        abi.check_err(lib.qt_obj_erase(self._h, abi.text(name),
                                       ctypes.byref(err)), err, name)

    def __iter__(self):
        return iter([e.name.decode() for e in
                     self._each(lib.qt_seg_entry_next, abi.SegEntry)])

    def __len__(self):
        return sum(1 for _ in self)

    def __contains__(self, name):
        if not isinstance(name, str):
            return False
        entry = abi.SegEntry()
        return lib.qt_seg_entry_get(self._h, abi.text(name),
                                    ctypes.byref(entry)) == 0

    def __getitem__(self, name):
        try:
            kind = self.stat(name).type
        except FileNotFoundError:
            raise KeyError(name) from None
        if kind not in _TYPES:
            raise ValueError(f"'{name}' is a {kind}, which has no class here")
        return _TYPES[kind].open(self, name)

    def __delitem__(self, name):
        try:
            self.erase(name)
        except FileNotFoundError:
            raise KeyError(name) from None


def _reopen_segment(name, readonly, its_id):
    seg = Segment.open(name, readonly=readonly)
    if seg.id != its_id:
        seg.close()
        raise abi.Gone(abi.EGONE, f"segment '{name}': another one has that "
                       "name by now")
    return seg


def _reopen(kind, segment, name, more):
    return kind.open(segment, name, *more)


class Object:
    """What is in a segment; its class says what it is.

    create(segment, name, ...) makes one and opens it, open(segment, name)
    finds one.
    """

    _prefix = None      # "qt_queue": what its functions begin with

    def __init_subclass__(cls, type=None, **more):
        super().__init_subclass__(**more)
        if type is not None:
            _TYPES[type] = cls

    def __init__(self, segment, name, *args):
        out, err = ctypes.c_void_p(), abi.Err()
        abi.check_err(self._f("open")(segment._h, abi.text(name), *args,
                                      ctypes.byref(out), ctypes.byref(err)),
                      err, name)
        self._handle = Handle(out.value, self._f("close"), segment._h)
        self.segment = segment
        self.name = name
        segment._objects.add(self)

    @property
    def _what(self):
        """Its name in errors, as qt-shm takes it: SEG/NAME."""
        seg = self.segment.name
        return f"{seg.lstrip('/')}/{self.name}" if seg else self.name

    @property
    def _h(self):
        handle = self._handle
        if handle is None:
            raise ValueError(f"'{self._what}' is closed")
        if self.segment._unjoined is not None:
            self.segment._join(handle.needs)
        return handle

    def _pack(self, codec, value):
        """A value as bytes; what is wrong with it names us."""
        try:
            return codec.encode(value)
        except ValueError as e:
            raise ValueError(f"{self._what}: {e}") from None
        except (TypeError, KeyError) as e:
            raise type(e)(f"{self._what}: {e}") from None

    def close(self):
        """Closes it; twice is harmless."""
        self._handle = None

    @property
    def closed(self):
        return self._handle is None

    def stat(self):
        """What is known of it, as Segment.stat()."""
        return self.segment.stat(self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _traits(self):
        """What repr() says besides the name, of one that is open."""
        return ""

    def __repr__(self):
        try:
            more = " closed" if self.closed else self._traits()
        except ValueError:      # by another thread, just now
            more = " closed"
        return f"<qtshm.{type(self).__name__} {self._what!r}{more}>"

    def _more(self):
        """What open() wants besides the name, for pickle."""
        return ()

    def __reduce__(self):
        return _reopen, (type(self), self.segment, self.name, self._more())

    @classmethod
    def _f(cls, verb):
        return getattr(lib, f"{cls._prefix}_{verb}")

    @classmethod
    def _create(cls, segment, name, *args):
        err = abi.Err()
        abi.check_err(cls._f("create")(segment._h, abi.text(name), *args,
                                       ctypes.byref(err)), err, name)

    @classmethod
    def open(cls, segment, name):
        """Opens the one of that name; FileNotFoundError, or ValueError when it
        is of another type."""
        return cls(segment, name)

    def _wait(self, call, timeout):
        """call(handle, deadline), for as long as timeout says."""
        handle = self._h
        return abi.wait(lambda deadline: call(handle, deadline), timeout)

    @property
    def id(self):
        """A random number that was made with it."""
        return lib.qt_obj_id(self._f("obj")(self._h))

    @property
    def is_erased(self):
        """Somebody erased it; it can be used until it is closed."""
        return lib.qt_obj_is_erased(self._f("obj")(self._h)) != 0
