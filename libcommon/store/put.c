/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing. What is done under WRITE, and what a death leaves, is in mem_priv.h;
 * making it durable is sync.c's.
 */

#include <errno.h>
#include <stdlib.h>

#include "durable_priv.h"
#include "get_priv.h"
#include "handle_priv.h"
#include "log_priv.h"
#include "maintain_priv.h"
#include "put_priv.h"
#include "rotate_priv.h"
#include "seek_priv.h"
#include "store_priv.h"
#include "stored_priv.h"
#include "super_priv.h"
#include "sync_priv.h"
#include "worker_priv.h"

#define EXPECTED	8u	/* lines of the index that are fetched ahead */
#define TRIES		8u	/* to find room on a full disk */

struct commit {
	const struct qt_store_put *puts;
	struct qt__stored *stored;	/* NULL: the values as they are */
	size_t		 count;
	uint64_t	 size;		/* bytes of frames */
	uint64_t	 version, end;	/* of the last record */
	size_t		 which;
	uint64_t	 now_ms;
};

static struct qt__log_record
record_of(const struct commit *c, size_t i)
{
	const struct qt_store_put *p = &c->puts[i];
	struct qt__log_record	   r = {
		.key = p->key, .key_len = (uint32_t)p->key_len,
		.value = p->value, .value_len = (uint32_t)p->value_len,
		.expires_ms = p->expires_ms, .time_ms = c->now_ms,
		.tag = p->tag,
		.flags = i + 1 < c->count ? QT__FRAME_MORE : 0,
	};

	if (c->stored != NULL) {
		r.value = c->stored[i].value;
		r.value_len = c->stored[i].len;
		r.flags |= c->stored[i].flags;
	}
	if (p->flags & QT_STORE_DEL) {
		r.flags |= QT__DEL;
		r.value_len = 0;
		r.expires_ms = 0;
	}
	return r;
}

static int
check_limits(const struct commit *c, size_t *which, struct qt_err *err)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct qt_store_put *p = &c->puts[i];

		*which = i;
		if (p->key_len == 0 || p->key_len > QT_STORE_KEY_MAX) {
			qt_err_set(err, "a key of %zu bytes: keys have 1 to %u",
			    p->key_len, QT_STORE_KEY_MAX);
			return -EMSGSIZE;
		}
		if (p->value_len > QT_STORE_VALUE_MAX) {
			qt_err_set(err, "a value of %zu bytes: the limit is %u",
			    p->value_len, QT_STORE_VALUE_MAX);
			return -EMSGSIZE;
		}
	}
	*which = 0;
	return 0;
}

/* Bytes of all frames. */
static void
measure(struct commit *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct qt__log_record	r = record_of(c, i);

		c->size += qt__log_size(&r);
	}
}

int
qt__write_take(struct qt_store *s, struct qt_err *err)
{
	int	rc;

	pthread_mutex_lock(&s->write_mutex);
	rc = qt__store_user(s, err);
	if (rc == 0)
		rc = qt__lock_take(&s->ctl->write, &s->user,
		    qt__store_deadline(s), err);
	if (rc < 0) {
		qt_err_wrap(err, "wait for the write lock");
		pthread_mutex_unlock(&s->write_mutex);
		return rc;
	}
	if (rc == 1) {
		rc = qt__maintain_catch_up(s, err);
		if (rc < 0)
			qt__write_give(s);
	}
	return rc;
}

void
qt__write_give(struct qt_store *s)
{
	qt__lock_give(&s->ctl->write, &s->user);
	pthread_mutex_unlock(&s->write_mutex);
}

int
qt__write_begin(struct qt_store *s, struct qt__stripe **stripe,
    struct qt__mem **mem, struct qt_err *err)
{
	int	rc = qt__write_take(s, err);

	if (rc < 0)
		return rc;
	/* Only now is what it says true: an epoch read before the lock was
	   another's. */
	rc = qt__super_get(s, stripe, err);
	if (rc < 0)
		goto err_after_lock;
	*mem = (*stripe)->super->mems[0];
	/* Also where nobody died: it is one comparison. */
	rc = qt__mem_redo(*mem);
	if (rc == 0)
		return 0;
	qt_err_set(err, "memtable %llu", (unsigned long long)(*mem)->number);
	qt__super_release(*stripe);
err_after_lock:
	qt__write_give(s);
	return rc;
}

void
qt__write_end(struct qt_store *s, struct qt__stripe *stripe)
{
	qt__super_release(stripe);
	qt__write_give(s);
}

/* What the conditions say about what is there. -EAGAIN: super is outdated. */
static int
check_one(struct qt_store *s, struct qt__super *super,
    const struct qt_store_put *p, uint64_t now_ms, struct qt_err *err)
{
	struct qt__entry	 e;
	void			*own;
	bool			 is_there;
	int			 rc;

	rc = qt__lookup(s, super, &e, &own, p->key, p->key_len, UINT64_MAX,
	    err);
	if (rc == -ENOENT) {
		rc = qt__super_moved(s, super, err);
		return rc < 0 ? rc : -EAGAIN;
	}
	if (rc < 0)
		return rc;
	is_there = rc == 1 && !(e.flags & QT__DEL) &&
	    (e.expires_ms == 0 || e.expires_ms > now_ms);
	free(own);
	if ((p->flags & QT_STORE_IF_ABSENT) && is_there)
		return -EEXIST;
	if ((p->flags & QT_STORE_IF_VERSION) &&
	    p->if_version != (is_there ? e.version : 0))
		return -ESTALE;
	if ((p->flags & QT_STORE_DEL) && !is_there)
		return -ENOENT;
	return 0;
}

static int
check_all(struct qt_store *s, struct qt__super *super, struct commit *c,
    struct qt_err *err)
{
	const unsigned int	conditions = QT_STORE_IF_ABSENT |
	    QT_STORE_IF_VERSION | QT_STORE_DEL;

	for (size_t i = 0; i < c->count; i++) {
		int	rc;

		if (!(c->puts[i].flags & conditions))
			continue;
		rc = check_one(s, super, &c->puts[i], c->now_ms, err);
		if (rc < 0) {
			c->which = i;
			return rc;
		}
	}
	return 0;
}

/* A condition that does not hold now: no file has to be written for it. */
static int
check_early(struct qt_store *s, struct commit *c, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	int			 rc;

	do {
		rc = qt__super_get(s, &stripe, err);
		if (rc < 0)
			return rc;
		c->now_ms = qt__store_now(s);
		rc = check_all(s, stripe->super, c, err);
		qt__super_release(stripe);
	} while (rc == -EAGAIN);
	return rc;
}

/* The spare log goes where its blocks are needed. false: there was none. */
static bool
give_spare(const struct qt_store *s)
{
	return qt__durable_remove(s->wal_dirfd, QT__WAL_SPARE) == 0;
}

/* What can be done before WRITE is taken. */
static int
prepare(struct qt_store *s, struct commit *c, struct qt_err *err)
{
	int	rc = check_limits(c, &c->which, err);

	if (rc == 0 && qt__stored_is_due(s, c->puts, c->count)) {
		rc = check_early(s, c, err);
		if (rc == 0)
			rc = qt__stored_make(s, &c->stored, c->puts, c->count,
			    err);
		if (rc == -ENOSPC && give_spare(s))
			rc = qt__stored_make(s, &c->stored, c->puts, c->count,
			    err);
	}
	if (rc == 0)
		measure(c);
	return rc;
}

/* Frames, head, index. Nothing here can fail but on damage. */
static int
append(struct qt_store *s, struct qt__mem *m, struct commit *c)
{
	struct qt__ctl	*ctl = s->ctl;
	uint64_t	 at = atomic_load_explicit(&m->head->head,
	    memory_order_relaxed);
	uint64_t	 durable = atomic_load_explicit(&ctl->durable,
	    memory_order_acquire);
	uint32_t	 chain = atomic_load_explicit(&m->head->chain,
	    memory_order_relaxed);

	for (size_t i = 0; i < c->count; i++) {
		struct qt__log_record	r = record_of(c, i);
		uint64_t		version = m->base + at;

		chain = qt__log_put((void *)(m->log + at), m->seed, chain,
		    version > durable ? version - durable : 0, &r);
		c->version = version;
		at += qt__log_size(&r);
	}
	c->end = m->base + at;
	atomic_store_explicit(&m->head->head, at, memory_order_release);
	if (c->now_ms > atomic_load_explicit(&ctl->clock_ms,
	    memory_order_relaxed))
		atomic_store_explicit(&ctl->clock_ms, c->now_ms,
		    memory_order_relaxed);
	return qt__mem_redo(m);
}

/*
 * Under WRITE, so nothing comes to what is visible. All of it is durable: who
 * saved it died before he took the poison away, or was deposed and met with an
 * error later.
 */
static bool
is_poisoned(struct qt__ctl *ctl, const struct qt__mem *m)
{
	uint32_t	poison = atomic_load(&ctl->poison);

	if (poison == 0)
		return false;
	if (atomic_load(&ctl->durable) < qt__mem_end(m))
		return true;
	return !atomic_compare_exchange_strong(&ctl->poison, &poison, 0);
}

/* Under WRITE. -EAGAIN: once more, from the beginning. */
static int
commit(struct qt_store *s, struct qt__super *super, struct qt__mem *m,
    struct commit *c, struct qt_err *err)
{
	int	rc;

	if (atomic_load_explicit(&s->ctl->is_gone, memory_order_relaxed)) {
		qt_err_set(err, "the store, or its file LOCK, was removed since "
		    "it was opened: open it again");
		return -QT_EGONE;
	}
	if (is_poisoned(s->ctl, m)) {
		qt_err_set(err, "the disk failed a sync (%s): the store is "
		    "read-only until one succeeds",
		    qt_strerror((int)atomic_load(&s->ctl->poison)));
		return -EROFS;
	}
	for (size_t i = 0; i < c->count && i < EXPECTED; i++)
		qt__mem_expect(m, c->puts[i].key, c->puts[i].key_len);
	c->now_ms = qt__store_now(s);
	rc = check_all(s, super, c, err);
	if (rc < 0)
		return rc;
	if (c->size > m->log_size - QT__LOG_FIRST) {
		qt_err_set(err, "%llu bytes at once, and a memtable "
		    "holds %llu: put fewer at once, or raise memtable-size",
		    (unsigned long long)c->size,
		    (unsigned long long)m->log_size);
		return -E2BIG;
	}
	rc = atomic_load(&m->head->is_frozen) ? 0 :
	    qt__mem_room(m, c->size, c->count);
	if (rc == 0) {
		rc = qt__rotate(s, m, err);
		return rc < 0 ? rc : 1;
	}
	if (rc < 0)
		qt_err_set(err, "memory of the memtable, in /dev/shm");
	else
		rc = qt__wal_room(s, m, atomic_load(&m->head->head) + c->size,
		    err);
	return rc < 0 ? rc : append(s, m, c);
}

static bool
has_to_sync(const struct qt_store *s, const struct commit *c)
{
	size_t	len = strlen(s->set.sync_prefix);
	bool	is_async = s->set.mode != QT_STORE_SYNC;

	for (size_t i = 0; i < c->count; i++) {
		const struct qt_store_put *p = &c->puts[i];

		if (p->flags & QT_STORE_SYNC_NOW)
			return true;
		if (p->flags & QT_STORE_ASYNC_NOW)
			is_async = true;
		else if (s->set.mode == QT_STORE_HYBRID &&
		    ((len > 0 && p->key_len >= len &&
		    memcmp(p->key, s->set.sync_prefix, len) == 0) ||
		    (p->tag < 32 && s->set.sync_tags >> p->tag & 1)))
			return true;
	}
	return !is_async;
}

static void
count_puts(struct qt_store *s, const struct commit *c)
{
	uint64_t	dels = 0;

	for (size_t i = 0; i < c->count; i++)
		dels += (c->puts[i].flags & QT_STORE_DEL) != 0;
	if (dels > 0)
		qt__count(s->ctl, QT__DELS, dels);
	qt__count(s->ctl, QT__PUTS, c->count - dels);
}

/* After commit() has found none: 0 to try again. */
static int
make_room(struct qt_store *s, int why, struct qt_err *err)
{
	int	rc;

	if (why == -ENOSPC && give_spare(s))
		return 0;
	rc = qt__maintain_make_room(s, why == -ENOSPC, err);
	if (why == -ENOSPC)
		qt__super_tidy(s);
	return rc == -ENOSPC && give_spare(s) ? 0 : rc;
}

int
qt_store_put_many(struct qt_store *s, uint64_t *version, size_t *which,
    const struct qt_store_put *puts, size_t count, struct qt_err *err)
{
	struct commit		 c = { .puts = puts, .count = count };
	struct qt__stripe	*stripe;
	struct qt__mem		*m;
	unsigned int		 tries = 0;
	int			 rc;

	if (count == 0)
		return 0;
	rc = qt__store_writable(s, err);
	if (rc == 0)
		rc = prepare(s, &c, err);
	while (rc == 0) {
		rc = qt__write_begin(s, &stripe, &m, err);
		if (rc < 0)
			break;
		rc = commit(s, stripe->super, m, &c, err);
		qt__write_end(s, stripe);
		if (rc == 1)
			rc = 0;
		else if (rc == -EAGAIN || (rc == -ENOSPC && tries++ < TRIES))
			rc = make_room(s, rc, err);
		else
			break;
	}
	/* Also where the index turned out to be damaged behind that. */
	qt__stored_free(s, c.stored, count, c.end != 0);
	if (which != NULL)
		*which = c.which;
	if (rc < 0)
		return rc;
	count_puts(s, &c);
	qt__worker_start(s);
	if (version != NULL)
		*version = c.version;
	if (has_to_sync(s, &c))
		return qt__sync_to(s, c.end, err);
	atomic_store_explicit(&s->is_unsynced, true, memory_order_relaxed);
	return 0;
}

int
qt_store_put(struct qt_store *s, uint64_t *version,
    const struct qt_store_put *put, struct qt_err *err)
{
	return qt_store_put_many(s, version, NULL, put, 1, err);
}
