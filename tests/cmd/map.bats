#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-map: keys and values, conditions, batch, and what goes wrong.

bats_require_minimum_version 1.5.0
load lib
load map

setup() { map_up; }
teardown() { map_down; }

@test "the first put makes the default map; others are made by init" {
	run -3 qt-map get a
	[ "$output" = "qt-map: no map 'default': the first 'qt-map put' makes it, or 'qt-map init'" ]
	run -0 qt-map put a 'one two'
	[ -z "$output" ]
	[ "$(qt-map get a)" = 'one two' ]
	ln -s nowhere/else "$WORLD/dangling"
	QT_STATE_DIR=$WORLD/dangling run -3 qt-map put a b
	[ "$output" = "qt-map: default: make folder '$WORLD/dangling/map': No such file or directory" ]
	run -3 qt-map -m x put a b
	[ "$output" = "qt-map: no map 'x': make one with 'qt-map init x'" ]
	run -0 qt-map init x
	run -3 qt-map init x
	[[ $output == "qt-map: x: $QT_STATE_DIR/map/x is there already"* ]]
	qt-map -m x put a b
	[ "$(QT_MAP=x qt-map get a)" = b ]
	[ "$(qt-map get a)" = 'one two' ]
	qt-map init "$WORLD/here"
	qt-map -m "$WORLD/here" put a c
	[ "$(qt-map -m "$WORLD/here" get a)" = c ]
	[ "$(qt-map ls | paste -sd,)" = default,x ]
	qt-map rm x
	[ "$(qt-map ls)" = default ]
	run -3 qt-map rm x
	run -0 qt-map rm -f x
}

@test "values are bytes" {
	head -c 300000 /dev/urandom >"$WORLD/v"
	qt-map put v - <"$WORLD/v"
	qt-map put p - < <(cat "$WORLD/v")
	qt-map get -n v | cmp - "$WORLD/v"
	qt-map get -n p | cmp - "$WORLD/v"
	qt-map put empty ''
	[ "$(qt-map get empty | od -An -c | tr -d ' ')" = '\n' ]
	[ "$(qt-map get -0 empty | od -An -c | tr -d ' ')" = '\0' ]
	[ -z "$(qt-map get -n empty)" ]
	qt-map put -- -x -y
	[ "$(qt-map get -- -x empty | paste -sd,)" = -y, ]
	echo line | qt-map put stdin
	[ "$(qt-map get -n stdin | od -An -c | tr -d ' ')" = 'line\n' ]
	run -2 qt-map put
	run -2 qt-map put a b c
	run -2 qt-map put '' b
	[ "$output" = 'qt-map: a key has 1 to 65536 bytes, not 0' ]
}

@test "a key that is not there is named, and the answer is 1" {
	qt-map put a 1
	run -1 --separate-stderr qt-map get b a
	[ "$output" = 1 ]
	# shellcheck disable=SC2154 # run sets it
	[ "$stderr" = "qt-map: no key 'b' in map 'default'" ]
	run -0 qt-map has a
	run -1 qt-map has a b
	[ -z "$output" ]
}

@test "del: keys, and a version" {
	qt-map batch >/dev/null < <(printf 'put %s x\n' a b c d)
	qt-map del a
	run -1 qt-map del b none c
	[ "$output" = "qt-map: no key 'none' in map 'default'" ]
	run -1 qt-map has b
	run -1 qt-map has c
	run -4 qt-map del --if-version 1 d
	[[ $output == *'has another version'* ]]
	run -4 qt-map del --if-version 1 none
	[[ $output == *'or is not there'* ]]
	run -0 qt-map del --if-version "$(qt-map put -P d y)" d
	run -1 qt-map has d
	run -2 qt-map del
	run -2 qt-map del --if-version 1 a b
}

@test "types are checked, and told in JSON" {
	qt-map put -t i64 n -42
	echo 7 | qt-map put -t u64 u -
	qt-map put -t json j '{"a": [1]}'
	qt-map put -t text t $'\xc3\xa4\t'
	qt-map put b $'\xff'
	qt-map put -t f64 inf -inf
	for bad in 'i64 4x' 'u64 -1' 'f64 1,5' 'json {' "text"$' \xff'; do
		# shellcheck disable=SC2086 # two words
		run -2 qt-map put -t ${bad% *} x "${bad#* }"
		[[ $output == *"' is no ${bad% *}" ]]
	done
	run -2 qt-map put -t i32 x 1
	# Of a type that is the user's own every byte is the value's.
	echo x | qt-map put -t 100 own -
	[ "$(qt-map get -n own | od -An -c | tr -d ' ')" = 'x\n' ]
	qt-map get -J n u j t b inf | sed 's/,"version":[0-9]*//' >"$WORLD/got"
	diff "$WORLD/got" - <<-'E'
	{"key":"n","value":-42,"type":"i64"}
	{"key":"u","value":7,"type":"u64"}
	{"key":"j","value":"{\"a\": [1]}","type":"json"}
	{"key":"t","value":"ä\t","type":"text"}
	{"key":"b","value_base64":"/w==","type":"bytes"}
	{"key":"inf","value":"-inf","type":"f64"}
	E
}

@test "conditions: exit 4, and nothing is changed" {
	qt-map put --if-absent k 1
	run -4 qt-map put --if-absent k 2
	[ "$output" = "qt-map: key 'k' is there already" ]
	v=$(qt-map put -P k 3)
	run -4 qt-map put --if-version "$((v - 1))" k 4
	[ "$(qt-map get k)" = 3 ]
	run -0 qt-map put --if-version "$v" k 5
	run -4 qt-map put --if-version 0 k 6
	qt-map put --if-version 0 new 7
	[ "$(qt-map get k new | paste -sd,)" = 5,7 ]
}

gone() { ! qt-map has "$1"; }

@test "what has a time to live is gone after it" {
	qt-map put -T 100ms short x
	qt-map put --ttl 3d long y
	wait_for 10 gone short
	[ "$(qt-map get long)" = y ]
	qt-map get -J long | grep -q '"expires":"20'
	run -2 qt-map put --ttl 5 k v
}

@test "batch: an answer each, quoting, and what is wrong" {
	run -2 qt-map batch <<-'E'
	put a 1
	put "b c" "x\ty \"\\"

	get "b c"
	has a
	del a
	del a
	get a
	put --if-absent "b c" no
	put -t i64 n x
	nonsense
	put a
	sync
	put -- -k -v
	E
	diff - <<-'E' <(echo "$output")
	ok
	ok
	= x\ty "\\
	ok
	ok
	no
	no
	no
	error the value is no i64
	error no command 'nonsense': put, get, del, has, count and sync
	error put takes 2 words, not 1 (quote one with blanks in it)
	ok
	ok
	E
	[ "$(qt-map get -- -k)" = -v ]
}

@test "batch -0: bytes as they are" {
	printf '%s\0' put $'k\n"' $'v\\ \n' get $'k\n"' 'put -t i64' n 5 get n |
	    qt-map batch -0 | cmp - <(printf '%s\0' ok $'= v\\ \n' ok '= 5')
	[ "$(qt-map get $'k\n"')" = $'v\\ ' ]
	run -2 qt-map batch -0 < <(printf 'put\0a\0')
	[[ $output == *'ends in the middle of a command' ]]
	run -1 qt-map has a
}

@test "batch --atomic: all of it or nothing" {
	run -0 qt-map batch --atomic < <(printf 'put a 1\nput b 2')
	[ "$(paste -sd, <<<"$output")" = ok,ok ]
	run -4 qt-map batch --atomic <<-'E'
	put a 3
	put --if-absent b 4
	put c 5
	E
	[ "${lines[1]}" = no ]
	[[ ${lines[2]} == 'error not done'* ]]
	run -2 qt-map batch --atomic < <(printf 'put a 3\nget a\n')
	[ "$(qt-map get a b | paste -sd,)" = 1,2 ]
	run -1 qt-map has c
}

@test "batch answers a coprocess at once" {
	coproc BATCH { exec qt-map batch; }
	STARTED+=("$BATCH_PID")
	for i in 1 2 3; do
		echo "put k $i" >&"${BATCH[1]}"
		read -r -t 10 -u "${BATCH[0]}" answer
		[ "$answer" = ok ]
		[ "$(qt-map get k)" = "$i" ]
	done
}

@test "shells that put at once: no error, nothing lost" {
	qt-map init
	for s in {1..8}; do
		for i in {1..20}; do
			qt-map put "$s/$i" "$s.$i" || echo "$s/$i: $?"
		done >"$WORLD/said.$s" 2>&1 &
		STARTED+=($!)
	done
	wait "${STARTED[@]}"
	[ -z "$(cat "$WORLD"/said.*)" ]
	for s in {1..8}; do
		# shellcheck disable=SC2046 # keys
		[ "$(qt-map get $(seq -f "$s/%g" 20))" = "$(seq -f "$s.%g" 20)" ]
	done
}

@test "settings are shown, changed, and refused" {
	qt-map init --mode async -o memtable-size=1M
	[ "$(qt-map settings mode)" = async ]
	[ "$(qt-map settings mode memtable-size)" = $'mode\tasync\nmemtable-size\t1M' ]
	qt-map settings mode=hybrid sync-prefix=a/
	[ "$(qt-map settings -J | grep -o '"mode":"[a-z]*"')" = '"mode":"hybrid"' ]
	[ "$(qt-map -o mode=memory settings mode)" = memory ]
	qt-map settings sync-prefix=$'a\n\tb'
	[ "$(qt-map settings sync-prefix sync-tags)" = $'sync-prefix\ta\\n\\tb\nsync-tags\t' ]
	[ "$(qt-map settings sync-tags wal-path)" = $'wal-path\t\nsync-tags\t' ]
	[ "$(qt-map settings sync-prefix)" = $'a\n\tb' ]
	run -2 qt-map settings mode=none
	run -2 qt-map settings nothing
	[ "$output" = "qt-map: no setting 'nothing' ('qt-map settings' lists them)" ]
	run -2 qt-map -o nothing=1 put a b
	run -2 qt-map settings wal-max=1M memtable-size=2M
	[ "${output##*: wal-max}" = ' 1M is less than memtable-size 2M: raise the one or lower the other' ]
	run -2 qt-map -o wal-max=1M -o memtable-size=2M put a b
	run -2 qt-map -o wal-max=1M -o memtable-size=2M init other
	run -2 qt-map init --mode none other
	[ "$output" = "qt-map: --mode 'none' is not sync, async, hybrid or memory" ]
	[ "$(qt-map settings mode)" = hybrid ]
}

@test "what is no map, or may not be read, is said; a full disk is no success" {
	mkdir "$WORLD/other"
	touch "$WORLD/other/file"
	run -3 qt-map -m "$WORLD/other" put a b
	[[ $output == *'not a file of ours'* ]]
	run -3 qt-map init "$WORLD/other"
	run -3 qt-map -m "$WORLD/other/file" get a
	[[ $output == *"file': it is no folder: not a file of ours"* ]]
	run -2 qt-map -m .. get a
	qt-map put a b
	run -3 sh -c 'qt-map get a >/dev/full'
	[[ $output == *'write error on stdout'* ]]
	run -3 sh -c 'qt-map get a >&-'
}
