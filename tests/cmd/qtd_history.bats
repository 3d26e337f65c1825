#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# GET api/sessions/NAME/history: the commands of one session, for who may type
# in it, and of no other.

bats_require_minimum_version 1.5.0
load lib.bash
load hist.bash
load qtd.bash

setup() {
	hist_up
	TOOLS=$PATH
}

teardown() {
	PATH=$TOOLS
	qtd_down
	hist_forget "$QT_HIST"
	world_down
}

# shell NAME COMMAND...: a session with a bash whose commands are kept.
shell() {
	local name=$1 line n=0
	shift
	cat >"$HOME/.bashrc" <<-'EOF'
	unset HISTFILE
	PS1='[$((++prompts))] '
	eval "$(qt-hist init bash)"
	EOF
	SHELL=/bin/bash qt-session new -d -n "$name" -- bash --noprofile
	session_wait "$name" '^\[1\]'
	for line; do
		n=$((n + 1))
		qt-session send "$name" "$line"$'\n'
		session_wait "$name" "^\[$((n + 1))\]"
	done
}

# history NAME [QUERY] [CURL OPTION...]: prints the body. A machine that is so
# busy that two seconds are not enough is asked again.
history() {
	local name=$1 query=${2-}
	shift $(($# < 2 ? $# : 2))
	wait_for 30 has_answer "$name" "$query" "$@"
	sed '$d' "$WORLD/answer"
}
has_answer() {
	ask GET "api/sessions/$1/history" -G --data-urlencode "q=$2" "${@:3}" \
	    >"$WORLD/answer"
	[ "$(tail -n 1 "$WORLD/answer")" != 504 ]
}
code() {
	history "$@" >/dev/null
	tail -n 1 "$WORLD/answer"
}
commands() { history "$@" | jq -r '.commands[].command'; }
error() { history "$@" | jq -r .error; }
says() { [ "$(history "$1" "${3-}" | jq -c '[(.commands | length), .reason]')" \
    = "[0,\"$2\"]" ]; }

# The programs elsewhere, with this script in place of qt-hist; none without.
with_other() {
	mkdir "$WORLD/bin"
	cp "$(command -v qtd)" "$(command -v qt-session)" "$WORLD/bin"
	if [ $# -gt 0 ]; then
		printf '#!/bin/bash\n%s\n' "$1" >"$WORLD/bin/qt-hist"
		chmod 755 "$WORLD/bin/qt-hist"
	fi
	PATH=$WORLD/bin:/usr/bin:/bin
	QT_DATA_DIR=$QT_BUILD
	export QT_DATA_DIR
	mkdir "$QT_HIST"
}

@test "the session's commands, the latest first, with what became of them" {
	shell other 'echo secret of another'
	shell w 'echo one' 'cd /; false' 'echo two'
	qtd_start --no-login
	[ "$(commands w)" = $'echo two\ncd /; false\necho one' ]
	[ "$(commands w '' -d limit=1)" = 'echo two' ]
	[ "$(commands w 'echo !two')" = 'echo one' ]
	run history w exit:1
	[ "$(jq -c '.commands[] | [.command, .exit, .cwd, .start > 1e9,
	    .duration < 1e3, (keys | length)]' <<<"$output")" = \
	    "[\"cd /; false\",1,\"$HOME\",true,true,5]" ]
	# Folders of the query are relative to where the session's program is.
	[ "$(commands w 'cwd:. echo')" = 'echo two' ]
	says w 'no command of this session matches' nothing-like-it
	# By id too, and after its end; what is no UTF-8 has its bytes.
	id=$(body GET api/sessions | jq -r '.[] | select(.name == "w").id')
	printf '{"command_hex":"61e90a09","start":9e9,"qt_session":"%s"}\n' "$id" |
		qt-hist import -f json -
	[ "$(history w '' -d limit=1 | jq -ac '.commands[]')" = \
	    '{"command":"a\ufffd\n\t","command_hex":"61e90a09","start":9000000000}' ]
	[ "$(commands "$id" one)" = 'echo one' ]
	qt-session kill w
	wait_for 10 has_state w exited
	[ "$(commands w one)" = 'echo one' ]
}

@test "no query leads out of the session, or is more than a query" {
	shell other 'echo secret of another'
	shell w 'echo mine'
	qtd_start --no-login
	other=$(body GET api/sessions | jq -r '.[] | select(.name == "other").id')
	[ "$(commands other)" = 'echo secret of another' ]
	for query in secret "session:$other" "session:$other | session:w" \
	    "!session:x secret" "session: secret" "host:. secret" \
	    "re:. !mine" "' | secret"; do
		history w "$query" | jq -r '.commands[]?.command' >"$WORLD/found"
		refute grep secret "$WORLD/found"
	done
	[ "$(commands w 're:.')" = 'echo mine' ]
	for query in --help -e '-s all' '--' '-l 0' "\$(touch $WORLD/bad)" \
	    "; touch $WORLD/bad" "'" '"' '`' $'a\nb' $'\e[31m' $'\xff\xfe' \
	    '%s%n' '../../x' "$(printf '%01800d' 0)"; do
		[[ $(code w "$query") == [24]00 ]]
	done
	[ ! -e "$WORLD/bad" ]
	[ "$(code w "$(printf '%04200d' 0)")" = 414 ]
	[ "$(status GET 'api/sessions/w/history?q=%00')" = 400 ]
	[ "$(status GET 'api/sessions/w/history?q=%zz')" = 400 ]
	for limit in 0 201 -1 x '' 1x 99999999999999999999; do
		[ "$(status GET "api/sessions/w/history?limit=$limit")" = 400 ]
	done
	[ "$(code nobody)" = 404 ]
	[ "$(status GET api/sessions/history)" = 404 ]
	[ "$(status GET api/sessions//history)" = 404 ]
	[ "$(status POST api/sessions/w/history -d '')" = 405 ]
}

@test "a query that does not parse is refused with the place" {
	shell w 'echo mine'
	qtd_start --no-login
	[ "$(code w 'mine exit:zz')" = 400 ]
	run history w 'mine exit:zz'
	[ "$(jq .at <<<"$output")" = 10 ]
	[[ $(jq -r .error <<<"$output") == \
	    "the query does not parse at byte 11: expected a status"* ]]
	[ "$(history w 'a re:(' | jq .at)" = 2 ]
	[[ $(error w 'a re:(') == *"missing closing parenthesis"* ]]
}

@test "who may only look does not see what was typed" {
	shell w 'echo mine'
	echo pw | qtd user add -r reader "$WORLD/users" rita
	echo pw | qtd user add "$WORLD/users" will
	qtd_start --users "$WORLD/users"
	[ "$(code w)" = 401 ]
	[ "$(status POST login -d '{"user":"rita","password":"pw"}')" = 204 ]
	[ "$(code w)" = 403 ]
	[ "$(error w)" = 'readers may not see the history' ]
	[ "$(status POST login -d '{"user":"will","password":"pw"}')" = 204 ]
	[ "$(commands w)" = 'echo mine' ]
	qtd_down
	qtd_start --no-login --read-only
	[ "$(code w)" = 403 ]
	qtd_down
	# Who shows one command shows no other session, and nothing of it.
	qtd_start --no-login cat
	[ "$(code w)" = 404 ]
}

@test "no history, and no qt-hist: an empty list that says why" {
	qt-session new -d -n w -- cat
	qtd_start --no-login
	says w "there is no history: no shell runs qt-hist's hooks"
	[ ! -e "$QT_HIST" ]
	mkdir "$QT_HIST"
	says w 'no command of this session was recorded'
	qtd_down
	hist_forget "$QT_HIST"
	with_other
	qtd_start --no-login
	says w 'qt-hist is not installed'
}

@test "a qt-hist that hangs is ended, and holds up nothing" {
	with_other 'echo $$ >>"$HOME/pids"; exec sleep 600'
	qt-session new -d -n w -- cat
	qtd_start --no-login
	# All at once: there are no more than so many at a time.
	curl -s -Z --parallel-immediate -o /dev/null -w '%{http_code}\n' \
	    "${URL}api/sessions/w/history?q=[1-12]" >"$WORLD/codes" &
	asking=$!
	wait_for 10 has_lines 4 "$HOME/pids"
	[ "$(status GET healthz)" = 200 ]
	wait "$asking"
	[ "$(sort -u "$WORLD/codes")" = $'503\n504' ]
	[ "$(grep -c 504 "$WORLD/codes")" -ge "$(wc -l <"$HOME/pids")" ]
	while read -r pid; do
		wait_for 10 is_gone "$pid"
	done <"$HOME/pids"
}
has_lines() { [ -e "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]; }

# It ends later than what it says: by then another connection may have the
# number of the pipe, and is to stay in the loop.
@test "a qt-hist that ends late takes no other connection with it" {
	with_other 'exec >&-; : >"$QT_HIST/began"
	while [ -e "$QT_HIST/began" ]; do read -rt 0.02 <>"$QT_HIST/tick"; done'
	mkfifo "$QT_HIST/tick"
	qt-session new -d -n w -- sleep 1000
	qtd_start --no-login --workers 1
	ask GET api/sessions/w/history >answer &
	wait_for 10 test -e "$QT_HIST/began"
	[ "$(status GET api/sessions)" = 200 ]
	exec {to}<>"/dev/tcp/127.0.0.1/$PORT" {to_2}<>"/dev/tcp/127.0.0.1/$PORT"
	[ "$(status GET api/sessions)" = 200 ]
	rm "$QT_HIST/began"
	wait $!
	for to in "$to" "$to_2"; do
		printf 'GET /x HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n' "$PORT" >&"$to"
		read -rt 10 line <&"$to"
		[[ $line == HTTP/1.1* ]]
		exec {to}>&-
	done
}

@test "too much, nonsense, and a qt-hist that fails" {
	with_other 'while :; do echo "{\"command\":\"$(printf %099999d 0)\"}"; done'
	qt-session new -d -n w -- cat
	qtd_start --no-login
	[ "$(history w | jq -c '[(.commands | length), .reason]')" = \
	    '[5,"what is left out is too long"]' ]
	printf '%s\n' '#!/bin/sh' \
	    'echo "no JSON"; echo "[1]"; echo "{\"command\":3,\"exit\":\"x\"}"' \
	    'printf "{\"command\":\"half"' >"$WORLD/bin/qt-hist"
	[ "$(history w | jq -c .commands)" = '[{},{}]' ]
	printf '%s\n' '#!/bin/sh' \
	    'echo "qt-hist: the store is damaged" >&2; echo more >&2; exit 5' \
	    >"$WORLD/bin/qt-hist"
	[ "$(code w)" = 500 ]
	[ "$(error w)" = 'the store is damaged' ]
	# A worker, and a client, that leave in the middle.
	printf '%s\n' '#!/bin/sh' 'echo $$ >"$HOME/pid"; exec sleep 600' \
	    >"$WORLD/bin/qt-hist"
	code w &
	asking=$!
	wait_for 10 has_lines 1 "$HOME/pid"
	for pid in $(workers); do
		[ "$(cat "/proc/$pid/comm")" != qtd ] || kill -KILL "$pid"
	done
	wait_for 10 is_gone "$(cat "$HOME/pid")"
	wait "$asking" || true
	wait_for 10 is_serving
}
is_serving() { [ "$(status GET healthz)" = 200 ]; }
