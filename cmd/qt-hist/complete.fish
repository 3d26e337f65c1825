# SPDX-License-Identifier: Apache-2.0
# Alt-i: what is likely to be run next, or begins as the line does. Alt-j: words of
# the history that begin as the one before the cursor does. Again: the next one.
# Keys that something else has are left to it.
set -g __qh_list
set -g __qh_at 1
set -g __qh_was

# Whether the line is as the last one left it: then the next is to be shown.
function __qh_is_again
    set -q __qh_list[1]
    and test "$__qh_was" = "$argv[1] "(commandline -C)" "(commandline -b | string collect)
    or return 1
    set __qh_at (math $__qh_at % (count $__qh_list) + 1)
end

# What commandline -r is told to replace, and who did it.
function __qh_show
    set -q __qh_list[1]
    or return 0
    commandline -r $argv[2..] -- $__qh_list[$__qh_at]
    set __qh_was "$argv[1] "(commandline -C)" "(commandline -b | string collect)
end

function __qh_suggest
    if not __qh_is_again suggest
        set __qh_at 1
        set -l line (commandline -b | string collect)
        set __qh_list (command qt-hist suggest -0 -l 32 -p "$line" \
            2>/dev/null </dev/null | string split0)
    end
    __qh_show suggest
end

function __qh_word
    if not __qh_is_again word
        set __qh_at 1
        set -l word (commandline -ct | string collect)
        set __qh_list (command qt-hist complete -0 -l 64 -- "$word" \
            2>/dev/null </dev/null | string split0)
    end
    __qh_show word -t
end

bind \ei >/dev/null 2>&1
or bind \ei __qh_suggest
bind \ej >/dev/null 2>&1
or bind \ej __qh_word
