# SPDX-License-Identifier: Apache-2.0
# Reads what tests/check.sh streams: TAP of many programs, each between
# "#begin NAME" and "#end STATUS". Prints a line for each program and every
# failure with what was said about it; writes "passed failed skipped" and the
# names of failures to the file named by sum.
#
# Cases are counted, not programs. A case with cases inside (node's describe)
# counts only when it failed by itself. A program that dies, promises more
# cases than it ran, or fails without saying which, is one failed case.
#
# "#time FROM TO USER SYSTEM" is what it took: the last columns, by the clock
# and of the CPU.

function indent(line) { match(line, /^ */); return RLENGTH }

function show(line) {
	if (!verbose)
		print "         " line
}

function fail(what) {
	bad++
	failed[nfailed++] = group ": " name ": " what
	printf "  %-6s FAIL %s: %s\n", group, name, what
}

function result(line,    depth, nested, text) {
	depth = indent(line)
	nested = inner[depth]
	inner[depth] = 0
	if (depth > 0)
		inner[depth - 4] = 1
	explaining = 0
	if (depth == 0)
		seen++
	text = line
	sub(/^ *(not )?ok *[0-9]* *(- )?/, "", text)
	# cmocka says "not ok" of what it skipped.
	if (line ~ /# [Ss][Kk][Ii][Pp]/) {
		sub(/# [Ss][Kk][Ii][Pp] */, "# ", text)
		skipped++
		why[nwhy++] = group ": " name ": " text
	} else if (line ~ /^ *ok/) {
		passed += !nested
	} else if (!nested || bad == bad_before[depth]) {
		fail(text)
		explaining = 60
	}
	bad_before[depth] = bad
}

function seconds(text,    part) {
	split(text, part, "[ms]")
	return part[1] * 60 + part[2]
}

function time(from, to, cpu) {
	took = sprintf("%7.1f s %7.1f s cpu", to - from, cpu)
}

function finish(status,    total, i) {
	if (plan != "" && seen < plan)
		fail("ran " seen " of " plan " cases, exit " status)
	else if (status != 0 && bad == 0)
		fail(status == 124 ? "took too long" : "exit " status)
	else if (seen == 0 && plan == "" && status == 0)
		fail("said nothing: no test ran")
	if (bad && !explained && !verbose)
		for (i = lines > 40 ? lines - 40 : 0; i < lines; i++)
			show(last[i % 40])
	printf "  %-6s %-28s %-24s%s\n", group, name, passed " passed" \
	    (bad ? ", " bad " FAILED" : "") \
	    (skipped ? ", " skipped " skipped" : ""), took
	all_passed += passed
	all_bad += bad
	all_skipped += skipped
}

verbose { print }
/^#begin / {
	name = $2
	plan = ""
	seen = passed = bad = skipped = lines = explaining = explained = 0
	delete inner
	delete bad_before
	next
}
/^#end / { finish($2); fflush(); next }
/^#time / { time($2, $3, seconds($4) + seconds($5)); next }
/^#built/ { printf "  %-6s %-28s %-24s%s\n", group, "", "built", took; next }
/^#empty / { printf "  %-6s %s\n", group, substr($0, 8); next }
/^ *(not )?ok( |$)/ { result($0); next }
/^1\.\.[0-9]+/ { plan += substr($1, 4); next }
{
	last[lines++ % 40] = $0
	if (explaining > 0 && $0 !~ /^ *(#  *Subtest|TAP version|1\.\.)/) {
		explaining--
		explained = 1
		show($0)
	}
}
END {
	print all_passed + 0, all_bad + 0, all_skipped + 0 >sum
	for (i = 0; i < nfailed; i++)
		print "failed", failed[i] >sum
	for (i = 0; i < nwhy; i++)
		print "skipped", why[i] >sum
}
