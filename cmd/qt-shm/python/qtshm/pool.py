# SPDX-License-Identifier: Apache-2.0
"""Pools of equal blocks."""

import contextlib
import ctypes

from . import abi, dtype as dtypes
from .abi import lib
from .segment import Object


class Pool(Object, type="pool"):
    """Blocks are named by handles, numbers that may be stored anywhere. A block
    belongs to the process that allocated it and goes with it, until it gives
    it away."""

    _prefix = "qt_shm_pool"

    def __init__(self, segment, name, dtype=None):
        super().__init__(segment, name, dtypes.text_of(dtype))
        self.dtype = lib.qt_shm_pool_dtype(self._h).decode()
        self.capacity = lib.qt_shm_pool_capacity(self._h)
        self.block_size = lib.qt_shm_pool_size(self._h)

    @classmethod
    def create(cls, segment, name, dtype=None, *, capacity, size=0,
               epochs=False):
        """size: bytes of a block, without a dtype; epochs: blocks can be
        retired under those who read them."""
        text = dtypes.text_of(dtype)
        spec = abi.PoolSpec(text, capacity,
                            0 if text else size,
                            abi.CONSTANTS["QT_POOL_EPOCHS"] if epochs else 0)
        cls._create(segment, name, ctypes.byref(spec))
        return cls(segment, name)

    @classmethod
    def open(cls, segment, name, dtype=None):
        return cls(segment, name, dtype)

    def alloc(self, timeout=0):
        """The handle of a block of ours; Full, TimeoutError."""
        out = ctypes.c_uint64()
        abi.check(self._wait(lambda h, deadline: lib.qt_shm_pool_alloc(
            h, ctypes.byref(out), deadline), timeout), self._what)
        return out.value

    def free(self, handle):
        """Gone when it was freed before."""
        abi.check(lib.qt_shm_pool_free(self._h, handle), self._what)

    def give(self, handle):
        """Ours becomes nobody's: it stays until somebody frees it."""
        abi.check(lib.qt_shm_pool_give(self._h, handle), self._what)

    @contextlib.contextmanager
    def enter(self):
        """With it, what is read stays as it is, though others retire it:

            with pool.enter():
                data = bytes(pool[handle])

        Only in pools with epochs; BlockingIOError (EBUSY) when too many have
        entered."""
        guard = abi.PoolGuard()
        abi.check(lib.qt_shm_pool_enter(self._h, ctypes.byref(guard)),
                  self._what)
        keeps = self._h
        try:
            yield self
        finally:
            lib.qt_shm_pool_leave(ctypes.byref(guard))
            del keeps

    def retire(self, handle):
        """Stale for who comes later; free when all who had entered left."""
        abi.check(lib.qt_shm_pool_retire(self._h, handle), self._what)

    def own(self, handle):
        """Nobody's becomes ours."""
        abi.check(lib.qt_shm_pool_own(self._h, handle), self._what)

    def owner(self, handle):
        """The participant whose it is; 0: nobody's."""
        return abi.check(lib.qt_shm_pool_owner(self._h, handle), self._what)

    def __getitem__(self, handle):
        """The block's bytes, a memoryview. It keeps the mapping, not the block:
        others may free what is nobody's."""
        keeps = self._h
        data = lib.qt_shm_pool_get(keeps, handle)
        if not data:
            raise abi.Gone(abi.EGONE, f"{self._what}: the handle is stale")
        raw = (ctypes.c_ubyte * self.block_size).from_address(data)
        raw.keeps = keeps
        view = memoryview(raw).cast("B")
        return view.toreadonly() if self.segment.readonly else view

    def __len__(self):
        return lib.qt_shm_pool_count(self._h)

    def _traits(self):
        return f" {len(self)} of {self.capacity} blocks of" \
               f" {self.dtype or f'{self.block_size} bytes'}"

    def __bool__(self):
        return True

    def __iter__(self):
        """The handles of blocks in use."""
        cursor, out = ctypes.c_uint32(0), ctypes.c_uint64()
        while lib.qt_shm_pool_next(self._h, ctypes.byref(cursor),
                                   ctypes.byref(out)) == 1:
            yield out.value
