/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all peers of `qt-bench store` share: does one piece of work with the
 * engine of the file that this is linked with, prints one line. See
 * cmd/qt-bench/work.h.
 *
 *	lmdb load -n 1000000 DIR
 *	lmdb get -n 1000000 -o 500000 -t 2 -s 1.5 DIR
 *	ops=500000 seconds=0.471 ...
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "../../cmd/qt-bench/work.h"

#define MOST	1000000000ul

static _Noreturn void
usage(void)
{
	qt_die(QT_EXIT_USAGE, "usage: %s load|get|mixed|scan|overwrite "
	    "[-y] [-n RECORDS] [-o OPS] [-s SECONDS] [-t THREADS | "
	    "-p PROCESSES] DIR", peer_engine.name);
}

int
main(int argc, char **argv)
{
	struct work		w = { .records = 1000000, .members = 1 };
	struct work_result	r;
	char			line[WORK_LINE_SIZE];
	int			c;

	qt_prog_init(peer_engine.name);
	if (argc < 2 || (w.kind = work_kind_of(argv[1])) == WORK_COUNT_)
		usage();
	optind = 2;
	while ((c = getopt(argc, argv, "n:o:p:s:t:y")) != -1)
		switch (c) {
		case 'n':
			w.records = qt_opt_ulong("-n", optarg, 1, MOST);
			break;
		case 'o':
			w.ops = qt_opt_ulong("-o", optarg, 1, MOST);
			break;
		case 's':
			w.seconds = strtod(optarg, NULL);
			break;
		case 'p':
		case 't':
			w.is_processes = c == 'p';
			w.members = (uint32_t)qt_opt_ulong(c == 'p' ? "-p" :
			    "-t", optarg, 1, WORK_MEMBERS);
			break;
		case 'y':
			w.is_sync = 1;
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
	w.dir = argv[optind];
	work_run(&peer_engine, &w, &r);
	work_line(&r, line);
	fputs(line, stdout);
	return QT_EXIT_OK;
}
