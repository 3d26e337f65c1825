# SPDX-License-Identifier: Apache-2.0
# The up arrow goes through this history: what begins as the line does up to the
# cursor, this session's first. The first press asks for all; any other key ends
# it.
typeset -ga __qh_up_list
typeset -g __qh_up_was=
typeset -gi __qh_up_at=0

__qh_up_is_on() {
	[[ $LASTWIDGET == __qh_(up|down) ]] && (( __qh_up_at > 0 ))
}

__qh_up() {
	emulate -L zsh
	local all

	if [[ $LBUFFER == *$'\n'* ]]; then
		zle .up-line
		return 0
	fi
	if ! __qh_up_is_on; then
		__qh_up_at=0
		__qh_up_was=$BUFFER
		all=$(command qt-hist pick --up 1000 -q "$LBUFFER" \
		    2>/dev/null </dev/null)
		__qh_up_list=("${(@0)all%$'\0'}")
		[[ -n $all ]] || __qh_up_list=()
	fi
	(( __qh_up_at < $#__qh_up_list )) || return 0
	BUFFER=$__qh_up_list[++__qh_up_at]
	CURSOR=$#BUFFER
}

__qh_down() {
	emulate -L zsh
	if [[ $RBUFFER == *$'\n'* ]]; then
		zle .down-line
		return 0
	fi
	__qh_up_is_on || return 0
	if (( --__qh_up_at > 0 )); then
		BUFFER=$__qh_up_list[__qh_up_at]
	else
		BUFFER=$__qh_up_was
	fi
	CURSOR=$#BUFFER
}

zle -N __qh_up
zle -N __qh_down
for __qh_map in emacs viins; do
	for __qh_key in '^[[' '^[O'; do
		bindkey -M $__qh_map "${__qh_key}A" __qh_up
		bindkey -M $__qh_map "${__qh_key}B" __qh_down
	done
done
unset __qh_map __qh_key
