# SPDX-License-Identifier: Apache-2.0
# complete.zsh FOLDER LINE...: what zsh offers for the end of each LINE, one a
# line, and "--" after each, with the completions of FOLDER. The line editor wants a terminal, so a second
# zsh runs in a pty; its compadd says the matches instead of showing them.
zmodload zsh/zpty || exit 3
zpty z PS1=% TERM=dumb zsh -f -i

init=$(mktemp) || exit 3
trap 'rm -f $init' EXIT
cat >$init <<'INIT'
unsetopt zle_bracketed_paste 2>/dev/null
fpath=($FOLDER $fpath)
autoload -U compinit && compinit -u -D
zstyle ':completion:*' list-grouped false
bindkey -e
bindkey '^I' complete-word
null-line() { :; }
compadd() {
	local -a hits
	# -O, -A and -D only ask; what they find is not offered yet.
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A hits "$@"
	((${#hits})) && print -rl -- "match:"${^hits}
}
say-matches() { print -r -- BEGIN; zle complete-word-real; print -r -- END; }
zle -C complete-word-real complete-word _main_complete
zle -N say-matches
bindkey '^I' say-matches
print -r -- READ''Y
INIT

zpty -w z "FOLDER=${(q)1}; source $init"
while zpty -r z line && [[ $line != *READY* ]]; do :; done
for text in "${@:2}"; do
	# What the last one has left on the line goes first.
	zpty -n -w z $'\C-u'$text$'\t'
	while zpty -r z line; do
		line=${line%%[$'\r\n']*}
		[[ $line == *END* ]] && break
		[[ $line == match:* ]] && print -r -- ${line#match:}
	done
	print -r -- --
done
zpty -d z
