#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-map: many keys at once, and what is done to a whole map.

bats_require_minimum_version 1.5.0
load lib
load map

setup() {
	map_up
	printf 'put %s\n' 'a/1 one' 'a/2 "t w\to"' 'b "\x00\xff"' 'c ""' |
	    qt-map batch >/dev/null
}
teardown() { map_down; }

@test "scan: ranges, both ways, a limit, fields, NULs, JSON" {
	diff - <(qt-map scan) <<<$'a/1\tone\na/2\tt w\\to\nb\t\\x00\\xff\nc\t'
	[ "$(qt-map scan -k -p a/ | paste -sd,)" = a/1,a/2 ]
	[ "$(qt-map scan -k --from a/2 --to c | paste -sd,)" = a/2,b ]
	[ "$(qt-map scan -krl 2 | paste -sd,)" = c,b ]
	[ "$(qt-map scan -v -p a/1)" = one ]
	qt-map scan -0 --from b | cmp - <(printf 'b\0\0\xff\0c\0\0')
	[ "$(qt-map scan -J -l 1 | sed 's/,"version":[0-9]*//')" = \
	    '{"key":"a/1","value":"one","type":"bytes"}' ]
	run -2 qt-map scan -p a --to b
	[ "$(qt-map count)" = 4 ]
	[ "$(qt-map count -p a/)" = 2 ]
	[ "$(echo 'count -p a/' | qt-map batch)" = '= 2' ]
}

@test "scan -B fills another map, with types and times" {
	qt-map put -t i64 -T 1h n 5
	qt-map put -t 77 -- '-x "y" \' ''
	qt-map init x
	[ "$(qt-map scan -B | qt-map -m x batch | sort | uniq -c)" = '      6 ok' ]
	diff <(qt-map scan -0 | od -c) <(qt-map -m x scan -0 | od -c)
	qt-map -m x scan -J | grep -q '"n","value":5,"type":"i64".*"expires":"20'
	qt-map -m x scan -J | grep -q '"type":77'
	run -2 qt-map scan -BJ
}

@test "del: keys, ranges, a version; clear" {
	run -1 qt-map del a/1 none c
	[ "$output" = "qt-map: no key 'none' in map 'default'" ]
	[ "$(qt-map scan -k | paste -sd,)" = a/2,b ]
	run -4 qt-map del --if-version 1 b
	run -2 qt-map del
	run -2 qt-map del -p ''
	run -2 qt-map del --from ''
	[ "$(qt-map count)" = 2 ]
	qt-map del -p a/
	[ "$(qt-map scan -k)" = b ]
	qt-map clear </dev/null
	[ "$(qt-map count)" = 0 ]
}

@test "a checkpoint is a map of its own; compact, maintain, sync, verify, stat" {
	qt-map checkpoint "$WORLD/copy"
	qt-map put d 1
	[ "$(qt-map -m "$WORLD/copy" count)" = 4 ]
	run -3 qt-map checkpoint "$WORLD/copy"
	[ "$output" = "qt-map: '$WORLD/copy' is a map already (use another name, or 'qt-map rm $WORLD/copy' first)" ]
	cd "$WORLD"
	run -3 qt-map verify --salvage copy
	[[ $output == *"'copy' is a map already"*"'qt-map rm ./copy' first)" ]]
	mkdir other other/file
	run -3 qt-map checkpoint other
	[ "$output" = "qt-map: 'other' is there already, and is no empty folder (use another name)" ]
	qt-map compact
	qt-map maintain
	qt-map maintain --all -b 10s
	qt-map sync
	run -0 --separate-stderr qt-map verify
	[ -z "$output" ]
	run -0 --separate-stderr qt-map verify -v
	# shellcheck disable=SC2154 # run sets it
	[ "$stderr" = 'qt-map: default: sound' ]
	[ "$(qt-map count)" = 5 ]
	[ "$(qt-map stat poisoned)" = 0 ]
	qt-map stat -J | grep -q '"map":"default"'
	run -2 qt-map stat nothing
}

@test "damage is listed, exit 5, by file and position; what is sound is salvaged" {
	qt-map put big "$(seq 10000)"
	qt-map checkpoint
	run=$(ls "$QT_STATE_DIR"/map/default/run/*.run | head -1)
	printf 'xxxx' | dd of="$run" bs=1 seek=100 conv=notrunc status=none
	run -5 qt-map verify
	[[ ${lines[0]} == *"${run##*/}"* ]]
	run -5 qt-map get a/1
	[[ $output == *"'qt-map verify' lists all damage"* ]]
	run -5 --separate-stderr qt-map verify --salvage "$WORLD/new"
	[[ $output == *"${run##*/}: damaged in 1 place"* ]]
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *" records copied to '$WORLD/new'" ]]
	run -0 qt-map -m "$WORLD/new" verify
	[ "$(qt-map -m "$WORLD/new" get big)" = "$(seq 10000)" ]
	run -1 qt-map -m "$WORLD/new" has a/1
	run -3 qt-map verify --salvage "$WORLD/new"
}

@test "options that contradict each other are refused, by name" {
	# refused "A or B" WORD...
	refused() {
		local names=$1
		shift
		run -2 --separate-stderr qt-map "$@"
		[ -z "$output" ]
		# shellcheck disable=SC2154 # bats sets it
		[ "$stderr" = "qt-map: $names, not both" ]
	}
	refused '-k or -v' scan -k -v
	refused '-0 or -J' scan --null --json
	for other in -k -v -0 -J; do
		refused "-B or $other" scan "$other" -B
	done
	refused '-n or -0' get -n -0 b
	refused '-n or -J' get -J -n b
	refused '-0 or -J' get -0 -J b
	refused '--prefix or --from' scan -p a --from b
	refused '--prefix or --to' count --to b -p a
	refused '--sync or --async' put --async --sync b 1
	refused '--if-absent or --if-version' put --if-version 1 --if-absent b 1
	refused 'keys or a range' del -p a b
	refused '-m or --all' -m default maintain --all
	refused '-m or MAP' -m x init y
	refused '-m or MAP' -m default rm -f x
	[ "$(qt-map get -0 b | od -An -tx1)" = ' 00 ff 00' ]
	for key in 'a/1 a/2' '-p a/'; do
		# shellcheck disable=SC2086 # words
		run -2 qt-map del --if-version 1 $key
		[[ $output == *'--if-version is of one key'* ]]
	done
	[ "$(echo 'put --if-absent --if-version 0 b 1' | qt-map batch)" = \
	    'error --if-absent or --if-version, not both' ]
	# Of the same one the last counts.
	[ "$(qt-map scan -k -l 1 -l 2 | paste -sd,)" = a/1,a/2 ]
	[ "$(qt-map count)" = 4 ]
}
