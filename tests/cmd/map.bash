# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of qt-map share: a world with maps of its own.

map_up() {
	world_up
	export QT_STATE_DIR=$WORLD/state
	unset QT_MAP
	STARTED=()	# process ids: STARTED+=($!)
}

# Ends what the test started, and removes its maps, wherever they are.
map_down() {
	local pid format
	for pid in "${STARTED[@]}"; do
		kill -CONT "$pid" 2>/dev/null || true
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	find "$WORLD" -name FORMAT | while read -r format; do
		chmod -R u+rwx "${format%/*}"
		qt-map rm -f "${format%/*}" || true
	done
	world_down
}
