#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Python module over libqt.so. Its tests are Python's, in tests/cmd/python;
# each file is a case here.

bats_require_minimum_version 1.5.0

# A python3 that has numpy, else any.
setup_file() {
	local p
	for p in "$(command -v python3)" /usr/bin/python3; do
		[ -x "$p" ] || continue
		: "${PYTHON:=$p}"
		if "$p" -c 'import numpy' 2>/dev/null; then
			PYTHON=$p
			export NUMPY=1
			break
		fi
	done
	export PYTHON
	[ -n "${PYTHON-}" ] && [ -z "${SAN-}" ] || return 0
	make -s -C "$QT_TOP" "$B/libqt.so" >&2
	export PYTHONPATH="$QT_TOP/cmd/qt-shm/python:$QT_TOP/tests/cmd/python"
	export QT_LIBRARY="$QT_BUILD/libqt.so" PYTHONDONTWRITEBYTECODE=1
}

setup() {
	[ -n "${PYTHON-}" ] || skip "no python3 here"
	[ -z "${SAN-}" ] || skip "python3 is not instrumented"
}

# case_of FILE: what unittest says is seen when it fails; warnings are errors, so
# that nothing is left open.
case_of() {
	"$PYTHON" -X faulthandler -W error -m unittest -v "$1"
}

@test "the module knows the functions, structs and numbers of C" {
	case_of test_abi
}

@test "segments, queues, stacks, pools and values" {
	case_of test_items
}

@test "maps and sets" {
	case_of test_map
}

@test "skip lists, caches and rings" {
	case_of test_order
}

@test "arrays" {
	case_of test_array
}

@test "numpy sees arrays without a copy, and keeps what it sees" {
	[ -n "${NUMPY-}" ] || skip "no numpy for $PYTHON"
	"$PYTHON" -W error -m unittest -k view -k mem test_array
}

@test "processes, their deaths, and what they wait by" {
	case_of test_process
}
