/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_WORK_H
#define QT_BENCH_WORK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The work that `qt-bench store` measures. The store and each of its peers (the
 * programs of bench/peers) do it by this one piece of code, so keys, values,
 * order and clocks are the same; what differs is in struct work_engine.
 *
 * Record i: a key of 16 bytes that is a hash of i, so the order in which
 * records are made is none that anything is kept in; a value of 100 bytes
 * that does not compress. Each value that is read is compared, byte by byte.
 *
 *	load		records 0 to n - 1, in a folder that is not there yet
 *	get		random ones of n that are there
 *	mixed		a get and a put of such, in turns
 *	scan		all in order, again and again
 *	overwrite	load, and then ops puts of random ones of them
 */
#define WORK_KEY	16u
#define WORK_VALUE	100u
#define WORK_MEMBERS	64u

enum work_kind {
	WORK_LOAD, WORK_GET, WORK_MIXED, WORK_SCAN, WORK_OVERWRITE, WORK_COUNT_
};

struct work {
	enum work_kind	 kind;
	const char	*dir;
	uint64_t	 records;
	uint64_t	 ops;		/* 0: as many as records */
	double		 seconds;	/* no longer than this; 0: till done */
	uint32_t	 members;	/* threads or processes at it at once */
	int		 is_processes;
	int		 is_sync;	/* each put is durable when it returns */
	const void	*settings;	/* the engine's */
};

struct work_result {
	uint64_t	ops;
	double		seconds;	/* of the operations, without what
					   they had to wait for a processor */
	double		tail;		/* until all was durable and closed */
	uint64_t	written;	/* bytes, by this process */
	uint64_t	disk;		/* bytes of the folder, afterwards */
	uint64_t	memory;		/* most that was its own at once */
};

/* Each call succeeds or ends the program by work_die(). */
struct work_engine {
	const char	*name;
	int		 is_for_processes;	/* several may open a folder */
	void		*(*open)(const struct work *w, int is_new);
	/* Everything that was put is durable. */
	void		(*sync)(void *db);
	void		(*close)(void *db);
	/* What one thread needs. */
	void		*(*join)(void *db);
	void		(*leave)(void *session);
	void		(*put)(void *session, const void *key,
			    const void *value);
	/* 1, with what may be read until the next call, or 0. */
	int		(*get)(void *session, const void *key,
			    const void **value, size_t *len);
	/* Goes over all in order, work_seen() for each; how many. */
	uint64_t	(*scan)(void *session);
};

#ifdef __cplusplus
extern "C" {
#endif

/* work.c: does it, in this process and in children of it. */
void	work_run(const struct work_engine *engine, const struct work *w,
	    struct work_result *out);

void	work_die(const char *what, const char *why)
	    __attribute__((noreturn));

/*
 * Keys, values and chance: a few instructions each, for they are in every
 * engine's figure. Values are pieces of a pool of chance; making one costs
 * nothing, reading it does. A value may differ from round to round of
 * overwriting.
 */
#define WORK_POOL_BITS	20
#define WORK_POOL_WORDS	(((1u << WORK_POOL_BITS) + WORK_VALUE) / 8 + 1)
extern uint64_t work_pool[WORK_POOL_WORDS];
void	work_data_start(void);

/* splitmix64's last step: another number for each, and none near it. */
static inline void
work_key(uint64_t record, unsigned char key[WORK_KEY])
{
	uint64_t	x = record + 1, words[2];

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	words[0] = x ^ x >> 31;
	words[1] = ~x * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(key, words, sizeof(words));
}

static inline const void *
work_value(uint64_t record, uint64_t round)
{
	return (const unsigned char *)work_pool + (((record * 64 + round) *
	    UINT64_C(0x9e3779b97f4a7c15)) >> (64 - WORK_POOL_BITS));
}

/* xorshift64* */
static inline uint64_t
work_random(uint64_t *state)
{
	uint64_t	x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* What a scan does with a record: looks at it. */
void	work_seen(const void *key, const void *value, size_t len);

/* work_cost.c: of this process, and of a folder. */
uint64_t work_written(void);
uint64_t work_memory(void);
uint64_t work_disk(const char *dir);

/* work_line.c: a command line and one line of result, for other programs. */
enum work_kind work_kind_of(const char *name);	/* WORK_COUNT_: none */
const char *work_kind_name(enum work_kind kind);
#define WORK_LINE_SIZE	256
void	work_line(const struct work_result *r, char line[WORK_LINE_SIZE]);
int	work_line_read(const char *line, struct work_result *r);	/* 0, -1 */

/* What a peer's source defines; bench/peers/main.c is its main(). */
extern const struct work_engine peer_engine;

#ifdef __cplusplus
}
#endif

#endif /* QT_BENCH_WORK_H */
