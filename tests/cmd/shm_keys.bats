#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm on maps, sets and values; locks and what is waited for.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() {
	shm_up
	qt-shm create "$SEG"
}

teardown() { shm_down; }

is_waiting() { [ "$(field waiting "$SEG/$1")" = yes ]; }

@test "a map: put, get, del, cas, add, and lines of it" {
	qt-shm new map -k S8 -t i8 -c 10 "$SEG/m"
	qt-shm put "$SEG/m" one 1
	[ "$(qt-shm get "$SEG/m" one)" = 1 ]
	run -1 qt-shm get "$SEG/m" two
	[ -z "$output" ]
	[ "$(qt-shm add "$SEG/m" one 41)" = 42 ]
	[ "$(qt-shm add "$SEG/m" new)" = 1 ]
	run -0 qt-shm cas "$SEG/m" one 42 7
	run -1 qt-shm cas "$SEG/m" one 42 8
	[ "$output" = 7 ]
	run -1 qt-shm cas "$SEG/m" none 1 2
	printf 'a\t10\nb\t-20\n' | qt-shm put "$SEG/m"
	[ "$(qt-shm dump "$SEG/m" | sort | paste -sd' ')" = \
	    'a	10 b	-20 new	1 one	7' ]
	run -1 qt-shm del "$SEG/m" a none
	run -1 qt-shm get "$SEG/m" a
	[ "$(field count,capacity "$SEG/m")" = '3	10' ]
	run -3 qt-shm put "$SEG/m" long-as-that 1
	run -3 qt-shm put "$SEG/m" x y
	[[ $output == *"value 'y'"* ]]
	run -3 qt-shm put "$SEG/m" <<<$'c\t3\nd\tx'
	[[ $output == *'line 2 of standard input'* ]]
	[ "$(qt-shm get "$SEG/m" c)" = 3 ]
}

@test "a map of bytes: any bytes come back as they were" {
	qt-shm new map -z 100 -c 10 "$SEG/m"
	qt-shm new map -z 100 -c 10 "$SEG/n"
	qt-shm put "$SEG/m" $'tab\there' $'new\nline \\ \e[1m'
	qt-shm put "$SEG/m" empty ''
	qt-shm dump "$SEG/m" | qt-shm put "$SEG/n"
	for k in $'tab\there' empty; do
		cmp <(qt-shm get -r "$SEG/m" "$k") <(qt-shm get -r "$SEG/n" "$k")
	done
	run -3 qt-shm put "$SEG/m" "$(printf '%065d' 0)" x
	run -3 qt-shm put "$SEG/m" k "$(printf '%0101d' 0)"
	run -3 qt-shm put "$SEG/m" <<<'a	b\q'
}

@test "a full map says so, replaces, and takes again what was deleted" {
	qt-shm new map -z 8 -c 3 "$SEG/m"
	for k in a b c; do qt-shm put "$SEG/m" "$k" 1; done
	run -1 qt-shm put "$SEG/m" d 1
	[[ $output == *"key 'd': it has 3 entries already"* ]]
	qt-shm put "$SEG/m" a 2
	qt-shm del "$SEG/m" b
	qt-shm put "$SEG/m" d 1
	[ "$(qt-shm dump "$SEG/m" | sort | paste -sd' ')" = 'a	2 c	1 d	1' ]
}

@test "counting keys from several processes loses nothing" {
	qt-shm new map -t u8 -c 10 "$SEG/m"
	for _ in 1 2 3; do
		for i in {1..30}; do
			qt-shm add "$SEG/m" "k$((i % 3))" >/dev/null
		done &
		STARTED+=($!)
	done
	wait "${STARTED[@]}"
	[ "$(qt-shm dump "$SEG/m" | sort | paste -sd' ')" = \
	    'k0	30 k1	30 k2	30' ]
}

@test "a skip list: a map in the order of its keys" {
	qt-shm new skiplist -k i8 -z 20 -c 10 "$SEG/l"
	printf '30\tc\n-1\ta\n5\tb\n' | qt-shm put "$SEG/l"
	[ "$(qt-shm dump "$SEG/l" | paste -sd' ')" = '-1	a 5	b 30	c' ]
	[ "$(qt-shm get "$SEG/l" 5)" = b ]
	qt-shm put "$SEG/l" 5 B
	qt-shm del "$SEG/l" -1
	run -1 qt-shm get "$SEG/l" -1
	[ "$(qt-shm get "$SEG/l" | paste -sd' ')" = '5	B 30	c' ]
	run -3 qt-shm add "$SEG/l" 5
}

@test "a set" {
	qt-shm new set -z 20 -c 5 "$SEG/s"
	qt-shm put "$SEG/s" a 'b c'
	printf 'd\na\n' | qt-shm put "$SEG/s"
	run -0 qt-shm get "$SEG/s" 'b c'
	[ -z "$output" ]
	run -1 qt-shm get "$SEG/s" x
	[ "$(qt-shm get "$SEG/s" | sort | paste -sd,)" = 'a,b c,d' ]
	qt-shm del "$SEG/s" a
	run -1 qt-shm del "$SEG/s" a
	qt-shm put "$SEG/s" 1 2 3
	run -1 qt-shm put "$SEG/s" 4
	[[ $output == *"member '4': it has 5 already"* ]]
}

@test "a value: none, stored, compared, waited for" {
	qt-shm new value -t "[('x','<f8'),('y','<f8')]" "$SEG/v"
	run -1 qt-shm get "$SEG/v"
	qt-shm put "$SEG/v" '[1.5, -2]'
	[ "$(qt-shm get "$SEG/v")" = '[1.5, -2]' ] ||
		[ "$(qt-shm get "$SEG/v")" = '[1.5, -2.0]' ]
	run -3 qt-shm put "$SEG/v" '[1.5]'
	run -0 qt-shm cas "$SEG/v" '[1.5, -2]' '[0, 0]'
	run -1 qt-shm cas "$SEG/v" '[1.5, -2]' '[0, 0]'
	run -1 qt-shm wait -W 0.05 "$SEG/v"
	qt-shm wait "$SEG/v" &
	STARTED+=($!)
	wait_for 10 is_waiting v
	qt-shm put "$SEG/v" '[3, 4]'
	wait "${STARTED[0]}"
	qt-shm new value -z 4 "$SEG/w"
	run -3 qt-shm put "$SEG/w" 12345
	[[ $output == *'5 bytes, and it holds 4'* ]]
}

@test "wait: existence, fill, erasure" {
	run -1 qt-shm wait -W 0.05 --exists "$SEG/q"
	run -1 qt-shm wait -W 0.05 --exists "$SEG.2"
	qt-shm wait --exists "$SEG/q" &
	STARTED+=($!)
	qt-shm new queue -z 8 -c 1 "$SEG/q"
	wait "${STARTED[0]}"
	run -1 qt-shm wait -W 0.05 --nonempty "$SEG/q"
	run -0 qt-shm wait --nonfull "$SEG/q"
	qt-shm push "$SEG/q" x
	run -0 qt-shm wait --nonempty "$SEG/q"
	run -1 qt-shm wait -W 0.05 --nonfull "$SEG/q"
	run -1 qt-shm wait -W 0.05 --gone "$SEG/q"
	qt-shm rm "$SEG/q"
	run -0 qt-shm wait --gone "$SEG/q"
	run -0 qt-shm wait --gone "$SEG.2"
	qt-shm new event "$SEG/e"
	qt-shm wait "$SEG/e" 2>err &
	pid=$!
	STARTED+=("$pid")
	wait_for 10 is_waiting e
	qt-shm rm "$SEG/e"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 3 ]
	grep -q "$SEG/e: it no longer exists" err
	qt-shm new queue -z 8 -c 1 "$SEG/q"
	run -2 qt-shm wait "$SEG/q"
	[[ $output == *'--nonempty, --nonfull'* ]]
}

@test "events, latches, barriers, semaphores" {
	qt-shm new event "$SEG/e"
	run -1 qt-shm wait -W 0.05 "$SEG/e"
	qt-shm put "$SEG/e" 1
	run -0 qt-shm wait "$SEG/e"
	[ "$(qt-shm get "$SEG/e")" = 1 ]
	qt-shm put "$SEG/e" 0
	run -1 qt-shm wait -W 0.05 "$SEG/e"
	qt-shm new event -A "$SEG/auto"
	qt-shm put "$SEG/auto" 1
	run -0 qt-shm wait "$SEG/auto"
	run -1 qt-shm wait -W 0.05 "$SEG/auto"
	qt-shm new latch -c 2 "$SEG/l"
	[ "$(qt-shm add "$SEG/l")" = 1 ]
	run -1 qt-shm wait -W 0.05 "$SEG/l"
	[ "$(qt-shm add "$SEG/l" -1)" = 0 ]
	run -0 qt-shm wait "$SEG/l"
	run -3 qt-shm add "$SEG/l"
	qt-shm new barrier -c 2 "$SEG/b"
	run -1 qt-shm wait -W 0.05 "$SEG/b"
	qt-shm wait "$SEG/b" &
	STARTED+=($!)
	run -0 qt-shm wait "$SEG/b"
	wait "${STARTED[0]}"
	qt-shm new semaphore -c 1 "$SEG/sem"
	run -0 qt-shm wait "$SEG/sem"
	run -1 qt-shm wait -W 0.05 "$SEG/sem"
	[ "$(qt-shm add "$SEG/sem" 2)" = 2 ]
}

@test "lock: held while the command runs, its status is passed on" {
	qt-shm new mutex "$SEG/m"
	run -7 qt-shm lock "$SEG/m" -- sh -c \
	    "qt-shm lock $SEG/m -- true; echo \$?; exit 7"
	[[ $output == *"$SEG/m: it is held by somebody else (-w waits)"* ]]
	[ "${lines[-1]}" = 1 ]
	run -0 qt-shm lock "$SEG/m" -- true
	run -143 qt-shm lock "$SEG/m" -- sh -c 'kill -TERM $$'
	run -127 qt-shm lock "$SEG/m" -- "$SEG-no-such-command"
	run -126 qt-shm lock "$SEG/m" -- /
	run -2 qt-shm lock "$SEG/m"
	run -2 qt-shm lock "$SEG/m" true
	run -2 qt-shm lock -s "$SEG/m" -- true
}

@test "lock: many wait for their turn, and none is lost" {
	qt-shm new mutex "$SEG/m"
	echo 0 >n
	# shellcheck disable=SC2016 # the inner shell expands
	for _ in 1 2 3 4 5 6; do
		qt-shm lock -w "$SEG/m" -- sh -c 'echo $(($(cat n) + 1)) >n.new
		    mv n.new n' &
		STARTED+=($!)
	done
	wait "${STARTED[@]}"
	[ "$(cat n)" = 6 ]
}

@test "lock: killed, it is free, stale, and put right" {
	qt-shm new mutex "$SEG/m"
	mkfifo p never
	exec 7<>p 8<>never
	qt-shm lock "$SEG/m" -- sh -c 'echo $$ >&7; exec cat <&8' &
	pid=$!
	STARTED+=("$pid")
	read -ru 7 cmd
	run -1 qt-shm lock "$SEG/m" -- true
	kill -KILL "$pid"
	wait "$pid" || true
	gone() { ! kill -0 "$cmd" 2>/dev/null; }
	wait_for 10 gone		# the command does not go on without it
	# shellcheck disable=SC2016
	run -5 qt-shm lock "$SEG/m" -- sh -c 'echo "stale $QT_SHM_STALE"; exit 5'
	[[ $output == *'died while it did'*'stale 1'* ]]
	run -0 qt-shm lock "$SEG/m" -- true
	[[ $output == *'died while it did'* ]]
	run -0 qt-shm lock "$SEG/m" -- true
	[ -z "$output" ]
}

@test "lock: SIGTERM goes to the command, and the lock is free" {
	qt-shm new mutex "$SEG/m"
	mkfifo p never
	exec 7<>p 8<>never
	qt-shm lock "$SEG/m" -- sh -c 'trap "exit 9" TERM; echo >&7
	    read -r line <&8' &
	pid=$!
	STARTED+=("$pid")
	read -ru 7
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 9 ]
	run -0 qt-shm lock "$SEG/m" -- true
}

@test "rwlock: readers together, a writer alone; once: once" {
	qt-shm new rwlock "$SEG/rw"
	run -0 qt-shm lock -s "$SEG/rw" -- qt-shm lock -s "$SEG/rw" -- echo both
	[ "$output" = both ]
	run -1 qt-shm lock -s "$SEG/rw" -- qt-shm lock "$SEG/rw" -- true
	run -1 qt-shm lock "$SEG/rw" -- qt-shm lock -s "$SEG/rw" -- true
	qt-shm new once "$SEG/o"
	run -4 qt-shm lock "$SEG/o" -- sh -c 'exit 4'
	run -0 qt-shm lock "$SEG/o" -- echo did
	[ "$output" = did ]
	run -0 qt-shm lock "$SEG/o" -- echo again
	[ -z "$output" ]
	[ "$(qt-shm get "$SEG/o")" = 1 ]
}
