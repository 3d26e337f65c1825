#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGKILL of workers and monitor at random while clients come and go: every
# session lives on, every login stays good.

bats_require_minimum_version 1.5.0
load ../cmd/lib.bash
load ../cmd/qtd.bash

ROUNDS=12
[ "${QT_STRESS-}" != long ] || ROUNDS=200

setup() { world_up; }
teardown() {
	[ ! "${LOAD-}" ] || kill "$LOAD" 2>/dev/null || true
	qtd_down
	world_down
}

# Logged in clients that ask all the time, whatever the answer.
load_it() {
	while :; do
		curl -s -m 2 -b "$WORLD/jar" "${URL}api/sessions" \
		    "${URL}s/busy/screen.txt" "${URL}metrics" >/dev/null 2>&1 || true
	done
}

kill_worker() {
	# shellcheck disable=SC2046 # one of several
	set -- $(workers)
	[ $# = 0 ] || { shift $((RANDOM % $#)); kill -KILL "$1" 2>/dev/null; } ||
		true
}

kill_monitor() {
	local pids p
	pids=$(workers)
	kill -KILL "$QTD"
	wait "$QTD" 2>/dev/null || true
	for p in $pids; do wait_for 5 is_gone "$p"; done
	qtd_start -p "$PORT" --workers 2
}

serves() { [ "$(status GET api/sessions)" = 200 ]; }

@test "killing workers and monitors under load ends no session and no login" {
	seed=${QT_SEED:-$RANDOM}
	echo "QT_SEED=$seed"
	RANDOM=$seed
	qtd_start --workers 2
	[ "$(login)" = 204 ]
	ask POST api/sessions -d '{"name":"busy","command":["sh","-c",
	    "i=0; while :; do i=$((i+1)); echo line $i; done"]}' >/dev/null
	ask POST api/sessions -d '{"name":"calm","command":["cat"]}' >/dev/null
	busy=$(qt-session ls -a -o name,id | sed -n 's/^busy	//p')
	load_it &
	LOAD=$!
	for ((i = 0; i < ROUNDS; i++)); do
		if [ $((RANDOM % 3)) = 0 ]; then
			kill_monitor
		else
			kill_worker
		fi
		wait_for 15 serves
	done
	kill "$LOAD"
	wait "$LOAD" 2>/dev/null || true
	LOAD=
	[ "$(session_state busy)" = running ]
	[ "$(session_state calm)" = running ]
	[ "$(qt-session ls -a -o name,id | sed -n 's/^busy	//p')" = "$busy" ]
	qt-session send -l calm 'still here'
	session_wait calm 'still here'
	qt-session kill -s KILL busy
}
