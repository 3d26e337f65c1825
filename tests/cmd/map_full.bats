#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-map when a disk is full, or /dev/shm: who wants to write is told which and
# changes nothing, all that was acknowledged is there, and when there is room
# again it goes on. Each test has small disks of its own in a mount namespace.

bats_require_minimum_version 1.5.0
load lib
load map

setup() {
	map_up
	mkdir "$WORLD/disk" "$WORLD/log"
	cat >"$WORLD/inside.sh" <<'SH'
set -euE
shopt -s inherit_errexit
trap 'echo "failed: $BASH_COMMAND"' ERR
mount -t tmpfs -o size=8m none "$WORLD/disk"
mount -t tmpfs -o size=1536k none "$WORLD/log"
mount -t tmpfs -o size=64m,mode=1777 none /dev/shm
export QT_STATE_DIR=$WORLD/disk MAP=$WORLD/disk/map/default
NO_SPACE='No space left on device'

# fill FOLDER: to its last page.
fill() { dd if=/dev/zero of="$1/.fill" bs=4k 2>/dev/null || :; }
room() { rm -f "$1/.fill"; }

# What a reboot leaves of what is in memory: nothing.
reboot() { rm -f /dev/shm/qt-store-*; }

# records FROM TO: so many lines of batch, of 60,000 bytes each.
records() {
	awk -v i="$1" -v to="$2" 'BEGIN {
		for (; i <= to; i++) printf "put key-%d %060000d\n", i, i
	}'
}

# load FROM TO: puts them; which of them were acknowledged is in "acked".
load() {
	records "$1" "$2" | qt-map batch >answers || [ $? = 3 ]
	awk -v from="$1" '$0 == "ok" { print "key-" from + NR - 1 }' answers \
	    >>acked
}

# All of them are there, and nothing else; what they are is sound.
is_whole() {
	run diff <(sort -u acked) <(qt-map scan -k | sort)
	qt-map scan | awk '{ sub("key-", "", $1) } $1 != $2 + 0 { exit 1 }'
	run qt-map verify
}
run() {
	"$@" >said 2>&1 || {
		cat said
		exit 1
	}
}

# What its folder holds, by name, but for logs, which maintenance begins.
files() { (cd "$MAP" && find . -path './wal/*' -prune -o -print | sort); }

# refused TEXT COMMAND...: exits 3 and says that.
refused() {
	local text=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	[ "$rc" = 3 ] && [[ $out == *"$text"* ]] || {
		printf '%.200s\n' "exit $rc: $out" "of $*"
		exit 1
	}
}
# The same, and nothing is left of it.
undone() {
	local before
	before=$(files)
	refused "$@"
	run diff <(echo "$before") <(files)
}
. "$WORLD/test.sh"
SH
}

teardown() { map_down; }

# small <SCRIPT: runs it with $WORLD/disk of 8 MiB, log of 1.5, /dev/shm of 64.
small() {
	cat >"$WORLD/test.sh"
	own_mounts "$WORLD/inside.sh"
}

@test "a full disk: what was acknowledged stays, and with room it goes on" {
	small <<-'SH'
	qt-map init -o memtable-size=1M -o wal-max=2M
	load 1 200
	grep -qx "error .*: $NO_SPACE" answers
	[ "$(wc -l <acked)" -gt 50 ] && [ "$(wc -l <acked)" -lt 140 ]
	fill disk
	is_whole
	# Small ones find room in the log until it is full, too.
	load 1001 1020
	refused "$NO_SPACE ('df $MAP /dev/shm' shows what is full)" \
	    qt-map put another "$(printf '%060000d' 1)"
	[ "$(qt-map get key-1)" = "$(printf '%060000d' 1)" ]
	is_whole
	reboot
	is_whole
	refused "$NO_SPACE" qt-map put another "$(printf '%060000d' 1)"
	room disk
	mount -o remount,size=32m disk
	load 201 300
	[ "$(grep -c ok answers)" = 100 ]
	is_whole
	qt-map compact
	is_whole
	reboot
	is_whole
	echo 'to the end'
	SH
}

@test "a full disk: the spare log gives way" {
	small <<-'SH'
	qt-map init -o memtable-size=1M -o wal-max=2M
	load 1 15
	qt-map checkpoint
	qt-map put key-0 0	# its log has room from here on
	[ -e "$MAP/wal/spare.wal" ]
	head -c 600k /dev/urandom >value
	fill disk
	qt-map put large - <value
	qt-map get -n large | cmp - value
	[ ! -e "$MAP/wal/spare.wal" ]
	run qt-map verify
	echo 'to the end'
	SH
}

@test "a full disk: clear is a way out, which writes no run" {
	small <<-'SH'
	qt-map init -o memtable-size=1M -o wal-max=2M
	load 1 200
	grep -qx "error .*: $NO_SPACE" answers
	refused "$NO_SPACE" qt-map checkpoint
	qt-map clear -f
	[ "$(qt-map count)" = 0 ]
	: >acked
	load 1 50
	[ "$(grep -c ok answers)" = 50 ]
	is_whole
	reboot
	is_whole
	echo 'to the end'
	SH
}

@test "a full disk: maintenance leaves nothing, and is done later" {
	small <<-'SH'
	qt-map init -o memtable-size=1M -o wal-max=2M
	load 1 60
	qt-map maintain
	fill disk
	undone "$NO_SPACE ('df $MAP" qt-map compact
	undone "$NO_SPACE" qt-map checkpoint
	undone "$NO_SPACE" qt-map checkpoint disk/copy
	[ ! -e disk/copy ]
	is_whole
	# Opening it removes a log that nothing was written to.
	reboot
	refused "$NO_SPACE" qt-map compact
	is_whole
	room disk
	qt-map maintain
	qt-map checkpoint copy
	# To another disk, which is full.
	fill log
	refused "log/copy': " qt-map checkpoint log/copy
	[ ! -e log/copy ]
	room log
	refused "copy files to 'log/copy': $NO_SPACE" qt-map checkpoint log/copy
	[ ! -e log/copy ]
	is_whole
	MAP=copy QT_MAP=./copy is_whole
	qt-map clear
	: >acked
	load 1 60
	[ "$(grep -c ok answers)" = 60 ]
	is_whole
	echo 'to the end'
	SH
}

@test "a full disk: no map, and no trace of one" {
	small <<-'SH'
	qt-map init
	fill disk
	refused "$NO_SPACE ('df' shows what is full)" qt-map init x
	[ "$(ls -A disk/map)" = default ]
	mkdir disk/map/y
	refused "$NO_SPACE ('df" qt-map init y
	[ -z "$(ls -A disk/map/y)" ]
	room disk
	qt-map init x
	qt-map init y
	echo 'to the end'
	SH
}

# Opening it writes to LOCK, which has a block from the start.
@test "a full disk: a copy that nobody has opened yet" {
	small <<-'SH'
	qt-map put key-1 1
	qt-map checkpoint "$WORLD/disk/copy"
	fill disk
	[ "$(qt-map -m "$WORLD/disk/copy" get key-1)" = 1 ]
	echo 'to the end'
	SH
}

@test "a full disk: a value with a file of its own" {
	small <<-'SH'
	qt-map init -o memtable-size=1M
	head -c 3M /dev/urandom >value
	qt-map put large - <value
	undone "big/000000000002.big': $NO_SPACE" qt-map put larger - \
	    < <(cat value value)
	fill disk
	undone "big/000000000003.big': $NO_SPACE" qt-map put another - <value
	qt-map get -n large | cmp - value
	run qt-map verify
	room disk
	qt-map put another - <value
	qt-map get -n another | cmp - value
	run qt-map verify
	echo 'to the end'
	SH
}

@test "a disk that may only be read, and is written to by another way" {
	small <<-'SH'
	mkdir view
	qt-map init
	printf 'put %s 1\n' a b c | qt-map batch
	mount --bind disk view
	mount -o remount,bind,ro view
	export QT_MAP=$WORLD/view/map/default
	[ "$(qt-map get a)" = 1 ]
	[ "$(qt-map get a b c | tr -d '\n')" = 111 ]
	[ "$(qt-map count)" = 3 ]
	[ "$(qt-map scan -k | tr -d '\n')" = abc ]
	refused 'may only be read' qt-map put a 2
	refused 'may only be read' qt-map checkpoint
	[ "$(qt-map -m "$MAP" put a 2 && qt-map get a)" = 2 ]
	reboot
	[ "$(qt-map get a)" = 2 ]
	run qt-map verify
	echo 'to the end'
	SH
}

@test "a full disk of the log" {
	small <<-'SH'
	mount -o remount,size=900k log
	qt-map init --wal-path "$WORLD/log/of" -o memtable-size=1M -o wal-max=2M
	refused "disk space for log 1: $NO_SPACE ('df $MAP $WORLD/log/of /dev/shm'" \
	    qt-map put key-1 1
	: >acked
	is_whole
	# One log has room, so it has to be in a run before the next one.
	mount -o remount,size=1536k log
	load 1 60
	[ "$(wc -l <acked)" = 60 ]
	is_whole
	# What it has is enough to go on.
	fill log
	load 61 80
	[ "$(wc -l <acked)" = 80 ]
	is_whole
	reboot
	is_whole
	echo 'to the end'
	SH
}

@test "a full /dev/shm" {
	small <<-'SH'
	qt-map put key-1 1
	echo key-1 >acked
	fill /dev/shm
	load 2 20
	grep -qx "error begin memtable 2: .*: $NO_SPACE" answers
	# A small one finds room in the memory that the first one has.
	qt-map put key-1 2 && qt-map put key-1 1
	is_whole
	# The first one after a reboot needs more than there is.
	reboot
	fill2() { dd if=/dev/zero of=/dev/shm/.fill2 bs=4k 2>/dev/null || :; }
	fill2
	for verb in 'get key-1' 'put key-1 2' scan; do
		refused "$NO_SPACE ('df $MAP /dev/shm' shows what is full)" \
		    qt-map $verb
	done
	rm /dev/shm/.fill*
	is_whole
	load 2 20
	[ "$(grep -c ok answers)" = 19 ]
	is_whole
	echo 'to the end'
	SH
}

@test "a /dev/shm with less than memtable-size" {
	small <<-'SH'
	mount -o remount,size=64m disk
	for size in 5m 2m; do
		mount -o remount,size=$size /dev/shm
		qt-map init -o mode=async -o memtable-size=4M -o wal-max=12M
		: >acked
		load 1 250
		[ "$(grep -c ok answers)" = 250 ]
		is_whole
		qt-map checkpoint
		qt-map put --sync key-1 "$(printf '%060000d' 1)"
		is_whole
		qt-map clear -f
		qt-map put key-1 1
		qt-map rm -f default
	done
	echo 'to the end'
	SH
}
