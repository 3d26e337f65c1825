# SPDX-License-Identifier: Apache-2.0
# The up arrow goes through this history: what begins as the line does up to the
# cursor, this session's first. The first press asks for all; a line that is not
# the one it put there begins anew.
__qh_up_list=()
__qh_up_at=-1
__qh_up_line=''		# what it put there, at which prompt
__qh_up_n=''
__qh_up_was=''		# what was there before

# shellcheck disable=SC2154 # __qh_n is of init.bash
__qh_up_is_on() {
	((__qh_up_at >= 0)) && [[ $READLINE_LINE == "$__qh_up_line" &&
	    $__qh_n == "$__qh_up_n" ]]
}

__qh_up_put() {
	__qh_up_line=$1
	READLINE_LINE=$1
	READLINE_POINT=${#1}
}

__qh_up() {
	local before=${READLINE_LINE:0:READLINE_POINT} line

	if [[ $before == *$'\n'* ]]; then	# several lines: the one above
		line=${before%$'\n'*}
		before=${before##*$'\n'}
		READLINE_POINT=${#line}
		line=${line##*$'\n'}
		((${#before} >= ${#line})) ||
			((READLINE_POINT += ${#before} - ${#line}))
		return
	fi
	if ! __qh_up_is_on; then
		__qh_up_at=-1
		__qh_up_n=$__qh_n
		__qh_up_was=$READLINE_LINE
		mapfile -d '' -t __qh_up_list < <(command qt-hist pick \
		    --up 1000 -q "$before" 2>/dev/null)
	fi
	((__qh_up_at + 1 < ${#__qh_up_list[@]})) || return
	__qh_up_put "${__qh_up_list[++__qh_up_at]}"
}

__qh_down() {
	local after=${READLINE_LINE:READLINE_POINT} line before

	if [[ $after == *$'\n'* ]]; then
		before=${READLINE_LINE:0:READLINE_POINT}
		before=${before##*$'\n'}
		line=${after%%$'\n'*}
		((READLINE_POINT += ${#line} + 1))
		line=${after#*$'\n'}
		line=${line%%$'\n'*}
		((READLINE_POINT += ${#before} < ${#line} ? ${#before} : ${#line}))
		return
	fi
	__qh_up_is_on || return
	if ((--__qh_up_at >= 0)); then
		__qh_up_put "${__qh_up_list[__qh_up_at]}"
	else
		__qh_up_put "$__qh_up_was"
	fi
}

if [[ -o emacs || -o vi ]]; then
	for __qh_map in emacs vi-insert; do
		for __qh_key in '\e[' '\eO'; do
			builtin bind -m "$__qh_map" -x "\"${__qh_key}A\": __qh_up"
			builtin bind -m "$__qh_map" -x "\"${__qh_key}B\": __qh_down"
		done
	done
	unset __qh_map __qh_key
fi
