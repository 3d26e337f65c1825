#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nothing half-done is left in the tree, nor paths and addresses of the machine
# that it was written on: lock files name packages, never where they came from.
bad=0
grep -rnIE --exclude-dir=node_modules --exclude=words.sh \
    '\b(TODO|FIXME|XXX|HACK)\b|(^|[^A-Za-z0-9_.])/work/' \
    Makefile README.md cmd libcommon include man tests bench completions .ci \
    2>/dev/null && bad=1
find cmd tests -name package-lock.json ! -path '*/node_modules/*' \
    -exec grep -Hn '"resolved"' {} + | grep . && bad=1
exit $bad
