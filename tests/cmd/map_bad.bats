#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-map: what is wrong with a map is said, with a way out; and what was
# acknowledged stays, whoever is killed.

bats_require_minimum_version 1.5.0
load lib
load map

setup() { map_up; }
teardown() { map_down; }

# What a reboot leaves of what is in memory: nothing.
reboot() {
	local names
	coproc LOOK { exec qt-map batch; }
	# shellcheck disable=SC2153 # coproc sets it
	STARTED+=("$LOOK_PID")
	echo sync >&"${LOOK[1]}"
	read -r -t 10 -u "${LOOK[0]}" _
	names=$(grep -o '/dev/shm/qt-store-[0-9a-f]*' "/proc/$LOOK_PID/maps" |
	    sort -u)
	kill -KILL "$LOOK_PID"
	wait "$LOOK_PID" || true
	rm -f "$names" "$names"-*
}

log() { ls "$QT_STATE_DIR"/map/default/wal/*[0-9].wal; }

# spoil FILE OFFSET BYTES
spoil() { printf '%s' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

@test "a torn end of the log is cut, and -v says so" {
	v=$(qt-map put -P key one)
	reboot
	spoil "$(log)" $((v + 40)) torn
	run -0 qt-map verify
	[ -z "$output" ]
	run -0 --separate-stderr qt-map verify -v
	[[ $output == "note: wal/"*" at $((v + 40)): torn, and nobody"* ]]
	run -0 qt-map -v get key
	[ "${lines[0]}" = "qt-map: default: log 1 was torn at $((v + 40)) and is cut there" ]
	[ "${lines[1]}" = one ]
	qt-map put more two
	reboot
	run -0 qt-map -v get key more
	[ "$output" = $'one\ntwo' ]
}

@test "a damaged log is refused, with the place, and listed" {
	v=$(qt-map put -P key one)
	qt-map put more two
	qt-map put last three
	reboot
	spoil "$(log)" $((v + 34)) X
	run -5 qt-map get more
	[[ $output == *"the log is damaged at $v (log 1)"*"'qt-map verify' lists"* ]]
	run -5 qt-map verify
	[[ $output == "wal/000000000001.wal at $v: damaged"* ]]
}

@test "another format, another kind of folder, a newer one: refused" {
	qt-map put a b
	d=$QT_STATE_DIR/map/default
	cp "$d/FORMAT" "$WORLD/FORMAT"
	sed -i '1s/1$/2/' "$d/FORMAT"
	run -3 qt-map get a
	[[ $output == *"(use the qt-map of that version)" ]]
	echo 'never=heard of' >>"$d/FORMAT"
	run -3 qt-map put a c
	echo rubbish >"$d/FORMAT"
	run -3 qt-map get a
	cp "$WORLD/FORMAT" "$d/FORMAT"
	[ "$(qt-map get a)" = b ]
}

@test "a log whose volume is not there" {
	mkdir "$WORLD/volume"
	qt-map init --wal-path "$WORLD/volume/wal"
	qt-map put a b
	mv "$WORLD/volume" "$WORLD/away"
	run -3 qt-map put a c
	[[ $output == *"$WORLD/volume/wal"*"is its volume mounted?"* ]]
	mv "$WORLD/away" "$WORLD/volume"
	[ "$(qt-map get a)" = b ]
}

# With process ids of its own: whatever it leaves behind ends with it.
apart() {
	local how=-m
	unshare -m true 2>/dev/null || how=-Urm
	unshare "$how" --pid --fork --kill-child "$@"
}

# In another container, or on another host, of the same folders: with a /dev/shm
# of its own.
elsewhere() {
	apart sh -c 'mount -t tmpfs none /dev/shm && exec "$@"' sh "$@"
}

@test "a map that is in use on another host" {
	elsewhere true 2>/dev/null || skip 'no mount namespaces for this user'
	coproc LOOK { exec qt-map batch; }
	STARTED+=("$LOOK_PID")
	echo put a b >&"${LOOK[1]}"
	read -r -t 10 -u "${LOOK[0]}" answer
	[ "$answer" = ok ]
	for verb in 'get a' 'put a c' 'del a' scan 'clear -f' compact stat; do
		# shellcheck disable=SC2086 # words
		run -3 elsewhere qt-map -o lock-timeout=1ms $verb
		[[ $output == *"in use by a process whose shared memory we do not see: in another container, on another host, "*"'fuser -v $QT_STATE_DIR/map/default/LOCK' names those"* ]]
	done
	run -3 elsewhere qt-map rm -f default
	[[ $output == *'somebody is writing to it'* ]]
	echo put b c >&"${LOOK[1]}"
	read -r -t 10 -u "${LOOK[0]}" answer
	[ "$answer" = ok ]
	[ "$(qt-map get a b)" = $'b\nc' ]
	# When it has ended, by whatever, what it wrote is there.
	kill -KILL "$LOOK_PID"
	wait "$LOOK_PID" || true
	[ "$(elsewhere qt-map get a b)" = $'b\nc' ]
}

@test "a map that two hosts use by turns" {
	elsewhere true 2>/dev/null || skip 'no mount namespaces for this user'
	apart qt-map put a 1
	elsewhere qt-map put b 2
	[ "$(qt-map get a b)" = $'1\n2' ]
	apart qt-map put a 3
	[ "$(elsewhere qt-map get a b)" = $'3\n2' ]
	elsewhere sh -c 'qt-map put c 4 && qt-map compact && qt-map put d 5'
	[ "$(qt-map scan)" = $'a\t3\nb\t2\nc\t4\nd\t5' ]
	run -0 qt-map verify
}

# As somebody else, where we may become somebody.
other() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
	    --inh-caps -all "$@"
}

@test "a map of somebody else" {
	qt-map put a b
	chmod 755 "$WORLD"
	cp "$(command -v qt-map)" "$WORLD/copy"
	other "$WORLD/copy" --version >/dev/null 2>&1 || skip
	chmod 700 "$QT_STATE_DIR"
	run -3 other "$WORLD/copy" get a
	[[ $output == *'Permission denied'*"'ls -ld' of the map's folder says who may"* ]]
	[[ $output != *'open store'*'open store'* ]]
	run -3 other "$WORLD/copy" put a c
	# Who may read the files reads them, now and after a reboot.
	chmod -R a+rX "$QT_STATE_DIR"
	[ "$(other "$WORLD/copy" get a)" = b ]
	[ "$(other "$WORLD/copy" scan)" = $'a\tb' ]
	run -3 other "$WORLD/copy" put a c
	[[ $output == *'Permission denied'* ]]
	reboot
	[ "$(other "$WORLD/copy" get a)" = b ]
	[ "$(qt-map get a)" = b ]
	# But not while somebody writes, whose memory only he may read.
	run -0 qt-map -o sync-interval=1h put --async a c
	run -3 other "$WORLD/copy" -o lock-timeout=1ms get a
	[[ $output == *'of a user who lets nobody else read it'* ]]
}

@test "limits of keys and values" {
	key=$(printf '%070000d' 0)
	run -2 qt-map put "$key" x
	run -2 qt-map get "$key"
	truncate -s $((1024 * 1024 * 1024 + 1)) "$WORLD/large"
	run -3 qt-map put k - <"$WORLD/large"
	[[ $output == *'more than 1073741824 bytes' ]]
	printf 'put %s x\n' "$key" >"$WORLD/batch"
	run -2 qt-map batch <"$WORLD/batch"
	[ "$output" = 'error a key has 1 to 65536 bytes, not 70000' ]
	# The largest of both.
	key=$(head -c 65536 /dev/zero | tr '\0' k)
	qt-map put "$key" large
	[ "$(qt-map get "$key")" = large ]
	[ "${QT_STRESS:-}" = long ] || return 0
	truncate -s 1G "$WORLD/large"
	echo end | dd of="$WORLD/large" bs=4 seek=268435455 conv=notrunc \
	    status=none
	qt-map put "$key" - <"$WORLD/large"
	qt-map get -n "$key" | cmp - "$WORLD/large"
	qt-map checkpoint
	run -0 qt-map verify
	qt-map get -n "$key" | cmp - "$WORLD/large"
}

is_durable() { [ "$(qt-map stat durable)" -ge "$1" ]; }

@test "put --async: others see it, 6 when asked; soon it is durable" {
	qt-map init -o sync-interval=1h
	run -6 qt-map put --async --tell -P k v
	[ "$(qt-map get k)" = v ]
	run is_durable "$output"
	[ "$status" -ne 0 ]
	v=$(qt-map get --durable -J k | grep -o '[0-9]*}' | tr -d '}')
	is_durable "$v"
	run -0 qt-map put --tell k w
	qt-map init -o sync-interval=50ms -o mode=async "$WORLD/soon"
	export QT_MAP=$WORLD/soon
	v=$(qt-map put -P k v)
	wait_for 10 is_durable "$v"
}

@test "what each mode promises" {
	qt-map init --mode hybrid -o sync-interval=1h -o sync-prefix=a/ \
	    -o sync-tags=2
	run -0 qt-map put --tell a/1 x
	run -0 qt-map put --tell -t i64 n 5
	run -6 qt-map put --tell b x
	run -0 qt-map put --tell --sync b y
	run -6 qt-map put --tell --async a/1 y
	run -0 qt-map -o mode=sync put --tell b z
	export QT_MAP=$WORLD/memory
	qt-map init --mode memory "$QT_MAP"
	run -6 qt-map put --tell b x
	v=$(qt-map stat version)
	run is_durable "$v"
	[ "$status" -ne 0 ]
	qt-map checkpoint
	is_durable "$v"
	[ "$(qt-map get b)" = x ]
}

# What was answered with ok is there; of the rest, nothing or something whole.
@test "killed in the middle of a batch" {
	qt-map init
	seq 100000 | sed 's/.*/put &  value-&/' |
	    qt-map batch >"$WORLD/answers" 2>/dev/null &
	STARTED+=($!)
	wait_for 10 test -s "$WORLD/answers"
	kill -KILL $!
	wait $! || true
	acked=$(grep -c ok "$WORLD/answers")
	[ "$acked" -gt 0 ]
	reboot
	count=$(qt-map count)
	[ "$count" -ge "$acked" ]
	qt-map scan | awk '$2 != "value-" $1 { exit 1 }'
	diff <(qt-map scan -k | sort -n) <(seq "$count")
	run -0 qt-map verify
}

# Copied over it, so that LOCK is the file that it was.
@test "a backup that is put over the folder of a map is what counts" {
	map=$QT_STATE_DIR/map/default
	qt-map put key one
	cp -a "$map" "$WORLD/backup"
	qt-map put key two
	qt-map put more three
	run -0 qt-map get key
	[ "$output" = two ]
	cp -a "$WORLD/backup/." "$map"
	run -0 qt-map -v get key
	[ "${lines[0]}" = "qt-map: default: shared memory is of another state of the store than its folder: it is made anew from that" ]
	[ "${lines[1]}" = one ]
	run -1 qt-map get more
	# While somebody has the other state open, it is refused.
	cp -a "$map/." "$WORLD/backup"
	qt-map put key two
	coproc HOLD { exec qt-map batch; }
	# shellcheck disable=SC2153 # coproc sets it
	STARTED+=("$HOLD_PID")
	echo "put more three" >&"${HOLD[1]}"
	read -r -t 10 -u "${HOLD[0]}" _
	cp -a "$WORLD/backup/." "$map"
	run -3 qt-map get key
	[[ $output == *"put in the place of the store"*"end them"*"'fuser -v $map/LOCK' names those"* ]]
	kill -KILL "$HOLD_PID"
	wait "$HOLD_PID" || true
	run -0 qt-map get key
	[ "$output" = one ]
}

@test "who is stopped while he maintains is named, and may be continued or killed" {
	qt-map put a 1
	QT_FAULT=rename:1:stop qt-map checkpoint &
	holder=$!
	STARTED+=("$holder")
	stopped() { [[ $(cat "/proc/$holder/stat") == *') T '* ]]; }
	wait_for 20 stopped
	run -3 qt-map -o lock-timeout=100ms compact
	[[ $output == *"held by process $holder for "*"(is it stopped?)"*"'kill -CONT'"* ]]
	# What others do goes on.
	[ "$(qt-map get a)" = 1 ]
	qt-map put b 2
	kill -KILL "$holder"
	wait "$holder" || true
	qt-map compact
	[ "$(qt-map scan)" = $'a\t1\nb\t2' ]
}

@test "a disk that fails a sync is said, and nothing is lost or half there" {
	qt-map put a 1
	# The log goes to a new file, once.
	QT_FAULT=fsync:1:EIO run -0 qt-map put --sync b 2
	[ "$(qt-map stat poisoned)" = 0 ]
	# That fails, too.
	QT_FAULT=fsync:1:EIO,rename:1:EIO run -3 qt-map put --sync c 3
	[[ $output == *"write log 1 to a new file after the disk had failed: the store is read-only"*"'qt-map sync' tries again"* ]]
	[ "$(qt-map stat poisoned)" = 5 ]
	run -3 qt-map put d 4
	[[ $output == *"the disk failed a sync (Input/output error)"* ]]
	[ "$(qt-map get a b)" = $'1\n2' ]
	# The disk is well again.
	run -0 qt-map sync
	qt-map put d 4
	reboot
	[ "$(qt-map get a b d)" = $'1\n2\n4' ]
	run -0 qt-map verify
	[ -z "$output" ]
}

@test "a limit of the size of files is told" {
	qt-map put a 1
	run -3 bash -c "ulimit -f 8; qt-map put --sync b $(head -c 100000 \
	    /dev/zero | tr '\0' b)"
	[[ $output == *"File too large"* ]]
	[ "$(qt-map get a)" = 1 ]
	qt-map put c 3
	reboot
	[ "$(qt-map get a c)" = $'1\n3' ]
}
