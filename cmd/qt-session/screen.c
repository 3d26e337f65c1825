/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session screen - the screen service, started by the host; qt-host(7) */

#include <errno.h>
#include <sys/socket.h>

#include <qt/session/screen.h>

#include "verbs.h"

#define LISTEN_FD 3

const struct qt_verb screen_verb = {
	"screen", screen_main, "", "the screen service (the host starts it)",
	NULL,
};

int
screen_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&screen_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	socklen_t	size = sizeof(int);
	int		is_listening = 0, rc;

	while (qt_opts_next(&o) != 0)
		continue;
	if (o.index < argc)
		qt_usage(&screen_verb);
	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
	    &size) < 0 || !is_listening)
		qt_die(QT_EXIT_USAGE, "descriptor 3 is not the screen socket: "
		    "only the session host starts this");
	rc = qt_screen_serve(LISTEN_FD, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	return QT_EXIT_OK;
}
