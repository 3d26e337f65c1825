# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of qt-shm share: a world whose segments have one name.

shm_up() {
	world_up
	SEG=$(basename "$WORLD")
	export SEG
	STARTED=()	# process ids: STARTED+=($!)
}

# Ends what the test started, and removes its segments.
shm_down() {
	local pid
	for pid in "${STARTED[@]}"; do
		kill -CONT "$pid" 2>/dev/null || true
		kill -KILL "$pid" 2>/dev/null || true
	done
	[ -z "$SEG" ] || rm -f "/dev/shm/$SEG"*
	world_down
}

# The value of a column: field COLUMN SEG[/NAME]
field() { qt-shm stat -o "$1" "$2"; }

# Every byte of the segment's file, to see that nothing was changed.
sum_of() { cksum <"/dev/shm/$1"; }

# For setup_file: a python3 that has numpy, else any; python runs it.
find_python() {
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
}
python() { "$PYTHON" "$@"; }
need_python() { [ -n "${PYTHON-}" ] || skip "no python3 here"; }
need_numpy() { [ -n "${NUMPY-}" ] || skip "no python3 with numpy here"; }
