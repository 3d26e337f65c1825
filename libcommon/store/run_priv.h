/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_RUN_PRIV_H
#define QT_STORE_RUN_PRIV_H
/*
 * A slice: one immutable file run/NNNNNNNNNNNN.run (its number, decimal) of
 * sorted records. A sorted run is several slices whose keys do not overlap; the
 * manifest says which. The byte layout is in run.c's first comment and in
 * qt-store(5).
 *
 *	header | data blocks | Bloom filter | block index | footer
 *
 * Blocks hold about 4 KiB of records, keys prefix-compressed with restart
 * points, a CRC32C each, deflated when level > 0 and it helps. A file is mapped
 * whole and read in place. It is whatever somebody put there: damage is an
 * error, -QT_ECORRUPT, or, where it is not looked for, a wrong answer.
 */
#include <stdint.h>

#include <qt/base/err.h>

#include "entry_priv.h"

struct qt__run_info {
	uint64_t	number;		/* of the file */
	uint64_t	size;		/* bytes of the file */
	uint64_t	records, dels;
	uint64_t	raw_bytes;	/* keys and values, not compressed */
	uint64_t	min_version, max_version;
};

/* Writing. One thread. */
struct qt__run_writer;
struct qt__run_options {
	uint32_t	level;		/* zlib; 0: none */
	uint32_t	block_size;	/* 0: 4096 */
	uint64_t	records_hint;	/* or 0; need not be exact */
};
/*
 * dirfd is the folder run/. The file has its final name from the start: it is
 * nobody's until a manifest names it. Replaces what a dead maintainer left.
 */
int	qt__run_create(struct qt__run_writer **out, int dirfd, uint64_t number,
	    const struct qt__run_options *o, struct qt_err *err);
/*
 * In order; -QT_ECORRUPT when it is not, as what is merged may be damaged. The
 * entry is copied. After an error only finish, which then fails, and abort.
 */
int	qt__run_add(struct qt__run_writer *w, const struct qt__entry *e,
	    struct qt_err *err);
/* About how large the file is so far. */
uint64_t qt__run_size(const struct qt__run_writer *w);
/* Writes the rest and makes the file durable (not its name). Frees w always. */
int	qt__run_finish(struct qt__run_writer *w, struct qt__run_info *info,
	    struct qt_err *err);
void	qt__run_abort(struct qt__run_writer *w);	/* removes the file */

/* Reading: any number of threads may use an open slice at once. */
struct qt__run;
struct qt__block_cache;		/* cache_priv.h; NULL is fine everywhere */
#define QT__RUN_VERIFY	1u	/* check each block's CRC when it is read */
/* -ENOENT: a compaction removed it, load the manifest again. */
int	qt__run_open(struct qt__run **out, int dirfd, uint64_t number,
	    unsigned int flags, struct qt__block_cache *cache,
	    struct qt_err *err);
void	qt__run_close(struct qt__run *r);
void	qt__run_describe(const struct qt__run *r, struct qt__run_info *info);
/*
 * The newest record of key whose version is at most max_version: 1 with the
 * entry, 0, or negative. hash is qt__run_hash(key). The entry's key is the one
 * that was asked for; its value points into the mapping, or, where blocks are
 * compressed, into memory that *own then holds (free(3); NULL otherwise).
 */
uint64_t qt__run_hash(const void *key, size_t len);
int	qt__run_get(struct qt__run *r, struct qt__entry *e, void **own,
	    const void *key, size_t len, uint64_t hash, uint64_t max_version,
	    struct qt_err *err);
/* A cursor over the whole slice; r must outlive it. Does not fill the cache. */
int	qt__run_cursor(struct qt__run *r, struct qt__cursor **out,
	    struct qt_err *err);
/* Reads and compares everything; tells each damage. How many, or negative. */
int	qt__run_verify(int dirfd, uint64_t number,
	    void (*tell)(void *arg, const char *what), void *arg);
/*
 * Every record that is sound, of a file that may be damaged; each is told in
 * the order of the file. How many blocks were not sound, or negative.
 */
int	qt__run_salvage(int dirfd, uint64_t number,
	    int (*each)(void *arg, const struct qt__entry *e), void *arg);

#endif /* QT_STORE_RUN_PRIV_H */
