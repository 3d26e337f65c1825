# SPDX-License-Identifier: Apache-2.0
# Ctrl-R is the picker. What bind -x runs cannot run a line; so the key stands
# for two others: the picker, and what that one makes of the second.
__qh_then() {
	local map

	for map in emacs vi-insert; do
		builtin bind -m "$map" "\"\C-x\C-_2\": $1"
	done
}

# The picker was killed: it could not put these back.
__qh_mend() {
	builtin printf '\e[?1006l\e[?1000l\e[?2026l\e[?1049l\e[?7h\e[?25h\e[m\r\e[J' \
	    >/dev/tty
	command stty isig opost onlcr </dev/tty
} 2>/dev/null

__qh_pick() {
	local out s keys=()

	builtin type -P qt-hist >/dev/null || {
		__qh_then reverse-search-history
		return 0
	}
	[[ ! -o vi || -n ${QT_HIST_KEYS-} ]] || keys=(--keys vi)
	out=$(command qt-hist pick -m --widget bash "${keys[@]}" \
	    -q "$READLINE_LINE")
	s=$?
	__qh_then '""'
	case $s in
	0)	READLINE_LINE=${out%$'\n'*}
		READLINE_POINT=${#READLINE_LINE}
		[[ ${out##*$'\n'} != run ]] || __qh_then accept-line ;;
	1)	;;
	12[89] | 1[3-9]? | 2??) __qh_mend ;;
	*)	__qh_then reverse-search-history ;;
	esac
}

if [[ -o emacs || -o vi ]]; then	# there are lines to edit
	for __qh_map in emacs vi-insert; do
		builtin bind -m "$__qh_map" -x '"\C-x\C-_1": __qh_pick'
		builtin bind -m "$__qh_map" '"\C-x\C-_2": ""'
		builtin bind -m "$__qh_map" '"\C-r": "\C-x\C-_1\C-x\C-_2"'
	done
	unset __qh_map
fi
