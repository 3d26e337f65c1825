# SPDX-License-Identifier: Apache-2.0
# Ctrl-R is the picker.
__qh_mend() {
	print -n '\e[?1006l\e[?1000l\e[?2026l\e[?1049l\e[?7h\e[?25h\e[m\r\e[J\e[A'
	command stty isig opost onlcr
} </dev/tty >/dev/tty 2>/dev/null

__qh_pick() {
	emulate -L zsh
	local out s
	local -a keys

	if ! whence -p qt-hist >/dev/null; then
		zle .history-incremental-search-backward
		return 0
	fi
	[[ -z $QT_HIST_KEYS && $(bindkey -lL main) == *viins* ]] &&
		keys=(--keys vi)
	out=$(command qt-hist pick -m --widget zsh $keys -q "$BUFFER" </dev/tty)
	s=$?
	(( s > 128 )) && __qh_mend
	zle reset-prompt
	case $s in
	0)	BUFFER=${out%$'\n'*}
		CURSOR=$#BUFFER
		[[ ${out##*$'\n'} == run ]] && zle accept-line ;;
	1)	;;
	*)	(( s > 128 )) || zle .history-incremental-search-backward ;;
	esac
	return 0
}

zle -N __qh_pick
bindkey -M emacs '^R' __qh_pick
bindkey -M viins '^R' __qh_pick
