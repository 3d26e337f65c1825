# SPDX-License-Identifier: Apache-2.0
"""The C side: libqt.so.0, its structs, its functions, its errors, its clock.

SIGNATURES and the structs say what the headers say; tests/cmd/python.bats
compares them with the headers and with what the C compiler makes of them.
"""

import ctypes
import errno
import os
import time
from ctypes import c_char, c_char_p, c_int, c_uint32, c_uint64, c_void_p


class Err(ctypes.Structure):
    c_name = "qt_err"
    _fields_ = [("text", c_char * 512)]


class SegSpec(ctypes.Structure):
    c_name = "qt_seg_spec"
    _fields_ = [("size", c_uint64), ("entries", c_uint32),
                ("participants", c_uint32), ("extents", c_uint32),
                ("mode", c_uint32), ("group", c_uint32),
                ("kind", c_char * 8), ("flags", c_uint32),
                ("node", c_uint32)]


class SegEntry(ctypes.Structure):
    c_name = "qt_seg_entry"
    _fields_ = [("name", c_char * 64), ("dtype", c_char * 32),
                ("type", c_uint32), ("generation", c_uint32),
                ("shape", c_uint64 * 4), ("offset", c_uint64),
                ("size", c_uint64)]


class SegParticipant(ctypes.Structure):
    c_name = "qt_seg_participant"
    _fields_ = [("id", c_uint32), ("generation", c_uint32),
                ("pid", c_uint32), ("started", c_uint64),
                ("joined_ms", c_uint64), ("name", c_char * 16)]


class ObjNumber(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("value", c_uint64)]


class ObjStat(ctypes.Structure):
    c_name = "qt_obj_stat"
    _fields_ = [("name", c_char * 64), ("type_name", c_char_p),
                ("type", c_uint32), ("flags", c_uint32), ("id", c_uint64),
                ("made_ms", c_uint64), ("dtype", c_char * 192),
                ("key_dtype", c_char * 64), ("elem_size", c_uint32),
                ("key_size", c_uint32), ("capacity", c_uint64),
                ("count", c_uint64), ("shape", c_uint64 * 4),
                ("offset", c_uint64), ("size", c_uint64),
                ("data_offset", c_uint64), ("is_open", c_int),
                ("has_waiters", c_int), ("number", ObjNumber * 16),
                ("number_count", c_uint32)]


class ArraySpec(ctypes.Structure):
    c_name = "qt_array_spec"
    _fields_ = [("dtype", c_char_p), ("shape", c_uint64 * 4)]


class ValueSpec(ctypes.Structure):
    c_name = "qt_value_spec"
    _fields_ = [("dtype", c_char_p), ("size", c_uint64),
                ("writers", c_uint32)]


class QueueSpec(ctypes.Structure):
    c_name = "qt_queue_spec"
    _fields_ = [("dtype", c_char_p), ("capacity", c_uint64),
                ("item_max", c_uint32), ("flags", c_uint32),
                ("loans", c_uint32)]


class QueueItem(ctypes.Structure):
    c_name = "qt_queue_item"
    _fields_ = [("data", c_void_p), ("len", c_uint32), ("size", c_uint32),
                ("index", c_uint32), ("generation", c_uint32)]


class SpscSpec(ctypes.Structure):
    c_name = "qt_spsc_spec"
    _fields_ = [("dtype", c_char_p), ("capacity", c_uint64),
                ("item_max", c_uint32)]


class StackSpec(ctypes.Structure):
    c_name = "qt_stack_spec"
    _fields_ = [("dtype", c_char_p), ("capacity", c_uint64),
                ("item_max", c_uint32), ("flags", c_uint32)]


class StackCursor(ctypes.Structure):
    c_name = "qt_stack_cursor"
    _fields_ = [("which", c_uint64), ("top", c_uint64), ("chunk", c_uint32)]


class PoolSpec(ctypes.Structure):
    c_name = "qt_shm_pool_spec"
    _fields_ = [("dtype", c_char_p), ("capacity", c_uint64),
                ("size", c_uint32), ("flags", c_uint32)]


class PoolGuard(ctypes.Structure):
    c_name = "qt_shm_pool_guard"
    _fields_ = [("pool", c_void_p), ("pin", c_uint64), ("record", c_uint32)]


class MapSpec(ctypes.Structure):
    c_name = "qt_map_spec"
    _fields_ = [("key_dtype", c_char_p), ("dtype", c_char_p),
                ("key_max", c_uint32), ("value_max", c_uint32),
                ("capacity", c_uint64)]


class SetSpec(ctypes.Structure):
    c_name = "qt_set_spec"
    _fields_ = [("dtype", c_char_p), ("key_max", c_uint32),
                ("capacity", c_uint64)]


class SemaphoreSpec(ctypes.Structure):
    c_name = "qt_semaphore_spec"
    _fields_ = [("value", c_uint32), ("max", c_uint32), ("flags", c_uint32)]


class SkiplistSpec(ctypes.Structure):
    c_name = "qt_skiplist_spec"
    _fields_ = [("key_dtype", c_char_p), ("dtype", c_char_p),
                ("key_max", c_uint32), ("value_max", c_uint32),
                ("capacity", c_uint64)]


class CacheSpec(ctypes.Structure):
    c_name = "qt_cache_spec"
    _fields_ = [("bytes", c_uint64), ("key_max", c_uint32),
                ("value_max", c_uint32), ("unit", c_uint32)]


class CacheCounts(ctypes.Structure):
    c_name = "qt_cache_counts"
    _fields_ = [("hits", c_uint64), ("misses", c_uint64), ("puts", c_uint64),
                ("evictions", c_uint64), ("expired", c_uint64),
                ("refused", c_uint64)]


class EpochPin(ctypes.Structure):
    c_name = "qt_epoch_pin"
    _fields_ = [("participant", c_uint32), ("epoch", c_uint64),
                ("behind", c_uint64), ("limbo", c_uint64)]


STRUCTS = (Err, SegSpec, SegEntry, SegParticipant, ObjStat, ArraySpec,
           ValueSpec, QueueSpec, QueueItem, SpscSpec, StackSpec, StackCursor,
           PoolSpec, PoolGuard, MapSpec, SetSpec, SemaphoreSpec, SkiplistSpec,
           CacheSpec, CacheCounts, EpochPin)

# Functions of ours that C calls.
FAULT = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_char_p)
PIN = ctypes.CFUNCTYPE(None, c_void_p, ctypes.POINTER(EpochPin))

# The names of the C header's numbers.
CONSTANTS = {
    "QT_ERR_FIRST": 1024, "QT_SEG_JOIN": 1, "QT_SEG_RDONLY": 2,
    "QT_SEG_HUGE": 1, "QT_SEG_ON_NODE": 2,
    "QT_QUEUE_REDELIVER": 1, "QT_STACK_REDELIVER": 1,
    "QT_POOL_EPOCHS": 1,
    "QT_SPSC_LOOK": 0, "QT_SPSC_PRODUCER": 1, "QT_SPSC_CONSUMER": 2,
    "QT_SEMAPHORE_UNDO": 1, "QT_EVENT_MANUAL": 0, "QT_EVENT_AUTO": 1,
    "QT_RING_LIMIT_DEFAULT": 1 << 20,
    "QT_OBJ_FSCK_REPAIR": 1, "QT_SEEK_FIRST": 0, "QT_SEEK_LAST": 1,
    "QT_SEEK_FROM": 2, "QT_SEEK_AFTER": 3, "QT_SEEK_TO": 4,
    "QT_SEEK_BEFORE": 5, "QT_EFORMAT": 1024, "QT_EVERSION": 1025,
    "QT_ECORRUPT": 1026,
    "QT_ELAPPED": 1027, "QT_EGONE": 1028, "QT_EFULL": 1033,
    "QT_EEMPTY": 1035,
}
EGONE = CONSTANTS["QT_EGONE"]
EFULL = CONSTANTS["QT_EFULL"]
EEMPTY = CONSTANTS["QT_EEMPTY"]
ELAPPED = CONSTANTS["QT_ELAPPED"]
ECORRUPT = CONSTANTS["QT_ECORRUPT"]
FOREVER = 2**64 - 1

# What a function returns, then what it takes: i int, u uint32_t and unsigned,
# q int64_t, Q uint64_t, n ssize_t, z size_t, s text, p another pointer, - void.
SIGNATURES = {
    "qt_array_add": "ipQqp", "qt_array_cas": "ipQpq", "qt_array_close": "-p",
    "qt_array_count": "Qp", "qt_array_create": "ipspp", "qt_array_data": "pp",
    "qt_array_dtype": "sp", "qt_array_elem_size": "up",
    "qt_array_fill": "ipQQp", "qt_array_get": "ipQQp", "qt_array_obj": "pp",
    "qt_array_open": "ipsspp", "qt_array_put": "ipQQp", "qt_array_shape": "pp",
    "qt_barrier_arrived": "up", "qt_barrier_close": "-p",
    "qt_barrier_create": "ipsup", "qt_barrier_join": "ip",
    "qt_barrier_leave": "ip", "qt_barrier_lost": "up", "qt_barrier_obj": "pp",
    "qt_barrier_open": "ipspp", "qt_barrier_parties": "up",
    "qt_barrier_reset": "ip", "qt_barrier_wait": "ipQ", "qt_cache_clear": "qp",
    "qt_cache_close": "-p", "qt_cache_count": "Qp", "qt_cache_counts": "-pp",
    "qt_cache_create": "ipspp", "qt_cache_del": "ippz",
    "qt_cache_get": "nppzpzQ", "qt_cache_key_max": "up",
    "qt_cache_next": "ippppzpQ", "qt_cache_obj": "pp", "qt_cache_open": "ipspp",
    "qt_cache_put": "ippzpzQQ", "qt_cache_touch": "ippzQQ",
    "qt_cache_value_max": "up", "qt_epoch_each": "ipsppp",
    "qt_event_close": "-p", "qt_event_create": "ipsup", "qt_event_is_set": "ip",
    "qt_event_obj": "pp", "qt_event_open": "ipspp", "qt_event_reset": "ip",
    "qt_event_set": "ip", "qt_event_wait": "ipQ", "qt_latch_close": "-p",
    "qt_latch_count": "Qp", "qt_latch_create": "ipsQp", "qt_latch_down": "ipQ",
    "qt_latch_obj": "pp", "qt_latch_open": "ipspp", "qt_latch_wait": "ipQ",
    "qt_map_add": "ippzqp", "qt_map_capacity": "Qp", "qt_map_cas": "ippzpzpz",
    "qt_map_clear": "qp", "qt_map_close": "-p", "qt_map_count": "Qp",
    "qt_map_create": "ipspp", "qt_map_del": "ippz", "qt_map_get": "nppzpz",
    "qt_map_has": "ippz", "qt_map_key_max": "up", "qt_map_next": "ippppzp",
    "qt_map_obj": "pp", "qt_map_open": "ipssspp", "qt_map_put": "ippzpz",
    "qt_map_put_new": "ippzpz", "qt_map_put_old": "ippzpz",
    "qt_map_value_max": "up", "qt_mutex_close": "-p",
    "qt_mutex_consistent": "ip", "qt_mutex_create": "ipsp",
    "qt_mutex_is_stale": "ip", "qt_mutex_lock": "ipQ", "qt_mutex_obj": "pp",
    "qt_mutex_open": "ipspp", "qt_mutex_owner": "up", "qt_mutex_unlock": "ip",
    "qt_obj_erase": "ipsp", "qt_obj_fsck": "ipupp", "qt_obj_gc": "ip",
    "qt_obj_id": "Qp", "qt_obj_is_erased": "ip", "qt_obj_stat": "ipspp",
    "qt_once_begin": "ipQ", "qt_once_close": "-p", "qt_once_create": "ipsp",
    "qt_once_done": "ip", "qt_once_fail": "ip", "qt_once_is_done": "ip",
    "qt_once_obj": "pp", "qt_once_open": "ipspp", "qt_queue_cancel": "ipp",
    "qt_queue_capacity": "Qp", "qt_queue_close": "-p", "qt_queue_count": "Qp",
    "qt_queue_create": "ipspp", "qt_queue_dtype": "sp",
    "qt_queue_item_max": "up", "qt_queue_loan": "ippQ", "qt_queue_obj": "pp",
    "qt_queue_open": "ipsspp", "qt_queue_peek": "npQpz",
    "qt_queue_publish": "ippz", "qt_queue_push": "ippzQ",
    "qt_queue_release": "ipp", "qt_queue_requeue": "ipp",
    "qt_queue_take": "ippQ", "qt_ring_close": "-p", "qt_ring_limit": "Qp",
    "qt_ring_make": "ipsQp", "qt_ring_obj": "pp", "qt_ring_open": "ipspp",
    "qt_ring_range": "-ppp", "qt_ring_read": "npQpz", "qt_ring_reader": "ippp",
    "qt_ring_reader_close": "-p", "qt_ring_wait": "ipQQ",
    "qt_ring_write": "ippz", "qt_ring_writer": "ippp",
    "qt_ring_writer_close": "-p", "qt_ring_writer_head": "Qp",
    "qt_rwlock_close": "-p", "qt_rwlock_consistent": "ip",
    "qt_rwlock_create": "ipsp", "qt_rwlock_is_stale": "ip",
    "qt_rwlock_lock_read": "ipQ", "qt_rwlock_lock_write": "ipQ",
    "qt_rwlock_obj": "pp", "qt_rwlock_open": "ipspp",
    "qt_rwlock_readers": "Qpu", "qt_rwlock_unlock_read": "ip",
    "qt_rwlock_unlock_write": "ip", "qt_rwlock_writer": "up",
    "qt_seg_after_fork": "ipp", "qt_seg_close": "-p", "qt_seg_create": "isppp",
    "qt_seg_dup_rdonly": "ip", "qt_seg_dup_rdwr": "ip",
    "qt_seg_entry_get": "ipsp", "qt_seg_entry_next": "ippp",
    "qt_seg_fsck": "ipp", "qt_seg_id": "Qp", "qt_seg_is_alive": "ipu",
    "qt_seg_open": "issupp", "qt_seg_open_fd": "iisupp",
    "qt_seg_participant_next": "ippp", "qt_seg_self": "up", "qt_seg_size": "Qp",
    "qt_seg_sweep": "ip", "qt_seg_unlink": "is", "qt_seg_used": "Qp",
    "qt_semaphore_close": "-p", "qt_semaphore_create": "ipspp",
    "qt_semaphore_obj": "pp", "qt_semaphore_open": "ipspp",
    "qt_semaphore_post": "ip", "qt_semaphore_value": "up",
    "qt_semaphore_wait": "ipQ", "qt_set_add": "ippz", "qt_set_capacity": "Qp",
    "qt_set_clear": "qp", "qt_set_close": "-p", "qt_set_count": "Qp",
    "qt_set_create": "ipspp", "qt_set_del": "ippz", "qt_set_has": "ippz",
    "qt_set_key_max": "up", "qt_set_next": "ippp", "qt_set_obj": "pp",
    "qt_set_open": "ipsspp", "qt_shm_pool_alloc": "ippQ",
    "qt_shm_pool_capacity": "Qp", "qt_shm_pool_close": "-p",
    "qt_shm_pool_count": "Qp", "qt_shm_pool_create": "ipspp",
    "qt_shm_pool_dtype": "sp", "qt_shm_pool_enter": "ipp",
    "qt_shm_pool_free": "ipQ", "qt_shm_pool_get": "ppQ",
    "qt_shm_pool_give": "ipQ", "qt_shm_pool_leave": "-p",
    "qt_shm_pool_next": "ippp", "qt_shm_pool_obj": "pp",
    "qt_shm_pool_open": "ipsspp", "qt_shm_pool_own": "ipQ",
    "qt_shm_pool_owner": "ipQ", "qt_shm_pool_retire": "ipQ",
    "qt_shm_pool_size": "up",
    "qt_skiplist_capacity": "Qp", "qt_skiplist_clear": "qp",
    "qt_skiplist_close": "-p", "qt_skiplist_compare": "ippzpz",
    "qt_skiplist_count": "Qp", "qt_skiplist_create": "ipspp",
    "qt_skiplist_del": "ippz", "qt_skiplist_get": "nppzpz",
    "qt_skiplist_has": "ippz", "qt_skiplist_key_max": "up",
    "qt_skiplist_next": "ippppzp", "qt_skiplist_obj": "pp",
    "qt_skiplist_open": "ipssspp", "qt_skiplist_put": "ippzpz",
    "qt_skiplist_put_new": "ippzpz", "qt_skiplist_seek": "ipupzpppzp",
    "qt_skiplist_value_max": "up", "qt_spsc_capacity": "Qp",
    "qt_spsc_close": "-p", "qt_spsc_count": "Qp", "qt_spsc_create": "ipspp",
    "qt_spsc_dtype": "sp", "qt_spsc_item_max": "up", "qt_spsc_obj": "pp",
    "qt_spsc_open": "ipssupp", "qt_spsc_peek": "npQpz",
    "qt_spsc_pop_n": "nppzQ", "qt_spsc_push": "ippzQ",
    "qt_spsc_push_n": "nppzQ", "qt_spsc_release": "ipz",
    "qt_spsc_take": "npppzQ", "qt_stack_capacity": "Qp", "qt_stack_close": "-p",
    "qt_stack_count": "Qp", "qt_stack_create": "ipspp", "qt_stack_dtype": "sp",
    "qt_stack_item_max": "up", "qt_stack_next": "npppz", "qt_stack_obj": "pp",
    "qt_stack_open": "ipsspp",
    "qt_stack_peek": "npQpz", "qt_stack_pop": "nppzQ", "qt_stack_push": "ippzQ",
    "qt_strerror": "si", "qt_value_close": "-p", "qt_value_create": "ipspp",
    "qt_value_dtype": "sp", "qt_value_get": "nppzp", "qt_value_obj": "pp",
    "qt_value_open": "ipsspp", "qt_value_put": "ippzp",
    "qt_value_put_if": "ippzp", "qt_value_size": "up", "qt_value_wait": "ippQ",
}

_CODES = {"i": c_int, "u": c_uint32, "q": ctypes.c_int64, "Q": c_uint64,
          "n": ctypes.c_ssize_t, "z": ctypes.c_size_t, "s": c_char_p,
          "p": c_void_p, "-": None}


def library_path():
    """The file that is loaded, or the name that the dynamic linker is asked."""
    told = os.environ.get("QT_LIBRARY")
    if told:
        return told
    # PREFIX/lib/python3/dist-packages/qtshm/abi.py
    lib = os.path.dirname(os.path.abspath(__file__))
    for _ in range(3):
        lib = os.path.dirname(lib)
    beside = os.path.join(lib, "libqt.so.0")
    return beside if os.path.exists(beside) else "libqt.so.0"


class _Library:
    """Functions by name, each given its types when it is first asked for."""

    def __init__(self):
        self._dll = None

    def __getattr__(self, name):
        types = SIGNATURES[name]
        if self._dll is None:
            path = library_path()
            try:
                self._dll = ctypes.CDLL(path)
            except OSError as e:
                raise ImportError(f"cannot load {path}: {e}; install libqt, or "
                                  "name the file in QT_LIBRARY") from None
        fn = getattr(self._dll, name)
        fn.restype = _CODES[types[0]]
        fn.argtypes = [_CODES[c] for c in types[1:]]
        setattr(self, name, fn)
        return fn


lib = _Library()


def text(s):
    """A name as C takes it."""
    s = s.encode()
    if b"\0" in s:
        raise ValueError("a name with a zero byte")
    return s


class Error(OSError):
    """What the library refused; errno is its code, 1024 and up."""


class Full(Error):
    """There is no room: of items, of rows, of participants."""


class Gone(Error):
    """It was erased, or the handle is of something that was freed."""


class Corrupt(Error):
    """Words in the segment make no sense."""


_OURS = {EFULL: Full, EGONE: Gone, ECORRUPT: Corrupt}


def raise_code(code, what):
    """Raises what a negative answer means; what says what was tried."""
    code = abs(code)
    why = lib.qt_strerror(code).decode()
    text = f"{what}: {why}"
    if code == errno.ETIMEDOUT:
        raise TimeoutError(code, f"{what}: timed out")
    if code in (EEMPTY, errno.ERANGE):
        raise IndexError(text)
    if code in (errno.EINVAL, errno.EMSGSIZE):
        raise ValueError(text)
    if code == errno.EOVERFLOW:
        raise OverflowError(text)
    if code >= CONSTANTS["QT_ERR_FIRST"]:
        raise _OURS.get(code, Error)(code, text)
    raise OSError(code, text)


def check(answer, what):
    if answer < 0:
        raise_code(answer, what)
    return answer


def check_err(answer, err, what):
    """The same for a call that filled in a qt_err."""
    if answer < 0:
        raise_code(answer, err.text.decode(errors="replace") or what)
    return answer


# Between two looks at signals. More than twice the 100 ms after which a waiter
# in C looks for what the dead left.
SLICE_MS = 250


def now_ms():
    """The clock that the C side counts deadlines by."""
    return time.monotonic_ns() // 1000000


def wait(call, timeout):
    """call(deadline) until it is not ETIMEDOUT or timeout seconds have passed.

    The C side does not end a wait for a signal, so it waits a slice at a time;
    between two of them Python's handlers run.
    """
    if timeout is not None and timeout <= 0:
        return call(0)
    now = now_ms()
    if timeout is None or timeout == float("inf"):
        end = FOREVER
    else:
        end = now + max(1, int(timeout * 1000))
    while True:
        answer = call(min(end, now + SLICE_MS))
        if answer != -errno.ETIMEDOUT:
            return answer
        now = now_ms()
        if now >= end:
            return answer
