/* SPDX-License-Identifier: Apache-2.0 */
/* Where the user's history is. See history.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/hist/take.h>

#include "history.h"

/* The folder and those that it lies in. */
static int
make_all(char *path, struct qt_err *err)
{
	int	rc = 0;

	for (char *p = path + 1; rc == 0 || rc == -EEXIST; p++) {
		p = strchr(p, '/');
		if (p != NULL)
			*p = '\0';
		rc = qt_sys_mkdir(path, 0700);
		if (rc < 0 && rc != -EEXIST)
			qt_err_set(err, "make folder '%s'", path);
		if (p == NULL)
			break;
		*p = '/';
	}
	return rc == -EEXIST ? 0 : rc;
}

static int
join(char out[QT_PATH_SIZE], const char *folder, const char *name)
{
	int	n = snprintf(out, QT_PATH_SIZE, "%s/%s", folder, name);

	return n < 0 || n >= QT_PATH_SIZE ? -ENAMETOOLONG : 0;
}

static int
usable(char out[QT_PATH_SIZE], struct qt_err *err)
{
	int	rc = access(out, W_OK | X_OK) == 0 ? 0 : make_all(out, err);

	if (rc == 0 && access(out, W_OK | X_OK) < 0) {
		rc = -errno;
		qt_err_set(err, "write to folder '%s'", out);
	}
	return rc;
}

int
history_folder(char out[QT_PATH_SIZE], const char *name, struct qt_err *err)
{
	const char	*own = getenv("QT_HIST");
	char		 state[QT_PATH_SIZE], all[QT_PATH_SIZE];
	int		 rc = 0;

	if (own == NULL || *own == '\0') {
		rc = qt_path_state(state, err);
		if (rc == 0)
			rc = join(all, state, "hist");
		own = all;
	}
	if (rc == 0)
		rc = join(out, own, name);
	return rc < 0 ? rc : usable(out, err);
}

int
history_spare_folder(char out[QT_PATH_SIZE], struct qt_err *err)
{
	char	runtime[QT_PATH_SIZE];
	int	rc = qt_path_runtime(runtime, err);

	if (rc == 0)
		rc = join(out, runtime, "hist");
	return rc < 0 ? rc : usable(out, err);
}

int
history_code(int rc)
{
	return rc == -QT_ECORRUPT ? 5 : QT_EXIT_SYS;
}

static void
take(struct qt_hist_db *db, int (*folder)(char out[QT_PATH_SIZE],
    struct qt_err *err))
{
	struct qt_hist_taken	t;
	struct qt_err		err = QT_ERR_INIT;
	char			path[QT_PATH_SIZE];
	int			rc = folder(path, &err);

	if (rc == 0)
		rc = qt_hist_take(db, path, 0, &t, &err);
	/* What is there already can be looked at, anyway. */
	if (rc < 0)
		qt_warn("%s: %s", err.text, qt_strerror(rc));
}

static int
spool_folder(char out[QT_PATH_SIZE], struct qt_err *err)
{
	return history_folder(out, "spool", err);
}

static void
tell(void *arg, const char *what)
{
	qt_warn("%s: %s", (const char *)arg, what);
}

struct qt_hist_redact *
history_redact(void)
{
	static struct qt_hist_redact	*redact;
	struct qt_err			 err = QT_ERR_INIT;
	char				 config[QT_PATH_SIZE];
	char				 path[QT_PATH_SIZE];
	char				*slash;
	int				 rc;

	if (redact != NULL)
		return redact;
	rc = qt_path_config(config, &err);
	slash = rc == 0 ? strrchr(config, '/') : NULL;
	if (slash != NULL)
		*slash = '\0';
	else if (rc == 0)
		strcpy(config, ".");
	if (rc == 0)
		rc = join(path, config, "hist-redact");
	if (rc == 0)
		rc = qt_hist_redact_open(&redact, path, tell, path, &err);
	/* Better not at all than with secrets. */
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	return redact;
}

struct qt_hist_db *
history_open(void)
{
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	int			 rc = history_folder(path, "store", &err);

	if (rc == 0)
		rc = qt_hist_db_open(&db, path, false, &err);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	qt_hist_db_set_redact(db, history_redact());
	take(db, spool_folder);
	take(db, history_spare_folder);
	return db;
}

void
history_close(struct qt_hist_db *db)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_hist_db_close(db, &err);

	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
}
