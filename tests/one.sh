#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# one.sh GROUP FILE: runs one test program for check.sh, which runs several at
# once; says its TAP, marked for tap.awk, when it has ended. By way of a file:
# what a test leaves running may hold its output open for ever.
set -u
group=$1 file=$2
# What check.sh says to all of them.
: "${QT_TEST_SLOT:=0}" "${tmp:?}" "${out:?}" "${B:?}" "${LIMIT:?}" "${fixed?}"
# Of those that run at once each has a folder for its hosts and a number.
mine=$tmp/slot$QT_TEST_SLOT
export QT_TEST_SLOT QT_RUNTIME_DIR="$tmp/run$QT_TEST_SLOT"
[ -d "$QT_RUNTIME_DIR" ] || mkdir -m 700 "$QT_RUNTIME_DIR"

name=${file##*/}
case $group:$name in
*.bats)
	set -- bats --tap "$file"
	;;
unit:*)
	file=${file%.c*}
	name=${file#tests/unit/}
	set -- "$B/$file"
	;;
crash:*)
	name=${name%.c}
	set -- "$B/${file%.c}"
	;;
web:*)
	name=${name%.test.mjs}
	set -- node --test-reporter=tap "$file"
	if [ -z "$CHROMIUM" ] && grep -q '/lib\.mjs' "$file"; then
		set -- echo "ok 1 # SKIP no Chromium; name one in CHROMIUM"
	fi
	;;
fuzz:*)
	# One case: the corpus, then new inputs for a while. What is found
	# stays in $B/fuzz/NAME and is tried first the next time.
	name=${name%_fuzz.c}
	mkdir -p "$out/fuzz" "$B/fuzz/$name"
	set -- sh -c '"$@" && echo "ok 1 - no input breaks it"' sh \
	    "build-fuzz/tests/fuzz/${name}_fuzz" \
	    -max_total_time="$FUZZ_SECONDS" -timeout=20 -rss_limit_mb=2048 \
	    -artifact_prefix="$out/fuzz/$name-" "$B/fuzz/$name"
	[ ! -d "tests/fuzz/corpus/$name" ] ||
		set -- "$@" "tests/fuzz/corpus/$name"
	[ ! -f "tests/fuzz/$name.dict" ] ||
		set -- "$@" "-dict=tests/fuzz/$name.dict"
	;;
lint:*)
	name=${name%.sh}
	# shellcheck disable=SC2016 # the inner sh expands
	set -- sh -c 'sh "$1" >"$2" 2>&1; rc=$?; [ $rc = 0 ] || printf "not "
	    echo "ok 1 - lint $3"; sed "s/^/# /" "$2"; exit $rc' \
	    sh "$file" "$mine.lint" "$name"
	;;
esac

begun=$(date +%s.%N)
# shellcheck disable=SC2086 # two words or none
timeout -k 10 "$LIMIT" $fixed "$@" </dev/null >"$mine.out" 2>&1
status=$?
times >"$mine.times"
now=$(date +%s.%N)

exec 9>"$tmp/lock"
flock 9
echo "#begin $name"
cat "$mine.out"
printf '\n#time %s %s %s\n#end %s\n' "$begun" "$now" \
    "$(tail -n 1 "$mine.times")" "$status"
