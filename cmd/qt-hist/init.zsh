# SPDX-License-Identifier: Apache-2.0
# qt-hist: every command is remembered. What "qt-hist init zsh" prints.
#
# At the prompt nothing runs a program, forks, locks or waits: built-ins append
# a record to this shell's spool, as <qt/hist/spool.h> describes it. preexec has
# the command before it runs, so one that never returns is known, too.
#
# A line that zsh does not keep is not kept here, for the same reasons:
# histignorespace, histnostore, HISTORY_IGNORE, or a zshaddhistory that says so.
#
# init has zsh read this with its usual options, and without the user's aliases.
# What runs at the prompt sets the usual options itself: whatever the user's are.

zmodload zsh/datetime zsh/system 2>/dev/null
typeset -g __qh_spool=@SPOOL@ __qh_spare=@SPARE@ __qh_token=@TOKEN@
typeset -gi __qh_n=0
typeset -g __qh_t0= __qh_pwd=
export QT_HIST_SESSION=$$-@TOKEN@

# For nobody else, whatever the umask.
__qh_make() {
	local -i fd
	sysopen -w -o creat -m 600 -u fd -- "$1" && exec {fd}>&-
}

# kind field ... By name each time: whatever became of the file, or its folder,
# what is run next is in one of the two. Who calls has set the usual options.
__qh_put() {
	local r=$'\x1e'$__qh_token file

	r+=$1$'\0'${(pj:\0:)@[2,-1]}$'\0'$r.$'\0'
	for file in "$__qh_spool" "$__qh_spare"; do
		[[ -e $file ]] || __qh_make "$file" || continue
		syswrite -- "$r" >>"$file" && break
	done 2>/dev/null
	return 0
}

# Whether zsh's own list gets it, as far as options and patterns say: with the
# user's options, which say what a pattern is. Of one that is none zsh keeps all.
__qh_is_kept() {
	[[ -n $1 ]] || return 1
	[[ -o histignorespace && $1 == ' '* ]] && return 1
	[[ -o histnostore && $1 == (history|fc)(|[[:space:]]*) ]] && return 1
	[[ -n ${HISTORY_IGNORE-} ]] || return 0
	{
		if [[ $1 == ${~HISTORY_IGNORE} ]]; then
			return 1
		fi
	} always {
		TRY_BLOCK_ERROR=0
	} 2>/dev/null
	return 0
}

# Called for each line, also where nothing will run: a comment, a wrong one.
__qh_addhistory() {
	__qh_is_kept "${1%$'\n'}" || set --
	emulate -L zsh
	__qh_line=${1-}
	__qh_line=${__qh_line%$'\n'}
	return 0
}

__qh_preexec() {
	emulate -L zsh
	__qh_t0=
	[[ -n $__qh_line ]] || return 0
	__qh_t0=${EPOCHREALTIME//[^0-9]/}
	# Nanoseconds, and as many digits as it has.
	__qh_t0=${__qh_t0[1,16]}
	__qh_pwd=$PWD
	(( ++__qh_n ))
	__qh_put B $__qh_n $__qh_t0 "$__qh_pwd" "$__qh_line"
}

__qh_precmd() {
	local s=$? p="${pipestatus[*]}" now

	emulate -L zsh
	[[ -n $__qh_line ]] || return 0
	now=${EPOCHREALTIME//[^0-9]/}
	now=${now[1,16]}
	if [[ -n $__qh_t0 ]]; then
		__qh_put E $__qh_n $__qh_t0 $now $s "$p" "$__qh_pwd" b ''
	else
		(( ++__qh_n ))
		__qh_put E $__qh_n $now $now '' '' "$PWD" t "$__qh_line"
	fi
	__qh_line= __qh_t0=
	return 0
}

# Where files may not grow (ulimit -f) the signal would end the shell. Programs
# that it runs have the signal as it was.
trap : XFSZ

typeset -g __qh_line=
typeset -ga preexec_functions precmd_functions zshaddhistory_functions
zshaddhistory_functions=(${zshaddhistory_functions:#__qh_*} __qh_addhistory)
preexec_functions=(__qh_preexec ${preexec_functions:#__qh_*})
precmd_functions=(__qh_precmd ${precmd_functions:#__qh_*})

# For zsh-autosuggestions: ZSH_AUTOSUGGEST_STRATEGY=(qt_hist history).
_zsh_autosuggest_strategy_qt_hist() {
	emulate -L zsh
	local all

	all=$(command qt-hist suggest -0 -a "${history[$((HISTCMD - 1))]}" \
	    -p "$1" 2>/dev/null </dev/null)
	typeset -g suggestion=${all%$'\0'}
}
