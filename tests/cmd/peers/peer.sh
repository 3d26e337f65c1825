#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shell among programs of other languages: see ../languages.bats.

write_items() {
	qt-shm new array -t i4 -c 4 "$1/array"
	qt-shm put "$1/array" 0:4 1 -2 3 4
	qt-shm new queue -t i8 -c 8 "$1/queue"
	qt-shm push "$1/queue" 10 20 30
	qt-shm new spsc -t f8 -c 8 "$1/spsc"
	qt-shm push "$1/spsc" 0.5 1.5
	qt-shm new stack -z 16 -c 8 "$1/stack"
	qt-shm push "$1/stack" one two
	qt-shm new value -t "[('x','<i4'),('','|V4'),('y','<f8')]" "$1/value"
	qt-shm put "$1/value" '[7, 0.25]'
	qt-shm new pool -t i8 -c 4 "$1/pool"
	qt-shm put "$1/pool" 99 >/dev/null
	qt-shm new ring "$1/ring"
	qt-shm push "$1/ring" hello
}

write_keys() {
	qt-shm new map -t i8 -c 8 -K 16 "$1/map"
	printf 'a\t1\nb\t2\n' | qt-shm put "$1/map"
	qt-shm new set -z 16 -c 8 "$1/set"
	printf 'x\ny\n' | qt-shm put "$1/set"
	qt-shm new skiplist -k i4 -z 16 -c 8 "$1/skiplist"
	printf '3\tthree\n-1\tminus\n' | qt-shm put "$1/skiplist"
	qt-shm new cache -c 256K -z 16 -K 16 "$1/cache"
	qt-shm put "$1/cache" k v
}

write_sync() {
	qt-shm new mutex "$1/mutex"
	qt-shm new rwlock "$1/rwlock"
	qt-shm new semaphore -c 3 "$1/semaphore"
	qt-shm new latch -c 3 "$1/latch"
	qt-shm add "$1/latch" >/dev/null
	qt-shm new barrier -c 2 "$1/barrier"
	qt-shm new event "$1/event"
	qt-shm put "$1/event" 1
	qt-shm new once "$1/once"
	qt-shm lock "$1/once" -- true
}

read_one() {
	case $2 in
	queue | spsc | stack | ring)
		qt-shm peek -n 9 "$1/$2" ;;
	map)	qt-shm dump "$1/$2" | tr '\t' = | sort ;;
	skiplist)
		qt-shm dump "$1/$2" | tr '\t' = ;;
	cache)	echo "k=$(qt-shm get "$1/$2" k)" ;;
	set)	qt-shm dump "$1/$2" | sort ;;
	pool)	qt-shm dump "$1/$2" | cut -f 2 ;;
	mutex)	qt-shm lock -W 60 "$1/$2" -- sh -c \
			'[ "$QT_SHM_STALE" ] && echo stale || echo free' 2>&1 |
			tail -n 1 ;;
	rwlock)	qt-shm lock -W 60 "$1/$2" -- echo free ;;
	barrier)
		qt-shm stat -o capacity "$1/$2" ;;
	*)	qt-shm get "$1/$2" ;;
	esac
}

case $1 in
push)	seq 0 $(($3 - 1)) |
		awk '{ printf "[%d, %g, \"n%d\"]\n", $1, $1 / 2, $1 }' |
		qt-shm push -W 60 "$2/q" ;;
pop)	qt-shm pop -W 60 -n "$3" "$2/q" ;;
count)	i=0
	while [ $((i += 1)) -le "$3" ]; do
		qt-shm add "$2/m" hits >/dev/null &&
			qt-shm add "$2/a" 1 2 >/dev/null || exit
	done ;;
write)	write_items "$2" && write_keys "$2" && write_sync "$2" ;;
read)	qt-shm ls -o name "$2" | sort | while read -r name; do
		printf '%s ' "$name"
		read_one "$2" "$name" | paste -sd ' ' -
	done ;;
die)	# Takes the mutex, and dies.
	exec qt-shm lock "$2/mutex" -- sh -c 'kill -KILL $PPID' ;;
esac
