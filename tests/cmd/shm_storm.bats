#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pipelines through queues whose ends are killed and stopped at random.

bats_require_minimum_version 1.5.0
load lib
load shm

N=300000

setup() {
	shm_up
	qt-shm create "$SEG"
	[ -z "${SAN-}" ] || N=20000
	SEED=${SEED:-$RANDOM}
	echo "SEED=$SEED repeats the order of kills" >&2
	RANDOM=$SEED
	COUNT=0
}

teardown() { shm_down; }

# A consumer, in place $1, with a file of its own.
consume() {
	COUNT=$((COUNT + 1))
	qt-shm pop -f "$SEG/q" >"out.$COUNT" &
	CONSUMER[$1]=$! OUT[$1]=out.$COUNT
	STARTED+=($!)
}

count_is() { [ "$(field count "$SEG/$1")" = "$2" ]; }
users_are() { [ "$(field users "$SEG")" = "$1" ]; }
is_over() { ! kill -0 "$1" 2>/dev/null; }
# How many were popped, ever.
popped() { field numbers "$SEG/q" | grep -o 'popped=[0-9]*' | cut -d= -f2; }
popped_is() { [ "$(popped)" -ge "$1" ]; }

# Waits for pid, whose end nobody else waits for, within a deadline.
ends() {
	wait_for 100 is_over "$1"
	wait "$1"
}

# The queue is erased: all consumers end. One that was started last may have
# come too late to open it, and says so.
erase() {
	local i
	qt-shm rm "$SEG/q"
	for i in "${!CONSUMER[@]}"; do
		ends "${CONSUMER[i]}" || [ "$?$(cat "${OUT[i]}")" = 3 ]
	done
}

# The last line of who was killed may be cut, or stand for an item that is not
# gone. What is in all, sorted: each once.
gather() {
	local f
	for f in out.*; do
		if [ "$(tail -c 1 "$f" | od -An -tx1 | tr -d ' ')" = 0a ]; then
			cat "$f"
		else
			sed '$d' "$f"
		fi
	done | sort -n >all
}

@test "consumers are stopped and go on, at random: each item once, none lost" {
	qt-shm new queue -t i8 -c 500 "$SEG/q"
	for i in 0 1 2 3; do consume $i; done
	seq "$N" | qt-shm push -w "$SEG/q" &
	producer=$!
	STARTED+=("$producer")
	# At least one of them is going on at any time.
	for i in {1..40}; do
		v=$((RANDOM % 4)) w=$((RANDOM % 4))
		kill -STOP "${CONSUMER[v]}" "${CONSUMER[w]}"
		wait_for 60 popped_is $((i * N / 60))
		kill -CONT "${CONSUMER[v]}" "${CONSUMER[w]}"
	done
	ends "$producer"
	erase
	cat out.* | sort -n | cmp - <(seq "$N")
}

@test "consumers are killed at random: only what they had in hand is gone" {
	qt-shm new queue -t i8 -c 500 "$SEG/q"
	for i in 0 1 2 3; do consume $i; done
	seq "$N" | qt-shm push -w "$SEG/q" &
	producer=$!
	STARTED+=("$producer")
	kills=20
	for ((i = 1; i <= kills; i++)); do
		wait_for 60 popped_is $((i * N / 30))
		v=$((RANDOM % 4))
		# Stopped first, now and then: it is where it is.
		[ $((RANDOM % 2)) = 0 ] || kill -STOP "${CONSUMER[v]}"
		kill -KILL "${CONSUMER[v]}"
		wait "${CONSUMER[v]}" || true
		consume "$v"
	done
	ends "$producer"
	qt-shm gc "$SEG" >/dev/null
	wait_for 60 count_is q 0
	erase
	gather
	[ -z "$(uniq -d all)" ]
	# An item is in hand from when it is taken until it was written; there
	# are 16 at most, and a line that was cut.
	missing=$(($(seq "$N" | wc -l) - $(wc -l <all)))
	echo "missing $missing of $N after $kills kills" >&2
	[ "$missing" -ge 0 ]
	[ "$missing" -le $((kills * 17)) ]
	run -0 qt-shm fsck "$SEG"
}

@test "killed at random and delivered again: none is lost" {
	qt-shm new queue -t i8 -c 500 -D redeliver "$SEG/q"
	for i in 0 1 2 3; do consume $i; done
	seq "$N" | qt-shm push -w "$SEG/q" &
	producer=$!
	STARTED+=("$producer")
	kills=20
	for ((i = 1; i <= kills; i++)); do
		wait_for 60 popped_is $((i * N / 30))
		v=$((RANDOM % 4))
		kill -KILL "${CONSUMER[v]}"
		wait "${CONSUMER[v]}" || true
		consume "$v"
	done
	ends "$producer"
	qt-shm gc "$SEG" >/dev/null
	wait_for 60 count_is q 0
	erase
	gather
	uniq all | cmp - <(seq "$N")
	# Twice: what was written, and not yet gone from the queue.
	twice=$(uniq -d all | wc -l)
	echo "twice $twice of $N after $kills kills" >&2
	[ "$twice" -le $((kills * 17)) ]
}

@test "producers are killed at random: what they put in is there, once" {
	qt-shm new queue -t i8 -c 500 "$SEG/q"
	for i in 0 1; do consume $i; done
	# Each has numbers of its own, more than there will be time for.
	for ((i = 1; i <= 20; i++)); do
		from=$((i * 100000000))
		seq "$from" $((from + 99999999)) | qt-shm push -w "$SEG/q" &
		victim=$!
		STARTED+=("$victim")
		before=$(popped)
		wait_for 60 popped_is $((before + RANDOM % 2000 + 1))
		kill -KILL "$victim"
		wait "$victim" || true
	done 2>/dev/null
	qt-shm gc "$SEG" >/dev/null
	wait_for 60 count_is q 0
	popped=$(popped)
	erase
	cat out.* | sort -n >all
	[ -z "$(uniq -d all)" ]
	[ "$(wc -l <all)" = "$popped" ]
	# Of each producer a row of numbers without a hole, from its first on.
	awk '{ k = int($1 / 100000000); if (!(k in n)) n[k] = k * 100000000
	    if ($1 != n[k]++) { print "hole before " $1; exit 1 } }
	    END { exit length(n) != 20 }' all
}
