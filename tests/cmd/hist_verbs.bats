#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What qt-hist says of a history: tags, the last commands, figures, completions.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
	export TZ=UTC
	unset QT_HIST_SESSION
	TAIL=
}

teardown() {
	[ -z "$TAIL" ] || kill -KILL "$TAIL" 2>/dev/null || true
	hist_down
}

# history JSON...: commands, an object each, into the history.
history() {
	printf '%s\n' "$@" | qt-hist import -f json - >/dev/null
}

# The id of the command that says exactly that.
id_of() {
	qt-hist list -J | jq -r --arg c "$1" 'select(.command == $c).id'
}

@test "tag: commands get tags, and lose them" {
	history '{"command":"make","start":1700000000}' \
	    '{"command":"git push","start":1700000100}' \
	    '{"command":"ls","start":1700000200}'
	run -1 qt-hist tag
	[ -z "$output" ]
	qt-hist tag -a deploy "$(id_of 'git push')"
	qt-hist tag --add work "$(id_of 'git push')" "$(id_of make)"
	[ "$(qt-hist tag)" = $'deploy\t1\nwork\t2' ]
	[ "$(qt-hist tag -J | jq -c .)" = \
	    $'{"tag":"deploy","commands":1}\n{"tag":"work","commands":2}' ]
	[ "$(qt-hist tag -0 work | tr '\0' ';')" = 'make;git push;' ]
	[ "$(qt-hist tag deploy)" = \
	    '2023-11-14 22:15:00    -  git push' ]
	# Again: nothing to do.
	run -1 qt-hist tag -a work "$(id_of make)"
	qt-hist tag -r work "$(id_of 'git push')"
	[ "$(qt-hist tag -0 work | tr '\0' ';')" = 'make;' ]
	run -1 qt-hist tag nosuch
	[ -z "$output" ]
}

@test "tag: the last command, by the session" {
	history '{"command":"one","start":1700000000,"session":"aaaa"}' \
	    '{"command":"two","start":1700000100,"session":"bbbb"}'
	QT_HIST_SESSION=1-aaaa qt-hist tag -a x --last
	[ "$(qt-hist tag -0 x | tr '\0' ';')" = 'one;' ]
	qt-hist tag -a y --last
	[ "$(qt-hist tag -0 y | tr '\0' ';')" = 'two;' ]
	run -1 env QT_HIST_SESSION=1-cccc qt-hist tag -a z --last
}

@test "tag: all that a query matches" {
	history '{"command":"make all","start":1700000000,"exit":0}' \
	    '{"command":"make all","start":1700000100,"exit":2}' \
	    '{"command":"ls","start":1700000200,"exit":2}'
	qt-hist tag -a build make
	qt-hist tag -a broken exit:'>0'
	[ "$(qt-hist tag)" = $'broken\t2\nbuild\t2' ]
	qt-hist tag -r build tag:build exit:0
	[ "$(qt-hist tag -F '{command} {exit}\n' build)" = 'make all 2' ]
	qt-hist tag -a both tag:broken make
	[ "$(qt-hist search -0 tag:both | tr '\0' ';')" = 'make all;' ]
	run -1 qt-hist tag -a x nosuchcommand
	run -2 qt-hist tag -a x exit:nonsense
	[[ $output == *"the query does not parse"* ]]
	run -2 qt-hist tag -a x ''
	[ "$(qt-hist tag | wc -l)" -eq 3 ]
}

@test "tag: an export carries tags to another history" {
	history '{"command":"make","start":1700000000}' \
	    '{"command":"ls","start":1700000200}' \
	    '{"command":"pwd","start":1700000300,"tags":["b","no good","a","a",7]}'
	qt-hist tag -a build make
	qt-hist export >all
	[ "$(jq -c '[.command, .tags]' all)" = '["make",["build"]]
["ls",null]
["pwd",["a","b"]]' ]
	QT_HIST=$WORLD/other qt-hist import -f json all
	QT_HIST=$WORLD/other qt-hist import -f json all
	QT_HIST=$WORLD/other qt-hist export | diff all -
}

@test "tag: what cannot be is told" {
	history '{"command":"one","start":1700000000}'
	run -2 qt-hist tag -a 'a b' --last
	[[ $output == *"tag 'a b': letters, digits and"* ]]
	run -2 qt-hist tag -a "$(printf 'x%.0s' {1..65})" --last
	[[ $output == *"longer than 64 bytes"* ]]
	run -2 qt-hist tag -a x
	run -2 qt-hist tag -a x -r y --last
	run -2 qt-hist tag --last
	run -2 qt-hist tag x y
	run -2 qt-hist tag -0J x
	run -1 qt-hist tag -a x 00000000000000000000000000000000
}

@test "tag: a command that is deleted takes its tags along" {
	history '{"command":"one","start":1700000000}' \
	    '{"command":"two","start":1700000100}'
	qt-hist tag -a secretproject "$(id_of one)"
	qt-hist tag -a kept "$(id_of two)"
	qt-hist delete -f --id "$(id_of one)"
	[ "$(qt-hist tag)" = $'kept\t1' ]
	run ! grep -rqa secretproject "$QT_HIST"
}

# A shell's spool, without the shell: what it would write is written by begin
# and ended.
spool_open() {
	# Not in a subshell, which would be the shell, and gone.
	qt-hist init bash >script
	SPOOL=$(grep -om 1 "/[^']*/spool/[0-9a-f]*\.spool" script)
	TOKEN=$(basename "$SPOOL" .spool)
	[ -s "$SPOOL" ] && [ ${#TOKEN} -eq 16 ]
}

# begin NUMBER COMMAND; ended NUMBER STATUS
begin() {
	printf '\x1e%sB\0%s\0%s\0%s\0%s\0\x1e%s.\0' "$TOKEN" "$1" \
	    "$((1700000000000000 + $1 * 1000000))" "$PWD" "$2" "$TOKEN" \
	    >>"$SPOOL"
}
ended() {
	printf '\x1e%sE\0%s\0%s\0%s\0%s\0%s\0%s\0b\0\0\x1e%s.\0' "$TOKEN" \
	    "$1" "$((1700000000000000 + $1 * 1000000))" \
	    "$((1700000001000000 + $1 * 1000000))" "$2" "$2" "$PWD" \
	    "$TOKEN" >>"$SPOOL"
}

# follow [OPTION...]: tail -f, with what it prints in the file out.
follow() {
	# bash has its jobs ignore SIGINT.
	env --default-signal=INT qt-hist tail -f "$@" >out 2>err 3>&- &
	TAIL=$!
}

has_lines() {
	[ "$(wc -l <out)" -ge "$1" ]
}

@test "tail: the last ones" {
	history '{"command":"one","start":1700000000}' \
	    '{"command":"two","start":1700000100}' \
	    '{"command":"three","start":1700000200}'
	[ "$(qt-hist tail -n 2 -0 | tr '\0' ';')" = 'two;three;' ]
	[ "$(qt-hist tail | wc -l)" -eq 3 ]
	run -1 qt-hist tail -n 0
	run -2 qt-hist tail -n x
	run -2 qt-hist tail one
}

@test "tail -f: commands are printed when they begin, and when they end" {
	history '{"command":"old","start":1600000000}'
	spool_open
	follow -F '{exit} {command}\n'
	wait_for 10 has_lines 1
	begin 1 'sleep 1'
	wait_for 10 has_lines 2
	begin 2 'make
all'
	ended 1 0
	wait_for 10 has_lines 4
	ended 2 7
	wait_for 10 has_lines 5
	# An import of what is older says nothing; of what is new, does.
	history '{"command":"older","start":1500000000}'
	history '{"command":"newer","start":1900000000}'
	wait_for 10 has_lines 6
	kill -INT $TAIL
	wait $TAIL
	diff - out <<-'EOF'
	- old
	runs sleep 1
	runs make\nall
	0 sleep 1
	7 make\nall
	- newer
	EOF
	[ ! -s err ]
}

@test "tail -f: goes on when commands are deleted, and the history is another" {
	history '{"command":"old","start":1600000000}'
	spool_open
	follow -F '{command}\n'
	wait_for 10 has_lines 1
	begin 1 one
	wait_for 10 has_lines 2
	qt-hist delete -f --exact one
	begin 2 two
	wait_for 10 has_lines 3
	qt-map rm -f "$QT_HIST/store"
	begin 3 three
	wait_for 10 has_lines 4
	kill -TERM $TAIL
	wait $TAIL
	[ "$(paste -sd ' ' out)" = 'old one two three' ]
}

@test "tail -f: ends without a word when nobody reads" {
	history '{"command":"one","start":1700000000}'
	mkfifo pipe
	qt-hist tail -f >pipe 2>err 3>&- &
	TAIL=$!
	head -n 1 pipe >/dev/null
	local rc=0
	wait $TAIL || rc=$?
	[ $rc -eq 3 ]
	[ ! -s err ]
}

# In poll, of two files, without a time: read by its parent, who may.
rests() {
	local call
	read -r call <"/proc/$TAIL/syscall" || return 1
	[[ $call =~ ^[0-9]+\ 0x[0-9a-f]+\ 0x2\ 0x0\  ]]
}

@test "tail -f: rests when nothing happens" {
	history '{"command":"one","start":1700000000}'
	follow
	wait_for 10 has_lines 1
	[ -r "/proc/$TAIL/syscall" ] || skip "the kernel does not say"
	wait_for 10 rests
	kill -INT $TAIL
	wait $TAIL
}

@test "complete: words and commands, the best ones first" {
	history '{"command":"git commit --amend","start":1700000000}' \
	    '{"command":"git commit --amend","start":1700000300}' \
	    '{"command":"git checkout main","start":1700000100}' \
	    '{"command":"printf \"a\\nb\"; git two\nlines","start":1700000200}'
	[ "$(qt-hist complete com)" = commit ]
	[ "$(qt-hist complete -w -- --a)" = --amend ]
	[ "$(qt-hist complete -c 'git c')" = \
	    $'git commit --amend\ngit checkout main' ]
	[ "$(qt-hist complete -c -l 1 git)" = 'git commit --amend' ]
	[ "$(qt-hist complete -c printf)" = \
	    'printf "a\\nb"; git two\nlines' ]
	[ "$(qt-hist complete -c -0 printf | od -An -c | tr -d ' \n')" = \
	    'printf"a\nb";gittwo\nlines\0' ]
	[ "$(qt-hist complete '' | wc -l)" -ge 6 ]
	run -1 qt-hist complete nosuchword
	[ -z "$output" ]
	run -2 qt-hist complete
	run -2 qt-hist complete a b
	run -2 qt-hist complete -l 1000 a
}

completes() {
	qt-hist complete "$1" >/dev/null
}

# Answered at once; what is asked for then is there for the next one.
@test "complete: what shells write is taken in behind its back" {
	history '{"command":"one","start":1600000000}'
	completes one
	spool_open
	begin 1 'make something'
	run ! completes someth
	wait_for 10 completes someth
	# Nothing is new: nobody is left to look.
	wait_for 10 idle
	begin 2 'make another'
	qt-hist suggest -a 'make something' || true
	wait_for 10 completes another
	wait_for 10 idle
}

# No qt-hist of this test runs.
idle() {
	! grep -lqs "$QT_HIST" /proc/[0-9]*/environ 2>/dev/null || {
		local p
		for p in /proc/[0-9]*; do
			[ "$(cat "$p/comm" 2>/dev/null)" != qt-hist ] ||
				! grep -qs "$QT_HIST" "$p/environ" || return 1
		done
	}
}

@test "suggest: what followed, and what begins so" {
	local c=1700000000 line
	for line in 'cd /src' make 'make test' make 'git push' make 'make test'
	do
		history "{\"command\":\"$line\",\"start\":$((c += 10)),\"session\":\"s\",\"cwd\":\"$PWD\"}"
	done
	[ "$(qt-hist suggest -a make)" = 'make test' ]
	[ "$(qt-hist suggest -a make -l 9)" = $'make test\ngit push' ]
	[ "$(qt-hist suggest -a make -p git)" = 'git push' ]
	[ "$(qt-hist suggest --prefix 'cd ')" = 'cd /src' ]
	[ "$(qt-hist suggest -0 -a make -p ma | tr '\0' ';')" = 'make test;' ]
	run -1 qt-hist suggest -a nosuch
	[ -z "$output" ]
	run -1 qt-hist suggest -a make -p zz
	# The last one of this session, of any where there is none.
	[ "$(qt-hist suggest)" = make ]
	history "{\"command\":\"make\",\"start\":$((c += 10)),\"session\":\"t\"}"
	[ "$(QT_HIST_SESSION=1-t qt-hist suggest)" = 'make test' ]
	[ "$(qt-hist suggest)" = 'make test' ]
	[ "$(QT_HIST_SESSION=1-s qt-hist suggest)" = make ]
	run -1 env QT_HIST_SESSION=1-other qt-hist suggest
	run -2 qt-hist suggest make
}

figures() {
	local c
	for c in 'git push' 'git push -f' make 'git push' ls; do
		: $((N++))
		history "{\"command\":\"$c\",\"start\":$((1700000000 + N * 3600)),\"duration\":1.5,\"exit\":$((N == 2)),\"cwd\":\"/src\",\"session\":\"s\"}"
	done
}

@test "stats: figures, as fields" {
	N=0
	figures
	qt-hist stats -l 2 >got
	grep -v '	0	0	0.000000$' got | diff - <(cat <<-'EOF'
	total	runs	5	1	7.500000
	total	distinct	4	-	-
	total	folders	1	-	-
	total	sessions	1	-	-
	total	days	2	-	-
	total	first	1700003600	-	-
	total	last	1700018000	-	-
	command	git push	2	0	3.000000
	command	git push -f	1	1	1.500000
	program	git push	3	1	4.500000
	program	ls	1	0	1.500000
	folder	/src	5	1	7.500000
	hour	00	1	1	1.500000
	hour	01	1	0	1.500000
	hour	02	1	0	1.500000
	hour	03	1	0	1.500000
	hour	23	1	0	1.500000
	weekday	tuesday	1	0	1.500000
	weekday	wednesday	4	1	6.000000
	EOF
	)
	[ "$(grep -c '^hour' got)" -eq 24 ]
	[ "$(qt-hist stats -J | jq -c '[.runs, .failed, .distinct,
	    .programs[0].program, .hours[23].runs, .weekdays[2].runs]')" = \
	    '[5,1,4,"git push",1,4]' ]
	[ "$(qt-hist stats 2023-11-15 | head -n 1)" = \
	    $'total\truns\t4\t1\t6.000000' ]
	[ "$(qt-hist stats ..2023-11-15 | head -n 1)" = \
	    $'total\truns\t1\t0\t1.500000' ]
	run -1 qt-hist stats 2022
	[ -z "$output" ]
	run -1 qt-hist stats today
	run -2 qt-hist stats fortnight
	[[ $output == *"'fortnight' is no period: today,"* ]]
	run -2 qt-hist stats -JT
	run -2 qt-hist stats 2022 2023
}

@test "stats: bars as wide as the terminal" {
	N=0
	figures
	term_open 60x40 'qt-hist stats; exec cat'
	term_wait '^5 commands, 4 distinct, 1 session, 1 folder$'
	term_wait '^2023-11-14 to 2023-11-15: 2 days with commands, 2\.5 a day$'
	term_wait '^1 of 5 failed, 20\.0 %; 7\.5 s spent$'
	term_wait '^        2  ███████████████  git push$'
	term_wait '^        1  ███████▌         git push -f$'
	term_wait '^        3  ███████████████  git push$'
	term_wait 'Wednesday$'
}

@test "stats: a narrow terminal, without blocks and colours" {
	N=0
	figures
	term_open 30x40 'NO_COLOR=1 LC_ALL=C qt-hist stats -l 1 >/dev/tty; exec cat'
	term_wait '^        2  #######  git push$'
	term_lacks Hours
}
