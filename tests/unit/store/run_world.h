/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_RUN_WORLD_H
#define QT_TEST_RUN_WORLD_H
/* What the tests of runs share: a folder for them, and records to write. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../libcommon/store/run_file_priv.h"
#include "../place.h"
#include "../test.h"

#define WORLD_MAX 4096

struct world {
	char		 path[512];
	int		 dirfd;
	struct qt__entry *e;	/* in order; key and value malloced */
	size_t		 count;
	uint64_t	 seed;
};

static inline uint64_t
world_random(struct world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed;
}

static inline void
world_open(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	place_new(w->path, sizeof(w->path));
	w->dirfd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->dirfd >= 0);
	w->e = calloc(WORLD_MAX, sizeof(*w->e));
	assert_non_null(w->e);
}

static inline void
world_forget(struct world *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free((void *)w->e[i].key);
		free((void *)w->e[i].value);
	}
	w->count = 0;
}

static inline void
world_close(struct world *w)
{
	char	name[QT__RUN_NAME_SIZE];

	for (uint64_t n = 0; n < 10; n++) {
		qt__run_name(name, n);
		(void)unlinkat(w->dirfd, name, 0);
	}
	world_forget(w);
	free(w->e);
	close(w->dirfd);
	assert_int_equal(rmdir(w->path), 0);
}

static inline int
world_order(const void *a, const void *b)
{
	const struct qt__entry	*x = a, *y = b;
	int			 c = qt__key_compare(x->key, x->key_len,
	    y->key, y->key_len);

	return c != 0 ? c : (x->version < y->version) -
	    (x->version > y->version);
}

static inline uint8_t *
world_bytes(struct world *w, size_t len, unsigned int letters)
{
	uint8_t	*p = malloc(len + 1);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(world_random(w) % letters * 37);
	return p;
}

/*
 * Adds a record. Few letters make keys that begin alike; versions are unique,
 * because they are drawn so.
 */
static inline struct qt__entry *
world_add(struct world *w, size_t key_len, size_t value_len,
    unsigned int letters)
{
	struct qt__entry	*e = &w->e[w->count];

	assert_true(w->count < WORLD_MAX);
	memset(e, 0, sizeof(*e));
	e->key = world_bytes(w, key_len, letters);
	e->key_len = (uint32_t)key_len;
	e->value = world_bytes(w, value_len, letters);
	e->value_len = (uint32_t)value_len;
	e->version = (world_random(w) >> 20 << 12) + w->count;
	w->count++;
	return e;
}

/* count records of all kinds, in order. */
static inline void
world_fill(struct world *w, size_t count, size_t key_max, unsigned int letters)
{
	struct qt__entry	*e;

	for (size_t i = 0; i < count; i++) {
		e = world_add(w, 1 + world_random(w) % key_max,
		    world_random(w) % 8 == 0 ? 0 : world_random(w) % 200,
		    letters);
		e->flags = (uint8_t)(world_random(w) % 8);
		if (world_random(w) % 4 == 0)
			e->tag = (uint8_t)world_random(w);
		if (world_random(w) % 4 == 0)
			e->expires_ms = world_random(w) >> world_random(w) % 60;
	}
	qsort(w->e, w->count, sizeof(*w->e), world_order);
}

static inline void
world_write(struct world *w, uint64_t number, uint32_t level,
    uint32_t block_size, struct qt__run_info *info)
{
	struct qt__run_options	 o = {
		.level = level, .block_size = block_size,
		.records_hint = w->count,
	};
	struct qt__run_writer	*out;

	assert_int_equal(qt__run_create(&out, w->dirfd, number, &o, NULL), 0);
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(qt__run_add(out, &w->e[i], NULL), 0);
	assert_int_equal(qt__run_finish(out, info, NULL), 0);
}

static inline void
world_same(const struct qt__entry *a, const struct qt__entry *b)
{
	assert_int_equal(a->key_len, b->key_len);
	assert_memory_equal(a->key, b->key, b->key_len);
	assert_int_equal(a->value_len, b->value_len);
	assert_memory_equal(a->value, b->value, b->value_len);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->expires_ms, b->expires_ms);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->tag, b->tag);
}

#endif /* QT_TEST_RUN_WORLD_H */
