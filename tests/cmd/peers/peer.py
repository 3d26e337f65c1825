# SPDX-License-Identifier: Apache-2.0
"""A Python program among others of other languages: see ../languages.bats."""

import sys

import kinds
import qtshm

DEADLINE = 60
verb, name, count = sys.argv[1], sys.argv[2], int((sys.argv + [0])[3])
with qtshm.Segment.open(name) as seg:
    if not count:
        getattr(kinds, verb)(seg)
    for i in range(count):
        if verb == "push":
            seg["q"].push((i, i * 0.5, f"n{i}"), timeout=DEADLINE)
        elif verb == "pop":
            i, x, s = seg["q"].pop(timeout=DEADLINE)
            print(f'[{i}, {x:g}, "{s.decode()}"]')
        else:
            seg["m"].add("hits")
            seg["a"].add(1, 2)
