#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What qtd refuses, with which exit code, and what it says.

bats_require_minimum_version 1.5.0
load lib.bash
load qtd.bash

setup() { world_up; }
teardown() { qtd_down; world_down; }

# refuses CODE PATTERN ARGUMENT...: on standard error, nothing on standard output
refuses() {
	local code=$1 pattern=$2
	shift 2
	run -"$code" timeout 10 qtd "$@" </dev/null
	[[ $output == *$pattern* ]] || { echo "$output"; return 1; }
}

@test "wrong options are named, with usage and 2" {
	refuses 2 "no option '--nonsense'" --nonsense
	refuses 2 "option '-p' needs a value" -p
	refuses 2 "-p 'x' is not a number" -p x
	refuses 2 "-p '65536'" -p 65536
	refuses 2 "--workers '0'" --workers 0
	refuses 2 "-b 'x'" -b x
	refuses 2 "-b '/../x'" -b /../x
	refuses 2 "no such signal" -s NOPE
	refuses 2 "KEY=VALUE" -t nokey
	refuses 2 "USER:PASS" -c nocolon
	refuses 2 "no interface" -i nonsense0
	refuses 2 "choose one of" -c a:b --no-login
	refuses 2 "-U is for Unix sockets" -U nobody
	refuses 2 "its key" -C /etc/passwd
}

@test "a login that would cross a network in clear is refused" {
	refuses 2 "in clear" -i 0.0.0.0
	refuses 2 "in clear" -i '*' -p 0
	refuses 2 "--no-login on '0.0.0.0'" -i 0.0.0.0 --no-login
	: >"$WORLD/users"
	refuses 2 "in clear" -i 0.0.0.0 --users "$WORLD/users"
	qtd_start -i 0.0.0.0 --insecure
	[ "$(login)" = 204 ]
}

@test "a port that is taken is named" {
	qtd_start --no-login
	refuses 3 "Choose another port" -p "$PORT"
	refuses 3 "Choose another port" -p "$PORT" --workers 2
	QT_RUNTIME_DIR=$WORLD/home refuses 3 "Choose another port" -p "$PORT" \
	    --workers 2
}

@test "files that cannot be read are named" {
	refuses 3 "--users '$WORLD/none'" --users "$WORLD/none"
	refuses 3 "-c @$WORLD/none" -c "@$WORLD/none"
	refuses 3 "-w '$WORLD/none'" -w "$WORLD/none"
	refuses 3 "-I '$WORLD/none'" -I "$WORLD/none"
	refuses 3 "a folder" -I "$WORLD"
	echo 'bad line' >"$WORLD/users"
	chmod 600 "$WORLD/users"
	refuses 3 "users' line 1" --users "$WORLD/users" -p 0
	printf 'no certificate\n' >"$WORLD/cert"
	refuses 3 "$WORLD/cert" -C "$WORLD/cert" -K "$WORLD/cert" -p 0
}

@test "a users file that others may write is refused" {
	echo pw | qtd user add "$WORLD/users" ann
	chmod 666 "$WORLD/users"
	refuses 3 "owned by somebody else" --users "$WORLD/users" -p 0
}

@test "a runtime folder of somebody else is refused" {
	mkdir -m 777 "$WORLD/bad"
	QT_RUNTIME_DIR=$WORLD/bad refuses 3 "$WORLD/bad" -p 0
}

@test "a socket path in use, or that is no socket" {
	echo hello >"$WORLD/file"
	refuses 3 "no socket" -i "unix:$WORLD/file"
	[ "$(cat "$WORLD/file")" = hello ]
	qtd_start -i "unix:$WORLD/s" --no-login
	refuses 3 "a server is listening there" -i "unix:$WORLD/s" --no-login
}

@test "Ctrl-C at the question for a password leaves a terminal with echo" {
	run -0 ptydrive sh -c "trap : INT; qtd user add '$WORLD/u' ann; stty -a" \
	    <<-'END'
		expect Password:
		send \x03
		expect [ ;]echo[ ;]
		exit 0
	END
	[ ! -e "$WORLD/u" ]
}

@test "help and version come whatever is in qt.conf" {
	mkdir -p "$HOME/.config/qt"
	echo 'qtd.prot = 1' >"$HOME/.config/qt/qt.conf"
	run -0 qtd --help
	run -0 qtd -V
	run -3 qtd
	[[ $output == *"qt.conf:1: there is no setting 'qtd.prot'"* ]]
}

@test "qtd user: add, ls, passwd, role, del, and what is refused" {
	f=$WORLD/users
	echo secret | qtd user add "$f" ann
	echo secret | qtd user add -r reader "$f" bob
	[ "$(stat -c %a "$f")" = 600 ]
	[ "$(qtd user ls "$f")" = "$(printf 'ann\twriter\nbob\treader')" ]
	grep -q '^ann:writer:\$2b\$12\$' "$f"
	refute grep -q secret "$f"
	old=$(grep '^ann' "$f")
	echo other | qtd user passwd "$f" ann
	[ "$(grep '^ann' "$f")" != "$old" ]
	qtd user role -r admin "$f" bob
	qtd user ls "$f" | grep -q '^bob	admin$'
	qtd user del "$f" bob
	refute grep -q bob "$f"
	run -1 qtd user del "$f" bob
	run -1 qtd user add "$f" ann <<<x
	run -3 qtd user add "$f" cat <<<"$(printf 'x%.0s' {1..73})"
	[[ $output == *72* ]]
	run -3 qtd user add "$f" cat </dev/null
	run -2 qtd user add "$f"
	run -2 qtd user add -r king "$f" cat
	run -2 qtd user
}

@test "qtd user asks twice on a terminal, without showing it" {
	term_open 80x24 sh
	term_type "qtd user add $WORLD/users ann; echo done:\$?"
	term_key Enter
	term_wait 'Password:'
	term_type hunter2
	term_key Enter
	term_wait 'Again:'
	term_type hunter2
	term_key Enter
	term_wait 'done:0'
	refute term_shows hunter2
	qtd user ls "$WORLD/users" | grep -q '^ann'
}

@test "as root's servant -u and -g come before anything is done" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	runuser -u nobody -- test -x "$(command -v qt-session)" ||
		skip "nobody may not enter the folder of the programs"
	chmod 711 "$WORLD"
	export QT_RUNTIME_DIR=$WORLD/run
	chown nobody "$WORLD/run"
	qtd_start -u nobody -w / --no-login
	[ "$(stat -c %U "/proc/$QTD")" = nobody ]
	body POST api/sessions -d '{"name":"w","command":["sh","-c","id -un; exec cat"]}' >/dev/null
	shows() { body GET s/w/screen.txt | grep -q '^nobody$'; }
	wait_for 10 shows
	kill "$(host_pid)"
}

# How often it has waited for something: not at all while it spins.
waits() { sed -n 's/^voluntary_ctxt_switches:	//p' "/proc/$1/status"; }
has_waited() { [ "$(waits "$1")" -ge "$2" ]; }

@test "a monitor without descriptors rests, and answers when it has some" {
	qtd_start --workers 1
	limit=$(prlimit --pid "$QTD" --nofile -o SOFT --noheadings --raw)
	prlimit --pid "$QTD" --nofile=3:
	timeout 30 qtd link >"$WORLD/link" 2>&1 &
	wait_for 10 has_waited "$QTD" $(($(waits "$QTD") + 5))
	[ ! -s "$WORLD/link" ]
	prlimit --pid "$QTD" --nofile="$limit:"
	wait $!
	grep -q token= "$WORLD/link"
}
