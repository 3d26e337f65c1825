# SPDX-License-Identifier: Apache-2.0
"""Arrays, and NumPy's views of them."""

import gc
import pickle
import unittest

import qtshm
from world import Case, needs_numpy, numpy


class Arrays(Case):
    def test_elements_without_numpy(self):
        a = qtshm.Array.create(self.seg, "a", (4, 3), "<i4")
        a[3, 2] = -5
        a[0, -3] = 7
        self.assertEqual((a[-1, -1], a[0, 0], a[1, 1]), (-5, 7, 0))
        self.assertEqual((len(a), a.shape, a.size, a.ndim), (4, (4, 3), 12, 2))
        for key in ((4, 0), (0, 3), (-5, 0)):
            with self.assertRaises(IndexError):
                a[key]
            with self.assertRaises(IndexError):
                a[key] = 1
        with self.assertRaises(ValueError):
            a[0, 0] = 2**31
        self.assertEqual(a.memory().nbytes, 48)
        a.fill(2)
        self.assertEqual(a[2, 2], 2)

    def test_shapes_that_cannot_be(self):
        for shape in ((), (0,), (1, 0), (1, 1, 1, 1, 1), -1):
            with self.assertRaises(ValueError):
                qtshm.Array.create(self.seg, "a", shape, "<i4")
        with self.assertRaises(ValueError):
            qtshm.Array.create(self.seg, "a", 2**50, "<i4")
        with self.assertRaises(OSError):
            qtshm.Array.create(self.seg, "a", 2**40, "<i4")
        self.assertEqual(len(self.seg), 0)

    def test_counting_in_one_step(self):
        a = qtshm.Array.create(self.seg, "a", 4, "<u8")
        self.assertEqual(a.add(1, -1), 0)
        self.assertEqual(a.add(1, 3), 2**64 - 1)
        self.assertTrue(a.cas(1, 2, 10))
        self.assertFalse(a.cas(1, 2, 11))
        self.assertEqual(list(a), [0, 10, 0, 0])
        with self.assertRaises(IndexError):
            a.add(4, 1)

    @needs_numpy
    def test_a_view_is_the_memory_itself(self):
        a = qtshm.Array.create(self.seg, "a", (10, 3), "<f8")
        view = a.numpy()
        self.assertEqual((view.shape, view.dtype.str), ((10, 3), "<f8"))
        view[:, 1] = numpy.arange(10)
        self.assertEqual(a[7, 1], 7.0)
        a[7, 1] = 70
        self.assertEqual(view[7, 1], 70.0)
        with qtshm.Segment.open(self.name) as other:
            self.assertEqual(numpy.asarray(other["a"]).sum(), view.sum())
            self.assertTrue((other["a"][2:5, 1] == [2, 3, 4]).all())
            other["a"][:, 2] = 1
        self.assertEqual(view[:, 2].sum(), 10)

    @needs_numpy
    def test_structures_are_fields(self):
        kind = numpy.dtype([("a", "i1"), ("b", "<f8", (2,)), ("c", "S4")],
                           align=True)
        a = qtshm.Array.create(self.seg, "a", 5, kind)
        view = a.numpy()
        self.assertEqual(view.itemsize, kind.itemsize)
        view["b"][3] = (1, 2)
        view["c"][3] = b"xy"
        self.assertEqual(a[3], (0, (1.0, 2.0), b"xy"))
        a[4] = (1, (3, 4), b"z")
        self.assertEqual(view["b"][4].tolist(), [3, 4])

    @needs_numpy
    def test_dtypes_come_back_as_they_were(self):
        inner = numpy.dtype([("x", "i1"), ("y", "<i4")], align=True)
        for kind in (numpy.dtype([("a b", "<i4"), ("c", "<f8", (2, 3))]),
                     numpy.dtype([("a", "i1"), ("in", inner)],
                                 align=True), numpy.dtype("<M8[ns]"),
                     numpy.dtype(">u2"), numpy.dtype(bool)):
            a = qtshm.Array.create(self.seg, "a", 3, kind)
            self.assertEqual(a.numpy().dtype, kind)
            del self.seg["a"]
        self.assertEqual(qtshm.Array.create(self.seg, "a", 3, float).dtype,
                         "<f8")
        for kind in (object, complex, numpy.dtype(("<f8", (3,))),
                     [("a", "O")]):
            with self.assertRaisesRegex(ValueError, "dtype"):
                qtshm.Array.create(self.seg, "b", 3, kind)

    @needs_numpy
    def test_an_array_is_copied_in(self):
        a = qtshm.Array.copy_of(self.seg, "a", [[1, 2, 3], [4, 5, 6]])
        self.assertEqual((a.shape, a[1, 2]), ((2, 3), 6))
        when = qtshm.Array.copy_of(
            self.seg, "when", numpy.array(["2020-01-01"], "M8[s]"))
        when[0] = numpy.datetime64("1970-01-02")
        self.assertEqual(when[0], 86400)

    @needs_numpy
    def test_a_reader_cannot_write(self):
        qtshm.Array.create(self.seg, "a", 5, "<i4")
        with qtshm.Segment.open(self.name, readonly=True) as looks:
            view = looks["a"].numpy()
            with self.assertRaises(ValueError):
                view[0] = 1
            with self.assertRaises(PermissionError):
                looks["a"][0] = 1

    @needs_numpy
    def test_a_view_outlives_everything_that_was_closed(self):
        def inner():
            seg = qtshm.Segment.open(self.name)
            a = seg["a"]
            view = a.numpy()[10:20][::2]
            piece = a.memory()[8:16]
            a.close()
            seg.close()
            return view, piece

        qtshm.Array.create(self.seg, "a", 100000, "<i8").numpy()[:] = 5
        view, piece = inner()
        self.seg.close()
        qtshm.Segment.unlink(self.name)
        gc.collect()
        self.assertEqual(view.sum(), 25)
        view[:] = 6
        self.assertEqual(view.tolist(), [6] * 5)
        self.assertEqual(bytes(piece), (5).to_bytes(8, "little"))

    @needs_numpy
    def test_the_mapping_goes_with_the_last_view(self):
        def mapped():
            with open("/proc/self/maps", encoding="utf-8") as f:
                return self.name in f.read()

        qtshm.Array.create(self.seg, "a", 100, "<i8")
        self.seg.close()
        seg = qtshm.Segment.open(self.name)
        view = seg["a"].numpy()
        seg.close()
        gc.collect()
        self.assertTrue(mapped())
        del view
        gc.collect()
        self.assertFalse(mapped())

    @needs_numpy
    def test_an_erased_array_stays_for_its_views(self):
        view = qtshm.Array.create(self.seg, "a", 1000, "<i8").numpy()
        view[:] = 3
        del self.seg["a"]
        self.seg.gc()
        qtshm.Array.create(self.seg, "b", 1000, "<i8").numpy()[:] = 4
        self.assertEqual(view.sum(), 3000)

    @needs_numpy
    def test_memmap_reads_the_file(self):
        a = qtshm.Array.create(self.seg, "a", (10, 3), "<i4")
        a.numpy()[:] = numpy.arange(30).reshape(10, 3)
        s = self.seg.stat("a")
        m = numpy.memmap(self.seg.path, s.dtype, "r", s.data_offset, s.shape)
        self.assertTrue((m == a.numpy()).all())

    @needs_numpy
    def test_many_elements_at_once_through_a_queue(self):
        q = qtshm.Spsc.create(self.seg, "q", "both", "<i8", capacity=1024)
        self.assertEqual(q.push_array(numpy.arange(2000)), 1024)
        got = q.pop_array(1000)
        self.assertEqual(got.tolist(), list(range(1000)))
        self.assertEqual(q.pop_array(1000).tolist(), list(range(1000, 1024)))
        with self.assertRaises(IndexError):
            q.pop_array(1)
        self.assertEqual(q.push_array(numpy.arange(6)[::2]), 3)
        self.assertEqual(q.push_array((5).to_bytes(8, "little")), 1)
        self.assertEqual(q.pop_array(9).tolist(), [0, 2, 4, 5])
        for wrong in (numpy.arange(2, dtype="<f8"), b"123",
                      memoryview(b"1234").cast("i")):
            with self.assertRaisesRegex(ValueError, "q: "):
                q.push_array(wrong)
        self.assertEqual(len(q), 0)

    def test_pickled_it_is_opened_again(self):
        a = qtshm.Array.create(self.seg, "a", 5, "<i4")
        b = pickle.loads(pickle.dumps(a))
        b[3] = 9
        self.assertEqual(a[3], 9)
        self.assertNotEqual(a.segment.self_id, b.segment.self_id)
        b.segment.close()
        with qtshm.Segment.create() as nameless:
            with self.assertRaisesRegex(TypeError, "fileno"):
                pickle.dumps(nameless)


if __name__ == "__main__":
    unittest.main()
