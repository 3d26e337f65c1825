#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm on caches, rings and skip lists: what each adds to what all can do.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() {
	shm_up
	qt-shm create "$SEG"
}

teardown() { shm_down; }

# One of the type's numbers: number NAME SEG/STRUCTURE
number() { field numbers "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

is_gone() { ! qt-shm get "$1" "$2" >/dev/null; }
is_waiting() { [ "$(field waiting "$SEG/r")" = yes ]; }
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

@test "a cache: put, get, del, lines of it, and what it counts" {
	qt-shm new cache -c 256K -z 20 -K 8 "$SEG/c"
	qt-shm put "$SEG/c" one 1
	qt-shm put "$SEG/c" $'t\tb' $'new\nline'
	[ "$(qt-shm get "$SEG/c" one)" = 1 ]
	run -1 qt-shm get "$SEG/c" two
	[ -z "$output" ]
	[ "$(number hits "$SEG/c") $(number misses "$SEG/c")" = '1 1' ]
	qt-shm new cache -c 256K -z 20 -K 8 "$SEG/d"
	qt-shm dump "$SEG/c" | qt-shm put "$SEG/d"
	cmp <(qt-shm dump "$SEG/c" | sort) <(qt-shm dump "$SEG/d" | sort)
	[ "$(qt-shm get "$SEG/d" $'t\tb')" = $'new\nline' ]
	run -1 qt-shm del "$SEG/c" one none
	[ "$(field type,count,item,key "$SEG/c")" = 'cache	1	20	8' ]
	run -3 qt-shm put "$SEG/c" long-as-that 1
	[[ $output == *'it takes 1 to 8'* ]]
	run -3 qt-shm put "$SEG/c" k "$(printf '%021d' 0)"
	[[ $output == *'21 bytes; it takes 20'* ]]
	run -0 qt-shm fsck "$SEG"
	qt-shm rm "$SEG/c"
	run -3 qt-shm get "$SEG/c" one
}

@test "a cache: what was put with a time is gone after it" {
	qt-shm new cache -c 256K -z 20 "$SEG/c"
	qt-shm put "$SEG/c" stays 1
	qt-shm put -T 3600 "$SEG/c" later 2
	printf 'a\t1\nb\t2\n' | qt-shm put -T 0.05 "$SEG/c"
	wait_for 10 is_gone "$SEG/c" a
	wait_for 10 is_gone "$SEG/c" b
	[ "$(qt-shm dump "$SEG/c" | sort | paste -sd' ')" = 'later	2 stays	1' ]
	[ "$(number expired "$SEG/c")" -gt 0 ]
	for bad in 0 -1 x ''; do run -2 qt-shm put -T "$bad" "$SEG/c" k v; done
	qt-shm new map -z 8 -c 3 "$SEG/m"
	run -2 qt-shm put -T 5 "$SEG/m" k v
	[[ $output == *'-T is for caches'* ]]
}

@test "a cache: it never grows over its bytes, and keeps what is asked for" {
	qt-shm new cache -c 128K -z 16 "$SEG/c"
	size=$(field size "$SEG/c")
	[ "$size" -le 131072 ]
	qt-shm put "$SEG/c" wanted yes
	qt-shm get "$SEG/c" wanted
	qt-shm get "$SEG/c" wanted
	seq 2000 | sed 's/.*/k&	&/' | qt-shm put "$SEG/c"
	[ "$(qt-shm get "$SEG/c" wanted)" = yes ]
	[ "$(number evictions "$SEG/c")" -gt 0 ]
	[ "$(field count "$SEG/c")" -lt 2001 ]
	[ "$(field size "$SEG/c")" = "$size" ]
	[ "$(qt-shm dump "$SEG/c" | wc -l)" = "$(field count "$SEG/c")" ]
	run -0 qt-shm fsck "$SEG"
}

@test "a cache: what is wanting or too much is said" {
	run -2 qt-shm new cache "$SEG/c"
	[[ $output == *'needs -c BYTES'* ]]
	run -2 qt-shm new cache -c 1M -z 8 -t i8 "$SEG/c"
	run -3 qt-shm new cache -c 1K -z 8 "$SEG/c"
	run -3 qt-shm new cache -c 1M -z 1M "$SEG/c"
	run -3 qt-shm new cache -c 1G -z 8 "$SEG/c"
	run -1 qt-shm ls "$SEG"
	qt-shm new cache -c 128K -z 8 "$SEG/c"
	run -3 qt-shm add "$SEG/c" k 1
	run -3 qt-shm push "$SEG/c" k
}

@test "a skip list is in the order of its keys" {
	qt-shm new skiplist -k i4 -t f8 -c 10 "$SEG/l"
	printf '%s\t0.5\n' 30 -4 7 1000 -900 | qt-shm put "$SEG/l"
	[ "$(qt-shm dump "$SEG/l" | cut -f1 | paste -sd' ')" = \
	    '-900 -4 7 30 1000' ]
	qt-shm del "$SEG/l" 7
	qt-shm put "$SEG/l" 30 2
	[ "$(qt-shm get "$SEG/l" 30)" = 2 ]
	run -1 qt-shm get "$SEG/l" 7
	[ "$(qt-shm get "$SEG/l" | paste -sd' ')" = \
	    '-900	0.5 -4	0.5 30	2 1000	0.5' ]
	[ "$(field type,count,capacity "$SEG/l")" = 'skiplist	4	10' ]
	run -0 qt-shm fsck "$SEG"
	run -3 qt-shm cas "$SEG/l" 30 2 3
	qt-shm rm "$SEG/l"
	run -1 qt-shm ls "$SEG"
}

@test "a ring: push, get, peek, dump, stat, and what it refuses" {
	qt-shm new ring -c 16K "$SEG/r"
	run -1 qt-shm peek "$SEG/r"
	qt-shm push "$SEG/r" one $'two\ttabs'
	printf 'three\nfour' | qt-shm push "$SEG/r"
	printf 'nul\0' | qt-shm push -0 "$SEG/r"
	printf 'raw!' | qt-shm push -r 4 "$SEG/r"
	printf 'one\ntwo\ttabs\nthree\nfour\nnul\0raw!' >"$WORLD/want"
	qt-shm get "$SEG/r" | cmp - "$WORLD/want"
	[ "$(qt-shm peek -n 2 "$SEG/r")" = $'one\ntwo\ttabs' ]
	[ "$(qt-shm dump "$SEG/r" | sed -n 2p)" = 'two\ttabs' ]
	[ "$(field type,count,capacity "$SEG/r")" = 'ring	32	16384' ]
	[ "$(number written "$SEG/r")" = 32 ]
	run -2 qt-shm pop "$SEG/r"
	[[ $output == *'-f follows it'* ]]
	run -2 qt-shm get "$SEG/r" 3
	run -3 qt-shm put "$SEG/r" a b
	run -3 qt-shm push "$SEG/r" "$(printf '%09000d' 0)"
	run -2 qt-shm new ring -t i8 "$SEG/s"
	run -3 qt-shm new ring -c 1K "$SEG/s"
	[[ $output == *'its limit is 16384 to'* ]]
	run -0 qt-shm fsck "$SEG"
	run -0 qt-shm rm "$SEG/r"
	run -1 qt-shm ls "$SEG"
}

@test "a ring: lines of any length, many of them, and a last one without its end" {
	qt-shm new ring -c 16M "$SEG/r"
	{
		seq 300000
		printf '%0200000d\n\n' 0
		seq 5
		printf '%065536d\n%065535d\n' 1 2
		printf open
	} >"$WORLD/want"
	qt-shm push -r 1000 "$SEG/r" <"$WORLD/want"
	qt-shm get "$SEG/r" | cmp - "$WORLD/want"
	cmp <(timeout 60 qt-shm dump "$SEG/r") <(cat "$WORLD/want"; echo)
	cmp <(timeout 60 qt-shm peek -a "$SEG/r") <(cat "$WORLD/want"; echo)
}

@test "a stack: all of a large one is shown, and fast" {
	qt-shm new stack -t i8 -c 300000 "$SEG/k"
	seq 300000 | qt-shm push "$SEG/k"
	cmp <(timeout 60 qt-shm dump "$SEG/k") <(seq 300000 -1 1)
	cmp <(timeout 60 qt-shm peek -a "$SEG/k") <(seq 300000 -1 1)
}

@test "a ring: each who follows it reads all, and goes when it is erased" {
	qt-shm new ring -c 1M "$SEG/r"
	qt-shm push "$SEG/r" begin
	for i in 1 2 3; do
		qt-shm pop -f "$SEG/r" >"$WORLD/out$i" 2>"$WORLD/err$i" &
		STARTED+=($!)
		wait_for 20 has_lines "$WORLD/out$i" 1
	done
	seq 20000 | qt-shm push "$SEG/r"
	{ echo begin; seq 20000; } >"$WORLD/want"
	for i in 1 2 3; do wait_for 30 cmp -s "$WORLD/out$i" "$WORLD/want"; done
	used=$(field used "$SEG")
	qt-shm rm "$SEG/r"
	for pid in "${STARTED[@]}"; do wait "$pid"; done
	[ ! -s "$WORLD/err1" ]
	qt-shm gc "$SEG"
	[ "$(field used "$SEG")" -lt "$used" ]
	run -1 qt-shm ls "$SEG"
}

@test "a ring: who is too slow is told, and goes on" {
	qt-shm new ring -c 16K "$SEG/r"
	seq 3000 | qt-shm push "$SEG/r"
	qt-shm pop -f "$SEG/r" >"$WORLD/out" 2>"$WORLD/err" &
	STARTED+=($!)
	wait_for 20 grep -qx 3000 "$WORLD/out"
	kill -STOP "$!"
	seq 5000 9000 | qt-shm push "$SEG/r"
	kill -CONT "$!"
	wait_for 20 grep -qx 9000 "$WORLD/out"
	grep -q "$SEG/r: [0-9]* bytes were overwritten before they were read" \
	    "$WORLD/err"
	kill -TERM "$!"
	wait "$!"
	[ "$(number overwritten "$SEG/r")" -gt 0 ]
	[ "$(number memory "$SEG/r")" -le 16384 ]
	run -0 qt-shm fsck "$SEG"
}

@test "a ring: one writes at a time; the next goes on where a dead one was" {
	qt-shm new ring "$SEG/r"
	mkfifo "$WORLD/in"
	exec {in}<>"$WORLD/in"
	qt-shm push "$SEG/r" <&"$in" &
	STARTED+=($!)
	echo alive >&"$in"
	wait_for 20 qt-shm peek "$SEG/r"
	run -1 qt-shm push "$SEG/r" other
	[[ $output == *'the ring has a living writer'* ]]
	kill -KILL "$!"
	wait_for 20 qt-shm push "$SEG/r" next
	[ "$(qt-shm get "$SEG/r" | paste -sd' ')" = 'alive next' ]
	exec {in}>&-
}

@test "a ring can be waited for" {
	qt-shm new ring "$SEG/r"
	run -1 qt-shm wait -W 0.01 "$SEG/r"
	qt-shm push "$SEG/r" before	# and nobody is waiting any more
	run -1 is_waiting
	qt-shm wait "$SEG/r" &
	STARTED+=($!)
	wait_for 20 is_waiting
	qt-shm push "$SEG/r" now
	wait "$!"
	run -0 qt-shm wait -W 5 --nonempty "$SEG/r"
}

# What the participant of process $1 has in a column: who_of PID COLUMN
who_of() { qt-shm who -o "pid,$2" "$SEG" | sed -n "s/^$1	//p"; }
who_has() { [ "$(who_of "$1" "$2")" = "$3" ]; }
# shellcheck disable=SC2053 # a pattern is meant
who_like() { [[ $(who_of "$1" "$2") == $3 ]]; }

@test "who: locks, places of semaphores and roles that somebody holds" {
	mkfifo "$WORLD/in"
	exec {in}<>"$WORLD/in"
	qt-shm new mutex "$SEG/m"
	qt-shm new rwlock "$SEG/rw"
	qt-shm new semaphore -U -c 3 "$SEG/s"
	qt-shm new ring "$SEG/r"
	qt-shm lock "$SEG/m" -- cat <&"$in" &
	m=$!
	qt-shm lock -s "$SEG/rw" -- cat <&"$in" &
	rw=$!
	qt-shm lock "$SEG/s" -- cat <&"$in" &
	s=$!
	qt-shm push "$SEG/r" <&"$in" &
	r=$!
	STARTED+=("$m" "$rw" "$s" "$r")
	wait_for 20 who_has "$m" holds m:held=1
	wait_for 20 who_has "$rw" holds rw:read=1
	wait_for 20 who_has "$s" holds s:held=1
	wait_for 20 who_has "$r" holds r:writer=1
	who_has "$m" held,state '1	alive'
	[[ $(qt-shm who -J "$SEG") == *'"holds":"m:held=1","held":1,'* ]]
	kill -TERM "$m"
	wait "$m" || true
	[ -z "$(who_of "$m" holds)" ]
	exec {in}>&-
}

@test "who: items that were taken, also by the dead, and not by others" {
	mkfifo "$WORLD/out"
	exec {out}<>"$WORLD/out"
	qt-shm new queue -z 4000 -c 60 -D redeliver "$SEG/q"
	for i in {1..60}; do printf '%04000d\n' "$i"; done |
	    qt-shm push "$SEG/q"
	qt-shm pop -a "$SEG/q" >&"$out" &
	STARTED+=($!)
	wait_for 20 who_like "$!" holds 'q:taken=*'
	kill -KILL "$!"
	wait_for 20 who_has "$!" state dead
	who_like "$!" holds 'q:taken=*'
	qt-shm gc "$SEG"
	[ -z "$(who_of "$!" state)" ]
	[ "$(number redelivered "$SEG/q")" -gt 0 ]
	exec {out}>&-
}

@test "pool: what is read stays, and who and stat name who reads" {
	run -2 qt-shm new array -t i8 -c 4 -E "$SEG/a"
	[[ $output == *'a structure of type array takes no -E'* ]]
	qt-shm new pool -z 16 -c 2 --epochs "$SEG/p"
	h=$(qt-shm put "$SEG/p" first)
	mkfifo in
	pin "/$SEG" p "$h" <in >out &
	pid=$!
	STARTED+=("$pid")
	exec 8>in
	wait_for 10 grep -q entered out
	[ "$(qt-shm who -o pid,pinned,behind "$SEG")" = "$pid	p=0	0" ]
	qt-shm del "$SEG/p" "$h"
	run -1 qt-shm get "$SEG/p" "$h"
	# The other block is all that can be had.
	more=$(qt-shm put "$SEG/p" second)
	run -1 qt-shm put "$SEG/p" third
	kill -STOP "$pid"
	is() { [ "$(qt-shm who -o state,pinned "$SEG")" = "$1" ]; }
	wait_for 10 is 'stopped	p=1'
	id=$(qt-shm who -o id "$SEG")
	[[ $(field numbers "$SEG/p") == *"limbo=1 held back by=$id"* ]]
	qt-shm who -J "$SEG" | jq -e '.[0].pinned == "p=1" and .[0].behind == 1'
	kill -CONT "$pid"
	exec 8>&-
	wait "$pid"
	[ "$(tail -n 1 out)" = first ]
	[[ $(field numbers "$SEG/p") != *'held back by'* ]]
	qt-shm put "$SEG/p" third
	run -1 qt-shm get "$SEG/p" "$h"
	[ "$(qt-shm get "$SEG/p" "$more")" = second ]
	qt-shm fsck "$SEG"
}

@test "pool: a reader that died holds back nothing" {
	qt-shm new pool -z 16 -c 1 -E "$SEG/p"
	h=$(qt-shm put "$SEG/p" first)
	mkfifo in
	pin "/$SEG" p "$h" <in >out &
	pid=$!
	STARTED+=("$pid")
	exec 8>in
	wait_for 10 grep -q entered out
	qt-shm del "$SEG/p" "$h"
	run -1 qt-shm put "$SEG/p" second
	kill -KILL "$pid"
	wait "$pid" || [ $? = 137 ]
	exec 8>&-
	qt-shm put "$SEG/p" second
	qt-shm fsck "$SEG"
}
