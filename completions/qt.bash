# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of every program of Quantum Terminal, from what --help says, so it
# knows what the installed program knows. Installed under each program's name.

# The commands that a help text lists.
_qt_commands() {
	sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' <<<"$1"
}

# The options of a help text, and after each the metavariable of its value.
_qt_options() {
	sed -n 's/^  \{1,6\}\(-.*\)/\1/p' <<<"$1" | sed 's/   *.*//' |
	    awk '{
		meta = $NF ~ /^-/ ? "" : $NF
		for (i = 1; i <= NF; i++)
			if ($i ~ /^-/) {
				sub(/,$/, "", $i)
				print $i, meta
			}
	    }'
}

# Segments, or the structures of the one that $1 names.
_qt_segments() {
	local seg=${1%%/*}

	case $1 in
	*/*)	qt-shm ls -o name "$seg" 2>/dev/null | sed "s,^,$seg/," ;;
	*)	qt-shm ls -o name 2>/dev/null ;;
	esac
}

# Those of the lines on standard input that begin as $cur does. Not compgen -W,
# which expands its words: a name may be anybody's, and $(...) is one.
_qt_matching() {
	local line

	while IFS= read -r line; do
		[[ $line != "$cur"* ]] || printf '%s\n' "$line"
	done
}

# What the last events of the history have under a name.
_qt_events() {
	qt-hist list -J -l 100 2>/dev/null |
	    sed -n "s/^{.*\"$1\":\"\([^\"\\]*\)\".*/\1/p" | _qt_matching
}

# Candidates for a value or an operand of that name.
_qt_values() {
	case $1 in
	*DIR*)		compgen -d -- "$cur" ;;
	*FILE* | *PATH* | *PROGRAM*) compgen -f -- "$cur" ;;
	*CMD*)		compgen -c -- "$cur" ;;
	*POLICY*)	compgen -W 'latest smallest largest fixed' -- "$cur" ;;
	*ROLE*)		compgen -W 'admin writer reader' -- "$cur" ;;
	MODE)		[[ ${prog##*/} != qt-map ]] ||
			compgen -W 'async hybrid memory sync' -- "$cur" ;;
	SETTING*)	qt-map settings 2>/dev/null | cut -f1 | _qt_matching ;;
	NUMBER*)	qt-map stat 2>/dev/null | cut -f1 | _qt_matching ;;
	SEG)		_qt_segments "" | _qt_matching ;;
	SEG/*)		_qt_segments "$cur" | _qt_matching ;;
	TYPE)		[[ ${prog##*/} != qt-map ]] || {
				compgen -W "bytes f64 i64 json text u64" -- "$cur"
				return
			}
			compgen -W "array barrier cache event latch map mutex \
			    once pool queue ring rwlock semaphore set skiplist \
			    spsc stack value" -- "$cur" ;;
	SIG*)		compgen -W "$(kill -l | grep -o 'SIG[A-Z0-9]*' |
			    sed s/SIG//)" -- "$cur" ;;
	SHELL | bash\|*)	compgen -W "bash fish zsh" -- "$cur" ;;
	SCOPE)		compgen -W 'all host session folder repository' -- "$cur" ;;
	ORDER)		compgen -W 'best latest' -- "$cur" ;;
	FORMAT)		compgen -W "bash zsh fish powershell json atuin histdb \
			    mcfly hishtory" -- "$cur" ;;
	TAG)		qt-hist tag 2>/dev/null | cut -f1 | _qt_matching ;;
	PERIOD)		compgen -W 'today yesterday week month year all' -- \
			    "$cur" ;;
	KEYS)		compgen -W 'emacs vi' -- "$cur" ;;
	NEWNAME)	;;
	MAP)		qt-map ls 2>/dev/null | _qt_matching ;;
	KEY)		[[ ${prog##*/} != qt-map ]] ||
			qt-map scan -k -l 100 -p "$cur" 2>/dev/null ;;
	SESSION)	_qt_events session ;;
	*NAME* | *ID*)	if [[ ${prog##*/} == qt-hist ]]; then
				_qt_events id
				return
			fi
			qt-session ls -o name 2>/dev/null | _qt_matching ;;
	esac
}

# The metavariable of option $2's value in a help text, or nothing.
_qt_meta() {
	_qt_options "$1" | awk -v o="$2" '$1 == o { print $2; exit }'
}

# The name of operand number $2 in a help text's usage line; the last repeats.
_qt_operand() {
	sed -n '1{s/^usage: //;p;q}' <<<"$1" | awk -v n="$2" '{
		sub(/^.*\[option \.\.\.\]/, "") || sub(/^[^ ]+( [a-z-]+)?/, "")
		gsub(/[][]|--/, "")
		print $(n < NF ? n : NF)
	}'
}

_qt() {
	local prog=$1 cur=$2 prev=$3 verb='' help word meta count=1 i

	help=$("$prog" --help 2>/dev/null) || return
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			mapfile -t COMPREPLY < <(_qt_values CMD | sort -u)
			return
		elif [[ $word == -* ]]; then
			[[ $word != -m && $word != --map ]] ||
				local -x QT_MAP=${COMP_WORDS[i+1]}
			[[ -z $(_qt_meta "$help" "$word") ]] || ((i++))
		elif [[ -z $verb ]] &&
		    _qt_commands "$help" | grep -qxe "$word"; then
			verb=$word
			help=$("$prog" "$verb" --help 2>/dev/null) || return
		else
			((count++))
		fi
	done
	meta=$(_qt_meta "$help" "$prev")
	COMPREPLY=()
	if [[ $prev == -* && -n $meta ]]; then
		# What -n names is new.
		[[ $prev == -n || $prev == --name ]] ||
			mapfile -t COMPREPLY < <(_qt_values "$meta")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
		    "$(_qt_options "$help" | cut -d' ' -f1) --help" -- "$cur")
	elif [[ -z $verb && -n $(_qt_commands "$help") ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
		    "$(_qt_commands "$help")" -- "$cur")
	else
		mapfile -t COMPREPLY < <(_qt_values \
		    "$(_qt_operand "$help" $count)" | sort -u)
	fi
}
complete -o filenames -F _qt qt-session qtd qt-shm qt-map qt-hist qt-bench
