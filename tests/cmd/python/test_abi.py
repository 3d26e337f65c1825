# SPDX-License-Identifier: Apache-2.0
"""What the module knows of the C side is what the C side is."""

import ctypes
import os
import subprocess
import sys
import unittest

import headers
import world
from qtshm import abi


class Abi(unittest.TestCase):
    def test_functions_are_those_of_the_headers(self):
        said = headers.signatures(world.TOP)
        self.assertGreater(len(said), 150)
        for name, types in abi.SIGNATURES.items():
            self.assertEqual(types, said.get(name), name)

    def test_every_function_is_in_the_library(self):
        for name in abi.SIGNATURES:
            self.assertTrue(callable(getattr(abi.lib, name)), name)

    def test_structs_and_numbers_are_those_of_the_compiler(self):
        told = dict(line.split(" ", 1) for line in subprocess.run(
            ["abi"], check=True, stdout=subprocess.PIPE,
            text=True).stdout.splitlines())
        ours = {name: str(value) for name, value in abi.CONSTANTS.items()}
        for kind in abi.STRUCTS:
            ours[kind.c_name] = str(ctypes.sizeof(kind))
            for name, _ in kind._fields_:
                at = getattr(kind, name)
                ours[f"{kind.c_name}.{name}"] = f"{at.offset} {at.size}"
        self.assertEqual(ours, told)

    def test_a_library_that_is_not_there_is_named(self):
        r = subprocess.run(
            [sys.executable, "-c", "import qtshm; qtshm.Segment.create()"],
            env={**os.environ, "QT_LIBRARY": "/nowhere/libqt.so"},
            stderr=subprocess.PIPE, text=True)
        self.assertNotEqual(r.returncode, 0)
        self.assertIn("/nowhere/libqt.so", r.stderr)
        self.assertIn("QT_LIBRARY", r.stderr)


if __name__ == "__main__":
    unittest.main()
