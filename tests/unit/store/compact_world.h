/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_COMPACT_WORLD_H
#define QT_TEST_COMPACT_WORLD_H

/*
 * A store without shared memory: its folder, memtables that are arrays, and all
 * that was ever written, by which each read is judged.
 */
#include "files.h"
#include "manifest_ground.h"

#include "../../../libcommon/store/compact_priv.h"
#include "array_cursor.h"

#define WORLD_RECORDS	1200u
#define WORLD_MEMS	64u
#define WORLD_NOW	1000u

struct world_mem {
	size_t	first, count;		/* of world's log */
};
struct world {
	struct ground		 g;
	struct qt__manifest	*m;
	struct record		 log[WORLD_RECORDS];	/* as written */
	struct record		 at[WORLD_RECORDS];	/* each memtable in order */
	struct record		 all[WORLD_RECORDS], seen[WORLD_RECORDS];
	size_t			 count;
	struct world_mem	 mem[WORLD_MEMS];	/* memtable n at n */
	uint64_t		 next_mem;
	struct qt__work		 work;
	_Atomic uint64_t	 written;
};

static inline int
world_open(void *arg, uint64_t number, struct qt__run **out,
    struct qt_err *err)
{
	struct world	*w = arg;

	return qt__run_open(out, w->work.run_dirfd, number, QT__RUN_VERIFY,
	    NULL, err);
}

static inline void
world_done(void *arg, struct qt__run *run)
{
	(void)arg;
	qt__run_close(run);
}

static inline void
world_written(void *arg, uint64_t bytes)
{
	struct world	*w = arg;

	w->written += bytes;
}

static inline struct world *
world_new(void)
{
	struct world	*w = calloc(1, sizeof(*w));

	assert_non_null(w);
	place_new(w->g.path, sizeof(w->g.path));
	w->g.fd = open(w->g.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->g.fd >= 0);
	assert_int_equal(mkdirat(w->g.fd, "manifest", 0777), 0);
	assert_int_equal(mkdirat(w->g.fd, "run", 0777), 0);
	assert_int_equal(mkdirat(w->g.fd, "big", 0777), 0);
	w->next_mem = 1;
	w->work = (struct qt__work){ .dirfd = w->g.fd,
	    .run_dirfd = openat(w->g.fd, "run", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC), .slice_size = 1500, .memtable_size = 4096,
	    .now_ms = WORLD_NOW,
	    .source = { .open = world_open, .done = world_done, .arg = w },
	    .written = world_written, .arg = w };
	w->m = must_save(must_edit(NULL), w->g.fd);
	return w;
}

static inline void
world_end(struct world *w)
{
	qt__manifest_free(w->m);
	close(w->work.run_dirfd);
	ground_empty(&w->g, "run");
	ground_empty(&w->g, "big");
	unlinkat(w->g.fd, "run", AT_REMOVEDIR);
	unlinkat(w->g.fd, "big", AT_REMOVEDIR);
	ground_end(&w->g);
	free(w);
}

static inline void
world_big_name(char name[40], uint64_t number)
{
	snprintf(name, 40, "big/%012llu.big", (unsigned long long)number);
}

/* A memtable full of random puts and deletions of few keys; a few are big. */
static inline void
world_fill(struct world *w, size_t count, unsigned int keys, uint32_t *seed)
{
	struct world_mem	*mem = &w->mem[w->next_mem++];
	struct record		*r;
	char			 name[40];

	assert_true(w->next_mem < WORLD_MEMS);
	assert_true(w->count + count <= WORLD_RECORDS);
	*mem = (struct world_mem){ .first = w->count, .count = count };
	for (size_t i = 0; i < count; i++) {
		r = &w->log[w->count++];
		snprintf(r->key, sizeof(r->key), "k%03u",
		    test_random(seed) % keys);
		r->version = 10 + w->count;
		r->tag = (uint8_t)w->count;
		switch (test_random(seed) % 8) {
		case 0: case 1:
			r->flags = QT__DEL;
			break;
		case 2:
			r->flags = QT__BIG;
			r->value_len = 20;
			memcpy(r->value, &r->version, 8);
			world_big_name(name, r->version);
			ground_write(&w->g, name, "big", 3);
			break;
		case 3:
			r->expires_ms = WORLD_NOW - 1 + test_random(seed) % 3;
			/* fall through */
		default:
			snprintf(r->value, sizeof(r->value), "value %zu",
			    w->count);
		}
	}
	memcpy(&w->at[mem->first], &w->log[mem->first],
	    count * sizeof(w->at[0]));
	qsort(&w->at[mem->first], count, sizeof(w->at[0]), record_compare);
}

static inline struct qt__cursor *
world_mem_cursor(const struct world *w, uint64_t number)
{
	return array_cursor(&w->at[w->mem[number].first], w->mem[number].count,
	    NULL);
}

static inline int
world_names(const struct qt__manifest *m, uint64_t number)
{
	for (uint32_t i = 0; i < m->slice_count; i++)
		if (m->slices[i].info.number == number)
			return 1;
	return 0;
}

static inline void
world_take(struct world *w, struct qt__manifest *to)
{
	char	name[40];

	/* Nobody else is here: files go at once. */
	for (uint32_t i = 0; i < w->m->slice_count; i++) {
		uint64_t	number = w->m->slices[i].info.number;

		snprintf(name, sizeof(name), "run/%012llu.run",
		    (unsigned long long)number);
		if (!world_names(to, number))
			assert_int_equal(unlinkat(w->g.fd, name, 0), 0);
	}
	w->work.oldest = to->number;
	qt__manifest_free(w->m);
	w->m = must_load(w->g.fd, 0);
	assert_int_equal(w->m->number, to->number);
	qt__manifest_free(to);
}

static inline int
world_flush(struct world *w, uint64_t budget, struct qt__manifest **to,
    struct qt_err *err)
{
	uint64_t	n = w->m->first_wal;

	return qt__flush_step(&w->work, w->m, world_mem_cursor(w, n), n,
	    w->log[w->mem[n].first + w->mem[n].count - 1].version, budget, to,
	    err);
}

/* Both must not fail. What they return: more to do. */
static inline int
world_flush_step(struct world *w, uint64_t budget)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*to;
	int			 rc = world_flush(w, budget, &to, &err);

	if (rc < 0)
		fail_msg("%s: %s", err.text, qt_strerror(rc));
	world_take(w, to);
	return rc;
}

static inline int
world_merge_step(struct world *w, uint64_t budget, uint64_t whole)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*to;
	int			 rc = qt__merge_step(&w->work, w->m, budget,
	    whole, &to, &err);

	if (rc < 0)
		fail_msg("%s: %s", err.text, qt_strerror(rc));
	if (rc == 1)
		world_take(w, to);
	else
		assert_null(to);
	return rc;
}

/* What is to be seen, of all that was written. */
static inline size_t
world_model(struct world *w)
{
	const char	*done = "";
	size_t		 n = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct record	*r = &w->all[i];

		if (strcmp(r->key, done) == 0)
			continue;
		done = r->key;
		if ((r->flags & QT__DEL) == 0 && (r->expires_ms == 0 ||
		    r->expires_ms > WORLD_NOW))
			w->seen[n++] = *r;
	}
	return n;
}

static inline struct qt__cursor *
world_view(struct world *w)
{
	struct qt__cursor	*at[WORLD_MEMS + 64], *c;
	size_t			 n = 0;

	for (uint64_t i = w->m->first_wal; i < w->next_mem; i++)
		at[n++] = world_mem_cursor(w, i);
	assert_true(w->m->run_count < 64);
	for (uint32_t i = 0; i < w->m->run_count; i++)
		assert_int_equal(qt__sorted_cursor(&at[n++], w->m,
		    &w->m->runs[i], &w->work.source), 0);
	assert_int_equal(qt__merge_cursor(&c, at, n), 0);
	assert_int_equal(qt__view_cursor(&c, c, UINT64_MAX, WORLD_NOW), 0);
	return c;
}

/* All is seen that has to be, both ways, and its big files are there. */
static inline void
world_check(struct world *w)
{
	char			 name[40];
	struct qt__cursor	*c;
	size_t			 n, i;
	int			 r;

	memcpy(w->all, w->log, w->count * sizeof(w->all[0]));
	qsort(w->all, w->count, sizeof(w->all[0]), record_compare);
	n = world_model(w);
	c = world_view(w);
	for (r = c->ops->seek(c, "", 0), i = 0; r == 1; r = c->ops->next(c)) {
		assert_true(i < n);
		assert_record(c, &w->seen[i++]);
	}
	assert_int_equal(r, 0);
	assert_int_equal(i, n);
	for (r = c->ops->seek_before(c, NULL, 0); r == 1; r = c->ops->prev(c))
		assert_record(c, &w->seen[--i]);
	assert_int_equal(r, 0);
	assert_int_equal(i, 0);
	c->ops->close(c);
	for (i = 0; i < n; i++) {
		world_big_name(name, w->seen[i].version);
		if ((w->seen[i].flags & QT__BIG) != 0)
			assert_true(ground_has(&w->g, name));
	}
}

#endif /* QT_TEST_COMPACT_WORLD_H */
