# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of qt-hist share: a world with histories of its own.

hist_up() {
	world_up
	export QT_HIST=$WORLD/hist
	unset HISTFILE ZDOTDIR XDG_DATA_HOME ATUIN_DB_PATH HISTDB_FILE
}

# Removes histories below a folder, with what is of them in shared memory.
hist_forget() {
	local format
	find "$1" -name FORMAT | while read -r format; do
		qt-map rm -f "${format%/*}" || true
	done
	rm -rf "$1"
}

hist_down() {
	tmux kill-server 2>/dev/null || true
	hist_forget "$WORLD"
	world_down
}
