#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session record: asciicast v2 that players understand.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

# Valid asciicast v2: a header, then [time, kind, text] with times that grow.
is_cast() {
	jq -se '.[0].version == 2 and .[0].width > 0 and .[0].height > 0 and
	    (.[1:] | all(length == 3 and (.[0] | type == "number") and
		(.[1] | IN("o", "r", "m")) and (.[2] | type == "string"))) and
	    ([.[1:][][0]] | . == sort)' "$1" >/dev/null
}

text_of() { jq -rj 'select(type == "array" and .[1] == "o") | .[2]' "$1"; }

@test "a recording has the output, the resizes, and ends with the session" {
	qt-session new -d -n one -s 90x20 -- sh -c \
	    'echo first; read -r x; printf "d\303\251j\303\240 \360\237\230\200\n"' \
	    >/dev/null
	session_wait one first
	qt-session record "$WORLD/a.cast" one &
	wait_for 10 test -s "$WORLD/a.cast"
	qt-session resize one 100x25
	wait_for 10 grep -q '"r"' "$WORLD/a.cast"
	qt-session send -l one go
	wait $!
	is_cast "$WORLD/a.cast"
	[ "$(head -n 1 "$WORLD/a.cast" | jq -c '[.width, .height, .title]')" = \
	    '[90,20,"one"]' ]
	jq -se 'any(.[1:][]; .[1] == "r" and .[2] == "100x25")' "$WORLD/a.cast"
	text_of "$WORLD/a.cast" | grep -q first
	text_of "$WORLD/a.cast" | grep -q 'déjà 😀'
}

@test "an interrupted recorder leaves a whole file; - is stdout" {
	qt-session new -d -n one -- sh -c 'echo first; exec cat' >/dev/null
	qt-session record - one >"$WORLD/a.cast" &
	pid=$!
	wait_for 10 grep -q first "$WORLD/a.cast"
	kill -INT "$pid"
	wait "$pid"
	is_cast "$WORLD/a.cast"
	has_state one running
}

@test "characters split by the reader are whole in the recording" {
	qt-session new -d -n one -- sh -c 'stty -onlcr; read -r x
		for i in 1 2 3; do printf "\303"; printf "\251"; done; echo' \
	    >/dev/null
	qt-session record "$WORLD/a.cast" one &
	wait_for 10 test -s "$WORLD/a.cast"
	qt-session send -l one go
	wait $!
	text_of "$WORLD/a.cast" | grep -q ééé
	refute grep -q $'\xef\xbf\xbd' "$WORLD/a.cast"
}

@test "a file that exists is kept, unless --force" {
	qt-session new -d -n one -- sh -c 'echo first' >/dev/null
	qt-session wait one
	echo precious >"$WORLD/a.cast"
	run -3 qt-session record "$WORLD/a.cast" one
	[[ $output == *"exists"*--force* ]]
	[ "$(cat "$WORLD/a.cast")" = precious ]
	qt-session record -f "$WORLD/a.cast" one
	is_cast "$WORLD/a.cast"
}

@test "a folder that cannot be written and a full disk are exit 3" {
	qt-session new -d -n one -- sh -c 'echo first' >/dev/null
	qt-session wait one
	run -3 qt-session record "$WORLD/none/a.cast" one
	[[ $output == *"'$WORLD/none/a.cast'"* ]]
	[ -w /dev/full ] || skip "no /dev/full here"
	run -3 bash -c 'qt-session record - one >/dev/full'
	[[ $output == *"No space left"* ]]
}
