/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of blocks: what it keeps, and that it keeps to its size. */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../libcommon/store/cache_priv.h"
#include "../test.h"

#define BLOCK	4000u
#define ROOM	4400u		/* a block with what it takes besides */

static struct qt__block_cache *
cache(uint64_t size)
{
	struct qt__block_cache	*c;

	assert_int_equal(qt__cache_new(&c, size), 0);
	return c;
}

/* A block says where it is from. */
static uint8_t *
bytes(uint64_t file, uint64_t offset, size_t len)
{
	uint64_t	*p = malloc(len < 16 ? 16 : len);

	if (p != NULL) {
		p[0] = file;
		p[1] = offset;
	}
	return (uint8_t *)p;
}

static int
is_right(const struct qt__block *b, uint64_t file, uint64_t offset)
{
	const uint64_t	*p = (const void *)b->data;

	return p[0] == file && p[1] == offset;
}

/* As a reader does: 1 when it was there. Negative when it was wrong. */
static int
visit(struct qt__block_cache *c, uint64_t file, uint64_t offset)
{
	struct qt__block	*b = NULL;
	int			 is_hit = qt__cache_get(c, file, offset, &b);
	int			 ok;

	if (!is_hit && qt__cache_add(c, file, offset,
	    bytes(file, offset, BLOCK), BLOCK, &b) < 0)
		return -1;
	ok = is_right(b, file, offset) && b->len == BLOCK;
	qt__block_release(b);
	return ok ? is_hit : -1;
}

QT_TEST(what_was_added_is_found_until_there_is_no_room)
{
	struct qt__block_cache	*c = cache(100 * ROOM);
	uint64_t		 hits, misses, size;

	(void)state;
	for (uint64_t i = 0; i < 80; i++)
		assert_int_equal(visit(c, 1 + i % 3, i * BLOCK), 0);
	for (uint64_t i = 0; i < 80; i++)
		assert_int_equal(visit(c, 1 + i % 3, i * BLOCK), 1);
	qt__cache_stat(c, &hits, &misses, &size);
	assert_int_equal(hits, 80);
	assert_int_equal(misses, 80);
	assert_in_range(size, 80 * BLOCK, 80 * ROOM);
	qt__cache_free(c);
	qt__cache_free(NULL);
}

QT_TEST(it_never_holds_more_than_its_size)
{
	uint64_t	sizes[] = { 0, 1, BLOCK, 10 * ROOM, 3u << 20 };
	uint64_t	hits, misses, size;

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct qt__block_cache	*c = cache(sizes[k]);

		for (uint64_t i = 0; i < 3000; i++) {
			struct qt__block	*b;
			size_t			 len = 16 + i * 7919 % 9000;

			assert_int_equal(qt__cache_add(c, 5, i % 700,
			    bytes(5, i % 700, len), len, &b), 0);
			assert_true(is_right(b, 5, i % 700));
			qt__block_release(b);
			qt__cache_stat(c, &hits, &misses, &size);
			assert_in_range(size, 0, sizes[k]);
		}
		qt__cache_free(c);
	}
}

QT_TEST(a_held_block_outlives_its_place_and_the_cache)
{
	struct qt__block_cache	*c = cache(10 * ROOM);
	struct qt__block	*b, *again;

	(void)state;
	assert_int_equal(qt__cache_add(c, 1, 0, bytes(1, 0, BLOCK), BLOCK, &b),
	    0);
	for (uint64_t i = 1; i < 100; i++)
		assert_int_equal(visit(c, 1, i * BLOCK), 0);
	assert_int_equal(qt__cache_get(c, 1, 0, &again), 0);
	assert_true(is_right(b, 1, 0));
	qt__cache_free(c);
	assert_true(is_right(b, 1, 0));
	qt__block_release(b);
	qt__block_release(NULL);
}

QT_TEST(who_adds_what_is_there_gets_what_is_there)
{
	struct qt__block_cache	*c = cache(10 * ROOM);
	struct qt__block	*one, *two;

	(void)state;
	assert_int_equal(qt__cache_add(c, 1, 8, bytes(1, 8, 100), 100, &one),
	    0);
	assert_int_equal(qt__cache_add(c, 1, 8, bytes(1, 8, 100), 100, &two),
	    0);
	assert_ptr_equal(one, two);
	qt__block_release(one);
	qt__block_release(two);
	qt__cache_free(c);
}

QT_TEST(a_scan_does_not_drive_out_what_is_used)
{
	struct qt__block_cache	*c = cache(100 * ROOM);
	int			 there = 0;

	(void)state;
	for (int round = 0; round < 5; round++)
		for (uint64_t i = 0; i < 50; i++)
			assert_true(visit(c, 1, i * BLOCK) >= 0);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(visit(c, 2, i * BLOCK), 0);
	for (uint64_t i = 0; i < 50; i++)
		there += visit(c, 1, i * BLOCK);
	assert_in_range(there, 50, 50);
	qt__cache_free(c);
}

/* --- Beside a plain FIFO --------------------------------------------------- */

#define OBJECTS		5000u
#define REQUESTS	100000u
#define PLACES		500u	/* a tenth */

/* Numbers of which the n-th is asked for n^-exponent times as often. */
struct zipf {
	double		sum[OBJECTS];
	uint64_t	random;
};

/* The fourth root, by Newton. */
static double
root(double x)
{
	double	r = x;

	for (int i = 0; i < 60; i++)
		r -= (r * r * r * r - x) / (4 * r * r * r);
	return r;
}

static void
zipf_init(struct zipf *z, unsigned int quarters)
{
	double	sum = 0;

	for (unsigned int i = 0; i < OBJECTS; i++) {
		double	r = root(i + 1), part = 1;

		for (unsigned int k = 0; k < quarters; k++)
			part /= r;
		z->sum[i] = sum += part;
	}
	z->random = 88172645463325252u;
}

static uint64_t
zipf_next(struct zipf *z)
{
	unsigned int	low = 0, high = OBJECTS - 1;
	double		at;

	z->random ^= z->random << 13;
	z->random ^= z->random >> 7;
	z->random ^= z->random << 17;
	at = (double)(z->random >> 11) / 9007199254740992.0 *
	    z->sum[OBJECTS - 1];
	while (low < high) {
		unsigned int	middle = (low + high) / 2;

		if (z->sum[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static unsigned int
hits_of_fifo(struct zipf *z)
{
	static unsigned int	place[PLACES], is_there[OBJECTS];
	unsigned int		hits = 0, at = 0;

	memset(place, 0, sizeof(place));
	memset(is_there, 0, sizeof(is_there));
	for (unsigned int i = 0; i < REQUESTS; i++) {
		uint64_t	n = zipf_next(z);

		if (is_there[n]) {
			hits++;
			continue;
		}
		is_there[place[at]] = 0;
		place[at] = (unsigned int)n;
		is_there[n] = 1;
		at = (at + 1) % PLACES;
	}
	return hits;
}

static unsigned int
hits_of_cache(struct zipf *z)
{
	/* What a block takes is BLOCK and about as much as is said here. */
	struct qt__block_cache	*c = cache(PLACES * (BLOCK + 150));
	unsigned int		 hits = 0;

	for (unsigned int i = 0; i < REQUESTS; i++) {
		int	rc = visit(c, 1, zipf_next(z) * BLOCK);

		assert_true(rc >= 0);
		hits += (unsigned int)rc;
	}
	qt__cache_free(c);
	return hits;
}

QT_TEST(it_hits_more_often_than_first_in_first_out)
{
	static struct zipf	z;

	(void)state;
	for (unsigned int quarters = 3; quarters <= 5; quarters++) {
		unsigned int	fifo, ours;

		zipf_init(&z, quarters);
		fifo = hits_of_fifo(&z);
		zipf_init(&z, quarters);
		ours = hits_of_cache(&z);
		print_message("# Zipf %.2f: %u misses, a FIFO has %u\n",
		    quarters / 4.0, REQUESTS - ours, REQUESTS - fifo);
		/* A tenth fewer misses at least. */
		assert_true((REQUESTS - ours) * 10 < (REQUESTS - fifo) * 9);
	}
}

/* --- Threads --------------------------------------------------------------- */

struct visitor {
	struct qt__block_cache	*c;
	unsigned int		 seed;
	int			 rc;
};

static void *
visit_many(void *arg)
{
	struct visitor	*v = arg;

	for (int i = 0; i < 5000 && v->rc >= 0; i++) {
		unsigned int	r = (unsigned int)rand_r(&v->seed);

		v->rc = visit(v->c, r % 4, r / 4 % 300 * BLOCK);
	}
	return NULL;
}

QT_TEST(threads_see_only_whole_blocks)
{
	struct qt__block_cache	*c = cache(300 * ROOM);
	struct visitor		 v[4];
	pthread_t		 thread[4];
	uint64_t		 hits, misses, size;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		v[i] = (struct visitor){ c, i + 1, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, visit_many,
		    &v[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_true(v[i].rc >= 0);
	}
	qt__cache_stat(c, &hits, &misses, &size);
	assert_int_equal(hits + misses, 4 * 5000);
	assert_true(hits > 0 && misses > 0);
	qt__cache_free(c);
}

/* While another thread is in it nearly all the time. */
QT_TEST(a_fork_child_finds_it_whole)
{
	struct qt__block_cache	*c = cache(100 * ROOM);
	struct visitor		 v = { c, 1, 0 };
	pthread_t		 thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, visit_many, &v), 0);
	for (unsigned int i = 0; i < 20; i++) {
		pid_t	pid = fork();
		int	status;

		if (pid == 0) {
			struct visitor	mine = { c, i, 0 };

			alarm(60);
			visit_many(&mine);
			/* So that no sanitizer looks for its thread. */
			if (mine.rc >= 0)
				kill(getpid(), SIGKILL);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	pthread_join(thread, NULL);
	assert_true(v.rc >= 0);
	qt__cache_free(c);
}
