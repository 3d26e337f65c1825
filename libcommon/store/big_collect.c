/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of big values that nobody needs. See big_priv.h.
 *
 * Each number is looked at once: big_swept of the control segment is the least
 * that has not been. It is 0 when the control segment is new, as a power cut may
 * have left files whose records were lost, and after the store was cleared.
 *
 *	claimed			its writer may yet write the record: later
 *	listed as dropped	it goes with its list, drop by drop
 *	named by a record	stays
 *	else			goes, unless somebody still uses an older
 *				manifest: it may have been named before a clear
 *
 * First it is asked whether a file is claimed, then the super is taken in which
 * its record is looked for. So where there is no claim any more, its writer has
 * written the record before, and it is found; or the writer is dead, and may have
 * committed the record without indexing it. Taking WRITE in between indexes it.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "big_collect_priv.h"
#include "durable_priv.h"
#include "numbers_priv.h"
#include "put_priv.h"
#include "super_priv.h"

#define STEP	8192u		/* files at once */

struct sweep {
	struct qt_store			*s;
	const struct qt__manifest	*now;
	uint64_t			 from, to;
	struct qt_buf			 numbers;	/* numbers_priv.h, sorted */
	struct qt_buf			 key;
	bool				 is_pinned;
};

static int
note_number(void *arg, const char *name)
{
	struct sweep	*w = arg;
	uint64_t	 number = qt__number_of(name, ".big");

	return number == 0 || number < w->from || number >= w->to ? 0 :
	    qt__numbers_add(&w->numbers, number);
}

/* --- Is it named? --------------------------------------------------------- */

static bool
names(const struct qt__entry *e, uint64_t number)
{
	struct qt__big_ref	ref;

	return (e->flags & QT__BIG) != 0 &&
	    qt__big_ref_unpack(&ref, e->value, e->value_len) == 0 &&
	    ref.number == number;
}

/* All versions of a key in a memtable, from the newest one on. */
static int
is_in_mem(const struct qt__mem *m, const void *key, size_t len,
    uint64_t number)
{
	uint64_t		end = atomic_load_explicit(&m->head->head,
	    memory_order_acquire), at, next;
	struct qt__entry	e;
	int			rc = qt__mem_get(m, &e, key, len,
	    qt__mem_hash(&m->hash, key, len), UINT64_MAX);

	if (rc <= 0)
		return rc;
	for (at = e.version - m->base;; at = next) {
		struct qt__frame	*f = qt__mem_frame(m, at, end);

		if (f == NULL)
			return -QT_ECORRUPT;
		qt__frame_entry(m, f, &e);
		if (names(&e, number))
			return 1;
		next = (uint64_t)atomic_load_explicit(&f->link,
		    memory_order_acquire) * 8;
		if (next == 0 || next >= at)
			return 0;
	}
}

static int
is_in_run(struct qt__run *run, const void *key, size_t len, uint64_t number,
    struct qt_err *err)
{
	uint64_t		 hash = qt__run_hash(key, len);
	uint64_t		 max = UINT64_MAX;
	struct qt__entry	 e;
	void			*own;
	bool			 is_it;
	int			 rc;

	while ((rc = qt__run_get(run, &e, &own, key, len, hash, max,
	    err)) == 1) {
		is_it = names(&e, number);
		free(own);
		if (is_it || e.version == 0)
			return is_it;
		max = e.version - 1;
	}
	return rc;
}

int
qt__big_is_named(struct qt_store *s, struct qt__super *super, const void *key,
    size_t len, uint64_t number, struct qt_err *err)
{
	const struct qt__manifest	*m;
	int				 rc = 0;

	for (uint32_t i = 0; i < super->mem_count && rc == 0; i++)
		rc = is_in_mem(super->mems[i], key, len, number);
	if (rc != 0)
		return rc;
	rc = qt__super_manifest(s, super, &m, err);
	for (uint32_t i = 0; rc == 0 && i < m->run_count; i++) {
		const struct qt__slice	*slice = qt__manifest_find(m,
		    &m->runs[i], key, len);
		struct qt__run		*run;

		if (slice == NULL)
			continue;
		rc = qt__super_run(s, super, (uint32_t)(slice - m->slices),
		    &run, err);
		if (rc == 0)
			rc = is_in_run(run, key, len, number, err);
	}
	return rc;
}

/* --- Sweeping ------------------------------------------------------------- */

static bool
is_dropped(const struct qt__manifest *m, uint64_t number)
{
	for (uint32_t i = 0; i < m->drop_count; i++)
		if (m->drops[i].number == number)
			return true;
	return false;
}

/* What it is cannot be told, here or in a run: it stays, for salvage. */
static bool
is_unknown(int rc)
{
	return rc < 0 && rc != -ENOMEM && rc != -EMFILE && rc != -ENFILE;
}

/* 1: done with it; 0: to be looked at again; negative. */
static int
sweep_one(struct sweep *w, struct qt__super *super, uint64_t number,
    struct qt_err *err)
{
	struct qt__big_ref	ref;
	int			rc;

	rc = qt__big_describe(w->s->big_fd, number, &w->key, &ref);
	if (is_unknown(rc))
		return 1;
	if (rc == 1)
		rc = qt__big_is_named(w->s, super, w->key.data, w->key.len,
		    number, err);
	if (is_unknown(rc))
		return 1;
	if (rc != 0 || is_dropped(w->now, number))
		return rc < 0 ? rc : 1;
	if (w->is_pinned)
		return 0;
	rc = qt__big_remove(w->s->big_fd, number);
	if (rc == -ENOENT)
		rc = 0;
	if (rc < 0)
		qt_err_set(err, "remove 'big/%012llu.big'",
		    (unsigned long long)number);
	return rc < 0 ? rc : 1;
}

/*
 * Those that are not claimed, to the front. *first: the least that is; negative,
 * or how many.
 */
static int
leave_claimed(struct sweep *w, size_t count, uint64_t *first)
{
	int	fd = qt_sys_open(w->s->dirfd, "LOCK", O_RDWR, 0), rc = 0;
	size_t	kept = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < count && rc >= 0; i++) {
		uint64_t	number = qt__numbers_at(&w->numbers, i);

		rc = qt__big_is_claimed(fd, number);
		if (rc == 1 && number < *first)
			*first = number;
		if (rc == 0)
			memcpy(w->numbers.data + kept++ * sizeof(number),
			    &number, sizeof(number));
	}
	close(fd);
	return rc < 0 ? rc : (int)kept;
}

/* What those who are done, or dead, have committed can be found. */
static int
make_visible(struct qt_store *s, struct qt_err *err)
{
	struct qt__stripe	*stripe;
	struct qt__mem		*active;
	int			 rc = qt__write_begin(s, &stripe, &active,
	    err);

	if (rc == 0)
		qt__write_end(s, stripe);
	return rc;
}

/* What comes next in order. *upto: all before it have been looked at. */
static int
sweep_some(struct sweep *w, uint64_t *upto, struct qt_err *err)
{
	size_t			 all = qt__numbers_count(&w->numbers);
	size_t			 count = all < STEP ? all : STEP;
	struct qt__stripe	*stripe;
	int			 kept, rc;

	*upto = count < all ? qt__numbers_at(&w->numbers, count) : w->to;
	kept = leave_claimed(w, count, upto);
	if (kept < 0) {
		qt_err_set(err, "look at the locks of 'LOCK'");
		return kept;
	}
	if (kept == 0)
		return count < all;
	rc = make_visible(w->s, err);
	if (rc == 0)
		rc = qt__super_get(w->s, &stripe, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < kept && rc >= 0; i++) {
		uint64_t	number = qt__numbers_at(&w->numbers, (size_t)i);

		rc = sweep_one(w, stripe->super, number, err);
		if (rc == 0 && number < *upto)
			*upto = number;
	}
	qt__super_release(stripe);
	return rc < 0 ? rc : count < all;
}

static int
sweep(struct sweep *w, struct qt_err *err)
{
	uint64_t	upto = w->to;
	int		rc = qt__each_name(w->s->big_fd, ".", note_number, w);

	if (rc < 0) {
		qt_err_set(err, "list folder big");
		return rc;
	}
	if (w->numbers.len > 0) {
		qt__numbers_sort(&w->numbers);
		rc = sweep_some(w, &upto, err);
	}
	if (rc >= 0)
		atomic_store(&w->s->ctl->big_swept, upto);
	return rc;
}

/* Those of the list that nobody can ask for any more. */
static int
remove_dropped(struct qt_store *s, const struct qt__manifest *now,
    uint64_t oldest, struct qt_err *err)
{
	for (uint32_t i = 0; i < now->drop_count; i++) {
		int	rc;

		if (now->drops[i].since > oldest)
			continue;
		rc = qt__big_remove(s->big_fd, now->drops[i].number);
		if (rc < 0 && rc != -ENOENT) {
			qt_err_set(err, "remove 'big/%012llu.big'",
			    (unsigned long long)now->drops[i].number);
			return rc;
		}
	}
	return 0;
}

int
qt__big_collect(struct qt_store *s, const struct qt__manifest *now,
    uint64_t oldest, struct qt_err *err)
{
	struct sweep	w = { .s = s, .now = now,
		.is_pinned = oldest < now->number };
	int		rc;

	w.from = atomic_load(&s->ctl->big_swept);
	w.to = atomic_load(&s->ctl->next_big);
	rc = remove_dropped(s, now, oldest, err);
	if (rc == 0 && w.from < w.to)
		rc = sweep(&w, err);
	qt_buf_clear(&w.numbers);
	qt_buf_clear(&w.key);
	return rc;
}

/* --- After a reboot ------------------------------------------------------- */

static int
note_highest(void *arg, const char *name)
{
	uint64_t	*highest = arg, number = qt__number_of(name, ".big");

	if (number > *highest)
		*highest = number;
	return 0;
}

int
qt__big_next(int big_fd, const struct qt__manifest *m, uint64_t *next,
    struct qt_err *err)
{
	uint64_t	highest = 0;
	int		rc = qt__each_name(big_fd, ".", note_highest, &highest);

	if (rc < 0)
		qt_err_set(err, "list folder big");
	/* What is listed to be removed will be, whoever's it is by then. */
	for (uint32_t i = 0; i < m->drop_count; i++)
		if (m->drops[i].number > highest)
			highest = m->drops[i].number;
	*next = highest + 1;
	return rc;
}
