#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session wait: exit, idle, match and the deadline.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

@test "wait prints the exit status, also when it is over already" {
	qt-session new -d -n one -- sh -c 'read -r x; exit 7' >/dev/null
	qt-session wait one >"$WORLD/status" &
	qt-session send -l one go
	wait $!
	[ "$(cat "$WORLD/status")" = 7 ]
	[ "$(qt-session wait --exit one)" = 7 ]
}

@test "a session killed by a signal waits to 128 and its number" {
	qt-session new -d -n one -- cat >/dev/null
	qt-session kill -s KILL one
	[ "$(qt-session wait one)" = 137 ]
}

@test "the deadline is exit 1, and silent" {
	qt-session new -d -n one -- cat >/dev/null
	for mode in --exit '--match nothing' '--idle 60000'; do
		# shellcheck disable=SC2086
		run -1 qt-session wait $mode -t 0.1 one
		[ -z "$output" ]
	done
}

@test "match sees the screen and what comes, without escape sequences" {
	qt-session new -d -n one -- sh -c 'printf "al\033[1mre\033[mady\n"
		read -r x; printf "\033[32mla\033[0mter\033]0;title\007 on\n"
		exec cat' >/dev/null
	[ "$(qt-session wait --match '^al?ready$' -t 10 one)" = already ]
	qt-session wait --match '^later on$' -t 10 one >"$WORLD/line" &
	qt-session send -l one go
	wait $!
	[ "$(cat "$WORLD/line")" = 'later on' ]
}

@test "match sees a prompt that has no newline" {
	qt-session new -d -n one -- sh -c 'read -r x; printf "Sure? "; read -r y' \
	    >/dev/null
	qt-session wait --match 'Sure\? $' -t 10 one &
	qt-session send -l one go
	wait $!
}

@test "match sees a prompt that stands on the screen, with its blank" {
	qt-session new -d -n one -- sh -c 'echo; printf "Sure? "; read -r y' \
	    >/dev/null
	session_wait one 'Sure\?'
	[ "$(qt-session wait --match '^Sure\? $' -t 10 one)" = 'Sure? ' ]
}

@test "match --new leaves out what is on the screen" {
	qt-session new -d -n one -- sh -c 'echo old; exec cat' >/dev/null
	session_wait one old
	run -1 qt-session wait --match old --new -t 0.2 one
}

@test "match of a session that ends without it is exit 1 and says so" {
	qt-session new -d -n one -- sh -c 'read -r x' >/dev/null
	qt-session wait --match never -t 10 one 2>"$WORLD/err" &
	qt-session send -l one go
	code=0
	wait $! || code=$?
	[ "$code" = 1 ]
	grep -q 'exited with status 0, and nothing matched' "$WORLD/err"
}

@test "idle waits for quiet, counted from now" {
	qt-session new -d -n one -- sh -c 'while read -rt 0.05 x <>/dev/zero || :
		do echo tick; done' >/dev/null 2>&1
	qt-session new -d -n two -- cat >/dev/null
	start=${EPOCHREALTIME/[.,]/}
	qt-session wait --idle 300 -t 10 two
	[ $((${EPOCHREALTIME/[.,]/} - start)) -ge 290000 ]
}

@test "wrong use: two modes, a bad expression, a bad number" {
	qt-session new -d -n one -- cat >/dev/null
	run -2 qt-session wait --exit --idle 5 one
	run -2 qt-session wait --match '(' one
	[[ $output == *"--match '('"* ]]
	run -2 qt-session wait -t soon one
	run -2 qt-session wait --idle x one
	run -2 qt-session wait
}
