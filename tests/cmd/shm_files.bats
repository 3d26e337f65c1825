#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm export and import; stacks and pools.

bats_require_minimum_version 1.5.0
load lib
load shm

setup_file() { find_python; }

setup() {
	shm_up
	qt-shm create "$SEG"
}

teardown() { shm_down; }

# A .npy file as NumPy writes it: npy DICT >FILE, elements are added by the test
npy() {
	local dict=$1
	while (((10 + ${#dict} + 1) % 64)); do dict+=' '; done
	printf '\x93NUMPY\1\0'
	printf "\\x$(printf %02x $(((${#dict} + 1) % 256)))"
	printf "\\x$(printf %02x $(((${#dict} + 1) / 256)))%s\n" "$dict"
}

@test "export is a .npy file, byte for byte" {
	qt-shm new array -t '<i2' -c 2x3 "$SEG/a"
	qt-shm put "$SEG/a" : 1 2 3 4 5 -6
	qt-shm export "$SEG/a" a.npy
	{ npy "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }"
	  printf '\1\0\2\0\3\0\4\0\5\0\372\377'; } >want.npy
	cmp a.npy want.npy
	qt-shm export "$SEG/a" | cmp - want.npy
	qt-shm export "$SEG/a" - | cmp - want.npy
	[ "$(find . -name '*.qt-shm*')" = '' ]
	[ "$(stat -c %a a.npy)" = "$(printf '%o' $((0666 & ~$(umask))))" ]
}

@test "import makes the array, of any dtype; -f stores into one that is there" {
	qt-shm new array -t "[('t','S5'),('v','>f8',(2,))]" -c 3 "$SEG/a"
	qt-shm put "$SEG/a" 1 '["abc", [1.5, -2]]'
	qt-shm export "$SEG/a" a.npy
	qt-shm import a.npy "$SEG/b"
	qt-shm import - "$SEG/c" <a.npy
	for n in b c; do
		cmp <(qt-shm get -r "$SEG/a") <(qt-shm get -r "$SEG/$n")
		[ "$(field dtype,shape "$SEG/$n")" = \
		    "$(field dtype,shape "$SEG/a")" ]
	done
	run -3 qt-shm import a.npy "$SEG/b"
	[[ $output == *'the name is taken (-f stores into it'* ]]
	qt-shm put "$SEG/b" 1 '["x", [0, 0]]'
	qt-shm import -f a.npy "$SEG/b"
	cmp <(qt-shm get -r "$SEG/a") <(qt-shm get -r "$SEG/b")
	qt-shm new array -t i8 -c 3 "$SEG/d"
	run -3 qt-shm import -f a.npy "$SEG/d"
	qt-shm new array -t "[('t','S5'),('v','>f8',(2,))]" -c 4 "$SEG/e"
	run -3 qt-shm import -f a.npy "$SEG/e"
	[[ $output == *'another shape'* ]]
}

@test "a bad file is named, and makes nothing" {
	good="{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }"
	{ npy "$good"; printf '%012d' 0; } >good.npy
	head -c 80 good.npy >short.npy
	{ cat good.npy; echo; } >long.npy
	echo 'not one' >text.npy
	npy "${good/<i4/|O}" >pickle.npy
	{ npy "${good/False, \'shape\': (3,)/True, \'shape\': (1, 3)}"
	  printf '%012d' 0; } >fortran.npy
	npy "${good/3,/0,}" >empty.npy
	for f in short long text pickle fortran empty none; do
		run -3 qt-shm import "$f.npy" "$SEG/a"
		[[ $output == "qt-shm: $f.npy: "* ]]
		run -3 qt-shm stat "$SEG/a"
	done
	# Standard input has no size to look at first.
	run -3 qt-shm import - "$SEG/a" <<<"$(head -c 130 good.npy | tr '\0' ' ')"
	run -3 bash -c "head -c 136 good.npy | qt-shm import - $SEG/a"
	[[ $output == *'it ends after 2 of 3 elements'* ]]
	run -3 qt-shm stat "$SEG/a"
	qt-shm import good.npy "$SEG/a"
	run -3 qt-shm export "$SEG/a" no/such/folder/a.npy
	qt-shm new queue -z 8 -c 8 "$SEG/q"
	run -3 qt-shm export "$SEG/q" q.npy
	[ ! -e q.npy ]
}

@test "NumPy reads what is exported, and maps an array in place" {
	need_numpy
	qt-shm new array -t i4 -c 2x3 "$SEG/a"
	qt-shm put "$SEG/a" : 1 2 3 4 5 6
	qt-shm export "$SEG/a" a.npy
	[ "$(python -c 'import numpy
print(numpy.load("a.npy").sum(axis=0).tolist())')" = '[5, 7, 9]' ]
	IFS=$'\t' read -r path at dtype < <(qt-shm stat -o path,data_offset,dtype "$SEG/a")
	python -c "import numpy
m = numpy.memmap('$path', offset=$at, dtype='$dtype', shape=(2, 3), mode='r+')
m[1, 2] = 60"
	[ "$(qt-shm get "$SEG/a" 1,2)" = 60 ]
}

# zipm FILE: a segment of zeroipc with the array x of five <i4 at 256
le() { local i n=$1; for ((i = 0; i < $2; i++)); do
	printf "\\x$(printf %02x $((n >> 8 * i & 255)))"; done; }
zipm() {
	local version=$1 wide=$2 w=4
	((!wide)) || w=8
	{ printf MPIZ
	  le "$version" 4; le 1 4
	  if ((wide)); then le 0 4; le 512 8; le 284 8; else le 284 4; fi
	  printf x; head -c 31 /dev/zero; le 256 "$w"; le 28 "$w"; } >z
	truncate -s 256 z
	{ le 5 8; for i in 1 2 3 4 5; do le "$i" 4; done; } >>z
	truncate -s 512 z
	cp z "/dev/shm/$SEG.z"
}

@test "segments of zeroipc are looked into, both layouts, and never changed" {
	for kind in '1 0' '1 1' '2 1'; do
		# shellcheck disable=SC2086 # two words
		zipm $kind
		before=$(sum_of "$SEG.z")
		qt-shm ls -o name,format,state,structures |
		    grep -qx "$SEG.z	zipm	ok	1"
		[ "$(qt-shm ls -o name,size,offset,capacity,item "$SEG.z")" = \
		    'x	28	256	5	4' ]
		[ "$(field kind,version,structures "$SEG.z")" = \
		    "zipm	${kind% *}	1" ]
		[ "$(field data_offset "$SEG.z/x")" = 264 ]
		qt-shm dump "$SEG.z" | grep -q '^00000100  05 00 00'
		qt-shm export -t '<i4' "$SEG.z/x" x.npy
		qt-shm import -f x.npy "$SEG/x"
		[ "$(qt-shm get "$SEG/x" | paste -sd,)" = 1,2,3,4,5 ]
		run -2 qt-shm export "$SEG.z/x"
		run -3 qt-shm export -t i8 "$SEG.z/x"
		[[ $output == *"no array of '<i8'"* ]]
		run -3 qt-shm export -t i8 "$SEG.z/y"
		for verb in 'put' 'rm' 'get'; do
			run -3 qt-shm "$verb" "$SEG.z/x"
		done
		run -3 qt-shm rm "$SEG.z"
		[ "$(sum_of "$SEG.z")" = "$before" ]
	done
	truncate -s 260 "/dev/shm/$SEG.z"
	run -3 qt-shm ls "$SEG.z"
	[[ $output == *'not inside the file'* ]]
	qt-shm ls -o name,state | grep -qx "$SEG.z	damaged"
}

@test "watch: fill and rates, as lines and as JSON" {
	qt-shm new queue -z 8 -c 100 "$SEG/q"
	qt-shm watch -i 0.05 -o name,count,rates "$SEG" >out &
	pid=$!
	STARTED+=("$pid")
	seen() { grep -q "$1" out; }
	wait_for 10 seen '^q	0'
	seq 7 | qt-shm push "$SEG/q"
	wait_for 10 seen '^q	7	.*=+'
	kill -TERM "$pid"
	wait "$pid"
	qt-shm watch -n 1 -J "$SEG/q" | jq -e '.[0].count == 7'
	run -3 qt-shm watch -n 1 "$SEG/none"
}

@test "a stack: the newest first" {
	qt-shm new stack -z 8 -c 3 "$SEG/s"
	run -1 qt-shm pop "$SEG/s"
	qt-shm push "$SEG/s" 1 2 3
	run -1 qt-shm push "$SEG/s" 4
	[ "$(qt-shm peek -n 2 "$SEG/s" | paste -sd,)" = 3,2 ]
	[ "$(qt-shm pop -a "$SEG/s" | paste -sd,)" = 3,2,1 ]
	if [ -e /dev/full ]; then
		qt-shm push "$SEG/s" a b
		run -3 bash -c "qt-shm pop -a $SEG/s >/dev/full"
		[ "$(qt-shm pop -a "$SEG/s" | paste -sd,)" = b,a ]
	fi
}

@test "a pool: blocks by handle, stale ones are known" {
	qt-shm new pool -t i8 -c 2 "$SEG/p"
	h=$(qt-shm put "$SEG/p" 7)
	[ "$(qt-shm get "$SEG/p" "$h")" = 7 ]
	qt-shm put "$SEG/p" "$h" 8
	[ "$(qt-shm dump "$SEG/p")" = "$h	8" ]
	qt-shm put "$SEG/p" 9 >/dev/null
	run -1 qt-shm put "$SEG/p" 10
	qt-shm del "$SEG/p" "$h"
	run -1 qt-shm get "$SEG/p" "$h"
	run -1 qt-shm del "$SEG/p" "$h"
	h2=$(qt-shm put "$SEG/p" 11)
	[ "$h2" != "$h" ]
	run -2 qt-shm get "$SEG/p" xyz
}
