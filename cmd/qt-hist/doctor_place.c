/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is a place for what shells write, and for what is kept. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>
#include <qt/base/text.h>

#include "doctor.h"
#include "history.h"

#define ROOM_LEAST	(UINT64_C(1) << 20)	/* less is none */
#define ROOM_FEW	(UINT64_C(64) << 20)
#define SHM_LEAST	(UINT64_C(8) << 20)
#define SHM_FEW		(UINT64_C(256) << 20)

/* A file that never has a name; where there are none, what access(2) says. */
static int
try_writing(const char *folder)
{
	static const char	block[4096] = "qt-hist doctor";
	int			fd, rc;

	fd = qt_sys_open(AT_FDCWD, folder, O_TMPFILE | O_WRONLY, 0600);
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL)
		return access(folder, W_OK | X_OK) == 0 ? 0 : -errno;
	if (fd < 0)
		return fd;
	rc = qt_sys_write_all(fd, block, sizeof(block));
	close(fd);
	return rc;
}

static void
say_room(struct doctor *d, const char *path, uint64_t least, uint64_t few,
    const char *mend)
{
	struct qt_buf	text = QT_BUF_INIT;
	struct statvfs	s;
	uint64_t	room;

	if (statvfs(path, &s) < 0) {
		doctor_say(d, DOCTOR_FAIL, path, NULL, "%s", strerror(errno));
		return;
	}
	room = (uint64_t)s.f_bavail * s.f_frsize;
	qt_text_bytes(&text, room);
	if (room < few)
		doctor_say(d, room < least ? DOCTOR_FAIL : DOCTOR_WARN, path,
		    mend, "only %s are free", text.data);
	else
		doctor_say(d, DOCTOR_OK, path, NULL, "%s are free", text.data);
	qt_buf_clear(&text);
}

static void
say_unwritable(struct doctor *d, const char *path, int rc)
{
	const char	*mend = "make it writable, or set QT_HIST to another "
			    "folder";

	if (rc == -ENOSPC || rc == -EDQUOT)
		mend = "delete something; 'df' shows what is full";
	doctor_say(d, DOCTOR_FAIL, path, mend, "cannot be written to: %s",
	    qt_strerror(rc));
}

/* 1: it is there, and well; 0: it is not there; negative: that was told. */
static int
check_folder(struct doctor *d, const char *path)
{
	struct stat	st;
	struct qt_buf	mend = QT_BUF_INIT;
	int		rc = -EPERM;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		doctor_say(d, DOCTOR_FAIL, path, NULL, "%s", strerror(errno));
		return rc;
	}
	if (S_ISLNK(st.st_mode) && stat(path, &st) < 0)
		doctor_say(d, DOCTOR_FAIL, path, "remove the link",
		    "a link to what is not there");
	else if (!S_ISDIR(st.st_mode))
		doctor_say(d, DOCTOR_FAIL, path, "move it away",
		    "it is no folder");
	else if (st.st_uid != geteuid())
		doctor_say(d, DOCTOR_FAIL, path, "give it back by chown, or "
		    "set QT_HIST to another folder", "it is of user %u, not "
		    "yours", (unsigned int)st.st_uid);
	else if ((st.st_mode & 077) != 0) {
		(void)qt_buf_addf(&mend, "chmod 700 '%s'", path);
		doctor_say(d, DOCTOR_FAIL, path, mend.data, "others may look "
		    "into it: its mode is %03o", st.st_mode & 0777u);
	} else {
		rc = try_writing(path);
		if (rc < 0)
			say_unwritable(d, path, rc);
	}
	qt_buf_clear(&mend);
	return rc < 0 ? rc : 1;
}

/* The nearest folder that is there can have it made. */
static void
check_missing(struct doctor *d, const char *path)
{
	char	up[QT_PATH_SIZE];
	char	*slash;
	int	rc;

	snprintf(up, sizeof(up), "%s", path);
	while ((slash = strrchr(up, '/')) != NULL && slash != up) {
		*slash = '\0';
		if (access(up, F_OK) == 0)
			break;
	}
	if (slash == NULL || slash == up)
		strcpy(up, slash == NULL ? "." : "/");
	rc = access(up, W_OK | X_OK) == 0 ? try_writing(up) : -errno;
	if (rc < 0)
		say_unwritable(d, up, rc);
	else
		doctor_say(d, DOCTOR_OK, path, NULL, "is not there yet; the "
		    "first shell with the hooks makes it");
}

static void
check_spools(struct doctor *d)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];
	int		rc = history_place(path, "spool", &err);

	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, "folder", "set HOME, or QT_HIST",
		    "%s: %s", err.text, qt_strerror(rc));
		return;
	}
	rc = check_folder(d, path);
	if (rc == 0)
		check_missing(d, path);
	if (rc == 1 && !history_is_local(path))
		doctor_say(d, DOCTOR_WARN, path, "set QT_HIST to a folder on "
		    "this machine", "it is on another machine; shells write "
		    "into the runtime folder instead, which does not outlive "
		    "a restart");
	else if (rc == 1)
		say_room(d, path, ROOM_LEAST, ROOM_FEW,
		    "delete something; 'df' shows what is full");
}

static void
check_store(struct doctor *d)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];

	if (history_place(path, "store", &err) < 0 ||
	    check_folder(d, path) != 1)
		return;
	if (!history_is_local(path))
		doctor_say(d, DOCTOR_WARN, path, "set QT_HIST to a folder on "
		    "this machine", "it is on another machine, where "
		    "locks and shared memory do not reach");
	else
		doctor_say(d, DOCTOR_OK, path, NULL, "yours alone, on this "
		    "machine");
}

static void
check_spare(struct doctor *d)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[QT_PATH_SIZE];
	int		rc = history_spare_folder(path, &err);

	if (rc < 0)
		doctor_say(d, DOCTOR_WARN, "runtime folder", "set "
		    "QT_RUNTIME_DIR to a folder of yours", "%s: %s; where the "
		    "other one cannot be written to, nothing is kept",
		    err.text, qt_strerror(rc));
	else if (check_folder(d, path) == 1)
		doctor_say(d, DOCTOR_OK, path, NULL, "in case the other one "
		    "cannot be written to");
}

void
doctor_places(struct doctor *d)
{
	check_spools(d);
	check_spare(d);
	check_store(d);
	say_room(d, "/dev/shm", SHM_LEAST, SHM_FEW, "remove what is no longer "
	    "needed there, or mount it larger: the index is in it");
}
