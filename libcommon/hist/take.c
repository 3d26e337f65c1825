/* SPDX-License-Identifier: Apache-2.0 */
/* Spools into the history. See <qt/hist/take.h>. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/hist/take.h>

#include "db_priv.h"
#include "take_priv.h"

#define READ_SIZE	((size_t)1 << 20)
#define SESSION_MAX	((size_t)16 << 10)	/* of a spool: its session's record */
#define READ_MAX	((size_t)32 << 20)	/* one record is less */
#define EVENTS_MAX	1024u			/* of a batch */

/* --- One spool ------------------------------------------------------------ */

struct spool {
	struct qt__take		*take;
	const char		*name;
	int			 fd;
	uint64_t		 offset;	/* taken in up to here */
	struct qt__shell	 shell;
	bool			 is_left;	/* what was taken in is there */
	struct qt_buf		 data;		/* what lies at offset */
};

/* Up to so many more bytes than there are. 0: there will be none. */
static int
read_more(struct spool *s, size_t size)
{
	size_t	before = s->data.len;
	ssize_t	n = 1;
	int	rc = qt_buf_reserve(&s->data, size);

	if (rc < 0)
		return rc;
	n = qt_sys_pread(s->fd, s->data.data + before, size,
	    (off_t)(s->offset + before));
	if (n < 0)
		return (int)n;
	s->data.len += (size_t)n;
	return n > 0;
}

/* Events of the bytes that are there, into the history. */
static int
take_some(struct spool *s, struct qt_err *err)
{
	struct qt_hist_spool_record	r;
	struct qt__takings		t;
	size_t				at = 0, used;
	int				rc = 1;

	qt__takings_begin(&t, s->take, &s->shell);
	while (rc == 1 && t.count < EVENTS_MAX) {
		rc = qt_hist_spool_next(&r, s->shell.token, s->data.data + at,
		    s->data.len - at, &used, &s->take->out->lost);
		at += used;
		if (rc == 1)
			rc = qt__takings_add(&t, &r, err);
	}
	if (rc >= 0 && at > 0) {
		int	added = qt_hist_db_add(s->take->db, t.events, t.count,
		    s->name, s->offset + at, err);

		if (added < 0)
			rc = added;
	}
	if (rc >= 0) {
		s->take->out->events += t.count;
		s->offset += at;
		qt_buf_drop(&s->data, at);
	}
	qt__takings_end(&t);
	return rc < 0 ? rc : at > 0;
}

/*
 * What the history has is nowhere else: all behind the session's record becomes
 * zeros, which are no records. Its shell only appends. Where a file system makes
 * no holes, they are written.
 */
static int
wipe(const struct spool *s)
{
	static const char	zeros[4096];
	uint64_t		at = s->shell.end;
	int			rc;

	if (at >= s->offset)
		return 0;
	rc = qt_sys_fallocate(s->fd, FALLOC_FL_PUNCH_HOLE |
	    FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)(s->offset - at));
	while (rc < 0 && at < s->offset) {
		size_t	len = s->offset - at < sizeof(zeros) ?
		    (size_t)(s->offset - at) : sizeof(zeros);
		ssize_t	n = qt_sys_pwrite(s->fd, zeros, len, (off_t)at);

		if (n < 0)
			return (int)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int
take_all(struct spool *s, struct qt_err *err)
{
	uint64_t	before = s->offset;
	int		rc, more;

	do {
		more = read_more(s, READ_SIZE);
		if (more < 0)
			return more;
		while ((rc = take_some(s, err)) == 1)
			continue;
		if (rc < 0)
			return rc;
		/* A record without an end, as long as nobody's is. */
		if (s->data.len > READ_MAX) {
			s->take->out->lost += s->data.len;
			s->offset += s->data.len;
			qt_buf_reset(&s->data);
		}
	} while (more > 0);
	return s->offset > before || s->is_left ? wipe(s) : 0;
}

/* Was somebody killed before he came to wipe, or was through? He goes forwards. */
static bool
is_left(const struct spool *s)
{
	char		last[QT_HIST_SPOOL_HEAD];
	uint64_t	from = s->offset > sizeof(last) ?
	    s->offset - sizeof(last) : 0;
	ssize_t		n;

	if (from < s->shell.end)
		from = s->shell.end;
	if (from >= s->offset)
		return false;
	n = qt_sys_pread(s->fd, last, (size_t)(s->offset - from), (off_t)from);
	for (ssize_t i = 0; i < n; i++)
		if (last[i] != '\0')
			return true;
	return n < 0;
}

/* Written to before this boot: its shell is gone. */
static bool
is_old(const struct stat *st)
{
	struct timespec	up;

	return clock_gettime(CLOCK_BOOTTIME, &up) == 0 &&
	    st->st_mtim.tv_sec < time(NULL) - up.tv_sec - 1;
}

/* Its head and its session. 1: it is one; 0: not. */
static int
begin(struct spool *s, struct qt_err *err)
{
	struct stat	st;
	int		rc;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return 0;
	rc = read_more(s, SESSION_MAX);
	if (rc < 0)
		return rc;
	rc = qt__shell_read(&s->shell, s->data.data, s->data.len);
	/* Removed, or emptied, and its shell has made it anew. */
	if (rc == -QT_EFORMAT && s->data.len > 0)
		rc = qt__shell_guess(&s->shell, s->name, is_old(&st));
	if (rc < 0)
		return rc == -QT_EFORMAT ? 0 : rc;
	rc = qt_hist_db_spool(s->take->db, s->name, &s->offset, err);
	/* Where it is not the file that it was: what there is of it. */
	if (rc == 0 && s->shell.end == 0) {
		off_t	data = lseek(s->fd, 0, SEEK_DATA);

		if (data < 0 || (uint64_t)data < s->offset)
			s->offset = data < 0 ? 0 : (uint64_t)data;
	}
	if (s->offset > (uint64_t)st.st_size)
		s->offset = 0;
	s->is_left = rc == 0 && is_left(s);
	qt_buf_reset(&s->data);
	if (s->offset < s->shell.end)
		s->offset = s->shell.end;
	return rc < 0 ? rc : 1;
}

static int
take_spool(struct qt__take *take, const char *name, struct qt_err *err)
{
	struct spool	s = { .take = take, .name = name,
	    .data = QT_BUF_INIT };
	int		rc;

	s.fd = qt_sys_open(take->dirfd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK,
	    0);
	/* A link, a folder, another user's: no spool of ours. */
	if (s.fd == -ENOENT || s.fd == -ELOOP || s.fd == -EISDIR ||
	    s.fd == -EACCES || s.fd == -ENXIO)
		return 0;
	if (s.fd < 0)
		return s.fd;
	rc = begin(&s, err);
	if (rc == 1) {
		take->out->spools++;
		/* First: what it writes before it ends is there then. */
		bool	is_gone = qt__shell_is_gone(&s.shell);

		rc = take_all(&s, err);
		/* A disk may bring back what it has not been told to lose. */
		if (rc == 0 && take->is_sure && !is_gone)
			rc = qt_sys_fsync(s.fd);
		if (rc == 0 && is_gone) {
			rc = qt_sys_unlink(take->dirfd, name);
			if (rc == 0)
				rc = qt_hist_db_add(take->db, NULL, 0, name, 0,
				    err);
			take->out->removed += rc == 0;
		}
	}
	qt__shell_clear(&s.shell);
	qt_buf_clear(&s.data);
	close(s.fd);
	if (rc < 0)
		qt_err_wrap(err, "take in '%s'", name);
	return rc;
}

/* --- The folder ----------------------------------------------------------- */

static int
take_each(struct qt__take *take, struct qt_err *err)
{
	struct dirent	*e;
	DIR		*d;
	int		 rc = 0, fd = dup(take->dirfd);

	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((e = readdir(d)) != NULL) {
		int	one = qt_hist_spool_is_name(e->d_name) ?
		    take_spool(take, e->d_name, err) : 0;

		/* One that cannot be read does not keep others out. */
		if (one < 0)
			rc = one;
	}
	closedir(d);
	return rc;
}

/* Nobody else takes in, and nobody erases: what began, not between reading and
   adding it. */
static int
lock(struct qt__take *take, struct qt_err *err)
{
	int	how = LOCK_EX | (take->is_sure ? 0 : LOCK_NB), rc;

	while ((rc = flock(take->dirfd, how)) < 0 && errno == EINTR)
		continue;
	if (rc < 0)
		return -errno;
	return qt__db_lock(take->db, take->is_sure ? 0 : QT__NO_WAIT, err);
}

int
qt_hist_take(struct qt_hist_db *db, const char *dir, unsigned int flags,
    struct qt_hist_taken *out, struct qt_err *err)
{
	struct qt__take	take = { .db = db, .out = out,
	    .is_sure = (flags & QT_HIST_TAKE_SURE) != 0 };
	int		rc;

	*out = (struct qt_hist_taken){ 0 };
	take.dirfd = qt_sys_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	if (take.dirfd == -ENOENT)
		return 0;
	if (take.dirfd < 0) {
		qt_err_set(err, "open '%s'", dir);
		return take.dirfd;
	}
	rc = lock(&take, err);
	if (rc == 0) {
		rc = take_each(&take, err);
		if (rc == 0 && take.is_sure)
			rc = qt_sys_fsync(take.dirfd);
		qt__db_unlock(db);
	} else if (rc == -EWOULDBLOCK) {
		out->is_busy = true;
		rc = 0;
	}
	qt__take_clear(&take);
	close(take.dirfd);
	if (rc < 0)
		qt_err_wrap(err, "spools in '%s'", dir);
	return rc;
}
