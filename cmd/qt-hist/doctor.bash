# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1090,SC2154,SC2034
# What "qt-hist doctor" has bash start with: the user's own startup file, or only
# our hooks, or nothing (QT_HIST_DOCTOR_HOW); then how things are is told, in
# QT_HIST_DOCTOR. The shell's own list is kept out of the user's file.

# NAME=VALUE, each ends in a NUL; "end" is the last.
__qd_tell() {
	local keys

	keys=$({ bind -X; bind -s; bind -p; } 2>/dev/null |
	    grep -a '"\\C-r"' | head -n 1)
	case $keys in
	*'\C-x\C-_1'*) keys=__qh_pick ;;	# by way of another key
	esac
	{
		printf '%s\0' "version=$BASH_VERSION" \
		    "spool=${__qh_spool-}" "hook=${PS0-}" \
		    "prompt=${PROMPT_COMMAND[*]-}" \
		    "readonly=$(readonly -p | grep -aoE 'PS0|PROMPT_COMMAND')" \
		    "control=${HISTCONTROL-}" "ignore=${HISTIGNORE-}" \
		    "size=${HISTSIZE-unset}" "file=${HISTFILE-}" \
		    "program=$(type -P qt-hist)" "ctrl_r=$keys" \
		    "widget=$(declare -F __qh_pick)"
		if [[ -o history ]]; then
			printf 'list=on\0'
		fi
		case :${HISTCONTROL-}: in
		*:ignorespace:* | *:ignoreboth:*) printf 'space=ignored\0' ;;
		esac
		printf 'end=\0'
	} >"$QT_HIST_DOCTOR/$1" 2>/dev/null
}

case $QT_HIST_DOCTOR_HOW in
user)	if [[ -r ~/.bashrc ]]; then . ~/.bashrc; fi ;;
hooks)	eval "$("$QT_HIST_DOCTOR_PROGRAM" init bash)" ;;
esac
__qd_file=${HISTFILE-}
__qd_tell begin
[[ -z $__qd_file ]] || HISTFILE=$QT_HIST_DOCTOR/list
