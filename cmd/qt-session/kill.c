/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session kill - end sessions, or forget ended ones */

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qt/base/clock.h>

#include "ending.h"
#include "find.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 's', "signal", "SIG", "send only this signal, by name or number" },
	{ 'a', "all", NULL, "every session" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb kill_verb = {
	"kill", kill_main, "NAME...",
	"end sessions; forget ended ones", opts,
};

static int
signal_parse(const char *text)
{
	const char	*name;
	int		 sig;

	if (isdigit((unsigned char)text[0]))
		return (int)qt_opt_ulong("-s", text, 1, NSIG - 1);
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (sig = 1; sig < NSIG; sig++) {
		name = sigabbrev_np(sig);
		if (name != NULL && strcasecmp(name, text) == 0)
			return sig;
	}
	qt_die(QT_EXIT_USAGE, "-s '%s' is not a signal", text);
}

static int
kill_one(const struct world *w, const struct qt_session *s, int sig)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	if (sig != 0 && s->state != QT_STATE_RUNNING) {
		qt_warn("session '%s' has ended already", s->name);
		return QT_EXIT_NO;
	}
	rc = sig != 0 ? qt_client_kill(w->client, &s->id, sig, &err) :
	    session_end(w, s, &err);
	if (rc == 0)
		return QT_EXIT_OK;
	qt_err_wrap(&err, "kill '%s'", s->name);
	warn_err(rc, &err);
	return QT_EXIT_SYS;
}

static int
kill_all(const struct world *w, int sig)
{
	struct qt_session	s;
	uint64_t		cursor = 0;
	int			code = QT_EXIT_NO, one;

	while (qt_session_next(w->table, NULL, &cursor, &s) == 1) {
		if (s.state == QT_STATE_SPARE ||
		    (sig != 0 && s.state != QT_STATE_RUNNING))
			continue;
		one = kill_one(w, &s, sig);
		if (code == QT_EXIT_NO || one > code)
			code = one;
	}
	return code;
}

int
kill_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&kill_verb, argc, argv);
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	int			 id, i, one, sig = 0, is_all = 0, code = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 's')
			sig = signal_parse(o.value);
		else
			is_all = 1;
	}
	if (is_all == (o.index < argc))
		qt_usage(&kill_verb);
	world_connect(&w, 0, QT_ROLE_OWNER);
	if (is_all)
		code = kill_all(&w, sig);
	for (i = o.index; i < argc; i++) {
		find_session(&w, argv[i], &s);
		one = kill_one(&w, &s, sig);
		code = one > code ? one : code;
	}
	world_close(&w);
	return code;
}
