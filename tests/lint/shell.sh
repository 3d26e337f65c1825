#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs shellcheck on every shell script, test and bash completion.
{
	grep -lE '^#!/bin/(sh|bash)' .ci/*
	find ./*/ \( -path './build*' -o -name node_modules \) -prune -o \
	    \( -name '*.sh' -o -name '*.bats' -o -name '*.bash' \) -print
} | sort | {
	bad=0
	while read -r f; do
		case $f in
		*.bats)	set -- -s bats -e SC2030,SC2031,SC1010 ;;
		*.bash)	set -- -s bash -e SC2120 ;;
		*)	set -- ;;
		esac
		shellcheck -S warning -f gcc "$@" "$f" || bad=1
	done
	exit $bad
}
