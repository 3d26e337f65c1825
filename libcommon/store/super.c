/* SPDX-License-Identifier: Apache-2.0 */
/* What readers see: supers. See store_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>

#include "handle_priv.h"
#include "store_priv.h"
#include "super_priv.h"

static struct qt__open_run *
find_run(struct qt_store *s, uint64_t number)
{
	for (uint32_t i = 0; i < s->run_count; i++)
		if (s->runs[i].number == number)
			return &s->runs[i];
	return NULL;
}

static void
drop_run(struct qt_store *s, struct qt__run *run)
{
	for (uint32_t i = 0; i < s->run_count; i++) {
		if (s->runs[i].run != run || --s->runs[i].refs > 0)
			continue;
		qt__run_close(run);
		s->runs[i] = s->runs[--s->run_count];
		return;
	}
}

/* super_mutex. */
static void
empty(struct qt_store *s, struct qt__super *super)
{
	struct qt__manifest	*m = atomic_load(&super->manifest);

	for (unsigned int i = 0; i < QT__STRIPES; i++)
		if (s->ctl != NULL && !s->is_rdonly)
			qt__count(s->ctl, QT__GETS,
			    atomic_exchange(&super->stripes[i].gets, 0));
	if (super->open != NULL) {
		for (uint32_t i = 0; i < m->slice_count; i++)
			if (super->open[i] != NULL)
				drop_run(s, super->open[i]);
		free(super->open);
		super->open = NULL;
	}
	qt__manifest_free(m);
	atomic_store(&super->manifest, NULL);
	for (uint32_t i = 0; i < super->mem_count; i++)
		qt__mem_release(super->mems[i]);
	super->mem_count = 0;
	super->is_used = false;
}

/* One that was never used: its memory is not touched before. super_mutex. */
static struct qt__super *
take_new(struct qt_store *s)
{
	struct qt__super	*super;

	if (s->super_count == QT__SUPERS)
		return NULL;
	super = &s->supers[s->super_count++];
	memset(super, 0, sizeof(*super));
	for (unsigned int i = 0; i < QT__STRIPES; i++)
		super->stripes[i].super = super;
	return super;
}

/* Old ones that nobody looks at let go of memtables and runs. super_mutex. */
static void
tidy(struct qt_store *s)
{
	bool	is_sure = false;

	for (uint32_t i = 0; i < s->super_count; i++) {
		struct qt__super	*super = &s->supers[i];

		if (!super->is_used || super == atomic_load(&s->super))
			continue;
		/* One barrier for all, and none where there are no old ones. */
		is_sure = is_sure || qt__stripe_barrier();
		if (is_sure && qt__stripe_is_free(super->stripes))
			empty(s, super);
	}
}

void
qt__super_tidy(struct qt_store *s)
{
	pthread_mutex_lock(&s->super_mutex);
	tidy(s);
	pthread_mutex_unlock(&s->super_mutex);
}

/* super_mutex. */
static struct qt__super *
take_free(struct qt_store *s)
{
	tidy(s);
	for (uint32_t i = 0; i < s->super_count; i++)
		if (!s->supers[i].is_used)
			return &s->supers[i];
	return take_new(s);
}

static struct qt__mem *
known_mem(const struct qt__super *super, uint64_t number)
{
	for (uint32_t i = 0; super != NULL && i < super->mem_count; i++)
		if (super->mems[i]->number == number)
			return super->mems[i];
	return NULL;
}

static int
add_mem(struct qt_store *s, struct qt__super *to, const struct qt__super *old,
    uint64_t number, struct qt_err *err)
{
	struct qt__mem	*m = known_mem(old, number);
	char		 name[QT__SEG_NAME_SIZE];
	int		 rc;

	if (m != NULL) {
		atomic_fetch_add(&m->refs, 1);
	} else {
		qt__mem_name(name, s->name, number);
		rc = qt__mem_open(&m, name, s->is_rdonly, number,
		    &s->ctl->key, err);
		if (rc < 0)
			return rc;
		if (!s->is_rdonly)
			qt__handle_mapped(s, m);
	}
	to->mems[to->mem_count++] = m;
	return 0;
}

/* Slices that the last super had open stay so. super_mutex. */
static int
keep_open(struct qt_store *s, struct qt__super *super, struct qt__manifest *m)
{
	super->open = calloc(m->slice_count + 1, sizeof(*super->open));
	if (super->open == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; s->run_count > 0 && i < m->slice_count; i++) {
		struct qt__open_run	*r = find_run(s,
		    m->slices[i].info.number);

		if (r == NULL)
			continue;
		r->refs++;
		super->open[i] = r->run;
	}
	return 0;
}

static int
fill(struct qt_store *s, struct qt__super *super, struct qt_err *err)
{
	struct qt__where	w;
	int			rc = 0;

	super->epoch = qt__where_get(s->ctl, &w);
	super->manifest_number = w.manifest;
	super->is_used = true;
	if (w.active < w.first_wal || w.active - w.first_wal >= QT__MEMS_MAX) {
		qt_err_set(err, "the control segment is damaged: memtables "
		    "%llu to %llu", (unsigned long long)w.first_wal,
		    (unsigned long long)w.active);
		return -QT_ECORRUPT;
	}
	for (uint64_t n = w.active; rc == 0 && n >= w.first_wal && n > 0; n--)
		rc = add_mem(s, super, atomic_load(&s->super), n, err);
	return rc;
}

void
qt__super_adopt(struct qt_store *s, struct qt__mem **mems, uint32_t count)
{
	struct qt__super	*super = take_new(s);
	struct qt__where	 w;

	super->epoch = qt__where_get(s->ctl, &w);
	super->manifest_number = w.manifest;
	super->is_used = true;
	while (count > 0) {
		atomic_fetch_add(&mems[--count]->refs, 1);
		super->mems[super->mem_count++] = mems[count];
	}
	atomic_store(&s->super, super);
}

static int
refresh(struct qt_store *s, struct qt_err *err)
{
	struct qt__super	*super, *now;
	uint64_t		 end = 0, epoch;
	int			 rc = 0;

	pthread_mutex_lock(&s->super_mutex);
	for (;;) {
		epoch = atomic_load_explicit(&s->ctl->epoch,
		    memory_order_acquire);
		now = atomic_load(&s->super);
		if (now != NULL && now->epoch == epoch)
			break;
		if (atomic_load(&s->ctl->is_gone) != 0) {
			qt_err_set(err, "the store, or its shared memory, was "
			    "removed or replaced since this process opened "
			    "it: open it again");
			rc = -QT_EGONE;
			break;
		}
		super = take_free(s);
		if (super == NULL) {
			qt_err_set(err, "values, snapshots and scans of this "
			    "handle hold %u states of the store: close some",
			    QT__SUPERS - 1);
			rc = -QT_EFULL;
			break;
		}
		rc = fill(s, super, err);
		if (rc == 0) {
			atomic_store(&s->super, super);
			tidy(s);
			continue;
		}
		empty(s, super);
		/* A memtable went while we looked: look again, but not for
		   ever where one is lost. */
		if (rc != -ENOENT)
			break;
		if (end == 0)
			end = qt_clock_mono_ms() + 2000;
		if (epoch == atomic_load(&s->ctl->epoch) &&
		    qt_clock_mono_ms() > end) {
			qt_err_wrap(err, "a memtable is gone from /dev/shm");
			rc = -QT_ECORRUPT;
			break;
		}
	}
	pthread_mutex_unlock(&s->super_mutex);
	return rc;
}

int
qt__super_get_slowly(struct qt_store *s, struct qt__stripe **stripe,
    struct qt_err *err)
{
	int	rc;

	*stripe = NULL;
	do {
		rc = refresh(s, err);
	} while (rc == 0 && !qt__super_try(s, stripe));
	return rc;
}

int
qt__super_moved(struct qt_store *s, const struct qt__super *super,
    struct qt_err *err)
{
	/* Files go after the epoch has moved on. */
	if (atomic_load(&s->ctl->epoch) != super->epoch)
		return 0;
	if (s->is_private) {
		qt_err_wrap(err, "others have changed the store, open it "
		    "again");
		return -ESTALE;
	}
	qt_err_wrap(err, "a file of the store is missing");
	return -QT_ECORRUPT;
}

int
qt__super_manifest(struct qt_store *s, struct qt__super *super,
    const struct qt__manifest **out, struct qt_err *err)
{
	struct qt__manifest	*m = atomic_load_explicit(&super->manifest,
	    memory_order_acquire);
	int			 rc = 0;

	if (m == NULL) {
		pthread_mutex_lock(&s->super_mutex);
		m = atomic_load(&super->manifest);
		if (m == NULL) {
			rc = qt__manifest_load(&m, s->dirfd,
			    super->manifest_number, err);
			if (rc == 0)
				rc = keep_open(s, super, m);
			if (rc == 0)
				atomic_store_explicit(&super->manifest, m,
				    memory_order_release);
			else
				qt__manifest_free(m);
		}
		pthread_mutex_unlock(&s->super_mutex);
	}
	*out = m;
	return rc;
}

static int
add_run(struct qt_store *s, uint64_t number, struct qt__run **out,
    struct qt_err *err)
{
	struct qt__open_run	*r = find_run(s, number), *more;
	uint32_t		 room;
	int			 rc;

	if (r != NULL) {
		r->refs++;
		*out = r->run;
		return 0;
	}
	if (s->run_count == s->run_room) {
		room = s->run_room * 2 + 16;
		more = realloc(s->runs, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->runs = more;
		s->run_room = room;
	}
	rc = qt__run_open(out, s->run_fd, number, s->set.checksums ?
	    QT__RUN_VERIFY : 0, s->cache, err);
	if (rc == 0)
		s->runs[s->run_count++] = (struct qt__open_run){
			.number = number, .refs = 1, .run = *out };
	return rc;
}

int
qt__super_run(struct qt_store *s, struct qt__super *super, uint32_t i,
    struct qt__run **out, struct qt_err *err)
{
	struct qt__manifest	*m = atomic_load(&super->manifest);
	int			 rc = 0;

	*out = atomic_load_explicit(&super->open[i], memory_order_acquire);
	if (*out != NULL)
		return 0;
	pthread_mutex_lock(&s->super_mutex);
	*out = atomic_load(&super->open[i]);
	if (*out == NULL)
		rc = add_run(s, m->slices[i].info.number, out, err);
	if (rc == 0)
		atomic_store_explicit(&super->open[i], *out,
		    memory_order_release);
	pthread_mutex_unlock(&s->super_mutex);
	return rc;
}

void
qt__super_clear(struct qt_store *s)
{
	pthread_mutex_lock(&s->super_mutex);
	atomic_store(&s->super, NULL);
	for (uint32_t i = 0; i < s->super_count; i++)
		if (s->supers[i].is_used)
			empty(s, &s->supers[i]);
	free(s->runs);
	s->runs = NULL;
	s->run_count = s->run_room = 0;
	pthread_mutex_unlock(&s->super_mutex);
}
