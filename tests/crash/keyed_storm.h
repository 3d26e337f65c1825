/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_KEYED_STORM_H
#define QT_KEYED_STORM_H

/*
 * Storms over a map or a skip list: they have the same functions under other
 * names, KEYED(put) being qt_map_put() or qt_skiplist_put(), on a struct
 * KEYED_TYPE. Each worker has keys of its own, and says in memory beside the
 * structure what it is about to make of them: so whoever follows a killed one
 * knows the two states that a key may be in.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../unit/storm.h"

#define WORKERS		5
#define KEYS		12		/* of each */
#define SUMS		3		/* of a map, common to all */

/* A worker's desk; it survives the worker. */
struct desk {
	uint64_t	 now[KEYS];	/* what is there; 0: nothing */
	uint64_t	 next[KEYS];	/* what is about to be there */
	_Atomic uint64_t added[SUMS];	/* for certain */
};

struct world {
	struct qt_seg	*seg;
	struct KEYED_TYPE *m;
	struct desk	*desk;
	uint64_t	 kills;
};

struct key {
	uint32_t	worker, number;
};

/* A value's number, 0 when the key is not there. */
static inline uint64_t
look(const struct world *w, struct key k, int code)
{
	uint64_t	v[4];
	ssize_t		len = KEYED(get)(w->m, &k, sizeof(k), v, sizeof(v));

	if (len == -ENOENT)
		return 0;
	storm_expect(len == sizeof(v) && v[0] != 0 && v[1] == ~v[0] &&
	    v[2] == k.worker && v[3] == k.number, code);
	return v[0];
}

static inline void
change(struct world *w, struct desk *d, struct key k, uint64_t to)
{
	uint64_t	v[4] = { to, ~to, k.worker, k.number };
	uint64_t	was = d->now[k.number];
	int		rc;

	/* The stores are the test's own; a kill splits them at worst. */
	d->next[k.number] = to;
	atomic_signal_fence(memory_order_seq_cst);
	if (to == 0) {
		rc = KEYED(del)(w->m, &k, sizeof(k));
		storm_expect(rc == (was == 0 ? -ENOENT : 0), 21);
	} else if (was == 0) {
		rc = KEYED(put_new)(w->m, &k, sizeof(k), v, sizeof(v));
		storm_expect(rc == 0, 22);
	} else {
		rc = KEYED(put)(w->m, &k, sizeof(k), v, sizeof(v));
		storm_expect(rc == 1, 23);
	}
	atomic_signal_fence(memory_order_seq_cst);
	d->now[k.number] = to;
}

/* What the one before was about to do is done or not. */
static inline void
take_over(struct world *w, uint32_t worker)
{
	struct desk	*d = &w->desk[worker];

	for (uint32_t i = 0; i < KEYS; i++) {
		struct key	k = { .worker = worker, .number = i };
		uint64_t	v = look(w, k, 31);

		storm_expect(v == d->now[i] || v == d->next[i], 32);
		d->now[i] = d->next[i] = v;
	}
}

/* The part of a turn that is the same for both. */
static inline void
turn_key(struct world *w, unsigned int worker, unsigned int r, uint64_t n)
{
	struct desk	*d = &w->desk[worker];
	struct key	 k = { .worker = worker, .number = (r >> 4) % KEYS };

	if (r % 16 < 7)
		change(w, d, k, n << 16 | (r >> 8 & 0xff) << 8 | 1);
	else if (r % 16 < 10)
		change(w, d, k, 0);
	else if (r % 16 < 13)
		storm_expect(look(w, k, 51) == d->now[k.number], 52);
	else {
		k.worker = (r >> 12) % WORKERS;
		(void)look(w, k, 53);
	}
}

static inline void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	take_over(w, worker);
}

/* Then everything has come to rest: what is there is what should be. */
static inline void
check(struct world *w)
{
	struct key	k;
	size_t		len = 0;
	uint64_t	count = 0;
	int64_t		v = 0;

	for (uint32_t i = 0; i < WORKERS; i++)
		take_over(w, i);
	while (KEYED(next)(w->m, &k, &len, NULL, 0, NULL) > 0) {
		storm_must(len == sizeof(k) && (k.worker == WORKERS ?
		    k.number < SUMS : k.worker < WORKERS &&
		    w->desk[k.worker].now[k.number] != 0), "a strange key");
		count++;
	}
	storm_must(KEYED(count)(w->m) == count, "the count is wrong");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "it is not sound");
	storm_must(KEYED(clear)(w->m) == (int64_t)count, "clear");
	count = KEYED(capacity)(w->m);
	for (uint64_t i = 0; i < count; i++)
		storm_must(KEYED(put)(w->m, &i, 8, &v, 8) == 0,
		    "space is lost");
}

static inline void
prepare(struct world *w)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 3, .kind = "crash" };

	w->desk = storm_memory(sizeof(*w->desk) * WORKERS);
	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "segment");
}

#endif /* QT_KEYED_STORM_H */
