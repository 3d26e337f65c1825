/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session upgrade - put a new program under the running sessions */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/path.h>

#include "find.h"
#include "verbs.h"

#define COME_BACK_MS	5000
#define LOOK_MS		10

const struct qt_verb upgrade_verb = {
	"upgrade", upgrade_main, "[PROGRAM]",
	"put a new program under the running sessions", NULL,
};

/* The host execs it, so it must be absolute and executable now. */
static void
find_program(const char *text, char out[PATH_MAX])
{
	char	own[QT_PATH_SIZE];

	if (text == NULL) {
		qt_path_program("qt-session", own);
		text = own;
	}
	if (realpath(text, out) == NULL || access(out, X_OK) < 0)
		qt_die(QT_EXIT_SYS, "program '%s': %s", text, strerror(errno));
}

/* Waits until the host answers again: as the same process, another boot. */
static void
await_host(uint64_t boot)
{
	uint64_t		end_ms = qt_clock_mono_ms() + COME_BACK_MS;
	struct world		w = WORLD_INIT;
	struct qt_host_info	info;

	for (;;) {
		if (qt_client_open(0, QT_ROLE_OWNER, 1, &w.client, NULL) == 0) {
			w.table = qt_client_table(w.client);
			if (qt_host_info(w.table, &info) == 0 &&
			    info.boot != boot)
				break;
			world_close(&w);
		}
		if (qt_clock_mono_ms() > end_ms)
			qt_die(QT_EXIT_SYS, "the host did not come back; "
			    "'qt-session ls -a' shows what is left");
		poll(NULL, 0, LOOK_MS);
	}
	printf("host %u runs %s, %u sessions kept\n", info.pid, info.version,
	    info.sessions);
	world_close(&w);
}

int
upgrade_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&upgrade_verb, argc, argv);
	struct world		w = WORLD_INIT;
	struct qt_host_info	info;
	struct qt_err		err = QT_ERR_INIT;
	char			program[PATH_MAX];
	int			rc;

	while (qt_opts_next(&o) != 0)
		;
	if (argc - o.index > 1)
		qt_usage(&upgrade_verb);
	find_program(argv[o.index], program);
	world_connect(&w, 0, QT_ROLE_OWNER);
	rc = qt_host_info(w.table, &info);
	if (rc == 0)
		rc = qt_client_call(w.client, QT_MSG_UPGRADE, 0, program,
		    strlen(program), QT_MSG_OK, NULL, 0, &err);
	if (rc < 0)
		die_err(rc, &err);
	world_close(&w);
	await_host(info.boot);
	return QT_EXIT_OK;
}
