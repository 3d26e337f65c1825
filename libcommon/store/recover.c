/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory, from the folder.
 *
 * When the control segment is not there (after a reboot, or the first time), or
 * does not have the stamp of LOCK (the store was used elsewhere since), and nobody
 * uses the store, the first one to open it makes it again, under the lock byte
 * QT__LOCK_FORMAT. A new stamp first; then each log that is not in runs yet is
 * read into a memtable of its own, checked, cut where it was torn, and indexed;
 * last of all the control segment appears. Killed before: the next one begins
 * again and replaces what it finds.
 *
 * Logs are one history: log n + 1 begins where log n ends. So the history ends
 * at the first gap, be it that a log is missing, and what lies behind is thrown
 * away, unless something in it says that durability had reached beyond the gap:
 * that is damage, and refused. Files are changed only when that is known.
 */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "big_collect_priv.h"
#include "log_priv.h"
#include "open_memory_priv.h"
#include "recover_priv.h"
#include "rotate_priv.h"
#include "super_priv.h"

#define PIECE	(UINT64_C(1) << 20)

static int
make_mem(struct qt__recovery *r, uint64_t size, struct qt__mem **out,
    struct qt_err *err)
{
	struct qt_store		*s = r->s;
	uint64_t		 want = qt__rotate_size(s);
	struct qt__mem_spec	 spec = {
		.number = r->number, .base = r->base, .store = s->store_id,
		.log_size = want > size ? want : (size + QT__BACK_STEP - 1) /
		    QT__BACK_STEP * QT__BACK_STEP,
		.chain = r->chain, .mode = s->mode, .group = s->group,
		.key = r->key,
	};
	char			 name[QT__SEG_NAME_SIZE];
	int			 rc;

	qt__mem_name(name, s->name, r->number);
	/* Of a log that turned out to be none: qt__recover_log(). */
	rc = s->is_private ? 0 : qt_seg_unlink(name);
	if (rc == -EPERM || rc == -EACCES) {
		qt_err_set(err, "'%s' in /dev/shm, of before this store was "
		    "used elsewhere or put back, is another user's: let him "
		    "open it first", name + 1);
		return rc;
	}
	rc = qt__mem_create(out, s->is_private ? NULL : name, &spec, err);
	return rc;
}

/* The file's bytes into the image, and a head that is known to be good. */
static int
read_file(struct qt__recovery *r, struct qt__mem *m, int fd, uint64_t size,
    struct qt_err *err)
{
	uint64_t	at = 0, back = qt__mem_back_end(size, m->log_size);
	int		rc = 0;

	if (size > QT__BACK_STEP)
		rc = qt_seg_back(m->seg, m->head->log_at, back);
	while (rc == 0 && at < size) {
		ssize_t	n = qt_sys_pread(fd, m->log + at,
		    size - at < PIECE ? size - at : PIECE, (off_t)at);

		if (n < 0)
			rc = (int)n;
		else if (n == 0)
			break;
		else
			at += (uint64_t)n;
	}
	if (rc < 0) {
		qt_err_set(err, "read log %llu",
		    (unsigned long long)r->number);
		return rc;
	}
	if (size > QT__BACK_STEP)
		atomic_store(&m->head->backed, back);
	return qt__log_check((const void *)m->log, at, r->number,
	    r->s->store_id, err);
}

/* What was thrown away is not the first one because those before it are gone. */
static bool
is_history(const struct qt__recovery *r, const struct qt__log_head *h)
{
	const struct qt__manifest	*m = r->manifest;

	if (r->is_over)
		return false;
	/* A part of the first one may be in a run already. */
	return r->count > 0 ? h->base == r->base : h->base >= m->version ||
	    m->flush.output != 0;
}

static void
tell_torn(const struct qt_store *s, uint64_t number, uint64_t end)
{
	char	text[128];

	if (s->tell == NULL)
		return;
	snprintf(text, sizeof(text), "log %llu was torn at %llu and is cut there",
	    (unsigned long long)number, (unsigned long long)end);
	s->tell(s->tell_arg, text);
}

static int
use_log(struct qt__recovery *r, struct qt__mem *m, int fd, uint64_t size,
    struct qt_err *err)
{
	const struct qt__log_head *h = (const void *)m->log;
	struct qt__log_end	   end;
	int			   rc = 0;

	qt__log_scan(&end, m->log, size);
	if (end.claim > r->claim)
		r->claim = end.claim;
	if (!is_history(r, h)) {
		r->is_over = true;
		return 0;
	}
	if (!r->s->set.recover && (end.records > 0 || end.is_torn)) {
		qt_err_set(err, "log %llu has to be replayed, and 'recover' is "
		    "off; with recover=on it is",
		    (unsigned long long)r->number);
		return -ECANCELED;
	}
	if (end.later != 0) {
		memset(m->log + end.end, 0, size - end.end);
		r->wipes[r->count] = end.end;
	}
	if (end.is_torn && r->claim <= h->base + end.end)
		tell_torn(r->s, r->number, end.end);
	/* What is in the page cache only counts as durable from now on. */
	if (!r->s->is_private)
		rc = qt_sys_fsync(fd);
	if (rc < 0) {
		qt_err_set(err, "sync log %llu",
		    (unsigned long long)r->number);
		return rc;
	}
	m->base = m->head->base = h->base;
	m->seed = qt__log_seed(h);
	atomic_store(&m->head->chain, end.chain);
	atomic_store(&m->head->head, end.end);
	atomic_store(&m->head->room, size);
	atomic_store(&m->head->filled, size);
	r->base = h->base + end.end;
	r->chain = end.chain;
	if (end.clock_ms > r->clock_ms)
		r->clock_ms = end.clock_ms;
	/* Room in the index for as many keys as there may be. */
	rc = qt__mem_room(m, 0, end.records);
	return rc < 0 ? rc : qt__mem_redo(m);
}

/* One that turned out not to be of the history. */
static void
drop(struct qt__recovery *r, struct qt__mem *m)
{
	char	name[QT__SEG_NAME_SIZE];

	qt__mem_release(m);
	qt__mem_name(name, r->s->name, r->number);
	if (!r->s->is_private)
		(void)qt_seg_unlink(name);
}

int
qt__recover_log(struct qt__recovery *r, struct qt_err *err)
{
	struct qt_store	*s = r->s;
	struct qt__mem	*m;
	char		 name[QT__WAL_NAME_SIZE];
	uint64_t	 size;
	int		 fd, rc;

	qt__wal_name(name, r->number);
	fd = qt_sys_open(s->wal_dirfd, name, (s->is_private ? O_RDONLY :
	    O_RDWR) | O_NONBLOCK, 0);
	if (fd == -ENOENT)
		return 0;
	qt_err_set(err, "open it");
	rc = fd < 0 ? fd : qt__log_stat(fd, &size, err);
	if (rc < 0) {
		qt_err_wrap(err, "log '%s'", name);
		goto out;
	}
	rc = make_mem(r, size, &m, err);
	if (rc < 0)
		goto out;
	rc = read_file(r, m, fd, size, err);
	if (rc == -QT_EFORMAT) {
		/* Recycled, or made, and nothing was ever synced to it. */
		drop(r, m);
		rc = 0;
		goto out;
	}
	if (rc == 0)
		rc = use_log(r, m, fd, size, err);
	if (rc < 0 || r->is_over)
		drop(r, m);
	else
		r->mems[r->count++] = m;
	if (rc == 0)
		rc = 1;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
load_logs(struct qt__recovery *r, struct qt_err *err)
{
	struct qt__mem	*m;
	int		 rc = 1;

	if (r->manifest->flush.output != 0)
		r->claim = r->manifest->version;
	while (rc == 1 && !r->is_over && r->count < QT__MEMS_MAX - 1) {
		rc = qt__recover_log(r, err);
		if (rc == 1 && !r->is_over)
			r->number++;
	}
	if (rc >= 0)
		rc = qt__recover_end(r, err);
	if (rc < 0 || r->count > 0)
		return rc;
	rc = make_mem(r, 0, &m, err);
	if (rc == 0)
		r->mems[r->count++] = m;
	return rc;
}

static void
fill(struct qt__ctl *ctl, void *arg)
{
	struct qt__recovery		*r = arg;
	struct qt_store		*s = r->s;
	struct qt__mem		*active = r->mems[r->count - 1];

	memcpy(ctl->id, s->format.id, sizeof(ctl->id));
	memcpy(ctl->stamp, r->stamp, sizeof(ctl->stamp));
	ctl->key = r->key;
	qt__where_set(ctl, &(struct qt__where){
		.first_wal = r->mems[0]->number, .active = active->number,
		.manifest = r->manifest->number, .sum = r->manifest->crc });
	ctl->reclaimed = r->mems[0]->number;
	ctl->has_garbage = 1;
	ctl->due = 1;
	ctl->durable = r->base;
	ctl->clock_ms = r->clock_ms;
	ctl->frozen_ms = qt_clock_mono_ms();
	ctl->next_big = r->next_big;
}

static void
clear(struct qt__recovery *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		qt__mem_release(r->mems[i]);
	qt__manifest_free(r->manifest);
}

/* Whatever memory of the store there is, here or elsewhere, counts no more. */
static int
forget_all(struct qt__recovery *r, int lock_fd, struct qt_err *err)
{
	int	rc = qt__stamp_make(lock_fd, r->stamp);

	if (rc < 0) {
		qt_err_set(err, "write to 'LOCK'");
		return rc;
	}
	rc = qt__manifest_settle(r->s->dirfd, err);
	return rc < 0 ? rc : qt__control_forget(r->s->name, true);
}

int
qt__recover(struct qt_store *s, int lock_fd, struct qt_err *err)
{
	struct qt__recovery	 r = { .s = s };
	int		 rc;

	qt_hash_key_init(&r.key);
	rc = s->is_private ? 0 : forget_all(&r, lock_fd, err);
	if (rc == 0)
		rc = qt__manifest_load(&r.manifest, s->dirfd, 0, err);
	if (rc == 0) {
		r.number = r.manifest->first_wal;
		r.clock_ms = r.manifest->clock_ms;
		/* Versions do not repeat, whatever became of the logs. */
		r.base = (r.manifest->version + 1023) & ~UINT64_C(1023);
		rc = load_logs(&r, err);
	}
	if (rc == 0)
		rc = qt__big_next(s->big_fd, r.manifest, &r.next_big, err);
	if (rc == 0)
		rc = qt__control_create(&s->seg, &s->ctl,
		    s->is_private ? NULL : s->name, s->mode, s->group, fill,
		    &r, err);
	/* Without names nobody finds them again. */
	if (rc == 0 && s->is_private)
		qt__super_adopt(s, r.mems, r.count);
	clear(&r);
	return rc;
}
