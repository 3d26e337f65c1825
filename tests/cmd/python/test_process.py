# SPDX-License-Identifier: Apache-2.0
"""Several processes: fork, multiprocessing, death; and what they wait by."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import unittest

import qtshm
from world import DEADLINE, Case


def produce(q, first, count):
    for i in range(first, first + count):
        q.push(i, timeout=DEADLINE)


def square(jobs, results):
    while (n := jobs.pop(timeout=DEADLINE)) >= 0:
        results[n] = n * n


class Processes(Case):
    def test_a_fork_child_takes_part_by_itself(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8")
        us = self.seg.self_id

        def child():
            q.push(self.seg.self_id)
            return 0 if self.seg.self_id != us else 1

        self.assertEqual(self.child(child), 0)
        self.assertNotEqual(q.pop(), us)
        self.assertEqual(self.seg.self_id, us)

    def test_a_fork_child_that_does_not_use_it_takes_no_place(self):
        before = len(self.seg.participants())
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(w)
            os.read(r, 1)
            os._exit(0)
        os.close(r)
        self.assertEqual(len(self.seg.participants()), before)
        os.close(w)
        os.waitpid(pid, 0)

    def test_producers_and_a_consumer(self):
        for method in ("fork", "spawn"):
            q = qtshm.Queue.create(self.seg, method, "<i8", capacity=16)
            them = [self.process(produce, q, i * 1000, 1000, method=method)
                    for i in range(2)]
            got = [q.pop(timeout=DEADLINE) for _ in range(2000)]
            self.assertEqual(sorted(got), list(range(2000)))
            for i in range(2):
                mine = [n for n in got if n // 1000 == i]
                self.assertEqual(mine, sorted(mine))
            for p in them:
                self.ends(p)

    def test_workers_fill_a_map(self):
        jobs = qtshm.Queue.create(self.seg, "jobs", "<i8")
        results = qtshm.Map.create(self.seg, "r", capacity=200,
                                   key_dtype="<i8", dtype="<i8")
        them = [self.process(square, jobs, results) for _ in range(3)]
        for n in list(range(100)) + [-1] * 3:
            jobs.push(n)
        for p in them:
            self.ends(p)
        self.assertEqual(dict(results.items()), {n: n * n for n in range(100)})

    def test_the_mutex_of_a_dead_process_is_free_and_stale(self):
        m = qtshm.Mutex.create(self.seg, "m")

        def child():
            m.lock()
            os.kill(os.getpid(), signal.SIGKILL)

        self.assertEqual(self.child(child), -signal.SIGKILL)
        with m as is_stale:
            self.assertTrue(is_stale)
            m.consistent()
        with m as is_stale:
            self.assertFalse(is_stale)

    def test_what_a_dead_process_took_is_put_in_again(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8", redeliver=True)
        q.push(5)

        def child():
            with q.take():
                os.kill(os.getpid(), signal.SIGKILL)

        self.assertEqual(self.child(child), -signal.SIGKILL)
        self.assertEqual(q.pop(timeout=DEADLINE), 5)

    def test_nobody_unlinks_what_others_use(self):
        code = "import qtshm, sys; qtshm.Segment.open(sys.argv[1]); " \
               "qtshm.Segment.create(sys.argv[1] + 'x')"
        subprocess.run([sys.executable, "-c", code, self.name], check=True)
        qtshm.Segment.open(self.name).close()
        qtshm.Segment.open(self.name + "x").close()
        qtshm.Segment.unlink(self.name + "x")

    def test_a_view_at_the_end_of_the_program_is_no_crash(self):
        code = "import qtshm, sys, atexit; s = qtshm.Segment.open(sys.argv[1])" \
               "; m = s['a'].memory(); s.close(); m[0] = 1; " \
               "atexit.register(lambda: m[0])"
        qtshm.Array.create(self.seg, "a", 10, "<i8")
        subprocess.run([sys.executable, "-c", code, self.name], check=True)

    def test_the_collector_closes_after_the_finalizers(self):
        qtshm.Array.create(self.seg, "a", 1000, "<i8")
        qtshm.Queue.create(self.seg, "q", "<i8")
        saved = []

        class Cycle:
            def __init__(self, seg):
                self.view, self.q = seg["a"].memory(), seg["q"]
                self.me = self

            def __del__(self):
                self.view[0] += 1
                self.q.push(self.view[0])

        class Saved(Cycle):
            def __del__(self):
                saved.append(self)

        for kind in [Cycle] * 20 + [Saved]:
            kind(qtshm.Segment.open(self.name))
            gc.collect()
        self.assertEqual(len(list(self.seg["q"].drain())), 20)
        self.assertEqual(len(self.seg.participants()), 2)
        saved[0].q.push(1)
        saved.pop().me = None
        gc.collect()
        self.assertEqual(len(self.seg.participants()), 1)

    def test_a_pickle_is_of_that_segment_and_no_other(self):
        sent = pickle.dumps(qtshm.Mutex.create(self.seg, "m"))
        qtshm.Segment.unlink(self.name)
        with qtshm.Segment.create(self.name) as other:
            qtshm.Mutex.create(other, "m")
            with self.assertRaisesRegex(qtshm.Gone, self.name):
                pickle.loads(sent)

    def test_a_signal_ends_a_wait(self):
        q = qtshm.Queue.create(self.seg, "q")

        def interrupt():
            while not q.stat().has_waiters:
                pass
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        def child():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            threading.Thread(target=interrupt).start()
            try:
                q.pop(timeout=None)
            except KeyboardInterrupt:
                return 7

        self.assertEqual(self.child(child), 7)

    def test_closing_under_a_waiting_thread_is_no_crash(self):
        q = qtshm.Queue.create(self.seg, "q")
        seen = []

        def wait():
            try:
                q.pop(timeout=None)
            except BaseException as e:
                seen.append(e)

        t = threading.Thread(target=wait)
        t.start()
        q.close()
        with qtshm.Segment.open(self.name) as other:
            other["q"].push("late")
            other.erase("q")
        self.seg.close()
        t.join(DEADLINE)
        self.assertFalse(t.is_alive())


class Sync(Case):
    def test_a_mutex(self):
        m = qtshm.Mutex.create(self.seg, "m")
        self.assertTrue(m.acquire(blocking=False))
        self.assertFalse(m.acquire(blocking=False))
        self.assertFalse(m.acquire(timeout=0.01))
        with self.assertRaises(TimeoutError):
            m.lock(timeout=0.01)
        self.assertEqual((m.owner, m.locked()), (self.seg.self_id, True))
        m.release()
        with self.assertRaises(PermissionError):
            m.release()

    def test_a_mutex_excludes(self):
        m = qtshm.Mutex.create(self.seg, "m")
        a = qtshm.Array.create(self.seg, "a", 1, "<i8")
        them = [self.process(count_up, m, a) for _ in range(3)]
        for p in them:
            self.ends(p)
        self.assertEqual(a[0], 3000)

    def test_readers_and_a_writer(self):
        lock = qtshm.RWLock.create(self.seg, "l")
        with lock.read(), lock.read() as is_stale:
            self.assertFalse(is_stale)
            self.assertEqual(lock.readers, 2)
            with self.assertRaises(TimeoutError):
                with lock.write(timeout=0.01):
                    pass
        with lock.write():
            self.assertEqual(lock.writer, self.seg.self_id)
            with self.assertRaises(TimeoutError):
                with lock.read(timeout=0):
                    pass

    def test_a_semaphore(self):
        s = qtshm.Semaphore.create(self.seg, "s", 2, max=2, undo=True)
        with s, s:
            self.assertEqual(s.value, 0)
            self.assertFalse(s.acquire(blocking=False))
            self.assertFalse(s.acquire(timeout=0.01))
        with self.assertRaises(OverflowError):
            s.release()

    def test_an_event(self):
        e = qtshm.Event.create(self.seg, "e")
        self.assertFalse(e.wait(0))
        self.assertFalse(e.wait(0.01))
        e.set()
        self.assertTrue(e.wait() and e.wait() and e.is_set())
        e.clear()
        self.assertFalse(e.is_set())
        auto = qtshm.Event.create(self.seg, "auto", auto=True)
        auto.set()
        self.assertTrue(auto.wait(0))
        self.assertFalse(auto.wait(0))

    def test_a_latch(self):
        latch = qtshm.Latch.create(self.seg, "l", 3)
        self.assertFalse(latch.down(2))
        with self.assertRaises(ValueError):
            latch.down(2)
        self.assertFalse(latch.wait(0))
        self.assertTrue(latch.down())
        self.assertTrue(latch.wait())
        self.assertEqual(latch.count, 0)

    def test_a_barrier(self):
        b = qtshm.Barrier.create(self.seg, "b", 2)
        b.join()
        with self.assertRaises(TimeoutError):
            b.wait(timeout=0.01)
        p = self.process(meet, self.seg)
        first = b.wait(DEADLINE)
        second = b.wait(DEADLINE)
        self.ends(p)
        self.assertIn(first, (True, False))
        self.assertIn(second, (True, False))
        self.assertEqual(b.parties, 2)

    def test_a_barrier_tells_of_a_death(self):
        b = qtshm.Barrier.create(self.seg, "b", 2)
        b.join()

        def child():
            mine = qtshm.Barrier.open(self.seg, "b")
            mine.join()
            os.kill(os.getpid(), signal.SIGKILL)

        self.assertEqual(self.child(child), -signal.SIGKILL)
        with self.assertRaises(threading.BrokenBarrierError):
            b.wait(DEADLINE)
        b.wait(DEADLINE)
        self.assertEqual(b.reset(), 1)

    def test_once(self):
        o = qtshm.Once.create(self.seg, "o")
        done = []
        with self.assertRaises(KeyError):
            o.run(lambda: {}["x"])
        self.assertFalse(o.is_done())
        self.assertTrue(o.run(lambda: done.append(1)))
        self.assertFalse(o.run(lambda: done.append(2)))
        self.assertTrue(o.is_done())
        self.assertEqual(done, [1])


def count_up(mutex, array):
    for _ in range(1000):
        with mutex:
            array[0] = array[0] + 1


def meet(seg):
    with qtshm.Barrier.open(seg, "b") as b:
        b.wait(DEADLINE)
        b.wait(DEADLINE)


if __name__ == "__main__":
    unittest.main()
