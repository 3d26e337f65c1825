# SPDX-License-Identifier: Apache-2.0
"""The other half of peer.py: one of each structure is written, and is read."""

import os
import signal

import qtshm

PAIR = "[('x','<i4'),('','|V4'),('y','<f8')]"


def write(seg):
    qtshm.Array.create(seg, "array", 4, "<i4")
    for i, n in enumerate((1, -2, 3, 4)):
        seg["array"][i] = n
    queue = qtshm.Queue.create(seg, "queue", "<i8", capacity=8)
    for n in (10, 20, 30):
        queue.push(n)
    with qtshm.Spsc.create(seg, "spsc", "producer", "<f8", capacity=8) as spsc:
        spsc.push(0.5)
        spsc.push(1.5)
    stack = qtshm.Stack.create(seg, "stack", capacity=8, item_max=16)
    stack.push("one")
    stack.push("two")
    qtshm.Map.create(seg, "map", capacity=8, dtype="<i8",
                     key_max=16).update(a=1, b=2)
    members = qtshm.Set.create(seg, "set", capacity=8, key_max=16)
    members |= ("x", "y")
    pool = qtshm.Pool.create(seg, "pool", "<i8", capacity=4)
    block = pool.alloc()
    pool[block].cast("q")[0] = 99
    pool.give(block)
    qtshm.Value.create(seg, "value", PAIR).put((7, 0.25))
    qtshm.Skiplist.create(seg, "skiplist", capacity=8, key_dtype="<i4",
                          value_max=16).update({3: "three", -1: "minus"})
    qtshm.Cache.create(seg, "cache", bytes=256 << 10, key_max=16,
                       value_max=16)["k"] = "v"
    with qtshm.RingWriter.create(seg, "ring") as ring:
        ring.write("hello\n")
    qtshm.Mutex.create(seg, "mutex")
    qtshm.RWLock.create(seg, "rwlock")
    qtshm.Semaphore.create(seg, "semaphore", 3)
    qtshm.Latch.create(seg, "latch", 3).down()
    qtshm.Barrier.create(seg, "barrier", 2)
    qtshm.Event.create(seg, "event").set()
    qtshm.Once.create(seg, "once").run(lambda: None)


def pairs(mapping):
    return sorted(f"{k.decode()}={v.decode() if isinstance(v, bytes) else v}"
                  for k, v in mapping.items())


def stale(mutex):
    with mutex as is_stale:
        return ["stale" if is_stale else "free"]


def free(rwlock):
    with rwlock.write():
        return ["free"]


READ = {
    "array": list,
    "queue": list,
    "spsc": list,
    "stack": lambda s: [item.decode() for item in s],
    "map": pairs,
    "set": lambda s: sorted(member.decode() for member in s),
    "pool": lambda p: [p[block].cast("q")[0] for block in p],
    "value": lambda v: [list(v.get())],
    "skiplist": lambda s: [f"{k}={v.decode()}" for k, v in s.items()],
    "cache": pairs,
    "ring": lambda r: [r.read().decode().rstrip()],
    "mutex": stale,
    "rwlock": free,
    "semaphore": lambda s: [s.value],
    "latch": lambda latch: [latch.count],
    "barrier": lambda b: [b.parties],
    "event": lambda e: [int(e.is_set())],
    "once": lambda o: [int(o.is_done())],
}


def read(seg):
    for name in sorted(seg):
        with_name = [name, *READ[name](seg[name])]
        print(*with_name)


def die(seg):
    """Takes the mutex, and dies."""
    seg["mutex"].lock()
    os.kill(os.getpid(), signal.SIGKILL)
