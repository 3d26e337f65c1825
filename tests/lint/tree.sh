#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The top level is fixed (build trees and dot-files apart), and a module's name
# is the same word in every tree that has one.
bad=0
for f in *; do
	case $f in
	Makefile | README.md | LICENSE) ;;
	cmd | libcommon | include | man | tests | bench | completions) ;;
	build | build-*) ;;
	*) echo "$f: not a name for the top level"; bad=1 ;;
	esac
done
for d in libcommon/*/ tests/unit/*/; do
	mod=$(basename "$d")
	[ -d "cmd/$mod" ] && continue
	[ -d "include/qt/$mod" ] ||
		{ echo "$d: no module include/qt/$mod"; bad=1; }
done
exit $bad
