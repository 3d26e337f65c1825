# SPDX-License-Identifier: Apache-2.0
# qt-hist: every command is remembered. What "qt-hist init zsh" prints.
#
# At the prompt nothing runs a program, forks, locks or waits: built-ins append
# a record to this shell's spool, as <qt/hist/spool.h> describes it. preexec has
# the command before it runs, so one that never returns is known, too.
#
# A line that zsh does not keep is not kept here, for the same reasons:
# histignorespace, histnostore, HISTORY_IGNORE, or a zshaddhistory that says so.

zmodload zsh/datetime zsh/system 2>/dev/null
typeset -g __qh_spool=@SPOOL@ __qh_spare=@SPARE@ __qh_token=@TOKEN@
typeset -gi __qh_n=0 __qh_fd=-1
typeset -g __qh_t0= __qh_pwd=
export QT_HIST_SESSION=$$-@TOKEN@

# Closed on exec, unlike what exec {fd}>> opens.
__qh_open() {
	emulate -L zsh
	(( __qh_fd >= 0 )) && return
	sysopen -a -w -o creat,cloexec -m 600 -u __qh_fd -- "$1" 2>/dev/null
}

# kind field ...
__qh_put() {
	emulate -L zsh
	local r=$'\x1e'$__qh_token
	__qh_open "$__qh_spool" || __qh_open "$__qh_spare" || return 0
	syswrite -o $__qh_fd -- "$r$1"$'\0'"${(pj:\0:)@[2,-1]}"$'\0'"$r."$'\0' \
	    2>/dev/null && return
	# The disk is full, say: the next one tries the other.
	exec {__qh_fd}>&-
	__qh_fd=-1
	__qh_open "$__qh_spare"
	return 0
}

# Whether zsh's own list gets it, as far as options and patterns say.
__qh_is_kept() {
	[[ -o histignorespace && $1 == ' '* ]] && return 1
	[[ -o histnostore && $1 == (history|fc)(|[[:space:]]*) ]] && return 1
	[[ -n $HISTORY_IGNORE && $1 == ${~HISTORY_IGNORE} ]] && return 1
	return 0
}

# Called for each line, also where nothing will run: a comment, a wrong one.
__qh_addhistory() {
	__qh_line=${1%$'\n'}
	[[ -n $__qh_line ]] && __qh_is_kept "$__qh_line" || __qh_line=
	return 0
}

__qh_preexec() {
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

typeset -g __qh_line=
typeset -ga preexec_functions precmd_functions zshaddhistory_functions
zshaddhistory_functions+=(__qh_addhistory)
preexec_functions=(__qh_preexec $preexec_functions)
precmd_functions=(__qh_precmd $precmd_functions)
