#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Segments that are shared by processes of other namespaces and users, whose
# name goes, and whose users start others.

bats_require_minimum_version 1.5.0
load lib
load shm

UID1=47110 UID2=47111 GROUP=47119	# nobody's, on any machine

setup() {
	shm_up
	umask 022
	qt-shm create "$SEG"
	mkfifo in
	exec {IN}<>in
}

teardown() { shm_down; }

# Skips unless this user may have a PID namespace, and root's are all we ask.
needs_namespaces() {
	"${IN_NS[@]}" true 2>/dev/null ||
		skip "no PID namespaces for this user here"
}

needs_users() {
	[ "$(id -u)" = 0 ] || skip "only root may become others"
	command -v setpriv >/dev/null || skip "no setpriv (util-linux)"
	"${MEMBER[@]}" qt-shm --version >/dev/null 2>&1 ||
		skip "other users cannot reach the programs"
	chmod 711 "$WORLD"
}

# As others, and in a PID namespace. Not functions: those that run in the
# background would have a shell of ours between, and $! would be that.
MEMBER=(setpriv "--reuid=$UID1" "--regid=$UID1" "--groups=$GROUP")
OTHER=(setpriv "--reuid=$UID2" "--regid=$UID2" "--groups=$UID2")
IN_NS=(unshare -p -f --mount-proc)

# The process that runs in the namespace of an unshare, by its number out here.
inner_is() { INNER=$(pgrep -P "$1") && [ -n "$INNER" ]; }

# state ID WORD: whether who says so; seen from here, and from a namespace.
state() { [ "$(qt-shm who -o id,state "$SEG" | sed -n "s/^$1	//p")" = "$2" ]; }
ns_state() {
	[ "$("${IN_NS[@]}" qt-shm who -o id,state "$SEG" | sed -n "s/^$1	//p")" = "$2" ]
}
# Dead; or swept already, by another who waits.
ns_gone() { ! ns_state "$1" alive; }
users_are() { [ "$(field users "$SEG")" = "$1" ]; }
count_is() { [ "$(field count "$SEG/$1")" = "$2" ]; }
is_waiting() { [ "$(field waiting "$SEG/$1")" = yes ]; }
has_lines() { [ "$(wc -l <"$1")" = "$2" ]; }
is_held() { [ "$(qt-shm get "$SEG/$1")" != 0 ]; }
is_free() { ! is_held "$1"; }

# --- PID namespaces ---------------------------------------------------------

@test "two PID namespaces: each sees who is dead in the other, by no number" {
	needs_namespaces
	qt-shm new mutex "$SEG/m"
	qt-shm new queue -z 16 -c 100 "$SEG/q"
	# Both are process 1 in their namespaces.
	"${IN_NS[@]}" qt-shm lock "$SEG/m" -- cat <in >/dev/null &
	STARTED+=($!)
	wait_for 30 is_held m
	"${IN_NS[@]}" qt-shm pop -f "$SEG/q" >out &
	STARTED+=($!)
	wait_for 30 users_are 2
	[ "$(qt-shm who -o id,pid,program,state "$SEG")" = \
	    "1	1	qt-shm	alive
2	1	qt-shm	alive" ]
	ns_state 1 alive
	ns_state 2 alive
	run -0 "${IN_NS[@]}" qt-shm gc "$SEG"
	[ "${lines[0]}" = 'swept	0' ]

	wait_for 30 inner_is "${STARTED[0]}"
	kill -STOP "$INNER"
	"${IN_NS[@]}" qt-shm gc "$SEG"
	run -1 "${IN_NS[@]}" qt-shm lock "$SEG/m" -- true
	[ "$("${IN_NS[@]}" qt-shm get "$SEG/m")" = 1 ]
	kill -KILL "$INNER"
	wait_for 30 ns_gone 1
	ns_state 2 alive
	state 2 alive
	# The mutex passes on, and is said to be stale, in a third namespace.
	[ "$("${IN_NS[@]}" qt-shm lock -W 20 "$SEG/m" -- printenv QT_SHM_STALE)" = 1 ]
	run -0 "${IN_NS[@]}" qt-shm gc "$SEG"
	[ "$(qt-shm who -o id,pid,state "$SEG")" = '2	1	alive' ]

	# The other one was not touched by that.
	"${IN_NS[@]}" qt-shm push "$SEG/q" one two
	wait_for 30 has_lines out 2
	wait_for 30 inner_is "${STARTED[1]}"
	kill -TERM "$INNER"
	wait_for 30 users_are 0
	[ "$(field dead "$SEG")" = 0 ]
	run -0 qt-shm fsck "$SEG"
}

@test "who dies out here is swept from inside a PID namespace" {
	needs_namespaces
	qt-shm new queue -t i8 -c 10 -D redeliver "$SEG/q"
	qt-shm new rwlock "$SEG/l"
	qt-shm lock -s "$SEG/l" -- cat <in >/dev/null &
	STARTED+=($!)
	wait_for 30 users_are 1
	run -1 "${IN_NS[@]}" qt-shm lock "$SEG/l" -- true
	kill -KILL "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	wait_for 30 ns_state 1 dead
	run -0 "${IN_NS[@]}" qt-shm lock "$SEG/l" -- true
	run -0 "${IN_NS[@]}" qt-shm gc "$SEG"
	run -1 qt-shm who "$SEG"
	run -0 qt-shm fsck "$SEG"
}

@test "a command that lock runs may be in a namespace that lock is not in" {
	needs_namespaces
	qt-shm new mutex "$SEG/m"
	# Without -f it is the child of qt-shm that is process 1.
	run -0 unshare -p qt-shm lock "$SEG/m" -- sh -c 'echo $$'
	[ "$output" = 1 ]
	is_free m
}

# --- Other users -------------------------------------------------------------

@test "a member of the group works as the maker does, whatever the umask" {
	needs_users
	qt-shm rm "$SEG"
	(umask 077; qt-shm create -g "$GROUP" "$SEG")
	[ "$(stat -c '%a %g' "/dev/shm/$SEG")" = "660 $GROUP" ]
	qt-shm new queue -z 16 -c 10 "$SEG/q"
	"${MEMBER[@]}" qt-shm push "$SEG/q" hello
	[ "$(qt-shm pop "$SEG/q")" = hello ]
	# Each waits for the other.
	"${MEMBER[@]}" qt-shm pop -w "$SEG/q" >out &
	STARTED+=($!)
	wait_for 30 is_waiting q
	qt-shm push "$SEG/q" woken
	wait "${STARTED[0]}"
	[ "$(cat out)" = woken ]
	qt-shm pop -w "$SEG/q" >out2 &
	STARTED+=($!)
	wait_for 30 is_waiting q
	"${MEMBER[@]}" qt-shm push "$SEG/q" back
	wait "${STARTED[1]}"
	[ "$(cat out2)" = back ]
	"${MEMBER[@]}" qt-shm new map -z 8 -K 8 -c 8 "$SEG/m"
	qt-shm put "$SEG/m" k v
	[ "$("${MEMBER[@]}" qt-shm get "$SEG/m" k)" = v ]
	"${MEMBER[@]}" qt-shm rm "$SEG/q"
	"${MEMBER[@]}" qt-shm fsck -y "$SEG"
	[ "$(qt-shm ls -o name "$SEG")" = m ]
}

@test "a member that is killed is swept by the maker, and the other way" {
	needs_users
	qt-shm rm "$SEG"
	qt-shm create -g "$GROUP" "$SEG"
	qt-shm new mutex "$SEG/m"
	"${MEMBER[@]}" qt-shm lock "$SEG/m" -- cat <in >/dev/null &
	STARTED+=($!)
	wait_for 30 is_held m
	[ "$(qt-shm who -o pid,state "$SEG")" = "${STARTED[0]}	alive" ]
	run -1 qt-shm lock "$SEG/m" -- true
	kill -KILL "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	[ "$(qt-shm lock -W 20 "$SEG/m" -- printenv QT_SHM_STALE)" = 1 ]
	qt-shm gc "$SEG"
	run -1 qt-shm who "$SEG"

	qt-shm lock "$SEG/m" -- cat <in >/dev/null &
	STARTED+=($!)
	wait_for 30 is_held m
	run -1 "${MEMBER[@]}" qt-shm lock "$SEG/m" -- true
	kill -KILL "${STARTED[1]}"
	wait "${STARTED[1]}" || true
	[ "$("${MEMBER[@]}" qt-shm lock -W 20 "$SEG/m" -- \
	    printenv QT_SHM_STALE)" = 1 ]
	"${MEMBER[@]}" qt-shm gc "$SEG"
	run -1 qt-shm who "$SEG"
	run -0 qt-shm fsck "$SEG"
}

@test "who is not in the group is refused, and changes nothing" {
	needs_users
	qt-shm rm "$SEG"
	qt-shm create -g "$GROUP" "$SEG"
	qt-shm new queue -z 16 -c 10 "$SEG/q"
	qt-shm push "$SEG/q" hello
	before=$(sum_of "$SEG")
	for verb in ls stat dump who fsck gc rm; do
		run -3 "${OTHER[@]}" qt-shm "$verb" "$SEG"
		[[ $output == "qt-shm: $SEG: "*"'ls -l /dev/shm/$SEG' says who may)" ]]
	done
	for verb in stat peek pop push get 'wait --nonempty' rm; do
		# shellcheck disable=SC2086 # two words
		run -3 "${OTHER[@]}" qt-shm $verb "$SEG/q"
		[[ $output == "qt-shm: $SEG/q: "*"'ls -l /dev/shm/$SEG' says who may)" ]]
	done
	[ "$(sum_of "$SEG")" = "$before" ]
	refute grep -q "$SEG" <("${OTHER[@]}" qt-shm ls -o name)
	# The name belongs to the maker, as in any sticky folder.
	run -3 "${MEMBER[@]}" qt-shm rm "$SEG"
	[[ $output == *"$SEG: "*"'ls -l /dev/shm/$SEG' says who may)" ]]
	[ -e "/dev/shm/$SEG" ]
	run -3 "${OTHER[@]}" qt-shm create -g "$GROUP" "$SEG.2"
	[[ $output == *"$SEG.2: give it to group $GROUP: "*"'id' lists your groups"* ]]
	[ ! -e "/dev/shm/$SEG.2" ]
}

@test "root is not handed what others made, unless through a group of his" {
	needs_users
	(cd / && "${MEMBER[@]}" qt-shm create -g "$GROUP" "$SEG.m")
	[ "$(stat -c '%u %g %a' "/dev/shm/$SEG.m")" = "$UID1 $GROUP 660" ]
	before=$(sum_of "$SEG.m")
	run -3 qt-shm new value -z 8 "$SEG.m/v"
	[[ $output == *"it belongs to user $UID1: "* ]]
	qt-shm ls -o name,state | grep -qx "$SEG.m	denied"
	[ "$(sum_of "$SEG.m")" = "$before" ]
	setpriv --groups="$GROUP" qt-shm new value -z 8 "$SEG.m/v"
	[ "$("${MEMBER[@]}" qt-shm ls -o name "$SEG.m")" = v ]
	# Everybody's is nobody's.
	chmod 666 "/dev/shm/$SEG.m"
	run -3 "${MEMBER[@]}" qt-shm stat "$SEG.m"
	[[ $output == *'everybody may write to it'* ]]
}

@test "a group that may only read: it looks, and changes nothing" {
	needs_users
	qt-shm rm "$SEG"
	qt-shm create -g "$GROUP" "$SEG"
	qt-shm new queue -z 16 -c 10 "$SEG/q"
	qt-shm new array -t i8 -c 2 "$SEG/a"
	qt-shm new mutex "$SEG/m"
	qt-shm push "$SEG/q" hello
	chmod 640 "/dev/shm/$SEG"
	before=$(sum_of "$SEG")
	for verb in ls stat dump; do
		run -0 "${MEMBER[@]}" qt-shm "$verb" "$SEG"
	done
	[ "$("${MEMBER[@]}" qt-shm peek "$SEG/q")" = hello ]
	[ "$("${MEMBER[@]}" qt-shm get "$SEG/a" 1)" = 0 ]
	run -0 "${MEMBER[@]}" qt-shm wait --nonempty "$SEG/q"
	run -1 "${MEMBER[@]}" qt-shm who "$SEG"
	run -3 "${MEMBER[@]}" qt-shm pop -w "$SEG/q"
	[[ $output == *'Permission denied'*"'ls -l /dev/shm/$SEG'"* ]]
	run -3 "${MEMBER[@]}" qt-shm push "$SEG/q" x
	run -3 "${MEMBER[@]}" qt-shm add "$SEG/a" 0
	run -3 "${MEMBER[@]}" qt-shm lock "$SEG/m" -- true
	run -3 "${MEMBER[@]}" qt-shm rm "$SEG/a"
	run -3 "${MEMBER[@]}" qt-shm gc "$SEG"
	[ "$(sum_of "$SEG")" = "$before" ]
}

# --- The name goes, the users stay ---------------------------------------------

# What a session manager does when a user logs out: unlink(2), no more.
remove_name() { rm "/dev/shm/$SEG"; }

# A consumer, and a producer fed by descriptor $IN, of queue q.
start_pair() {
	qt-shm new queue -z 16 -c 100 "$SEG/q"
	qt-shm pop -f "$SEG/q" >out &
	STARTED+=($!)
	qt-shm push -w "$SEG/q" <in &
	STARTED+=($!)
	wait_for 30 users_are 2
}

@test "the name is removed under its users: they go on, a new one is another" {
	for how in remove_name "qt-shm rm $SEG"; do
		[ -e "/dev/shm/$SEG" ] || qt-shm create "$SEG"
		: >out
		STARTED=()
		start_pair
		id=$(field id "$SEG")
		echo one >&"$IN"
		wait_for 30 has_lines out 1
		$how
		run -3 qt-shm stat "$SEG"
		[[ $output == *"no such segment ('qt-shm create $SEG'"* ]]
		run -3 qt-shm push "$SEG/q" x
		[[ $output == *"no segment '$SEG'"* ]]
		run -0 qt-shm wait --gone -W 0 "$SEG"
		echo two >&"$IN"
		wait_for 30 has_lines out 2
		# Of the same name, and with the same in it.
		qt-shm create "$SEG"
		[ "$(field id "$SEG")" != "$id" ]
		qt-shm new queue -z 16 -c 100 "$SEG/q"
		run -1 qt-shm who "$SEG"
		run -0 qt-shm gc "$SEG"
		qt-shm push "$SEG/q" new
		echo three >&"$IN"
		wait_for 30 has_lines out 3
		[ "$(paste -sd, out)" = one,two,three ]
		[ "$(qt-shm pop -a "$SEG/q")" = new ]
		# Killed, they leave nothing in the one that is there now.
		kill -KILL "${STARTED[@]}"
		wait "${STARTED[@]}" || true
		[ "$(field dead,swept "$SEG")" = '0	0' ]
		run -0 qt-shm fsck "$SEG"
		qt-shm rm "$SEG"
	done
}

@test "the memory of a segment without a name is given back with its last user" {
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	cat >steps <<-'END'
		used() { df --output=used -B1 /dev/shm | tail -n 1 | tr -d ' '; }
		set -e
		mount -t tmpfs -o size=16m tmpfs /dev/shm
		none=$(used)
		qt-shm create -s 8M seg
		qt-shm new array -t i8 -c 256K seg/a
		qt-shm put seg/a : $(seq 262144) 2>/dev/null ||
			seq 0 262143 | sed 's/.*/&	&/' | qt-shm put seg/a
		mkfifo hold
		qt-shm put seg/a <hold &
		exec 8>hold
		until [ "$(qt-shm who -o pid,state seg)" = "$!	alive" ]; do :; done
		qt-shm rm seg
		[ "$(used)" -gt 2097152 ]
		# A second of that name has memory of its own.
		qt-shm create -s 8M seg
		[ "$(used)" -gt 2097152 ]
		printf '7\t9\n' >&8
		exec 8>&-
		wait $!
		qt-shm rm seg
		[ "$(used)" = "$none" ]
		echo all given back
	END
	run -0 timeout 60 unshare -m bash steps
	[ "$output" = 'all given back' ]
}

# --- fork and exec --------------------------------------------------------------

@test "what a locked command leaves running does not keep the lock" {
	qt-shm new mutex "$SEG/m"
	run -0 qt-shm lock "$SEG/m" -- sh -c 'cat <in >/dev/null 2>&1 & echo $!'
	STARTED+=("$output")
	kill -0 "$output"
	run -1 qt-shm who "$SEG"
	run -0 qt-shm lock "$SEG/m" -- sh -c 'echo "${QT_SHM_STALE-fresh}"'
	[ "$output" = fresh ]
}

@test "killed, lock is dead at once, though its command lives on" {
	qt-shm new mutex "$SEG/m"
	# It ignores the SIGTERM that it gets then.
	qt-shm lock "$SEG/m" -- sh -c 'trap "" TERM; echo $$ >pid; exec cat' \
	    <in >/dev/null &
	STARTED+=($!)
	wait_for 30 test -s pid
	STARTED+=("$(cat pid)")
	kill -KILL "${STARTED[0]}"
	wait "${STARTED[0]}" || true
	wait_for 30 state 1 dead
	kill -0 "${STARTED[1]}"
	[ "$(qt-shm lock "$SEG/m" -- printenv QT_SHM_STALE)" = 1 ]
	is_free m
}

@test "a stopped holder is alive, and nothing is taken from it" {
	qt-shm new mutex "$SEG/m"
	qt-shm lock "$SEG/m" -- cat <in >/dev/null &
	STARTED+=($!)
	wait_for 30 is_held m
	kill -STOP "${STARTED[0]}"
	wait_for 30 state 1 stopped
	run -0 qt-shm gc "$SEG"
	[ "${lines[0]}" = 'swept	0' ]
	run -1 qt-shm lock -W 0.2 "$SEG/m" -- true
	is_held m
	kill -CONT "${STARTED[0]}"
	exec {IN}>&-
	kill -TERM "${STARTED[0]}"
	wait_for 30 is_free m
}
