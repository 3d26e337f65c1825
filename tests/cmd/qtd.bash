# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A qtd in the world of lib.bash, and ways to ask it. QTD is its process id,
# URL its address with the final slash, TOKEN the link's.

# qtd_start [OPTION...]: on a free port unless -p says another; waits until it
# is ready.
qtd_start() {
	case " $* " in *" -p "* | *"unix:"*) ;; *) set -- -p 0 "$@" ;; esac
	# What the one before said is not what this one says.
	: >"$WORLD/out"
	: >"$WORLD/err"
	qtd "$@" >"$WORLD/out" 2>"$WORLD/err" </dev/null &
	QTD=$!
	wait_for 10 qtd_is_ready_or_dead || return 1
	if ! grep -q 'qtd: ready' "$WORLD/err"; then
		cat "$WORLD/err" >&2
		return 1
	fi
	URL=$(sed -n 's/#.*//; 1p' "$WORLD/out")
	PORT=$(echo "$URL" | sed -n 's,.*:\([0-9]*\)/.*,\1,p')
	# shellcheck disable=SC2034 # the tests use it
	TOKEN=$(sed -n 's/.*#token=//p' "$WORLD/out")
}

qtd_is_ready_or_dead() {
	grep -q 'qtd: ready' "$WORLD/err" || is_gone "$QTD"
}

is_gone() { ! grep -qs '^State:	[^ZX]' "/proc/$1/status"; }

qtd_stop() {
	[ "${QTD-}" ] || return 0
	kill "$QTD" 2>/dev/null || true
	wait_for 10 is_gone "$QTD"
	wait "$QTD" 2>/dev/null || true
	QTD=
}

# Workers go when the monitor does; so do the names of its segments.
qtd_down() {
	qtd_stop
	local name
	for name in qtd "qtd-${PORT:-0}"; do
		name=$(segment_name "$name") && rm -f "/dev/shm$name"
	done
}

workers() { cat "/proc/$QTD/task/$QTD/children"; }

# ask METHOD PATH [CURL OPTION...]: prints the body, then the status on a line
# of its own.
ask() {
	local method=$1 path=$2
	shift 2
	curl -s -m 20 -X "$method" -w '\n%{http_code}\n' -b "$WORLD/jar" \
	    -c "$WORLD/jar" "$@" "$URL$path"
}
status() { ask "$@" | tail -n 1; }
body() { ask "$@" | sed '$d'; }

# Logs in with the link's token, or another one.
login() { status POST login -d "{\"token\":\"${1:-$TOKEN}\"}"; }
