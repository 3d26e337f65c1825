#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The man pages are correct mdoc, every program has one, and their references
# to each other lead somewhere.
bad=0
for m in man/*.[1-8]; do
	[ -e "$m" ] || continue
	mandoc -T lint -W warning "$m" || bad=1
	sed -n 's/^\.Xr \(qt[a-z-]*\) \([1-8]\).*/\1.\2/p' "$m" | sort -u |
	while read -r page; do
		[ -e "man/$page" ] || echo "$m: refers to $page, which is not there"
	done | grep . && bad=1
done
for main in cmd/*/main.c; do
	prog=${main#cmd/} prog=${prog%/main.c}
	ls man/"$prog".[18] >/dev/null 2>&1 ||
		{ echo "$prog: no man page"; bad=1; }
done
exit $bad
