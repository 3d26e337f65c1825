#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A viewer that a flood lapped, while no screen could be drawn for it: it goes
# on with the newest output, and ends with the right screen.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() {
	[ ! -s "$WORLD/terminal" ] || kill -CONT "$(cat "$WORLD/terminal")" || true
	world_down
}

same_screen() { [ "$(term_screen)" = "$(qt-session capture one)" ]; }

# lapped COMMANDS: a session of one that runs them, with a viewer on a terminal
# that misses the middle of what they print, all but some 256 KiB. They end
# with DONE.
lapped() {
	printf '%s\n' "e=\$(printf '\\033')" "$1" ": >'$WORLD/done'" \
	    >"$WORLD/flood"
	qt-session new -d -n one -s 80x24 -- sh -c "stty -echo
		echo ready; read -r x; . '$WORLD/flood'; exec cat" >/dev/null
	session_wait one ready
	term_open 80x24 "$(command -v qt-session)" attach one
	term_wait ready
	tmux display-message -p '#{pid}' >"$WORLD/terminal"
	kill -STOP "$(cat "$WORLD/terminal")"
	mv "$QT_RUNTIME_DIR/screen.sock" "$QT_RUNTIME_DIR/away"
	qt-session send -k one Enter
	wait_for 30 test -e "$WORLD/done"
	kill -CONT "$(cat "$WORLD/terminal")"
	term_wait DONE 20
	# Nobody can tell it yet what it missed.
	refute term_shows EARLIER
	mv "$QT_RUNTIME_DIR/away" "$QT_RUNTIME_DIR/screen.sock"
	wait_for 20 same_screen ||
		{ term_screen; qt-session capture one; return 1; }
	term_shows EARLIER
	term_shows DONE
}

@test "a lapped viewer ends with the right screen of a program that moves about" {
	lapped 'seq 100000 500000
		printf "\033[2J\033[HEARLIER\033[4;20r\033[4;1H"
		seq -f "%06g line" 100000 140000
		printf "\033[22;10HDONE\033[12;40Hhere\033[2;3H\033[32mgreen"'
	[ "$(term_mode cursor_x),$(term_mode cursor_y)" = 7,1 ]
}

@test "a lapped viewer ends with the right screen of a full-screen program" {
	lapped 'seq 100000 500000
		printf "\033[?1049h\033[?1h\033[2J\033[HEARLIER"
		seq -s "" -f "$e[5;7H$e[1mline %06g$e[m$e[6;1Hsecond" 100000 114000
		printf "\033[24;70HDONE\033[10;10H"'
	[ "$(term_mode alternate_on)" = 1 ]
	[ "$(term_mode keypad_cursor_flag)" = 1 ]
	[ "$(term_mode cursor_x),$(term_mode cursor_y)" = 9,9 ]
}
