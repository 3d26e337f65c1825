/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to the disk, written down for tests. See <qt/base/sys.h>. */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys_priv.h"

/* The folder of a path, and where in it the last name begins. */
struct place {
	uint64_t	 dev, ino;
	const char	*name;
	size_t		 len;
};

static int	log_fd = -1;

void
qt_sys_record(int fd)
{
	log_fd = fd;
	qt__sys_arm(QT__SYS_RECORDED, fd >= 0);
}

/*
 * A log that has gaps would prove nothing, so, as with a bad QT_FAULT, this
 * place speaks and ends the program.
 */
static void
give_up(const char *what)
{
	fprintf(stderr, "qt_sys_record: %s: %s\n", what, strerror(errno));
	_exit(2);
}

/* One write(2) to a file that is appended to: the order is that of all. */
static void
append(struct qt_sys_event *e, const char *name, const char *to_name,
    const void *data)
{
	struct iovec	iov[4] = {
		{ e, sizeof(*e) },
		{ (void *)(uintptr_t)name, e->name_len },
		{ (void *)(uintptr_t)to_name, e->to_len },
		{ (void *)(uintptr_t)data, e->data_len },
	};

	e->who = (uint32_t)gettid();
	e->size = sizeof(*e) + e->name_len + e->to_len + e->data_len;
	if (writev(log_fd, iov, 4) != (ssize_t)e->size)
		give_up("write the log");
}

static void
look(const struct stat *st, struct qt_sys_event *e)
{
	e->dev = st->st_dev;
	e->ino = st->st_ino;
}

static struct place
find_place(int dirfd, const char *path)
{
	char		 parent[4096];
	const char	*end = path + strlen(path), *name;
	struct place	 p;
	struct stat	 st;
	size_t		 len;

	while (end > path + 1 && end[-1] == '/')
		end--;
	for (name = end; name > path && name[-1] != '/'; name--)
		;
	len = (size_t)(name - path);
	if (len >= sizeof(parent))
		len = sizeof(parent) - 1;
	memcpy(parent, path, len);
	memcpy(parent + len, len > 0 ? "" : ".", len > 0 ? 1 : 2);
	if (fstatat(dirfd, parent, &st, 0) < 0)
		give_up(path);
	p.dev = st.st_dev;
	p.ino = st.st_ino;
	p.name = name;
	p.len = (size_t)(end - name);
	return p;
}

void
qt__sys_note_open(int fd, int dirfd, const char *path, int flags)
{
	struct qt_sys_event	e = { .call = QT_SYS_OPEN,
	    .flags = (uint32_t)flags };
	struct place		p;
	struct stat		st;

	if ((flags & (O_CREAT | O_TRUNC)) == 0 &&
	    (flags & O_TMPFILE) != O_TMPFILE)
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	p = find_place(dirfd, path);
	look(&st, &e);
	e.dir = p.ino;
	e.name_len = (uint32_t)p.len;
	append(&e, p.name, "", "");
}

void
qt__sys_note_write(int fd, const void *buf, size_t len, off_t at)
{
	struct qt_sys_event	e = { .call = QT_SYS_PWRITE, .at = at,
	    .len = (int64_t)len, .data_len = len };
	struct stat		st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	look(&st, &e);
	if (at < 0)
		e.at = lseek(fd, 0, SEEK_CUR) - (off_t)len;
	append(&e, "", "", buf);
}

void
qt__sys_note_file(enum qt_sys_call call, int fd, unsigned int flags, off_t at,
    off_t len)
{
	struct qt_sys_event	e = { .call = (uint16_t)call, .flags = flags,
	    .at = at, .len = len };
	struct stat		st;

	if (fstat(fd, &st) < 0)
		return;
	look(&st, &e);
	append(&e, "", "", "");
}

void
qt__sys_note_name(enum qt_sys_call call, int fd, int dirfd, const char *from,
    const char *to)
{
	struct qt_sys_event	e = { .call = (uint16_t)call };
	struct place		p = find_place(dirfd, from), q = p;
	struct stat		st;

	if (to != NULL)
		q = find_place(dirfd, to);
	if (fd >= 0 ? fstat(fd, &st) == 0 :
	    fstatat(dirfd, to != NULL ? to : from, &st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		e.ino = st.st_ino;
	e.dev = p.dev;
	e.dir = p.ino;
	e.name_len = (uint32_t)p.len;
	e.to_dir = to != NULL ? q.ino : 0;
	e.to_len = to != NULL ? (uint32_t)q.len : 0;
	append(&e, p.name, q.name, "");
}

void
qt_sys_record_mark(uint64_t what, uint64_t value)
{
	struct qt_sys_event	e = { .call = QT_SYS_COUNT_, .ino = what,
	    .at = (int64_t)value };

	if (log_fd >= 0)
		append(&e, "", "", "");
}
