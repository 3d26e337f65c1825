# SPDX-License-Identifier: Apache-2.0
# qt-hist: every command is remembered. What "qt-hist init fish" prints.
#
# At the prompt nothing runs a program, forks, locks or waits: built-ins append
# a record to this shell's spool, as <qt/hist/spool.h> describes it.
#
# What fish does not keep is not kept here: in private mode, what begins with a
# space, and what a fish_should_add_to_history of the user's own says no to.

set -g __qh_spool @SPOOL@
set -g __qh_spare @SPARE@
set -g __qh_token @TOKEN@
set -g __qh_n 0
set -g __qh_t0
set -gx QT_HIST_SESSION $fish_pid-@TOKEN@

# fish does not tell the time. This is when uptime was 0: microseconds since 1970.
set -g __qh_boot @BOOT@

function __qh_now
    set -l IFS ' '
    read -l up idle </proc/uptime
    and builtin math -s0 "$__qh_boot + $up * 1000000"
    or echo 0
end

# kind field ...
function __qh_put
    set -q __qh_token __qh_spool __qh_spare
    or return 0
    set -l record \x1e$__qh_token$argv[1] $argv[2..] \x1e$__qh_token.
    begin
        builtin printf '%s\0' $record >>$__qh_spool
        or builtin printf '%s\0' $record >>$__qh_spare
    end 2>/dev/null
end

# Where files may not grow (ulimit -f) the signal would end the shell. Programs
# that it runs have the signal as it was.
function __qh_limit --on-signal XFSZ
end

# Whether fish's own list gets it.
function __qh_is_kept
    test -n "$argv[1]"
    and not set -q fish_private_mode
    and not string match -q ' *' -- $argv[1]
    and if functions -q fish_should_add_to_history
        fish_should_add_to_history $argv[1]
    end
end

function __qh_preexec --on-event fish_preexec
    set -g __qh_t0
    __qh_is_kept $argv[1]
    or return 0
    set -g __qh_n (builtin math $__qh_n + 1 2>/dev/null; or builtin echo 1)
    set -g __qh_t0 (__qh_now)
    set -g __qh_pwd $PWD
    __qh_put B $__qh_n $__qh_t0 $__qh_pwd $argv[1]
end

function __qh_postexec --on-event fish_postexec
    set -l __qh_s $status $pipestatus
    test -n "$__qh_t0"
    or return 0
    set -l took (builtin math "$__qh_t0 + 1000 * 0$CMD_DURATION")
    # A comment does not run: these are of what did before.
    if builtin string match -qr '^\s*#[^\n]*$' -- $argv[1]
        set took $__qh_t0
        set __qh_s '' ''
    end
    __qh_put E $__qh_n $__qh_t0 $took $__qh_s[1] "$__qh_s[2..]" $__qh_pwd b ''
    set -g __qh_t0
end
