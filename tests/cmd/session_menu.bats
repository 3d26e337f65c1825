#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The interactive list: qt-session without arguments, on a real terminal.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

start() {
	qt-session new -d -n editor -- sh -c 'echo EDITOR SCREEN; exec cat'
	qt-session new -d -n build -- sh -c 'echo BUILD SCREEN; exec cat'
	qt-session new -d -n music -- cat
} >/dev/null

open_menu() {
	term_open "${1:-80x24}"
	term_type 'qt-session; echo code=$?'
	term_key Enter
	term_wait "${2:-Enter attach|editor}"
}

@test "it lists the sessions and shows the selected one's screen" {
	start
	open_menu
	term_wait '^> editor +running'
	term_wait 'EDITOR SCREEN'
	term_key Down
	term_wait '^> build'
	term_wait 'BUILD SCREEN'
	term_key k
	term_wait '^> editor'
	term_key q
	term_wait '^code=0'
	[ "$(term_mode alternate_on)" = 0 ]
	[ "$(term_mode cursor_flag)" = 1 ]
}

# click BUTTON COL ROW: a press and its release, as the terminal reports them.
click() { printf '\e[<%d;%d;%dM\e[<%d;%d;%dm' "$@" "$@"; }
mouse() { term_type "$(click "$@")"; }

@test "the wheel moves, a click selects, a second one attaches" {
	start
	open_menu
	term_wait '^> editor'
	mouse 65 5 2
	term_wait '^> build'
	mouse 64 5 2
	term_wait '^> editor'
	# A report that comes in two pieces is one all the same.
	term_type $'\e[<65;5'
	term_type ';2M'
	term_wait '^> build'
	mouse 0 5 4
	term_wait '^> music'
	mouse 0 5 20	# below the list: nothing
	term_key x
	term_wait "kill 'music'"
	mouse 0 5 2	# a question waits for its answer
	term_key n
	term_wait '^> music'
	term_type "$(click 0 5 3)$(click 0 5 3)"
	term_wait '^BUILD SCREEN'
	term_key 'C-\'
	term_wait '^code=0'
	[ "$(term_mode mouse_any_flag)" = 0 ]
}

@test "what runs comes first, what ended and was not seen after it" {
	qt-session new -d -n over -- true
	qt-session wait over
	start
	open_menu
	[ "$(term_screen | sed -n '2,5s/^[> ] \([a-z]*\) .*/\1/p' | tr '\n' ' ')" = \
	    'editor build music over ' ]
}

@test "the picture is live" {
	start
	open_menu
	term_wait 'EDITOR SCREEN'
	qt-session send -l editor news
	term_wait '│news'
}

@test "/ filters as you type, Enter attaches, Ctrl-\\ comes back to the shell" {
	start
	open_menu
	term_key /
	term_type uil
	term_wait '/uil_ +1 of 3'
	wait_for 10 term_lacks music
	term_key Enter
	term_wait '^BUILD SCREEN'
	wait_for 10 term_lacks 'Enter attach'
	term_key 'C-\'
	term_wait '^\[detached from build\]'
	term_wait '^code=0'
}

@test "Escape clears the filter, then quits" {
	start
	open_menu
	term_key /
	term_type zzz
	term_wait 'nothing matches'
	term_key Escape
	term_wait music
	term_key Escape
	term_wait '^code=0'
}

@test "n asks for a name and attaches to the new session" {
	open_menu 80x24 'no sessions'
	term_key n
	term_wait 'name of the new session'
	term_type fresh
	term_key Enter
	wait_for 10 has_state fresh running
	wait_for 10 term_lacks 'no sessions'
	term_type 'echo in-$((1 + 1))'
	term_key Enter
	term_wait '^in-2'
	session_wait fresh '^in-2'
}

@test "x kills after y, and only then; r renames" {
	start
	open_menu
	term_key x
	term_wait "kill 'editor'\? y n"
	term_key n
	wait_for 10 term_lacks 'y n'
	has_state editor running
	term_key x
	term_wait "kill 'editor'\?"
	term_key y
	wait_for 10 has_state editor exited
	term_wait '^> build'
	term_key r
	term_wait "new name of 'build': build_"
	term_key C-u
	term_type made
	term_key Enter
	term_wait '^> made'
	[ "$(qt-session ls -o name)" = $'made\nmusic' ]
}

@test "? is help, and any key leaves it" {
	start
	open_menu
	term_key '?'
	term_wait 'Detach from a session with'
	term_key Space
	term_wait '^> editor'
}

@test "it works in a tiny terminal, and follows its size" {
	start
	for size in 20x5 10x3 5x2 1x1; do
		open_menu "$size" .
		term_key q
		wait_for 10 eval '[ "$(term_mode alternate_on)" = 0 ]'
		term_close
	done
	open_menu 20x5 '^> editor'
	tmux resize-window -t t -x 100 -y 30
	term_wait 'EDITOR SCREEN'
	term_key q
	term_wait '^code=0'
}

@test "NO_COLOR leaves out colours" {
	start
	printf '%s\n' 'expect running' 'send q' 'exit 0' |
		ptydrive -o "$WORLD/color" qt-session
	grep -qaF $'\033[32m' "$WORLD/color"
	printf '%s\n' 'expect running' 'send q' 'exit 0' |
		NO_COLOR=1 ptydrive -o "$WORLD/plain" qt-session
	refute grep -qaF $'\033[32m' "$WORLD/plain"
}

@test "wide names keep the columns straight" {
	qt-session new -d -n '日本語の名前' -- cat >/dev/null
	qt-session new -d -n 'plain' -- cat >/dev/null
	open_menu 80x24 plain
	term_wait '日本語の名前'
	# Both borders stand in the same column, counted in cells.
	cells() { sed 's/│.*//' | sed 's/[日本語の名前]/xx/g' | awk '{print length}'; }
	[ "$(term_screen | sed -n '2,3p' | cells | sort -u | wc -l)" = 1 ]
}

@test "inside a session it lists but does not attach" {
	start
	export QT_SESSION=0192f0c0-0000-7000-8000-000000000000
	open_menu
	term_key Enter
	term_wait 'already inside session'
	term_key q
	term_wait '^code=0'
}
