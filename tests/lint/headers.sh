#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles by itself, as C and (where there is a compiler)
# as C++, without a warning, and has the guard that its name gives it.
CC=${CC:-cc}
bad=0
for h in include/qt/*/*.h; do
	guard=$(echo "${h#include/}" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#define $guard\$" "$h" || { echo "$h: no guard $guard"; bad=1; }
	"$CC" -std=c11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -Werror \
	    -fsyntax-only -x c "$h" || bad=1
done
if command -v c++ >/dev/null; then
	for h in include/qt/base/*.h include/qt/shm/*.h; do
		# C11 atomics are not C++; prog.h is for our own programs.
		grep -qE '_Atomic|stdatomic|QT_BASE_PROG_H' "$h" && continue
		echo "extern \"C\" {
		#include \"$h\"
		}" | c++ -std=c++17 -D_GNU_SOURCE -Iinclude \
		    -fsyntax-only -x c++ - || bad=1
	done
fi
# What is C++ itself, by every compiler there is.
for h in include/qt/*.hpp include/qt/*/*.hpp; do
	guard=$(echo "${h#include/}" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#define $guard\$" "$h" || { echo "$h: no guard $guard"; bad=1; }
	for cxx in c++ clang++; do
		command -v $cxx >/dev/null || continue
		echo "#include \"$h\"" | $cxx -std=c++17 -Iinclude -Wall \
		    -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
		    -fsyntax-only -x c++ - || bad=1
	done
done
exit $bad
