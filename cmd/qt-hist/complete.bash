# SPDX-License-Identifier: Apache-2.0
# Alt-i: what is likely to be run next, or begins as the line does. Alt-j: words of
# the history that begin as the one before the cursor does. Again: the next one.
# Keys that something else has are left to it. They are none of vi's, where they
# would make Esc wait.
__qh_list=()
__qh_at=0
__qh_was=''		# the line that the last one made

# What qt-hist prints, in __qh_list. Lines that are escaped, as <(...) would be
# the user's $!.
__qh_ask() {
	local out line

	__qh_list=() __qh_at=0
	out=$(command qt-hist "$@" 2>/dev/null </dev/null) || return 0
	while IFS= builtin read -r line; do
		builtin printf -v line %b "$line"
		__qh_list+=("$line")
	done <<<"$out"
}

# What is in __qh_list, with $1 before it and $2 behind.
__qh_show() {
	((${#__qh_list[@]} > 0)) || return 0
	READLINE_LINE=$1${__qh_list[__qh_at]}$2
	READLINE_POINT=$((${#READLINE_LINE} - ${#2}))
	__qh_was=$READLINE_POINT:$READLINE_LINE
}

# Whether this is where the last one left it: then the next is to be shown.
__qh_is_again() {
	[[ -n $__qh_was && $__qh_was == "$READLINE_POINT:$READLINE_LINE" ]] ||
		return 1
	__qh_at=$(((__qh_at + 1) % ${#__qh_list[@]}))
}

__qh_suggest() {
	if ! __qh_is_again; then
		__qh_ask suggest -l 32 -p "$READLINE_LINE"
		__qh_before='' __qh_behind=''
	fi
	__qh_show "$__qh_before" "$__qh_behind"
}

__qh_word() {
	local left=${READLINE_LINE:0:READLINE_POINT} word

	if ! __qh_is_again; then
		word=${left##*[[:space:]]}
		__qh_ask complete -l 64 -- "$word"
		__qh_before=${left%"$word"}
		__qh_behind=${READLINE_LINE:READLINE_POINT}
	fi
	__qh_show "$__qh_before" "$__qh_behind"
}

# Tab, for commands of which bash knows nothing else: where no file begins so,
# and it is nothing that bash expands.
__qh_tab() {
	[[ -n $2 && $2 != [\$\~@\"\'\`]* ]] || return 0
	builtin compgen -f -- "$2" >/dev/null && return 0
	__qh_ask complete -l 64 -- "$2"
	COMPREPLY=("${__qh_list[@]}")
}

# bash-completion has one, which loads others.
builtin complete -p -D >/dev/null 2>&1 ||
	builtin complete -D -o bashdefault -o default -F __qh_tab
__qh_keys=$(builtin bind -m emacs -p 2>/dev/null; builtin bind -m emacs -X)
[[ $__qh_keys == *$'\n"\\ei"'* ]] ||
	builtin bind -m emacs -x '"\ei": __qh_suggest'
[[ $__qh_keys == *$'\n"\\ej"'* ]] ||
	builtin bind -m emacs -x '"\ej": __qh_word'
unset __qh_keys
