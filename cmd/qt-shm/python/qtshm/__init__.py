# SPDX-License-Identifier: Apache-2.0
"""Typed structures in shared memory that survive the death of any process.

    import qtshm

    with qtshm.Segment.create("/demo", 64 << 20) as seg:
        q = qtshm.Queue.create(seg, "jobs", capacity=1024)
        q.push(b"hello")
        print(q.pop(timeout=1))         # TimeoutError when nothing comes

        m = qtshm.Map.create(seg, "hits", capacity=10**6, dtype="<i8",
                             key_max=64)
        m["/index"] = 1
        m.add("/index", 41)
        print(m["/index"], "/other" in m, dict(m.items()))

        a = qtshm.Array.create(seg, "grid", (1000, 3), "<f8")
        view = a.numpy()                # no copy; keeps the mapping alive
        view[:, 0] = 1.5

C, C++, the shell (qt-shm) and other Python processes use the same segment at
the same time. What each structure promises about processes, threads and deaths
is said in the C header of its name, <qt/shm/queue.h> for Queue. This module is
ctypes over libqt.so.0 and nothing else; it is found beside the place where this
package was installed, where QT_LIBRARY says, or where the dynamic linker looks.

What is the same everywhere:

Items     bytes of any length (str is taken too, as UTF-8), or with a dtype, as
          NumPy writes it ("<i8", "float64", "S16", "[('a','<i4'),('b','<f8')]",
          or a numpy.dtype): int, float, bool, bytes, str, or a tuple of a
          structure's fields. numpy is needed for views of arrays only.
Waiting   timeout=0 does not wait (the default of push and pop), None waits for
          ever, else seconds. A wait ends with TimeoutError, or with
          KeyboardInterrupt within a quarter of a second.
Errors    IndexError: nothing there, no such place. KeyError: no such key.
          Full: no room. ValueError: of another type, too long, closed.
          FileNotFoundError, FileExistsError, PermissionError and other
          OSErrors: as the system says. Gone, Corrupt: of the structure.
Closing   objects and segments are context managers, and closed when nothing
          refers to them; what a process held by one is then given back. A closed segment stays
          mapped until the last view of an array in it is gone, so closing never
          pulls memory from under anybody. Nothing is unlinked unless you say
          so: there is no resource tracker.
Processes a fork child (multiprocessing too) goes on with what its parent had
          open, and joins the segment as a participant of its own when it first
          uses it. Objects can be sent to other processes by pickle when their
          segment has a name.
"""

from .abi import Corrupt, Error, Full, Gone, library_path
from .array import Array
from .cache import Cache
from .map import Map, Set
from .pool import Pool
from .queue import Queue, Spsc, Stack
from .ring import RingReader, RingWriter
from .segment import Object, Segment
from .skiplist import Skiplist
from .sync import (Barrier, Event, Latch, Mutex, Once, RWLock, Semaphore)
from .value import Value

__all__ = ["Array", "Barrier", "Cache", "Corrupt", "Error", "Event", "Full",
           "Gone", "Latch", "Map", "Mutex", "Object", "Once", "Pool", "Queue",
           "RWLock", "RingReader", "RingWriter", "Segment", "Semaphore", "Set",
           "Skiplist", "Spsc", "Stack", "Value", "library_path"]
