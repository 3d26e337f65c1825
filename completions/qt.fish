# SPDX-License-Identifier: Apache-2.0
# Completion of every program of Quantum Terminal, from what --help says, so it
# knows what the installed program knows. Installed under each program's name.

# "word<TAB>what it does" for the commands of a help text on stdin.
function __qt_commands
	awk '/^  [a-z][a-z-]* / {
		text = substr($0, 42)
		if (substr($0, 41, 1) != " ")
			text = ""
		print $1 "\t" text
	}'
end

# "-x<TAB>META<TAB>what it does" for each option of a help text on stdin.
function __qt_options
	awk '/^  ? ? ? ? ?-/ {
		line = $0
		sub(/^ */, "", line)
		left = line
		sub(/  .*/, "", left)
		text = substr(line, length(left) + 1)
		sub(/^ */, "", text)
		n = split(left, w, " ")
		meta = w[n] ~ /^-/ ? "" : w[n]
		for (i = 1; i <= n; i++)
			if (w[i] ~ /^-/) {
				sub(/,$/, "", w[i])
				print w[i] "\t" meta "\t" text
			}
	}'
end

# What the last events of the history have under a name.
function __qt_events
	qt-hist list -J -l 100 2>/dev/null |
		string replace -rf '^\{.*"'$argv[1]'":"([^"\\\\]*)".*' '$1' | sort -u
end

# Candidates for a value or an operand of that name.
function __qt_values
	set -l prog (string replace -r '.*/' '' (commandline -opc)[1])
	set -l seg (string split -m 1 / -- (commandline -ct))
	switch $argv[1]
		case SEG
			qt-shm ls -o name 2>/dev/null
		case 'SEG/*'
			if test (count $seg) -gt 1
				printf "$seg[1]/%s\n" (qt-shm ls -o name $seg[1] 2>/dev/null)
			else
				qt-shm ls -o name 2>/dev/null
			end
		case MAP
			qt-map ls 2>/dev/null
		case KEY
			test "$prog" = qt-map
			and qt-map scan -k -l 100 -p (commandline -ct) 2>/dev/null
		case TYPE
			if test "$prog" = qt-map
				printf '%s\n' bytes f64 i64 json text u64
				return
			end
			printf '%s\n' array barrier cache event latch map mutex \
				once pool queue ring rwlock semaphore set skiplist \
				spsc stack value
		case '*DIR*'
			__fish_complete_directories (commandline -ct)
		case '*FILE*' '*PATH*' '*PROGRAM*'
			__fish_complete_path (commandline -ct)
		case '*CMD*'
			complete -C (commandline -ct)
		case '*POLICY*'
			printf '%s\n' latest smallest largest fixed
		case '*ROLE*'
			printf '%s\n' admin writer reader
		case MODE
			test "$prog" = qt-map
			and printf '%s\n' async hybrid memory sync
		case 'SETTING*'
			qt-map settings 2>/dev/null | cut -f1
		case 'NUMBER*'
			qt-map stat 2>/dev/null | cut -f1
		case 'SIG*'
			string match -ra '[A-Z][A-Z0-9]+' (kill -l)
		case SHELL 'bash|*'
			printf '%s\n' bash fish zsh
		case SCOPE
			printf '%s\n' all host session folder repository
		case ORDER
			printf '%s\n' best latest
		case FORMAT
			printf '%s\n' bash zsh fish powershell json atuin histdb \
				mcfly hishtory
		case TAG
			qt-hist tag 2>/dev/null | cut -f1
		case PERIOD
			printf '%s\n' today yesterday week month year all
		case KEYS
			printf '%s\n' emacs vi
		case NEWNAME
		case SESSION
			__qt_events session
		case '*NAME*' '*ID*'
			if test "$prog" = qt-hist
				__qt_events id
			else
				qt-session ls -o name 2>/dev/null
			end
	end
end

function __qt_complete
	set -l words (commandline -opc)
	set -l cur (commandline -ct)
	set -l prog $words[1]
	set -l help ($prog --help 2>/dev/null); or return
	set -l verb
	set -l meta
	set -l prev
	set -l count 1
	set -lx QT_MAP $QT_MAP
	for word in $words[2..-1]
		if test -n "$meta"
			contains -- $prev -m --map; and set QT_MAP $word
			set meta ''
			continue
		end
		set prev $word
		if test "$word" = --
			__qt_values CMD
			return
		else if string match -q -- '-*' $word
			set meta (printf '%s\n' $help | __qt_options |
				awk -F '\t' -v o="$word" '$1 == o { print $2; exit }')
		else if test -z "$verb"; and contains -- $word \
				(printf '%s\n' $help | __qt_commands | cut -f1)
			set verb $word
			set help ($prog $verb --help 2>/dev/null); or return
		else
			set count (math $count + 1)
		end
	end
	if test -n "$meta"
		contains -- $prev -n --name; or __qt_values $meta
	else if string match -q -- '-*' $cur
		printf '%s\n' $help | __qt_options | cut -f1,3
		printf '%s\t%s\n' --help 'say how it is used'
	else if test -z "$verb"; and printf '%s\n' $help | __qt_commands | grep -q .
		printf '%s\n' $help | __qt_commands
	else
		set -l operands (string replace -r '^usage: (.*\[option \.\.\.\]|\S+( [a-z-]+)?)' '' $help[1] |
			string replace -ra '[][]|--' '' | string split -n ' ')
		test (count $operands) -ge $count; or set count -1
		test (count $operands) -gt 0; and __qt_values $operands[$count]
	end
end

for prog in qt-session qtd qt-shm qt-map qt-hist qt-bench
	complete -c $prog -f -a '(__qt_complete)'
end
