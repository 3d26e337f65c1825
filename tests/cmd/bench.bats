#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-bench shm, as small as it goes: every row is measured or says why not. What
# the figures are is not for a test to say.

bats_require_minimum_version 1.5.0
load lib

setup() {
	world_up
}

teardown() {
	world_down
}

ROWS="kill spsc pair mpmc round map get cycles"

# bench ARG...: a miss (1) is no failure here.
bench() {
	timeout 100 qt-bench shm -n 100 -r 2 "$@" >"$WORLD/out" ||
		[ $? -eq 1 ]
}

@test "every row of shm has a figure beside its bound, or says why it has none" {
	bench -J
	jq -e 'length >= 10 and all(.[]; .what and (.skipped and .note
	    or (.figure | type == "number") and (.bound | type == "number")
	    and (.met | type == "boolean")))' "$WORLD/out"
}

@test "what is exact in shm is reached however small the run" {
	for row in kill cycles; do
		timeout 100 qt-bench shm -n 100 -r 1 -J "$row" >"$WORLD/out"
		jq -e 'length == 1 and (.[0].skipped or
		    (.[0].figure == 0 and .[0].met))' "$WORLD/out"
	done
}

@test "a row of shm is run by its name, in a table" {
	bench pair
	grep -q '^queue, push and pop, one thread  *[0-9]' "$WORLD/out"
	[ "$(grep -c ' reached$' "$WORLD/out")" -eq 1 ]
}

@test "a row that is none, and a size that is none, are refused" {
	run -2 qt-bench shm no-such
	[[ $output == *"no row 'no-such': $ROWS"* ]]
	run -2 qt-bench shm -n 0
	run -2 qt-bench shm -r 99
}

@test "shm leaves no name behind" {
	bench get
	run -1 compgen -G '/dev/shm/qt-bench-*'
}

@test "complexity fits a class to every operation, in steps and time, and draws it" {
	timeout 100 qt-bench complexity --to 1e4 -J -o "$WORLD/c.svg" queue stack \
		>"$WORLD/out" || [ $? -eq 1 ]
	jq -e 'length == 4 and all(.[]; (.promised == "O(1)") and
	    (.time.error | type == "number") and (.points | length == 4) and
	    all(.points[]; .ns > 0))' "$WORLD/out"
	jq -e 'all(.[]; .steps == null or .steps.class == "O(1)" and .met)' \
		"$WORLD/out"
	python3 -c 'import sys, xml.dom.minidom as x
assert len(x.parse(sys.argv[1]).getElementsByTagName("polyline")) == 4' \
		"$WORLD/c.svg"
	run -2 qt-bench complexity --to 3
	run -2 qt-bench complexity no-such
}

@test "store does its rows with the peers that are there, and leaves nothing" {
	mkdir "$WORLD/data"
	timeout 100 qt-bench store -q -J -d "$WORLD/data" >"$WORLD/out" ||
		[ $? -eq 1 ]
	jq -e '[.[] | select(.what)] | length >= 15 and all(.[]; .skipped and
	    .note or (.figure >= 0) and (.met | type == "boolean"))' "$WORLD/out"
	jq -e '.[0].say == "file system" and (.[0].note | length > 0)' \
		"$WORLD/out"
	[ -z "$(ls -A "$WORLD/data")" ]
	run -2 qt-bench store no-such
	run -3 qt-bench store -q -d "$WORLD/nowhere" get
}

@test "hist does its rows, and leaves nothing" {
	mkdir "$WORLD/data"
	timeout 100 qt-bench hist -q -J -d "$WORLD/data" >"$WORLD/out" ||
		[ $? -eq 1 ]
	jq -e '[.[] | select(.what)] | length >= 24 and all(.[]; .skipped and
	    .note or (.figure | type == "number") and
	    (.met | type == "boolean"))' "$WORLD/out"
	[ -z "$(ls -A "$WORLD/data")" ]
	run -2 qt-bench hist no-such
	run -3 qt-bench hist -q -c "$WORLD/nowhere" complete
	run -3 qt-bench hist -q -d "$WORLD/nowhere" complete
}
