#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-shm export and import of whole segments: .npz files.

bats_require_minimum_version 1.5.0
load lib
load shm

setup_file() { find_python; }

setup() {
	shm_up
	qt-shm create "$SEG"
}

teardown() { shm_down; }

# Three arrays and a value.
fill() {
	qt-shm new array -t '<i2' -c 2x3 "$1/a"
	qt-shm put "$1/a" : 1 2 3 4 5 -6
	qt-shm new array -t "[('t','S5'),('v','>f8',(2,))]" -c 3 "$1/b"
	qt-shm put "$1/b" 1 '["abc", [1.5, -2]]'
	qt-shm new array -t u1 -c 100000 "$1/large"
	qt-shm put "$1/large" : 7
	qt-shm new value -t '<f4' "$1/v"
	qt-shm put "$1/v" 2.5
}

# What is in a segment, to compare: names, types, shapes, then the elements.
contents() {
	qt-shm ls -o name,type,dtype,shape,count "$1"
	local n
	for n in $(qt-shm ls -o name "$1"); do
		qt-shm get -r "$1/$n" | cksum
	done
}

@test "a segment is written as one file, and made again from it" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz 2>err
	[ ! -s err ]
	[ "$(ls -A)" = 'err
s.npz' ]
	[ "$(stat -c %a s.npz)" = "$(printf '%o' $((0666 & ~$(umask))))" ]
	qt-shm export "$SEG" | cmp - s.npz
	qt-shm export "$SEG" - >again.npz
	cmp again.npz s.npz
	# Over an older one, and by way of a link.
	ln -s s.npz link.npz
	qt-shm export "$SEG" link.npz
	[ -L link.npz ]
	cmp again.npz s.npz
	qt-shm create "$SEG.2"
	qt-shm import s.npz "$SEG.2"
	diff <(contents "$SEG") <(contents "$SEG.2")
	qt-shm create "$SEG.3"
	qt-shm import - "$SEG.3" <s.npz
	diff <(contents "$SEG") <(contents "$SEG.3")
	qt-shm create "$SEG.4"
	qt-shm import - "$SEG.4" < <(cat s.npz)
	diff <(contents "$SEG") <(contents "$SEG.4")
}

@test "what has no place in a file is left out, and that is said" {
	qt-shm new queue -z 8 -c 8 "$SEG/q"
	qt-shm new mutex "$SEG/m"
	run -1 qt-shm export "$SEG" s.npz
	[[ $output == *'no array or value in it: nothing is written'* ]]
	[ ! -e s.npz ]
	qt-shm new value -z 8 "$SEG/any"
	qt-shm new value -t i4 "$SEG/unset"
	qt-shm new array -t i4 -c 2 "$SEG/a"
	run -0 qt-shm export "$SEG" s.npz
	[ "${#lines[@]}" = 4 ]
	[[ $output == *"$SEG/q: left out: it is a queue"* ]]
	[[ $output == *"$SEG/m: left out: it is a mutex"* ]]
	[[ $output == *"$SEG/any: left out: it is a value without a dtype"* ]]
	[[ $output == *"$SEG/unset: left out: it has no value yet"* ]]
	qt-shm create "$SEG.2"
	qt-shm import s.npz "$SEG.2"
	[ "$(qt-shm ls -o name "$SEG.2")" = a ]
	qt-shm new array -t i4 -c 2 "$SEG/x/y"
	run -3 qt-shm export "$SEG" t.npz
	[[ $output == *"$SEG/x/y: no member of a .npz file may have this name"* ]]
	[ ! -e t.npz ]
	qt-shm export "$SEG/x/y" y.npy
	run -1 qt-shm export "$SEG/unset" u.npy
	run -3 qt-shm export "$SEG/any" u.npy
	run -2 qt-shm export -t i4 "$SEG"
}

@test "a value is a .npy file without dimensions" {
	qt-shm new value -t '<f8' "$SEG/v"
	qt-shm put "$SEG/v" 2.5
	qt-shm export "$SEG/v" v.npy
	[ "$(head -c 128 v.npy | grep -ac "'shape': ()")" = 1 ]
	qt-shm import v.npy "$SEG/w"
	[ "$(field type,dtype "$SEG/w")" = 'value	<f8' ]
	[ "$(qt-shm get "$SEG/w")" = 2.5 ]
	qt-shm put "$SEG/w" 7
	run -3 qt-shm import v.npy "$SEG/w"
	qt-shm import -f v.npy "$SEG/w"
	[ "$(qt-shm get "$SEG/w")" = 2.5 ]
	qt-shm new array -t f8 -c 1 "$SEG/a"
	run -3 qt-shm import -f v.npy "$SEG/a"
}

@test "what is written to need not be a file" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz
	qt-shm export "$SEG/a" a.npy
	qt-shm export "$SEG" /dev/null
	qt-shm export "$SEG/a" /dev/null
	[ -c /dev/null ]
	mkfifo fifo
	cat fifo >from &
	STARTED+=("$!")
	qt-shm export "$SEG" fifo
	wait "$!"
	cmp from s.npz
	[ -p fifo ]
	run -3 qt-shm export "$SEG" no/such/folder/s.npz
	mkdir folder
	run -3 qt-shm export "$SEG" folder
	[ -e /dev/full ] || return 0
	run -3 qt-shm export "$SEG" /dev/full
	run -3 bash -c "qt-shm export $SEG >/dev/full"
	run -3 bash -c "qt-shm export $SEG/a >/dev/full"
}

@test "the other kind of file is told apart" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz
	qt-shm export "$SEG/a" a.npy
	run -3 qt-shm import s.npz "$SEG/x"
	[[ $output == *'a .npz file goes into a whole segment'* ]]
	run -3 qt-shm import a.npy "$SEG"
	[[ $output == *'a .npy file goes into SEG/NAME'* ]]
}

@test "names that are taken are refused before anything is changed; -f" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz
	qt-shm create "$SEG.2"
	qt-shm new array -t '<i2' -c 2x3 "$SEG.2/a"
	before=$(contents "$SEG.2")
	run -3 qt-shm import s.npz "$SEG.2"
	[[ $output == *"$SEG.2/a: the name is taken (-f stores into it"* ]]
	[ "$(contents "$SEG.2")" = "$before" ]
	qt-shm import -f s.npz "$SEG.2"
	diff <(contents "$SEG") <(contents "$SEG.2")
	qt-shm put "$SEG.2/a" : 0
	qt-shm put "$SEG.2/v" 0
	qt-shm rm "$SEG.2/b"
	qt-shm import -f s.npz "$SEG.2"
	diff <(contents "$SEG") <(contents "$SEG.2")
	# Another dtype, shape or type: in what comes last, too.
	qt-shm put "$SEG.2/a" : 0
	qt-shm rm "$SEG.2/b" "$SEG.2/v"
	for spec in 'array -t <f4 -c 1' 'value -t <f8' 'queue -z 8 -c 8'; do
		# shellcheck disable=SC2086 # words
		qt-shm new $spec "$SEG.2/v"
		before=$(contents "$SEG.2")
		run -3 qt-shm import -f s.npz "$SEG.2"
		[[ $output == *"$SEG.2/v: "* ]]
		[ "$(contents "$SEG.2")" = "$before" ]
		qt-shm rm "$SEG.2/v"
	done
	qt-shm rm "$SEG.2/large"
	qt-shm new array -t u1 -c 100001 "$SEG.2/large"
	run -3 qt-shm import -f s.npz "$SEG.2"
	[[ $output == *'another shape'* ]]
}

# tries KIND FILE: import with the n-th call of that kind failing, for every n
# until it is not called so often. What was wrong left nothing.
tries() {
	local n status
	for ((n = 1; n < 200; n++)); do
		status=0
		QT_FAULT="$1:$n:$2" qt-shm import "$3" "$SEG.2" 2>err || status=$?
		[ "$status" != 0 ] || return 0
		[ "$status" = 3 ]
		[ -s err ]
		[ "$(qt-shm ls -o name "$SEG.2")" = '' ]
	done
	return 1
}

@test "whatever fails on the way, all are there or none" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz
	for kind in 'pread EIO' 'fallocate ENOSPC' 'mmap ENOMEM' 'open EMFILE'; do
		qt-shm create "$SEG.2"
		# shellcheck disable=SC2086 # two words
		tries $kind s.npz
		diff <(contents "$SEG") <(contents "$SEG.2")
		qt-shm fsck "$SEG.2"
		qt-shm rm "$SEG.2"
	done
	# And the way out: the file is whole, or there is none.
	for ((n = 1; n < 200; n++)); do
		if QT_FAULT="pwrite:$n:ENOSPC" qt-shm export "$SEG" t.npz 2>err
		then
			break
		fi
		grep -q 'No space left' err
		[ "$(ls -A)" = 'err
s.npz' ]
	done
	[ "$n" -gt 10 ]
	cmp s.npz t.npz
	# What is kept elsewhere meanwhile says so when there is no room for it.
	run -3 bash -c "set -o pipefail
	    QT_FAULT=pwrite:3:ENOSPC qt-shm export $SEG | cat"
	[[ $output == *'kept in TMPDIR'* ]]
	run -3 bash -c "cat s.npz | QT_FAULT=write:1:ENOSPC qt-shm import - $SEG"
	[[ $output == *'kept in TMPDIR'* ]]
	for call in link rename; do
		QT_FAULT="$call:1:EIO" run -3 qt-shm export "$SEG" t.npz
		[ "$(ls -A)" = 'err
s.npz
t.npz' ]
	done
}

@test "a segment that is too small: nothing is made" {
	fill "$SEG"
	qt-shm export "$SEG" s.npz
	qt-shm create -s 300K "$SEG.2"
	qt-shm new array -t u1 -c 200000 "$SEG.2/mine"
	before=$(contents "$SEG.2")
	run -3 qt-shm import s.npz "$SEG.2"
	[[ $output == *"$SEG.2/large: "*'Cannot allocate memory'* ]]
	[ "$(contents "$SEG.2")" = "$before" ]
	qt-shm new array -t u1 -c 307200 "$SEG/larger"
	qt-shm export "$SEG" t.npz
	run -3 qt-shm import t.npz "$SEG.2"
	[[ $output == *'its members have more than 307200 bytes'* ]]
	qt-shm create -n 3 "$SEG.3"
	run -3 qt-shm import s.npz "$SEG.3"
	[[ $output == *'it has 4 members, more than the 3'* ]]
	qt-shm create -n 4 "$SEG.4"
	qt-shm new mutex "$SEG.4/m"
	run -3 qt-shm import s.npz "$SEG.4"
	[ "$(qt-shm ls -o name "$SEG.4")" = m ]
	run -3 qt-shm import - "$SEG.2" </dev/zero
	[[ $output == *'longer than the segment'* ]]
	run -3 qt-shm import s.npz "$SEG.none"
}

@test "killed at any time, there is no file or a whole one" {
	fill "$SEG"
	qt-shm new array -t u1 -c 20000000 "$SEG/huge"
	for ((i = 0; i < 10; i++)); do
		qt-shm export "$SEG" s.npz 2>/dev/null &
		kill -KILL "$!"
		wait "$!" || true
		if [ -e s.npz ]; then
			qt-shm create "$SEG.2"
			qt-shm import s.npz "$SEG.2"
			qt-shm rm "$SEG.2"
			rm s.npz
		fi
		[ "$(ls -A)" = '' ]
	done
	qt-shm export "$SEG" s.npz
	for ((i = 0; i < 10; i++)); do
		qt-shm create "$SEG.2"
		qt-shm import s.npz "$SEG.2" 2>/dev/null &
		kill -TERM "$!"
		wait "$!" || true
		n=$(qt-shm ls -o name "$SEG.2" | wc -l)
		[ "$n" = 0 ] || [ "$n" = 5 ]
		qt-shm fsck "$SEG.2"
		qt-shm rm "$SEG.2"
	done
}

@test "an import that is killed leaves a sound segment, and -f does the rest" {
	fill "$SEG"
	qt-shm new array -t u1 -c 4000000 "$SEG/huge"
	qt-shm put "$SEG/huge" : 9
	qt-shm export "$SEG" s.npz
	for ((i = 0; i < 5; i++)); do
		qt-shm create "$SEG.2"
		qt-shm import s.npz "$SEG.2" 2>/dev/null &
		# By how many there are: at another place each time.
		n=0
		while [ "$n" -lt "$i" ] && kill -0 "$!" 2>/dev/null; do
			n=$(qt-shm stat -o structures "$SEG.2")
		done
		kill -KILL "$!" 2>/dev/null || true
		wait "$!" || true
		qt-shm gc "$SEG.2"
		qt-shm fsck "$SEG.2"
		[ "$(field dead "$SEG.2")" = 0 ]
		qt-shm import -f s.npz "$SEG.2"
		diff <(contents "$SEG") <(contents "$SEG.2")
		qt-shm rm "$SEG.2"
	done
}

@test "a bad file is named, and changes nothing" {
	need_python
	python - <<-'PY'
	import struct, zipfile
	def npy(d="<i2", s="(3,)", f="False", data=b"\1\0\2\0\3\0"):
	    h = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (d, f, s)
	    h += " " * (-(11 + len(h)) % 64) + "\n"
	    return b"\x93NUMPY\1\0" + struct.pack("<H", len(h)) + h.encode() + data
	def make(name, *members, method=zipfile.ZIP_STORED):
	    import warnings
	    warnings.simplefilter("ignore")
	    with zipfile.ZipFile(name + ".npz", "w", method) as z:
	        for n, d in members:
	            z.writestr(n, d)
	ok = npy()
	make("good", ("a.npy", ok), ("b.npy", ok))
	make("none")
	make("twice", ("a.npy", ok), ("a.npy", ok))
	make("text", ("a.npy", ok), ("read.me", b"no array"))
	make("pickle", ("a.npy", ok), ("b.npy", npy(d="O")))
	make("fortran", ("a.npy", ok), ("b.npy", npy(s="(1, 3)", f="True")))
	make("empty", ("a.npy", ok), ("b.npy", npy(s="(0,)", data=b"")))
	make("short", ("a.npy", ok), ("b.npy", ok[:-1]))
	make("long", ("a.npy", ok), ("b.npy", ok + b"x"))
	make("bare", ("a.npy", b""))
	make("five", ("a.npy", ok), ("b.npy", npy(s="(1, 1, 1, 1, 3)")))
	make("nested", ("a.npy", ok), ("b.npz", open("good.npz", "rb").read()))
	make("nested2", ("a.npy", open("good.npz", "rb").read()))
	make("slash", ("a.npy", ok), ("x/b.npy", ok))
	make("up", ("a.npy", ok), ("../b.npy", ok))
	make("dots", ("a.npy", ok), ("...npy", ok))
	make("noname", ("a.npy", ok), (".npy", ok))
	make("back", ("a.npy", ok), ("x\\b.npy", ok))
	make("escape", ("a.npy", ok), ("\x1b[2Jb.npy", ok))
	make("longname", ("a.npy", ok), ("n" * 64 + ".npy", ok))
	make("longest", ("a.npy", ok), ("n" * 60000 + ".npy", ok))
	make("bzip2", ("a.npy", ok), method=zipfile.ZIP_BZIP2)
	make("lzma", ("a.npy", ok), method=zipfile.ZIP_LZMA)
	make("many", *[("n%d.npy" % i, ok) for i in range(65)])
	# Of 200 KB; unpacked it is more than the segment.
	make("bomb", ("a.npy", npy(d="|u1", s="(200000000,)",
	    data=bytes(200000000))), method=zipfile.ZIP_DEFLATED)
	good = open("good.npz", "rb").read()
	def patch(name, at, new, data=good):
	    open(name + ".npz", "wb").write(data[:at] + new + data[at + len(new):])
	patch("sum", good.index(b"\1\0\2\0\3\0") + 1, b"\5")
	d = good.index(b"PK\1\2")
	patch("secret", d + 8, b"\1\0")
	patch("crc", d + 16, b"xxxx")
	patch("named", d + 46, b"c")
	patch("offset", d + 42, struct.pack("<I", 7))
	patch("far", d + 42, struct.pack("<I", 2 ** 31))
	patch("wide", d + 42, b"\xff" * 4)
	patch("claims", d + 20, struct.pack("<II", 2 ** 31, 2 ** 31))
	# The second member within the first: as archives have that burst.
	inner = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33,
	    zipfile.crc32(ok), len(ok), len(ok), 5, 0) + b"b.npy" + ok
	outer = npy(d="|u1", s="(%d,)" % len(inner), data=inner)
	make("inside", ("a.npy", outer), ("b.npy", ok))
	z = open("inside.npz", "rb").read()
	at = z.rindex(b"PK\1\2")
	patch("inside", at + 42, struct.pack("<I", z.index(inner)), z)
	open("cut.npz", "wb").write(good[:-1])
	open("half.npz", "wb").write(good[:len(good) // 2])
	open("tail.npz", "wb").write(good + b"x")
	open("nothing.npz", "wb").write(b"")
	open("zeros.npz", "wb").write(bytes(1000))
	end = len(good) - 22
	patch("disks", end + 4, b"\1")
	patch("more", end + 8, struct.pack("<HH", 3, 3))
	patch("fewer", end + 8, struct.pack("<HH", 1, 1))
	patch("count", end + 8, b"\xff" * 4)
	patch("place", end + 16, struct.pack("<I", d + 1))
	patch("beyond", end + 16, struct.pack("<I", 2 ** 31))
	make("deflated", ("a.npy", npy(s="(3000,)", data=bytes(6000))),
	    method=zipfile.ZIP_DEFLATED)
	z = open("deflated.npz", "rb").read()
	patch("packed", 60, b"\xff\xff\xff", z)
	d = z.index(b"PK\1\2")
	n = struct.unpack("<I", z[d + 20:d + 24])[0]
	patch("less", d + 20, struct.pack("<I", n - 1), z)
	PY
	qt-shm new array -t i2 -c 3 "$SEG/here"
	before=$(sum_of "$SEG")
	for f in *.npz; do
		case $f in good.npz | deflated.npz) continue ;; esac
		run -3 --separate-stderr qt-shm import "$f" "$SEG"
		# shellcheck disable=SC2154 # run sets it
		[[ $stderr == "qt-shm: $f: "* ]] || { echo "$f: $stderr"; false; }
		[[ $stderr != *$'\x1b'* ]]
		[ "${#stderr}" -lt 400 ]
		[ "$(sum_of "$SEG")" = "$before" ] || { echo "$f"; false; }
	done
	run -3 qt-shm import sum.npz "$SEG"
	[[ $output == *"member 'a.npy': it is damaged: its checksum is another"* ]]
	run -3 qt-shm import up.npz "$SEG"
	[[ $output == *"member '../b.npy': no structure can have this name"* ]]
	run -3 qt-shm import secret.npz "$SEG"
	[[ $output == *"it is encrypted"* ]]
	run -3 qt-shm import inside.npz "$SEG"
	[[ $output == *"another member has the same bytes"* ]]
	run -3 qt-shm import bomb.npz "$SEG"
	[[ $output == *"more than 67108864 bytes"* ]]
	qt-shm import good.npz "$SEG"
	[ "$(qt-shm get "$SEG/b" | paste -sd,)" = 1,2,3 ]
	qt-shm rm "$SEG/a"
	qt-shm import deflated.npz "$SEG"
	[ "$(field count "$SEG/a")" = 3000 ]
}

@test "NumPy reads what is exported" {
	need_numpy
	fill "$SEG"
	qt-shm new array -t '<U3' -c 2 "$SEG/caf"$'\303\251'
	qt-shm put "$SEG/caf"$'\303\251' 1 "x"
	qt-shm new array -t 'M8[ms]' -c 2 "$SEG/when.npy"
	qt-shm export "$SEG" s.npz
	python - <<-'PY'
	import numpy as np
	z = np.load("s.npz", allow_pickle=False)
	assert sorted(z.files) == ["a", "b", "caf\u00e9", "large", "v", "when.npy"]
	assert z["a"].tolist() == [[1, 2, 3], [4, 5, -6]]
	assert z["a"].dtype == np.dtype("<i2")
	assert z["b"][1]["t"] == b"abc" and z["b"][1]["v"].tolist() == [1.5, -2]
	assert z["large"].shape == (100000,) and (z["large"] == 7).all()
	assert z["v"].shape == () and z["v"] == 2.5
	assert z["caf\u00e9"].tolist() == ["", "x"]
	assert z["when.npy"].dtype == np.dtype("M8[ms]")
	PY
	python -m zipfile -t s.npz
}

@test "what NumPy writes is imported, packed or not" {
	need_numpy
	python - <<-'PY'
	import numpy as np
	rng = np.random.default_rng(1)
	all = dict(i=rng.integers(0, 2**60, (300, 50)), f=np.linspace(0, 1, 7),
	    b=np.array([True, False]), s=np.array([b"ab", b"c"]),
	    u=np.array(["\u00e9", "xyz"]), big=np.arange(5, dtype=">u4"),
	    four=np.ones((2, 3, 4, 5), "f2"), one=np.array(42),
	    r=np.array([(1, (2., 3.))], dtype=[("a", "i1"), ("b", "f8", 2)]),
	    zeros=np.zeros(1000000), when=np.array(["2026-01-01"], "M8[D]"),
	    tr=np.arange(6).reshape(2, 3).T.copy())
	np.savez("plain.npz", **all)
	np.savez_compressed("packed.npz", **all)
	PY
	for f in plain packed; do
		qt-shm create "$SEG.$f"
		qt-shm import "$f.npz" "$SEG.$f"
		qt-shm export "$SEG.$f" "$f.out.npz"
		python - "$f" <<-'PY'
		import sys
		import numpy as np
		x = np.load(sys.argv[1] + ".npz")
		y = np.load(sys.argv[1] + ".out.npz")
		assert sorted(x.files) == sorted(y.files) and len(x.files) == 12
		for n in x.files:
		    assert x[n].dtype == y[n].dtype, n
		    assert x[n].shape == y[n].shape, n
		    assert x[n].tobytes() == y[n].tobytes(), n
		PY
	done
	cmp plain.out.npz packed.out.npz
	qt-shm import -f packed.npz "$SEG.plain"
	cat packed.npz | qt-shm import -f - "$SEG.plain"
	run -3 bash -c "head -c 1000 packed.npz | qt-shm import -f - $SEG.plain"
	[[ $output == *'its end is missing'* ]]
	[ "$(qt-shm get "$SEG.plain/one")" = 42 ]
	qt-shm export "$SEG.plain" | cmp - plain.out.npz
}
