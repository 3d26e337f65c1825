#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm when /dev/shm is full to its last page: who wants memory is refused and
# changes nothing, the rest goes on, and all of it works once there is room.
# Each test has a /dev/shm of its own, a small tmpfs in a mount namespace.

bats_require_minimum_version 1.5.0
load lib

setup() {
	world_up
	cat >"$WORLD/inside.sh" <<'SH'
set -euE
shopt -s inherit_errexit
trap 'echo "failed: $BASH_COMMAND"' ERR
mount -t tmpfs -o "$1,mode=1777" none /dev/shm
. "$2"
SH
	cat >"$WORLD/what.sh" <<'SH'
fill() { dd if=/dev/zero of=/dev/shm/.fill bs=4k 2>/dev/null || :; }
room() { rm -f /dev/shm/.fill; }

# Everything that is to be seen of s; a signal such as SIGBUS ends the test.
state() {
	ls -A /dev/shm
	[ -e /dev/shm/s ] || return 0
	qt-shm ls -o name,type,count,capacity,size s || [ $? = 1 ]
	qt-shm stat -o used,structures,users,dead s
	qt-shm dump s
	qt-shm fsck s
}

# refused STATUS TEXT COMMAND...: exits so and says that, and changes nothing.
refused() {
	local status=$1 text=$2 before after out rc=0
	shift 2
	before=$(state)
	out=$("$@" 2>&1) || rc=$?
	after=$(state)
	[ "$rc" = "$status" ] && [[ $out == *"$text"* ]] || {
		echo "$*: exit $rc: $out"
		exit 1
	}
	[ "$before" = "$after" ] || {
		echo "$*: something was changed:"
		diff <(echo "$before") <(echo "$after")
		exit 1
	}
}

NO_SPACE='No space left on device'
WAY_OUT="'df /dev/shm' shows it; 'qt-shm rm' makes room"

# new_of TYPE SEG/NAME: makes one that is larger than a page.
new_of() {
	case $1 in
	array)		qt-shm new array -t i8 -c 4K "$2" ;;
	value)		qt-shm new value -z 8K "$2" ;;
	map|skiplist)	qt-shm new "$1" -z 64 -c 100 "$2" ;;
	cache)		qt-shm new cache -z 64 -c 256K "$2" ;;
	queue|spsc|stack|pool|set)
			qt-shm new "$1" -z 64 -c 100 "$2" ;;
	ring)		qt-shm new ring -c 256K "$2" ;;
	semaphore|latch|barrier)
			qt-shm new "$1" -c 2 "$2" ;;
	*)		qt-shm new "$1" "$2" ;;
	esac
}
types() { qt-shm new none x/y 2>&1 | sed 's/.*there are //' | tr -d ,; }
SH
}

teardown() { world_down; }

# small OPTIONS <SCRIPT: runs it with a /dev/shm like that.
small() {
	cat "$WORLD/what.sh" - >"$WORLD/test.sh"
	own_mounts "$WORLD/inside.sh" "$1" "$WORLD/test.sh"
}

@test "create: no segment, and no trace of one" {
	small size=256k <<-'SH'
	fill
	refused 3 "s: no memory for its tables" qt-shm create s
	refused 3 "$NO_SPACE ($WAY_OUT)" qt-shm create s
	refused 3 "$NO_SPACE" qt-shm create --huge -s 64M s
	refused 3 "$NO_SPACE" qt-shm create -x s
	room
	qt-shm create s
	fill
	refused 3 "$NO_SPACE" qt-shm create s2
	refused 3 "the name is taken" qt-shm create s
	qt-shm create -x s
	echo 'to the end'
	SH
}

@test "create: no inode is left" {
	small size=1m,nr_inodes=2 <<-'SH'
	qt-shm create s
	refused 3 "$NO_SPACE" qt-shm create s2
	qt-shm rm s
	qt-shm create s2
	echo 'to the end'
	SH
}

@test "create: a page is missing, whichever it is" {
	small size=256k <<-'SH'
	made=0
	for pages in $(seq 0 20); do
		room
		fill
		truncate -s "-$((pages * 4096))" /dev/shm/.fill
		if qt-shm create s 2>/dev/null; then
			made=$((made + 1))
			state >/dev/null
			qt-shm rm s
		else
			[ "$(ls -A /dev/shm)" = .fill ]
		fi
	done
	[ $made -gt 0 ] && [ $made -lt 21 ]
	echo 'to the end'
	SH
}

@test "new: of every type" {
	small size=2m <<-'SH'
	qt-shm create s
	fill
	for type in $(types); do
		refused 3 "s/$type: " new_of "$type" "s/$type"
		refused 3 "$NO_SPACE ($WAY_OUT)" new_of "$type" "s/$type"
	done
	room
	n=0
	for type in $(types); do
		new_of "$type" "s/$type"
		n=$((n + 1))
	done
	[ "$(qt-shm stat -o structures s)" = $n ] && [ $n -ge 18 ]
	qt-shm fsck s
	echo 'to the end'
	SH
}

@test "new: each page that is missing, until there is enough" {
	small size=1m <<-'SH'
	for type in array map skiplist ring; do
		made=
		for pages in $(seq 0 60); do
			room
			qt-shm create s
			fill
			truncate -s "-$((pages * 4096))" /dev/shm/.fill
			if new_of $type s/x 2>/dev/null; then
				made=$pages
				state >/dev/null
			else
				[ "$(qt-shm stat -o structures s)" = 0 ]
				qt-shm fsck s
			fi
			qt-shm rm s
			[ -z "$made" ] || break
		done
		[ "$made" -gt 0 ]
	done
	echo 'to the end'
	SH
}

@test "what is there goes on: nothing that is put in needs memory" {
	small size=2m <<-'SH'
	qt-shm create s
	for type in $(types); do
		new_of "$type" "s/$type"
	done
	fill
	qt-shm put s/array : 7
	[ "$(qt-shm get s/array 4095)" = 7 ]
	qt-shm add s/array 1 >/dev/null
	qt-shm cas s/array 2 7 9
	item=$(printf '%064d' 5)
	for type in queue spsc stack; do
		for i in $(seq 100); do echo "$item"; done | qt-shm push s/$type
		[ "$(qt-shm pop s/$type)" = "$item" ]
		qt-shm push s/$type "$item"
		refused 1 "full" qt-shm push s/$type "$item"
		[ "$(qt-shm pop -a s/$type | wc -l)" = 100 ]
	done
	for type in map skiplist; do
		for i in $(seq 100); do printf '%s\t%s\n' "$i" "$item"; done |
			qt-shm put s/$type
		[ "$(qt-shm get s/$type 100)" = "$item" ]
		refused 1 "the limit is reached" qt-shm put s/$type one-more "$item"
		qt-shm del s/$type 5
		qt-shm put s/$type one-more "$item"
	done
	for i in $(seq 2000); do printf '%s\t%s\n' "$i" "$item"; done |
		qt-shm put s/cache
	[ "$(qt-shm get s/cache 2000)" = "$item" ]
	seq 100 | qt-shm put s/set
	refused 1 "the limit is reached" qt-shm put s/set 101
	qt-shm del s/set 7
	h=$(qt-shm put s/pool "$item")
	[ "$(qt-shm get s/pool "$h")" = "$item" ]
	qt-shm del s/pool "$h"
	head -c 8192 /dev/zero | tr '\0' x >v
	qt-shm put s/value "$(cat v)"
	[ "$(qt-shm get s/value)" = "$(cat v)" ]
	qt-shm put s/event 1
	qt-shm wait s/event
	qt-shm add s/latch >/dev/null
	qt-shm wait -W 1 s/semaphore
	for type in mutex rwlock once semaphore; do
		[ "$(qt-shm lock s/$type -- echo held)" = held ]
	done
	qt-shm watch -n 2 -i 0.01 s >/dev/null
	qt-shm who s >who || [ ! -s who ]
	qt-shm gc s >/dev/null
	qt-shm fsck -y s
	state >/dev/null
	echo 'to the end'
	SH
}

@test "a ring goes on with the memory that it has" {
	small size=1m <<-'SH'
	qt-shm create s
	qt-shm new ring -c 256K s/r
	qt-shm new ring -c 256K s/empty
	seq 5000 | qt-shm push s/r
	fill
	seq 5001 200000 | qt-shm push s/r
	[ "$(qt-shm dump s/r | tail -n 1)" = 200000 ]
	# What is there are the last ones, without a gap; of the first, its end.
	second=$(qt-shm dump s/r | sed -n 2p)
	cmp <(qt-shm dump s/r | tail -n +2) <(seq "$second" 200000)
	[ "$second" -lt 200000 ]
	rc=0
	out=$(qt-shm push s/empty x 2>&1) || rc=$?
	[ $rc = 3 ] && [[ $out == *"$NO_SPACE"* ]]
	[ -z "$(qt-shm dump s/empty)" ]
	qt-shm fsck s
	room
	qt-shm push s/empty x
	[ "$(qt-shm dump s/empty)" = x ]
	qt-shm fsck s
	echo 'to the end'
	SH
}

@test "import: makes nothing, or stores into what is there" {
	small size=2m <<-'SH'
	qt-shm create s
	qt-shm new array -t i8 -c 20000 s/a
	qt-shm put s/a : 3
	qt-shm export s/a a.npy
	qt-shm put s/a : 4
	fill
	refused 3 "$NO_SPACE" qt-shm import a.npy s/b
	refused 3 "$NO_SPACE" qt-shm import - s/b <a.npy
	qt-shm import -f a.npy s/a
	[ "$(qt-shm get s/a | sort -u)" = 3 ]
	room
	qt-shm import a.npy s/b
	cmp <(qt-shm get s/a) <(qt-shm get s/b)
	echo 'to the end'
	SH
}

@test "export to a full /dev/shm leaves no half of a file" {
	small size=1m <<-'SH'
	qt-shm create s
	qt-shm new array -t i8 -c 20000 s/a
	fill
	refused 3 "$NO_SPACE" qt-shm export s/a /dev/shm/a.npy
	room
	qt-shm export s/a /dev/shm/a.npy
	[ "$(stat -c %s /dev/shm/a.npy)" = 160128 ]
	echo 'to the end'
	SH
}

@test "import of a .npz file: all of it or nothing, whichever page is missing" {
	small size=2m <<-'SH'
	qt-shm create s
	for name in a b c; do
		qt-shm new array -t i8 -c 20000 s/$name
		qt-shm put s/$name : 3
	done
	qt-shm new value -t f4 s/v
	qt-shm put s/v 2.5
	qt-shm export s s.npz
	qt-shm rm s
	qt-shm create s
	fill
	refused 3 "$NO_SPACE" qt-shm import s.npz s
	refused 3 "$NO_SPACE" qt-shm import - s <s.npz
	[ "$(qt-shm stat -o structures s)" = 0 ]
	none=0 all=0
	for pages in $(seq 0 10 150); do
		room
		fill
		truncate -s "-$((pages * 4096))" /dev/shm/.fill
		if qt-shm import s.npz s 2>/dev/null; then
			all=$((all + 1))
			for name in a b c; do
				[ "$(qt-shm get s/$name | sort -u)" = 3 ]
			done
			[ "$(qt-shm get s/v)" = 2.5 ]
			for name in a b c v; do
				qt-shm rm s/$name
			done
		else
			none=$((none + 1))
		fi
		[ "$(qt-shm stat -o structures s)" = 0 ]
		qt-shm fsck s
	done
	[ $none -gt 1 ] && [ $all -gt 1 ]
	# Into what is there no memory is needed.
	room
	qt-shm import s.npz s
	for name in a b c; do
		qt-shm put s/$name : 4
	done
	fill
	qt-shm import -f s.npz s
	for name in a b c; do
		[ "$(qt-shm get s/$name | sort -u)" = 3 ]
	done
	qt-shm fsck s
	echo 'to the end'
	SH
}

@test "export of a .npz file to a full /dev/shm leaves no half of one" {
	small size=2m <<-'SH'
	qt-shm create s
	qt-shm new array -t i8 -c 20000 s/a
	qt-shm new array -t i8 -c 20000 s/b
	fill
	refused 3 "$NO_SPACE" qt-shm export s /dev/shm/s.npz
	for pages in 1 10 41 60; do
		room
		fill
		truncate -s "-$((pages * 4096))" /dev/shm/.fill
		refused 3 "$NO_SPACE" qt-shm export s /dev/shm/s.npz
	done
	room
	qt-shm export s /dev/shm/s.npz
	qt-shm import -f /dev/shm/s.npz s
	echo 'to the end'
	SH
}

@test "who died is swept, and what was erased is freed" {
	small size=1m <<-'SH'
	qt-shm create s
	qt-shm new queue -z 64 -c 100 -D redeliver s/q
	qt-shm new mutex s/m
	qt-shm push s/q one
	mkfifo go
	qt-shm lock s/m -- sh -c 'echo held >go; exec sleep 100' &
	read -r _ <go
	fill
	kill -9 $!
	wait $! || :
	qt-shm gc s >gone
	grep -q 1 gone
	[ "$(qt-shm lock s/m -- sh -c 'echo "$QT_SHM_STALE"' 2>/dev/null)" = 1 ]
	[ "$(qt-shm stat -o dead s)" = 0 ]
	refused 3 "$NO_SPACE" qt-shm new array -t i8 -c 4K s/a
	qt-shm rm s/q
	# Its pages are there for another at once.
	qt-shm new array -t u1 -c 4096 s/a
	qt-shm fsck -y s
	echo 'to the end'
	SH
}
