# SPDX-License-Identifier: Apache-2.0
"""Skip lists, caches and rings."""

import errno
import pickle
import sys
import time
import unittest

import qtshm
from world import DEADLINE, Case


class Skiplists(Case):
    def setUp(self):
        super().setUp()
        self.numbers = qtshm.Skiplist.create(
            self.seg, "n", capacity=100, key_dtype="<i4", value_max=10000)

    def test_it_is_a_mapping_in_order(self):
        n = self.numbers
        for key in (5, -3, 40, 7):
            n[key] = f"v{key}"
        self.assertEqual(list(n), [-3, 5, 7, 40])
        self.assertEqual(list(reversed(n)), [40, 7, 5, -3])
        self.assertEqual(list(n.items())[0], (-3, b"v-3"))
        self.assertEqual(list(n.values())[-1], b"v40")
        self.assertEqual((len(n), len(n.items()), n.capacity), (4, 4, 100))
        self.assertTrue(7 in n and 8 not in n)
        self.assertEqual(n.get(8, "none"), "none")
        with self.assertRaises(KeyError):
            n[8]
        self.assertFalse(n.insert(7, "again"))
        self.assertEqual(n.setdefault(7, "again"), b"v7")
        n[7] = "again"
        self.assertEqual(n.pop(7), b"again")
        with self.assertRaises(KeyError):
            del n[7]
        self.assertEqual(n.popitem(), (40, b"v40"))
        self.assertEqual(n.popitem(last=False), (-3, b"v-3"))
        self.assertEqual(n.clear(), 1)
        with self.assertRaises(KeyError):
            n.popitem()

    def test_neighbours_and_ranges(self):
        n = self.numbers
        self.assertEqual((n.first(), n.last(), n.floor(1)), (None,) * 3)
        for key in range(0, 50, 10):
            n[key] = b"v"
        v = b"v"
        self.assertEqual((n.first(), n.last()), ((0, v), (40, v)))
        self.assertEqual((n.floor(20), n.floor(19)), ((20, v), (10, v)))
        self.assertEqual((n.lower(20), n.lower(0)), ((10, v), None))
        self.assertEqual((n.ceiling(20), n.ceiling(21)), ((20, v), (30, v)))
        self.assertEqual((n.higher(20), n.higher(40)), ((30, v), None))

        def keys(*args, **named):
            return [key for key, _ in n.range(*args, **named)]

        self.assertEqual(keys(10, 30), [10, 20])
        self.assertEqual(keys(10, 30, reverse=True), [20, 10])
        self.assertEqual(keys(None, 11), [0, 10])
        self.assertEqual(keys(11), [20, 30, 40])
        self.assertEqual(keys(31, reverse=True), [40])
        self.assertEqual(keys(30, 10), [])
        self.assertEqual(keys(30, 10, reverse=True), [])

    def test_bytes_in_the_order_of_bytes(self):
        s = qtshm.Skiplist.create(self.seg, "s", capacity=10)
        for key in ("b", "ab", "a", "abc", "\xff", "aa"):
            s[key] = key
        self.assertEqual(list(s), [b"a", b"aa", b"ab", b"abc", b"b",
                                   b"\xc3\xbf"])
        self.assertEqual([k for k, _ in s.prefix("ab")], [b"ab", b"abc"])
        with self.assertRaises(TypeError):
            list(self.numbers.prefix(b"\0"))

    def test_long_values_are_whole(self):
        self.numbers[1] = b"x" * 10000
        self.numbers[2] = b""
        self.assertEqual([len(v) for v in self.numbers.values()], [10000, 0])
        self.assertEqual(len(self.numbers.first()[1]), 10000)

    def test_entries_come_and_go_under_iteration(self):
        for i in range(100):
            self.numbers[i] = b"v"
        with self.assertRaises(qtshm.Full):
            self.numbers[100] = b"v"
        seen = []
        for key in self.numbers:
            seen.append(key)
            del self.numbers[key]
        self.assertEqual(seen, list(range(100)))

    def test_who_is_at_work_is_seen(self):
        self.numbers[1] = b"v"
        pins = self.seg.epochs("n")
        self.assertEqual([p.behind for p in pins], [0] * len(pins))
        qtshm.Mutex.create(self.seg, "m")
        self.assertEqual(self.seg.epochs("m"), [])
        with self.assertRaises(FileNotFoundError):
            self.seg.epochs("none")

    def test_names_find_it(self):
        self.assertIsInstance(self.seg["n"], qtshm.Skiplist)
        again = pickle.loads(pickle.dumps(self.numbers))
        again[9] = "nine"
        self.assertEqual(self.numbers[9], b"nine")
        with self.assertRaises(ValueError):
            qtshm.Map.open(self.seg, "n")
        again.segment.close()


class Caches(Case):
    def setUp(self):
        super().setUp()
        self.cache = qtshm.Cache.create(self.seg, "c", bytes=200 << 10,
                                        key_max=16, value_max=4000)

    def test_it_is_a_mapping(self):
        c = self.cache
        c["a"] = "1"
        self.assertTrue(c.put("b", b"x" * 4000))
        self.assertFalse(c.put("b", b"2"))
        self.assertEqual((c["a"], c.get("b"), c.get("c")), (b"1", b"2", None))
        self.assertTrue("a" in c and "c" not in c)
        self.assertEqual(dict(c), {b"a": b"1", b"b": b"2"})
        self.assertEqual(len(c), 2)
        del c["a"]
        with self.assertRaises(KeyError):
            c["a"]
        with self.assertRaises(KeyError):
            del c["a"]
        with self.assertRaises(ValueError):
            c["k" * 17] = "v"
        with self.assertRaises(ValueError):
            c["k"] = "v" * 4001
        self.assertEqual(c.clear(), 1)
        self.assertIsInstance(self.seg["c"], qtshm.Cache)

    def test_what_is_not_asked_for_goes(self):
        c = self.cache
        for i in range(1000):
            c[f"{i}"] = b"x" * 1000
        self.assertLess(len(c), 200)
        self.assertIn("999", c)
        self.assertNotIn("0", c)
        n = c.counts
        self.assertEqual((n.puts, n.hits, n.misses, n.refused),
                         (1000, 1, 1, 0))
        self.assertGreater(n.evictions, 800)

    def test_time_to_live(self):
        c = self.cache
        c.put("short", "v", ttl=0.001)
        c.put("long", "v", ttl=1000)
        end = time.monotonic() + DEADLINE
        while "short" in c and time.monotonic() < end:
            pass
        self.assertEqual(list(c), [b"long"])
        self.assertTrue(c.touch("long"))
        self.assertFalse(c.touch("short"))
        with self.assertRaises(ValueError):
            c.put("never", "v", ttl=0)

    def test_dtypes_are_the_handle_s(self):
        c = qtshm.Cache.open(self.seg, "c", "<i4", float)
        c[7] = 0.5
        self.assertEqual(dict(c), {7: 0.5})
        again = pickle.loads(pickle.dumps(c))
        self.assertEqual(again[7], 0.5)
        again.segment.close()
        self.assertEqual(len(self.cache[(7).to_bytes(4, "little")]), 8)


class Rings(Case):
    def test_one_writes_and_many_read(self):
        w = qtshm.RingWriter.create(self.seg, "r", 16384)
        a, b = self.seg["r"], qtshm.RingReader.open(self.seg, "r")
        self.assertEqual(a.read(), b"")
        self.assertEqual(w.write("hello "), 6)
        self.assertEqual(w.write(b"world"), 11)
        self.assertEqual(a.read(5), b"hello")
        self.assertEqual(a.read(), b" world")
        self.assertEqual((a.position, a.read()), (11, b""))
        with qtshm.Segment.open(self.name, readonly=True) as looks:
            self.assertEqual(looks["r"].read(), b"hello world")
        self.assertEqual(b.range, (0, 11))
        self.assertEqual(qtshm.RingReader.open(self.seg, "r", 9).read(), b"ld")
        with self.assertRaises(ValueError):
            qtshm.RingReader.open(self.seg, "r", 12).read()

    def test_who_is_slow_knows_what_went_by(self):
        w = qtshm.RingWriter.create(self.seg, "r", 16384)
        r = self.seg["r"]
        for i in range(100):
            w.write(bytes([i]) * 1000)
        got = b""
        while (piece := r.read()):
            got += piece
        self.assertEqual(r.skipped + len(got), 100000)
        self.assertGreater(r.skipped, 0)
        self.assertEqual(got[-1000:], bytes([99]) * 1000)

    def test_there_is_one_writer(self):
        w = qtshm.RingWriter.create(self.seg, "r")
        with self.assertRaises(OSError) as e:
            qtshm.RingWriter.open(self.seg, "r")
        self.assertEqual(e.exception.errno, errno.EBUSY)
        w.write("1")
        w.close()
        self.assertEqual(qtshm.RingWriter.open(self.seg, "r").write("2"), 2)

    def test_a_name_is_made_once_and_its_space_comes_back(self):
        with qtshm.RingWriter.create(self.seg, "r") as w:
            w.write(b"x" * 100000)      # the tables have their pages now
        with self.assertRaises(FileExistsError):
            qtshm.RingWriter.create(self.seg, "r")
        del self.seg["r"]
        used = self.seg.used
        with qtshm.RingWriter.create(self.seg, "r") as w:
            w.write(b"x" * 100000)
            self.assertIn("at 100000 of 1048576 bytes", repr(w))
            del self.seg["r"]
            self.assertTrue(w.is_erased)
        with self.assertRaisesRegex(ValueError, "closed"):
            w.write("late")
        self.assertEqual((self.seg.used, len(self.seg)), (used, 0))
        with self.assertRaises(FileNotFoundError):
            qtshm.RingReader.open(self.seg, "r")
        qtshm.Mutex.create(self.seg, "m")
        with self.assertRaisesRegex(ValueError, "mutex"):
            qtshm.RingReader.open(self.seg, "m")
        with self.assertRaisesRegex(ValueError, "limit"):
            qtshm.RingWriter.create(self.seg, "s", 5)

    def test_it_is_followed_to_its_end(self):
        w = qtshm.RingWriter.create(self.seg, "r")
        r = self.seg["r"]
        self.assertFalse(r.wait(0.01))
        self.assertEqual(r.read(timeout=0.01), b"")
        p = self.process(follow, r, 300000)
        for i in range(3):
            w.write(bytes([i]) * 100000)
        self.assertTrue(r.wait(DEADLINE))
        del self.seg["r"]
        self.ends(p)
        self.assertEqual(sum(map(len, r)), 300000)


def follow(reader, want):
    sys.exit(sum(map(len, reader)) != want)


if __name__ == "__main__":
    unittest.main()
