#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is to be forgotten, and how it is said.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
	printf '{"command":"%s","start":%d,"exit":%d,"cwd":"%s"}\n' \
	    'curl a' 1700000000 0 /a 'curl b' 1700000010 7 /a \
	    'curl b' 1700000020 7 /b 'make' 1700000030 2 /a |
	    qt-hist import -f json - >import
}

teardown() {
	hist_down
}

left() { qt-hist list -0 | tr '\0' ';'; }
search() { qt-hist search -0 "$@" | tr '\0' ';'; }

@test "a query: as search has it, but for words, which are exact" {
	[ "$(search crl)" != '' ]
	run -1 qt-hist delete -f crl
	run -1 qt-hist tag -a odd crl
	run -0 qt-hist delete -n "'curl cwd:/a !exit:0"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"    7  curl b" ]]
	[ "$(left)" = 'curl a;curl b;curl b;make;' ]
	run -0 qt-hist delete -f curl 'cwd:/a' '!exit:0'
	[ "$(left)" = 'curl a;curl b;make;' ]
	run -1 qt-hist delete -f "'wget"
	qt-hist tag -a odd "$(qt-hist list -J | jq -r 'select(.exit == 2).id')"
	run -0 qt-hist delete -f tag:odd
	[ "$(left)" = 'curl a;curl b;' ]
}

@test "what is no query, or nothing, or two things, deletes nothing" {
	run -2 qt-hist delete -f 're:('
	[[ $output == *'expected'*'re:('*'^'* ]]
	run -2 qt-hist delete -f ''
	[[ $output == *'an empty query is everything: --all' ]]
	run -2 qt-hist delete -f --all curl
	run -2 qt-hist delete -f --session s curl
	run -2 qt-hist delete -f
	[[ $output == *'delete what?'* ]]
	run -2 qt-hist delete -f 'exit:x'
	[[ $output == *'expected'*'exit:x'*'^'* ]]
	run -2 qt-hist delete -f --id 12
	[ "$(left)" = 'curl a;curl b;curl b;make;' ]
}

@test "who sits at a terminal sees what would go" {
	seq -f 'echo %.0f' 1 12 | qt-hist import -f bash - >import
	term_open 80x24 "exec bash --norc"
	term_type "qt-hist delete \"'echo\"; echo rc=\$?"
	term_key Enter
	term_wait 'forget 12 events of the history\? \[y/N\]'
	term_screen >screen
	grep -q '  echo 10$' screen
	run ! grep -q '  echo 11$' screen
	grep -qx 'and 2 more' screen
	term_type y
	term_key Enter
	term_wait '^rc=0'
	[ "$(left)" = 'curl a;curl b;curl b;make;' ]
}

@test "an index that was there is there again" {
	run -0 qt-hist search curl
	qt-hist delete -f --exact 'curl a'
	[ "$(search curl)" = 'curl b;' ]
	find /dev/shm -maxdepth 1 -name 'qt-hist-*' -newer import -type f \
	    >segments || true
	[ -s segments ]
	run ! xargs grep -qsza 'curl a' <segments
}

@test "while one erases others go on with what there is" {
	run -0 qt-hist search curl
	exec {fd}<"$QT_HIST/store"
	flock -x "$fd"
	[ "$(left)" = 'curl a;curl b;curl b;make;' ]
	[ "$(search -o latest curl)" = 'curl b;curl a;' ]
	exec {fd}<&-
}
