#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One segment, used from the shell, C, C++, Python and Rust at once. Each has a
# peer in peers/ that knows the same verbs; C and Rust not all of them.
#
#   PEER push SEG N     records 0 to N-1 into the queue q
#   PEER pop SEG N      N records out of it, printed as qt-shm prints them
#   PEER count SEG N    N times one more in the map m, two more in the array a
#   PEER write SEG      makes one of each structure that it knows, named by type
#   PEER read SEG       prints what is in those that it knows, a line each
#   PEER die SEG        takes the mutex, and is killed

bats_require_minimum_version 1.5.0
load lib

DTYPE="[('i','<i8'),('x','<f8'),('s','|S8')]"

setup_file() {
	local peers="$BATS_TEST_DIRNAME/peers" bin="$BATS_FILE_TMPDIR" p
	[ -z "${SAN-}" ] || return 0
	make -s -C "$QT_TOP" "$B/libqt.so" >&2
	ln -s "$QT_BUILD/libqt.so" "$bin/libqt.so.0"
	ln -s "$QT_BUILD/libqt.so" "$bin/libqt.so"
	export LD_LIBRARY_PATH="$bin" QT_LIBRARY="$bin/libqt.so.0"
	export PYTHONPATH="$QT_TOP/cmd/qt-shm/python" PYTHONDONTWRITEBYTECODE=1
	ln -s "$peers/peer.sh" "$bin/shell"
	PEERS="shell" ALL="c shell"
	cc -std=c11 -O1 -Wall -Wextra -Werror -I"$QT_TOP/include" \
	    -o "$bin/c" "$peers/peer.c" -L"$bin" -lqt
	if command -v c++ >/dev/null; then
		c++ -std=c++17 -O1 -Wall -Wextra -Werror -I"$QT_TOP/include" \
		    -o "$bin/cxx" "$peers/peer.cc" "$peers/kinds.cc" \
		    -L"$bin" -lqt
		PEERS+=" cxx" ALL+=" cxx"
	fi
	if p=$(command -v python3); then
		printf '#!/bin/sh\nexec "%s" -W error "%s" "$@"\n' "$p" \
		    "$peers/peer.py" >"$bin/python"
		chmod +x "$bin/python"
		PEERS+=" python" ALL+=" python"
	fi
	# The tests' HOME is not the user's; rustc may be a front that needs it.
	if HOME=$(getent passwd "$(id -u)" | cut -d: -f6) rustc --version \
	    >/dev/null 2>&1; then
		HOME=$(getent passwd "$(id -u)" | cut -d: -f6) rustc \
		    --edition 2021 -D warnings -O -o "$bin/rust" \
		    "$peers/peer.rs" -L "$bin" >&2
		PEERS+=" rust" ALL+=" rust"
	fi
	export PEERS ALL PATH="$bin:$PATH"
}

setup() {
	[ -z "${SAN-}" ] || skip "the others are not instrumented"
	world_up
	SEG="/qt-test-${QT_CHECK_GROUP-}-lang-$$-$BATS_TEST_NUMBER"
	qt-shm create "$SEG"
}

setup_shared() {
	qt-shm new queue -t "$DTYPE" -c 64 "$SEG/q"
	qt-shm new map -t i8 -c 10 "$SEG/m"
	qt-shm new array -t i4 -c 4 "$SEG/a"
}

teardown() {
	[ -z "${SEG-}" ] || rm -f "/dev/shm$SEG"
	[ -z "${WORLD-}" ] || world_down
}

need() {
	case " $PEERS " in
	*" $1 "*) ;;
	*)	skip "no $2 here" ;;
	esac
}

# Every pair with PEER in it, both ways, more records than the queue holds.
with_all() {
	local other
	setup_shared
	shell_lines 200 >"$WORLD/want"
	for other in $PEERS; do
		pair "$1" "$other"
		pair "$other" "$1"
	done
}

shell_lines() {
	seq 0 $(($1 - 1)) |
	    awk '{ printf "[%d, %g, \"n%d\"]\n", $1, $1 / 2, $1 }'
}

pair() {
	"$1" push "$SEG" 200 &
	local pid=$!
	"$2" pop "$SEG" 200 >"$WORLD/got" ||
		{ echo "from $1 to $2: pop failed" >&2; return 1; }
	wait "$pid" || { echo "from $1 to $2: push failed" >&2; return 1; }
	diff "$WORLD/want" "$WORLD/got" ||
		{ echo "from $1 to $2" >&2; return 1; }
}

# What PEER read prints of what all write; Rust knows some of it.
KINDS='array 1 -2 3 4
barrier 2
cache k=v
event 1
latch 2
map a=1 b=2
mutex free
once 1
pool 99
queue 10 20 30
ring hello
rwlock free
semaphore 3
set x y
skiplist -1=minus 3=three
spsc 0.5 1.5
stack two one
value [7, 0.25]'

known_to() {
	if [[ " $* " = *" rust "* ]]; then
		grep -E '^(array|map|mutex|queue) '
	else
		cat
	fi
}

@test "each structure that one of them writes, each of them reads" {
	local w r
	for w in $ALL; do
		"$w" write "$SEG"
		for r in $ALL; do
			known_to "$w" "$r" <<<"$KINDS" >"$WORLD/want"
			"$r" read "$SEG" >"$WORLD/got"
			diff "$WORLD/want" "$WORLD/got" ||
				{ echo "from $w to $r" >&2; return 1; }
		done
		[ "$(qt-shm fsck "$SEG")" = "" ]
		rm "/dev/shm$SEG"
		qt-shm create "$SEG"
	done
}

@test "the mutex that one of them died with, each of them finds stale" {
	local w r
	c write "$SEG"
	for w in $ALL; do
		for r in $ALL; do
			run "$w" die "$SEG"
			"$r" read "$SEG" >"$WORLD/got"
			grep -qx 'mutex stale' "$WORLD/got" ||
				{ echo "from $w to $r" >&2; return 1; }
			qt-shm lock "$SEG/mutex" -- true	# puts it right
		done
	done
}

@test "C++ and all the others hand each other records" {
	need cxx "C++ compiler"
	with_all cxx
}

@test "Python and all the others hand each other records" {
	need python python3
	with_all python
}

@test "Rust and all the others hand each other records" {
	need rust rustc
	with_all rust
}

@test "all of them count in one map and one array" {
	local p n=0 pids=()
	setup_shared
	for p in $PEERS; do
		"$p" count "$SEG" 100 &
		pids+=($!)
		n=$((n + 100))
	done
	for p in "${pids[@]}"; do wait "$p"; done
	[ "$(qt-shm get "$SEG/m" hits)" = "$n" ]
	[ "$(qt-shm get "$SEG/a" 1)" = "$((n * 2))" ]
}

# The block of README.md in a language, for a segment of this test.
from_readme() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$QT_TOP/README.md" |
		sed -e '/^```/d' -e "s|open(\"/*s\")|open(\"$SEG\")|"
}

@test "what README says in Python and in C++ works" {
	local dir="$BATS_FILE_TMPDIR"
	need python python3
	need cxx "C++ compiler"
	from_readme python >"$WORLD/x.py"
	from_readme cpp >"$WORLD/x.cc"
	[ -s "$WORLD/x.py" ]
	python3 -W error "$WORLD/x.py"
	c++ -std=c++17 -Wall -Wextra -Werror -I"$QT_TOP/include" \
	    -o "$WORLD/x" "$WORLD/x.cc" -L"$dir" -lqt
	[ "$("$WORLD/x")" = $'42\n1700000000 started' ]
	[ "$(qt-shm get "$SEG/grid" 7,2)" = 0.5 ]
}

@test "each of them names a segment that is not there" {
	local p
	for p in $PEERS; do
		run "$p" pop /qt-test-no-such-segment 1
		[ "$status" -ne 0 ]
		[[ "$output" == *qt-test-no-such-segment* ]]
	done
}
