# SPDX-License-Identifier: Apache-2.0
# qt-hist: every command is remembered. What "qt-hist init bash" prints.
#
# At the prompt nothing runs a program, forks, locks or waits: built-ins append
# a record to this shell's spool, as <qt/hist/spool.h> describes it.
#
# How it is known when a command began: PS0 is expanded then, and arithmetic in
# the subscript of an array sets variables without a subshell. What it was:
# bash's own list, which has it if HISTCONTROL and HISTIGNORE let it in; the
# number of the list's last entry, "\!", tells whether they did. An empty list
# has the number of its first entry; in bash 5.2 and later HISTCMD is one more
# where there is one.
#
# Other tools overwrite PROMPT_COMMAND. Arithmetic can set an element of it, to
# a number; so our function has one for a name, and each PS0 puts it back.

__qh_spool=@SPOOL@
__qh_spare=@SPARE@
__qh_token=@TOKEN@
__qh_bang='\!'
__qh_last=''		# that number, at the last prompt
__qh_n=0		# commands that were recorded
__qh_t0=0		# when the first command since the prompt began, and
__qh_t1=0		# the last: microseconds; 0: none has
__qh_runs=0		# how many that were
__qh_pwd=$PWD		# where
__qh_a=('')
export QT_HIST_SESSION=$$-@TOKEN@

# The list's entry so many from its end: start end status statuses
__qh_put() {
	((++__qh_n))
	builtin printf '\x1e%sE\0%s\0%s\0%s\0%s\0%s\0%s\0f\0' "$__qh_token" \
	    "$__qh_n" "$2" "$3" "$4" "$5" "$__qh_pwd"
	builtin fc -ln "-$1" "-$1"
	builtin printf '\0\x1e%s.\0' "$__qh_token"
}

# Those of which nobody knows more, as this function was not run; then the last.
__qh_put_all() {
	local i=$1

	while ((i-- > 1)); do
		__qh_put "$((i + 1))" "$((__qh_t0++))" 0 '' ''
	done
	__qh_put 1 "$2" "$3" "$4" "$5"
}

770077() {
	{
		# [*] would put the first character of IFS between them.
		# shellcheck disable=SC2124
		local - __qh_s=$? __qh_p="${PIPESTATUS[@]}"
		set +eux
		local now=${EPOCHREALTIME-} start=$__qh_t1 count=$__qh_runs last=$__qh_last

		now=${now//[!0-9]/}
		__qh_last=${__qh_bang@P}
		((HISTCMD <= __qh_last)) || __qh_last=$HISTCMD
		if [[ $__qh_last == "$last" || -z $last ]]; then
			count=-1
		elif ((__qh_last - last < count)); then
			# Several lines that were entered at once, one entry.
			((count = __qh_last - last, start = __qh_t0))
		fi
		if ((count == 0)); then		# a comment
			start=$now __qh_s='' __qh_p=''
		fi
		((count < 0)) ||
		    __qh_put_all "$count" "$start" "$now" "$__qh_s" "$__qh_p" \
			>>"$__qh_spool" ||
		    __qh_put_all "$count" "$start" "$now" "$__qh_s" "$__qh_p" \
			>>"$__qh_spare"
		__qh_t0=0 __qh_t1=0 __qh_runs=0 __qh_pwd=$PWD
	} 2>/dev/null
	return "${__qh_s:-0}"
}

PS0=${PS0-}'${__qh_a[PROMPT_COMMAND[777]=770077,__qh_t1=${EPOCHREALTIME//[!0-9]/},__qh_t0=__qh_t0?__qh_t0:__qh_t1,__qh_runs++,0]}'
PROMPT_COMMAND[777]=770077
