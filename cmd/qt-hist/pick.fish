# SPDX-License-Identifier: Apache-2.0
# Ctrl-R is the picker.
function __qh_mend
    printf '\e[?1006l\e[?1000l\e[?2026l\e[?1049l\e[?7h\e[?25h\e[m\r\e[J\e[A'
    command stty isig opost onlcr
end </dev/tty >/dev/tty 2>/dev/null

# fish's own; the pager is of 3.6.
function __qh_search
    commandline -f history-pager 2>/dev/null
    or commandline -f history-search-backward
end

function __qh_pick
    if not command -q qt-hist
        __qh_search
        return
    end
    set -l line (commandline -b | string collect)
    set -l keys
    if string match -q '*vi*' -- "$fish_key_bindings"; and not set -q QT_HIST_KEYS
        set keys --keys vi
    end
    set -l out (command qt-hist pick -m --widget fish $keys -q "$line")
    set -l s $status
    test $s -gt 128
    and __qh_mend
    commandline -f repaint
    switch $s
        case 0
            commandline -r -- (string join \n -- $out[1..-2] | string collect)
            test "$out[-1]" = run
            and commandline -f execute
        case 1
        case '*'
            test $s -gt 128
            or __qh_search
    end
end

bind \cr __qh_pick
bind -M insert \cr __qh_pick
