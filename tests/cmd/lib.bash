# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every command test shares: a world of its own, and a way to wait.
#
# A test file calls world_up in setup() and world_down in teardown(). Nothing
# here sleeps for a guess: wait_for asks again until a deadline.

# A private runtime folder, home and environment; nothing of the user's.
world_up() {
	WORLD=$(mktemp -d "${TMPDIR:-/tmp}/qt-test.XXXXXX")
	mkdir -m 700 "$WORLD/run" "$WORLD/home" "$WORLD/tmux" "$WORLD/xdg"
	mkfifo "$WORLD/tick"
	exec {TICK}<>"$WORLD/tick"	# never ready: read -t waits
	export QT_RUNTIME_DIR=$WORLD/run HOME=$WORLD/home SHELL=/bin/sh
	export TMUX_TMPDIR=$WORLD/tmux PS1='$ ' LC_ALL=C.UTF-8
	# There a fish tells the user's other ones what it set, and they wait.
	export XDG_RUNTIME_DIR=$WORLD/xdg
	unset QT_SESSION QT_CONFIG QT_STATE_DIR QT_DEBUG ENV
	unset XDG_CONFIG_HOME XDG_STATE_HOME NO_COLOR TMUX
	printf 'set -g %s\n' 'status off' 'remain-on-exit on' >"$WORLD/tmux.conf"
	# A segment is named by its folder's inode, which may have been another's.
	rm -f "/dev/shm$(segment_name host)"
	cd "$WORLD/home" || return
}

# The host's process id, from its lock.
host_pid() {
	[ -s "$QT_RUNTIME_DIR/host.lock" ] && grep -o '^[0-9]*' \
	    "$QT_RUNTIME_DIR/host.lock"
}

# Ends what the world started, by process id, and removes its names.
world_down() {
	local pid name
	term_close
	if pid=$(host_pid) && grep -qs qt-session "/proc/$pid/cmdline"; then
		kill -CONT "$pid" 2>/dev/null || true
		timeout 5 qt-session stop --force >/dev/null 2>&1 ||
			kill -KILL "$pid" 2>/dev/null || true
	fi
	name=$(segment_name host) && rm -f "/dev/shm$name"*
	rm -rf "$WORLD"
}

# wait_for SECONDS COMMAND...: runs it until it succeeds; fails at the deadline.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge "$end" ]; then
			echo "gave up waiting for: $*" >&2
			return 1
		fi
		# Not <(:), which would change $! under the caller.
		read -rt 0.02 -u "$TICK" || true
	done
}

# A terminal to look at: tmux, one window of the given size. term_open COLSxROWS
# [COMMAND...] starts a shell, or the command, in it.
term_open() {
	local size=$1
	shift
	tmux -f "$WORLD/tmux.conf" new-session -d -s t -x "${size%x*}" \
	    -y "${size#*x}" "${@:-exec sh}"
	tmux resize-window -t t -x "${size%x*}" -y "${size#*x}"
	# What is typed before the prompt would be shown twice.
	[ $# -gt 0 ] || [ "${size%x*}" -lt 10 ] || term_wait '[$#]'
}

# Ends it, and its server; the next one is a server of its own: one that is about
# to end would still take its client's word. Without the folder tmux would end
# the user's.
term_close() {
	[ -d "$TMUX_TMPDIR" ] || return 0
	tmux kill-server 2>/dev/null || true
	TMUX_TMPDIR=$(mktemp -d "$WORLD/tmux.XXXXXX")
}

term_type() { tmux send-keys -t "${TERM_PANE:-t}" -l -- "$1"; }
term_key() { tmux send-keys -t "${TERM_PANE:-t}" "$@"; }
term_screen() { tmux capture-pane -p -t "${TERM_PANE:-t}"; }
term_mode() { tmux display-message -p -t "${TERM_PANE:-t}" "#{$1}"; }

term_shows() { term_screen | grep -qE -- "$1"; }
term_lacks() { ! term_shows "$1"; }

# Waits until the terminal shows the pattern; prints the screen when it does not.
term_wait() {
	wait_for "${2:-10}" term_shows "$1" || { term_screen >&2; return 1; }
}

# Whether a session's screen shows the pattern.
session_shows() { qt-session capture "$1" 2>&1 | grep -qE -- "$2"; }
session_wait() {
	wait_for 10 session_shows "$1" "$2" ||
		{ qt-session capture "$1" >&2; return 1; }
}

session_state() { qt-session ls -a -o name,state | sed -n "s/^$1	//p"; }
has_state() { [ "$(session_state "$1")" = "$2" ]; }

# Fails when the command succeeds: bats does not see a "!" in mid-test.
refute() {
	if "$@"; then
		echo "should have failed: $*" >&2
		return 1
	fi
}

# own_mounts SCRIPT [ARG...]: runs it in a mount namespace, as root of it, where
# that is permitted. It has to say "to the end" last; what it says is shown when
# it does not.
own_mounts() {
	local how
	if unshare -m true 2>/dev/null; then
		how=-m
	elif unshare -Urm true 2>/dev/null; then
		how=-Urm
	else
		skip 'neither unshare -m nor -Urm is permitted'
	fi
	(cd "$WORLD" && WORLD=$WORLD unshare "$how" bash "$@") \
	    >"$WORLD/out" 2>&1 &&
	    [ "$(tail -n 1 "$WORLD/out")" = 'to the end' ] || {
		cat "$WORLD/out"
		return 1
	}
}
