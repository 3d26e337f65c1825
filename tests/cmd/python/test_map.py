# SPDX-License-Identifier: Apache-2.0
"""Maps and sets."""

import unittest

import qtshm
from world import Case


class Maps(Case):
    def setUp(self):
        super().setUp()
        self.map = qtshm.Map.create(self.seg, "m", capacity=100, key_max=16,
                                    value_max=10000)

    def test_it_is_a_mapping(self):
        m = self.map
        m["a"], m[b"b"] = "1", b"2"
        self.assertEqual(m["a"], b"1")
        self.assertEqual(m.get("c"), None)
        self.assertEqual(m.get("c", 5), 5)
        self.assertIn("b", m)
        self.assertNotIn("c", m)
        self.assertEqual(len(m), 2)
        self.assertEqual(sorted(m), [b"a", b"b"])
        self.assertEqual(dict(m.items()), {b"a": b"1", b"b": b"2"})
        self.assertEqual(dict(m), {b"a": b"1", b"b": b"2"})
        self.assertEqual(sorted(m.values()), [b"1", b"2"])
        with self.assertRaises(KeyError):
            m["c"]
        with self.assertRaises(KeyError):
            del m["c"]
        del m["a"]
        self.assertEqual(m.pop("b"), b"2")
        with self.assertRaises(KeyError):
            m.pop("b")
        self.assertEqual(m.pop("b", None), None)
        with self.assertRaises(KeyError):
            m.popitem()
        m.update(x="1", y="2")
        self.assertEqual(sorted([m.popitem(), m.popitem()]),
                         [(b"x", b"1"), (b"y", b"2")])
        self.assertTrue(m)

    def test_long_values_are_whole(self):
        self.map["long"] = b"x" * 10000
        self.map["short"] = b""
        self.assertEqual(self.map["long"], b"x" * 10000)
        self.assertEqual({k: len(v) for k, v in self.map.items()},
                         {b"long": 10000, b"short": 0})

    def test_what_has_no_place_is_refused(self):
        for key, value, why in (
                ("k" * 17, "v", "key of 17"), ("", "v", "key of 0"),
                ("k", "v" * 10001, "value of 10001")):
            with self.assertRaisesRegex(ValueError, f"/m: a {why}"):
                self.map[key] = value
        with self.assertRaisesRegex(TypeError, "/m: .* not int"):
            self.map[5] = "v"
        self.map["k"] = "v"
        with self.assertRaisesRegex(TypeError, "/m: .* not whole numbers"):
            self.map.add("k")
        del self.map["k"]
        self.assertEqual(len(self.map), 0)
        for i in range(100):
            self.map[f"{i}"] = "v"
        with self.assertRaises(qtshm.Full):
            self.map["one more"] = "v"
        self.map["5"] = "again"
        self.assertEqual(self.map.clear(), 100)

    def test_changes_in_one_step(self):
        m = self.map
        self.assertTrue(m.insert("a", "1"))
        self.assertFalse(m.insert("a", "2"))
        self.assertTrue(m.replace("a", "3"))
        self.assertFalse(m.replace("b", "3"))
        self.assertEqual(m.setdefault("a", "4"), b"3")
        self.assertEqual(m.setdefault("c", "4"), "4")
        self.assertTrue(m.cas("a", "3", "5"))
        self.assertFalse(m.cas("a", "3", "6"))
        with self.assertRaises(KeyError):
            m.cas("none", "3", "6")
        self.assertEqual(m["a"], b"5")

    def test_typed_keys_and_values(self):
        m = qtshm.Map.create(self.seg, "t", capacity=10, key_dtype="<u4",
                             dtype="[('n','<i8'),('s','S4')]")
        m[7] = (1, b"ab")
        self.assertEqual(dict(m.items()), {7: (1, b"ab")})
        n = qtshm.Map.create(self.seg, "n", capacity=10, dtype="<u8")
        self.assertEqual(n.add("k"), 1)
        self.assertEqual(n.add("k", -2), 2**64 - 1)
        self.assertEqual(n["k"], 2**64 - 1)
        self.assertEqual(qtshm.Map.open(self.seg, "t", "<u4").key_dtype, "<u4")
        with self.assertRaises(ValueError):
            qtshm.Map.open(self.seg, "t", "<u8")

    def test_entries_come_and_go_under_iteration(self):
        for i in range(50):
            self.map[f"{i}"] = "v"
        seen = []
        for key in self.map:
            seen.append(key)
            del self.map[key]
        self.assertEqual(len(set(seen)), 50)
        self.assertEqual(len(self.map), 0)


class Sets(Case):
    def test_it_is_a_set(self):
        s = qtshm.Set.create(self.seg, "s", capacity=5)
        self.assertTrue(s.add("a"))
        self.assertFalse(s.add("a"))
        s |= {b"b", b"c"}
        self.assertIn("b", s)
        self.assertEqual(set(s), {b"a", b"b", b"c"})
        self.assertEqual(s & {b"a", b"x"}, {b"a"})
        self.assertTrue(s.discard("b"))
        self.assertFalse(s.discard("b"))
        with self.assertRaises(KeyError):
            s.remove("b")
        s.pop()
        s.pop()
        with self.assertRaises(KeyError):
            s.pop()
        self.assertEqual(len(s), 0)
        for i in range(5):
            s.add(f"{i}")
        with self.assertRaises(qtshm.Full):
            s.add("x")
        self.assertEqual(s.clear(), 5)

    def test_typed_members(self):
        s = qtshm.Set.create(self.seg, "s", "<i4", capacity=5)
        s.add(-5)
        self.assertEqual(list(self.seg["s"]), [-5])
        self.assertEqual(self.seg["s"].dtype, "<i4")


if __name__ == "__main__":
    unittest.main()
