#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What init prints, evaluated once, twice, and by a shell in another's place.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
}

teardown() {
	hist_down
}

@test "evaluated twice, it is there once" {
	for shell in bash zsh; do
		command -v $shell || continue
		cat >twice <<-EOF
		eval "\$(qt-hist init --no-keys $shell)"
		once=\$QT_HIST_SESSION.\$PS0.\${preexec_functions[*]-}
		eval "\$(qt-hist init --no-keys $shell)"
		[[ -n \$QT_HIST_SESSION ]] || exit 1
		[[ \$once == "\$QT_HIST_SESSION.\$PS0.\${preexec_functions[*]-}" ]]
		EOF
		run -0 $shell ./twice
	done
	command -v fish || return 0
	run -0 fish -c 'qt-hist init fish | source
	    set once $QT_HIST_SESSION
	    qt-hist init fish | source
	    test -n "$once" -a "$once" = "$QT_HIST_SESSION"'
	spools=("$QT_HIST"/spool/*.spool)
	[ "${#spools[@]}" -eq "$(for s in bash zsh fish; do
	    command -v $s; done | wc -l)" ]
}

# By exec it has the process id, and the QT_HIST_SESSION, of the one before.
@test "a shell in another's place has the same options" {
	cat >out <<-'EOF'
	export QT_HIST_SESSION=$$-x
	qt-hist init $1 $2
	exit
	EOF
	for shell in bash zsh fish; do
		run -0 bash ./out --no-keys $shell
		[[ $output == *"init --no-keys $shell"* ]]
		run -0 bash ./out --up-arrow $shell
		[[ $output == *"init --up-arrow $shell"* ]]
		run -0 bash ./out --no-builtin $shell
		[[ $output == *"init --no-builtin $shell"* ]]
	done
	cat >taken <<-'EOF'
	export QT_HIST_SESSION=$$-x
	exec bash -c 'eval "$(qt-hist init --no-keys bash)"
	    echo "$QT_HIST_SESSION"'
	EOF
	run -0 bash ./taken
	[[ $output =~ ^[0-9]+-[0-9a-f]{16}$ ]]
}

@test "where nothing can be written down it tells both places, and why" {
	QT_HIST=/proc/x QT_RUNTIME_DIR=/proc/y run -3 qt-hist init bash
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"'/proc/x'"*"No such file"*"'/proc/y'"* ]]
	[[ $output == *"set QT_RUNTIME_DIR"* ]]
}

@test "bash: commands run where the hooks cannot be set" {
	for name in PROMPT_COMMAND PS0; do
		printf '%s\n' "readonly $name" \
		    'eval "$(qt-hist init --no-keys bash)"' 'echo went on' |
		    bash --norc -i >out 2>/dev/null
		grep -qx 'went on' out
	done
}
