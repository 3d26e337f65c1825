#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands of real shells, typed into a terminal, are in the history as they
# were.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
	N=0
}

teardown() {
	hist_down
}

# A shell whose prompt counts, so that it is known when it is there again.
bash_open() {
	cat >"$HOME/.bashrc" <<-'EOF'
	unset HISTFILE
	PS1='[$((++prompts))]\$ '
	EOF
	printf '%s\n' "$@" 'eval "$(qt-hist init bash)"' >>"$HOME/.bashrc"
	term_open 100x50 "exec bash --noprofile"
	prompt
}

zsh_open() {
	cat >"$HOME/.zshrc" <<-'EOF'
	setopt promptsubst interactivecomments
	PROMPT='[$((++prompts))]$ '
	EOF
	echo 'eval "$(qt-hist init zsh)"' >>"$HOME/.zshrc"
	term_open 100x50 "exec zsh"
	prompt
}

fish_open() {
	mkdir -p "$HOME/.config/fish"
	cat >"$HOME/.config/fish/config.fish" <<-'EOF'
	set -g fish_greeting
	function fish_prompt
	    set -g prompts (math 0$prompts + 1)
	    echo "[$prompts]\$ "
	end
	qt-hist init fish | source
	EOF
	term_open 100x50 "exec fish"
	prompt
}

# Waits for the next one.
prompt() {
	N=$((N + 1))
	term_wait "\[$N\][\$#]"
}

# Types each as a line, and waits for the prompt.
enter() {
	local line
	for line; do
		term_type "$line"
		term_key Enter
		prompt
	done
}

# The same, pasted: as it is, at once.
paste_line() {
	printf '%s' "$1" | tmux load-buffer -
	tmux paste-buffer -p -r -t t
	term_key Enter
	prompt
}

# Commands with their statuses, a JSON array a line.
events() {
	qt-hist list -J | jq -c '[.command, .exit]'
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

term_running() {
	[ "$(term_mode pane_current_command)" = "$1" ]
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
	    'set -e fish_private_mode' 'sleep 0.1'
	run events
	diff - <(printf '%s\n' "$output") <<-'EOF'
	["echo one",0]
	["true | false",1]
	["function f; return 7; end",0]
	["f",7]
	["cd /",0]
	["set -g fish_private_mode 1",127]
	["sleep 0.1",0]
	EOF
	run ! grep -rqa secret "$QT_HIST"
	qt-hist list -J | jq -se 'last | .duration >= 0.1 and .start > 1700000000'
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

@test "a secret that was typed is in no file" {
	bash_open
	enter 'export MY_TOKEN=hunter2hunter2' 'echo one'
	grep -rqa hunter2 "$QT_HIST/spool" "$WORLD/run/hist"
	[ "$(qt-hist list -0 | tr '\0' ';')" = \
	    'export MY_TOKEN=[redacted];echo one;' ]
	run ! grep -rqa hunter2 "$QT_HIST" "$WORLD/run"
	# NULs end lines: most of a segment is none that was ever written.
	find /dev/shm -name 'qt-store-*' -newer "$HOME/.bashrc" >segments
	[ -s segments ]
	run ! xargs grep -qza hunter2 <segments
	mkdir -p "$HOME/.config/qt"
	printf 'mine zz[0-9]+\nwrong (\n' >"$HOME/.config/qt/hist-redact"
	enter 'echo zz123'
	qt-hist list -0 2>err | tr '\0' ';' >out
	grep -q "hist-redact: line 2: rule 'wrong': " err
	[ "$(<out)" = \
	    'export MY_TOKEN=[redacted];echo one;echo [redacted];' ]
	run ! grep -rqa zz123 "$QT_HIST" "$WORLD/run"
}
