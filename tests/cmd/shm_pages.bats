#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm: huge pages and NUMA nodes, as far as this machine has them.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() { shm_up; }
teardown() { shm_down; }

NODES=/sys/devices/system/node

@test "what is not asked for is not there" {
	qt-shm create "$SEG"
	[ "$(field huge,huge_used,numa,numa_used "$SEG")" = 'no			' ]
	qt-shm stat -J "$SEG" | grep -q '"huge":"no","huge_used":null'
}

@test "huge pages are asked for, and what comes of it is said" {
	local used
	qt-shm create --huge -s 64M "$SEG"
	[ "$(field huge_used "$SEG")" = 0 ]
	[[ $(field huge "$SEG") == 'not granted: '* ]]
	qt-shm new array -t i8 -c 4M "$SEG/a"
	used=$(field huge_used "$SEG")
	# A kernel before 6.1 has none for us, and says so.
	if [ "$used" = 0 ]; then
		[[ $(field huge "$SEG") == 'not granted: '* ]]
	else
		[ "$(field huge "$SEG")" = yes ]
		[ "$used" -le $((32 << 20)) ]
	fi
	qt-shm put "$SEG/a" : 7
	[ "$(qt-shm get "$SEG/a" 4194303)" = 7 ]
	qt-shm rm "$SEG/a"
	[ "$(field huge_used "$SEG")" = 0 ]
	[ "$(field used "$SEG")" -lt $((1 << 20)) ]
	run -0 qt-shm fsck "$SEG"
}

@test "a small segment with huge pages uses what it would without" {
	qt-shm create --huge -s 1M "$SEG"
	qt-shm create -s 1M "$SEG.2"
	for s in "$SEG" "$SEG.2"; do
		qt-shm new queue -z 100 -c 100 "$s/q"
		qt-shm push "$s/q" a b c
	done
	[ "$(field used "$SEG")" = "$(field used "$SEG.2")" ]
	[ "$(field huge "$SEG")" != yes ]
}

@test "a node is asked for, and where the memory is is said" {
	[ -e $NODES/node0/meminfo ] || skip 'no NUMA node 0'
	qt-shm create --numa 0 "$SEG"
	qt-shm new array -t i8 -c 100000 "$SEG/a"
	qt-shm put "$SEG/a" : 1
	[ "$(field numa "$SEG")" = 0 ]
	[ -e $NODES/node1 ] ||
		[ "$(field numa_used "$SEG")" = "$(field used "$SEG")" ]
	[ "$(field numa_used "$SEG")" -gt 0 ]
}

@test "a node that is not there is refused, and nothing is made" {
	[ -e $NODES/online ] || skip 'no NUMA nodes'
	[ ! -e $NODES/node1023 ] || skip 'this machine has a node 1023'
	run -3 qt-shm create --numa 1023 "$SEG"
	[[ $output == "qt-shm: $SEG: there is no NUMA node 1023 ($NODES/online says "* ]]
	[ ! -e "/dev/shm/$SEG" ]
	for n in x -1 1e1 1024 ''; do
		run -2 qt-shm create --numa "$n" "$SEG"
	done
	[ ! -e "/dev/shm/$SEG" ]
}

@test "a kernel that knows no nodes" {
	unshare -m true 2>/dev/null || skip 'unshare -m is not permitted'
	[ -d $NODES ] || skip 'this is one; the test before has shown it'
	# shellcheck disable=SC2016 # the inner shell expands
	run -3 unshare -m sh -c 'mount -t tmpfs none "$1" &&
		exec qt-shm create --numa 0 "$2"' - $NODES "$SEG"
	[ "$output" = "qt-shm: $SEG: the kernel knows no NUMA nodes: $(
	    )Operation not supported" ]
	[ ! -e "/dev/shm/$SEG" ]
}
