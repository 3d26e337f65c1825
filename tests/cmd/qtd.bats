#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qtd as its user and its scripts see it: start, login, API, end.

bats_require_minimum_version 1.5.0
load lib.bash
load qtd.bash

setup() { world_up; }
teardown() { qtd_down; world_down; }

@test "a link logs in once, and a cookie keeps one in" {
	qtd_start
	[ "$(status GET api/sessions)" = 401 ]
	[ "$(login)" = 204 ]
	[ "$(status GET api/sessions)" = 200 ]
	body GET api/me | grep -q '"role":"admin"'
	rm "$WORLD/jar"
	[ "$(login)" = 401 ]
	[ "$(status GET api/sessions)" = 401 ]
}

@test "qtd link prints another link" {
	qtd_start
	run -0 qtd link
	[[ $output == "$URL#token="* ]]
	[ "$output" != "$URL#token=$TOKEN" ]
	[ "$(login "${output#*token=}")" = 204 ]
	run -0 qtd link -p "$PORT"
	run -1 qtd link -p 1
	[[ $output == *"no such qtd"* ]]
	qtd_stop
	run -1 qtd link
	[[ $output == *"no qtd runs"* ]]
}

@test "logging out ends the session, also in other workers" {
	qtd_start --workers 2
	[ "$(login)" = 204 ]
	cp "$WORLD/jar" "$WORLD/old"
	[ "$(status POST logout)" = 204 ]
	cp "$WORLD/old" "$WORLD/jar"
	for _ in 1 2 3 4; do [ "$(status GET api/me)" = 401 ]; done
}

@test "a wrong token backs off" {
	qtd_start
	for _ in 1 2 3 4 5; do
		last=$(login AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)
	done
	[ "$last" = 429 ]
}

# Each from a new port, so from one worker or another. How often a guess was
# let through, and how often the waits (1, 2, 4 ... seconds) allow it to be.
@test "workers do not multiply the tries" {
	qtd_start --workers 4
	begun=${EPOCHREALTIME/[.,]/}
	tries=0
	for _ in {1..24}; do
		[ "$(login AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)" = 429 ] ||
			tries=$((tries + 1))
	done
	seconds=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000000))
	allowed=3
	for ((wait = 1, at = 1; at <= seconds; wait *= 2, at += wait)); do
		allowed=$((allowed + 1))
	done
	echo "$tries tries in $seconds s, $allowed allowed"
	[ "$tries" -le "$allowed" ]
}

@test "sessions: made, listed, shown as text, ended" {
	qtd_start --no-login
	run -0 ask POST api/sessions \
	    -d '{"name":"box","command":["sh","-c","echo hello; exec cat"]}'
	[[ $output == *'"name":"box"'*201 ]]
	body GET api/sessions | grep -q '"name":"box"'
	shows() { body GET s/box/screen.txt | grep -q '^hello$'; }
	wait_for 10 shows
	run -0 qt-session ls
	[[ $output == *box* ]]
	[ "$(status POST api/sessions -d '{"name":"box"}')" = 409 ]
	[ "$(status POST api/sessions -d '{"name":"a/b"}')" = 400 ]
	[ "$(status POST api/sessions -d 'no json')" = 400 ]
	[ "$(status DELETE api/sessions/box)" = 204 ]
	gone() { [ "$(session_state box)" != running ]; }
	wait_for 10 gone
	[ "$(status DELETE api/sessions/nobody)" = 404 ]
	[ "$(status GET s/nobody/screen.txt)" = 404 ]
}

@test "metrics and health" {
	qtd_start --no-login
	[ "$(status GET healthz)" = 200 ]
	run -0 body GET metrics
	[[ $output == *"qtd_host_up 1"* ]]
	[[ $output == *"qtd_ws_open 0"* ]]
	[[ $output == *"qtd_workers 1"* ]]
	echo "$output" | grep -v '^#' | grep -v '^$' |
	    refute grep -vE '^[a-z0-9_]+(\{[^}]*\})? [0-9]+$'
}

@test "basic: name and password, a ticket, a cookie for browsers" {
	printf 'ann:secret\n' >"$WORLD/cred"
	qtd_start -c "@$WORLD/cred" cat
	run -0 ask GET '' -i
	[[ $output == *"401"* && $output == *"WWW-Authenticate: Basic"* ]]
	[ "$(status GET token -u ann:wrong)" = 401 ]
	run -0 body GET token -u ann:secret
	[[ $output =~ ^\{\"token\":\ \"[A-Za-z0-9_-]{43}\"\}$ ]]
	[[ $output != *secret* ]]
	[ "$(status GET api/me -u ann:secret)" = 200 ]
	# From here on the cookie does.
	[ "$(status GET api/sessions)" = 200 ]
}

@test "the password of -c is not left in the list of processes" {
	qtd_start -c ann:secret cat
	refute grep -q secret "/proc/$QTD/cmdline"
}

@test "users: roles, wrong passwords, a removed user" {
	for u in root:admin wil:writer rea:reader; do
		echo "pw-${u%:*}" | qtd user add -r "${u#*:}" "$WORLD/users" \
		    "${u%:*}"
	done
	qtd_start --users "$WORLD/users" --audit "$WORLD/audit"
	as() {
		status POST login -d "{\"user\":\"$1\",\"password\":\"$2\"}"
	}
	[ "$(as wil wrong)" = 401 ]
	[ "$(as nobody pw-wil)" = 401 ]
	[ "$(as wil pw-wil)" = 204 ]
	body GET api/me | grep -q '"role":"writer"'
	body POST api/sessions -d '{"name":"wils"}' | grep -q '"owner":"wil"'
	[ "$(as rea pw-rea)" = 204 ]
	body GET api/me | grep -q '"writable":false'
	[ "$(status POST api/sessions -d '{"name":"x"}')" = 403 ]
	[ "$(status DELETE api/sessions/wils)" = 403 ]
	[ "$(status GET api/sessions)" = 200 ]
	qtd user del "$WORLD/users" rea
	wait_for 5 is_refused
	grep -q '"event":"login","ok":false,"user":"wil"' "$WORLD/audit"
	grep -q '"event":"login","ok":true,"user":"rea"' "$WORLD/audit"
	refute grep -q pw- "$WORLD/audit"
}

is_refused() { [ "$(status GET api/sessions)" = 401 ]; }

@test "a changed password or role ends that user's logins, and no other's" {
	for u in ann bob; do
		echo "pw-$u" | qtd user add -r writer "$WORLD/users" "$u"
	done
	qtd_start --users "$WORLD/users" --workers 2
	as() {
		status POST login -d "{\"user\":\"$1\",\"password\":\"$2\"}"
	}
	[ "$(as bob pw-bob)" = 204 ]
	cp "$WORLD/jar" "$WORLD/bobs"
	[ "$(as ann pw-ann)" = 204 ]
	echo new | qtd user passwd "$WORLD/users" ann
	wait_for 5 is_refused
	[ "$(as ann pw-ann)" = 401 ]
	[ "$(as ann new)" = 204 ]
	[ "$(status GET api/sessions)" = 200 ]
	qtd user role -r reader "$WORLD/users" ann
	wait_for 5 is_refused
	cp "$WORLD/bobs" "$WORLD/jar"
	[ "$(status GET api/sessions)" = 200 ]
	# A user of that name who comes later is somebody else.
	qtd user del "$WORLD/users" bob
	echo pw-bob | qtd user add -r writer "$WORLD/users" bob
	wait_for 5 is_refused
}

@test "a cookie is worth nothing once the way to log in is another" {
	qtd_start -c ann:one
	[ "$(status GET api/me -u ann:one)" = 200 ]
	[ "$(status GET api/me)" = 200 ]
	port=$PORT
	qtd_stop
	qtd_start -p "$port" -c ann:two
	[ "$(status GET api/me)" = 401 ]
	qtd_stop
	qtd_start -p "$port"
	[ "$(login)" = 204 ]
	qtd_stop
	echo pw | qtd user add -r admin "$WORLD/users" "$(id -un)"
	qtd_start -p "$port" --users "$WORLD/users"
	[ "$(status GET api/me)" = 401 ]
}

@test "a header from a proxy says who it is" {
	qtd_start -H X-Who cat
	[ "$(status GET api/me)" = 401 ]
	body GET api/me -H 'X-Who: ann' | grep -q '"user":"ann"'
	[ "$(status GET api/me -H 'X-Who: a' -H 'X-Who: b')" = 401 ]
}

@test "a foreign Host or Origin is refused" {
	qtd_start --no-login
	[ "$(status GET api/me -H 'Host: evil.example')" = 403 ]
	[ "$(status POST api/sessions -H 'Origin: http://evil.example')" = 403 ]
	[ "$(status POST api/sessions -H "Origin: http://127.0.0.1:$PORT" \
	    -d '{"command":["true"]}')" = 201 ]
}

@test "--host and --origin name others that are ours" {
	qtd_start --no-login --host my.example --origin https://b.example
	[ "$(status GET api/me -H 'Host: my.example')" = 200 ]
	[ "$(status GET api/me -H 'Host: b.example')" = 403 ]
	[ "$(status POST api/sessions -H 'Origin: https://b.example' \
	    -d '{"command":["true"]}')" = 201 ]
}

@test "behind a base path" {
	qtd_start --no-login -b /qt
	[[ $URL == */qt/ ]]
	[ "$(status GET healthz)" = 200 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' \
	    "http://127.0.0.1:$PORT/healthz")" = 404 ]
	run -0 curl -s -o /dev/null -w '%{redirect_url}' \
	    "http://127.0.0.1:$PORT/qt"
	[ "$output" = "$URL" ]
}

@test "on a Unix socket, with a mode that is ours alone" {
	qtd_start -i "unix:$WORLD/s" --no-login
	[ "$(stat -c %a "$WORLD/s")" = 600 ]
	run -0 curl -s --unix-socket "$WORLD/s" http://x/healthz
	[ "$output" = ok ]
	qtd_stop
	[ ! -e "$WORLD/s" ]
}

@test "a server with a command shows its own sessions only" {
	qt-session new -d -n secret cat
	qtd_start --no-login cat
	run -0 body GET api/sessions
	[ "$output" = '[]' ]
	[ "$(status GET s/secret/screen.txt)" = 404 ]
	[ "$(status DELETE api/sessions/secret)" = 404 ]
	[ "$(status POST api/sessions -d '{"command":["sh"]}')" = 403 ]
	body POST api/sessions -d '{}' | grep -q '"command":"cat"'
	body GET api/sessions | grep -q '"command":"cat"'
}

@test "uploads land in the session's folder, whole or not at all" {
	mkdir "$WORLD/box"
	qtd_start --no-login -w "$WORLD/box"
	ask POST api/sessions -d '{"name":"box","command":["cat"]}' >/dev/null
	head -c 300000 /dev/urandom >"$WORLD/f"
	run -0 ask PUT 'api/files?session=box&name=a%20b' -T "$WORLD/f"
	[[ $output == *"$WORLD/box/a b"*201 ]]
	cmp "$WORLD/f" "$WORLD/box/a b"
	[ "$(status PUT 'api/files?session=box&name=a%20b' -T "$WORLD/f")" = 409 ]
	echo new >"$WORLD/f"
	[ "$(status PUT 'api/files?session=box&name=a%20b&overwrite=1' \
	    -T "$WORLD/f")" = 201 ]
	cmp "$WORLD/f" "$WORLD/box/a b"
	[ "$(status PUT 'api/files?session=box&name=..%2fx' -T "$WORLD/f")" = 400 ]
	[ "$(status PUT 'api/files?session=nobody&name=x' -T "$WORLD/f")" = 404 ]
	[ "$(ls "$WORLD/box")" = 'a b' ]
}

@test "an upload that is cut leaves nothing" {
	mkdir "$WORLD/box"
	qtd_start --no-login -w "$WORLD/box"
	ask POST api/sessions -d '{"name":"box","command":["cat"]}' >/dev/null
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'PUT /api/files?session=box&name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf' >&9
	read -rt 0.2 -u 9 || true
	exec 9>&-
	[ "$(status GET healthz)" = 200 ]
	[ -z "$(ls -A "$WORLD/box")" ]
}

@test "a file longer than --upload-max is refused before it is read" {
	qtd_start --no-login --upload-max 1K
	ask POST api/sessions -d '{"name":"box","command":["cat"]}' >/dev/null
	head -c 2000 /dev/zero >"$WORLD/f"
	[ "$(status PUT 'api/files?session=box&name=x' -T "$WORLD/f")" = 413 ]
}

@test "downloads" {
	mkdir "$WORLD/box"
	head -c 3000000 /dev/urandom >"$WORLD/box/ü.bin"
	qtd_start --no-login -w "$WORLD/box"
	ask POST api/sessions -d '{"name":"box","command":["cat"]}' >/dev/null
	curl -s -D "$WORLD/head" -o "$WORLD/got" \
	    "${URL}api/files?session=box&path=%c3%bc.bin"
	cmp "$WORLD/got" "$WORLD/box/ü.bin"
	grep -qi "^content-disposition: attachment; filename\*=UTF-8''%C3%BC.bin" \
	    "$WORLD/head"
	[ "$(status GET 'api/files?session=box&path=none')" = 404 ]
	[ "$(status GET 'api/files?session=box&path=.')" = 400 ]
	mkfifo "$WORLD/box/pipe"
	[ "$(status GET 'api/files?session=box&path=pipe')" = 400 ]
}

@test "--no-files and readers: nothing is moved" {
	qtd_start --no-login --no-files
	ask POST api/sessions -d '{"name":"box","command":["cat"]}' >/dev/null
	[ "$(status GET 'api/files?session=box&path=/etc/passwd')" = 403 ]
	[ "$(status PUT 'api/files?session=box&name=x' -T /etc/passwd)" = 405 ]
	qtd_stop
	qtd_start --no-login --read-only
	[ "$(status GET 'api/files?session=box&path=/etc/passwd')" = 403 ]
	[ "$(status PUT 'api/files?session=box&name=x' -T /etc/passwd)" = 403 ]
}

@test "cookies outlive a qtd that was killed" {
	qtd_start -p 0
	[ "$(login)" = 204 ]
	port=$PORT
	pids=$(workers)
	kill -KILL "$QTD"
	for p in $pids; do wait_for 5 is_gone "$p"; done
	wait "$QTD" 2>/dev/null || true
	qtd_start -p "$port"
	[ "$(status GET api/sessions)" = 200 ]
}

@test "a worker that dies is started again" {
	qtd_start --no-login
	old=$(workers)
	kill -KILL $old
	other() { [ "$(workers)" ] && [ "$(workers)" != "$old" ]; }
	wait_for 5 other
	wait_for 5 eval '[ "$(status GET healthz)" = 200 ]'
	grep -q 'was killed by signal 9' "$WORLD/err"
}

@test "a host that dies is started again" {
	qtd_start --no-login
	kill -KILL "$(host_pid)"
	wait_for 10 eval '[ "$(status GET healthz)" = 200 ] && [ "$(status \
	    POST api/sessions -d "{\"command\":[\"true\"]}")" = 201 ]'
}

@test "SIGTERM ends it at once when nobody is there" {
	qtd_start
	kill -TERM "$QTD"
	wait_for 3 is_gone "$QTD"
	wait "$QTD"
	[ ! -e "$QT_RUNTIME_DIR/qtd-$PORT.sock" ]
}

@test "sockets that systemd passes are served" {
	qtd_start --no-login -p 0
	port=$PORT
	qtd_stop
	python=$(command -v python3) || skip "needs python3 to pass a socket"
	: >"$WORLD/err"
	"$python" - "$port" <<-'PY' >"$WORLD/out" 2>"$WORLD/err" &
	import os, socket, sys
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("127.0.0.1", int(sys.argv[1])))
	s.listen()
	os.dup2(s.fileno(), 3, True)
	os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
	os.execvp("qtd", ["qtd", "--no-login"])
	PY
	QTD=$!
	wait_for 10 qtd_is_ready_or_dead
	URL=http://127.0.0.1:$port/
	[ "$(status GET healthz)" = 200 ]
}

# pass KIND...: qtd with these sockets, on loopback.
pass() {
	command -v python3 >/dev/null || skip "needs python3 to pass a socket"
	: >"$WORLD/err"
	python3 - "$@" <<-'PY' >"$WORLD/out" 2>"$WORLD/err" &
	import os, socket, sys
	kept = []
	for kind in sys.argv[1:]:
	    if kind == "unix":
	        s = socket.socket(socket.AF_UNIX)
	        s.bind("socket")
	    else:
	        s = socket.socket(type=socket.SOCK_DGRAM if kind == "udp"
	                          else socket.SOCK_STREAM)
	        s.bind(("127.0.0.1", 0))
	    if kind in ("tcp", "unix"):
	        s.listen()
	    if kind == "tcp":
	        open("port", "w").write(str(s.getsockname()[1]))
	    kept.append(os.dup(s.fileno()))
	    os.dup2(kept[-1], 60 + len(kept))
	for i in range(len(kept)):
	    os.dup2(61 + i, 3 + i, True)
	os.environ.update(LISTEN_FDS=str(len(kept)), LISTEN_PID=str(os.getpid()))
	os.execvp("qtd", ["qtd", "--no-login"])
	PY
	QTD=$!
	wait_for 10 qtd_is_ready_or_dead
}

@test "what is passed and cannot be served is named" {
	for kind in udp mute; do
		pass "$kind"
		refute grep -q ready "$WORLD/err"
		grep -q 'not a stream socket that listens' "$WORLD/err"
	done
}

@test "a Unix socket beside it does not open loopback to foreign names" {
	pass tcp unix
	PORT=$(cat port)
	URL=http://127.0.0.1:$PORT/
	[ "$(status GET api/me)" = 200 ]
	[ "$(status GET api/me -H 'Host: evil.example')" = 403 ]
	run -0 curl -s --unix-socket socket http://127.0.0.1/healthz
	[ "$output" = ok ]
}

@test "qt.conf and the environment set what options set" {
	mkdir -p "$HOME/.config/qt"
	printf 'qtd.no-login = yes\nqtd.base-path = /conf\n' \
	    >"$HOME/.config/qt/qt.conf"
	qtd_start
	[[ $URL == */conf/ ]]
	[ "$(status GET api/me)" = 200 ]
	qtd_stop
	QT_QTD_BASE_PATH=/env qtd_start
	[[ $URL == */env/ ]]
	echo 'qtd.prot = 1' >>"$HOME/.config/qt/qt.conf"
	run -3 qtd
	[[ $output == *"qtd.prot"* ]]
}

@test "TLS: a secure cookie with the prefix" {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	    -keyout "$WORLD/key" -out "$WORLD/cert" 2>/dev/null
	qtd_start -S -C "$WORLD/cert" -K "$WORLD/key"
	[[ $URL == https://* ]]
	run -0 ask POST login -k -i -d "{\"token\":\"$TOKEN\"}"
	[[ $output == *"Set-Cookie: __Host-qt="*"Secure"* ]]
	[ "$(status GET api/sessions -k)" = 200 ]
}
