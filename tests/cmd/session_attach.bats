#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session attach and new on real terminals (tmux, and ptydrive for bytes).

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

# A session with a shell that has shown its prompt: what is typed before would
# be shown ahead of it.
start_shell() {
	qt-session new -d -n "$1" "${@:2}" -- sh >/dev/null
	session_wait "$1" '[$]'
}

# Waits until the only session has that size; says what is there when not.
size_is() { [ "$(qt-session ls -o size)" = "$1" ]; }
size_wait() {
	wait_for 15 size_is "$1" || {
		qt-session ls -o name,size,viewers,policy
		term_screen
		return 1
	} >&2
}

# Attaches in the terminal's shell, whose prompt is that of the session's.
attach_in() {
	local seen
	seen=$(viewers)
	term_type "qt-session attach $1"
	term_key Enter
	wait_for 10 more_viewers "$seen"
}
viewers() { qt-session ls -o viewers | awk '{ n += $1 } END { print n + 0 }'; }
more_viewers() { [ "$(viewers)" -gt "$1" ]; }

@test "attach shows the screen, types into it and detaches by Ctrl-\\" {
	start_shell one
	qt-session send -l one 'echo was-$((1 + 1))'
	session_wait one '^was-2'
	term_open 80x24
	attach_in one
	term_wait '^was-2'
	term_type 'echo now-$((1 + 2))'
	term_key Enter
	term_wait '^now-3'
	session_wait one '^now-3'
	term_key 'C-\'
	term_wait '^\[detached from one\]$'
	term_type 'echo code=$?'
	term_key Enter
	term_wait '^code=0'
	has_state one running
}

@test "new attaches, and says how the program ended" {
	term_open 80x24
	term_type 'qt-session new -n one -- sh -c "echo hello; exit 0"; echo c=$?'
	term_key Enter
	term_wait '^hello'
	term_wait '^\[one exited with status 0\]$'
	term_wait '^c=0'
	term_type 'qt-session new -n two -- sh -c "exit 5"; echo c=$?'
	term_key Enter
	term_wait '^\[two exited with status 5\]$'
	term_wait '^c=1'
	run -1 qt-session ls
}

@test "attach without a name takes the one used last" {
	start_shell one
	start_shell two
	qt-session send one x
	wait_for 10 eval '[ -n "$(qt-session ls -o typed | head -n 1)" ]'
	term_open 80x24
	attach_in ''
	term_wait '\$ x'
	term_key 'C-\'
	term_wait 'detached from one'
}

@test "other detach keys, and none" {
	start_shell one
	for key in '^A:\x01' 'C-x:\x18' 'q:q'; do
		printf '%s\n' 'expect [$]' "send ${key#*:}" \
		    'expect detached from one' 'exit 0' |
			ptydrive qt-session attach -k "${key%%:*}" one
	done
	printf '%s\n' 'expect [$]' 'send \x1c' 'send echo still-$((1+1))\r' \
	    'expect still-2' 'signal 15' 'exit 143' |
		ptydrive qt-session attach -k - one
	run -2 qt-session attach -k C-nonsense one
}

@test "the detach key is known in kitty's and xterm's encodings" {
	start_shell one
	for seq in '\e[92;5u' '\e[92;5:1u' '\e[92;133u' '\e[27;5;92~'; do
		printf '%s\n' 'expect [$]' "send $seq" \
		    'expect detached from one' 'exit 0' |
			ptydrive qt-session attach one
	done
}

@test "two viewers of one size show the same screen" {
	start_shell one
	term_open 80x24
	tmux new-session -d -s u -x 80 -y 24 'exec sh'
	TERM_PANE=u term_wait '[$#]'
	attach_in one
	TERM_PANE=u attach_in one
	term_wait '\$$'
	TERM_PANE=u term_wait '\$$'
	term_type 'seq 100 130'
	term_key Enter
	term_wait '^130'
	TERM_PANE=u term_wait '^130'
	same() { [ "$(term_screen)" = "$(TERM_PANE=u term_screen)" ]; }
	wait_for 10 same
}

@test "viewers of different sizes: who types decides, the other sees a part" {
	start_shell one
	term_open 100x30
	tmux new-session -d -s u -x 60 -y 12 'exec sh'
	# tmux now and then gives the new one's size to the other one's window.
	tmux resize-window -t t -x 100 -y 30
	TERM_PANE=u term_wait '[$#]'
	attach_in one
	term_wait '\$$'
	size_wait 100x30
	TERM_PANE=u attach_in one
	size_wait 60x12
	term_type 'clear; seq 1 40; printf "%080d|\n" 7'
	term_key Enter
	size_wait 100x30
	term_wait '^0{79}7\|$'
	# The small one shows the part around the cursor, long lines cut.
	TERM_PANE=u term_wait '^0{60}$'
	TERM_PANE=u term_wait '^40$'
	TERM_PANE=u wait_for 10 term_lacks '7\|'
	[ "$(TERM_PANE=u term_screen | head -n 1)" = 31 ]
	TERM_PANE=u term_key Enter
	size_wait 60x12
}

@test "a terminal that is resized resizes the session" {
	start_shell one
	term_open 80x24
	attach_in one
	term_wait '\$$'
	tmux resize-window -t t -x 95 -y 33
	size_wait 95x33
	term_type 'stty size'
	term_key Enter
	term_wait '^33 95'
}

@test "the terminal gets back every mode the session switched on" {
	start_shell one
	term_open 80x24
	modes='#{alternate_on} #{cursor_flag} #{keypad_cursor_flag}'
	modes+=' #{keypad_flag} #{mouse_any_flag} #{insert_flag} #{origin_flag}'
	modes+=' #{wrap_flag}'
	term_type 'echo before'
	term_key Enter
	term_wait '^before'
	before=$(tmux display-message -p -t t "$modes")
	attach_in one
	wait_for 10 term_lacks before
	term_wait '^\$$'
	term_type "printf '\\033[?1049h\\033[?25l\\033[?1h\\033=\\033[?1003h\\033[?1006h\\033[?2004h\\033[4h\\033[?6h\\033[?7l\\033[5;9rON'"
	term_key Enter
	wait_for 10 eval '[ "$(term_mode alternate_on)" = 1 ]'
	wait_for 10 eval '[ "$(term_mode mouse_any_flag)" = 1 ]'
	term_key 'C-\'
	term_wait 'detached from one'
	[ "$(tmux display-message -p -t t "$modes")" = "$before" ]
	[ "$(term_mode scroll_region_lower)" = 23 ]
	term_type 'stty -a | grep -c -- " echo "'
	term_key Enter
	term_wait '^1$'
}

@test "only what was switched on is switched off, to the byte" {
	qt-session new -d -n one -- sh -c 'echo ready; exec cat' >/dev/null
	printf '%s\n' 'expect ready' 'send \x1c' 'expect detached' 'exit 0' |
		ptydrive -o "$WORLD/plain" qt-session attach one
	refute grep -qaE $'\033\\[\\?(1049|2004|1003)l' "$WORLD/plain"
	qt-session new -d -n two -- sh -c \
	    'printf "\033[?2004h\033[?1003h\033]10;red\007\033[>1uready"; cat' \
	    >/dev/null
	printf '%s\n' 'expect ready' 'send \x1c' 'expect detached' 'exit 0' |
		ptydrive -o "$WORLD/modes" qt-session attach two
	tail -c 300 "$WORLD/modes" >"$WORLD/end"
	for want in $'\033[?2004l' $'\033[?1003l' $'\033]110' $'\033[<1u'; do
		grep -qaF "$want" "$WORLD/end"
	done
}

@test "SIGTERM, SIGHUP and a closed terminal detach; the session lives" {
	start_shell one
	printf '%s\n' 'expect [$]' 'signal 15' 'expect detached from one' \
	    'exit 143' | ptydrive qt-session attach one
	printf '%s\n' 'expect [$]' 'signal 1' 'exit 129' |
		ptydrive qt-session attach one
	printf '%s\n' 'expect [$]' 'eof' 'exit 129' |
		ptydrive qt-session attach one
	wait_for 10 eval '[ "$(qt-session ls -o viewers)" = 0 ]'
	has_state one running
}

@test "SIGTSTP gives the terminal back, SIGCONT takes it again" {
	start_shell one
	qt-session send -l one 'echo MARK'
	session_wait one '^MARK'
	term_open 80x24
	term_type 'set -m; qt-session attach one'
	term_key Enter
	term_wait '^MARK'
	pid=$(pgrep -f 'qt-session attach one' -P "$(term_mode pane_pid)")
	kill -TSTP "$pid"
	term_wait 'Stopped'
	term_type 'stty -a | grep -c -- " echo "'
	term_key Enter
	term_wait '^1$'
	term_type fg
	term_key Enter
	wait_for 10 term_lacks Stopped
	term_wait '^MARK'
	term_key 'C-\'
	term_wait 'detached from one'
}

@test "read-only: nothing is typed, the size stays, Ctrl-\\ still detaches" {
	start_shell one
	term_open 60x10
	attach_in '-r one'
	term_wait '\$$'
	term_type 'echo typed'
	term_key 'C-\'
	term_wait 'detached from one'
	[ "$(qt-session ls -o size)" = 80x24 ]
	refute session_shows one typed
}

@test "attach -d sends the other viewers away" {
	start_shell one
	term_open 80x24
	attach_in one
	term_wait '\$$'
	printf '%s\n' 'expect [$]' 'send \x1c' 'expect detached from one' \
	    'exit 0' | ptydrive qt-session attach -d one
	term_wait '^\[detached from one by another viewer\]$'
	has_state one running
}

@test "inside a session attach and new refuse, unless --nest" {
	start_shell one
	export QT_SESSION=0192f0c0-0000-7000-8000-000000000000
	run -3 qt-session attach one
	[[ $output == *"already inside session"*--nest* ]]
	run -3 qt-session new
	[[ $output == *"already inside session"* ]]
	qt-session new -d -n two -- cat
	printf '%s\n' 'expect [$]' 'send \x1c' 'expect detached' 'exit 0' |
		ptydrive qt-session attach --nest one
}

@test "without a terminal attach says what to use instead" {
	start_shell one
	run -3 qt-session attach one </dev/null
	[[ $output == *"is not a terminal"*capture* ]]
}

@test "attach to a session that has ended shows its screen and its end" {
	qt-session new -d -n one -- sh -c 'echo last words; exit 4' >/dev/null
	[ "$(qt-session wait one)" = 4 ]
	printf '%s\n' 'expect last words' 'expect one exited with status 4' \
	    'exit 1' | ptydrive qt-session attach one
	run -1 qt-session ls
	run -0 qt-session ls -a
}

@test "a viewer comes back after the host was upgraded, at its byte" {
	start_shell one
	term_open 80x24
	attach_in one
	term_wait '\$$'
	term_type 'echo a-$((1 + 1))'
	term_key Enter
	term_wait '^a-2'
	qt-session upgrade
	term_type 'echo b-$((1 + 1))'
	term_key Enter
	term_wait '^b-2'
	[ "$(term_screen | grep -c '^a-2')" = 1 ]
}

@test "across five upgrades a viewer gets every byte once, in order" {
	qt-session new -d -n one -- bash -c 'read -r go; exec 3<> <(:)
		for i in {1..1500}; do echo "n$i"; read -rt 0.002 -u 3; done
		echo "the end"; read -r go' >/dev/null
	printf '%s\n' 'send go\r' 'expect the end' 'send x\r' \
	    'expect exited with status 0' 'exit 0' |
		ptydrive -t 40 -o "$WORLD/out" qt-session attach one &
	for i in {1..5}; do
		wait_for 20 grep -qa "n${i}00" "$WORLD/out"
		qt-session upgrade
	done
	wait $!
	tr -d '\r' <"$WORLD/out" | grep -ao 'n[0-9][0-9]*$' >"$WORLD/got"
	printf 'n%s\n' {1..1500} | diff - "$WORLD/got"
}

@test "a fixed session larger than the terminal is shown around its cursor" {
	qt-session new -d -n one -s 120x50 --resize fixed -- sh -c '
		i=0; while [ $((i += 1)) -le 48 ]; do echo "line $i"; done
		printf "%0100d<" 1; exec cat' >/dev/null
	session_wait one '1<'
	term_open 50x10
	attach_in one
	term_wait '1<$'
	term_lacks 'line 48'
	qt-session send -l one ''
	term_wait '^line 48$'
	[ "$(qt-session ls -o size)" = 120x50 ]
	term_key 'C-\'
	term_wait 'detached from one'
	[ "$(term_mode alternate_on)" = 0 ]
}

@test "a viewer of a host that was killed says so, with the terminal restored" {
	start_shell one
	term_open 80x24
	attach_in one
	term_wait '\$$'
	kill -KILL "$(host_pid)"
	term_wait '\[one was lost: its host died\]'
	term_type 'echo c=$?'
	term_key Enter
	term_wait '^c=3'
}

@test "attach to a lost session shows its last screen and that it is lost" {
	qt-session new -d -n one -- sh -c 'echo last words; exec cat' >/dev/null
	session_wait one 'last words'
	kill -KILL "$(host_pid)"
	wait_for 10 has_state one lost
	qt-session new -d -n two -- cat >/dev/null
	printf '%s\n' 'expect last words' 'expect one was lost: its host died' \
	    'exit 3' | ptydrive qt-session attach one
}

@test "a slow terminal skips, says so, and ends on the right screen" {
	start_shell one
	qt-session new -d -n big -- sh -c \
	    'read -r x; seq 1 1000000; echo THE END; exec cat' >/dev/null
	printf '%s\n' 'send go\r' \
	    'until test "$(qt-session ls -o output | tail -n 1)" -gt 6888890' \
	    'expect skipped [0-9.]+ [KM]B' 'expect THE END' 'send \x1c' \
	    'expect detached from big; skipped' 'exit 0' |
		ptydrive -t 30 qt-session attach big
}

@test "a paste larger than the host's queue arrives whole and in order" {
	mkfifo "$WORLD/go"
	qt-session new -d -n one -- sh -c "stty raw -echo; echo ready
		read -r go <$WORLD/go; exec head -c 3200000 >$WORLD/got" >/dev/null
	session_wait one ready
	size() { [ "$(stat -c %s "$WORLD/got")" = 3200000 ]; }
	{
		printf 'expect ready\nflood 200000\n'
		wait_for 40 size >/dev/null
		printf 'expect exited with status 0\nexit 0\n'
	} | ptydrive -t 60 qt-session attach one &
	echo go >"$WORLD/go"
	wait $!
	[ "$(sort -u "$WORLD/got" | wc -l)" = 1 ]
}
