# SPDX-License-Identifier: Apache-2.0
"""What the C headers declare, in the letters of qtshm.abi.SIGNATURES."""

import glob
import os
import re

_LETTERS = {"int": "i", "unsigned int": "u", "uint32_t": "u", "int64_t": "q",
            "uint64_t": "Q", "size_t": "z", "ssize_t": "n", "void": "-",
            "char *": "s"}
_PROTOTYPE = re.compile(
    r"^([a-z][\w ]*?[\s*]+)(qt_\w+)\(([^()]*)\)\s*(?:__attribute__.*)?;", re.M)


def _letter(what):
    """Of a type, or of a parameter with its name."""
    what = re.sub(r"\b(const|struct)\b", " ", what)
    what = re.sub(r"\[.*\]", "*", what) if "[" in what else what
    stars = what.count("*")
    words = what.replace("*", " ").split()
    if words[0] == "enum" and not stars:
        return "u"
    if stars:
        return "s" if words[0] == "char" and stars == 1 else "p"
    for n in (2, 1):
        if " ".join(words[:n]) in _LETTERS:
            return _LETTERS[" ".join(words[:n])]
    raise ValueError(f"unknown type: {what}")


def _text(name):
    with open(name, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)
    # A pointer to a function is a pointer.
    return re.sub(r"\(\*(\w+)\)\([^()]*\)", r"*\1", text)


def _files(top):
    return glob.glob(os.path.join(top, "include/qt/shm/*.h")) + \
        [os.path.join(top, "include/qt/base/err.h")]


def signatures(top):
    found = {}
    for name in _files(top):
        for returns, fn, takes in _PROTOTYPE.findall(_text(name)):
            if "..." in takes or takes.strip() == "void":
                takes = ""
            found[fn] = _letter(returns) + "".join(
                _letter(one) for one in takes.split(",") if one.strip())
    return found
