#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# qt-hist search: words, filters, orders, formats, mistakes; the index.

load lib
load hist

setup() {
	hist_up
	# Times in the past, an hour apart, the last one the latest.
	local i=0 line
	while IFS= read -r line; do
		printf '{"command":"%s","start":%d,"exit":%d,"cwd":"%s","host":"%s","shell":"bash","session":"s%d"}\n' \
			"$line" $((1700000000 + 3600 * i)) $((i % 2)) \
			"$WORLD/home" box.example "$((i % 3))"
		((++i))
	done >"$WORLD/in.json" <<-END
		git status
		git push
		make check
		git push
		tail -f log
		git pull
	END
	qt-hist import -f json "$WORLD/in.json"
}
teardown() { hist_down; }

@test "the best match first, each command once, exit 1 for none" {
	run qt-hist search -F '{command}\n' git
	[ "$status" -eq 0 ]
	[ "$output" = $'git push\ngit pull\ngit status' ]
	run qt-hist search -o latest -F '{runs} {command}\n' git
	[ "$output" = $'1 git pull\n2 git push\n1 git status' ]
	run qt-hist search -l 1 -F '{command}\n'
	[ "$output" = "git pull" ]
	run qt-hist search nothing like it
	[ "$status" -eq 1 ]
	[ -z "$output" ]
}

@test "filters and scopes" {
	cd "$WORLD/home"
	run qt-hist search -F '{command}\n' git exit:0
	[ "$output" = "git status" ]
	run qt-hist search -F '{command}\n' -o latest cwd:. session:s2
	[ "$output" = $'git pull\nmake check' ]
	run qt-hist search -F '{command}\n' -o latest -s folder '!git' host:box
	[ "$output" = $'tail -f log\nmake check' ]
	cd /
	run qt-hist search -s folder git
	[ "$status" -eq 1 ]
	run qt-hist search -s session git
	[ "$status" -eq 2 ]
	[[ $output == *"no hook of qt-hist runs in this shell"* ]]
}

@test "bytes, tabs, objects, and why" {
	printf '{"command":"printf \\"a\\\\tb\\"\\nls","start":1700100000}\n' |
		qt-hist import -f json -
	qt-hist search -0 -l 1 >"$WORLD/out"
	printf 'printf "a\\tb"\nls\0' | cmp - "$WORLD/out"
	run qt-hist search -T -l 1 printf
	[ "$output" = "1700100000.000000	-	-	$(uname -n)	-	printf \"a\\\\tb\"\\nls" ]
	run qt-hist search -J tail
	[[ $output == '{"id":"'*'"command":"tail -f log","start":1700014400,'* ]]
	qt-hist tag -a good tail
	run qt-hist search -J tail
	jq -e '.tags == ["good"]' <<<"$output"
	[ "$(qt-hist list -J | jq -c 'select(.tags).command')" = '"tail -f log"' ]
	# The id is one that delete takes.
	id=${output#*'"id":"'} id=${id%%'"'*}
	qt-hist delete -f --id "$id"
	run qt-hist search tail
	[ "$status" -eq 1 ]
	run qt-hist search -e push
	[[ $output == *"match 114; prior -"*" for 2 runs (0 well), "* ]]
	run qt-hist search -F '{nothing}'
	[ "$status" -eq 2 ]
	[[ $output == *"at '{nothing}'"*"id command raw"* ]]
}

@test "a query that does not parse is shown with the place" {
	run qt-hist search git exit:zz
	[ "$status" -eq 2 ]
	[[ $output == *$'    git exit:zz\n             ^^'* ]]
	run qt-hist search 're:('
	[ "$status" -eq 2 ]
	run qt-hist search -s nowhere
	[ "$status" -eq 2 ]
	run qt-hist search -o worst
	[ "$status" -eq 2 ]
}

@test "the index follows what runs, and is made again when it is gone" {
	qt-hist search make
	printf '{"command":"new one","start":1700200000}\n' |
		qt-hist import -f json -
	run qt-hist search -F '{command}\n' new
	[ "$output" = "new one" ]
	qt-hist sync-spool -d
	run qt-hist sync-spool -d
	[ "$status" -eq 1 ]
	run qt-hist search -F '{command}\n' new
	[ "$output" = "new one" ]
	# Somebody who holds the lock keeps nobody from searching.
	exec {lock}>>"$QT_HIST/store-index.lock"
	flock "$lock"
	run qt-hist search -F '{command}\n' new
	[ "$output" = "new one" ]
	exec {lock}>&-
}
