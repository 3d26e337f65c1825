/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a segment that is there, and letting go of it. See
 * <qt/shm/segment.h>.
 *
 * The header is read with pread(2), not through a mapping: until it has been
 * compared with the file's size, touching a mapping could raise SIGBUS.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "segment_priv.h"

#define CAN_WRITE	(QT_SEG_JOIN | QT_SEG_WRITE)

/* NULL is fine: a segment without a name. */
int
qt__seg_name_check(const char *name, struct qt_err *err)
{
	size_t	len;

	if (name == NULL)
		return 0;
	len = strlen(name);
	if (name[0] == '/' && len > 1 && len <= 255 &&
	    strchr(name + 1, '/') == NULL && strcmp(name, "/.") != 0 &&
	    strcmp(name, "/..") != 0)
		return 0;
	qt_err_set(err, "a segment's name is '/' and up to 254 bytes without "
	    "another");
	return -EINVAL;
}

/* The same file by a description of its own: locks are per description. */
int
qt__seg_reopen(int fd, int flags)
{
	char	path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return qt_sys_open(AT_FDCWD, path, flags, 0);
}

/*
 * A mapping keeps the description that it was made by, and a fork child keeps
 * the mapping. So who is to be a participant, and holds its lock by fd, maps by
 * another one: or it would not be dead before its children are.
 */
static int
map_file(int fd, uint64_t size, uint64_t huge, unsigned int flags, void **map)
{
	int	apart = flags & QT_SEG_JOIN ? qt__seg_reopen(fd, O_RDWR) : fd;
	int	prot = PROT_READ, rc;

	if (apart < 0)
		return apart;
	if (flags & CAN_WRITE)
		prot |= PROT_WRITE;
	rc = huge > 0 ? qt_sys_mmap_aligned(apart, (size_t)size, prot,
	    (size_t)huge, map) : qt_sys_mmap(apart, (size_t)size, prot, map);
	if (apart != fd)
		close(apart);
	return rc;
}

static void
destroy_mutexes(struct qt_seg *seg)
{
	pthread_mutex_destroy(&seg->open_mutex);
	pthread_mutex_destroy(&seg->make_mutex);
	pthread_mutex_destroy(&seg->mutex);
}

int
qt__seg_attach(int fd, const struct qt__seg_head *head, unsigned int flags,
    struct qt_seg **out, struct qt_err *err)
{
	struct qt_seg	*seg = calloc(1, sizeof(*seg));
	void		*map;
	int		 rc;

	if (seg == NULL)
		return -ENOMEM;
	if (head->optional & QT__SEG_HUGE)
		seg->huge = qt__huge_size();
	rc = map_file(fd, head->size, seg->huge, flags, &map);
	if (rc < 0) {
		qt_err_set(err, "map %llu bytes",
		    (unsigned long long)head->size);
		goto err_after_alloc;
	}
	seg->path_fd = -1;
	if (flags & QT_SEG_JOIN) {
		seg->path_fd = qt__seg_reopen(fd, O_PATH);
		if (seg->path_fd < 0) {
			rc = seg->path_fd;
			qt_err_set(err, "open it again through /proc");
			goto err_after_map;
		}
	}
	/* On Linux none of the three can fail. */
	pthread_mutex_init(&seg->mutex, NULL);
	pthread_mutex_init(&seg->make_mutex, NULL);
	pthread_mutex_init(&seg->open_mutex, NULL);
	seg->obj_fd = seg->fork_fd = -1;
	seg->map = map;
	seg->size = head->size;
	seg->page = head->page_size;
	seg->head = *head;
	seg->ctl = (void *)(seg->map + head->ctl_offset);
	seg->slots = (void *)(seg->map + head->slot_offset);
	seg->rows = (void *)(seg->map + head->entry_offset);
	seg->ready = (void *)(seg->map + head->ready_offset);
	seg->is_rdonly = !(flags & CAN_WRITE);
	rc = qt__seg_register(seg);
	if (rc < 0)
		goto err_after_mutex;
	seg->fd = fd;
	*out = seg;
	return 0;

err_after_mutex:
	destroy_mutexes(seg);
	if (seg->path_fd >= 0)
		close(seg->path_fd);
err_after_map:
	munmap(map, (size_t)head->size);
err_after_alloc:
	free(seg);
	return rc;
}

void
qt__seg_detach(struct qt_seg *seg)
{
	qt__seg_unregister(seg);
	qt__obj_forget(seg);
	if (seg->fd >= 0)
		close(seg->fd);
	if (seg->path_fd >= 0)
		close(seg->path_fd);
	munmap(seg->map, (size_t)seg->size);
	destroy_mutexes(seg);
	free(seg);
}

void
qt_seg_close(struct qt_seg *seg)
{
	if (seg == NULL)
		return;
	qt__seg_leave(seg);
	qt__seg_detach(seg);
}

/* Ours, or shared with us through a group that we are in. */
static int
check_owner(const struct stat *st, struct qt_err *err)
{
	gid_t	groups[256];
	int	n;

	if (st->st_uid == geteuid())
		return 0;
	if ((st->st_mode & 0060) != 0) {
		n = getgroups(256, groups);
		if (st->st_gid == getegid())
			return 0;
		for (int i = 0; i < n; i++)
			if (groups[i] == st->st_gid)
				return 0;
	}
	qt_err_set(err, "it belongs to user %lu", (unsigned long)st->st_uid);
	return -QT_EOWNER;
}

static int
check_file(const struct stat *st, struct qt_err *err)
{
	if (!S_ISREG(st->st_mode)) {
		qt_err_set(err, "it is not a regular file");
		return -QT_EFORMAT;
	}
	if ((st->st_mode & S_IWOTH) != 0) {
		qt_err_set(err, "everybody may write to it");
		return -QT_EOWNER;
	}
	return 0;
}

/* Opens a checked file; fd is taken over on success only. */
static int
attach_fd(int fd, const char *kind, unsigned int flags, bool is_vouched,
    struct qt_seg **out, struct qt_err *err)
{
	struct qt__seg_head	head;
	struct stat		st;
	ssize_t			n;
	int			rc;

	if (fstat(fd, &st) < 0)
		return -errno;
	rc = is_vouched ? 0 : check_owner(&st, err);
	if (rc == 0)
		rc = check_file(&st, err);
	if (rc < 0)
		return rc;
	n = qt_sys_pread(fd, &head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof(head)) {
		qt_err_set(err, "it is too short to be a segment");
		return -QT_EFORMAT;
	}
	rc = qt__seg_check(&head, (uint64_t)st.st_size, kind, flags, err);
	if (rc < 0)
		return rc;
	rc = qt__seg_attach(fd, &head, flags, out, err);
	if (rc < 0)
		return rc;
	if (flags & QT_SEG_JOIN)
		rc = qt__seg_join(*out, err);
	if (rc < 0) {
		(*out)->fd = -1;	/* still the caller's */
		qt__seg_detach(*out);
		*out = NULL;
	}
	return rc;
}

static int
check_flags(unsigned int flags, struct qt_err *err)
{
	if (flags <= QT_SEG_RDONLY || flags == QT_SEG_WRITE)
		return 0;
	qt_err_set(err, "either join, or write, or read-only");
	return -EINVAL;
}

int
qt_seg_open(const char *name, const char *kind, unsigned int flags,
    struct qt_seg **out, struct qt_err *err)
{
	char	path[300];
	int	fd = -1, rc;

	*out = NULL;
	rc = name == NULL ? -EINVAL : qt__seg_name_check(name, err);
	if (rc == 0)
		rc = check_flags(flags, err);
	if (rc < 0)
		goto out;
	snprintf(path, sizeof(path), "%s%s", QT__SEG_DIR, name);
	fd = qt_sys_open(AT_FDCWD, path, O_NOFOLLOW | O_NONBLOCK |
	    (flags & CAN_WRITE ? O_RDWR : O_RDONLY), 0);
	if (fd < 0) {
		rc = fd;
		qt_err_set(err, "open '%s'", path);
		goto out;
	}
	rc = attach_fd(fd, kind, flags, false, out, err);
	if (rc < 0)
		close(fd);
out:
	if (rc < 0)
		qt_err_wrap(err, "segment '%s'", name ? name : "");
	return rc;
}

int
qt_seg_open_fd(int fd, const char *kind, unsigned int flags,
    struct qt_seg **out, struct qt_err *err)
{
	int	own, rc;

	*out = NULL;
	rc = check_flags(flags, err);
	if (rc < 0)
		goto out;
	if (flags & QT_SEG_JOIN)
		own = qt__seg_reopen(fd, O_RDWR);
	else
		own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0) {
		rc = flags & QT_SEG_JOIN ? own : -errno;
		qt_err_set(err, "open descriptor %d again", fd);
		goto out;
	}
	rc = attach_fd(own, kind, flags, true, out, err);
	if (rc < 0)
		close(own);
out:
	if (rc < 0)
		qt_err_wrap(err, "segment of descriptor %d", fd);
	return rc;
}

int
qt_seg_unlink(const char *name)
{
	struct qt_seg	*seg;
	char		 path[300];

	if (name == NULL || qt__seg_name_check(name, NULL) < 0)
		return -EINVAL;
	/* What the dead left beside it: nobody may find it later. */
	if (qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, NULL) == 0) {
		qt__bell_remove_dead(seg);
		qt_seg_close(seg);
	}
	snprintf(path, sizeof(path), "%s%s", QT__SEG_DIR, name);
	return qt_sys_unlink(AT_FDCWD, path);
}

int
qt_seg_dup_rdonly(const struct qt_seg *seg)
{
	return qt__seg_reopen(seg->path_fd >= 0 ? seg->path_fd : seg->fd,
	    O_RDONLY);
}

int
qt_seg_dup_rdwr(const struct qt_seg *seg)
{
	if (seg->is_rdonly)
		return -EACCES;
	return qt__seg_reopen(seg->path_fd >= 0 ? seg->path_fd : seg->fd,
	    O_RDWR);
}
