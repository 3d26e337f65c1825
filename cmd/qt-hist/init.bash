# SPDX-License-Identifier: Apache-2.0
# qt-hist: every command is remembered. What "qt-hist init bash" prints.
#
# At the prompt nothing runs a program, forks, locks or waits: built-ins append
# a record to this shell's spool, as <qt/hist/spool.h> describes it. Everybody
# waits for it, and what that costs is what bash has to read: each time it copies
# a function that it calls, and looks for the end of each expansion inside of
# another. So there is little on the usual way, what is rare is in functions of
# its own, and nothing is converted that who reads the spool can convert as well.
# And where bash can load a builtin, that does the usual prompt in a third of the
# instructions: see bash-builtin/record.c.
#
# When a command began: PS0 is expanded then. ${x:=word} sets a variable without
# a subshell; as a pattern of what is to be changed in nothing it leaves nothing;
# and once somebody has unset __qh_no it is not expanded.
#
# Where the variable is still set no prompt of ours has been since: several
# commands were entered at once, and the time of each further one is noted behind.
# With a time goes the number that the list's last entry has then, \!: that is the
# command's, where the list took it.
# Other tools overwrite PROMPT_COMMAND: each PS0 puts what is ours back.
#
# What it was: bash's own list, which has it if HISTCONTROL and HISTIGNORE let it
# in; HISTCMD, the number of the entry to come, tells whether they did.
#
# The user's options hold here, too: nothing fails but where that is asked for
# (-e), no variable is unset (-u), and what is traced (-x) goes where complaints
# go, to a standard error that is closed.

__qh_spool=@SPOOL@
__qh_spare=@SPARE@
__qh_token=@TOKEN@	# init's next output, and doctor, ask whether it is there
__qh_head=$'\x1e@TOKEN@E\\000'
__qh_tail=$'\\000\x1e@TOKEN@.\\000'
__qh_hook='{ __qh_prompt; } 2>&-'
__qh_first=4294967296	# __qh_next before our first prompt
declare -gi __qh_next=__qh_first	# HISTCMD, if one is added to the list
__qh_t0=''		# the first since the last prompt, and further ones:
__qh_t=()		# \!, a NUL as printf takes it, and EPOCHREALTIME
__qh_0='\000'
__qh_t1=''		# when the last prompt was
__qh_pwd=$PWD		# where
__qh_no=''
__qh_builtin=@BUILTIN@
__qh_abi=1		# of what is written here, bash-builtin/record.c asks for it
# shellcheck disable=SC2016
__qh_more='${__qh_t[${#__qh_t[@]}]:=\!${__qh_0-}${EPOCHREALTIME-0}}'
export QT_HIST_SESSION=$$-@TOKEN@

# The list's entry so many from its end: NUMBER\000START END STATUS STATUSES, and
# which one it is if that is a comment.
__qh_put() {
	builtin local __qh_tab='' __qh_form=${6:+c}

	# fc lacks the mark before the text then, of which a tab takes the place.
	[[ ! -o posix ]] || __qh_tab=$'\t'
	# shellcheck disable=SC2059
	builtin printf "$__qh_head$2\000$3\000$4\000$5\000%s\000${__qh_form:-f}\000$__qh_tab" \
	    "$__qh_pwd" && builtin fc -ln "-$1" "-$1" &&
		if [[ -n ${6-} ]]; then
			# shellcheck disable=SC2059
			builtin printf "\000$__qh_tab" &&
				builtin fc -ln "-$6" "-$6"
		fi && builtin printf "$__qh_tail"
}

# The list's last entry, with its own time and that of the last prompt: with
# erasedups it may have taken the place of another one, or be that of an earlier
# command. Who reads it sees which.
__qh_put_timed() {
	# shellcheck disable=SC2059
	builtin printf "$__qh_head$__qh_t0\000$1\000$__qh_s\000$__qh_p\000%s\000e\000%s " \
	    "$__qh_pwd" "$__qh_t1" &&
		HISTTIMEFORMAT='%s ' builtin history 1 &&
		builtin printf "$__qh_tail"
}

# What __qh_prompt() writes, where that could not. A function for both would cost
# each prompt a call.
__qh_put_spare() {
	# shellcheck disable=SC2059
	{
		builtin printf "$__qh_head$__qh_t0\000${EPOCHREALTIME-}\000$__qh_s\000$__qh_p\000%s\000h\000" "$__qh_pwd" &&
			builtin history 1 &&
			builtin printf "$__qh_tail"
	} >>"$__qh_spare" || :
}

__qh_add() {
	__qh_put "$@" >>"$__qh_spool" || __qh_put "$@" >>"$__qh_spare" || :
}

# A comment, which did not run; several commands that were entered at once: only
# of the last one is known what came of it; or entries that somebody else adds. Who
# shares a list by "history -a" and "history -n", or -c and -r, has the command as
# the last one then; else what is behind its entry is a comment, or no syntax.
# What is ours here has names of ours: the user's may be read-only.
__qh_prompt_many() {
	builtin local __qh_i=$((__qh_next - 1)) __qh_end=$HISTCMD __qh_e __qh_us \
	    __qh_now=${EPOCHREALTIME-}

	case ${HISTSIZE-} in
	'' | *[!0-9]*) ;;
	*)	((__qh_i >= __qh_end - HISTSIZE)) ||
			__qh_i=$((__qh_end - HISTSIZE)) ;;
	esac
	builtin set -- ${__qh_t0:+"$__qh_t0"} ${__qh_t+"${__qh_t[@]}"}
	while (($# > 0)); do
		__qh_e=${1%%\\*} __qh_us=${1##*\\000}
		__qh_us=${__qh_us//[!0-9]/}
		((__qh_e - __qh_i <= 64)) || __qh_i=$((__qh_e - 64))
		for (( ; __qh_i < __qh_e; __qh_i++)); do
			__qh_add "$((__qh_end - __qh_i))" \
			    "$__qh_i\000$((__qh_us - __qh_e + __qh_i))" '' '' ''
		done
		if ((__qh_e < __qh_i)); then
			:	# the list did not take it
		elif (($# == 1 && __qh_i + 1 == __qh_end)); then
			__qh_add 1 "$1" "$__qh_now" "$__qh_s" "$__qh_p"
			__qh_i=$__qh_end
		elif (($# == 1 && __qh_s != 2)); then
			__qh_add 1 "$1" "$__qh_now" "$__qh_s" "$__qh_p" \
			    "$((__qh_end - __qh_i))"
			__qh_i=$__qh_end
		else
			__qh_add "$((__qh_end - __qh_i))" "$1" '' '' ''
			((++__qh_i))
		fi
		builtin shift
	done
	((__qh_i >= __qh_end)) ||
		__qh_add 1 "$((__qh_end - 1))\000$__qh_now" "$__qh_now" '' ''
}

# HISTCMD is not what it is expected to be, or history would tell times. Where one
# of these is unset arithmetic would end all (-u), with standard error closed.
__qh_prompt_rare() {
	case ${HISTCMD:+1}${__qh_next:+1}${__qh_first:+1}${__qh_spool:+1}${__qh_s:+1} in
	11111) ;;
	*)	return 0 ;;
	esac
	if [[ -z ${__qh_t-} && $HISTCMD.${__qh_t0-} == "$__qh_next.$((__qh_next - 1))\\"* ]]
	then
		__qh_add 1 "$__qh_t0" "${EPOCHREALTIME-}" "$__qh_s" "$__qh_p"
		return 0
	elif ((__qh_next == __qh_first)); then
		:
	elif ((HISTCMD >= __qh_next)); then
		__qh_prompt_many
	elif [[ ${HISTCONTROL-} == *erasedups* && -n ${__qh_t0-} && -z ${__qh_t-} ]]
	then
		__qh_put_timed "${EPOCHREALTIME-}" >>"$__qh_spool" ||
			__qh_put_timed "${EPOCHREALTIME-}" >>"$__qh_spare" || :
	fi
	__qh_t=()
	__qh_next=$HISTCMD
}

# Of a long list history takes half the time of fc, where HISTTIMEFORMAT is not
# set.
__qh_prompt() {
	# [*] would put the first character of IFS between them.
	# shellcheck disable=SC2059,SC2124
	__qh_s=$? __qh_p="${PIPESTATUS[@]}"
	case ${__qh_t0:+${HISTCMD-}}${__qh_t-}${HISTTIMEFORMAT-} in
	"${__qh_next-0}")
		{
			builtin printf "$__qh_head$__qh_t0\000${EPOCHREALTIME-}\000$__qh_s\000$__qh_p\000%s\000h\000" "$__qh_pwd" &&
				builtin history 1 &&
				builtin printf "$__qh_tail"
		} >>"$__qh_spool" || __qh_put_spare ;;
	*)	__qh_prompt_rare ;;
	esac
	__qh_t0='' __qh_t1=${EPOCHREALTIME-} __qh_pwd=$PWD __qh_next+=1
}

# What __qh_record left to be done: it has set __qh_s and __qh_p, unless somebody
# has taken it away (enable -d).
__qh_prompt_rest() {
	if [[ -z ${__qh_s-} ]]; then
		__qh_hook='{ __qh_prompt; } 2>&-'
		PROMPT_COMMAND[777]=$__qh_hook
	fi
	__qh_prompt_rare
	__qh_s='' __qh_t0='' __qh_t1=${EPOCHREALTIME-} __qh_pwd=$PWD __qh_next+=1
}

# Where files may not grow (ulimit -f) the signal would end the shell. Programs
# that it runs have the signal as it was.
trap : XFSZ

# Where PROMPT_COMMAND is read-only all ends here: a PS0 that cannot set it would
# let no command run.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
	if [[ -n $__qh_builtin ]] &&
	    builtin enable -f "$__qh_builtin" __qh_record 2>/dev/null; then
		__qh_hook='{ builtin __qh_record || __qh_prompt_rest; } 2>&-'
	fi
	PROMPT_COMMAND[777]=$__qh_hook
	# shellcheck disable=SC2016
	__qh_begin='${__qh_no+${__qh_no,${__qh_t0:+${__qh_more+${__qh_more@P}}}${__qh_t0:=\!${__qh_0-}${EPOCHREALTIME-0}}${PROMPT_COMMAND[777]:=${__qh_hook-}}}}'
else	# it is one string, and others in it want to know the status, too
	__qh_status() {
		return "${__qh_s:-0}"
	}
	__qh_hook+='; __qh_status'
	# shellcheck disable=SC2128,SC2178
	PROMPT_COMMAND=$__qh_hook${PROMPT_COMMAND:+"; $PROMPT_COMMAND"}
	# shellcheck disable=SC2016
	__qh_begin='${__qh_no+${__qh_no,${__qh_t0:+${__qh_more+${__qh_more@P}}}${__qh_t0:=\!${__qh_0-}${EPOCHREALTIME-0}}${PROMPT_COMMAND:=${__qh_hook-}}}}'
fi
# It may be there: exported by another shell, which this one is in.
[[ ${PS0-} == *"$__qh_begin"* ]] || PS0=${PS0-}$__qh_begin
builtin unset __qh_begin __qh_builtin __qh_abi
