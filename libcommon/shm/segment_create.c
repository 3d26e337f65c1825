/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a segment, so that its name appears only when it is complete.
 *
 * The file is built without a name (O_TMPFILE), filled, joined by its maker,
 * and only then linked. Killed before that, nothing is left; a second creator
 * gets EEXIST from the kernel. Where the file system has no O_TMPFILE it is
 * built under a random name and linked from there: killed in between, that
 * name (".qt-" and 16 digits, never opened by anyone) is left behind.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/sys.h>

#include "segment_priv.h"

struct unborn {
	int	fd;
	char	path[64];	/* the temporary name, or "" */
};

static bool
has_no_tmpfile(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EISDIR || rc == -EINVAL ||
	    rc == -ENOENT;
}

static int
open_unborn(struct unborn *u, const char *name, uint64_t size,
    struct qt_err *err)
{
	uint64_t	random;

	if (name == NULL) {
		u->fd = qt_sys_memfd("qt-segment", (size_t)size,
		    F_SEAL_SHRINK | F_SEAL_GROW);
		if (u->fd < 0)
			qt_err_set(err, "memfd of %" PRIu64 " bytes", size);
		return u->fd;
	}
	u->fd = qt_sys_open(AT_FDCWD, QT__SEG_DIR, O_TMPFILE | O_RDWR, 0600);
	if (has_no_tmpfile(u->fd)) {
		qt_random(&random, sizeof(random));
		snprintf(u->path, sizeof(u->path), "%s/.qt-%016" PRIx64,
		    QT__SEG_DIR, random);
		u->fd = qt_sys_open(AT_FDCWD, u->path,
		    O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0600);
	}
	if (u->fd < 0)
		qt_err_set(err, "make a file in %s", QT__SEG_DIR);
	return u->fd;
}

/* chmod after chown, and after creation: the umask has no say. */
static int
set_owner(int fd, const struct qt_seg_spec *spec, struct qt_err *err)
{
	if (spec->group != (gid_t)-1 && fchown(fd, (uid_t)-1, spec->group) < 0) {
		int	rc = -errno;

		qt_err_set(err, "give it to group %lu",
		    (unsigned long)spec->group);
		return rc;
	}
	if (fchmod(fd, spec->mode) < 0) {
		int	rc = -errno;

		qt_err_set(err, "set its mode");
		return rc;
	}
	return 0;
}

/* Memory for everything in front of the map, and for the map's two ends. */
static int
reserve_tables(int fd, const struct qt__seg_head *h, struct qt_err *err)
{
	uint64_t	page = h->page_size;
	uint64_t	last = (h->page_count - UINT64_C(1)) *
	    sizeof(struct qt__page) / page * page;
	int		rc;

	rc = qt_sys_fallocate(fd, 0, 0, (off_t)(h->map_offset + page));
	if (rc == 0)
		rc = qt_sys_fallocate(fd, 0, (off_t)(h->map_offset + last),
		    (off_t)page);
	if (rc < 0)
		qt_err_set(err, "no memory for its tables (%" PRIu64 " bytes)",
		    h->map_offset + 2 * page);
	return rc;
}

/* All data pages are one free extent. Nobody else can see the file yet. */
static void
fill_tables(struct qt_seg *seg)
{
	struct qt__txn	t = { .seg = seg };
	uint64_t	last = (seg->head.page_count - UINT64_C(1)) *
	    sizeof(struct qt__page) / seg->page;

	memcpy(seg->map, &seg->head, sizeof(seg->head));
	atomic_fetch_or(&seg->ready[0], 1);
	atomic_fetch_or(&seg->ready[last / 64], UINT64_C(1) << last % 64);
	qt__free_add(&t, 0, seg->head.page_count);
	qt__txn_commit(&t);
}

/* Beyond the limit the system would not refuse, but end us by a signal. */
static int
check_limit(uint64_t size, struct qt_err *err)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || size <= limit.rlim_cur)
		return 0;
	qt_err_set(err, "it has %" PRIu64 " bytes, and no file may have more "
	    "than %" PRIu64 " (see ulimit -f)", size,
	    (uint64_t)limit.rlim_cur);
	return -EFBIG;
}

static int
build(struct unborn *u, const char *name, const struct qt_seg_spec *spec,
    struct qt_seg **out, struct qt_err *err)
{
	struct qt__seg_head	 head;
	struct qt_seg		*seg;
	int			 rc;

	rc = qt__seg_layout(&head, spec, err);
	if (rc == 0 && (spec->flags & QT_SEG_ON_NODE))
		rc = qt__node_check(spec->node, err);
	if (rc == 0)
		rc = check_limit(head.size, err);
	if (rc < 0)
		return rc;
	rc = open_unborn(u, name, head.size, err);
	if (rc < 0)
		return rc;
	rc = set_owner(u->fd, spec, err);
	if (rc == 0 && name != NULL) {
		rc = qt_sys_ftruncate(u->fd, (off_t)head.size);
		if (rc < 0)
			qt_err_set(err, "set its size to %" PRIu64, head.size);
	}
	if (rc == 0)
		rc = qt__seg_attach(u->fd, &head, QT_SEG_JOIN, &seg, err);
	if (rc < 0)
		return rc;
	u->fd = -1;		/* the handle's now */

	/* Before it has any memory: what it has would stay where it is. */
	if (head.node != 0)
		rc = qt__node_prefer(seg, err);
	if (rc == 0)
		rc = reserve_tables(seg->fd, &head, err);
	if (rc == 0) {
		fill_tables(seg);
		rc = qt__seg_join(seg, err);
	}
	if (rc < 0)
		qt__seg_detach(seg);
	else
		*out = seg;
	return rc;
}

static int
publish(const struct qt_seg *seg, const char *name, struct qt_err *err)
{
	char	path[300];
	int	rc;

	snprintf(path, sizeof(path), "%s%s", QT__SEG_DIR, name);
	rc = qt_sys_linkat_fd(seg->fd, AT_FDCWD, path);
	if (rc < 0)
		qt_err_set(err, "link '%s'", path);
	return rc;
}

/* A name that is taken is the better answer than that there is no room. */
static bool
is_taken(const char *name)
{
	struct stat	st;
	char		path[300];

	snprintf(path, sizeof(path), "%s%s", QT__SEG_DIR, name);
	return lstat(path, &st) == 0;
}

int
qt_seg_create(const char *name, const struct qt_seg_spec *spec,
    struct qt_seg **out, struct qt_err *err)
{
	struct unborn	 u = { .fd = -1 };
	struct qt_seg	*seg = NULL;
	int		 rc = qt__seg_name_check(name, err);

	*out = NULL;
	if (rc == 0)
		rc = build(&u, name, spec, &seg, err);
	if (rc == 0 && name != NULL)
		rc = publish(seg, name, err);
	if (u.fd >= 0)
		close(u.fd);
	if (u.path[0] != '\0')
		(void)qt_sys_unlink(AT_FDCWD, u.path);
	if (rc == -ENOSPC && name != NULL && is_taken(name)) {
		rc = -EEXIST;
		qt_err_set(err, "link '%s%s'", QT__SEG_DIR, name);
	}
	if (rc < 0) {
		qt_seg_close(seg);
		qt_err_wrap(err, "make segment '%s'", name ? name : "");
		return rc;
	}
	*out = seg;
	return 0;
}
