#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public function of shm that may change shared memory has a kill sweep:
# a line in tests/crash/sweeps.h that names a case of a program there. (That the
# case comes by the function is seen when it runs.)
bad=0
table=tests/crash/sweeps.h

# What changes nothing, though it does not take a const pointer first.
is_harmless() {
	case $1 in
	*_obj) ;;				# an accessor
	qt_obj_type_name | qt_obj_type_of | qt_obj_is_type) ;;
	qt_obj_stat | qt_obj_each_hold | qt_epoch_each) ;;
	qt_ring_pieces | qt_ring_reader_close | qt_ring_read | qt_ring_peek) ;;
	qt_wait_deadline | qt_wait_set_spin_ns | qt_wait_spin_ns) ;;
	*) return 1 ;;
	esac
}

# A header's functions, but those whose first parameter is a pointer to const;
# comments and line ends are taken away first.
functions() {
	sed 's,/\*.*\*/,,; /\/\*/,/\*\//d' "$1" | tr '\n\t' '  ' |
	grep -oE '\<qt_[a-z0-9_]+ *\([^;{}]*\);' |
	grep -vE '^qt_[a-z0-9_]+ *\(const struct ' | sed 's/ *(.*//'
}

rows=$(tr '\n\t' '  ' <"$table" | grep -oE 'SWEEP\(qt_[^)]*\)')
for h in include/qt/shm/*.h; do
	case $h in
	*/dtype.h | */npy.h | */zipm.h) continue ;;	# no shared memory
	esac
	for f in $(functions "$h"); do
		is_harmless "$f" || echo "$rows" | grep -q "SWEEP($f," || {
			echo "$h: $f has no kill sweep in $table"
			bad=1
		}
	done
done
echo "$rows" | sed 's/^SWEEP(qt_[a-z0-9_]*, *"\(.*\)", *"\(.*\)")$/\1|\2/' |
sort -u | while IFS='|' read -r program sweep; do
	grep -qF "\"$sweep\"" "tests/crash/${program}_crash.c" \
	    tests/crash/keyed_sweep.h ||
		echo "$table: ${program}_crash.c has no \"$sweep\""
done | grep . && bad=1
[ "$(echo "$rows" | wc -l)" -gt 100 ] || { echo "$table: few lines"; bad=1; }
exit $bad
