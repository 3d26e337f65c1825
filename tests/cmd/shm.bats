#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm: segments and arrays, what is seen of them, and what goes wrong.

bats_require_minimum_version 1.5.0
load lib
load shm

setup() { shm_up; }
teardown() { shm_down; }

@test "a segment is made, listed, described and removed" {
	run -0 qt-shm create -s 1M "$SEG"
	[ -z "$output" ]
	[ "$(stat -c '%a %s' "/dev/shm/$SEG")" = '600 1048576' ]
	qt-shm ls -o name,state,format,kind,size |
	    grep -qx "$SEG	ok	qt	shm	1048576"
	[ "$(field kind,mode,entries,participants "$SEG")" = \
	    'shm	0600	64	64' ]
	run -0 qt-shm rm "$SEG"
	[ ! -e "/dev/shm/$SEG" ]
	run -3 qt-shm stat "$SEG"
	[[ $output == "qt-shm: $SEG: no such segment ('qt-shm create $SEG' "* ]]
}

@test "a name that is taken is not taken over; -x accepts it" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	before=$(field id "$SEG")
	run -3 qt-shm create "$SEG"
	[[ $output == *"$SEG: the name is taken"*"-x accepts it"* ]]
	run -0 qt-shm create -x "$SEG"
	[ "$(field id "$SEG")" = "$before" ]
	run -3 qt-shm new array -t f8 -c 9 "$SEG/a"
	[[ $output == *"$SEG/a: the name is taken"* ]]
	[ "$(field dtype "$SEG/a")" = '<i8' ]
}

@test "a group may share a segment, the world may not" {
	group=$(id -gn)
	qt-shm create -g "$group" "$SEG"
	[ "$(stat -c '%a %G' "/dev/shm/$SEG")" = "660 $group" ]
	run -2 qt-shm create -m 0666 "$SEG.2"
	[[ $output == *'0600, or 0660 with -g GROUP'* ]]
	run -2 qt-shm create -m 0660 "$SEG.2"
	run -2 qt-shm create -g nosuchgroup "$SEG.2"
	[ ! -e "/dev/shm/$SEG.2" ]
}

@test "elements are stored, read, sliced" {
	qt-shm create "$SEG"
	qt-shm new array -t i4 -c 6 "$SEG/a"
	qt-shm put "$SEG/a" 0 -5
	qt-shm put "$SEG/a" 1:3 7
	qt-shm put "$SEG/a" 3: 1 2 3
	run -0 qt-shm get "$SEG/a"
	[ "$(echo "$output" | paste -sd,)" = -5,7,7,1,2,3 ]
	[ "$(qt-shm get "$SEG/a" 4)" = 2 ]
	[ "$(qt-shm get "$SEG/a" :2 | paste -sd,)" = -5,7 ]
	[ "$(qt-shm get "$SEG/a" 4: | paste -sd,)" = 2,3 ]
	[ "$(qt-shm get -0 "$SEG/a" 3:5 | tr '\0' ,)" = 1,2, ]
	[ "$(qt-shm get -r "$SEG/a" 0:2 | od -An -td4 | xargs)" = '-5 7' ]
}

@test "what dump prints, put reads" {
	qt-shm create "$SEG"
	for n in a b; do
		qt-shm new array -t "[('n','<i4'),('t','S8')]" -c 3 "$SEG/$n"
	done
	qt-shm put "$SEG/a" : '[1, "x"]' '[-2, "a\tb"]' '[3, ""]'
	qt-shm dump "$SEG/a" | qt-shm put "$SEG/b"
	[ "$(qt-shm get "$SEG/a")" = "$(qt-shm get "$SEG/b")" ]
	cmp <(qt-shm get -r "$SEG/a") <(qt-shm get -r "$SEG/b")
	run -0 qt-shm dump "$SEG"
	[ "${lines[0]}" = "# $SEG/a array [('n','<i4'),('t','S8')] 3/3" ]
	[ "${lines[1]}" = '0	[1, "x"]' ]
	qt-shm dump -x "$SEG/a" | grep -q '|QTOBJ01'
}

@test "several dimensions" {
	qt-shm create "$SEG"
	qt-shm new array -t u1 -c 2x3 "$SEG/m"
	qt-shm put "$SEG/m" : 1 2 3 4 5 6
	[ "$(qt-shm get "$SEG/m" 1,0)" = 4 ]
	[ "$(field shape,capacity "$SEG/m")" = '2x3	6' ]
	run -3 qt-shm get "$SEG/m" 2,0
	run -2 qt-shm get "$SEG/m" 0,0,0
}

@test "add and cas are one step, and say what is there" {
	qt-shm create "$SEG"
	qt-shm new array -t u1 -c 2 "$SEG/n"
	[ "$(qt-shm add "$SEG/n" 0)" = 1 ]
	[ "$(qt-shm add "$SEG/n" 0 255)" = 0 ]
	[ "$(qt-shm add "$SEG/n" 0 -1)" = 255 ]
	run -0 qt-shm cas "$SEG/n" 0 255 7
	[ -z "$output" ]
	run -1 qt-shm cas "$SEG/n" 0 255 8
	[ "$output" = 7 ]
	qt-shm new array -t f8 -c 2 "$SEG/f"
	run -3 qt-shm add "$SEG/f" 0
	[[ $output == *"$SEG/f: its elements are '<f8', not whole numbers"* ]]
}

@test "counting from several processes loses nothing" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 1 "$SEG/n"
	for _ in 1 2 3 4; do
		for _ in {1..25}; do qt-shm add "$SEG/n" 0 >/dev/null; done &
		STARTED+=($!)
	done
	wait "${STARTED[@]}"
	[ "$(qt-shm get "$SEG/n" 0)" = 100 ]
}

@test "bad indices and values: what is wrong, exit 3, nothing changed" {
	qt-shm create "$SEG"
	qt-shm new array -t i1 -c 4 "$SEG/a"
	qt-shm put "$SEG/a" : 1 2 3 4
	run -3 qt-shm get "$SEG/a" 4
	[[ $output == "qt-shm: $SEG/a: index '4': it has 4 elements"* ]]
	run -3 qt-shm put "$SEG/a" 2:5 0
	run -3 qt-shm get "$SEG/a" 3:2
	run -3 qt-shm put "$SEG/a" 0 128
	[[ $output == *"value '128'"* ]]
	run -3 qt-shm put "$SEG/a" : 9 9 x 9
	run -3 qt-shm put "$SEG/a" : 9 9 9
	[[ $output == *'3 values for 4 elements'* ]]
	[ "$(qt-shm get "$SEG/a" | paste -sd,)" = 1,2,3,4 ]
	for bad in x 1x 1:x : 1,2 '' -1 0x1 99999999999999999999; do
		[ "$bad" = : ] || [ -z "$bad" ] || run -2 qt-shm get "$SEG/a" "$bad"
	done
	run -3 qt-shm put "$SEG/a" <<<'no tab'
	[[ $output == *'line 1 of standard input is no KEY<tab>VALUE'* ]]
}

@test "bad structures: type, dtype, capacity, names, space" {
	qt-shm create -s 1M -n 2 "$SEG"
	run -2 qt-shm new heap -c 4 "$SEG/a"
	[[ $output == *"no type 'heap'; there are array"* ]]
	run -2 qt-shm new array -t q9 -c 4 "$SEG/a"
	run -2 qt-shm new array -c 4 "$SEG/a"
	run -2 qt-shm new array -t i8 -c 0 "$SEG/a"
	run -2 qt-shm new array -t i8 -c 4 "$SEG/"
	run -2 qt-shm new array -t i8 -c 4 "$SEG"
	run -2 qt-shm new array -t i8 -c 4 "$SEG/$(printf '%064d' 0)"
	run -3 qt-shm new array -t i8 -c 1M "$SEG/a"
	[[ $output == *"$SEG/a: it takes 8389120 bytes and the segment has 1048576"*"'qt-shm create -s' makes a larger one"* ]]
	run -1 qt-shm ls "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	qt-shm new array -t i8 -c 4 "$SEG/b"
	run -3 qt-shm new array -t i8 -c 4 "$SEG/c"
	[[ $output == *"no place for another name ('qt-shm create -n'"* ]]
	run -3 qt-shm get "$SEG/none"
	[[ $output == *"$SEG/none: no such structure ('qt-shm ls $SEG'"* ]]
}

@test "space of what is removed is used again" {
	qt-shm create -s 1M "$SEG"
	qt-shm new array -t i8 -c 64K "$SEG/a"
	run -3 qt-shm new array -t i8 -c 64K "$SEG/b"
	for _ in {1..20}; do
		qt-shm rm "$SEG/a"
		qt-shm new array -t i8 -c 64K "$SEG/a"
	done
	run -0 qt-shm fsck "$SEG"
	[ -z "$output" ]
	run -3 qt-shm rm "$SEG/none" "$SEG/a"
	run -1 qt-shm ls "$SEG"
	run -0 qt-shm rm -f "$SEG/none" "$SEG.none" "$SEG.none/x"
}

@test "a damaged segment is named, and can be removed" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	cp "/dev/shm/$SEG" "/dev/shm/$SEG.cut"
	truncate -s 4096 "/dev/shm/$SEG.cut"
	run -3 qt-shm get "$SEG.cut/a" 0
	[[ $output == *"damaged"*"'qt-shm rm $SEG.cut/a' removes it"* ]] ||
		[[ $output == *'contents are damaged'* ]]
	printf '\377' | dd of="/dev/shm/$SEG" bs=1 seek=40 conv=notrunc 2>/dev/null
	run -3 qt-shm get "$SEG/a" 0
	[[ $output == *'checksum of its header is wrong'* ]]
	qt-shm ls -o name,state | grep -qx "$SEG	damaged"
	qt-shm rm "$SEG" "$SEG.cut"
	[ ! -e "/dev/shm/$SEG" ]
	echo 'not a segment, long enough to be looked at' >"/dev/shm/$SEG.txt"
	run -3 qt-shm rm "$SEG.txt"
	[[ $output == *'no segment of ours'* ]]
	[ -e "/dev/shm/$SEG.txt" ]
	run -3 qt-shm stat "$SEG.txt"
	[[ $output == *'too short to be a segment'* ]]
}

@test "a damaged structure is found by fsck, the others go on" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	qt-shm new array -t i8 -c 4 "$SEG/b"
	at=$(field offset "$SEG/a")
	printf 'XXXX' | dd of="/dev/shm/$SEG" bs=1 seek=$((at + 16)) \
	    conv=notrunc 2>/dev/null
	run -1 --separate-stderr qt-shm fsck "$SEG"
	[ "$output" = 'a	its head makes no sense' ]
	run -3 qt-shm get "$SEG/a"
	run -0 qt-shm get "$SEG/b" 0
	qt-shm ls -o name,state "$SEG" | grep -qx 'a	damaged'
}

@test "another program's segment may be looked into, not changed" {
	qt-session new -d -n one -- cat
	host=$(segment_name host)
	host=${host#/}
	qt-shm ls -o name,kind | grep -qx "$host	host"
	[ "$(field kind "$host")" = host ]
	qt-shm who -o program,state "$host" | grep -qx 'qt-session	alive'
	run -3 qt-shm new array -t i8 -c 1 "$host/x"
	[[ $output == *"another program's (kind 'host')"* ]]
	for verb in put add; do
		run -3 qt-shm "$verb" "$host/x" 0
		[[ $output == *"another program's (kind 'host')"* ]]
	done
	for verb in rm fsck gc; do
		run -3 qt-shm "$verb" "$host"
		[[ $output == *"another program's (kind 'host')"* ]]
	done
	[ -e "/dev/shm/$host" ]
}

@test "who: alive, stopped and dead, and gc sweeps" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	run -1 qt-shm who "$SEG"
	mkfifo in
	qt-shm put "$SEG/a" <in &
	pid=$!
	STARTED+=("$pid")
	exec 8>in
	is() { [ "$(qt-shm who -o pid,program,state "$SEG")" = "$1" ]; }
	wait_for 10 is "$pid	qt-shm	alive"
	kill -STOP "$pid"
	wait_for 10 is "$pid	qt-shm	stopped"
	kill -KILL "$pid"
	wait_for 10 is "$pid	qt-shm	dead"
	exec 8>&-
	[ "$(field dead "$SEG")" = 1 ]
	run -0 qt-shm gc "$SEG"
	[ "${lines[0]}" = 'swept	1' ]
	run -1 qt-shm who "$SEG"
}

@test "columns, JSON, and a wrong column" {
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	qt-shm ls -J "$SEG" | jq -e '.[0].name == "a" and .[0].count == 4 and
	    .[0].open == false'
	qt-shm stat -J "$SEG" | jq -e '.kind == "shm" and .structures == 1'
	qt-shm ls -J | jq -e --arg n "$SEG" 'any(.name == $n)'
	run -2 qt-shm ls -o name,colour "$SEG"
	[[ $output == *"no column 'colour'; there are:"*name,type,* ]]
	[ "$(qt-shm stat -o path,data_offset,dtype,shape "$SEG/a" | cut -f1,3,4)" \
	    = "/dev/shm/$SEG	<i8	4" ]
	script -qec "qt-shm ls $SEG" /dev/null | grep -q '^NAME  *TYPE '
	script -qec "qt-shm ls --noheadings $SEG" /dev/null | grep -q '^a  *array '
}

@test "nothing that is stored drives a terminal" {
	qt-shm create "$SEG"
	qt-shm new array -t S8 -c 1 "$SEG/a"
	qt-shm put "$SEG/a" 0 $'\e[31m'
	script -qec "qt-shm get $SEG/a" /dev/null | grep -qF '\x1b[31m'
	[ "$(qt-shm get "$SEG/a")" = $'\e[31m' ]
}

@test "a full disk is said" {
	[ -e /dev/full ] || skip "no /dev/full"
	qt-shm create "$SEG"
	qt-shm new array -t i8 -c 4 "$SEG/a"
	run -3 bash -c "qt-shm get $SEG/a >/dev/full"
	[[ $output == *'write error on stdout'* ]]
}
