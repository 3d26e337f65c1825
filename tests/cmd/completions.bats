#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Tab offers in bash, zsh and fish is what --help says, for every program,
# command and option.

bats_require_minimum_version 1.5.0
load lib

setup() {
	world_up
	T="$BATS_TEST_TMPDIR"
	COMP="$QT_TOP/completions"
}

teardown() {
	world_down
}

progs() { (cd "$QT_TOP" && for m in cmd/*/main.c; do basename "${m%/main.c}"; done); }

# The two halves of the question, from --help without the completions' help.
help_commands() { "$@" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort; }
help_options() {
	{ echo --help; "$@" --help | sed -n 's/^ \{2,6\}\(-.*\)/\1/p' |
	    sed 's/   *.*//' | tr ' ,' '\n\n' | grep -e '^-'; } | sort -u
}

# by_bash WORD...: the candidates for the last word.
by_bash() {
	# shellcheck disable=SC2016 # the inner bash expands
	bash -c '. "$0/qt.bash"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_qt "$1" "${@: -1}" "${@: -2:1}"
		printf "%s\n" "${COMPREPLY[@]}"' "$COMP" "$@" | sed '/^$/d' | sort -u
}

by_fish() {
	fish --no-config -c "source $COMP/qt.fish; complete -C '$*'" |
	    cut -f1 | sort -u
}

# zsh completes in a terminal of its own, zpty; what it would offer is said by
# a compadd that tells.
by_zsh() {
	zsh -f "$QT_TOP/tests/cmd/complete.zsh" "$COMP" "$*" | sed '/^--$/d' |
	    sort -u
}

same_everywhere() {
	local want=$1
	shift
	for by in ${SHELLS:-by_bash by_zsh by_fish}; do
		"$by" "$@" >"$T/got"
		diff -u --label "--help" --label "$by $*" "$want" "$T/got"
	done
}

@test "the commands of every program" {
	for p in $(progs); do
		help_commands "$p" >"$T/want"
		[ -s "$T/want" ] || continue
		same_everywhere "$T/want" "$p" ''
	done
}

# One zsh for all of a program: nothing else here takes as long as its start.
@test "the options of every program and command" {
	local verbs lines i
	for p in $(progs); do
		verbs=('') lines=() i=0
		mapfile -t -O 1 verbs < <(help_commands "$p")
		for verb in "${verbs[@]}"; do
			lines+=("$p${verb:+ $verb} -")
		done
		zsh -f "$QT_TOP/tests/cmd/complete.zsh" "$COMP" "${lines[@]}" |
		    awk -v to="$T/zsh." '{ print >(to n + 0) } /^--$/ { n++ }'
		for verb in "${verbs[@]}"; do
			# shellcheck disable=SC2086 # no verb is no word
			help_options "$p" $verb >"$T/want"
			# shellcheck disable=SC2086
			SHELLS='by_bash by_fish' \
			    same_everywhere "$T/want" "$p" $verb -
			sed '/^--$/d' "$T/zsh.$i" | sort -u |
			    diff -u --label "--help" --label \
			    "by_zsh $p $verb" "$T/want" -
			i=$((i + 1))
		done
		rm -f "$T"/zsh.*
	done
}

@test "a session's name where a command wants one" {
	qt-session new -d -n first -- sleep 100
	qt-session new -d -n second -- sleep 100
	printf 'first\nsecond\n' >"$T/want"
	for verb in attach kill capture; do
		same_everywhere "$T/want" qt-session "$verb" ''
	done
}

@test "a segment, a structure and a type where qt-shm wants one" {
	local seg
	seg=$(basename "$WORLD")
	qt-shm create "$seg"
	qt-shm new array -t i8 -c 1 "$seg/first"
	qt-shm new array -t i8 -c 1 "$seg/second"
	for by in by_bash by_zsh by_fish; do
		"$by" qt-shm who '' | grep -qx "$seg"
	done
	printf '%s/first\n%s/second\n' "$seg" "$seg" >"$T/want"
	same_everywhere "$T/want" qt-shm get "$seg/"
	# What 'new' names when it is asked for a type that is none.
	{ qt-shm new none x/y 2>&1 || true; } | sed 's/.*there are //' |
	    tr -d ' ' | tr ',' '\n' | sort >"$T/want"
	same_everywhere "$T/want" qt-shm new ''
	rm -f "/dev/shm/$seg"
}

@test "a map, a key, a setting and a mode where qt-map wants one" {
	export QT_STATE_DIR=$WORLD/state
	qt-map init other
	qt-map put first 1
	qt-map -m other put second 2
	printf 'default\nother\n' >"$T/want"
	same_everywhere "$T/want" qt-map -m ''
	echo first >"$T/want"
	same_everywhere "$T/want" qt-map get ''
	[ "$(by_bash qt-map -m other del s)" = second ]
	[ "$(by_fish qt-map init --mode m)" = memory ]
	[ "$(by_bash qt-map --map other del s)" = second ]
	[ "$(by_zsh qt-map --map other del s)" = second ]
	[ "$(by_fish qt-map --map other del s)" = second ]
	qt-map settings | cut -f1 | sort >"$T/want"
	same_everywhere "$T/want" qt-map settings ''
	qt-map stat | cut -f1 | sort >"$T/want"
	same_everywhere "$T/want" qt-map stat ''
	qt-map rm default other
}

# Names of segments, and what is in them, may be another user's.
@test "a name is no command of whoever presses Tab" {
	# shellcheck disable=SC2016 # not expanded: that is what is tested
	local name='$(touch made)' seg
	export QT_STATE_DIR=$WORLD/state
	seg=$(basename "$WORLD")$name
	cd "$T"
	qt-map init "$name"
	qt-map put "$name" 1
	qt-shm create "$seg"
	qt-shm new queue -t i8 -c 8 "$seg/$name"
	[ "$(by_bash qt-map -m '')" = "$name"$'\n'default ]
	[ "$(by_bash qt-map get '')" = "$name" ]
	by_bash qt-shm who '' | grep -qxF "$seg"
	[ "$(by_bash qt-shm peek "$seg/")" = "$seg/$name" ]
	[ ! -e made ]
	qt-map rm "$name" default
	rm -f "/dev/shm/$seg"
}

@test "values that have names: a shell, a policy, a signal, a folder" {
	printf '%s\n' bash fish zsh >"$T/want"
	same_everywhere "$T/want" qt-hist doctor ''
	same_everywhere "$T/want" qt-hist init ''
	same_everywhere "$T/want" qt-hist pick --widget ''
	printf '%s\n' emacs vi >"$T/want"
	same_everywhere "$T/want" qt-hist pick --keys ''
	printf '%s\n' all folder host repository session >"$T/want"
	same_everywhere "$T/want" qt-hist search -s ''
	printf '%s\n' fixed largest latest smallest >"$T/want"
	same_everywhere "$T/want" qt-session new --resize ''
	for by in by_bash by_zsh by_fish; do
		"$by" qt-session kill -s '' | grep -qx HUP
		"$by" qt-session new -c "$QT_TOP/compl" | grep -q completions
	done
}

@test "what the history has: ids and sessions of its events" {
	export QT_HIST=$WORLD/hist
	printf '%s\n' '{"command":"a \"id\":\"x\"","session":"s1"}' \
	    '{"command":"b","session":"s1"}' | qt-hist import -f json -
	qt-hist list -J | jq -r .id | sort >"$T/want"
	[ "$(wc -l <"$T/want")" -eq 2 ]
	same_everywhere "$T/want" qt-hist delete --id ''
	echo s1 >"$T/want"
	same_everywhere "$T/want" qt-hist delete --session ''
	qt-map rm -f "$QT_HIST/store"
}

@test "nothing where a name is new" {
	qt-session new -d -n first -- sleep 100
	: >"$T/want"
	same_everywhere "$T/want" qt-session new -n ''
	same_everywhere "$T/want" qt-session rename first ''
}

@test "a command after --" {
	for by in by_bash by_zsh by_fish; do
		"$by" qt-session new -- readel | grep -qx readelf
	done
}
