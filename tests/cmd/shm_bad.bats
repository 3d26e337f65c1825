#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input to qt-shm: a clear error, exit 3 or 1, and nothing changed.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() { shm_up; }
teardown() { shm_down; }

# u64 OFFSET: a number of the segment's header, see qt-segment(5).
u64() { od -A n -t u8 -j "$1" -N 8 "/dev/shm/$SEG" | tr -d ' '; }

# All that is named and stored. Who comes and goes leaves marks before that: in
# his slot, and in the allocator's count of changes.
contents() {
	tail -c "+$(($(u64 112) + 1))" "/dev/shm/$SEG" | cksum
}

# no CODE COMMAND...: it answers so, says why, and has changed nothing.
no() {
	local code=$1 before
	shift
	before=$(contents)
	run "-$code" "$@"
	[ "$(contents)" = "$before" ] || { echo "changed by: $*" >&2; return 1; }
	[ -n "$output" ] || { echo "not a word of: $*" >&2; return 1; }
}

# A small segment with a queue q, an array a, and a slot of a dead process.
small() {
	qt-shm create -s 256K -n 4 -p 4 "$SEG"
	qt-shm new queue -z 16 -c 4 "$SEG/q"
	qt-shm push "$SEG/q" one two
	qt-shm new array -t i4 -c 6 "$SEG/a"
	mkfifo in
	qt-shm put "$SEG/a" <in &
	STARTED+=($!)
	exec {IN}>in
	is() { [ "$(qt-shm who -o state "$SEG")" = "$1" ]; }
	wait_for 30 is alive
	kill -KILL "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	wait_for 30 is dead
	exec {IN}>&-
}

# flip STEP FROM-TO COMMAND...: each STEPth byte of them; every one when it is 1.
flip() {
	byteflip -s "$1" -k "256-$(u64 112)" "/dev/shm/$SEG" "$2" "${@:3}" ||
		return 1
}

# --- Damage ----------------------------------------------------------------------

@test "each byte of the header flipped: every command answers 0, 1 or 3" {
	small
	flip 1 0-256 ++ qt-shm ls "$SEG" ++ qt-shm stat "$SEG/q" \
	    ++ qt-shm dump "$SEG" ++ qt-shm fsck "$SEG" ++ qt-shm get "$SEG/a" \
	    ++ qt-shm push "$SEG/q" x ++ qt-shm pop "$SEG/q"
	# None of it is believed: the checksum covers all but its own bytes.
	for at in 0 8 12 24 40 100 168 251 255; do
		cp "/dev/shm/$SEG" sound
		b=$(od -A n -t u1 -j $at -N 1 sound)
		# shellcheck disable=SC2059 # an octal number
		printf "\\$(printf %o $((b ^ 255)))" |
		    dd of="/dev/shm/$SEG" bs=1 seek=$at conv=notrunc 2>/dev/null
		before=$(sum_of "$SEG")
		for verb in get push pop 'wait --nonempty -W 0' stat dump; do
			# shellcheck disable=SC2086 # words
			run -3 qt-shm $verb "$SEG/q"
			[[ $output == "qt-shm: $SEG/q: "* ]]
		done
		[ "$(sum_of "$SEG")" = "$before" ]
		cat sound >"/dev/shm/$SEG"
	done
}

@test "each byte of the words behind the header and of slots flipped" {
	small
	flip 1 256-440 ++ qt-shm who "$SEG" ++ qt-shm push "$SEG/q" x \
	    ++ qt-shm new value -z 8 "$SEG/v"
	flip 1 2336-2368 ++ qt-shm gc "$SEG" ++ qt-shm new value -z 8 "$SEG/v"
	slots=$(u64 96)
	flip 1 "$slots-$((slots + 192))" ++ qt-shm who "$SEG" \
	    ++ qt-shm gc "$SEG" ++ qt-shm pop "$SEG/q"
}

@test "each byte of the rows of entries flipped" {
	small
	rows=$(u64 112)
	flip 1 "$rows-$((rows + 1024))" ++ qt-shm ls "$SEG" \
	    ++ qt-shm get "$SEG/a" ++ qt-shm push "$SEG/q" x
	flip 7 "$rows-$((rows + 1024))" ++ qt-shm dump "$SEG" \
	    ++ qt-shm fsck -y "$SEG" ++ qt-shm pop -a "$SEG/q" \
	    ++ qt-shm stat "$SEG/q" ++ qt-shm rm "$SEG/a" \
	    ++ qt-shm new value -z 8 "$SEG/v" ++ qt-shm watch -n 1 "$SEG"
}

@test "each byte of the heads of a queue and an array flipped" {
	small
	at=$(field offset "$SEG/q")
	flip 1 "$at-$((at + 256))" ++ qt-shm push "$SEG/q" x ++ qt-shm gc "$SEG"
	# The words of the queue, its cells, and the first chunk. What is sound
	# may be popped before what is damaged is met.
	byteflip -s 3 -k "256-$(stat -c %s "/dev/shm/$SEG")" "/dev/shm/$SEG" \
	    "$((at + 512))-$((at + 1344))" ++ qt-shm pop -a "$SEG/q" \
	    ++ qt-shm push "$SEG/q" x ++ qt-shm dump "$SEG/q" \
	    ++ qt-shm fsck -y "$SEG"
	flip 5 "$at-$((at + 512))" ++ qt-shm ls "$SEG" ++ qt-shm fsck -y "$SEG" \
	    ++ qt-shm dump "$SEG" ++ qt-shm pop "$SEG/q" ++ qt-shm rm "$SEG/q"
	at=$(field offset "$SEG/a")
	flip 1 "$at-$((at + 128))" ++ qt-shm get "$SEG/a" \
	    ++ qt-shm put "$SEG/a" 5 7
}

@test "cut at any place: refused, and left as it is" {
	small
	cp "/dev/shm/$SEG" sound
	for size in 262145 262143 258048 131072 12288 8192 4608 4096 4095 256 \
	    255 8 7 1 0; do
		truncate -s "$size" "/dev/shm/$SEG"
		before=$(sum_of "$SEG")
		for verb in push pop get stat dump peek; do
			run -3 qt-shm "$verb" "$SEG/q"
			[[ $output == "qt-shm: $SEG/q: "* ]]
		done
		run -3 qt-shm fsck -y "$SEG"
		run -3 qt-shm new value -z 8 "$SEG/v"
		[ "$(sum_of "$SEG")" = "$before" ]
		cat sound >"/dev/shm/$SEG"
	done
	[ "$(qt-shm pop -a "$SEG/q" | paste -sd,)" = one,two ]
}

@test "of another version or machine: said, and left as it is" {
	small
	cp "/dev/shm/$SEG" sound
	restamp "/dev/shm/$SEG" 8 2
	no 3 qt-shm push "$SEG/q" x
	[[ $output == *'use the qt-shm of that version'* ]]
	qt-shm ls -o name,state | grep -qx "$SEG	version"
	cat sound >"/dev/shm/$SEG"
	# Features that one must know to open it, and to change it.
	restamp "/dev/shm/$SEG" 64 4
	no 3 qt-shm peek "$SEG/q"
	[[ $output == *'use the qt-shm of that version'* ]]
	cat sound >"/dev/shm/$SEG"
	restamp "/dev/shm/$SEG" 72 129
	[ "$(qt-shm peek "$SEG/q")" = one ]
	no 3 qt-shm pop "$SEG/q"
	[[ $output == *'use the qt-shm of that version'* ]]
	cat sound >"/dev/shm/$SEG"
	restamp "/dev/shm/$SEG" 12 1 2 3 4
	no 3 qt-shm pop "$SEG/q"
	cat sound >"/dev/shm/$SEG"
	restamp "/dev/shm/$SEG" 16 4
	no 3 qt-shm pop "$SEG/q"
	cat sound >"/dev/shm/$SEG"
	# A later minor one only adds.
	restamp "/dev/shm/$SEG" 10 9
	[ "$(qt-shm pop "$SEG/q")" = one ]
}

# --- Requests that cannot be --------------------------------------------------

@test "a name taken, a type or dtype that does not match" {
	small
	no 3 qt-shm create "$SEG"
	no 3 qt-shm new queue -z 16 -c 4 "$SEG/a"
	[[ $output == *"$SEG/a: the name is taken"* ]]
	for verb in push pop peek; do
		no 3 qt-shm "$verb" "$SEG/a" </dev/null
		[[ $output == *"does not work on a structure of type array"* ]]
	done
	no 3 qt-shm get "$SEG/q"
	no 3 qt-shm lock "$SEG/q" -- true
	no 3 qt-shm cas "$SEG/q" 0 1 2
	no 3 qt-shm push -r 5 "$SEG/a" </dev/null
	qt-shm new array -t i8 -c 6 "$SEG/b"
	qt-shm export "$SEG/b" b.npy
	no 3 qt-shm import -f b.npy "$SEG/a"
	no 3 qt-shm import b.npy "$SEG/a"
	qt-shm new queue -t '<i4' -c 4 "$SEG/i"
	no 3 qt-shm push -r 8 "$SEG/i" <<<1234567
	no 3 qt-shm push "$SEG/i" 4294967296
	no 3 qt-shm push "$SEG/i" word
}

@test "an index out of range, an item, a key, a value that is too long" {
	qt-shm create -s 1M "$SEG"
	qt-shm new array -t i4 -c 6 "$SEG/a"
	qt-shm new queue -z 4 -c 4 "$SEG/q"
	qt-shm new queue --spsc -z 4 -c 4 "$SEG/1"
	qt-shm new stack -z 4 -c 4 "$SEG/s"
	qt-shm new map -z 4 -K 4 -c 4 "$SEG/m"
	qt-shm new skiplist -z 4 -K 4 -c 4 "$SEG/l"
	qt-shm new set -z 4 -c 4 "$SEG/e"
	qt-shm new value -z 4 "$SEG/v"
	qt-shm new pool -z 4 -c 4 "$SEG/p"
	# Not i, which is a variable of "run".
	for index in 6 7 4294967296 9223372036854775807 \
	    18446744073709551615; do
		no 3 qt-shm get "$SEG/a" "$index"
		no 3 qt-shm put "$SEG/a" "$index" 1
		no 3 qt-shm add "$SEG/a" "$index"
		no 3 qt-shm cas "$SEG/a" "$index" 0 1
	done
	no 3 qt-shm push "$SEG/q" 12345
	no 3 qt-shm push "$SEG/s" 12345
	# It was a producer for a moment, which its role's generation shows.
	run -3 qt-shm push "$SEG/1" 12345
	[[ $output == *'item 1: 5 bytes; it takes at most 4'* ]]
	[[ $(field numbers "$SEG/1") == pushed=0\ * ]]
	for n in m l; do
		no 3 qt-shm put "$SEG/$n" 12345 v
		no 3 qt-shm put "$SEG/$n" k 12345
		no 3 qt-shm get "$SEG/$n" 12345
	done
	no 3 qt-shm put "$SEG/e" 12345
	no 3 qt-shm put "$SEG/v" 12345
	no 3 qt-shm put "$SEG/p" 12345
	for handle in 0 1 5 100000001 ffffffffffffffff; do
		run -1 qt-shm get "$SEG/p" "$handle"
		run -1 qt-shm del "$SEG/p" "$handle"
	done
	run -0 qt-shm fsck "$SEG"
}

@test "get with an empty key or index is not a get of all" {
	qt-shm create -s 1M "$SEG"
	qt-shm new map -k S8 -z 8 -c 10 "$SEG/only"
	qt-shm put "$SEG/only" k v
	qt-shm new array -t i4 -c 3 "$SEG/three"
	for name in only three; do
		run -2 qt-shm get "$SEG/$name" ""
		[[ $output == *"$SEG/$name: an empty key or index names nothing"* ]]
		run -0 qt-shm get "$SEG/$name"
	done
}

@test "a capacity or size that is too large, whatever it would wrap to" {
	small
	for n in 9223372036854775808 18446744073709551615 18446744073709551616 \
	    9223372036854775807 4611686018427387904 1152921504606846976 \
	    281474976710656 4294967296 99999999999999999999999 \
	    16E 8388608T 4294967295; do
		for what in "array -t i8" "array -t V1000" "queue -z 16" \
		    "queue -z 1G" "queue --spsc -z 16" "stack -z 16" \
		    "map -z 8 -K 8" "set -z 8" "skiplist -z 8 -K 8" \
		    "pool -z 8"; do
			before=$(contents)
			# shellcheck disable=SC2086 # words
			run qt-shm new $what -c "$n" "$SEG/x"
			[ "$status" = 2 ] || [ "$status" = 3 ]
			[[ $output == "qt-shm: "* ]]
			[ "$(contents)" = "$before" ]
		done
	done
	for shape in 65536x65536x65536x65536 4294967296x4294967296 \
	    2x9223372036854775808 0x5 5x0 x 5x 1x1x1x1x1; do
		run qt-shm new array -t i8 -c "$shape" "$SEG/x"
		[ "$status" = 2 ] || [ "$status" = 3 ]
	done
	for z in 4294967296 1T 18446744073709551615 0; do
		run qt-shm new queue -c 4 -z "$z" "$SEG/x"
		[ "$status" = 2 ] || [ "$status" = 3 ]
	done
	for n in 18446744073709551615 9223372036854775808 16E 0 1; do
		run qt-shm create -s "$n" "$SEG.2"
		[ "$status" = 2 ] || [ "$status" = 3 ]
		[ ! -e "/dev/shm/$SEG.2" ]
	done
	run qt-shm new semaphore -c 99999999999 "$SEG/x"
	[ "$status" = 2 ] || [ "$status" = 3 ]
	run qt-shm new barrier -c 99999999999 "$SEG/x"
	[ "$status" = 2 ] || [ "$status" = 3 ]
	[ "$(qt-shm ls -o name "$SEG" | sort | paste -sd,)" = a,q ]
	run -0 qt-shm fsck "$SEG"
}

@test "no permission: every command says who may" {
	[ "$(id -u)" != 0 ] || command -v setpriv >/dev/null ||
		skip "root may do all, and there is no setpriv"
	small
	chmod 000 "/dev/shm/$SEG"
	as=()
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --reuid=47110 --regid=47110 --clear-groups)
		"${as[@]}" qt-shm --version >/dev/null 2>&1 ||
			skip "other users cannot reach the programs"
		chmod 711 "$WORLD"
	fi
	for verb in get push pop stat dump rm; do
		run -3 "${as[@]}" qt-shm "$verb" "$SEG/q"
		[[ $output == *'Permission denied'*"'ls -l /dev/shm/$SEG' says who may"* ]]
	done
	chmod 600 "/dev/shm/$SEG"
	[ "$(qt-shm pop -a "$SEG/q" | paste -sd,)" = one,two ]
}

@test "no space in /dev/shm: refused, and what is there goes on" {
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	cat >steps <<-'END'
		set -e
		mount -t tmpfs -o size=256k tmpfs /dev/shm
		fails() { local want=$1 rc=0; shift; "$@" >said 2>&1 || rc=$?
			[ "$rc" = "$want" ] || { echo "$rc: $*"; cat said; exit 1; }; }
		qt-shm create -s 8M seg
		qt-shm new queue -z 100 -c 100 seg/q
		seq 50 | qt-shm push seg/q
		before=$(qt-shm dump seg/q | cksum)
		fails 3 qt-shm new array -t i8 -c 512K seg/a
		grep -q "seg/a: .*No space left\|no space left" said
		grep -q "'df /dev/shm' shows it" said
		[ "$(qt-shm ls -o name seg)" = q ]
		# To the last page.
		dd if=/dev/zero of=/dev/shm/full 2>/dev/null || true
		fails 3 qt-shm new array -t i8 -c 4K seg/a
		fails 3 qt-shm create -s 1M two
		[ ! -e /dev/shm/two ]
		[ "$(ls -A /dev/shm | paste -sd,)" = full,seg ]
		[ "$(qt-shm dump seg/q | cksum)" = "$before" ]
		# What has its memory already is used as ever.
		seq 50 | qt-shm push seg/q
		[ "$(qt-shm pop -a seg/q | wc -l)" = 100 ]
		qt-shm fsck seg
		rm /dev/shm/full
		qt-shm new array -t i8 -c 4K seg/a
		echo good
	END
	run -0 timeout 60 unshare -m bash steps
	[ "$output" = good ]
}
