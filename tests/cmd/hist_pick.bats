#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-hist pick, driven through a terminal: what it shows, and what becomes of
# what is chosen.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	pick_up
}

teardown() {
	hist_down
}

# The screen, without blank lines at its ends, is this.
screen_is() {
	diff -u <(printf '%s\n' "${1#$'\n'}") <(term_screen |
	    sed -e 's/ *$//' -e '/./,$!d' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}')
}

screen_wait() {
	wait_for 10 screen_is "$1" >/dev/null || screen_is "$1"
}

# pick [OPTION...]: in a shell, which then says what came of it.
# shellcheck disable=SC2120 # options are for some
pick() {
	term_open "${SIZE:-60x16}" 'exec sh'
	term_wait '[$#]'
	term_type "clear; qt-hist pick $* >out; echo rc=\$?"
	term_key Enter
	term_wait '/[0-9]+  '
}

@test "a command is found, and printed" {
	pick
	screen_wait '
>
  8/8  all  auto                                     F1 help
>    1h ! git pull
     2h   docker ps
     3h ! tail -f log
     4h   git push'
	term_type 'gips'
	screen_wait '
> gips
  1/8  all  auto                                     F1 help
>    4h   git push'
	term_key Enter
	term_wait 'rc=0'
	[ "$(<out)" = 'git push' ]
	screen_is 'rc=0
$'
}

@test "Esc, C-c, C-g and C-d choose nothing" {
	local key
	pick
	for key in Escape C-c C-g; do
		term_key "$key"
		term_wait 'rc=1'
		[ ! -s out ]
		term_type 'clear; qt-hist pick >out; echo rc=$?'
		term_key Enter
		term_wait '/8  '
	done
	term_key C-d
	term_wait 'rc=1'
}

@test "narrow, wide characters, and another size" {
	SIZE=24x16 pick
	term_type '日'
	screen_wait '
> 日
  1/8  all  auto
>   echo 日本語テキスト'
	tmux resize-window -t t -x 50 -y 20
	screen_wait '
> 日
  1/8  all  auto                           F1 help
>    6h   echo 日本語テキスト'
	# How rows above are wrapped anew is the terminal's to say.
	tmux resize-window -t t -x 21 -y 20
	screen_wait '
> 日
  1/8  all  auto
>   echo 日本語テキ…'
	term_key C-u
	term_type '語e'
	term_wait '^> 語e$'
	[ "$(term_mode cursor_x)" -eq 5 ]
	term_key C-a
	[ "$(term_mode cursor_x)" -eq 2 ] || wait_for 10 cursor_at 2
	term_key Escape
	term_wait rc=1
}

cursor_at() { [ "$(term_mode cursor_x)" -eq "$1" ]; }

@test "several are marked, and printed in that order" {
	pick -m -0
	term_key Down Down Tab
	term_wait '^ \+   3h'
	tmux send-keys -t t gpull
	term_wait '^> gpull'
	term_key BTab C-u
	term_wait '8/8  all  auto  \+2'
	term_key Enter
	term_wait 'rc=0'
	printf 'tail -f log\0git pull\0' | cmp - out
}

@test "of whom, and in which order" {
	qt-hist import -f json - <<-END
	{"command":"here","start":$((EPOCHSECONDS - 86400)),"exit":0,"cwd":"$HOME/x","host":"$(uname -n)","shell":"bash","session":"s2"}
	END
	mkdir x
	cd x
	pick
	term_wait '9/9  all  auto'
	term_key C-r
	term_wait '1/9  host  auto'
	term_wait '^>   24h   here$'
	# Of no session and no repository anybody knows here.
	term_key C-r
	term_wait '1/9  folder  auto'
	term_key C-r
	term_wait '9/9  all  auto'
	term_type 'e'
	term_key C-s
	term_wait ' all  latest'
	term_wait '^>    2h   docker ps$'
	term_key C-s
	term_wait ' all  best'
	term_key Enter
	term_wait rc=0
}

@test "a query that does not parse keeps what was found" {
	pick
	term_type 'push'
	term_wait '^>    4h   git push$'
	term_type ' exit:zz '
	term_wait '  expected '
	term_shows '^>    4h   git push$'
	tmux capture-pane -e -p -t t | grep -qF $'\e[4m'
	term_key C-u
	term_wait '8/8'
}

@test "the whole command and its runs, where there is room or when asked" {
	SIZE=70x40 pick
	term_type 'for'
	term_wait '^── 1 run, 0 without error ─'
	term_wait '^for i in 1 2; do$'
	term_wait '^  echo \$i$'
	term_wait '   7h  20.*  exit 1      1.5s  ~  box$'
	term_key C-o
	wait_for 10 term_lacks '1 run'
	term_key C-o
	term_wait '1 run'
}

# Other tests' come and go meanwhile.
segments() {
	find /dev/shm -name 'qt-*' -newer "$WORLD/in.json" >segments \
	    2>/dev/null || true
}

@test "a command is deleted when the picker ends, and not before" {
	# Like no other test's: its bytes are sought in all shared memory.
	local gone="echo gone $$ $EPOCHREALTIME"
	printf '{"command":"%s","start":%d}\n' "$gone" "$EPOCHSECONDS" |
		qt-hist import -f json -
	pick
	term_type 'gone'
	term_wait '1/9'
	term_key C-x
	term_wait 'delete it.*y n'
	term_key n
	term_wait '1/9  all'
	term_key C-x
	term_key y
	term_wait 'brings it back'
	term_lacks 'echo gone'
	[ "$(qt-hist list -0 | grep -cz "$gone")" -eq 1 ]
	# Typed after it: taken back first.
	term_type 'x'
	term_wait '^> gonex'
	tmux send-keys -t t C-_
	term_wait '^> gone$'
	tmux send-keys -t t C-_
	term_wait 'it is back'
	term_wait 'echo gone'
	term_key C-x
	term_key y
	term_wait 'brings it back'
	term_key C-u
	term_wait '8/9  all'
	segments
	xargs grep -qzaF "$gone" <segments
	term_key Escape
	term_wait 'rc=1'
	run ! grep -rqaF "$gone" "$QT_HIST/store" "$QT_HIST/spool"
	segments
	[ -z "$(xargs grep -lzaF "$gone" <segments 2>/dev/null)" ]
	run ! qt-hist search -0 gone
}

@test "all that are marked are deleted, and come back at once" {
	pick -m
	term_key Tab Down Tab
	term_wait '  \+2'
	term_key C-x
	term_wait 'delete the 2 marked, and all their runs\? y n'
	term_key y
	term_wait '2 are deleted when you leave; C-_ brings them back'
	term_lacks 'git pull'
	term_lacks 'tail -f'
	tmux send-keys -t t C-_
	term_wait '2 are back'
	term_wait '\+   1h ! git pull'
	term_wait '\+   3h ! tail -f log'
	term_key C-x
	term_key y
	term_wait '2 are deleted'
	term_key Escape
	term_wait 'rc=1'
	qt-hist list -0 | tr '\0' '\n' >left
	grep -q 'docker ps' left
	run ! grep -e 'git pull' -e 'tail -f' left
}

@test "full screen, help, and the screen as it was" {
	pick --height full
	[ "$(term_mode alternate_on)" -eq 1 ]
	term_shows '8h   git status'
	term_key F1
	term_wait 'Enter +run it'
	term_key F1
	term_wait '8h   git status'
	term_key Escape
	term_wait 'rc=1'
	[ "$(term_mode alternate_on)" -eq 0 ]
}

@test "vi keys" {
	pick --keys vi
	term_type 'git pull'
	term_wait '1/8'
	term_key Escape
	term_wait '^: git pull'
	term_type 'bD'
	term_wait '^: git$'
	term_type 'jj'
	term_wait '^> .* git status$'
	term_type 'G'
	term_type 'kgj'
	term_wait '^> .* git push$'
	term_key Enter
	term_wait 'rc=0'
	[ "$(<out)" = 'git push' ]
}

# A report of a press at this column and row.
press() {
	local hex
	hex=$(printf '\e[<%d;%d;%dM' "$1" "$2" "$3" | od -An -tx1)
	# shellcheck disable=SC2086 # a byte a word
	tmux send-keys -t t -H $hex
}

@test "the mouse: the wheel, a click, two" {
	pick
	[ "$(term_mode mouse_sgr_flag)" -eq 1 ]
	press 65 3 3
	term_wait '^>    2h   docker'
	press 64 3 3
	term_wait '^>    1h ! git pull'
	press 0 3 7
	term_wait '^>    4h   git push'
	press 0 3 6
	term_wait '^>    3h ! tail'
	press 0 3 6
	term_wait 'rc=0'
	[ "$(<out)" = 'tail -f log' ]
	[ "$(term_mode mouse_sgr_flag)" -eq 0 ]
}

@test "what is copied goes to the terminal's clipboard" {
	pick
	tmux set-option -s set-clipboard on
	term_key M-w
	term_wait 'copied'
	[ "$(tmux show-buffer)" = 'git pull' ]
}

@test "where there is no index yet, who is quick gets the command, too" {
	qt-hist sync-spool -d
	term_open 60x16 'exec sh'
	term_wait '[$#]'
	term_type 'clear; qt-hist pick >out; echo rc=$?'
	tmux send-keys -t t Enter gpul Enter
	term_wait 'rc=0'
	[ "$(<out)" = 'git pull' ]
}

@test "no terminal, or none that would do" {
	run setsid -w qt-hist pick
	[ "$status" -eq 3 ]
	[[ $output == *"no terminal to pick on"* ]]
	run qt-hist pick --height 0
	[ "$status" -eq 2 ]
	run qt-hist pick --keys other
	[ "$status" -eq 2 ]
	run qt-hist pick word
	[ "$status" -eq 2 ]
	term_open 60x16 'exec sh'
	term_wait '[$#]'
	term_type 'clear; TERM=dumb qt-hist pick; echo rc=$?'
	term_key Enter
	term_wait "TERM is 'dumb'"
	term_wait 'rc=3'
	tmux resize-window -t t -x 19 -y 16
	term_type 'clear; qt-hist pick 2>err; echo rc=$?'
	term_key Enter
	term_wait 'rc=3'
	grep -q '19x16 characters, 20x3 are needed' err
}

@test "a terminal that does not know its size has 80x24" {
	term_open 80x24 'exec sh'
	term_wait '[$#]'
	# With no memory for a screen of any size: it was taken for that.
	term_type 'stty rows 0 cols 0; clear; ulimit -v 4000000'
	term_key Enter
	term_type 'qt-hist pick; echo rc=$?'
	term_key Enter
	term_wait '/[0-9]+  '
	term_key Escape
	term_wait 'rc=1'
}

@test "whoever ends it, the terminal is as before" {
	local signal
	pick
	for signal in TERM HUP INT; do
		kill -"$signal" "$(picker)"
		term_wait 'rc=1'
		term_type 'clear; stty -a >modes; qt-hist pick; echo rc=$?'
		term_key Enter
		term_wait '/8  '
	done
	term_key Escape
	term_wait 'rc=1'
	stty_now
}

stty_now() {
	term_type 'stty -a >after'
	term_key Enter
	wait_for 10 test -s after
	diff modes after
}
