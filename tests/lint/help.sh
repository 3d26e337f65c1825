#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --help and the man page say the same: every command is in the SYNOPSIS, every
# option is described, and the man page has no command or option of its own.
# (Completions read --help themselves; tests/cmd/completions.bats tries them.)
bin=${B:-build}/bin
tmp=$(mktemp -d) || exit 3
trap 'rm -rf "$tmp"' EXIT
bad=0

complain() { echo "$*"; bad=1; }

# The options of a help text: -x and --name in the left column.
options() {
	sed -n 's/^  \{1,6\}\(-.*\)/\1/p' | sed 's/   *.*//' | tr ' ,=' '\n' |
	    grep -E '^-' | sort -u
}

# The commands of a help text: the lines indented by two that are no option.
commands() {
	sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort -u
}

# Options that the man page's lists give an item: .It Fl n , Fl -name Ar X
man_options() {
	awk '/^\.It Fl / {
		gsub(/Fl Fl /, "Fl -")
		for (i = 2; i < NF; i++)
			if ($i == "Fl")
				print "-" $(i + 1)
	}' "$1" | sort -u
}

section() {
	awk -v want="$2" '/^\.Sh / { on = substr($0, 5) == want } on' "$1"
}

for prog in "$bin"/*; do
	name=$(basename "$prog")
	for man in man/"$name".[18]; do break; done
	[ -e "$man" ] || { complain "$name: no man page"; continue; }
	"$prog" --help >"$tmp/help" || { complain "$name --help failed"; continue; }
	"$prog" --version | grep -qE "^$name [0-9]+\.[0-9]+" ||
		complain "$name --version does not say '$name N.N'"
	commands <"$tmp/help" >"$tmp/commands"
	options <"$tmp/help" >"$tmp/options"
	while read -r c; do
		"$prog" "$c" --help >"$tmp/one" ||
			{ complain "$name $c --help failed"; continue; }
		options <"$tmp/one" >>"$tmp/options"
		section "$man" SYNOPSIS | grep -qE "(Cm|Ic|Ar|Nm) $c( |\$)" ||
			complain "$man: SYNOPSIS lacks '$name $c'"
	done <"$tmp/commands"
	sort -u "$tmp/options" >"$tmp/have"
	man_options "$man" >"$tmp/said"
	for o in $(comm -23 "$tmp/have" "$tmp/said"); do
		complain "$man: option $o of --help is not described (.It Fl)"
	done
	for o in $(comm -13 "$tmp/have" "$tmp/said" |
	    grep -vxE -e '-h|-V|--help|--version'); do
		complain "$man: describes $o, which --help does not know"
	done
	section "$man" SYNOPSIS |
	    sed -n "s/^\.\(Nm\|Cm\|Ic\) \($name \(Cm\|Ic\) \)*\([a-z][a-z-]*\).*/\4/p" |
	    grep -vx "$name" | sort -u >"$tmp/synopsis"
	for c in $(comm -13 "$tmp/commands" "$tmp/synopsis"); do
		complain "$man: SYNOPSIS has '$c', which --help does not know"
	done
done
exit $bad
