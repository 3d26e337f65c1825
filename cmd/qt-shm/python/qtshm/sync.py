# SPDX-License-Identifier: Apache-2.0
"""Mutexes, locks, semaphores and what else processes wait for each other by.

Names and arguments follow Python's threading where it has the thing.
"""

import contextlib
import ctypes
import errno
import threading

from . import abi
from .abi import lib
from .segment import Object


class _Waiting(Object):
    def _get(self, call, timeout):
        """What call answers; None when it is not to be had in that time."""
        answer = self._wait(call, timeout)
        if answer in (-errno.ETIMEDOUT, -errno.EBUSY):
            return None
        return abi.check(answer, self._what)

    def _must(self, call, timeout):
        answer = self._get(call, timeout)
        if answer is None:
            raise TimeoutError(errno.ETIMEDOUT, f"{self._what}: not in time")
        return answer


class _Plain(_Waiting):
    @classmethod
    def create(cls, segment, name):
        cls._create(segment, name)
        return cls(segment, name)


def _seconds(blocking, timeout):
    """threading's two arguments as ours."""
    if not blocking:
        return 0
    return None if timeout is None or timeout < 0 else timeout


class Mutex(_Plain, type="mutex"):
    """with mutex as is_stale: it is held in the block. is_stale says that who
    held it before has died with it: put right what it protects, then call
    consistent(); until then everybody is told."""

    _prefix = "qt_mutex"

    def acquire(self, blocking=True, timeout=-1):
        """Whether it is ours now."""
        return self._get(lib.qt_mutex_lock,
                         _seconds(blocking, timeout)) is not None

    def lock(self, timeout=None):
        """Takes it, or TimeoutError. Returns whether it is stale."""
        return self._must(lib.qt_mutex_lock, timeout) == 1

    def release(self):
        """PermissionError when this process does not hold it."""
        abi.check(lib.qt_mutex_unlock(self._h), self._what)

    def consistent(self):
        """What it protects is whole again."""
        abi.check(lib.qt_mutex_consistent(self._h), self._what)

    def __enter__(self):
        return self.lock()

    def __exit__(self, *_):
        self.release()

    @property
    def is_stale(self):
        return lib.qt_mutex_is_stale(self._h) == 1

    @property
    def owner(self):
        """The participant that holds it; 0: nobody."""
        return lib.qt_mutex_owner(self._h)

    def locked(self):
        return self.owner != 0


class RWLock(_Plain, type="rwlock"):
    """with lock.read() as is_stale: and with lock.write() as is_stale:, as
    Mutex."""

    _prefix = "qt_rwlock"

    @contextlib.contextmanager
    def read(self, timeout=None):
        stale = self._must(lib.qt_rwlock_lock_read, timeout) == 1
        try:
            yield stale
        finally:
            abi.check(lib.qt_rwlock_unlock_read(self._h), self._what)

    @contextlib.contextmanager
    def write(self, timeout=None):
        stale = self._must(lib.qt_rwlock_lock_write, timeout) == 1
        try:
            yield stale
        finally:
            abi.check(lib.qt_rwlock_unlock_write(self._h), self._what)

    def consistent(self):
        """By the writer: what it protects is whole again."""
        abi.check(lib.qt_rwlock_consistent(self._h), self._what)

    @property
    def is_stale(self):
        return lib.qt_rwlock_is_stale(self._h) == 1

    @property
    def writer(self):
        """The participant that writes; 0: nobody."""
        return lib.qt_rwlock_writer(self._h)

    @property
    def readers(self):
        """How many hold it for reading."""
        return lib.qt_rwlock_readers(self._h, 0)


class Semaphore(_Waiting, type="semaphore"):
    """With undo, what a process holds is put back when it dies."""

    _prefix = "qt_semaphore"

    @classmethod
    def create(cls, segment, name, value=1, *, max=0, undo=False):
        flags = abi.CONSTANTS["QT_SEMAPHORE_UNDO"] if undo else 0
        spec = abi.SemaphoreSpec(value, max, flags)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    def acquire(self, blocking=True, timeout=None):
        return self._get(lib.qt_semaphore_wait,
                         _seconds(blocking, timeout)) is not None

    def release(self):
        """OverflowError when max are in."""
        abi.check(lib.qt_semaphore_post(self._h), self._what)

    def __enter__(self):
        self._must(lib.qt_semaphore_wait, None)
        return self

    def __exit__(self, *_):
        self.release()

    @property
    def value(self):
        return lib.qt_semaphore_value(self._h)


class Event(_Waiting, type="event"):
    """auto: one of those who wait goes on, and it is reset by that."""

    _prefix = "qt_event"

    @classmethod
    def create(cls, segment, name, *, auto=False):
        cls._create(segment, name, abi.CONSTANTS[
            "QT_EVENT_AUTO" if auto else "QT_EVENT_MANUAL"])
        return cls(segment, name)

    def set(self):
        abi.check(lib.qt_event_set(self._h), self._what)

    def clear(self):
        abi.check(lib.qt_event_reset(self._h), self._what)

    def is_set(self):
        return lib.qt_event_is_set(self._h) == 1

    def wait(self, timeout=None):
        """Whether it was set in that time."""
        return self._get(lib.qt_event_wait, timeout) is not None


class Latch(_Waiting, type="latch"):
    """A number that is counted down to 0 once."""

    _prefix = "qt_latch"

    @classmethod
    def create(cls, segment, name, count):
        cls._create(segment, name, count)
        return cls(segment, name)

    def down(self, n=1):
        """Returns whether that opened it; ValueError when fewer are left."""
        answer = lib.qt_latch_down(self._h, n)
        if answer == -errno.ERANGE:
            raise ValueError(f"{self._what}: fewer than {n} are left")
        return abi.check(answer, self._what) == 1

    def wait(self, timeout=None):
        """Whether it is open within that time."""
        return self._get(lib.qt_latch_wait, timeout) is not None

    @property
    def count(self):
        return lib.qt_latch_count(self._h)


class Barrier(_Waiting, type="barrier"):
    """A handle is one party, so each thread opens its own."""

    _prefix = "qt_barrier"

    @classmethod
    def create(cls, segment, name, parties):
        cls._create(segment, name, parties)
        return cls(segment, name)

    def join(self):
        """Takes a place now; Full when all have living parties."""
        abi.check(lib.qt_barrier_join(self._h), self._what)

    def wait(self, timeout=None):
        """Returns True in at most one of the parties. BrokenBarrierError when
        one died in this phase: wait again to go on without it. TimeoutError:
        the same phase is to be waited for again."""
        answer = self._wait(lib.qt_barrier_wait, timeout)
        if answer == -errno.EOWNERDEAD:
            raise threading.BrokenBarrierError(f"{self._what}: a party died")
        if answer == -errno.EBUSY:
            answer = -errno.ETIMEDOUT
        return abi.check(answer, self._what) == 1

    def leave(self):
        """We do not come any more; the others need not wait."""
        abi.check(lib.qt_barrier_leave(self._h), self._what)

    def reset(self):
        """Lost places are waited for again; returns how many there were."""
        return abi.check(lib.qt_barrier_reset(self._h), self._what)

    @property
    def parties(self):
        return lib.qt_barrier_parties(self._h)

    @property
    def n_waiting(self):
        return lib.qt_barrier_arrived(self._h)

    @property
    def lost(self):
        return lib.qt_barrier_lost(self._h)


class Once(_Plain, type="once"):
    """Something that is to be done once, by whoever comes first."""

    _prefix = "qt_once"

    def run(self, fn, timeout=None):
        """Calls fn if it is to be done by us, else waits until it is done.
        Returns whether we did it. When fn raises, the next one is told to."""
        if self._must(lib.qt_once_begin, timeout) == 0:
            return False
        try:
            fn()
        except BaseException:
            lib.qt_once_fail(self._h)
            raise
        abi.check(lib.qt_once_done(self._h), self._what)
        return True

    def is_done(self):
        return lib.qt_once_is_done(self._h) == 1
