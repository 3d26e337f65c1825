#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-session host: how it starts, is replaced, dies and comes back; qt-host(7).

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

@test "host returns when its socket answers, and a second one changes nothing" {
	run -0 qt-session host
	[ -S "$QT_RUNTIME_DIR/host.sock" ]
	pid=$(host_pid)
	run -0 qt-session host
	[ "$(host_pid)" = "$pid" ]
	run -3 qt-session host --foreground
	[[ $output == *"another session host runs in"* ]]
}

@test "many that start at once get one host" {
	local pids=()
	for i in 1 2 3 4 5 6 7 8; do
		qt-session new -d -n "s$i" -- cat >"$WORLD/id$i" &
		pids+=($!)
	done
	# Not all children: the timer of the test is one, too.
	wait "${pids[@]}"
	run -0 qt-session ls -o name
	[ "$(sort <<<"$output" | tr '\n' ' ')" = 's1 s2 s3 s4 s5 s6 s7 s8 ' ]
	[ "$(pgrep -cf "^[^ ]*qt-session host\$" -s "$(host_pid)")" = 1 ]
}

@test "a daemon keeps no descriptor of who started it" {
	mkfifo "$WORLD/fifo"
	# The reader ends only when nobody holds the fifo any more.
	timeout 20 cat "$WORLD/fifo" >"$WORLD/read" &
	reader=$!
	qt-session host 7>"$WORLD/fifo" 8>&7
	wait "$reader"
	[ "$(readlink /proc/"$(host_pid)"/cwd)" = / ]
}

@test "kill -9 of the host: records stay, the next one calls them lost" {
	qt-session new -d -n lost -- sh -c 'echo before; exec sleep 1000'
	session_wait lost before
	kill -KILL "$(host_pid)"
	wait_for 10 refute kill -0 "$(host_pid)"
	run -0 qt-session ls -a -o name
	[ "$output" = lost ]
	qt-session new -d -n next -- cat
	[ "$(session_state lost)" = lost ]
	[ "$(session_state next)" = running ]
}

@test "a stale socket and lock of a dead host are no obstacle" {
	qt-session host
	kill -KILL "$(host_pid)"
	wait_for 10 refute kill -0 "$(host_pid)"
	[ -S "$QT_RUNTIME_DIR/host.sock" ]
	qt-session new -d -n after -- cat
	[ "$(session_state after)" = running ]
}

# A host that is stopped cannot make its files again.
@test "a host whose lock was removed keeps its sessions; no other begins" {
	qt-session new -d -n one -- cat >/dev/null
	pid=$(host_pid)
	kill -STOP "$pid"
	rm "$QT_RUNTIME_DIR"/host.lock
	run -3 qt-session host
	kill -CONT "$pid"
	[[ $output == *"host (process $pid)"*"host.lock was removed"* ]]
	[ "$(session_state one)" = running ]
	run -0 qt-session send one hi
	session_wait one hi
}

is_host() { [ "$(host_pid)" = "$1" ]; }

@test "a host makes its files again, each of them" {
	qt-session new -d -n one -- cat >/dev/null
	pid=$(host_pid)
	for name in lock sock log; do
		rm "$QT_RUNTIME_DIR/host.$name"
		rm -f "$QT_RUNTIME_DIR/screen.sock"
		run -0 qt-session new -d -n "two-$name" -- cat
		wait_for 20 is_host "$pid"
		wait_for 20 test -S "$QT_RUNTIME_DIR/screen.sock"
		run -0 qt-session send one "typed-$name"
		session_wait one "typed-$name"
	done
	grep -q 'were made again' "$QT_RUNTIME_DIR/host.log"
	[ "$(stat -c %a "$QT_RUNTIME_DIR"/host.{sock,lock} | sort -u)" = 600 ]
}

@test "a host makes its folder again; who looks on sees nothing of it" {
	qt-session new -d -n one -- cat >/dev/null
	pid=$(host_pid)
	term_open 80x24 qt-session attach one
	term_type before
	session_wait one before
	for way in rm mv; do
		if [ $way = rm ]; then
			rm -r "$QT_RUNTIME_DIR"
		else
			mv "$QT_RUNTIME_DIR" "$WORLD/moved"
		fi
		wait_for 20 is_host "$pid"
		wait_for 20 has_state one running
		wait_for 20 test -S "$QT_RUNTIME_DIR/screen.sock"
		[ "$(stat -c %a "$QT_RUNTIME_DIR")" = 700 ]
		term_type " $way"
		session_wait one " $way"
		term_wait " $way"
		qt-session new -d -n "after-$way" -- cat
		[ "$(host_pid)" = "$pid" ]
	done
	run -0 qt-session upgrade
	[ "$(host_pid)" = "$pid" ]
	[ "$(session_state after-mv)" = running ]
}

other_said() {
	grep -q "another session host (process $1) has them" \
	    "$QT_RUNTIME_DIR/host.log"
}

@test "of two hosts of one folder the first goes on, and comes back" {
	qt-session new -d -n one -- cat >/dev/null
	pid=$(host_pid)
	term_open 80x24 qt-session attach one
	term_type before
	session_wait one before
	kill -STOP "$pid"
	rm -r "$QT_RUNTIME_DIR"
	qt-session new -d -n other -- cat
	other=$(host_pid)
	[ "$other" != "$pid" ]
	kill -CONT "$pid"
	wait_for 20 other_said "$other"
	term_type still
	term_wait still
	[ "$(session_state other)" = running ]
	[ -z "$(session_state one)" ]
	qt-session stop --force
	wait_for 20 is_host "$pid"
	wait_for 20 has_state one running
	session_wait one still
}

@test "capture says that there is no screen service" {
	QT_HOST_SCREEN=0 qt-session new -d -n one -- cat >/dev/null
	run -3 qt-session capture one
	[[ $output == *"no screen service at"*host.screen* ]]
}

@test "an unusable segment is moved aside with a message" {
	name=$(segment_name host)
	echo garbage >"/dev/shm$name"
	chmod 600 "/dev/shm$name"
	qt-session new -d -n fresh -- cat
	[ "$(session_state fresh)" = running ]
	grep -q 'could not be used' "$QT_RUNTIME_DIR/host.log"
	[ "$(cat /dev/shm"$name".bad-*)" = garbage ]
	rm -f /dev/shm"$name".bad-*
}

@test "a command that is not there is named, and leaves no session" {
	run -3 qt-session new -d -- no-such-command
	[[ $output == *"command 'no-such-command' not found"* ]]
	run -1 qt-session ls -a
	[ -z "$output" ]
}

@test "an upgrade keeps the session, its process and the host's pid" {
	qt-session new -d -n kept -- sh -c 'i=0; while read -r x; do
		i=$((i + 1)); echo "$i:$x"; done'
	echo one | qt-session send kept -
	session_wait kept 1:one
	pid=$(host_pid)
	run -0 qt-session upgrade
	[ "$(host_pid)" = "$pid" ]
	echo two | qt-session send kept -
	session_wait kept 2:two
	wait_for 5 grep -q host-upgraded <(qt-session events)
}

@test "settings are read: a bad one is named with its place" {
	mkdir -p "$HOME/.config/qt"
	echo 'host.keep = many' >"$HOME/.config/qt/qt.conf"
	run -3 qt-session host
	[[ $output == *host.keep* ]]
	printf '\nhost.spares = 1\n' >"$HOME/.config/qt/qt.conf"
	run -3 qt-session new -d -- cat
	[[ $output == *"qt.conf:2: there is no setting 'host.spares'"* ]]
	echo 'session.term = vt100' >"$HOME/.config/qt/qt.conf"
	qt-session host
	qt-session new -d -n t -- sh -c 'echo "is $TERM"'
	session_wait t 'is vt100'
}

@test "readiness is told to a service manager, and its socket is used" {
	python3 - "$QT_RUNTIME_DIR" <<-'PY'
	import os, socket, subprocess, sys
	run = sys.argv[1]
	note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	note.bind(run + "/notify")
	note.settimeout(20)
	sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	sock.bind(run + "/host.sock")
	sock.listen(16)
	env = dict(os.environ, NOTIFY_SOCKET=run + "/notify", LISTEN_FDS="1")
	def child():
	    os.dup2(sock.fileno(), 3)
	    os.environ["LISTEN_PID"] = str(os.getpid())
	p = subprocess.Popen(["sh", "-c",
	    "LISTEN_PID=$$ exec qt-session host --foreground"],
	    env=env, pass_fds=[3], preexec_fn=child)
	assert note.recv(100) == b"READY=1"
	subprocess.check_call(["qt-session", "new", "-d", "-n", "s", "--", "cat"])
	p.terminate()
	assert note.recv(100) == b"STOPPING=1"
	assert p.wait(20) == 0
	PY
}

@test "a spare shell serves new from the same environment, and only from it" {
	mkdir -p "$HOME/.config/qt"
	echo 'host.spare = 1' >"$HOME/.config/qt/qt.conf"
	cd "$HOME"
	qt-session host
	spare() { pgrep -P "$(host_pid)" -f '^-sh'; }
	wait_for 10 spare
	pid=$(spare)
	qt-session new -d -n other -e A=1
	[ "$(qt-session info other | sed -n 's/^pid	//p')" != "$pid" ]
	qt-session new -d -n plain
	[ "$(qt-session info plain | sed -n 's/^pid	//p')" = "$pid" ]
}

@test "a host that ends without records leaves no segment" {
	qt-session host
	[ -e "/dev/shm$(segment_name host)" ]
	qt-session stop
	wait_for 5 refute test -e "/dev/shm$(segment_name host)"
}

# In a mount namespace of its own, with a /dev/shm of 512 KiB.
small_shm() {
	unshare -m sh -ec 'mount -t tmpfs -o size=512k,mode=1777 none /dev/shm
		exec bash "$@"' sh "$@"
}

@test "a full /dev/shm refuses the new session by name; the others go on" {
	small_shm -c true 2>/dev/null || skip "no mount namespaces here"
	cat >"$WORLD/full.sh" <<-'SH'
	set -eu
	qt-session new -d -n first -- sh -c 'while read -r x; do
	    echo "got $x"; done' >/dev/null
	n=0
	while qt-session new -d -- sh -c 'seq 100000; exec cat' \
	    >/dev/null 2>"$1/refused"; do
		n=$((n + 1))
		[ $n -lt 200 ]
	done
	cat "$1/refused"
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "$i" | qt-session send first -
	done
	qt-session wait --match 'got 9' -t 10 first
	qt-session stop --force
	SH
	run -0 small_shm "$WORLD/full.sh" "$WORLD"
	echo "$output"
	[[ $output == *"/dev/shm is full;"* ]]
	[[ $output != *"df /dev/shm"* ]]	# said once
}

@test "a limit of file sizes is named, and ends no host" {
	run -3 bash -c 'ulimit -f 1000; exec qt-session new -d -- cat'
	[[ $output == *"ulimit -f"* ]]
	qt-session new -d -n one -- cat
	pid=$(host_pid)
	kill -XFSZ "$pid"	# as a log over the limit would
	run -0 qt-session send one hi
	[ "$(host_pid)" = "$pid" ]
	[ "$(session_state one)" = running ]
}

@test "no free pseudo-terminal is not called a full /dev/shm" {
	cat >"$WORLD/few.sh" <<-'SH'
	set -eu
	mount -t devpts -o newinstance,max=1,ptmxmode=666 devpts /dev/pts
	mount --bind /dev/pts/ptmx /dev/ptmx
	[ "${1:-}" != try ] || exit 0
	qt-session new -d -n first -- cat >/dev/null
	! qt-session new -d -- cat 2>&1
	qt-session stop --force
	SH
	few() { unshare -m sh "$WORLD/few.sh" "$@"; }
	few try 2>/dev/null || skip "no mount namespaces here"
	run -0 few
	echo "$output"
	[[ $output == *"no pseudo-terminal is free"* ]]
	[[ $output != */dev/shm* ]]
}

@test "the names of a world whose test was killed are taken away, no other's" {
	qt-session new -d -n one -- cat >/dev/null
	name=$(segment_name host)
	kill -KILL "$(host_pid)"
	mkdir -m 700 "$WORLD/other"
	other=$(QT_RUNTIME_DIR=$WORLD/other segment_name host)
	: >"/dev/shm$other"
	: >"/dev/shm$name.bad-1"
	sh "$QT_TOP/tests/forget.sh" "$WORLD/run" ""
	[ ! -e "/dev/shm$name" ]
	[ ! -e "/dev/shm$name.bad-1" ]
	[ -e "/dev/shm$other" ]
	rm "/dev/shm$other"
}
