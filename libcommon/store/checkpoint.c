/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of a store, whose runs and big values are the same files by another
 * name, where the file system lets them. See qt_store_checkpoint().
 *
 * The copy is a new store, with an id of its own, into which files are put and
 * then a manifest that names them: until then it is an empty one.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "checkpoint_priv.h"
#include "durable_priv.h"
#include "run_file_priv.h"
#include "store_priv.h"

#define PIECE	(UINT32_C(1) << 16)

struct copy {
	int		from, to;	/* folders */
};

static int
copy_bytes(int from, int to)
{
	uint8_t	piece[PIECE];
	ssize_t	n;
	int	rc = 0;

	while (rc >= 0 && (n = qt_sys_read(from, piece, sizeof(piece))) != 0)
		rc = n < 0 ? (int)n : qt_sys_write_all(to, piece, (size_t)n);
	return rc < 0 ? rc : qt_sys_fsync(to);
}

static int
share(void *arg, const char *name)
{
	struct copy	*c = arg;
	int		 from, to, rc;

	from = qt_sys_open(c->from, name, O_RDONLY | O_NONBLOCK, 0);
	/* Removed since it was listed: nothing refers to it. */
	if (from < 0)
		return from == -ENOENT ? 0 : from;
	rc = qt_sys_linkat_fd(from, c->to, name);
	if (rc < 0) {
		/* Another file system, or one without links. */
		to = qt__create_file(c->to, name, O_WRONLY | O_EXCL);
		rc = to < 0 ? to : copy_bytes(from, to);
		if (to >= 0)
			close(to);
	}
	close(from);
	return rc;
}

static int
share_runs(struct qt_store *s, int run_fd)
{
	struct copy	c = { s->run_fd, run_fd };
	int		rc = 0;

	for (uint32_t i = 0; i < s->now->slice_count && rc == 0; i++) {
		char	name[QT__RUN_NAME_SIZE];

		qt__run_name(name, s->now->slices[i].info.number);
		rc = share(&c, name);
	}
	return rc;
}

/* A folder of dest with what of ours belongs into it, durable. */
static int
fill(struct qt_store *s, int dest, const char *folder)
{
	struct copy	c = { s->big_fd, -1 };
	int		rc;

	c.to = qt_sys_open(dest, folder, O_RDONLY | O_DIRECTORY, 0);
	if (c.to < 0)
		return c.to;
	rc = folder[0] == 'r' ? share_runs(s, c.to) :
	    qt__each_name(s->big_fd, ".", share, &c);
	close(c.to);
	return rc < 0 ? rc : qt__durable_names(dest, folder);
}

/* What s->now says of data, where its first manifest says that there is none. */
static int
name_files(struct qt_store *s, int dest, struct qt_err *err)
{
	struct qt__manifest		*first, *saved, *m;
	struct qt__manifest_edit	*e;
	int				 rc;

	rc = qt__manifest_load(&first, dest, 0, err);
	if (rc < 0)
		return rc;
	rc = qt__manifest_edit(&e, s->now);
	if (rc == 0) {
		m = qt__manifest_fields(e);
		m->number = first->number;
		m->first_wal = first->first_wal;
		m->next_wal = first->next_wal;
		qt__manifest_dropped(e, UINT64_MAX);
		rc = qt__manifest_save(e, dest, &saved, err);
		if (rc < 0)
			qt__manifest_edit_free(e);
		else
			qt__manifest_free(saved);
	}
	qt__manifest_free(first);
	return rc;
}

int
qt__checkpoint_copy(struct qt_store *s, const char *dest, struct qt_err *err)
{
	int	dirfd, rc = qt_store_init(dest, &s->format.set, err);

	if (rc < 0)
		return rc;
	rc = dirfd = qt_sys_open(AT_FDCWD, dest, O_RDONLY | O_DIRECTORY, 0);
	if (rc >= 0)
		rc = fill(s, dirfd, "run");
	if (rc >= 0)
		rc = fill(s, dirfd, "big");
	if (rc < 0)
		qt_err_set(err, "copy files to '%s'", dest);
	else
		rc = name_files(s, dirfd, err);
	if (dirfd >= 0)
		close(dirfd);
	if (rc < 0)
		(void)qt_store_remove(dest, NULL);
	return rc < 0 ? rc : 0;
}
