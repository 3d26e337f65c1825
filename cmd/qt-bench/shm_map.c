/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: a map of many entries of 8+8 bytes, beside a plain table in a process. */

#include <stdlib.h>

#include <qt/shm/map.h>

#include "shm_rows.h"

#define STRIDE		UINT64_C(2147483647)	/* a prime: visits all, far apart */

/* --- The peer: chains, no atomics, nobody else may look ------------------- */

struct plain_node {
	uint64_t	key, value;
	uint32_t	next;		/* + 1; 0: the last */
};
struct plain {
	struct plain_node	*nodes;
	uint32_t		*buckets;
	uint64_t		 mask, count;
};

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

static void
plain_open(struct plain *p, uint64_t entries)
{
	uint64_t	size = 2;

	while (size < 2 * entries)
		size *= 2;
	p->mask = size - 1;
	p->count = 0;
	p->buckets = calloc(size, sizeof(*p->buckets));
	p->nodes = calloc(entries, sizeof(*p->nodes));
	if (p->buckets == NULL || p->nodes == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
}

static void
plain_clear(struct plain *p)
{
	for (uint64_t i = 0; i <= p->mask; i++)
		p->buckets[i] = 0;
	p->count = 0;
}

static struct plain_node *
plain_find(const struct plain *p, uint64_t key)
{
	uint32_t	i = p->buckets[mix(key) & p->mask];

	while (i != 0 && p->nodes[i - 1].key != key)
		i = p->nodes[i - 1].next;
	return i != 0 ? &p->nodes[i - 1] : NULL;
}

static void
plain_put(struct plain *p, uint64_t key, uint64_t value)
{
	struct plain_node	*n = plain_find(p, key);
	uint32_t		*bucket = &p->buckets[mix(key) & p->mask];

	if (n == NULL) {
		n = &p->nodes[p->count++];
		*n = (struct plain_node){ .key = key, .next = *bucket };
		*bucket = (uint32_t)p->count;
	}
	n->value = value;
}

/* --- Both ---------------------------------------------------------------- */

struct maps {
	struct qt_map	*map;
	struct plain	 plain;
	uint64_t	 entries;
};

/* Keys that a processor does not foresee; the value is the number. */
static uint64_t
key_of(uint64_t i)
{
	return mix(i + 1);
}

/* Not in the order in which they were put in, nor in that of memory. */
static uint64_t
shuffled(const struct maps *m, uint64_t i)
{
	return i * STRIDE % m->entries;
}

static double
per_entry(const struct maps *m, uint64_t start)
{
	return (double)(cpu_ns() - start) / (double)m->entries;
}

static double
put_ours(void *arg)
{
	struct maps	*m = arg;
	uint64_t	 start;

	if (qt_map_clear(m->map) < 0)
		qt_die(QT_EXIT_SYS, "the map could not be cleared");
	start = cpu_ns();
	for (uint64_t i = 0; i < m->entries; i++) {
		uint64_t	key = key_of(i);

		if (qt_map_put(m->map, &key, 8, &i, 8) != 0)
			qt_die(QT_EXIT_SYS, "put: no room or there already");
	}
	return per_entry(m, start);
}

static double
put_peer(void *arg)
{
	struct maps	*m = arg;
	uint64_t	 start;

	plain_clear(&m->plain);
	start = cpu_ns();
	for (uint64_t i = 0; i < m->entries; i++)
		plain_put(&m->plain, key_of(i), i);
	return per_entry(m, start);
}

static double
get_ours(void *arg)
{
	struct maps	*m = arg;
	uint64_t	 start = cpu_ns(), value;

	for (uint64_t i = 0; i < m->entries; i++) {
		uint64_t	n = shuffled(m, i), key = key_of(n);

		if (qt_map_get(m->map, &key, 8, &value, 8) != 8 || value != n)
			qt_die(QT_EXIT_SYS, "get: an entry is wrong or gone");
	}
	return per_entry(m, start);
}

static double
get_peer(void *arg)
{
	struct maps	*m = arg;
	uint64_t	 start = cpu_ns();

	for (uint64_t i = 0; i < m->entries; i++) {
		uint64_t		 n = shuffled(m, i);
		struct plain_node	*node = plain_find(&m->plain,
		    key_of(n));

		if (node == NULL || node->value != n)
			qt_die(QT_EXIT_SYS, "the plain table is wrong");
	}
	return per_entry(m, start);
}

void
row_shm_map(struct report *r, const struct bench_opt *opt)
{
	static const char	peer_name[] = "plain table in the process";
	struct qt_map_spec	spec = { .key_max = 8, .value_max = 8,
	    .capacity = opt->items };
	struct maps		m = { .entries = opt->items };
	struct contest		put = { .what = "map put", .ours = put_ours,
	    .peer = put_peer, .arg = &m };
	struct contest		get = { .what = "map get", .ours = get_ours,
	    .peer = get_peer, .arg = &m };
	struct qt_seg		*seg = shm_segment(opt->items * 256 +
	    (1u << 20));
	struct turns		puts, gets;

	shm_must(qt_map_create(seg, "m", &spec, NULL), "make a map");
	shm_must(qt_map_open(seg, "m", NULL, NULL, &m.map, NULL),
	    "open a map");
	plain_open(&m.plain, m.entries);
	/* The first time is the kernel's: pages come when they are touched. */
	(void)put_ours(&m);
	(void)put_peer(&m);
	turns_run(&puts, &put, opt);
	turns_run(&gets, &get, opt);
	qt_map_close(m.map);
	qt_seg_close(seg);
	free(m.plain.nodes);
	free(m.plain.buckets);
	turns_report(r, &gets, &(struct turns_row){ .name = "map, get",
	    .peer_name = peer_name, .figure = TURNS_RATE, .bound = 5 });
	turns_report(r, &puts, &(struct turns_row){ .name = "map, put a new key",
	    .peer_name = peer_name, .figure = TURNS_RATE, .bound = 2.5 });
}
