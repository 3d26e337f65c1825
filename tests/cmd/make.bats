#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Makefile: what is asked for together.

bats_require_minimum_version 1.5.0
load lib

setup() { world_up; }
teardown() { world_down; }

# place WORDS: the numbers of the lines that have them, the last one last.
place() { grep -n "$1" "$WORLD/said" | cut -d: -f1; }

@test "what runs make again comes after all else that is asked for" {
	make -n -C "$QT_TOP" BUILD="$WORLD/build" bench-peers all \
	    >"$WORLD/said" 2>&1
	last=$(place ' -o [^ ]*/bin/qt' | tail -n 1)
	first=$(place 'bench/peers/main.o' | head -n 1)
	[ "$last" -gt 0 ]
	[ "$first" -gt "$last" ]
}
