#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Ctrl-R and the up arrow in real shells, as qt-hist init binds them.

bats_require_minimum_version 1.5.0
load lib
load hist

setup() {
	pick_up
}

teardown() {
	hist_down
}

# The next prompt: they count.
prompt() {
	N=$((N + 1))
	term_wait "\[$N\][\$#]"
}

bash_open() {
	printf '%s\n' 'unset HISTFILE' 'PS1='\''[$((++prompts))]\$ '\' \
	    "$@" >"$HOME/.bashrc"
	term_open 60x30 "exec bash --noprofile"
	prompt
}

zsh_open() {
	command -v zsh || skip "zsh is not here"
	# A prompt that is drawn again counts once.
	printf '%s\n' 'setopt promptsubst' 'precmd() { ((++prompts)) }' \
	    'PROMPT='\''[$prompts]$ '\' "$@" >"$HOME/.zshrc"
	term_open 60x30 "exec zsh"
	prompt
}

fish_open() {
	command -v fish || skip "fish is not here"
	mkdir -p "$HOME/.config/fish"
	cat >"$HOME/.config/fish/config.fish" <<-'EOF'
	set -g fish_greeting
	function count_prompts --on-event fish_prompt
	    set -g prompts (math 0$prompts + 1)
	end
	function fish_prompt
	    echo "[$prompts]\$ "
	end
	EOF
	printf '%s\n' "$@" >>"$HOME/.config/fish/config.fish"
	term_open 60x30 "exec fish"
	prompt
}

@test "bash: Ctrl-R finds, runs and edits" {
	bash_open 'eval "$(qt-hist init bash)"'
	term_type 'for'
	term_key C-r
	term_wait '^> for$'
	term_key Enter
	prompt
	term_shows '^2$'
	term_key C-r
	term_type 'gst'
	term_wait '^>.*git status'
	term_key Right
	term_wait '\[2\].* git status$'
	term_lacks 'F1 help'
	term_key C-a
	term_type 'echo '
	term_key Enter
	prompt
	term_shows '^git status$'
	# What was there stays there.
	term_type 'echo left'
	term_key C-r
	term_wait 'F1 help'
	term_key Escape
	wait_for 10 term_lacks 'F1 help'
	term_type ' here'
	term_key Enter
	prompt
	term_shows '^left here$'
	qt-hist list -0 | tail -zn 2 | tr '\0' ';' >out
	[ "$(<out)" = 'echo git status;echo left here;' ]
}

@test "what is typed ahead counts, also what is for the shell behind it" {
	bash_open 'eval "$(qt-hist init bash)"'
	tmux send-keys -t t C-r gst Enter 'echo be' 'hind' Enter
	prompt
	prompt
	term_shows '^behind$'
	qt-hist list -0 | tail -zn 2 | tr '\0' ';' >out
	[ "$(<out)" = 'git status;echo behind;' ]
}

@test "bash: a picker that is killed leaves a prompt" {
	bash_open 'eval "$(qt-hist init bash)"'
	term_type 'echo sti'
	term_key C-r
	term_wait 'F1 help'
	kill -KILL "$(picker)"
	wait_for 10 term_lacks 'F1 help'
	term_type 'll'
	term_key Enter
	prompt
	term_shows '^still$'
	term_type 'sleep 100'
	term_key Enter
	wait_for 10 term_running sleep
	term_key C-c
	prompt
}

term_running() { [ "$(term_mode pane_current_command)" = "$1" ]; }

@test "bash: without qt-hist Ctrl-R is the shell's" {
	bash_open 'eval "$(qt-hist init bash)"' 'mkdir -p ~/none'
	term_type 'echo mine; PATH=~/none'
	term_key Enter
	prompt
	term_key C-r
	term_wait 'reverse-i-search'
	term_type 'mine'
	term_wait 'echo mine; PATH'
}

# What is left in the line by the up arrow and the down arrow.
line_is() { term_wait "^\\[$N\\][\$#]${1:+ $1}\$"; }

up_and_down() {
	term_key Up
	line_is 'git pull'
	term_key Up Up
	line_is 'tail -f log'
	term_key Down
	line_is 'docker ps'
	term_key Down Down
	line_is ''
	term_type 'git p'
	term_key Up
	line_is 'git pull'
	term_key Up
	line_is 'git push'
	term_key Down Down
	line_is 'git p'
	term_key C-u
	term_type 'echo mine'
	term_key Enter
	prompt
	# This session's first, though others ran something since.
	printf '{"command":"echo others","start":%d,"session":"s9"}\n' \
	    $((EPOCHSECONDS + 60)) | qt-hist import -f json -
	term_key Up
	line_is 'echo mine'
	term_key Up
	line_is 'echo others'
	term_key Down Enter
	prompt
	term_shows '^mine$'
}

@test "bash: vi keys in the line are vi keys in the picker" {
	bash_open 'set -o vi' 'eval "$(qt-hist init --up-arrow bash)"'
	term_type 'git pull'
	term_key C-r
	term_wait '^> git pull$'
	term_key Escape
	term_wait '^: git pull$'
	term_type 'ccstat'
	term_wait '^> stat$'
	term_key Enter
	prompt
	term_key Up
	line_is 'git status'
}

@test "zsh: vi keys in the line are vi keys in the picker" {
	zsh_open 'bindkey -v' 'eval "$(qt-hist init zsh)"'
	term_type 'git pull'
	term_key C-r
	term_wait '^> git pull$'
	term_key Escape
	term_wait '^: git pull$'
	term_key Escape
	wait_for 10 term_lacks 'F1 help'
	line_is 'git pull'
}

@test "zsh and fish: without qt-hist Ctrl-R is the shell's" {
	zsh_open 'eval "$(qt-hist init zsh)"' 'path=(/none)'
	term_key C-r
	term_wait 'bck-i-search'
	term_close
	N=0
	fish_open 'qt-hist init fish | source' 'set -gx PATH /none'
	term_key C-r
	term_wait '^search:'
	term_lacks 'qt-hist'
}

@test "bash: where no line is edited nothing is said" {
	run bash -c 'eval "$(qt-hist init --up-arrow bash)"; echo fine'
	[ "$output" = fine ]
}

@test "bash: the up arrow" {
	bash_open 'eval "$(qt-hist init --up-arrow bash)"'
	up_and_down
	# In several lines the cursor moves first, and takes its column along.
	term_type 'fo'
	term_key Up
	term_wait '^done$'
	term_key Up Up
	term_type 'X'
	term_wait '^\[.*for Xi in'
	term_key Down
	term_type 'Y'
	term_wait '^  echYo '
}

@test "zsh: Ctrl-R and the up arrow" {
	zsh_open 'eval "$(qt-hist init --up-arrow zsh)"'
	up_and_down
	ctrl_r
}

@test "fish: Ctrl-R and the up arrow" {
	fish_open 'qt-hist init --up-arrow fish | source'
	up_and_down
	ctrl_r
}

# Runs, edits, leaves, and is killed.
ctrl_r() {
	term_type 'ech'
	term_key C-r
	term_wait '^> ech$'
	term_type ' 日'
	term_wait '^> ech 日$'
	term_key Enter
	prompt
	term_shows '^日本語テキスト$'
	term_key C-r
	term_type 'gst'
	term_wait '^>.*git status'
	term_key Right
	line_is 'git status'
	term_key C-u
	term_type 'echo sti'
	term_key C-r
	term_wait 'F1 help'
	term_key Escape
	wait_for 10 term_lacks 'F1 help'
	term_key C-r
	term_wait 'F1 help'
	kill -KILL "$(picker)"
	wait_for 10 term_lacks 'F1 help'
	term_type 'll'
	term_key Enter
	prompt
	term_shows '^still$'
}
