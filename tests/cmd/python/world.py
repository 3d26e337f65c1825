# SPDX-License-Identifier: Apache-2.0
"""What the tests share: segments of their own, and processes with an end."""

import multiprocessing
import os
import unittest

import qtshm

try:
    import numpy
except ImportError:
    numpy = None

needs_numpy = unittest.skipUnless(numpy, "no numpy here")
TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
DEADLINE = 60       # seconds; for waits that never take as long


class Case(unittest.TestCase):
    """self.seg is a segment with the name self.name."""

    _count = 0

    def setUp(self):
        Case._count += 1
        self.name = f"/qt-test-{os.environ.get('QT_CHECK_GROUP', '')}-py-" \
                    f"{os.getpid()}-{Case._count}"
        self.seg = qtshm.Segment.create(self.name, 64 << 20)
        self.addCleanup(self._down)

    def _down(self):
        self.seg.close()
        try:
            qtshm.Segment.unlink(self.name)
        except FileNotFoundError:
            pass

    def process(self, fn, *args, method="fork"):
        p = multiprocessing.get_context(method).Process(target=fn, args=args)
        p.start()
        self.addCleanup(p.join)
        self.addCleanup(p.kill)
        return p

    def ends(self, p, code=0):
        p.join(DEADLINE)
        self.assertEqual(p.exitcode, code)

    def child(self, fn):
        """fn() in a fork child; its exit code, or -signal."""
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = fn() or 0
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
