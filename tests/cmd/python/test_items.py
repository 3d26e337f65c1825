# SPDX-License-Identifier: Apache-2.0
"""Segments, queues, stacks, pools and values."""

import os
import time
import unittest

import qtshm
from qtshm import dtype
from world import Case

TRADE = "[('at','<i8'),('price','<f8'),('','|V4'),('sizes','<u2',(2,3))," \
        "('who','|S8'),('name','<U4'),('in',[('x','|i1'),('ok','|b1')])]"
ONE = (5, 2.5, ((1, 2, 3), (4, 5, 6)), b"anna", "böh", (-1, True))


class Segments(Case):
    def test_a_name_is_never_taken_over(self):
        with self.assertRaises(FileExistsError):
            qtshm.Segment.create(self.name)

    def test_a_name_that_is_not_there(self):
        with self.assertRaises(FileNotFoundError) as e:
            qtshm.Segment.open("/qt-test-no-such-segment")
        self.assertIn("qt-test-no-such-segment", str(e.exception))

    def test_it_is_a_container_of_names(self):
        qtshm.Queue.create(self.seg, "q")
        qtshm.Stack.create(self.seg, "s")
        self.assertEqual(sorted(self.seg), ["q", "s"])
        self.assertEqual(len(self.seg), 2)
        self.assertIn("q", self.seg)
        self.assertIsInstance(self.seg["q"], qtshm.Queue)
        self.assertIsInstance(self.seg["s"], qtshm.Stack)
        del self.seg["q"]
        self.assertNotIn("q", self.seg)
        with self.assertRaises(KeyError):
            self.seg["q"]
        with self.assertRaises(KeyError):
            del self.seg["q"]

    def test_another_type_or_dtype_is_refused(self):
        qtshm.Queue.create(self.seg, "q", "<i8")
        with self.assertRaisesRegex(ValueError, "q"):
            qtshm.Stack.open(self.seg, "q")
        with self.assertRaisesRegex(ValueError, "<i8"):
            qtshm.Queue.open(self.seg, "q", "<f8")
        with self.assertRaises(ValueError):
            qtshm.Queue.create(self.seg, "p", "no dtype")
        with self.assertRaises(FileExistsError):
            qtshm.Queue.create(self.seg, "q", "<i8")

    def test_a_reader_looks_and_changes_nothing(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8")
        q.push(1)
        with qtshm.Segment.open(self.name, readonly=True) as looks:
            self.assertEqual(looks.self_id, 0)
            self.assertEqual(looks["q"].peek(), 1)
            with self.assertRaises(PermissionError):
                looks["q"].push(2)
            self.assertEqual([p.pid for p in looks.participants()],
                             [os.getpid()])

    def test_its_memory_is_asked_for_as_it_was_made(self):
        with qtshm.Segment.create(huge=True) as nameless:
            fd = nameless.fileno()
            head = os.pread(fd, 256, 0)
            os.close(fd)
            # Optional features, and the node + 1: qt-segment(5).
            self.assertEqual((head[80], head[184]), (1, 0))
        with self.assertRaisesRegex(Exception, "NUMA"):
            qtshm.Segment.create(node=1023)

    def test_a_descriptor_opens_a_segment_without_a_name(self):
        with qtshm.Segment.create() as nameless:
            qtshm.Queue.create(nameless, "q").push("x")
            fd = nameless.fileno()
            try:
                with qtshm.Segment.open(fd) as other:
                    self.assertEqual(other["q"].pop(), b"x")
                    self.assertEqual(other.id, nameless.id)
            finally:
                os.close(fd)

    def test_what_is_closed_says_so(self):
        q = qtshm.Queue.create(self.seg, "q")
        self.seg.close()
        self.seg.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            q.push("x")
        with self.assertRaisesRegex(ValueError, "closed"):
            list(self.seg)

    def test_names_that_cannot_be(self):
        with self.assertRaises(ValueError):
            qtshm.Queue.create(self.seg, "a\0b")
        with self.assertRaises(ValueError):
            qtshm.Queue.create(self.seg, "x" * 64)

    def test_erasing_gives_the_space_back(self):
        qtshm.Queue.create(self.seg, "q", capacity=1000).close()
        del self.seg["q"]       # the tables have their pages now
        used = self.seg.used
        q = qtshm.Queue.create(self.seg, "q", capacity=1000)
        self.assertGreater(self.seg.used, used)
        del self.seg["q"]
        self.assertTrue(q.is_erased)
        with self.assertRaises(qtshm.Gone):
            q.pop(timeout=None)
        q.close()
        self.seg.gc()
        self.assertEqual(self.seg.used, used)


class Names(Case):
    def test_what_a_thing_is_is_seen(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8", capacity=8)
        q.push(1)
        name = self.name.lstrip("/")
        self.assertEqual(repr(q), f"<qtshm.Queue '{name}/q' 1 of 8 <i8>")
        qtshm.Map.create(self.seg, "m", capacity=5, dtype=int)
        self.assertIn("0 of 5 bytes: <i8", repr(self.seg["m"]))
        q.close()
        self.assertEqual(repr(q), f"<qtshm.Queue '{name}/q' closed>")
        self.assertIn(self.name, repr(self.seg))

    def test_the_slash_may_be_left_out(self):
        with qtshm.Segment.open(self.name.lstrip("/")) as again:
            self.assertEqual(again.id, self.seg.id)
            self.assertTrue(os.path.exists(again.path))

    def test_a_sound_segment_has_no_faults(self):
        qtshm.Queue.create(self.seg, "q", "<i8").push(1)
        self.assertEqual(self.seg.fsck(), [])
        self.assertEqual(self.seg.fsck(repair=True), [])
        at = self.seg.stat("q").offset
        with open(self.seg.path, "r+b") as f:
            f.seek(at)
            f.write(b"\xff" * 8)
        self.assertEqual([name for name, _ in self.seg.fsck()], ["q"])

    def test_a_wait_may_be_of_any_length(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8")
        q.push(1, timeout=float("inf"))
        self.assertEqual(q.pop(timeout=1e12), 1)


class Dtypes(Case):
    def test_every_kind_goes_through(self):
        for text, value in (
                ("<i8", -2**63), (">u2", 65535), ("|u1", 255), ("<f4", 0.5),
                ("<f2", 1.5), ("?", True), ("S4", b"ab"), ("<U3", "äöü"),
                ("V3", b"\1\0\2"), ("float64", 1e300), ("<M8[ms]", 12345),
                (TRADE, ONE)):
            name = f"q{len(self.seg)}"
            q = qtshm.Queue.create(self.seg, name, text)
            q.push(value)
            self.assertEqual(q.pop(), value, text)
            self.assertEqual(q._codec.size, q.item_max, text)

    def test_what_does_not_fit_is_refused_and_nothing_is_put(self):
        for text, value in (("<i8", 2**63), ("|u1", -1), ("S2", b"abc"),
                            ("V2", b"a"), (TRADE, ONE[:-1])):
            name = f"q{len(self.seg)}"
            q = qtshm.Queue.create(self.seg, name, text)
            with self.assertRaises(ValueError):
                q.push(value)
            self.assertEqual(len(q), 0)
        q = qtshm.Queue.create(self.seg, "i", "<i8")
        with self.assertRaises((TypeError, AttributeError)):
            q.push(1.5)

    def test_a_dict_is_a_structure(self):
        c = dtype.codec("[('a','<i4'),('b','|S2')]")
        self.assertEqual(c.decode(c.encode({"b": b"x", "a": 7})), (7, b"x"))


class Queues(Case):
    def test_first_in_first_out(self):
        q = qtshm.Queue.create(self.seg, "q")
        for item in ("", b"two", bytearray(b"three"), b"\0" * 4096):
            q.push(item)
        self.assertEqual([len(x) for x in q], [0, 3, 5, 4096])
        self.assertEqual(q.peek(1), b"two")
        self.assertEqual(len(q), 4)
        self.assertEqual([len(x) for x in q.drain()], [0, 3, 5, 4096])
        with self.assertRaises(IndexError):
            q.pop()
        with self.assertRaises(IndexError):
            q.peek()

    def test_full_and_too_long(self):
        q = qtshm.Queue.create(self.seg, "q", capacity=2, item_max=8)
        q.push("1")
        with self.assertRaises(ValueError):
            q.push("123456789")
        q.push("2")
        with self.assertRaises(qtshm.Full):
            q.push("3")
        with self.assertRaises(TimeoutError):
            q.push("3", timeout=0.01)
        self.assertEqual(list(q), [b"1", b"2"])

    def test_a_timeout_is_kept(self):
        q = qtshm.Queue.create(self.seg, "q")
        start = time.monotonic()
        with self.assertRaises(TimeoutError):
            q.pop(timeout=0.25)
        self.assertGreaterEqual(time.monotonic() - start, 0.249)

    def test_a_loan_is_published_or_goes_back(self):
        q = qtshm.Queue.create(self.seg, "q", capacity=4, item_max=16, loans=1)
        for _ in range(10):
            with self.assertRaises(KeyError):
                with q.loan():
                    raise KeyError
        with q.loan() as room:
            room.data[:5] = b"hello"
            room.len = 5
            self.assertEqual(len(q), 0)
        self.assertEqual(q.pop(), b"hello")
        with self.assertRaises(ValueError):
            with q.loan() as room:
                room.len = 17
        with self.assertRaises(ValueError):
            room.data[0]
        with q.loan():
            pass
        self.assertEqual(len(q.pop()), 16)

    def test_what_is_taken_goes_back_on_failure(self):
        q = qtshm.Queue.create(self.seg, "q", "<i8")
        q.push(1)
        with self.assertRaises(KeyError):
            with q.take() as item:
                self.assertEqual(item, 1)
                raise KeyError
        self.assertEqual(list(q), [1])
        with q.take() as item:
            self.assertEqual(item, 1)
        self.assertEqual(list(q), [])

    def test_a_stack_gives_the_newest(self):
        s = qtshm.Stack.create(self.seg, "s", capacity=3, item_max=10000)
        s.push("a")
        s.push(b"b" * 10000)
        s.push("c")
        with self.assertRaises(qtshm.Full):
            s.push("d")
        self.assertEqual([len(x) for x in s], [1, 10000, 1])
        self.assertEqual([len(x) for x in s.drain()], [1, 10000, 1])
        with self.assertRaises(IndexError):
            s.pop()

    def test_a_queue_of_one_and_one_has_roles(self):
        p = qtshm.Spsc.create(self.seg, "s", "producer", capacity=4)
        with self.assertRaises(OSError):
            qtshm.Spsc.open(self.seg, "s", "producer")
        with self.assertRaises(ValueError):
            qtshm.Spsc.open(self.seg, "s", "prodcer")
        c = qtshm.Spsc.open(self.seg, "s", "consumer")
        for i in range(4):
            p.push(str(i))
        with self.assertRaises(qtshm.Full):
            p.push("4")
        with self.assertRaises(PermissionError):
            p.pop()
        self.assertEqual(list(self.seg["s"]), [b"0", b"1", b"2", b"3"])
        self.assertEqual(c.pop(), b"0")
        self.assertEqual(c.pop(timeout=1), b"1")
        p.close()
        qtshm.Spsc.open(self.seg, "s", "producer").push("5")


class Values(Case):
    def test_changes_are_numbered_and_waited_for(self):
        v = qtshm.Value.create(self.seg, "v", TRADE)
        self.assertEqual(v.read(), (None, 0))
        self.assertTrue(v.put_if(ONE, 0))
        self.assertFalse(v.put_if(ONE, 0))
        self.assertEqual(v.read(), (ONE, 1))
        with self.assertRaises(TimeoutError):
            v.wait(1, timeout=0.01)
        with self.assertRaises(TimeoutError):
            v.wait(1, timeout=0)
        self.assertEqual(v.put(ONE), 2)
        self.assertEqual(v.wait(1), 2)

    def test_bytes_of_any_length(self):
        v = qtshm.Value.create(self.seg, "v", size=10)
        v.put("")
        self.assertEqual(v.get(), b"")
        v.put("0123456789")
        self.assertEqual(v.get(), b"0123456789")
        with self.assertRaises(ValueError):
            v.put("0123456789a")


class Pools(Case):
    def test_a_freed_block_is_never_mistaken(self):
        p = qtshm.Pool.create(self.seg, "p", capacity=2, size=100)
        a, b = p.alloc(), p.alloc()
        with self.assertRaises(qtshm.Full):
            p.alloc()
        p[a][:5] = b"hello"
        self.assertEqual(bytes(p[a][:5]), b"hello")
        self.assertEqual(sorted(p), sorted([a, b]))
        self.assertEqual(p.owner(a), self.seg.self_id)
        p.give(a)
        self.assertEqual(p.owner(a), 0)
        p.own(a)
        p.free(a)
        c = p.alloc()
        self.assertNotEqual(a, c)
        with self.assertRaises(qtshm.Gone):
            p[a]
        with self.assertRaises(qtshm.Gone):
            p.free(a)
        self.assertEqual(len(p), 2)
        block = p[c]
        self.seg.close()
        block[0] = 1

    def test_what_is_read_stays_until_one_leaves(self):
        p = qtshm.Pool.create(self.seg, "p", capacity=1, size=8,
                              epochs=True)
        a = p.alloc()
        p[a][:5] = b"hello"
        with p.enter():
            block = p[a]
            p.retire(a)
            with self.assertRaises(qtshm.Gone):
                p[a]
            with self.assertRaises(qtshm.Full):
                p.alloc()
            self.assertEqual(bytes(block[:5]), b"hello")
        self.assertNotEqual(p.alloc(), a)
        with self.assertRaises(qtshm.Gone):
            p.retire(a)
        plain = qtshm.Pool.create(self.seg, "q", capacity=1, size=8)
        with self.assertRaises(ValueError):
            with plain.enter():
                pass


if __name__ == "__main__":
    unittest.main()
