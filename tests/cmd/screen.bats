#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The screen service, as its users see it: capture works whatever happens to it.

load lib.bash

setup() { world_up; }
teardown() { world_down; }

# The service's process id: the host's child of that name.
screen_pid() {
	local pid
	for pid in $(cat "/proc/$(host_pid)/task/$(host_pid)/children"); do
		tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q 'session screen' &&
			echo "$pid" && return
	done
	return 1
}

another_screen() { [ "$(screen_pid || echo "$1")" != "$1" ]; }

# The delays that the host announces add up to more than 20 seconds.
@test "after many deaths a request starts the service at once" {
	qt-session new -d -n one -- sh -c 'echo here; exec cat' >/dev/null
	session_wait one here
	begun=$SECONDS
	for _ in 1 2 3 4 5 6 7 8; do
		pid=$(screen_pid)
		kill -KILL "$pid"
		wait_for 20 session_shows one here
		wait_for 10 another_screen "$pid"
	done
	[ $((SECONDS - begun)) -lt 20 ]
	grep -q 'next start in 10000 ms' "$QT_RUNTIME_DIR/host.log"
}

@test "capture shows the screen again after the service was killed" {
	local pid
	qt-session new -d -n a -- sh -c 'printf "one\ntwo"; cat'
	wait_for 10 session_shows a '^two'
	for signal in KILL SEGV; do
		pid=$(screen_pid)
		kill "-$signal" "$pid"
		run qt-session capture a
		[ "$status" -eq 0 ]
		[ "$output" = $'one\ntwo' ]
		wait_for 10 another_screen "$pid"
	done
}

@test "capture waits for a service that is stopped, ls does not" {
	local pid
	qt-session new -d -n a -- sh -c 'echo here; cat'
	wait_for 10 session_shows a here
	pid=$(screen_pid)
	kill -STOP "$pid"
	qt-session capture a >"$WORLD/out" &
	run qt-session ls
	[ "$status" -eq 0 ]
	[[ $output == *a* ]]
	kill -CONT "$pid"
	wait "$!"
	grep -q here "$WORLD/out"
}

@test "a session that nobody looks at gets answers to its queries" {
	qt-session new -d -n q -- sh -c 'stty raw -echo
	    printf "\033[c"; dd bs=1 count=7 2>/dev/null | tr "\033" E
	    echo .; cat'
	wait_for 10 session_shows q 'E\[\?1;2c\.'
}

@test "capture of the alternate screen, and of the main one after it" {
	qt-session new -d -n v -- sh -c 'echo before; printf "\033[?1049h"
	    printf "\033[Hother screen"; read x; printf "\033[?1049l"; cat'
	wait_for 10 session_shows v '^other screen'
	run qt-session capture v
	[[ $output != *before* ]]
	qt-session send v $'\n'
	wait_for 10 session_shows v '^before'
	run qt-session capture v
	[[ $output != *other* ]]
}

@test "capture goes on across an upgrade of the host" {
	qt-session new -d -n a -- sh -c 'echo here; cat'
	wait_for 10 session_shows a here
	qt-session upgrade
	qt-session send a "after it"
	wait_for 10 session_shows a '^after it'
	qt-session new -d -n b -- sh -c 'echo new one; cat'
	wait_for 10 session_shows b '^new one'
	kill -KILL "$(screen_pid)"
	wait_for 10 session_shows a '^after it'
}

@test "the service is no command for people" {
	run qt-session screen </dev/null 3>&-
	[ "$status" -eq 2 ]
	[[ $output == *"only the session host starts"* ]]
}
