#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-hist doctor: what it says about shells that are well, and about those that
# are not; and that it leaves nothing behind.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	hist_up
	# Else fish makes them in the background, for minutes.
	mkdir -p "$HOME"/{.local/share,.cache}/fish/generated_completions
	mkdir -p "$HOME/.config/fish"
	echo '. ~/.bashrc' >"$HOME/.profile"
}

teardown() {
	hist_down
}

# The startup file of each shell: the lines given, then ours, then MORE.
bash_rc() {
	printf '%s\n' "$@" 'eval "$(qt-hist init bash)"' "${MORE-}" \
	    >"$HOME/.bashrc"
}
zsh_rc() {
	printf '%s\n' "$@" 'eval "$(qt-hist init zsh)"' "${MORE-}" \
	    >"$HOME/.zshrc"
}
fish_rc() {
	printf '%s\n' 'qt-hist init fish | source' "${MORE-}" \
	    >"$HOME/.config/fish/config.fish"
}

# doctor STATUS [ARG...]: what it says is in the file out.
doctor() {
	local want=$1
	shift
	run -"$want" qt-hist doctor "$@"
	printf '%s\n' "$output" >out
	# No folder, no spool of its own, no shell.
	[ "$(find "$WORLD/run" -name 'hist-doctor*' | wc -l)" -eq 0 ]
	[ "$(find "$QT_HIST" "$WORLD/run" -name '*.spool' 2>/dev/null |
	    wc -l)" -eq "${SPOOLS:-0}" ]
	refute grep -lzs "^QT_HIST_DOCTOR=$WORLD" /proc/[0-9]*/environ
}

says() {
	grep -qE -- "$1" out || { cat out; false; }
}

well() {
	says '^ok    startup files: they load the hooks$'
	says '^ok    Ctrl-R: it opens qt-hist$'
	says '^ok    recording: .* with exit status, time, duration \(0\.[0-9]+ s\) and folder$'
	cost
	refute grep FAIL out
}

# What a prompt costs. How busy the machine is, is not ours to say: each answer
# is with what was measured, and none of them is an error.
cost() {
	local ms='[0-9]+\.[0-9]{3}'
	local all=": $ms ms with them, $ms without; with your startup files one takes $ms ms"
	local again='; try again when the machine is not busy'
	says "^(ok    cost: the hooks take ($ms ms of a prompt, give or take $ms|too little of a prompt to be told, as it varies by $ms ms)$all|warn  cost: (the hooks take $ms ms of a prompt, give or take $ms, which is slow$all|it could not be measured, as prompts vary by $ms ms$all|it could not be measured in time)$again)\$"
}

@test "bash that is well" {
	bash_rc
	doctor 0 bash
	well
	says '^ok    shell: bash [5-9]'
	[ ! -e "$QT_BUILD/qt-hist-bash.so" ] ||
		says '^ok    builtin: bash has loaded it, '
	says '^ok    leading space: .* is kept, too; HISTCONTROL=ignorespace'
	sed -i 's/init bash/init --no-builtin bash/' "$HOME/.bashrc"
	doctor 0 bash
	says '^ok    builtin: bash has loaded none '
	bash_rc 'HISTCONTROL=ignoreboth PROMPT_COMMAND="history -a"'
	printf 'mine\n' >"$HOME/.bash_history"
	doctor 0 "$(command -v bash)"
	well
	says '^ok    leading space: what begins with a space is not kept$'
	[ "$(<"$HOME/.bash_history")" = mine ]
}

@test "zsh that is well" {
	command -v zsh || skip "zsh is not here"
	mkdir "$HOME/z"
	echo 'ZDOTDIR=$HOME/z' >"$HOME/.zshenv"
	zsh_rc 'HISTFILE=~/list SAVEHIST=100' \
	    'setopt sharehistory histignorespace'
	mv "$HOME/.zshrc" "$HOME/z"
	printf 'mine\n' >"$HOME/list"
	doctor 0 zsh
	well
	says '^ok    leading space: what begins with a space is not kept$'
	[ "$(<"$HOME/list")" = mine ]
}

@test "fish that is well" {
	command -v fish || skip "fish is not here"
	fish_rc
	doctor 0 fish
	well
	says '^ok    leading space: what begins with a space is not kept$'
	[ ! -e "$HOME/.local/share/fish/fish_history" ]
}

@test "a history that is in use is looked at, and stays as it is" {
	bash_rc
	printf 'echo old\n' | qt-hist import -f bash -
	qt-hist init bash >/dev/null
	SPOOLS=2 doctor 0 bash
	well
	says "^ok    store: it is sound"
	says "^ok    .*/hist/spool: .* are free"
	says "^ok    spools: 1 in '.*/hist/spool', .* to be taken in"
	says '^ok    index: there is none yet'
	[ "$(qt-hist list -0 | tr '\0' ';')" = 'echo old;' ]
	SPOOLS=2 doctor 0 -J bash
	jq -se 'length > 8 and all(.what and .why and
	    (.result == "ok" or .what == "cost"))' out
	qt-hist sync-spool -i
	SPOOLS=2 doctor 0 bash
	says '^ok    index: up to date, 1 events$'
}

@test "the hooks are not loaded" {
	doctor 1 bash
	says "FAIL  startup files: nothing there .*; add this line at the end of '$HOME/.bashrc':  eval \"\\$\\(qt-hist init bash\\)\"$"
	bash_rc 'return'
	doctor 1 bash
	says "FAIL  startup files: .* has the line, but it is not reached"
	bash_rc 'PATH=/usr/bin:/bin'
	doctor 1 bash
	says "FAIL  startup files: qt-hist is not in the PATH"
	bash_rc 'exit 7'
	doctor 1 bash
	says "FAIL  startup files: bash ended before its prompt, with status 7"
	if command -v zsh; then
		doctor 1 zsh
		says "FAIL  startup files: .* '$HOME/.zshrc':  eval \"\\$\\(qt-hist init zsh\\)\"$"
	fi
	if command -v fish; then
		doctor 1 -J fish
		jq -se --arg f "$HOME/.config/fish/config.fish" \
		    'map(select(.result == "FAIL")) | length == 1 and
		    (.[0].mend | contains($f) and
		    endswith("qt-hist init fish | source"))' out
	fi
}

@test "bash: what overwrites the hooks, or keeps no list" {
	MORE="PS0='x' PROMPT_COMMAND=(:)" bash_rc
	doctor 1 bash
	says "FAIL  PS0: something overwrites it, .*; put the line .* at the end"
	# PS0 puts it back, too late for the first command.
	MORE="PROMPT_COMMAND=(:)" bash_rc
	doctor 1 bash
	says 'FAIL  PROMPT_COMMAND: something overwrites it'
	# Which shell it is: that which calls it.
	MORE='PROMPT_COMMAND="history -a"' bash_rc
	doctor 0
	well
	MORE='PS0=$PS0$PS0' bash_rc
	doctor 1
	says 'FAIL  hooks: they are loaded 2 times; have the line .* once only'
	bash_rc HISTSIZE=0
	doctor 1 bash
	says 'FAIL  HISTSIZE: it is 0'
	bash_rc 'set +o history'
	doctor 1 bash
	says "FAIL  shell's list: it is switched off"
	bash_rc 'readonly PROMPT_COMMAND'
	doctor 1 bash
	says 'FAIL  PROMPT_COMMAND: it is read-only'
	MORE='PROMPT_COMMAND=(:); readonly PROMPT_COMMAND' bash_rc
	doctor 1 bash
	says 'FAIL  PROMPT_COMMAND: it is read-only'
	MORE='readonly PROMPT_COMMAND' bash_rc
	doctor 0 bash
	well
	bash_rc 'unset HISTFILE'
	doctor 0 bash
	well
	says "^ok    shell's own file: bash keeps no list on disk"
	bash_rc 'HISTIGNORE="sh*"'
	doctor 1 bash
	says 'FAIL  recording: .* without .* it is; HISTIGNORE .*: sh\*;'
}

@test "bash: login shells" {
	bash_rc
	rm "$HOME/.profile"
	doctor 0 bash
	says '^warn  login shells: .*; make ~/.bash_profile, with this line:  '
	echo '# . ~/.bashrc' >"$HOME/.bash_profile"
	doctor 0 bash
	says "^warn  $HOME/.bash_profile: does not read .bashrc.*; add this line"
	echo 'eval "$(qt-hist init bash)"' >"$HOME/.bash_profile"
	doctor 0 bash
	refute grep 'warn.*bashrc' out
}

@test "what else has Ctrl-R" {
	MORE='bind -x "\"\C-r\": echo fzf"' bash_rc
	doctor 0 bash
	says '^warn  Ctrl-R: something else has it: .*echo fzf.*; load the hooks behind'
	sed -i 's/init bash/init --no-keys bash/' "$HOME/.bashrc"
	doctor 0 bash
	refute grep Ctrl-R out
	if command -v zsh; then
		MORE='bindkey ^R history-incremental-search-backward' zsh_rc
		doctor 0 zsh
		says '^warn  Ctrl-R: something else has it: .*history-inc'
	fi
	if command -v fish; then
		MORE='bind \cr true' fish_rc
		doctor 0 fish
		says '^warn  Ctrl-R: something else has it: bind ([^ ]*cr|ctrl-r) true'
	fi
}

@test "zsh and fish: what overwrites the hooks, or keeps nothing" {
	if command -v zsh; then
		MORE='zmodload -u zsh/system' zsh_rc
		doctor 1 zsh
		says 'FAIL  zsh/system: the modules .* are not there'
		MORE='precmd_functions=()' zsh_rc
		doctor 1 zsh
		says 'FAIL  precmd_functions: something overwrites it'
		MORE='precmd_functions+=(__qh_precmd) preexec_functions+=(__qh_preexec)' zsh_rc
		doctor 1 zsh
		says 'FAIL  (hooks: they are loaded 2 times|recording: .* twice)'
	fi
	if command -v fish; then
		MORE='functions -e __qh_postexec __qh_preexec' fish_rc
		doctor 1 fish
		says 'FAIL  __qh_preexec or __qh_postexec: something overwrites'
		MORE='set -g fish_private_mode 1' fish_rc
		doctor 1 fish
		says 'FAIL  fish_private_mode: it is set'
	fi
}

@test "startup files that hang, and what they leave running" {
	bash_rc '(setsid sleep 1000 &)' 'printf "\e(B\e[1mPass\e[mword: "' \
	    'sleep 1000'
	doctor 1 -t 1500ms bash
	says 'FAIL  startup files: .* in 1\.5 s; the last line shown: Password: ; '
}

has_begun() {
	compgen -G "$WORLD/run/hist-doctor-*/user/3" >/dev/null
}

@test "told to end, it leaves nothing" {
	bash_rc '(setsid sleep 1000 &)' 'sleep 1000'
	qt-hist doctor bash >out 3>&- &
	wait_for 10 has_begun
	local rc=0
	kill -TERM "$!"
	wait "$!" || rc=$?
	[ "$rc" -eq 143 ]
	[ "$(find "$WORLD/run" -name 'hist-doctor*' | wc -l)" -eq 0 ]
	refute grep -lzs "^QT_HIST_DOCTOR=$WORLD" /proc/[0-9]*/environ
	refute grep FAIL out
}

@test "folders that others may look into, or that are none" {
	bash_rc
	mkdir -m 755 "$QT_HIST" "$QT_HIST/spool"
	doctor 1 bash
	says "FAIL  .*/hist/spool: .* mode is 755; chmod 700 '.*/hist/spool'"
	chmod 700 "$QT_HIST/spool"
	qt-hist init bash >/dev/null
	chmod 644 "$QT_HIST"/spool/*.spool
	SPOOLS=2 doctor 1 bash
	says 'FAIL  spools: 1 in .* are not yours alone; chmod 600'
	rm -r "$QT_HIST/spool" "$WORLD/run/hist"
	touch "$QT_HIST/spool"
	doctor 1 bash
	says 'FAIL  .*/hist/spool: it is no folder'
}

@test "spools that nobody takes in, and rules that are wrong" {
	bash_rc
	qt-hist init bash >/dev/null
	printf '%0600d' 0 | tee -a "$QT_HIST"/spool/*.spool >/dev/null
	touch -d '8 days ago' "$QT_HIST"/spool/*.spool
	mkdir -p "$HOME/.config/qt"
	printf 'good zz[0-9]+\nwrong (\n' >"$HOME/.config/qt/hist-redact"
	SPOOLS=2 doctor 1 bash
	says "^warn  spools: nobody takes them in: .* 'qt-hist sync-spool'"
	says "^FAIL  redaction: '.*/hist-redact': line 2: rule 'wrong'"
	echo 'mode keep' >"$HOME/.config/qt/hist-redact"
	SPOOLS=2 doctor 0 bash
	says "^warn  redaction: secrets are kept as they are: '.*/hist-redact'"
}

@test "a damaged store" {
	bash_rc
	printf 'echo old\n' | qt-hist import -f bash -
	qt-map -m "$QT_HIST/store" checkpoint
	for f in "$QT_HIST"/store/run/*.run; do
		printf 'XXXXXXXXXXXXXXXX' |
		    dd of="$f" bs=1 seek=100 conv=notrunc status=none
	done
	doctor 5 bash
	says "^FAIL  store: damaged: .*; 'qt-map -m .*/hist/store verify' lists"
	says '^ok    recording'
}

@test "a folder on a read-only or full disk" {
	bash_rc
	cat >script <<-'EOF'
	mkdir -p "$QT_HIST"
	mount -t tmpfs -o size=64k,mode=700 none "$QT_HIST" || exit 1
	mkdir -m 700 "$QT_HIST/spool"
	head -c 128k /dev/zero >"$QT_HIST/big" 2>/dev/null
	qt-hist doctor bash >full
	[ $? = 1 ] || exit 1
	grep -q '^FAIL  .*/hist/spool: cannot be written to: No space.*df' full ||
		{ cat full; exit 1; }
	mount -o remount,ro "$QT_HIST" || exit 1
	qt-hist doctor bash >ro
	[ $? = 1 ] || exit 1
	grep -q '^FAIL  .*/hist/spool: cannot be written to: Read-only' ro ||
		{ cat ro; exit 1; }
	# The spare one is there.
	grep -q '^ok    recording' ro || { cat ro; exit 1; }
	echo to the end
	EOF
	own_mounts "$PWD/script"
}

@test "doctor: what it is told wrong" {
	run -2 qt-hist doctor nush
	[[ $output == *"'nush': bash, zsh and fish are the shells"* ]]
	run -2 qt-hist doctor -t 11s bash
	run -2 qt-hist doctor bash zsh
	SHELL=/bin/zsh
	bash_rc
	cp /bin/true "$WORLD/bash"
	doctor 1 "$WORLD/bash"
	says 'FAIL  startup files: bash ended before its prompt, with status 0'
}
