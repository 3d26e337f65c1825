# SPDX-License-Identifier: Apache-2.0
# The up arrow goes through this history: what begins as the line does up to the
# cursor, this session's first. The first press asks for all; a line that is not
# the one it put there begins anew.
set -g __qh_up_list
set -g __qh_up_at 0
set -g __qh_up_line
set -g __qh_up_n
set -g __qh_up_was

function __qh_up_is_on
    set -l line (commandline -b | string collect)
    test $__qh_up_at -gt 0
    and test "$line" = "$__qh_up_line"
    and test "$__qh_n" = "$__qh_up_n"
end

function __qh_up_put
    set -g __qh_up_line $argv[1]
    commandline -r -- $argv[1]
end

function __qh_up
    if commandline --paging-mode; or test (commandline --line) -gt 1
        commandline -f up-line
        return
    end
    if not __qh_up_is_on
        set __qh_up_at 0
        set __qh_up_n $__qh_n
        set __qh_up_was (commandline -b | string collect)
        set -l before (commandline -c | string collect)
        set __qh_up_list (command qt-hist pick --up 1000 -q "$before" 2>/dev/null </dev/null | string split0)
    end
    test $__qh_up_at -lt (count $__qh_up_list)
    or return
    set __qh_up_at (math $__qh_up_at + 1)
    __qh_up_put $__qh_up_list[$__qh_up_at]
end

function __qh_down
    if commandline --paging-mode; or test (commandline --line) -lt (commandline -b | count)
        commandline -f down-line
        return
    end
    __qh_up_is_on
    or return
    set __qh_up_at (math $__qh_up_at - 1)
    if test $__qh_up_at -gt 0
        __qh_up_put $__qh_up_list[$__qh_up_at]
    else
        __qh_up_put "$__qh_up_was"
    end
end

for map in default insert
    for key in '\e[' '\eO'
        bind -M $map (printf $key)A __qh_up
        bind -M $map (printf $key)B __qh_down
    end
end
