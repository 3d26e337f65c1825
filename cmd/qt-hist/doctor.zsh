# SPDX-License-Identifier: Apache-2.0
# What "qt-hist doctor" has zsh start with, for its .zshenv and its .zshrc: the
# user's own, or only our hooks, or nothing (QT_HIST_DOCTOR_HOW); then how things
# are is told, in QT_HIST_DOCTOR. The shell's own list is kept out of the user's
# file.

# NAME=VALUE, each ends in a NUL; "end" is the last.
__qd_tell() {
	emulate -L zsh
	local space= modules=
	[[ $__qd_space == on ]] && space=ignored
	zmodload -e zsh/system && zmodload -e zsh/datetime && modules=there
	{
		printf '%s\0' "version=$ZSH_VERSION" \
		    "spool=${__qh_spool-}" "hook=$preexec_functions" \
		    "prompt=$precmd_functions" "modules=$modules" \
		    "add=$zshaddhistory_functions" \
		    "ignore=${HISTORY_IGNORE-}" "size=${HISTSIZE-unset}" \
		    "file=$__qd_file" "program=${commands[qt-hist]-}" \
		    "ctrl_r=$(bindkey '^R' 2>/dev/null)" \
		    "widget=${functions[__qh_pick]+there}" list=on \
		    "space=$space" end=
	} >"$QT_HIST_DOCTOR/$1" 2>/dev/null
}

# Where the user's files are: what ZDOTDIR was, or what their .zshenv made of it.
__qd_home() {
	if [[ -n $__qd_zdotdir ]]; then
		ZDOTDIR=$__qd_zdotdir
	else
		unset ZDOTDIR
	fi
}

if [[ $__qd_part == env ]]; then
	__qd_zdotdir=$QT_HIST_DOCTOR_ZDOTDIR
	__qd_home
	if [[ $QT_HIST_DOCTOR_HOW == user && \
	    -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then
		. "${ZDOTDIR:-$HOME}/.zshenv"
	fi
	__qd_zdotdir=${ZDOTDIR-}
	ZDOTDIR=$QT_HIST_DOCTOR
else
	__qd_home
	case $QT_HIST_DOCTOR_HOW in
	user)	if [[ -r ${ZDOTDIR:-$HOME}/.zshrc ]]; then
			. "${ZDOTDIR:-$HOME}/.zshrc"
		fi ;;
	hooks)	eval "$("$QT_HIST_DOCTOR_PROGRAM" init zsh)" ;;
	esac
	__qd_space=${options[histignorespace]-}
	__qd_file=${HISTFILE-}
	__qd_tell begin
	if [[ -n $__qd_file ]]; then
		HISTFILE=$QT_HIST_DOCTOR/list
	fi
fi
