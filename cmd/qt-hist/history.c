/* SPDX-License-Identifier: Apache-2.0 */
/* Where the user's history is. See history.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/hist/erase.h>
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

/*
 * A shell that "qt-hist doctor" has started writes where that one looks,
 * whatever startup files set.
 */
int
history_place(char out[QT_PATH_SIZE], const char *name, struct qt_err *err)
{
	const char	*own = getenv("QT_HIST_DOCTOR");
	char		 state[QT_PATH_SIZE], all[QT_PATH_SIZE];
	int		 rc = 0;

	if (own == NULL || *own == '\0')
		own = getenv("QT_HIST");
	if (own == NULL || *own == '\0') {
		rc = qt_path_state(state, err);
		if (rc == 0)
			rc = join(all, state, "hist");
		own = all;
	}
	return rc < 0 ? rc : join(out, own, name);
}

int
history_folder(char out[QT_PATH_SIZE], const char *name, struct qt_err *err)
{
	int	rc = history_place(out, name, err);

	return rc < 0 ? rc : usable(out, err);
}

int
history_spare_folder(char out[QT_PATH_SIZE], struct qt_err *err)
{
	const char	*doctor = getenv("QT_HIST_DOCTOR");
	char		 runtime[QT_PATH_SIZE];
	int		 rc;

	if (doctor != NULL && *doctor != '\0')
		return history_folder(out, "spare", err);
	rc = qt_path_runtime(runtime, err);
	if (rc == 0)
		rc = join(out, runtime, "hist");
	return rc < 0 ? rc : usable(out, err);
}

bool
history_is_local(const char *folder)
{
	static const unsigned int	remote[] = {
		0x6969,		/* NFS */
		0xff534d42, 0xfe534d42, 0x517b,	/* CIFS, SMB2, SMB */
		0x65735546,	/* FUSE: sshfs and others */
		0x00c36400,	/* Ceph */
		0x01021997,	/* 9P */
		0x0bd00bd0,	/* Lustre */
		0x47504653,	/* GPFS */
		0x5346414f,	/* AFS */
	};
	struct statfs			s;

	if (statfs(folder, &s) < 0)
		return false;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((unsigned int)s.f_type == remote[i])
			return false;
	return true;
}

int
history_code(int rc)
{
	return rc == -QT_ECORRUPT ? 5 : QT_EXIT_SYS;
}

static int
take(struct qt_hist_db *db, int (*folder)(char out[QT_PATH_SIZE],
    struct qt_err *err), unsigned int flags)
{
	struct qt_hist_taken	t;
	struct qt_err		err = QT_ERR_INIT;
	char			path[QT_PATH_SIZE];
	int			rc = folder(path, &err);

	if (rc == 0)
		rc = qt_hist_take(db, path, flags, &t, &err);
	/* What is there already can be looked at, anyway. */
	if (rc < 0)
		qt_warn("%s: %s", err.text, qt_strerror(rc));
	return rc;
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

int
history_rules(char out[QT_PATH_SIZE], struct qt_err *err)
{
	char	 config[QT_PATH_SIZE], *slash;
	int	 rc = qt_path_config(config, err);

	slash = rc == 0 ? strrchr(config, '/') : NULL;
	if (slash != NULL)
		*slash = '\0';
	else if (rc == 0)
		strcpy(config, ".");
	return rc < 0 ? rc : join(out, config, "hist-redact");
}

struct qt_hist_redact *
history_redact(void)
{
	static struct qt_hist_redact	*redact;
	struct qt_err			 err = QT_ERR_INIT;
	char				 path[QT_PATH_SIZE];
	int				 rc;

	if (redact != NULL)
		return redact;
	rc = history_rules(path, &err);
	if (rc == 0)
		rc = qt_hist_redact_open(&redact, path, tell, path, &err);
	/* Better not at all than with secrets. */
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	return redact;
}

/* The index is not looked at. */
static struct qt_hist_db *
open_history(void)
{
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	bool			 is_held;
	int			 rc = history_folder(path, "store", &err);

	if (rc == 0)
		rc = qt_hist_db_open(&db, path, false, &err);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	qt_hist_db_set_redact(db, history_redact());
	rc = qt_hist_erase_finish(db, &is_held, &err);
	if (rc < 0)
		qt_warn("%s: %s", err.text, qt_strerror(rc));
	(void)take(db, spool_folder, 0);
	(void)take(db, history_spare_folder, 0);
	return db;
}

struct qt_hist_db *
history_open(void)
{
	struct qt_hist_db	*db = open_history();

	history_index_follow(db);
	return db;
}

struct qt_hist_db *
history_open_index(struct qt_hist_index **ix)
{
	struct qt_hist_db	*db = open_history();

	*ix = history_index(db);
	return db;
}

int
history_take_sure(struct qt_hist_db *db)
{
	int	rc = take(db, spool_folder, QT_HIST_TAKE_SURE);
	int	spare = take(db, history_spare_folder, QT_HIST_TAKE_SURE);

	return rc < 0 ? rc : spare;
}

void
history_close(struct qt_hist_db *db)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_hist_db_close(db, &err);

	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
}
