#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session when the world is not as it should be: a message that names the
# thing and says what to do, exit 3, nothing lost.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() {
	[ ! -d "$WORLD/run" ] || chmod 700 "$WORLD/run"
	world_down
}

@test "wrong flags: usage on stderr and exit 2, for every verb" {
	# shellcheck disable=SC2154
	for verb in $(qt-session --help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
		run -2 --separate-stderr qt-session "$verb" --no-such-option
		[ -z "$output" ]
		[[ $stderr == *"usage: qt-session $verb"* ]]
		run -0 qt-session "$verb" --help
		[[ $output == "usage: qt-session $verb"* ]]
	done
	run -2 qt-session nosuchverb
	run -2 qt-session </dev/null
}

@test "an unknown session: every verb names it" {
	qt-session new -d -n one -- cat >/dev/null
	for args in 'kill none' 'rename none x' 'resize none 80x24' \
	    'send none x' 'capture none' 'wait none' 'info none' \
	    'record - none'; do
		# shellcheck disable=SC2086
		run -3 qt-session $args
		[[ $output == *"no session 'none'"*"ls -a"* ]]
	done
}

@test "no host at all: exit 3 and how to start one" {
	run -3 qt-session send none x
	[[ $output == *"no session host is running"*"qt-session new"* ]]
	run -3 qt-session info
	run -3 qt-session events
}

@test "a prefix of several ids lists them" {
	a=$(qt-session new -d -n one -- cat)
	b=$(qt-session new -d -n two -- cat)
	i=0
	while [ "${a:i:1}" = "${b:i:1}" ]; do i=$((i + 1)); done
	[ "$i" -ge 4 ] || skip "the two ids begin differently"
	run -3 qt-session info "${a:0:i}"
	[[ $output == *"the start of several ids"*one*two* ]]
}

@test "a name that is taken, a name that is none" {
	qt-session new -d -n one -- cat >/dev/null
	run -3 qt-session new -d -n one -- cat
	[[ $output == *"'one' exists"*attach* ]]
	qt-session new -d -n two -- cat >/dev/null
	run -3 qt-session rename two one
	[[ $output == *"'one' exists"* ]]
	for name in a/b a:b -- -x $'a\nb' "$(printf 'x%.0s' {1..64})" ''; do
		run -2 qt-session new -d -n "$name" -- cat
		run -2 qt-session rename two "$name"
	done
	run -0 qt-session new -d -A -n one -- cat
}

@test "a command or folder that is not there" {
	run -3 qt-session new -d -- no-such-command-here
	[[ $output == *no-such-command-here* ]]
	run -3 qt-session new -d -- /etc/passwd
	[[ $output == */etc/passwd* ]]
	run -3 qt-session new -d -c /no/such/folder -- cat
	[[ $output == *"/no/such/folder"* ]]
	run -1 qt-session ls
}

@test "a foreign, an open and an unwritable runtime folder" {
	chmod 777 "$QT_RUNTIME_DIR"
	run -3 qt-session new -d -- cat
	[[ $output == *"$QT_RUNTIME_DIR"* ]]
	chmod 500 "$QT_RUNTIME_DIR"
	if [ "$(id -u)" != 0 ]; then
		run -3 qt-session new -d -- cat
		[[ $output == *"$QT_RUNTIME_DIR"* ]]
	fi
	chmod 700 "$QT_RUNTIME_DIR"
	if [ "$(id -u)" = 0 ]; then
		chown 65534 "$QT_RUNTIME_DIR"
		run -3 qt-session new -d -- cat
		[[ $output == *"$QT_RUNTIME_DIR"* ]]
		run -3 qt-session ls
		chown 0 "$QT_RUNTIME_DIR"
	fi
	touch "$WORLD/file"
	QT_RUNTIME_DIR=$WORLD/file run -3 qt-session new -d -- cat
}

@test "ls, info and events answer while the host is stopped" {
	qt-session new -d -n one -- cat >/dev/null
	kill -STOP "$(host_pid)"
	for verb in ls 'ls -J' 'info one' events; do
		# shellcheck disable=SC2086
		run -0 timeout 2 qt-session $verb
		[[ $output == *one* ]]
	done
	kill -CONT "$(host_pid)"
}

@test "a stopped host is named by its process id, not waited for for ever" {
	qt-session new -d -n one -- cat >/dev/null
	pid=$(host_pid)
	kill -STOP "$pid"
	run -3 timeout 20 qt-session rename one other
	kill -CONT "$pid"
	[[ $output == *"$pid"* ]]
}

@test "after kill -9 of the host: lost, the next host keeps the record" {
	qt-session new -d -n one -- sh -c 'echo precious; exec cat' >/dev/null
	session_wait one precious
	kill -KILL "$(host_pid)"
	wait_for 10 has_state one lost
	run -0 qt-session info one
	[[ $output == *$'state\tlost'* ]]
	run -0 qt-session capture one
	[[ $output == *precious* ]]
	qt-session new -d -n two -- cat >/dev/null
	has_state one lost
	has_state two running
	run -3 qt-session send one x
	qt-session kill one
	run -0 qt-session ls -a -o name
	[ "$output" = two ]
}

@test "too large an environment is refused with its reason" {
	run -3 env BIG="$(head -c 120000 /dev/zero | tr '\0' x)" \
	    BIG2="$(head -c 60000 /dev/zero | tr '\0' x)" \
	    qt-session new -d -- cat
	[[ $output == *nvironment* ]]
}

@test "a host whose segment lost its name is asked for it" {
	qt-session new -d -n one -- cat >/dev/null
	rm "/dev/shm$(segment_name host)"
	run -0 qt-session ls -o name
	[ "$output" = one ]
	run -0 qt-session info one
	run -0 qt-session rename one other
	run -0 qt-session capture other
}

@test "a segment that is not one is named; new keeps it aside" {
	name=$(segment_name host)
	head -c 8192 /dev/zero | tr '\0' x >"/dev/shm$name"
	chmod 600 "/dev/shm$name"
	for verb in ls info events; do
		run -3 qt-session "$verb"
		[[ $output == *"$name"*"qt-session new"* ]]
	done
	run -0 qt-session new -d -n one -- cat
	run -0 qt-session ls -o name
	[ "$output" = one ]
	aside=("/dev/shm$name".bad-*)
	[ "$(tr -d x <"${aside[0]}" | wc -c)" = 0 ]
	rm "${aside[0]}"
}

@test "a segment damaged under its host: the way out is named, and works" {
	qt-session new -d -n one -- cat >/dev/null
	name=$(segment_name host)
	printf xxxx | dd of="/dev/shm$name" bs=1 seek=16 conv=notrunc 2>/dev/null
	for verb in ls "info one" "send one hi" "kill one"; do
		# shellcheck disable=SC2086
		run -3 qt-session $verb
		[[ $output == *"qt-session stop --force"* ]]
	done
	run -3 qt-session stop
	[[ $output == *--force* ]]
	run -0 qt-session stop --force
	run -0 qt-session new -d -n two -- cat
	run -0 qt-session ls -o name
	[ "$output" = two ]
	aside=("/dev/shm$name".bad-*)
	[ -s "${aside[0]}" ]
	rm "${aside[0]}"
}

@test "sessions up to the limit of files: they can still be used and ended" {
	( ulimit -n 64 && exec qt-session new -d -n one -- cat )
	n=0
	while out=$(qt-session new -d -- cat 2>&1); do
		n=$((n + 1))
		[ "$n" -lt 64 ]
	done
	[[ $out == *"limit of open files"*"LimitNOFILE"* ]]
	qt-session send one 'still here'
	shows() { qt-session capture one | grep -q 'still here'; }
	wait_for 5 shows
	qt-session kill one
	wait_for 5 qt-session new -d -n two -- cat
}
