#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands of real shells, typed into a terminal, are in the history as they
# were.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
}

teardown() {
	hist_down
}

@test "bash: what was typed, and what came of it" {
	bash_open
	enter 'echo one' 'true | (exit 3)' 'f() { return 7; }' f '# a comment' \
	    '' 'cd /' "printf 'a\\n'"
	term_type 'for i in 1 2'
	term_key Enter
	term_type 'do :'
	term_key Enter
	enter 'done'
	enter 'cat >/dev/null <<X
two
X'
	enter 'bad (' nosuchcommand 'sleep 0.1 &' 'wait'
	term_type 'sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-c
	prompt
	enter '(cd /tmp; exit 4)' 'set -eu' 'set +eu' ' spaced' 'spaced'
	run events
	diff - <(printf '%s\n' "$output") <<-'EOF'
	["echo one",0]
	["true | (exit 3)",3]
	["f() { return 7; }",0]
	["f",7]
	["# a comment",null]
	["cd /",0]
	["printf 'a\\n'",0]
	["for i in 1 2; do :; done",0]
	["cat >/dev/null <<X\ntwo\nX\n",0]
	["bad (",null]
	["nosuchcommand",127]
	["sleep 0.1 &",0]
	["wait",0]
	["sleep 100",130]
	["(cd /tmp; exit 4)",4]
	["set -eu",0]
	["set +eu",0]
	[" spaced",127]
	["spaced",127]
	EOF
	run qt-hist list -J
	[ "$(jq -r 'select(.command == "true | (exit 3)").cwd' \
	    <<<"$output")" = "$HOME" ]
	[ "$(jq -r 'select(.command == "f").cwd' <<<"$output")" = "$HOME" ]
	[ "$(jq -r 'select(.command == "cd /").cwd' <<<"$output")" = "$HOME" ]
	[ "$(jq -r 'select(.command == "wait").cwd' <<<"$output")" = / ]
	jq -se 'all(.shell == "bash" and .duration >= 0)' <<<"$output"
	# Nothing of it is seen in the terminal.
	term_lacks '770077|__qh|qt-hist'
}

@test "bash: HISTCONTROL and HISTIGNORE say what is kept, and stay" {
	bash_open 'HISTCONTROL=ignoreboth HISTIGNORE="ls*:pwd"'
	enter 'echo a' ' echo secret' 'echo a' 'ls /' pwd 'echo b' 'echo a'
	enter 'echo "$HISTCONTROL" "$HISTIGNORE"'
	term_wait '^ignoreboth ls\*:pwd$'
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    'echo a;echo b;echo a;echo "$HISTCONTROL" "$HISTIGNORE";' ]
	run ! grep -rqa secret "$QT_HIST"
}

@test "bash: other tools may take the prompt" {
	bash_open
	enter 'PROMPT_COMMAND=(true)' 'echo 1' 'PROMPT_COMMAND="echo mine"' \
	    'echo 2' 'unset PROMPT_COMMAND' 'echo 3' \
	    'eval "$(qt-hist init bash)"' 'echo 4'
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'PROMPT_COMMAND=(true);echo 1;PROMPT_COMMAND="echo mine";echo 2;unset PROMPT_COMMAND;echo 3;eval "$(qt-hist init bash)";echo 4;' ]
}

@test "bash: what the user set stays as it is, and nothing of ours is seen" {
	bash_open
	enter 'false | true | (exit 3)' 'echo "was ${PIPESTATUS[@]} $?"' \
	    'set -x' 'echo traced'
	term_shows '^was 1 0 3 3$'
	term_wait '^\+ echo traced$'
	term_lacks '__qh|EPOCHREALTIME|history 1'
	enter 'set +x' 'HISTTIMEFORMAT="%F "' 'echo timed' 'set -eu'
	term_type 'not entered'
	term_key C-c
	prompt
	enter 'IFS=x' 'true | true'
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'false | true | (exit 3);echo "was ${PIPESTATUS[@]} $?";set -x;echo traced;set +x;HISTTIMEFORMAT="%F ";echo timed;set -eu;IFS=x;true | true;' ]
	[ "$(qt-hist list -J | jq -sc '.[0].pipe, .[-1].pipe')" = \
	    "$(printf '[1,0,3]\n[0,0]')" ]
}

@test "bash: before 5.1 the prompt's command is one string" {
	bash_open 'PROMPT_COMMAND="seen=\$?"' \
	    'init() { qt-hist init bash | sed "s/>= 501/>= 9999/"; }' \
	    'eval "$(init)"'
	enter '(exit 3)' 'echo "was $seen"' 'unset PROMPT_COMMAND' 'echo 1'
	term_shows '^was 3$'
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    '(exit 3);echo "was $seen";unset PROMPT_COMMAND;echo 1;' ]
	[ "$(qt-hist list -J | jq -sc '.[0].exit')" = 3 ]
}

@test "bash: several lines at once are as many commands" {
	bash_open
	# bash counts a prompt for each of them.
	# shellcheck disable=SC2034 # prompt() has it
	N=3
	paste_line $'echo 1\nsleep 0.1\n(exit 3)'
	# shellcheck disable=SC2034 # prompt() has it
	N=5
	paste_line $'echo 2\nfor i in 1; do\n:; done'
	enter 'echo end'
	run events
	diff - <(printf '%s\n' "$output") <<-'EOF'
	["echo 1",null]
	["sleep 0.1",null]
	["(exit 3)",3]
	["echo 2",null]
	["for i in 1; do :; done",0]
	["echo end",0]
	EOF
}

@test "bash: bytes that are no text" {
	bash_open
	paste_line $'echo \xff\xfe\x01'
	paste_line "echo 'tab	and
new line'"
	qt-hist list -0 | od -An -c | tr -d ' \n' >got
	[ "$(<got)" = "echo377376001\\0echo'tab\\tand\\nnewline'\\0" ] ||
		{ cat got; false; }
}

@test "zsh: what was typed, and what came of it" {
	command -v zsh || skip "zsh is not here"
	zsh_open
	enter 'echo one' 'true | (exit 3)' 'f() { return 7; }' f '# a comment' \
	    '' 'cd /' 'cat >/dev/null <<X
two
X' 'bad )' 'setopt histignorespace' ' secret' 'HISTORY_IGNORE="(ls*|pwd)"' \
	    'ls /' pwd
	term_type 'exec sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	run events
	diff - <(printf '%s\n' "$output") <<-'EOF'
	["echo one",0]
	["true | (exit 3)",3]
	["f() { return 7; }",0]
	["f",7]
	["# a comment",null]
	["cd /",0]
	["cat >/dev/null <<X\ntwo\nX",0]
	["bad )",null]
	["setopt histignorespace",0]
	["HISTORY_IGNORE=\"(ls*|pwd)\"",0]
	["exec sleep 100",null]
	EOF
	qt-hist list | tail -n 1 | grep -q ' runs  exec sleep 100$'
	run ! grep -rqa secret "$QT_HIST"
}

@test "fish: what was typed, and what came of it" {
	command -v fish || skip "fish is not here"
	fish_open
	enter 'echo one' 'true | false' 'function f; return 7; end' f 'cd /' \
	    ' secret' 'set -g fish_private_mode 1' 'echo secret' \
	    'set -e fish_private_mode' 'sleep 0.1' '# a comment'
	run events
	diff - <(printf '%s\n' "$output") <<-'EOF'
	["echo one",0]
	["true | false",1]
	["function f; return 7; end",0]
	["f",7]
	["cd /",0]
	["set -g fish_private_mode 1",127]
	["sleep 0.1",0]
	["# a comment",null]
	EOF
	run ! grep -rqa secret "$QT_HIST"
	qt-hist list -J | jq -se '.[-2] | .duration >= 0.1 and .start > 1700000000'
	qt-hist list -J | jq -se 'last | .duration == 0'
}

@test "a shell goes on where nothing can be written" {
	bash_open
	enter 'echo one'
	hist_forget "$QT_HIST"
	rm -rf "$WORLD/run/hist"
	enter 'echo two'
	term_shows '^two$'
	term_lacks 'No such file|770077|printf'
	run qt-hist list
	[ "$status" -eq 1 ]
}

@test "a shell goes on where the disk is full" {
	local spool
	bash_open
	enter 'echo one'
	find "$QT_HIST/spool" "$WORLD/run/hist" -name '*.spool' |
	    while read -r spool; do
		ln -sf /dev/full "$spool"
	    done
	enter 'echo two' 'echo three'
	term_shows '^three$'
	term_lacks 'No space|space left|__qh|printf'
}

@test "what a killed shell wrote is taken in, and its spool goes" {
	bash_open
	enter 'echo one' 'echo $$'
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;echo $$;' ]
	[ "$(find "$QT_HIST/spool" -type f | wc -l)" -eq 1 ]
	enter 'echo last'
	kill -KILL "$(term_mode pane_pid)"
	wait_for 10 no_spools
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;echo $$;echo last;' ]
}

no_spools() {
	qt-hist sync-spool &&
	    [ "$(find "$QT_HIST/spool" "$WORLD/run/hist" -type f | wc -l)" -eq 0 ]
}

# In no file of the history, and in no shared memory since the shell began; of
# bytes that only this test has. NULs end lines: most of a segment is none that
# was ever written.
nowhere() {
	run grep -rla "$1" "$QT_HIST" "$WORLD/run"
	echo "$output"
	[ "$status" -eq 1 ] || return 1
	# Those of others may go meanwhile.
	find /dev/shm -maxdepth 1 -name 'qt-[hs]*-*' -newer "$HOME/.bashrc" \
	    -type f >segments || true
	[ -s segments ] || return 1
	run xargs grep -lsza "$1" <segments
	echo "$output"
	[ -z "$output" ]
}

@test "whatever the umask, what it makes is the user's alone" {
	umask 000
	bash_open
	enter 'echo one'
	qt-hist search one
	qt-hist list -0 | grep -zq 'echo one'
	[ -z "$(find "$QT_HIST" "$WORLD/run/hist" -perm /077)" ]
}

@test "a secret that was typed is in no file" {
	local secret=horse$$x$RANDOM
	bash_open
	enter "export MY_TOKEN=$secret" 'echo one'
	grep -rqa "$secret" "$QT_HIST/spool" "$WORLD/run/hist"
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    'export MY_TOKEN=[redacted];echo one;' ]
	nowhere "$secret"
	mkdir -p "$HOME/.config/qt"
	printf 'mine zz[0-9]+\nwrong (\n' >"$HOME/.config/qt/hist-redact"
	enter 'echo zz123'
	qt-hist list -0 2>err | tr '\0' ';' >out
	grep -q "hist-redact: line 2: rule 'wrong': " err
	[ "$(<out)" = \
	    'export MY_TOKEN=[redacted];echo one;echo [redacted];' ]
	run ! grep -rqa zz123 "$QT_HIST" "$WORLD/run"
}

@test "what is deleted is nowhere, also in bash's own file" {
	local secret=horse$$x$RANDOM id
	bash_open
	enter 'echo one' "echo $secret" 'echo two' "echo $secret"
	run qt-hist delete -n --exact "echo $secret"
	[ "$(grep -c "echo $secret\$" <<<"$output")" -eq 2 ]
	grep -rqa "$secret" "$QT_HIST"
	run ! qt-hist delete -f --exact 'no such'
	# An index has it, too.
	[ "$(qt-hist search -0 "$secret" | tr '\0' ';')" = "echo $secret;" ]
	printf 'a\n#12\necho %s\n#13\nb\n' "$secret" >own
	printf 'echo %s\n' "$secret" |
	    qt-hist delete -f --history-file own --exact -
	nowhere "$secret"
	[ "$(<own)" = $'a\n#13\nb' ]
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;echo two;' ]
	id=$(qt-hist list -J | jq -r 'select(.command == "echo two").id')
	qt-hist delete -f --id "$id"
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;' ]
	# It asks who sits at a terminal; what it was told is not taken in.
	term_type 'qt-hist delete --exact "echo one"'
	term_key Enter
	term_wait 'forget 1 event of the history\? \[y/N\]'
	term_type n
	term_key Enter
	prompt
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo one;' ]
	enter "echo $secret"
	qt-hist delete -f --all
	nowhere "$secret"
	run qt-hist list
	[ "$status" -eq 1 ]
}

@test "secrets that are there are redacted, doubles and what is old go" {
	local secret=horse$$x$RANDOM
	mkdir -p "$HOME/.config/qt"
	echo 'mode keep' >"$HOME/.config/qt/hist-redact"
	bash_open
	enter "X_TOKEN=$secret true" 'echo a' 'echo b' 'echo a'
	qt-hist sync-spool
	grep -rqa "$secret" "$QT_HIST/store"
	run qt-hist redact -n
	[[ $output == *'  X_TOKEN=[redacted] true' ]]
	qt-hist redact -f
	nowhere "$secret"
	run ! qt-hist redact -f
	qt-hist redact -r | grep -qx url-password
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    'X_TOKEN=[redacted] true;echo a;echo b;echo a;' ]
	qt-hist prune -f -d
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    'X_TOKEN=[redacted] true;echo b;echo a;' ]
	run ! qt-hist prune -f -o 1d
	run ! qt-hist prune -f -o soon
	run ! qt-hist prune -f -o ''
	run ! qt-hist prune -f -o 2020
	run -0 qt-hist prune -n -o now
	qt-hist prune -f -o 1ms
	run qt-hist list
	[ "$status" -eq 1 ]
}
