#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Histories that real shells and tools wrote, imported; and exported again.

bats_require_minimum_version 1.5.0
load lib
load hist

ODD=('ls -l' $'for i in 1 2\ndo\n\n:\ndone' 'ends in \' 'ends in \\'
    $'a \\\nb' $'\xc3\x83\xc2\xa0 \xe2\x82\xac' $'bytes \xff\xfe\x83\x84\x01'
    "printf 'a\\nb\\\\n'" ': 1:2;x' '# 1700000000' $'cat <<X\ntwo\nX\n'
    'two  spaces ' $'tab\tit')

setup() {
	hist_up
	printf '%s\0' "${ODD[@]}" >"$WORLD/odd"
}

teardown() {
	hist_down
}

# What is there is what was written, byte by byte.
same() {
	qt-hist list -0 >"$WORLD/got"
	cmp "$WORLD/odd" "$WORLD/got" || { od -c "$WORLD/got"; false; }
}

# Importing again adds nothing.
twice() {
	run -0 qt-hist import "$@"
	[[ $output == "${#ODD[@]} of ${#ODD[@]} commands imported from "* ]]
	run -0 qt-hist import "$@"
	[[ $output == "0 of ${#ODD[@]} commands imported from "*", ${#ODD[@]} were there" ]]
}

@test "bash: a file with times, where bash keeps it" {
	bash -c 'HISTTIMEFORMAT=%s
		for c; do history -s -- "$c"; done
		history -w .bash_history' bash "${ODD[@]}"
	grep -qE '^#[0-9]{10}$' .bash_history
	twice -f bash
	same
	qt-hist list -J | jq -se 'all(.start > 1700000000 and
	    .shell == "bash" and .user != null and .host != null)'
}

@test "bash: lines without times stay in order" {
	printf '%s\n' b a b '#5' >hist
	run -0 qt-hist import hist
	[ "$output" = "4 of 4 commands imported from 'hist' (bash)" ]
	printf '%s\n' c >>hist
	run -0 qt-hist import hist
	[ "$output" = "1 of 5 commands imported from 'hist' (bash), 4 were there" ]
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'b;a;b;#5;c;' ]
}

@test "zsh: extended and plain, metafied" {
	command -v zsh || skip "zsh is not here"
	for option in extendedhistory noextendedhistory; do
		hist_forget "$QT_HIST"
		setsid -w zsh -fic 'HISTSIZE=100 SAVEHIST=100
			setopt $1; shift
			for c; do print -rs -- "$c"; done
			fc -W ~/.zsh_history' zsh $option "${ODD[@]}" </dev/null
		twice -f zsh
		same
	done
}

@test "fish: what was typed is there once" {
	command -v fish || skip "fish is not here"
	mkdir -p .config/fish
	echo 'set -g fish_greeting; function fish_prompt; echo "> "; end' \
	    >.config/fish/config.fish
	term_open 80x24 "exec fish"
	term_wait '^>'
	term_type 'echo "a\nb" \\ one'
	term_key Enter
	term_wait '^a.nb . one'
	printf "echo 'two\nlines'" | tmux load-buffer -
	tmux paste-buffer -p -r -t t
	term_key Enter
	term_wait '^lines$'
	term_type exit
	term_key Enter
	wait_for 10 term_ended
	run -0 qt-hist import --format fish
	[ "$(qt-hist list -0 | tr '\0' ';')" = "echo \"a\\nb\" \\\\ one;echo 'two
lines';exit;" ]
	run -0 qt-hist import .local/share/fish/fish_history
	[[ $output == "0 of 3 commands"*"(fish), 3 were there" ]]
}

term_ended() {
	[ "$(term_mode pane_dead)" = 1 ]
}

@test "what was exported is imported the same, by the shells as well" {
	for c in "${ODD[@]}"; do
		jq -cn --arg c x --arg h "$(printf %s "$c" | od -An -v -tx1 |
		    tr -d ' \n')" --argjson t $((1700000000 + n++)) \
		    '{command: $c, command_hex: $h, start: $t, exit: 3}'
	done >all.jsonl
	qt-hist import all.jsonl
	same
	qt-hist export | jq -se 'all(.exit == 3)'
	for f in bash zsh fish json; do
		qt-hist export -f $f >all.$f
		QT_HIST=$WORLD/$f qt-hist import -f $f - <all.$f
		QT_HIST=$WORLD/$f same
		QT_HIST=$WORLD/$f qt-hist export -f $f | cmp - all.$f
	done
	# bash reads what is for it: it runs as what it was.
	bash -c 'HISTTIMEFORMAT=%s
		history -r all.bash
		HISTTIMEFORMAT= history 1' | grep -q 'tab	it$'
	if command -v zsh; then
		zsh -fc 'HISTSIZE=100
			fc -R all.zsh
			for c in "${(@v)history[@]}"; do print -rN -- "$c"
			done' | tr '\0' '\n' | grep -qax $'bytes \xff\xfe\x83\x84\x01'
	fi
}

@test "objects come back as they were, with repository and what runs" {
	mkdir -p "$WORLD/home/repo/.git" "$WORLD/home/repo/src"
	printf '%s\n' \
		'{"command":"make","start":1700000000.5,"running":true,"git":"/r","host":"far"}' \
		'{"command":"ls","start":1700000001,"exit":0,"pipe":[1,0],"cwd":"/r","git":"/r","host":"far"}' \
		>"$WORLD/a"
	qt-hist import -f json "$WORLD/a"
	qt-hist export -f json >"$WORLD/b"
	diff <(jq -cS 'del(.id,.user)' "$WORLD/b") <(jq -cS . "$WORLD/a")
	run qt-hist search -F '{command} {exit}\n' exit:running
	[ "$output" = "make runs" ]
	# Of what ran here it is looked up; elsewhere there may be others.
	printf '{"command":"%s","cwd":"%s","host":"%s"}\n' \
		here "$WORLD/home/repo/src" "$(uname -n)" \
		there "$WORLD/home/repo/src" far | qt-hist import -f json -
	run qt-hist search -F '{command}\n' git:repo
	[ "$output" = here ]
}

@test "what cannot be read is told by its line, the rest is imported" {
	printf -- '- cmd: a\n  when: 1700000000\nrubbish\n- cmd: b\n- cmd: tor' \
	    >fish_history
	run -3 qt-hist import fish_history
	[ "${lines[0]}" = "qt-hist: 'fish_history', line 3: neither a command nor of one" ]
	[ "${lines[1]}" = "qt-hist: 'fish_history', line 5: it has no end" ]
	[ "${lines[2]}" = "2 of 2 commands imported from 'fish_history' (fish), 2 could not be read" ]
	run -3 qt-hist import nothing
	[ "$output" = "qt-hist: read 'nothing': No such file or directory" ]
	run -2 qt-hist import -f tcsh
	run -2 qt-hist export -f atuin
	: >empty
	run -1 qt-hist import empty
	run -1 qt-hist import -f zsh
	[ "$output" = "qt-hist: no history of zsh is where it usually is: name the file" ]
}

@test "a tool's database is read, and stays as it is" {
	command -v sqlite3 || skip "sqlite3 is not here"
	mkdir -p .local/share/atuin
	sqlite3 .local/share/atuin/history.db "PRAGMA journal_mode=WAL;
	    CREATE TABLE history (id text primary key, timestamp integer,
	    duration integer, exit integer, command text, cwd text,
	    session text, hostname text, deleted_at integer);
	    INSERT INTO history VALUES ('a', 1700000000500000000, 2000000, 1,
	    'make' || char(10) || 'x', '/srv', 's', 'box:bob', NULL)"
	cp .local/share/atuin/history.db before
	run -0 qt-hist import -f atuin
	cmp before .local/share/atuin/history.db
	qt-hist list -J | jq -e 'del(.id) == {command: "make\nx", exit: 1,
	    start: 1700000000.5, duration: 0.002, cwd: "/srv", host: "box",
	    user: "bob", session: "s"}'
	run -0 qt-hist import .local/share/atuin/history.db
	[[ $output == "0 of 1 commands"*"(atuin), 1 were there" ]]
}

@test "a terminal is told how far it is, and a pipe is not" {
	seq -f 'echo %.0f' 1 30000 >hist
	script -qec 'qt-hist import hist' raw </dev/null
	tr '\r' '\n' <raw | grep -q '^100 %  30000 commands, 30000 new'
	tr '\r' '\n' <raw | grep -q "30000 of 30000 commands imported from 'hist' (bash)$"
	run -0 qt-hist import hist
	[ "$output" = "0 of 30000 commands imported from 'hist' (bash), 30000 were there" ]
}

@test "killed at any sync, importing again has each once and in order" {
	seq -f 'echo %.0f' 1 20000 >hist
	for nth in 1 2 3 4 5; do
		hist_forget "$QT_HIST"
		qt-hist sync-spool
		QT_FAULT=fsync:$nth:kill run qt-hist import hist
		[ "$status" -eq 137 ] || [ "$nth" -gt 2 ]
		run -0 qt-hist import hist
		qt-hist list -0 | tr '\0' '\n' | cmp - hist
	done
}

@test "list -l: as many as are asked for, also of those without times" {
	printf '%s\n' one two three four >"$WORLD/plain"
	qt-hist import -f bash "$WORLD/plain"
	[ "$(qt-hist list -0 -l 2 | tr '\0' ';')" = 'three;four;' ]
	[ "$(qt-hist list -0 -l 9 | tr '\0' ';')" = 'one;two;three;four;' ]
}

@test "what was deleted does not come back, and secrets do not come in" {
	printf '#%d\n%s\n' 1700000000 'echo one' 1700000009 'echo gone' \
	    1700000019 'X_TOKEN=correct-horse true' >hist
	run -0 qt-hist import hist
	run ! grep -rqa correct-horse "$QT_HIST"
	qt-hist delete -f --exact 'echo gone' --exact 'X_TOKEN=[redacted] true'
	# Also of another time, and without one.
	printf '#1800000000\necho gone\n' >>hist
	run -0 qt-hist import hist
	[ "$output" = "0 of 4 commands imported from 'hist' (bash), 1 were there, 3 were deleted before" ]
	printf 'echo gone\n' >plain
	run -0 qt-hist import -f fish - <<<'- cmd: echo gone'
	[[ $output == "0 of 1 commands "*", 1 were deleted before" ]]
	run -0 qt-hist import plain
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;' ]
	# Of two of the same command, the one that was deleted.
	printf '#%d\ntwice\n' 1700000100 1700000200 >twice
	run -0 qt-hist import twice
	qt-hist delete -f --id "$(qt-hist list -J |
	    jq -r 'select(.start == 1700000100).id')"
	run -0 qt-hist import twice
	[ "$output" = "0 of 2 commands imported from 'twice' (bash), 1 were there, 1 were deleted before" ]
	# And without times, of which nobody knows which is which.
	printf '%s\n' u v u >plain
	run -0 qt-hist import -f bash plain
	qt-hist prune -f -d
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'v;u;echo one;twice;' ]
	run -0 qt-hist import -f bash plain
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'v;u;echo one;twice;' ]
	mkdir -p .config/qt
	echo 'mode drop' >.config/qt/hist-redact
	run -0 qt-hist import -f bash - <<<'Y_TOKEN=correct-horse true'
	[ "$output" = "0 of 1 commands imported from '-' (bash), 1 left out for their secrets" ]
	# What it was deleted with would have it, too.
	run -0 qt-hist import -f bash - <<<'echo | qt-hist delete --exact gone'
	[ "$output" = "0 of 1 commands imported from '-' (bash), 1 left out for their secrets" ]
}
