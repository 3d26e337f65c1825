#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session(1): making, listing, driving and ending sessions, as scripts do.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

@test "new -d prints an id that every verb takes, whole or by its beginning" {
	id=$(qt-session new -d -n one -- cat)
	[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$ ]]
	for name in one "$id" "${id:0:20}"; do
		run -0 qt-session info "$name"
		[[ $output == *$'name\tone'* ]]
	done
}

@test "ls prints stable tab-separated fields when stdout is no terminal" {
	id=$(qt-session new -d -n one -s 100x30 -- cat)
	run -0 qt-session ls
	mapfile -t f < <(tr '\t' '\n' <<<"$output")
	[ "${f[0]}" = "$id" ]
	[ "${f[1]}" = one ]
	[ "${f[2]}" = running ]
	[ "${f[3]}" = '' ]
	[ "${f[4]}" = cat ]
	[ "${f[5]}" = 100x30 ]
	[ "${f[6]}" = 0 ]
	[[ ${f[7]} =~ ^20[0-9]{2}-.*Z$ ]]
}

@test "ls -o chooses columns, -J is JSON, -0 ends with NUL" {
	qt-session new -d -n one -- cat >/dev/null
	qt-session new -d -n two -- sh -c 'exec sleep 1000' >/dev/null
	run -0 qt-session ls -o name,size,policy
	[ "$output" = $'one\t80x24\tlatest\ntwo\t80x24\tlatest' ]
	run -0 qt-session ls -J
	[ "$(jq -r '.[1].command' <<<"$output")" = 'sh -c exec sleep 1000' ]
	[ "$(jq -r '.[0].cols // .[0].size' <<<"$output")" = 80x24 ]
	[ "$(qt-session ls -0 -o name | tr '\0' '|')" = 'one|two|' ]
}

@test "ls says what columns there are when one is misspelt" {
	run -2 qt-session ls -o name,colour
	[[ $output == *"no column 'colour'"*created* ]]
}

@test "ls of nothing is exit 1 and an empty array" {
	run -1 --separate-stderr qt-session ls
	[ -z "$output" ]
	run -1 qt-session ls -J
	[ "$output" = '[]' ]
}

@test "ls writes tabs and newlines of a folder as escapes, -0 as they are" {
	dir=$WORLD/$'a\tb\nc\\d'
	mkdir "$dir"
	qt-session new -d -n one -c "$dir" -- cat >/dev/null
	run -0 qt-session ls -o cwd
	[ "$output" = "$WORLD/"'a\tb\nc\\d' ]
	[ "$(qt-session ls -0 -o cwd | tr '\0' '|')" = "$dir|" ]
}

@test "ls on a terminal is a table with relative times that fits" {
	qt-session new -d -n one -- sh -c \
	    "exec cat # $(printf 'x%.0s' {1..200})" >/dev/null
	printf 'expect NAME +STATE +COMMAND\nexpect one +running +sh\nexit 0\n' |
		ptydrive -s 70x20 -o "$WORLD/out" qt-session ls
	grep -q 'ago' "$WORLD/out"
	tr -d '\r' <"$WORLD/out" >"$WORLD/text"
	refute grep -qE '.{71}' "$WORLD/text"
}

@test "a full stdout is reported by exit 3" {
	[ -w /dev/full ] || skip "no /dev/full here"
	qt-session new -d -n one -- sh -c 'echo something; exec cat' >/dev/null
	session_wait one something
	# More events than stdio keeps.
	for i in {1..40}; do
		qt-session rename one "one-$i"
		qt-session rename "one-$i" one
	done
	[ "$(qt-session events | wc -c)" -gt 8192 ]
	for verb in "ls" "ls -J" "info one" "capture one" "events"; do
		run -3 bash -c "qt-session $verb >/dev/full"
		[[ $output == *"write error on stdout: No space left"* ]]
	done
}

@test "the session has the caller's environment, folder and additions" {
	mkdir "$WORLD/there"
	export FROM_CALLER='a b' QT_SESSION=stale
	qt-session new -d -n one -s 200x24 -c "$WORLD/there" -e ADDED=yes -- sh -c \
	    'echo "$FROM_CALLER|$ADDED|$PWD|$TERM|$QT_SESSION"; exec cat' \
	    >"$WORLD/id"
	session_wait one "^a b\|yes\|$WORLD/there\|xterm-256color\|$(cat "$WORLD/id")"
}

@test "an environment variable given with -e replaces the caller's" {
	export MINE=old
	qt-session new -d -n one -e MINE=new -e TERM=vt100 -- sh -c \
	    'env | grep -c ^MINE=; echo "<$MINE,$TERM>"; exec cat' >/dev/null
	session_wait one '<new,vt100>'
	session_shows one '^1$'
}

@test "without a command the login shell runs" {
	qt-session new -d -n one >/dev/null
	qt-session send -l one 'echo $((40 + 2))-done'
	session_wait one '42-done$'
}

@test "send types text, lines, keys and standard input" {
	qt-session new -d -n one -- cat >/dev/null
	qt-session send one 'half '
	qt-session send -l one line
	session_wait one '^half line$'
	qt-session send -k one a b Space M-x Enter
	session_wait one '^ab \^\[x$'
	printf 'from a pipe\n' | qt-session send one -
	session_wait one '^from a pipe$'
	qt-session send -k one C-d
	wait_for 10 has_state one exited
}

@test "every named key sends what xterm sends" {
	qt-session new -d -n one -s 200x24 -- sh -c \
	    'stty raw -echo; echo ready; exec cat -v' >/dev/null
	session_wait one ready
	qt-session send -k one Tab Space BSpace Escape Up Down Left Right Home \
	    End PageUp PageDown Insert Delete
	session_wait one '\^I|        \^\?\^\[\^\[\[A\^\[\[B\^\[\[D\^\[\[C\^\[\[H'
	session_wait one '\^\[\[F\^\[\[5~\^\[\[6~\^\[\[2~\^\[\[3~'
	qt-session send -k one Enter F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12
	session_wait one '\^\[OP\^\[OQ\^\[OR\^\[OS\^\[\[15~\^\[\[17~\^\[\[18~'
	session_wait one '\[19~\^\[\[20~\^\[\[21~\^\[\[23~\^\[\[24~'
	qt-session send -k one Enter C-c ^A C-@ M-x C-M-b S-Tab C-Left S-F5 é
	session_wait one '\^C\^A\^@\^\[x\^\[\^B\^\[\[Z\^\[\[1;5D\^\[\[15;2~M-CM-\)'
}

@test "send -k names what is no key" {
	qt-session new -d -n one -- cat >/dev/null
	run -2 qt-session send -k one Enter Hyper-x
	[[ $output == *"'Hyper-x' is not the name of a key"* ]]
}

@test "send -k honours application cursor keys" {
	qt-session new -d -n one -- sh -c 'stty raw -echo
		printf "ready\r\n"; head -c 3 | od -An -c
		printf "\033[?1happ\r\n"; head -c 3 | od -An -c; cat' >/dev/null
	session_wait one ready
	qt-session send -k one Up
	session_wait one '033 +\[ +A'
	session_wait one app
	qt-session send -k one Up
	session_wait one '033 +O +A'
}

@test "send loses nothing when the program reads late: 3 MB" {
	mkfifo "$WORLD/go"
	qt-session new -d -n two -- sh -c "stty raw -echo; echo ready
		read -r go <$WORLD/go; head -c 3000000 >$WORLD/got" >/dev/null
	session_wait two ready
	head -c 3000000 /dev/urandom | base64 -w 63 | head -c 3000000 \
	    >"$WORLD/sent"
	qt-session send two - <"$WORLD/sent" &
	echo go >"$WORLD/go"
	wait $!
	wait_for 20 cmp -s "$WORLD/sent" "$WORLD/got"
}

@test "rename and resize do what they say, to the record and the program" {
	qt-session new -d -n one -- sh -c 'trap "stty size" WINCH
		echo ready; while :; do read -r x; done' >/dev/null
	session_wait one ready
	qt-session rename one other
	[ "$(qt-session ls -o name)" = other ]
	qt-session resize other 100x40
	[ "$(qt-session ls -o size)" = 100x40 ]
	qt-session resize other 90x30 --resize fixed
	[ "$(qt-session ls -o size,policy)" = $'90x30\tfixed' ]
	run -2 qt-session resize other 2000x1000
	[[ $output == *"at most 524288 cells"* ]]
	qt-session resize --resize latest other
	[ "$(qt-session ls -o size,policy)" = $'90x30\tlatest' ]
}

@test "kill ends a session that ignores SIGHUP, and it leaves the list" {
	qt-session new -d -n one -- sh -c 'trap "" HUP TERM; echo ready
		while :; do sleep 1000; done' >/dev/null
	session_wait one ready
	qt-session kill one
	has_state one exited
	run -1 qt-session ls
	run -0 qt-session ls -a -o status
	[ "$output" = 137 ]
}

@test "kill -s sends one signal; of an ended session it says no" {
	qt-session new -d -n one -- sh -c 'trap "echo usr1" USR1; echo ready
		while :; do read -r x || :; done' >/dev/null
	session_wait one ready
	qt-session kill -s USR1 one
	session_wait one usr1
	qt-session kill -s SIGKILL one
	wait_for 10 has_state one exited
	run -1 qt-session kill -s 15 one
	[[ $output == *"has ended already"* ]]
	run -2 qt-session kill -s NOSUCH one
}

@test "kill of an ended session forgets it; kill -a ends them all" {
	qt-session new -d -n one -- true >/dev/null
	wait_for 10 has_state one exited
	qt-session kill one
	run -1 qt-session ls -a
	qt-session new -d -n two -- cat >/dev/null
	qt-session new -d -n three -- cat >/dev/null
	qt-session kill -a
	run -1 qt-session ls
}

@test "short commands lose no output: echo and exit, 50 of 50" {
	for i in {1..50}; do
		qt-session new -d -n "s$i" -- echo "hello $i" >/dev/null
	done
	for i in {1..50}; do
		[ "$(qt-session wait "s$i")" = 0 ]
		qt-session capture "s$i" | grep -qx "hello $i"
	done
}

@test "capture: text, styles, scrollback, JSON; also after the exit" {
	qt-session new -d -n one -s 40x5 -- sh -c \
	    'seq 1 20; printf "\033[31mred\033[m \346\227\245\346\234\254\n"' \
	    >/dev/null
	[ "$(qt-session wait one)" = 0 ]
	run -0 qt-session capture one
	[[ $output == *$'20\nred 日本'* ]]
	[[ $output != *$'\n10\n'* ]]
	run -0 qt-session capture -S - one
	[ "$(head -n 1 <<<"$output")" = 1 ]
	run -0 qt-session capture -S 2 one
	[ "$(wc -l <<<"$output")" -le 7 ]
	run -0 qt-session capture -e one
	[[ $output == *$'\033['*31*m*red* ]]
	run -0 qt-session capture -J one
	jq -e '.cols == 40 and .rows == 5 and (.lines | length > 0)' <<<"$output"
}

@test "info of a session and of the host, as text and JSON" {
	id=$(qt-session new -d -n one -- cat)
	run -0 qt-session info -J one
	[ "$(jq -r .id <<<"$output")" = "$id" ]
	[ "$(jq -r .state <<<"$output")" = running ]
	run -0 qt-session info
	[[ $output == *$'host\talive'* ]]
	run -0 qt-session info -J
	[ "$(jq .pid <<<"$output")" = "$(host_pid)" ]
	[ "$(jq .sessions <<<"$output")" = 1 ]
}

@test "events are JSON lines, and -f goes on" {
	qt-session new -d -n one -- cat >/dev/null
	run -0 qt-session events
	jq -se 'map(select(.name == "one")) | length > 0' <<<"$output"
	qt-session events -f -n >"$WORLD/events" &
	pid=$!
	wait_for 10 eval 'qt-session rename one x; qt-session rename x one;
		grep -q "\"one\"" "$WORLD/events"'
	kill "$pid"
	jq -se 'length > 0' "$WORLD/events"
}

@test "stop refuses while sessions run, --force ends them" {
	qt-session new -d -n one -- cat >/dev/null
	run -3 qt-session stop
	[[ $output == *--force* ]]
	qt-session stop --force
	run -1 qt-session stop
	[[ $output == *"no session host is running"* ]]
}

@test "upgrade keeps the sessions and their output" {
	qt-session new -d -n one -- cat >/dev/null
	qt-session send -l one before
	session_wait one '^before$'
	pid=$(host_pid)
	run -0 qt-session upgrade
	[[ $output == *"1 sessions kept"* ]]
	[ "$(host_pid)" = "$pid" ]
	qt-session send -l one after
	session_wait one '^after$'
	session_shows one '^before$'
}

@test "the manual's example: a program driven from a script" {
	qt-session new -d -n calc -- sh >/dev/null
	qt-session send -l calc 'echo $((6 * 7))'
	[ "$(qt-session wait --match '42$' -t 30 calc)" = 42 ]
	qt-session send -k calc C-d
	[ "$(qt-session wait calc)" = 0 ]
	qt-session new -d -- cat
	qt-session ls -0 -o name | xargs -0 qt-session kill --
	run -1 qt-session ls
}
