# SPDX-License-Identifier: Apache-2.0
# Alt-i: what is likely to be run next, or begins as the line does. Alt-j: words of
# the history that begin as the one before the cursor does. Again: the next one.
# Keys that something else has are left to it.
typeset -ga __qh_list
typeset -gi __qh_at=0
typeset -g __qh_before= __qh_behind=

# command ...: what it prints, in __qh_list; 1: nothing.
__qh_ask() {
	emulate -L zsh
	local all

	all=$(command qt-hist "$@" 2>/dev/null </dev/null)
	__qh_list=("${(@0)all%$'\0'}")
	[[ -n $all ]] || __qh_list=()
	__qh_at=1
	(( $#__qh_list ))
}

# Whether this widget was the last: then the next is to be shown.
__qh_is_again() {
	[[ $LASTWIDGET == "$WIDGET" ]] && (( $#__qh_list )) || return 1
	(( __qh_at = __qh_at % $#__qh_list + 1 ))
	return 0
}

__qh_show() {
	(( $#__qh_list )) || return 0
	BUFFER=$__qh_before$__qh_list[__qh_at]$__qh_behind
	CURSOR=$(( $#BUFFER - $#__qh_behind ))
}

__qh_suggest() {
	emulate -L zsh
	if ! __qh_is_again; then
		__qh_before= __qh_behind=
		__qh_ask suggest -0 -l 32 -p "$BUFFER"
	fi
	__qh_show
}

__qh_word() {
	emulate -L zsh
	local word=${LBUFFER##*[[:space:]]}

	if ! __qh_is_again; then
		__qh_before=${LBUFFER%"$word"} __qh_behind=$RBUFFER
		__qh_ask complete -0 -l 64 -- "$word"
	fi
	__qh_show
}

# A completer, for when those before it have nothing.
_qt_hist_words() {
	[[ -n $PREFIX ]] && __qh_ask complete -0 -l 64 -- "$PREFIX" || return 1
	compadd -Q -V qt-hist -a __qh_list
}

() {
	emulate -L zsh
	local -a list

	zstyle -a ':completion:*' completer list || list=(_complete _ignored)
	(( $list[(I)_qt_hist_words] )) ||
		zstyle ':completion:*' completer $list _qt_hist_words
	zle -N __qh_suggest
	zle -N __qh_word
	[[ $(bindkey -M emacs '^[i') == *(undefined-key|self-insert*) ]] &&
		bindkey -M emacs '^[i' __qh_suggest
	[[ $(bindkey -M emacs '^[j') == *(undefined-key|self-insert*) ]] &&
		bindkey -M emacs '^[j' __qh_word
	return 0
}
