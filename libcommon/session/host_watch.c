/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime folder's files, made again when they are gone.
 *
 * Tidiers of /tmp remove what looks old, and people remove folders. Sessions
 * and viewers do not notice, they have descriptors; but nobody new would find
 * the host. So it looks every two seconds whether the names still lead to its
 * own lock and sockets (a watch by inotify(7) would not see a folder above it
 * being moved), and makes again what does not:
 *
 *	folder ─► lock ─► name of the segment ─► host.sock ─► screen.sock
 *
 * The lock decides, as it does at the start: while another process holds it,
 * that one's files are left alone, this is said once, and this host goes on
 * with what it has. The segment has another name in another folder; viewers
 * and what they map are not touched by that. If killed in between, the next
 * host finds the lock free, and the segment under one of the two names.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "host_priv.h"
#include "socket_priv.h"

#define WATCH_MS	2000

static int
name_id(const char *path, struct qt__file_id *id)
{
	struct stat	st;

	if (lstat(path, &st) < 0)
		return 0;
	*id = (struct qt__file_id){ st.st_dev, st.st_ino };
	return 1;
}

/* Whether the folder's name leads to the very file. */
static int
is_there(const struct qt__host *h, const char *name,
    const struct qt__file_id *id)
{
	char			path[QT_PATH_SIZE + 16];
	struct qt__file_id	now;

	snprintf(path, sizeof(path), "%s/%s", h->runtime, name);
	return name_id(path, &now) && now.dev == id->dev && now.ino == id->ino;
}

static int
is_lock_there(const struct qt__host *h)
{
	struct stat		st;
	struct qt__file_id	id;

	if (fstat(h->lock_fd, &st) < 0)
		return 1;
	id = (struct qt__file_id){ st.st_dev, st.st_ino };
	return is_there(h, "host.lock", &id);
}

/* One that was passed and is bound elsewhere is not watched. */
static int
is_socket_there(const struct qt__host *h, const char *name,
    const struct qt__file_id *id)
{
	return id->ino == 0 || is_there(h, name, id);
}

static void
remember(struct qt__host *h)
{
	char	path[QT_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/host.sock", h->runtime);
	(void)name_id(path, &h->watch.sock);
	snprintf(path, sizeof(path), "%s/host.log", h->runtime);
	(void)name_id(path, &h->watch.log);
	if (h->screen.listen_fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/screen.sock", h->runtime);
	(void)name_id(path, &h->watch.screen);
}

static int
own_lock(struct qt__host *h, struct qt_err *err)
{
	char	path[QT_PATH_SIZE], text[32] = "";
	int	fd, rc;

	rc = qt_path_in_runtime("host.lock", path, err);
	if (rc < 0)
		return rc;
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	if (fd < 0) {
		qt_err_set(err, "open '%s'", path);
		return fd;
	}
	rc = qt_sys_lock(fd, F_WRLCK, 0, 1);
	if (rc == -EAGAIN) {
		(void)qt_sys_pread(fd, text, sizeof(text) - 1, 0);
		qt_err_set(err, "another session host (process %ld) has them "
		    "now", strtol(text, NULL, 10));
	}
	if (rc < 0) {
		close(fd);
		return rc;
	}
	qt__host_sign(fd);
	close(h->lock_fd);
	h->lock_fd = fd;
	return 0;
}

/* A dead host's, who was here between: we have its lock. Nothing is lost. */
static int
move_away(int dir, const char *name)
{
	char	to[192];
	int	rc;

	snprintf(to, sizeof(to), "%s.bad-%llu", name,
	    (unsigned long long)qt_clock_real_ms());
	rc = qt_sys_rename(dir, name, to);
	if (rc == 0)
		qt_log(QT_LOG_WARN, QT__MODULE, "the records of another host "
		    "that ended were kept as '/dev/shm/%s', remove them when "
		    "you do not need them", to);
	return rc;
}

static int
move_segment(struct qt__host *h, struct qt_err *err)
{
	char	name[sizeof(h->seg_name)];
	int	dir, rc;

	rc = qt_path_segment("host", name, err);
	if (rc < 0 || strcmp(name, h->seg_name) == 0)
		return rc;
	dir = qt_sys_open(AT_FDCWD, "/dev/shm", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	rc = qt_sys_rename_new(dir, h->seg_name + 1, name + 1);
	if (rc == -EEXIST && (rc = move_away(dir, name + 1)) == 0)
		rc = qt_sys_rename_new(dir, h->seg_name + 1, name + 1);
	close(dir);
	if (rc < 0) {
		qt_err_set(err, "give '/dev/shm%s' the name '%s'", h->seg_name,
		    name);
		return rc;
	}
	snprintf(h->seg_name, sizeof(h->seg_name), "%s", name);
	return 0;
}

/* The new socket takes the old one's number. */
static int
own_socket(int *fd, const char *name, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc = qt_path_in_runtime(name, path, err), next;

	if (rc < 0)
		return rc;
	next = qt__socket_listen(path, err);
	if (next < 0)
		return next;
	rc = dup3(next, *fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(next);
	return rc;
}

static int
mend(struct qt__host *h, struct qt_err *err)
{
	char	dir[QT_PATH_SIZE];
	int	rc = qt_path_runtime(dir, err);

	if (rc == 0 && strcmp(dir, h->runtime) != 0) {
		qt_err_set(err, "the runtime folder is '%s' now", dir);
		rc = -QT_EOWNER;
	}
	if (rc == 0 && !is_lock_there(h))
		rc = own_lock(h, err);
	if (rc == 0)
		rc = move_segment(h, err);
	if (rc == 0 && !is_socket_there(h, "host.sock", &h->watch.sock)) {
		qt__conn_pause(h);
		rc = own_socket(&h->listen_fd, "host.sock", err);
		qt__conn_resume(h);
	}
	if (rc == 0 && !is_socket_there(h, "screen.sock", &h->watch.screen)) {
		qt__screen_pause(h);
		rc = own_socket(&h->screen.listen_fd, "screen.sock", err);
		qt__screen_again(h);
	}
	return rc;
}

/* The log was in the folder, too; another host's will do. */
static void
mend_log(struct qt__host *h)
{
	char	path[QT_PATH_SIZE + 16];

	if (!h->opt.is_daemon || is_there(h, "host.log", &h->watch.log))
		return;
	snprintf(path, sizeof(path), "%s/host.log", h->runtime);
	if (qt_log_open(path) == 0)
		(void)name_id(path, &h->watch.log);
}

static void
look(uv_timer_t *timer)
{
	struct qt__host	*h = timer->data;
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc;

	if (h->is_stopping || (is_lock_there(h) &&
	    is_socket_there(h, "host.sock", &h->watch.sock) &&
	    is_socket_there(h, "screen.sock", &h->watch.screen)))
		return;
	rc = mend(h, &err);
	if (rc == 0 || rc != h->watch.said)
		mend_log(h);
	if (rc == 0) {
		remember(h);
		qt_log(QT_LOG_WARN, QT__MODULE, "files in '%s' were removed or "
		    "replaced; they were made again", h->runtime);
	} else if (rc != h->watch.said) {
		qt_log(QT_LOG_WARN, QT__MODULE, "files in '%s' were removed or "
		    "replaced, and cannot be made again yet: %s: %s; sessions "
		    "and viewers go on", h->runtime, err.text,
		    qt_strerror(rc));
	}
	h->watch.said = rc;
}

void
qt__watch_begin(struct qt__host *h)
{
	remember(h);
	(void)uv_timer_start(&h->watch.timer, look, WATCH_MS, WATCH_MS);
}

void
qt__watch_unlink(struct qt__host *h)
{
	char	path[QT_PATH_SIZE + 16];

	if (h->watch.sock.ino != 0 &&
	    is_there(h, "host.sock", &h->watch.sock)) {
		snprintf(path, sizeof(path), "%s/host.sock", h->runtime);
		(void)qt_sys_unlink(AT_FDCWD, path);
	}
	if (h->watch.screen.ino != 0 &&
	    is_there(h, "screen.sock", &h->watch.screen)) {
		snprintf(path, sizeof(path), "%s/screen.sock", h->runtime);
		(void)qt_sys_unlink(AT_FDCWD, path);
	}
}
