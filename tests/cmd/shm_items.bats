#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm push, pop and peek: nothing is lost and nothing is doubled.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() {
	shm_up
	qt-shm create "$SEG"
}

teardown() { shm_down; }

# follow NUMBER [OPTION...]: a consumer of $SEG/q that writes to out.NUMBER
follow() {
	local n=$1
	shift
	qt-shm pop -f "$@" "$SEG/q" >"out.$n" &
	STARTED+=($!)
}

count_is() { [ "$(field count "$SEG/$1")" = "$2" ]; }
is_waiting() { [ "$(field waiting "$SEG/$1")" = yes ]; }
lines_are() { [ "$(cat out.* | wc -l)" = "$1" ]; }
users_are() { [ "$(field users "$SEG")" = "$1" ]; }

@test "in order, by line, by NUL, by size; peek leaves them" {
	qt-shm new queue -z 20 -c 10 "$SEG/q"
	printf 'one\ntwo\n\nfour' | qt-shm push "$SEG/q"
	[ "$(qt-shm peek "$SEG/q")" = one ]
	[ "$(qt-shm peek -a "$SEG/q" | paste -sd,)" = one,two,,four ]
	[ "$(qt-shm pop -n 2 "$SEG/q" | paste -sd,)" = one,two ]
	[ "$(qt-shm pop -a "$SEG/q" | paste -sd,)" = ,four ]
	printf 'a\nb\0c\0' | qt-shm push -0 "$SEG/q"
	[ "$(qt-shm pop -0a "$SEG/q" | tr '\0\n' ',+')" = a+b,c, ]
	printf 'abcdefgh' | qt-shm push -r 3 "$SEG/q"
	[ "$(qt-shm pop "$SEG/q")" = abc ]
	[ "$(qt-shm pop -ra "$SEG/q")" = defgh ]
	qt-shm push "$SEG/q" x 'y z' ''
	[ "$(qt-shm dump "$SEG/q" | paste -sd,)" = 'x,y z,' ]
}

@test "elements of a dtype, as text and as bytes" {
	qt-shm new queue -t '<i4' -c 10 "$SEG/q"
	qt-shm push "$SEG/q" 1 -2
	printf '\003\0\0\0' | qt-shm push -r 4 "$SEG/q"
	[ "$(qt-shm pop -ra "$SEG/q" | od -An -td4 | xargs)" = '1 -2 3' ]
	run -3 qt-shm push "$SEG/q" 7 x 8
	[[ $output == *"1 items were put in, then:"*"item 2:"* ]]
	[ "$(qt-shm pop -a "$SEG/q")" = 7 ]
	run -3 qt-shm push -r 3 "$SEG/q" <<<'ab'
	[[ $output == *'item 1: 3 bytes; it takes exactly 4'* ]]
}

@test "empty and full are answers, and never waited for unasked" {
	qt-shm new queue -z 8 -c 3 "$SEG/q"
	run -1 qt-shm pop "$SEG/q"
	[ -z "$output" ]
	run -1 qt-shm pop -a "$SEG/q"
	run -1 qt-shm peek "$SEG/q"
	run -1 bash -c "seq 9 | qt-shm push $SEG/q"
	[[ $output == *"$SEG/q: it is full; 3 items were put in (-w waits)"* ]]
	run -1 qt-shm push -W 0.05 "$SEG/q" more
	[[ $output == *'it is full; 0 items'* ]]
	run -1 qt-shm pop -n 5 "$SEG/q"
	[ "$(echo "$output" | paste -sd,)" = 1,2,3 ]
	run -1 qt-shm pop -W 0.05 "$SEG/q"
	run -3 qt-shm push "$SEG/q" 123456789
	[[ $output == *'item 1: 9 bytes; it takes at most 8'* ]]
	run -2 qt-shm pop -W x "$SEG/q"
	run -2 qt-shm new queue -c 3 "$SEG/bad"
	run -3 qt-shm new queue -z 8 -c 100M "$SEG/bad"
}

@test "one who waits is woken" {
	qt-shm new queue -z 8 -c 1 "$SEG/q"
	qt-shm pop -w "$SEG/q" >out.1 &
	STARTED+=($!)
	wait_for 10 is_waiting q
	qt-shm push "$SEG/q" hello
	wait "${STARTED[0]}"
	[ "$(cat out.1)" = hello ]
	qt-shm push "$SEG/q" full
	qt-shm push -w "$SEG/q" next &
	STARTED+=($!)
	wait_for 10 is_waiting q
	[ "$(qt-shm pop "$SEG/q")" = full ]
	wait "${STARTED[1]}"
	[ "$(qt-shm pop "$SEG/q")" = next ]
}

@test "a million items to four consumers: each once; erasing ends them" {
	n=1000000
	[ -z "${SAN-}" ] || n=20000
	qt-shm new queue -t i8 -c 1000 "$SEG/q"
	for i in 1 2 3 4; do follow "$i"; done
	wait_for 20 users_are 4
	seq "$n" | qt-shm push -w "$SEG/q"
	qt-shm rm "$SEG/q"
	for pid in "${STARTED[@]}"; do wait "$pid"; done
	sort -n out.[1-4] | cmp - <(seq "$n")
	run -3 qt-shm stat "$SEG/q"
	[ "$(field structures "$SEG")" = 0 ]
}

@test "what is in an erased queue is still had by who follows it" {
	qt-shm new queue -z 8 -c 100 "$SEG/q"
	follow 1
	wait_for 10 is_waiting q
	kill -STOP "${STARTED[0]}"
	seq 50 | qt-shm push "$SEG/q"
	qt-shm rm "$SEG/q"
	kill -CONT "${STARTED[0]}"
	wait "${STARTED[0]}"
	cmp out.1 <(seq 50)
}

@test "a signal ends following cleanly, with everything written" {
	for sig in INT TERM HUP; do
		qt-shm new queue -z 8 -c 100 "$SEG/q"
		# A job in the background ignores SIGINT unless told otherwise.
		env --default-signal=INT qt-shm pop -f "$SEG/q" >"out.$sig" &
		pid=$!
		STARTED+=("$pid")
		seq 50 | qt-shm push "$SEG/q"
		wait_for 10 count_is q 0
		kill -"$sig" "$pid"
		wait "$pid"
		{ cat "out.$sig"; qt-shm pop -a "$SEG/q" || true; } |
		    cmp - <(seq 50)
		qt-shm rm "$SEG/q"
	done
	[ "$(field dead "$SEG")" = 0 ]
}

@test "what the reader did not take is put in again" {
	qt-shm new queue -z 8 -c 100 "$SEG/q"
	seq 50 | qt-shm push "$SEG/q"
	# The pipe is closed before anything is written.
	mkfifo p
	exec 7<>p
	exec 6>p 7<&-
	qt-shm pop -a "$SEG/q" >&6 || echo "$?" >status
	exec 6>&-
	[ "$(cat status)" = 3 ]
	[ "$(qt-shm pop -a "$SEG/q" | sort -n | paste -sd,)" = \
	    "$(seq 50 | paste -sd,)" ]
	[ -e /dev/full ] || return 0
	seq 50 | qt-shm push "$SEG/q"
	run -3 bash -c "qt-shm pop -a $SEG/q >/dev/full"
	[[ $output == *'what was not written is in it again'* ]]
	[ "$(qt-shm pop -a "$SEG/q" | wc -l)" = 50 ]
}

@test "a killed consumer: dropped or delivered again, as it was made" {
	for how in drop redeliver; do
		mkfifo "p.$how"
		exec 7<>"p.$how"
		qt-shm new queue -z 2000 -c 100 -D "$how" "$SEG/q"
		# The pipe is full with 64 KiB, so an item is in hand.
		qt-shm pop -f "$SEG/q" >&7 &
		pid=$!
		STARTED+=("$pid")
		for _ in {1..60}; do
			head -c 1999 /dev/zero | tr '\0' x | qt-shm push -w "$SEG/q"
		done
		is_stuck() { grep -q '^State:	S' "/proc/$pid/status" &&
			[ "$(field count "$SEG/q")" -gt 0 ]; }
		wait_for 10 is_stuck
		before=$(field count "$SEG/q")
		kill -KILL "$pid"
		wait "$pid" || true
		qt-shm gc "$SEG"
		after=$(field count "$SEG/q")
		echo "$how: $before then $after" >&2
		field numbers "$SEG/q" >&2
		if [ "$how" = drop ]; then
			[ "$after" = "$before" ]
			field numbers "$SEG/q" | grep -q 'dropped=[1-9]'
		else
			[ "$after" -gt "$before" ]
			field numbers "$SEG/q" | grep -q 'redelivered=[1-9]'
		fi
		qt-shm rm "$SEG/q"
		exec 7>&-
	done
}

@test "consumers and producers are killed: no item twice, none lost but theirs" {
	qt-shm new queue -t i8 -c 200 "$SEG/q"
	for i in 1 2 3; do follow "$i"; done
	qt-shm pop -f "$SEG/q" >out.4 &
	victim=$!
	seq 20000 | qt-shm push -w "$SEG/q" &
	producer=$!
	STARTED+=("$victim" "$producer")
	wait_for 20 lines_are_over 2000
	kill -KILL "$victim"
	wait "$producer"
	qt-shm gc "$SEG" >/dev/null
	wait_for 20 count_is q 0
	qt-shm rm "$SEG/q"
	for i in 0 1 2; do wait "${STARTED[i]}"; done
	# Its last line may be cut, or be written and not yet released.
	sed '$d' out.4 | sort -n - out.[123] >all
	[ -z "$(uniq -d all)" ]
	missing=$(comm -13 <(sort all) <(seq 20000 | sort) | wc -l)
	[ "$missing" -le 17 ]
}
lines_are_over() { [ "$(cat out.* | wc -l)" -gt "$1" ]; }

@test "spsc: one producer, one consumer, others are refused" {
	qt-shm new queue --spsc -t i8 -c 8 "$SEG/q"
	[ "$(field type "$SEG/q")" = spsc ]
	follow 1
	wait_for 10 is_waiting q
	run -1 qt-shm pop "$SEG/q"
	[[ $output == *"$SEG/q: "* ]]
	seq 1000 | qt-shm push -w "$SEG/q"
	wait_for 10 lines_are 1000
	kill -KILL "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	qt-shm push "$SEG/q" 5
	[ "$(qt-shm pop "$SEG/q")" = 5 ]
	cmp out.1 <(seq 1000)
}

@test "what a queue cannot do is said" {
	qt-shm new queue -z 8 -c 3 "$SEG/q"
	qt-shm new array -t i8 -c 3 "$SEG/a"
	run -3 qt-shm get "$SEG/q"
	[[ $output == *"get does not work on a structure of type queue (what \
does: dump, peek, pop, push)" ]]
	run -3 qt-shm pop "$SEG/a"
	run -3 qt-shm push "$SEG/a" 1
	run -2 qt-shm pop "$SEG"
	run -2 qt-shm new queue -z 8 -c 3 -k i8 "$SEG/x"
	[[ $output == *'type queue takes no -k'* ]]
	run -2 qt-shm new array -t i8 -c 3 --spsc "$SEG/other"
	[[ $output == *'type array takes no --spsc' ]]
	run -2 qt-shm new spsc -t i8 -c 3 --mpmc "$SEG/other"
	[[ $output == *'type spsc takes no --mpmc' ]]
	run -2 qt-shm get "/dev/shm/$SEG/q"
	[[ $output == *"named without its folder: '$SEG/q'" ]]
	run -2 qt-shm new queue -z 8 -c 3 -D later "$SEG/x"
}
