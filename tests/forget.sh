#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# forget.sh DIR GROUP: takes away the names in /dev/shm that tests left which
# were killed half-way: of worlds whose runtime folder is in DIR, and of unit
# tests that GROUP (QT_CHECK_GROUP) ran. A world's names end in a hash of its
# folder, device, inode and birth, so nobody else's can be meant.
dir=$1 group=$2
[ -z "$group" ] || rm -rf /dev/shm/qt-test-"$group"-*
find "$dir" -type d -perm 0700 2>/dev/null | while IFS= read -r run; do
	name=$(QT_RUNTIME_DIR=$run segment_name x 2>/dev/null) || continue
	hash=${name##*-}
	[ ${#hash} -ne 16 ] || rm -f /dev/shm"${name%-x-*}"-*-"$hash"*
done
