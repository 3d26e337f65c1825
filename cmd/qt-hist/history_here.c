/* SPDX-License-Identifier: Apache-2.0 */
/* Where the user is. See history.h. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/clock.h>
#include <qt/hist/root.h>

#include "history.h"

static int32_t
zone_s(int64_t unix_s)
{
	time_t		at = (time_t)unix_s;
	struct tm	tm;

	return localtime_r(&at, &tm) == NULL ? 0 : (int32_t)tm.tm_gmtoff;
}

/* As the shell calls it, with the links that it went by: so hooks write it. */
static const char *
folder(void)
{
	static char	 real[PATH_MAX];
	const char	*shells = getenv("PWD");
	struct stat	 a, b;

	if (shells != NULL && shells[0] == '/' && stat(shells, &a) == 0 &&
	    stat(".", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return shells;
	return getcwd(real, sizeof(real));
}

static const char *
repository(const char *cwd)
{
	static struct qt_buf	path = QT_BUF_INIT;

	if (cwd == NULL || qt_buf_add(&path, cwd, strlen(cwd)) < 0 ||
	    qt_hist_root(&path) < 0 || path.len == 0)
		return NULL;
	return path.data;
}

static const char *
not_empty(const char *s)
{
	return s == NULL || *s == '\0' ? NULL : s;
}

const struct qt_hist_here *
history_here(void)
{
	static struct qt_hist_here	here;
	static char			host[256];
	const char			*session = getenv("QT_HIST_SESSION");

	if (here.now_us != 0)
		return &here;
	here.now_us = qt_clock_real_us();
	here.zone_s = zone_s;
	here.home = not_empty(getenv("HOME"));
	here.cwd = folder();
	here.git = repository(here.cwd);
	if (gethostname(host, sizeof(host) - 1) == 0)
		here.host = not_empty(host);
	/* The shell's process id, a dash, and what its events have. */
	session = session == NULL ? NULL : strchr(session, '-');
	here.session = session == NULL ? NULL : not_empty(session + 1);
	return &here;
}
