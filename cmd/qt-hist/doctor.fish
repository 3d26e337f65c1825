# SPDX-License-Identifier: Apache-2.0
# What "qt-hist doctor" has fish start with, after the user's own files, or our
# hooks alone, or nothing (QT_HIST_DOCTOR_HOW): how things are is told, in
# QT_HIST_DOCTOR. The shell's own list is kept out of the user's file.

# NAME=VALUE, each ends in a NUL; "end" is the last.
function __qd_tell
    set -l hook
    functions -q __qh_preexec
    and functions -q __qh_postexec
    and set hook __qh_preexec
    set -l add
    functions -q fish_should_add_to_history
    and set add fish_should_add_to_history
    set -l private
    set -q fish_private_mode
    and set private on
    set -l program (command -s qt-hist)
    set -l widget
    functions -q __qh_pick
    and set widget __qh_pick
    # fish 4 tells its own binding, too, before that which counts.
    set -l keys (bind \cr 2>/dev/null)[-1]
    printf '%s\0' "version=$version" "spool=$__qh_spool" "hook=$hook" \
        "prompt=$hook" "add=$add" "private=$private" "file=$__qd_file" \
        "program=$program" "ctrl_r=$keys" "widget=$widget" \
        list=on space=ignored end= \
        >$QT_HIST_DOCTOR/$argv[1] 2>/dev/null
end

if test $QT_HIST_DOCTOR_HOW = hooks
    $QT_HIST_DOCTOR_PROGRAM init fish | source
end
set -g __qd_file fish
set -q fish_history
and set -g __qd_file $fish_history
__qd_tell begin
set -g fish_history ''
