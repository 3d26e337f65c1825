/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations a second on a map of a million entries of 8+8 bytes, in random
 * order, one thread. ENTRIES=n for another size.
 */

#include <stdio.h>
#include <stdlib.h>

#include <qt/base/clock.h>
#include <qt/shm/map.h>

#define ROUNDS	3

/* Each number below 2^32 once, in no order that a processor foresees. */
static uint64_t
key_of(uint64_t i)
{
	uint32_t	x = (uint32_t)i * 2654435769u;

	return (uint64_t)(x ^ x >> 15) * 0x9e3779b97f4a7c15u;
}

static uint64_t
shuffled(uint64_t i, uint64_t count)
{
	return i * 1000003 % count;
}

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "map_bench: %s\n", what);
		exit(EXIT_FAILURE);
	}
}

static void
say(const char *what, uint64_t count, uint64_t start)
{
	printf("map_%s\tMops_per_s=%.2f\n", what, (double)count * 1e3 /
	    (double)(qt_clock_mono_ns() - start));
}

static void
put_all(struct qt_map *m, uint64_t count, uint64_t add, const char *what)
{
	uint64_t	start = qt_clock_mono_ns();

	for (uint64_t i = 0; i < count; i++) {
		uint64_t	n = shuffled(i, count), k = key_of(n);

		n += add;
		must(qt_map_put(m, &k, 8, &n, 8) == (add != 0), "put");
	}
	say(what, count, start);
}

static void
get_all(struct qt_map *m, uint64_t count, uint64_t add)
{
	uint64_t	start = qt_clock_mono_ns(), n;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t	k = key_of(shuffled(i, count));

		must(qt_map_get(m, &k, 8, &n, 8) == 8 && n ==
		    shuffled(i, count) + add, "get");
	}
	say("get", count, start);
}

static void
del_all(struct qt_map *m, uint64_t count)
{
	uint64_t	start = qt_clock_mono_ns();

	for (uint64_t i = 0; i < count; i++) {
		uint64_t	k = key_of(shuffled(i, count));

		must(qt_map_del(m, &k, 8) == 0, "del");
	}
	say("del", count, start);
}

int
main(void)
{
	const char		*text = getenv("ENTRIES");
	uint64_t		 count = text != NULL ?
	    strtoull(text, NULL, 10) : 1000000;
	struct qt_seg_spec	 spec = { .size = (count << 9) + (1 << 20),
	    .mode = 0600, .group = (gid_t)-1, .kind = "bench" };
	struct qt_map_spec	 map = { .key_max = 8, .value_max = 8,
	    .capacity = count };
	struct qt_seg		*seg;
	struct qt_map		*m;

	must(qt_seg_create(NULL, &spec, &seg, NULL) == 0, "segment");
	must(qt_map_create(seg, "m", &map, NULL) == 0, "create");
	must(qt_map_open(seg, "m", NULL, NULL, &m, NULL) == 0, "open");
	for (uint64_t r = 0; r < ROUNDS; r++) {
		put_all(m, count, 0, "put_new");
		get_all(m, count, 0);
		put_all(m, count, 5, "put_old");
		get_all(m, count, 5);
		del_all(m, count);
	}
	qt_map_close(m);
	qt_seg_close(seg);
	return EXIT_SUCCESS;
}
