# SPDX-License-Identifier: Apache-2.0
"""Pointers of C, and when they are closed.

A handle is closed when nothing refers to it any more: not when close() of its
object is called, which only lets go of it. So a call that another thread is in,
and a view that somebody kept, are never left without their memory.

What is left in a cycle is another matter. The garbage collector calls the
finalizers of all that is in it in any order, and a __del__ of the user's may
come after that of the handle, and use it, or a view of its memory. So a handle
that is finalized while others still refer to it waits until the collector has
gone over all of them, and is closed then.
"""

import gc
from sys import getrefcount

_open = {}      # pointer -> the function that closes it, the handle it needs
_late = []      # handles that the collector came by


class _Probe:
    """Finds out what getrefcount() says when nobody else refers to a thing: in
    its __del__, and of a local variable."""

    in_del = None

    def __del__(self):
        _Probe.in_del = getrefcount(self)

    @staticmethod
    def as_local():
        thing = _Probe()
        return getrefcount(thing)


_LOCAL = _Probe.as_local()
_IN_DEL = _Probe.in_del


class Handle(int):
    """A pointer. What it needs is closed after it, for _open keeps it."""

    __slots__ = ()

    def __new__(cls, pointer, close, needs=None):
        _open[pointer] = close, needs
        return int.__new__(cls, pointer)

    @property
    def needs(self):
        return _open[self][1]

    # At the end of the program names of modules may be gone.
    def __del__(self, getrefcount=getrefcount, alone=_IN_DEL, late=_late,
                open_=_open):
        if getrefcount(self) > alone:
            late.append(self)
            return
        close, _needs = open_.pop(self)
        close(self)


def _close_late(phase, _info):
    """After a collection: closes what only _late refers to."""
    if phase != "stop" or not _late:
        return
    them = _late[:]
    _late.clear()
    while them:
        handle = them.pop()
        if getrefcount(handle) > _LOCAL:    # a __del__ has saved it
            _late.append(handle)
            continue
        close, _needs = _open.pop(handle)
        close(handle)


gc.callbacks.append(_close_late)
