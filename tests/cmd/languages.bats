#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One segment, used from the shell, C++, Python and Rust at once. Each has a
# peer in peers/ that knows the same three verbs:
#
#   PEER push SEG N     records 0 to N-1 into the queue q
#   PEER pop SEG N      N records out of it, printed as qt-shm prints them
#   PEER count SEG N    N times one more in the map m, two more in the array a

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
	PEERS="shell"
	if command -v c++ >/dev/null; then
		c++ -std=c++17 -O1 -Wall -Wextra -Werror -I"$QT_TOP/include" \
		    -o "$bin/cxx" "$peers/peer.cc" -L"$bin" -lqt
		PEERS+=" cxx"
	fi
	if p=$(command -v python3); then
		printf '#!/bin/sh\nexec "%s" -W error "%s" "$@"\n' "$p" \
		    "$peers/peer.py" >"$bin/python"
		chmod +x "$bin/python"
		PEERS+=" python"
	fi
	# The tests' HOME is not the user's; rustc may be a front that needs it.
	if HOME=$(getent passwd "$(id -u)" | cut -d: -f6) rustc --version \
	    >/dev/null 2>&1; then
		HOME=$(getent passwd "$(id -u)" | cut -d: -f6) rustc \
		    --edition 2021 -D warnings -O -o "$bin/rust" \
		    "$peers/peer.rs" -L "$bin" >&2
		PEERS+=" rust"
	fi
	cat >"$bin/shell" <<-'SH'
	#!/bin/sh
	case $1 in
	push)	seq 0 $(($3 - 1)) | awk '{ printf "[%d, %g, \"n%d\"]\n", $1, $1 / 2, $1 }' |
			qt-shm push -W 60 "$2/q" ;;
	pop)	qt-shm pop -W 60 -n "$3" "$2/q" ;;
	count)	i=0
		while [ $((i += 1)) -le "$3" ]; do
			qt-shm add "$2/m" hits >/dev/null &&
				qt-shm add "$2/a" 1 2 >/dev/null || exit
		done ;;
	esac
	SH
	chmod +x "$bin/shell"
	export PEERS PATH="$bin:$PATH"
}

setup() {
	[ -z "${SAN-}" ] || skip "the others are not instrumented"
	world_up
	SEG="/qt-test-${QT_CHECK_GROUP-}-lang-$$-$BATS_TEST_NUMBER"
	qt-shm create "$SEG"
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
	for p in $PEERS; do
		"$p" count "$SEG" 100 &
		pids+=($!)
		n=$((n + 100))
	done
	for p in "${pids[@]}"; do wait "$p"; done
	[ "$(qt-shm get "$SEG/m" hits)" = "$n" ]
	[ "$(qt-shm get "$SEG/a" 1)" = "$((n * 2))" ]
}

@test "each of them names a segment that is not there" {
	local p
	for p in $PEERS; do
		run "$p" pop /qt-test-no-such-segment 1
		[ "$status" -ne 0 ]
		[[ "$output" == *qt-test-no-such-segment* ]]
	done
}
