#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completions and suggestions of the history, in real shells.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
	local c start=1700000000
	for c in 'echo deployment-one' 'echo first' 'echo deployment-one' \
	    'echo first' 'echo deployment-two' "printf 'a
b'"; do
		jq -nc --arg c "$c" --argjson s $((start += 60)) \
		    '{command: $c, start: $s, session: "old"}'
	done | qt-hist import -f json - >/dev/null
	qt-hist sync-spool -i
}

teardown() {
	hist_down
}

# The line that is being edited, without the prompt.
line_is() {
	term_shows "^\[$N\][\$#] $1\$"
}
wait_line() {
	wait_for 10 line_is "$1" || { term_screen >&2; return 1; }
}
new_line() {
	term_key C-c
	prompt
}

# What is the same in all shells.
check_keys() {
	term_type 'echo depl'
	term_key M-j
	wait_line 'echo deployment-one'
	term_key M-j
	wait_line 'echo deployment-two'
	term_key M-j
	wait_line 'echo deployment-one'
	term_key Enter
	prompt
	# What follows that, then what begins so.
	term_key M-i
	wait_line 'echo first'
	term_key Enter
	prompt
	term_type 'echo d'
	term_key M-i
	wait_line 'echo deployment-one'
	term_key M-i
	wait_line 'echo deployment-two'
	term_key C-u
	term_type 'nosuchthing'
	term_key M-j M-i
	term_type X
	wait_line 'nosuchthingX'
	term_key C-u
}

@test "bash: words and suggestions by keys, and by Tab where it has nothing" {
	bash_open 'eval "$(qt-hist init --complete bash)"'
	enter 'sleep 0 & job=$!'
	check_keys
	enter 'echo "same: $((job == $!))"'
	term_shows '^same: 1$'
	# In the middle of a line.
	term_type 'echo depl tail'
	term_key C-a M-f M-f M-j
	wait_line 'echo deployment-one tail'
	term_key C-u C-k
	# Files and variables are bash's.
	touch depl-file
	term_type 'wc depl'
	term_key Tab
	wait_line 'wc depl-file'
	term_key C-u
	rm depl-file
	term_type 'wc deployment-o'
	term_key Tab
	wait_line 'wc deployment-one'
	term_key C-u
	term_type 'echo $HOM'
	term_key Tab
	wait_line 'echo \$HOME/'
	term_key C-u
	term_type "printf"
	term_key M-i
	term_wait "^b'$"
	term_key Enter
	prompt
}

@test "bash: keys and completions of the user's own stay" {
	bash_open "bind -x '\"\\ei\": READLINE_LINE=mine'" \
	    'complete -D -W mineonly' 'eval "$(qt-hist init --complete bash)"'
	term_key M-i
	wait_line mine
	term_key C-a C-k
	term_type 'wc min'
	term_key Tab
	wait_line 'wc mineonly'
}

@test "zsh: words and suggestions by keys, a completer, and a strategy" {
	command -v zsh || skip "zsh is not here"
	zsh_open 'autoload -Uz compinit && compinit -D' \
	    "zstyle ':completion:*' completer _complete" \
	    'eval "$(qt-hist init --complete zsh)"' 'bindkey -e'
	check_keys
	term_type 'wc deployment-o'
	term_key Tab
	wait_line 'wc deployment-one'
	term_key C-u
	enter 'echo deployment-two' \
	    '_zsh_autosuggest_strategy_qt_hist "echo f"; print -r -- "<$suggestion>"'
	term_shows '^<echo first>$'
	enter '_zsh_autosuggest_strategy_qt_hist "nosuch"; print -r -- "<$suggestion>"'
	term_shows '^<>$'
	enter '_zsh_autosuggest_strategy_qt_hist printf; print -r -- "<$suggestion>"'
	term_shows "^b'>$"
}

@test "zsh: keys of the user's own stay" {
	command -v zsh || skip "zsh is not here"
	zsh_open 'bindkey -e' 'mine() { BUFFER=mine }; zle -N mine' \
	    "bindkey '^[i' mine" 'eval "$(qt-hist init --complete zsh)"'
	term_key M-i
	wait_line mine
}

@test "fish: words and suggestions by keys" {
	command -v fish || skip "fish is not here"
	fish_open 'qt-hist init --complete fish | source' \
	    'set -g fish_autosuggestion_enabled 0'
	check_keys
	term_type "printf"
	term_key M-i
	term_wait "^ *b'$"
}
