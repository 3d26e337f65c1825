#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bash's hooks without the builtin: what the tests of the hooks say of bash, said
# of the script that other versions of bash, and those that load nothing, have.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
}

teardown() {
	hist_down
}

# Tests whose names say bash, of a file.
say_bash() {
	BASH_INIT=--no-builtin env -u BATS_TEST_TIMEOUT bats -f '^bash' \
	    "$BATS_TEST_DIRNAME/$1"
}

@test "what is typed and what becomes of it is the same" {
	say_bash hist.bats
}

@test "what the shell makes of it, and others' settings, are the same" {
	BATS_TEST_TIMEOUT=300 say_bash hist_shells.bats
}

@test "bash loads the builtin where that is of its version, else nothing is said" {
	[ -e "$QT_BUILD/qt-hist-bash.so" ] || skip 'it was not built: bash has no headers here'
	bash_open
	enter 'type -t __qh_record' 'echo "$__qh_hook"'
	term_shows '^builtin$'
	term_shows '^[{] __qh_record [|][|] __qh_prompt_rest'
	term_close
	sed 's/DISTVERSION) == 0/"5.3a") == 0/' \
	    "$QT_TOP/cmd/qt-hist/bash-builtin/record.c" >other.c
	cc -shared -fPIC -I/usr/include/bash{,/include,/builtins} other.c -o other.so
	for other in "$HOME/other.so" /dev/null; do
		# shellcheck disable=SC2034 # prompt() has it
		N=0
		bash_open "init() { qt-hist init bash | sed \"s,'[^']*-bash.so','$other',\"; }" \
		    'eval "$(init)"'
		enter 'type -t __qh_record' 'echo "$__qh_hook"'
		term_lacks 'builtin|enable|other.so'
		term_shows '^[{] __qh_prompt; [}]'
		term_close
	done
	[ "$(commands)" = "$(printf 'type -t __qh_record;echo "$__qh_hook";%.0s' \
	    1 2 3)" ]
}
