/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store and letting go of it. See <qt/store/store.h>. */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "collect_priv.h"
#include "detach_priv.h"
#include "handle_priv.h"
#include "open_memory_priv.h"
#include "store_priv.h"
#include "super_priv.h"
#include "worker_priv.h"

int
qt__store_writable(struct qt_store *s, struct qt_err *err)
{
	if (!s->is_rdonly)
		return 0;
	qt_err_set(err, "'%s' is open for reading only", s->path);
	return -EROFS;
}

uint64_t
qt__store_deadline(const struct qt_store *s)
{
	return qt_clock_mono_ms() + s->set.lock_timeout_ms;
}

uint64_t
qt__store_left(uint64_t since_ms, uint64_t interval_ms)
{
	uint64_t	now = qt_clock_mono_ms();

	return since_ms > now || now - since_ms >= interval_ms ? 0 :
	    interval_ms - (now - since_ms);
}

uint64_t
qt__store_now(const struct qt_store *s)
{
	uint64_t	now = qt_clock_real_ms();
	uint64_t	highest = atomic_load_explicit(&s->ctl->clock_ms,
	    memory_order_relaxed);

	return now > highest ? now : highest;
}

static int
open_folder(int dirfd, const char *name, struct qt_err *err)
{
	int	fd = qt_sys_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		qt_err_set(err, "open folder '%s'", name);
	return fd;
}

static int
open_folders(struct qt_store *s, struct qt_err *err)
{
	struct stat	st;

	s->run_fd = open_folder(s->dirfd, "run", err);
	if (s->run_fd < 0)
		return s->run_fd;
	s->big_fd = open_folder(s->dirfd, "big", err);
	if (s->big_fd < 0)
		return s->big_fd;
	s->wal_dirfd = qt__format_wal_dir(&s->format, s->dirfd, err);
	if (s->wal_dirfd < 0)
		return s->wal_dirfd;
	/* Shared memory is for whom the folder is for. */
	if (fstat(s->dirfd, &st) < 0)
		return -errno;
	s->mode = (st.st_mode & 020) != 0 ? 0660 : 0600;
	s->group = (st.st_mode & 020) != 0 ? st.st_gid : (gid_t)-1;
	return 0;
}

static void
free_store(struct qt_store *s)
{
	qt__worker_stop(s);
	qt__handle_stop(s);
	qt__super_clear(s);
	qt__manifest_free(s->now);
	qt__user_close(&s->user);
	qt_seg_close(s->seg);
	for (size_t i = 0; i < 4; i++) {
		int	fds[] = { s->dirfd, s->run_fd, s->big_fd,
		    s->wal_dirfd };

		if (fds[i] >= 0)
			close(fds[i]);
	}
	pthread_mutex_destroy(&s->maintain_mutex);
	pthread_mutex_destroy(&s->write_mutex);
	pthread_mutex_destroy(&s->sync_mutex);
	pthread_mutex_destroy(&s->order_mutex);
	pthread_mutex_destroy(&s->user_mutex);
	pthread_mutex_destroy(&s->super_mutex);
	free(s->supers);
	free(s->path);
	free(s);
}

static struct qt_store *
new_store(const char *path)
{
	struct qt_store	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->dirfd = s->run_fd = s->big_fd = s->wal_dirfd = -1;
	s->user = (struct qt__user)QT__USER_INIT;
	pthread_mutex_init(&s->maintain_mutex, NULL);
	pthread_mutex_init(&s->write_mutex, NULL);
	pthread_mutex_init(&s->sync_mutex, NULL);
	pthread_mutex_init(&s->order_mutex, NULL);
	pthread_mutex_init(&s->user_mutex, NULL);
	pthread_mutex_init(&s->super_mutex, NULL);
	s->path = strdup(path);
	s->supers = aligned_alloc(64, QT__SUPERS * sizeof(*s->supers));
	if (s->path == NULL || s->supers == NULL) {
		free_store(s);
		return NULL;
	}
	return s;
}

/* Somebody removed the store while it was opened, or another took its place: what
   is missing of it is no damage. */
static bool
is_removed(const struct qt_store *s, const char *path)
{
	struct stat	ours, now;

	return s->dirfd >= 0 && fstat(s->dirfd, &ours) == 0 &&
	    (stat(path, &now) < 0 || ours.st_ino != now.st_ino ||
	    ours.st_dev != now.st_dev);
}

int
qt_store_open(const char *path, const struct qt_store_options *options,
    struct qt_store **out, struct qt_err *err)
{
	struct qt_store	*s = new_store(path);
	int		 rc = 0;

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	if (options != NULL) {
		s->flags = options->flags;
		s->tell = options->tell;
		s->tell_arg = options->tell_arg;
	}
	s->is_rdonly = (s->flags & QT_STORE_RDONLY) != 0;
	s->dirfd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (s->dirfd < 0) {
		rc = s->dirfd == -ENOTDIR ? -QT_EFORMAT : s->dirfd;
		qt_err_set(err, rc == -QT_EFORMAT ? "it is no folder" :
		    "open its folder");
	}
	if (rc == 0)
		rc = qt__format_load(&s->format, s->dirfd, err);
	if (rc == 0) {
		s->set = options != NULL && options->settings != NULL ?
		    *options->settings : s->format.set;
		memcpy(&s->store_id, s->format.id, sizeof(s->store_id));
		rc = qt__settings_check(&s->set, err);
	}
	if (rc == 0)
		rc = open_folders(s, err);
	if (rc == 0)
		rc = qt__memory_open(s, err);
	if (rc == 0)
		rc = qt__handle_start(s, err);
	if (rc < 0) {
		if (is_removed(s, path)) {
			rc = -ENOENT;
			qt_err_set(err, "it was removed meanwhile");
		}
		qt_err_wrap(err, "open store '%s'", path);
		free_store(s);
		return rc;
	}
	qt__detach_adopt(s);
	*out = s;
	return 0;
}

int
qt_store_close(struct qt_store *s, struct qt_err *err)
{
	int	rc = 0;

	if (s == NULL)
		return 0;
	qt__worker_stop(s);
	if (!((s->flags & QT_STORE_DETACH) && qt__detach(s)) &&
	    s->is_unsynced && s->set.mode != QT_STORE_MEMORY)
		rc = qt_store_sync(s, 0, err);
	qt__collect_strays(s);
	if (rc == 0 && s->dead_syncer != 0)
		(void)atomic_compare_exchange_strong(&s->ctl->syncer,
		    &s->dead_syncer, 0);
	free_store(s);
	return rc;
}
