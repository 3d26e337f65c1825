#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh GROUP...: builds and runs groups of tests; the last line counts all.
#
# Run by make check, which says where the build tree is ($B) and how to make
# ($MAKE). A group is a folder of tests/, its programs are found by name, so a
# new test needs no line here:
#
#   unit    unit/*/*_test.c     cmocka (and *_test.cc)
#   cmd     cmd/*.bats          what a user sees
#   web     web/*.test.mjs      node's test runner, a real browser
#   fuzz    fuzz/*_fuzz.c       libFuzzer, FUZZ_SECONDS each, from its corpus
#   crash   crash/*_crash.c, crash/*.bats
#   stress  stress/*.bats       QT_STRESS=short or long
#   lint    lint/*.sh
#
# T=WORD runs only the files with WORD in their names. Programs built from
# */tools/*.c are in PATH. A group that does not build, or
# leaves processes behind, has failed; the others still run. What a killed
# test left in /dev/shm is taken away. Each group's whole TAP is kept in
# $B/check/GROUP.tap.
set -u
cd "$(dirname "$0")/.." || exit 3
: "${B:=build}" "${MAKE:=make}" "${FUZZ_SECONDS:=4}" "${QT_STRESS:=short}"
: "${JOBS:=$(nproc)}"
out=$PWD/$B/check
mkdir -p "$out"

# A world of the tests' own: nothing here reads or writes the user's.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/qt-check.XXXXXX") || exit 3
QT_CHECK_GROUP=none QT_TOP=$PWD
trap 'sh "$QT_TOP/tests/forget.sh" "$tmp" "$QT_CHECK_GROUP"; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir -m 700 "$tmp/home"
mkdir -m 711 "$tmp/t"	# a test that becomes nobody passes through
chmod 711 "$tmp"
user_home=$HOME
export HOME="$tmp/home" TMPDIR="$tmp/t" QT_STRESS FUZZ_SECONDS tmp out
export B MAKE LC_ALL=C.UTF-8 QT_BUILD="$PWD/$B" QT_TOP="$PWD"
unset QT_RUNTIME_DIR QT_SESSION QT_CONFIG QT_STATE_DIR QT_DATA_DIR QT_DEBUG NO_COLOR \
    XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_STATE_HOME TMUX

# Tests that run make start anew; only build() goes on with our make's flags.
flags=${MAKEFLAGS-}
unset MAKEFLAGS MFLAGS MAKELEVEL

tools=$(find tests -path '*/tools/*.c' -printf "$PWD/$B/%h\n" | sort -u |
    tr '\n' ':')
PATH=$PWD/$B/bin:$tools$PATH
export PATH

# ThreadSanitizer of gcc 13 does not start where addresses are very random.
fixed=
case ${SAN-} in
*thread*) setarch -R true 2>/dev/null && fixed="setarch -R" ;;
esac
export fixed

# build TARGET...: says so as a failed case when it does not.
build() {
	begun=$(date +%s.%N)
	(
		HOME=$user_home MAKEFLAGS=$flags $MAKE --no-print-directory \
		    "$@" >"$out/build.log" 2>&1
		rc=$?
		times >"$tmp/times"
		exit $rc
	)
	set -- $? "$@"
	if [ "$1" != 0 ]; then
		shift
		echo "#begin build"
		echo "not ok 1 - make $*"
		sed '/^  [A-Z]* *build/d; s/^/# /' "$out/build.log"
		echo "#end 1"
		return 1
	fi
	echo "#time $begun $(date +%s.%N) $(tail -n 1 "$tmp/times")"
	echo "#built"
}

none() { echo "#empty no $1 yet"; }

# A glob's files whose names have $T in them, or nothing.
files() {
	for f; do
		case ${f##*/} in *"${T-}"*) [ ! -e "$f" ] || echo "$f" ;; esac
	done
}

# each GROUP SECONDS: what is named on standard input, some at once; the largest
# ones first, which often take longest, so that none is left alone in the end.
each() {
	xargs -r -d '\n' ls -S | LIMIT=$2 xargs -r -d '\n' -n 1 -P "$JOBS" \
	    --process-slot-var=QT_TEST_SLOT sh tests/one.sh "$1"
}

group_unit() {
	[ "$(files tests/unit/*/*_test.c*)" ] || { none '*_test.c'; return; }
	build -k units tools
	for f in $(files tests/unit/*/*_test.c*); do
		[ ! -x "$B/${f%.c*}" ] || echo "$f"
	done | each unit 300
}

group_cmd() {
	[ "$(files tests/cmd/*.bats)" ] || { none '*.bats'; return; }
	build all page tools || return
	export BATS_TEST_TIMEOUT=120
	files tests/cmd/*.bats | each cmd 900
}

group_web() {
	[ "$(files tests/web/*.test.mjs)" ] || { none '*.test.mjs'; return; }
	build all page tools || return
	export CHROMIUM="${CHROMIUM:-$(command -v chromium)}"
	files tests/web/*.test.mjs | each web 600
}

group_fuzz() {
	[ "$(files tests/fuzz/*_fuzz.c)" ] || { none '*_fuzz.c'; return; }
	build -k fuzzers
	for f in $(files tests/fuzz/*_fuzz.c); do
		[ ! -x "build-fuzz/${f%.c}" ] || echo "$f"
	done | each fuzz 600
}

group_crash() {
	[ "$(files tests/crash/*_crash.c tests/crash/*.bats)" ] ||
		{ none '*_crash.c or *.bats'; return; }
	build all page tools crashers || return
	files tests/crash/*_crash.c tests/crash/*.bats | each crash 600
}

group_stress() {
	[ "$(files tests/stress/*.bats)" ] || { none '*.bats'; return; }
	build all page tools || return
	files tests/stress/*.bats | JOBS=1 each stress 900
}

# A script is one case: silent and 0 when all is well.
group_lint() {
	[ -z "$(files tests/lint/help.sh)" ] || build all || return
	files tests/lint/*.sh | each lint 300
}

# Processes of this group that outlive it are a defect: given 5 s to go, then
# named and ended.
mine() {
	grep -lza "^QT_CHECK_GROUP=$QT_CHECK_GROUP\$" /proc/[0-9]*/environ \
	    2>/dev/null | sed 's,/proc/\([0-9]*\)/.*,\1,'
}

left_behind() {
	tries=50
	while [ "$(mine)" ] && [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	pids=$(mine)
	[ "$pids" ] || return 0
	echo "#begin processes"
	echo "not ok 1 - every process that the tests started has ended"
	for pid in $pids; do
		echo "# $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		kill -9 "$pid"
	done 2>/dev/null
	printf '#end 1\n'
}

for group in "$@"; do
	sh tests/forget.sh "$tmp" "$QT_CHECK_GROUP"
	QT_CHECK_GROUP=$group-$$
	(
		export QT_CHECK_GROUP
		"group_$group"
	) | {
		cat
		left_behind
	} | tee "$out/$group.tap" |
	awk -v group="$group" -v sum="$out/$group.sum" -v verbose="${V:-}" \
	    -f tests/tap.awk
done

cd "$out" || exit 3
for group in "$@"; do cat "$group.sum"; done | awk '
/^failed /	{ bad[nbad++] = substr($0, 8); next }
/^skipped /	{ skip[nskip++] = substr($0, 9); next }
		{ passed += $1; failed += $2; skipped += $3 }
END {
	for (i = 0; i < nskip; i++)
		print "  skipped  " skip[i]
	for (i = 0; i < nbad; i++)
		print "  FAILED   " bad[i]
	line = passed + 0 " passed, " failed + 0 " failed"
	if (skipped)
		line = line ", " skipped " skipped"
	print line
	exit (failed > 0)
}'
