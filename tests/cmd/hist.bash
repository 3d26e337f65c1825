# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of qt-hist share: a world with histories of its own.

hist_up() {
	world_up
	export QT_HIST=$WORLD/hist
	N=0	# prompts that were seen
	unset HISTFILE ZDOTDIR XDG_DATA_HOME ATUIN_DB_PATH HISTDB_FILE
}

# Takes away what histories below a folder have in shared memory.
hist_unmap() {
	local format
	find "$1" -name FORMAT | while read -r format; do
		QT_HIST=${format%/*/*} qt-hist sync-spool -d || true
		qt-map rm -f "${format%/*}" || true
	done
}

# The same, and removes them.
hist_forget() {
	hist_unmap "$1"
	rm -rf "$1"
}

hist_down() {
	term_close
	hist_unmap "$WORLD"
	world_down
}

# A shell whose prompt counts, so that it is known when it is there again; with
# lines before ours, and those in AFTER behind. BASH_INIT: options of qt-hist
# init, for bash only.
bash_open() {
	cat >"$HOME/.bashrc" <<-'EOF'
	unset HISTFILE
	PS1='[$((++prompts))]\$ '
	EOF
	printf '%s\n' "$@" "eval \"\$(qt-hist init ${BASH_INIT-} bash)\"" \
	    "${AFTER-}" \
	    >>"$HOME/.bashrc"
	term_open 100x50 "exec bash --noprofile"
	prompt
}

zsh_open() {
	cat >"$HOME/.zshrc" <<-'EOF'
	setopt promptsubst interactivecomments
	PROMPT='[$((++prompts))]$ '
	EOF
	printf '%s\n' "$@" 'eval "$(qt-hist init zsh)"' "${AFTER-}" \
	    >>"$HOME/.zshrc"
	term_open 100x50 "exec zsh"
	prompt
}

fish_open() {
	# Without these fish makes them, in the background, for minutes.
	mkdir -p "$HOME/.config/fish" \
	    "$HOME"/{.local/share,.cache}/fish/generated_completions
	cat >"$HOME/.config/fish/config.fish" <<-'EOF'
	set -g fish_greeting
	function fish_prompt
	    set -g prompts (builtin math 0$prompts + 1)
	    echo "[$prompts]\$ "
	end
	EOF
	printf '%s\n' "$@" 'qt-hist init fish | source' "${AFTER-}" \
	    >>"$HOME/.config/fish/config.fish"
	term_open 100x50 "exec fish"
	prompt
}

# Waits for the next one.
prompt() {
	N=$((N + 1))
	term_wait "\[$N\][\$#]"
}

# Types each as a line, and waits for the prompt.
enter() {
	local line
	for line; do
		term_type "$line"
		term_key Enter
		prompt
	done
}

# The same, pasted: as it is, at once.
paste_line() {
	printf '%s' "$1" | tmux load-buffer -
	tmux paste-buffer -p -r -t t
	term_key Enter
	prompt
}

# Commands with their statuses, a JSON array a line.
events() {
	qt-hist list -J | jq -c '[.command, .exit]'
}

term_running() {
	[ "$(term_mode pane_current_command)" = "$1" ]
}

# All commands, each with a semicolon.
commands() {
	qt-hist list -0 | tr '\0' ';'
}

# The same, with eight commands, an hour apart, the last one the latest; prompts
# are counted in N.
pick_up() {
	hist_up
	N=0
	local i=8 now=$EPOCHSECONDS line
	while IFS= read -r line; do
		printf '{"command":"%s","start":%d,"duration":1.5,"exit":%d,"cwd":"%s","host":"box","shell":"bash","session":"s1"}\n' \
			"$line" $((now - 3600 * i)) $((i % 2)) "$HOME"
		((i--))
	done >"$WORLD/in.json" <<-'END'
		git status
		for i in 1 2; do\n  echo $i\ndone
		echo 日本語テキスト
		make check
		git push
		tail -f log
		docker ps
		git pull
	END
	qt-hist import -f json "$WORLD/in.json"
	qt-hist search -l 1 >/dev/null
}

# The picker's process id: who takes in is no child of the shell.
picker() { pgrep -x qt-hist -P "$(term_mode pane_pid)"; }
