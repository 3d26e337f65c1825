#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks of qt-hist in real shells: what is typed and what the shell makes of it,
# settings and tools of others', and a world that refuses.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
}

teardown() {
	hist_down
}

# Jobs that are stopped and continued; what is given up before it is run.
jobs_and_interrupts() {
	term_type 'sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-z
	prompt
	enter 'echo one'
	term_type fg
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-c
	prompt
	term_type 'echo given up'
	term_wait 'echo given up'
	term_key C-c
	prompt
	enter '' '' 'echo two'
}

@test "bash: jobs, and commands that are given up" {
	bash_open
	jobs_and_interrupts
	term_type 'for i in 1 2'
	term_key Enter
	term_wait '^>$'
	term_key C-c
	prompt
	enter 'sleep 100 &' 'kill %1' 'true'
	events >got
	diff - got <<-'EOF'
	["sleep 100",148]
	["echo one",0]
	["fg",130]
	["echo two",0]
	["for i in 1 2",null]
	["sleep 100 &",0]
	["kill %1",0]
	["true",0]
	EOF
}

@test "zsh: jobs, and commands that are given up" {
	command -v zsh || skip "zsh is not here"
	zsh_open
	jobs_and_interrupts
	enter 'sleep 100 &' 'kill %1' 'true'
	events >got
	diff - got <<-'EOF'
	["sleep 100",148]
	["echo one",0]
	["fg",130]
	["echo two",0]
	["sleep 100 &",0]
	["kill %1",0]
	["true",0]
	EOF
}

@test "fish: jobs, and commands that are given up" {
	command -v fish || skip "fish is not here"
	fish_open
	term_type 'sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-z
	prompt
	enter 'echo one'
	term_type 'command sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-c
	prompt
	enter '' 'kill %1; wait' 'true'
	events >got
	diff - got <<-'EOF'
	["sleep 100",0]
	["echo one",0]
	["command sleep 100",130]
	["kill %1; wait",0]
	["true",0]
	EOF
}

@test "lines that are pasted: a here-document, functions, two at once" {
	bash_open
	paste_line $'cat >/dev/null <<X\na  b\nX'
	paste_line $'f() {\n\treturn 5\n}'
	N=$((N + 1))
	paste_line $'f\necho two'
	enter 'echo end'
	events >got
	# Lines are joined as bash does in its own list. Two commands that are
	# entered at once have one prompt, which knows of the last.
	diff - got <<-'EOF'
	["cat >/dev/null <<X\na  b\nX\n",0]
	["f() { \treturn 5; }",0]
	["f",null]
	["echo two",0]
	["echo end",0]
	EOF
}

@test "zsh and fish: lines that are pasted, bytes that are no text" {
	if command -v zsh; then
		zsh_open
		paste_line $'f() {\n  return 5\n}'
		paste_line $'f\necho two'
		paste_line $'echo \xff\xfe\x01'
		commands | od -An -c | tr -d ' \n' >got
		[ "$(<got)" = 'f(){\nreturn5\n};f\nechotwo;echo377376001;' ]
		term_close
		hist_forget "$QT_HIST"
	fi
	if command -v fish; then
		N=0
		fish_open
		paste_line $'function f\n    return 5\nend'
		paste_line $'f\necho two'
		# It drops what is no UTF-8 itself.
		paste_line 'echo é'
		commands | od -An -c | tr -d ' \n' >got
		[ "$(<got)" = 'functionf\nreturn5\nend;f\nechotwo;echo303251;' ]
	fi
}

@test "a shell in a shell, and one in its place, are sessions of their own" {
	bash_open
	enter 'echo one'
	# Its prompts have numbers that are not on the screen yet.
	N=50
	term_type 'exec env prompts=50 bash'
	term_key Enter
	prompt
	enter 'echo two' 'eval "$(qt-hist init bash)"' 'export PS0'
	N=70
	term_type 'prompts=70 bash'
	term_key Enter
	prompt
	enter 'echo three'
	qt-hist list -J | jq -se 'last.exit == 0'
	[ "$(commands)" = 'echo one;echo two;eval "$(qt-hist init bash)";export PS0;echo three;' ]
	[ "$(qt-hist list -J | jq -r .session | sort -u | wc -l)" -eq 3 ]
}

@test "zsh and fish: one in its place" {
	if command -v zsh; then
		zsh_open
		N=50
		term_type 'exec env prompts=50 zsh'
		term_key Enter
		prompt
		enter 'echo two' 'eval "$(qt-hist init zsh)"' 'echo three'
		[ "$(commands)" = 'exec env prompts=50 zsh;echo two;eval "$(qt-hist init zsh)";echo three;' ]
		term_close
		hist_forget "$QT_HIST"
	fi
	if command -v fish; then
		N=0
		fish_open
		N=50
		term_type 'exec env prompts=50 fish'
		term_key Enter
		prompt
		enter 'echo two' 'qt-hist init fish | source' 'echo three'
		[ "$(commands)" = 'exec env prompts=50 fish;echo two;qt-hist init fish | source;echo three;' ]
	fi
}

@test "bash: each HISTCONTROL" {
	local control
	for control in ignorespace ignoredups erasedups ignoreboth:erasedups; do
		N=0
		bash_open "HISTCONTROL=$control"
		enter 'echo a' ' echo b' 'echo c'
		# The same again is kept where its time tells it from the first.
		[ "$control" = erasedups ] || enter 'echo c'
		enter 'echo a' 'echo d'
		commands >got
		case $control in
		ignorespace)	want='echo a;echo c;echo c;echo a;echo d;' ;;
		ignoredups)	want='echo a; echo b;echo c;echo a;echo d;' ;;
		erasedups)	want='echo a; echo b;echo c;echo a;echo d;' ;;
		*)		want='echo a;echo c;echo a;echo d;' ;;
		esac
		echo "$want" >want
		diff want <(cat got && echo)
		term_close
		hist_forget "$QT_HIST"
	done
}

# Pastes them; bash counts a prompt for each.
paste_lines() {
	N=$((N + $# - 1))
	paste_line "$(printf '%s\n' "$@")"
}

@test "bash: of commands entered at once each has its own, and no other's" {
	bash_open 'HISTCONTROL=ignorespace'
	enter 'echo 0'
	paste_lines '(exit 3)' '# a'
	paste_lines 'echo 1' '# b' '(exit 4)'
	paste_lines '# c' '(exit 5)'
	paste_lines 'echo 2' ' (exit 6)'
	paste_lines ' echo 3' '(exit 7)'
	paste_lines 'echo 4' 'bad )'
	enter 'set -o posix' 'HISTTIMEFORMAT="%T "' '(exit 8)' \
	    'readonly now n s; HISTSIZE=2'
	paste_lines 'echo 5' 'echo 6' '(exit 9)'
	events >got
	# A comment behind the last one is not known from what others add, nor a
	# command that shortens the list.
	diff - got <<-'EOF'
	["echo 0",0]
	["(exit 3)",3]
	["echo 1",null]
	["# b",null]
	["(exit 4)",4]
	["# c",null]
	["(exit 5)",5]
	["echo 2",null]
	["(exit 7)",7]
	["echo 4",null]
	["bad )",null]
	["set -o posix",0]
	["HISTTIMEFORMAT=\"%T \"",0]
	["(exit 8)",8]
	["echo 6",null]
	["(exit 9)",9]
	EOF
}

@test "bash: a list that shells share" {
	local how
	for how in 'history -n' 'history -c; history -r'; do
		N=0
		rm -f "$HOME/list"
		bash_open "HISTFILE=\$HOME/list PROMPT_COMMAND='history -a; $how'"
		enter 'echo a'
		printf 'other 1\nother 2\n' >>"$HOME/list"
		enter '(exit 3)' '(exit 4)'
		[ "$(events | tr '\n' ' ')" = \
		    '["echo a",0] ["(exit 3)",3] ["(exit 4)",4] ' ]
		term_close
		hist_forget "$QT_HIST"
	done
}

@test "bash: a list that is off, emptied, or shortened" {
	bash_open 'HISTTIMEFORMAT="%T "'
	enter 'echo a' '(exit 3)' 'set +o history' 'echo hidden' '(exit 4)' \
	    'set -o history' 'unset HISTTIMEFORMAT' 'echo b' 'history -c' \
	    'echo c' 'echo d' 'history -d 1' '(exit 5)'
	events >got
	diff - got <<-EOF
	["echo a",0]
	["(exit 3)",3]
	["set +o history",0]
	["unset HISTTIMEFORMAT",0]
	["echo b",0]
	["echo c",0]
	["echo d",0]
	["(exit 5)",5]
	EOF
}

@test "zsh: options say what is kept, and stay" {
	command -v zsh || skip "zsh is not here"
	zsh_open 'setopt histignorespace histignoredups histnostore' \
	    'unsetopt interactivecomments' 'alias none=true'
	enter 'echo a' ' echo secret' 'history' '# no comment' \
	    'setopt | grep -c "^histignore\(space\|dups\)$"'
	term_wait '^2$'
	[ "$(commands)" = 'echo a;# no comment;setopt | grep -c "^histignore\(space\|dups\)$";' ]
	[ "$(qt-hist list -J | jq 'select(.command == "# no comment").exit')" = 127 ]
	run ! grep -rqa secret "$QT_HIST"
}

@test "fish: a private one" {
	command -v fish || skip "fish is not here"
	fish_open 'function fish_should_add_to_history' \
	    '  string match -qv "*password*" -- $argv[1]' 'end'
	enter 'echo a' 'echo password' 'echo b'
	N=50
	term_type 'exec env prompts=50 fish --private'
	term_key Enter
	prompt
	enter 'echo secret'
	[ "$(commands)" = 'echo a;echo b;exec env prompts=50 fish --private;' ]
	run ! grep -rqaE 'secret|password' "$QT_HIST"
}

@test "tools that take the prompt, also each time" {
	# As starship, and as those that set it anew at each prompt.
	export AFTER='
	starship_precmd() { local s=$?; true; return $s; }
	PROMPT_COMMAND="starship_precmd;$PROMPT_COMMAND"
	PS0="$(printf "")$PS0"'
	bash_open
	enter 'echo a' '(exit 3)'
	[ "$(events | tr '\n' ' ')" = '["echo a",0] ["(exit 3)",3] ' ]
	enter 'hog() { PROMPT_COMMAND=(hog); }' 'PROMPT_COMMAND=(hog)' \
	    'echo b' '(exit 4)' 'echo c'
	[ "$(qt-hist list -J -l 3 | jq -c '[.command, .exit]' | tr '\n' ' ')" = \
	    '["echo b",0] ["(exit 4)",4] ["echo c",0] ' ]
}

@test "bash: a prompt that may not be changed goes on" {
	bash_open 'readonly PROMPT_COMMAND'
	enter 'echo $((6 * 7))'
	term_wait '^42$'
}

@test "zsh: tools that take the prompt" {
	command -v zsh || skip "zsh is not here"
	export AFTER='precmd() { : }; preexec() { : }
	starship_precmd() { : }; precmd_functions+=(starship_precmd)'
	zsh_open
	enter 'echo a' '(exit 3)'
	[ "$(events | tr '\n' ' ')" = '["echo a",0] ["(exit 3)",3] ' ]
}

@test "a limit of files' sizes ends no shell" {
	local shell
	for shell in bash zsh fish; do
		command -v "$shell" || continue
		N=0
		"${shell}_open"
		enter 'echo one' 'ulimit -f 0' 'echo two' 'true'
		term_shows '^two$'
		says_nothing
		term_close
		hist_forget "$QT_HIST"
	done
}

# What a shell would say of us.
says_nothing() {
	term_lacks '__qh_[a-z]|: parameter |No such file|syntax error'
}

@test "bash: who unsets what is ours is left alone" {
	bash_open 'set -u; prompts=0'
	enter 'echo a' 'unset ${!__qh_*}' 'echo b' "PS0='[ps0]'\$PS0" 'echo c'
	term_wait '^\[ps0\]c$'
	says_nothing
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo a;' ]
}

@test "bash: who unsets some of it, or HISTCMD, has a prompt" {
	bash_open 'set -u; prompts=0'
	enter 'unset __qh_hook __qh_more; PROMPT_COMMAND=()' 'echo $((6 * 7))'
	term_wait '^42$'
	paste_lines 'echo 1' 'echo $((6 * 8))'
	term_wait '^48$'
	term_close
	N=0
	bash_open 'set -u; prompts=0'
	enter 'unset HISTCMD' '# a' 'echo $((6 * 7))'
	term_wait '^42$'
	says_nothing
	term_close
	N=0
	bash_open 'set -u; prompts=0'
	enter 'unset __qh_next' '# a' 'echo $((6 * 7))'
	term_wait '^42$'
}

@test "zsh: the user's options and aliases do not reach the hooks" {
	command -v zsh || skip "zsh is not here"
	export AFTER='first() { told=first; }; second() { told+=-second; }
	setopt noksharrays; precmd_functions+=(second); setopt ksharrays'
	zsh_open 'prompts=0; setopt shglob ksharrays shwordsplit nounset errreturn' \
	    'setopt warnnestedvar noaliasfuncdef extendedglob' \
	    'alias -g B="| nl" E="2>/dev/null" b=c s=t now=then' \
	    'alias local="print -r" emulate="print -r" typeset="print -r"' \
	    'precmd_functions=(first)' 'HISTORY_IGNORE="(echo"'
	enter 'echo a' 'HISTORY_IGNORE="^echo*"' 'true out' 'echo $told'
	term_wait '^first-second$'
	says_nothing
	[ "$(events | tr '\n' ' ')" = \
	    '["echo a",0] ["HISTORY_IGNORE=\"^echo*\"",0] ["echo $told",0] ' ]
	enter 'unset ${(M)${(k)parameters}:#__qh_*}' 'echo b'
	says_nothing
}

@test "fish: the user's functions and variables do not reach the hooks" {
	command -v fish || skip "fish is not here"
	fish_open 'set -g IFS ,' 'function math; builtin math 7; end' \
	    'function printf; end'
	enter 'echo a' 'echo b'
	[ "$(events | tr '\n' ' ')" = '["echo a",0] ["echo b",0] ' ]
	enter 'for v in (set -n | string match "__qh_*"); set -e $v; end' 'echo b'
	says_nothing
}

@test "zsh and fish go on where nothing can be written" {
	local shell
	for shell in zsh fish; do
		command -v "$shell" || continue
		N=0
		"${shell}_open"
		enter 'echo one'
		rm -rf "$QT_HIST/spool" "$WORLD/run/hist"
		enter 'echo two'
		term_shows '^two$'
		term_lacks 'No such file|__qh|qt-hist'
		term_close
		hist_forget "$QT_HIST"
	done
}

@test "a spool that is removed, or its folder, is there again" {
	local shell
	for shell in bash zsh fish; do
		command -v "$shell" || continue
		N=0
		"${shell}_open" 'umask 022'
		enter 'echo one'
		[ "$(commands)" = 'echo one;' ]
		rm "$QT_HIST"/spool/*.spool
		enter 'echo two' 'echo three'
		[ "$(commands)" = 'echo one;echo two;echo three;' ]
		rm -r "$QT_HIST/spool"
		enter 'echo four'
		grep -qa 'echo four' "$WORLD"/run/hist/*.spool
		[ "$(commands)" = 'echo one;echo two;echo three;echo four;' ]
		# A copy that takes its place.
		enter 'echo five'
		cp "$QT_HIST"/spool/*.spool copy
		mv copy "$(echo "$QT_HIST"/spool/*.spool)"
		enter 'echo six'
		[ "$(commands)" = 'echo one;echo two;echo three;echo four;echo five;echo six;' ]
		term_lacks 'No such file|__qh'
		[ "$shell" != zsh ] ||
			[ -z "$(find "$WORLD/run/hist" "$QT_HIST/spool" \
			    -name '*.spool' ! -perm 600)" ]
		term_close
		hist_forget "$QT_HIST"
	done
}

@test "without a runtime folder, and without a home" {
	unset QT_RUNTIME_DIR
	export XDG_RUNTIME_DIR=$WORLD/none
	bash_open "export QT_RUNTIME_DIR=$WORLD/none/at/all"
	enter 'echo one'
	[ "$(qt-hist list -0 2>err | tr '\0' ';')" = 'echo one;' ]
	term_close
	export QT_RUNTIME_DIR=$WORLD/run
	N=0
	bash_open 'unset QT_HIST; HOME=/proc/none'
	enter 'echo two'
	term_shows '^two$'
	grep -rqa 'echo two' "$WORLD/run/hist"
}

# Those that read commands from a file, as a terminal is not to be had there.
@test "a full disk, a read-only one" {
	printf 'eval "$(qt-hist init bash)"\n' >"$HOME/.bashrc"
	printf 'eval "$(qt-hist init zsh)"\n' >"$HOME/.zshrc"
	cat >script <<-'EOF'
	export HOME=$WORLD/home
	fail() { echo "$@"; tail -v said; exit 1; }
	shells() { for s in bash zsh; do ! command -v $s >/dev/null || $1 $s; done; }
	type_in() { "$1" -i <"$2" >said 2>&1; }
	mkdir -p "$QT_HIST"
	mount -t tmpfs -o size=64k,mode=700 none "$QT_HIST" || exit 1
	mount -t tmpfs -o size=64k,mode=700 none "$QT_RUNTIME_DIR" || exit 1

	# The one that is full: what does not fit goes into the other.
	cat >typed <<-'X'
	head -c 128k /dev/zero >$QT_HIST/big 2>/dev/null
	echo $((6 * 7))
	rm $QT_HIST/big
	echo end
	X
	full() {
		type_in "$1" typed
		grep -q "42\$" said || fail "$1 does not go on"
		! grep -qE "No space|write error|__qh" said ||
			fail "$1 says it"
		grep -rqa 'echo $((6 \* 7))' "$QT_HIST" "$QT_RUNTIME_DIR/hist" ||
			fail "$1: the other one lacks it"
		rm -rf "$QT_HIST"/* "$QT_RUNTIME_DIR"/*
	}
	shells full

	# Both.
	sed -i '1s,$,; head -c 128k /dev/zero >$QT_RUNTIME_DIR/big 2>/dev/null,' typed
	both() {
		type_in "$1" typed
		grep -q "42\$" said || fail "$1 does not go on"
		! grep -qE "No space|write error|__qh" said ||
			fail "$1 says it"
		rm -rf "$QT_HIST"/* "$QT_RUNTIME_DIR"/*
	}
	shells both

	# A home that is read-only: in the runtime folder.
	unset QT_HIST
	mount --bind "$HOME" "$HOME" && mount -o remount,ro,bind "$HOME" || exit 1
	printf 'echo $((6 * 7))\n' >typed
	readonly_home() {
		type_in "$1" typed
		grep -q "42\$" said || fail "$1 does not go on"
		grep -rqa 'echo $((6 \* 7))' "$QT_RUNTIME_DIR/hist" ||
			fail "$1: not in the runtime folder"
	}
	shells readonly_home
	echo to the end
	EOF
	own_mounts "$PWD/script"
}

is_stopped() {
	[[ $(ps -o stat= -p "$1") == T* ]]
}

@test "a reader that is stopped, or killed, costs nobody anything" {
	local pid call
	bash_open
	enter 'echo 0'
	qt-hist sync-spool
	for call in fsync:1 pwrite:1 fallocate:1; do
		enter "echo $call"
		QT_FAULT=$call:stop qt-hist sync-spool 3>&- 2>/dev/null &
		pid=$!
		wait_for 10 is_stopped "$pid"
		enter "echo $call again"
		# Nor is who looks meanwhile, who may not see the last.
		qt-hist list -0 | grep -qz 'echo 0'
		kill -KILL "$pid"
		wait "$pid" || true
	done
	[ "$(commands)" = 'echo 0;echo fsync:1;echo fsync:1 again;echo pwrite:1;echo pwrite:1 again;echo fallocate:1;echo fallocate:1 again;' ]
}

# What the shell called between two that it ran; not the threads of fish.
calls() {
	awk '/write\(1, "begin/ { on = 1 } /write\(1, "end/ { on = 0 } on' "$1" |
	    grep -v CLONE_THREAD
}

@test "at the prompt nothing is run, locked, synced or waited for" {
	local shell never='clone3?|v?fork|execve|socket|connect'
	strace -o /dev/null true || skip 'strace is not here, or not permitted'
	for shell in fish zsh bash; do
		command -v "$shell" >/dev/null || continue
		N=0
		cat >"$HOME/$shell" <<-EOF
		#!/bin/sh
		exec strace -f -o "$HOME/trace" $(command -v "$shell") "\$@"
		EOF
		chmod +x "$HOME/$shell"
		PATH=$HOME:$PATH "${shell}_open"
		enter 'echo begin' 'true' 'cd /' 'echo end'
		calls trace >between
		grep -qE 'writev?\(.*"\\0*36' between
		run grep -E "($never)\(" between
		[ -z "$output" ] || { echo "$shell: $output"; false; }
		term_close
		hist_forget "$QT_HIST"
		# fish has a file of its own to lock and to sync.
		never="$never|flock|fsync|fdatasync"
	done
}
