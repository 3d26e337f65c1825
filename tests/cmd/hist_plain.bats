#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bash's hooks without the builtin: the tests whose names say bash, run again with
# the script, which is what a bash has that cannot load the builtin.

# shellcheck disable=SC2034 # N is prompt()'s
bats_require_minimum_version 1.5.0
load lib
load hist
export BATS_TEST_TIMEOUT=300	# each of these is a file of tests

setup() {
	[ -e "$QT_BUILD/qt-hist-bash.so" ] ||
		skip 'the builtin was not built: bash has no headers here'
	hist_up
}

teardown() {
	[ -z "${WORLD-}" ] || hist_down
}

# Tests of a file whose names say bash: all of them, and there are some.
say_bash() {
	BASH_INIT=--no-builtin run -0 env -u BATS_TEST_TIMEOUT bats --tap \
	    -f '^bash' "$BATS_TEST_DIRNAME/$1"
	echo "$output"
	[[ $output == *$'\nok 1 bash'* ]]
	[[ $output != *'# skip'* ]]
}

@test "what is typed and what becomes of it is the same" {
	say_bash hist.bats
}

@test "what the shell makes of it, and others' settings, are the same" {
	say_bash hist_shells.bats
}

@test "bash loads the builtin where that is made for it, else nothing is said" {
	bash_open
	enter 'type -t __qh_record' 'echo "$__qh_hook"'
	term_shows '^builtin$'
	term_shows '^[{] builtin __qh_record [|][|] __qh_prompt_rest'
	term_close
	for what in 's/DISTVERSION) == 0/"5.3a") == 0/' 's/"1"/"0"/' ''; do
		other=/dev/null
		if [ "$what" ]; then
			other=$HOME/other.so
			sed "$what" "$QT_TOP/cmd/qt-hist/bash-builtin/record.c" \
			    >other.c
			cc -shared -fPIC -I/usr/include/bash{,/include,/builtins} \
			    other.c -o "$other"
		fi
		N=0
		bash_open "init() { qt-hist init bash | sed \"s,'[^']*-bash.so','$other',\"; }" \
		    'eval "$(init)"'
		enter 'type -t __qh_record' 'echo "$__qh_hook"'
		term_lacks 'builtin|enable|other'
		term_shows '^[{] __qh_prompt; [}]'
		term_close
	done
	[ "$(commands)" = "$(printf 'type -t __qh_record;echo "$__qh_hook";%.0s' \
	    1 2 3 4)" ]
}

@test "what the user does to variables and to the builtin loses nothing else" {
	bash_open
	enter 'enable -n __qh_record' 'false' 'false | true' '(exit 7)' \
	    '__qh_record() { return 0; }' 'true'
	[ "$(qt-hist list -J | jq -sc 'map(.exit)[-5:]')" = '[1,0,7,0,0]' ]
	term_close
	N=0
	bash_open
	enter 'unset __qh_spool' '(exit 8)'
	[ "$(qt-hist list -J | jq -sc '.[-1].exit')" = 8 ]
	term_close
	N=0
	bash_open
	enter 'unset __qh_next; declare -n __qh_next=HISTCMD' 'false' \
	    'unset __qh_pwd; declare -n __qh_pwd=EPOCHREALTIME' '(exit 9)' 'true'
	qt-hist list -J | jq -sc '.[-1].cwd' | grep -qE '^"[0-9.]+"$'
	term_close
	N=0
	bash_open '__qh_record() { return 0; }'
	enter 'false' 'true'
	[ "$(qt-hist list -J | jq -sc 'map(.exit)[-2:]')" = '[1,0]' ]
}
