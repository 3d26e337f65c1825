/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session stop - end the session host */

#include <errno.h>
#include <poll.h>

#include <qt/base/clock.h>

#include "find.h"
#include "verbs.h"

#define END_MS	5000
#define LOOK_MS	5

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "end the sessions that still run" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb stop_verb = {
	"stop", stop_main, "", "end the session host", opts,
};

int
stop_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&stop_verb, argc, argv);
	struct world	w = WORLD_INIT;
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	end_ms;
	uint32_t	force = 0;
	long		pid;
	int		rc;

	while (qt_opts_next(&o) != 0)
		force = 1;
	if (o.index < argc)
		qt_usage(&stop_verb);
	/* Without its segment, which may be damaged: this is the way out. */
	rc = qt_client_open(0, QT_ROLE_OWNER, 0, &w.client, &err);
	if (rc == -QT_ENOHOST) {
		qt_warn("no session host is running");
		return QT_EXIT_NO;
	}
	if (rc < 0)
		die_err(rc, &err);
	pid = qt_client_host_pid();
	rc = qt_client_call(w.client, QT_MSG_STOP, 0, &force, sizeof(force),
	    QT_MSG_OK, NULL, 0, &err);
	if (rc == -EBUSY)
		qt_die(QT_EXIT_SYS, "sessions are running ('qt-session ls'): "
		    "end them first, or say --force");
	if (rc < 0)
		die_err(rc, &err);
	end_ms = qt_clock_mono_ms() + END_MS;
	while (pid != 0 && qt_client_host_pid() == pid) {
		if (qt_clock_mono_ms() > end_ms)
			qt_die(QT_EXIT_SYS, "the host agreed but still runs");
		poll(NULL, 0, LOOK_MS);
	}
	world_close(&w);
	return QT_EXIT_OK;
}
