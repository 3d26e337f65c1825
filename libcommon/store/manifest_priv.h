/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MANIFEST_PRIV_H
#define QT_STORE_MANIFEST_PRIV_H
/*
 * Which files make up the store.
 *
 * Each change writes a whole new file manifest/NNNNNNNNNNNN, complete and
 * immutable, and then lets CURRENT name it: temporary file, fdatasync, rename,
 * fsync of the folder. So a manifest is at once the durable record, what
 * readers map and search in place, and what a snapshot pins. It is small
 * beside what a change moves: about 100 bytes a slice, and slices grow with
 * the store so that there are never more than a few thousand.
 *
 * Rows are fixed-size, little-endian, keys in a heap behind them; a CRC32C
 * over all.
 *
 *	runs, newest first: [ run 0 ][ run 1 ] ...
 *	                       |
 *	slices, by key:     [ s ][ s ][ s ][ s ] ...
 *
 * Of one key, every record in run i is newer than every one in run i + 1.
 */
#include <stdint.h>

#include <qt/base/err.h>

#include "run_priv.h"

#define QT__RUN_OPEN	1u	/* a flush or merge is not done with it yet: more
				   slices will follow behind its last */

struct qt__slice {
	struct qt__run_info info;
	uint32_t	min_at, min_len;	/* keys, both inclusive, in the */
	uint32_t	max_at, max_len;	/* heap. min may lie above the
						   file's own first key: what
						   is below it has been merged
						   away and is to be ignored */
};
struct qt__sorted {
	uint64_t	id;
	uint32_t	first, count;	/* slices */
	uint32_t	flags;
	uint32_t	level;		/* 0: flushed; merged ones: greater */
	uint64_t	bytes;		/* of its files */
};
/*
 * What is being done, so that the next maintainer goes on: at most one flush
 * and one merge.
 */
struct qt__job {
	uint64_t	output;		/* id of the run that is made; 0: no job */
	uint64_t	input;		/* flush: the memtable; merge: id of the
					   newest run that is merged */
	uint32_t	inputs;		/* merge: how many, adjacent by age */
	uint32_t	reserved;
	/* Everything less than or equal to this key is in output already and is
	   to be read there; len 0: nothing is. The inputs' slices are trimmed. */
	uint32_t	key_at, key_len;
};

/*
 * A file in big/ that no record refers to any more, beginning with the manifest
 * since. It can be removed when nobody uses an older one.
 */
struct qt__drop {
	uint64_t	number, since;
};

/* A manifest in memory; immutable once loaded or saved. */
struct qt__manifest {
	uint64_t	 number;
	uint32_t	 crc;		/* of its file, as CURRENT says it */
	uint64_t	 next_file;	/* run numbers from here are free */
	uint64_t	 first_wal;	/* logs before this one are all in runs */
	uint64_t	 next_wal;	/* a hint: numbers before it were used */
	uint64_t	 version;	/* highest in runs */
	uint64_t	 made_ms;
	uint64_t	 clock_ms;	/* highest time ever written: TTL does not
					   go back with the clock */
	struct qt__job	 flush, merge;
	uint32_t	 run_count, slice_count, drop_count;
	const struct qt__sorted *runs;
	const struct qt__slice	*slices;
	const struct qt__drop	*drops;
	const uint8_t	*heap;
	size_t		 heap_len;
	void		*mem_;		/* what rows and heap lie in; free(3) */
};

/*
 * Building the next one from scratch, or from another, which is copied. What
 * keys are handed in may lie anywhere, in the edit's own heap too.
 */
struct qt__manifest_edit;
int	qt__manifest_edit(struct qt__manifest_edit **out,
	    const struct qt__manifest *from);	/* from NULL: an empty one */
void	qt__manifest_edit_free(struct qt__manifest_edit *e);
/*
 * The plain fields may be changed in place; number is set by save. Rows and
 * heap are those of now: valid until the next call that changes something.
 */
struct qt__manifest *qt__manifest_fields(struct qt__manifest_edit *e);
/*
 * A new empty run at this index of the order by age (0: newest). Ids are the
 * caller's, not 0, of no other run in this manifest: -EEXIST. In all of these,
 * -ENOENT: no run of that id; -ENOMEM; -E2BIG: more than a manifest can hold.
 */
int	qt__manifest_run_add(struct qt__manifest_edit *e, uint32_t index,
	    uint64_t id, uint32_t level, uint32_t flags);
int	qt__manifest_run_del(struct qt__manifest_edit *e, uint64_t id);
int	qt__manifest_run_flags(struct qt__manifest_edit *e, uint64_t id,
	    uint32_t flags);
/*
 * Appends a slice, whose keys are greater than those of the run's last: -EINVAL.
 * The run's bytes, the manifest's next_file and version grow with it.
 */
int	qt__manifest_slice_add(struct qt__manifest_edit *e, uint64_t id,
	    const struct qt__run_info *info, const void *min, size_t min_len,
	    const void *max, size_t max_len);
/*
 * Of a run, forgets everything up to and including key: slices that end there
 * go, the one that goes on beyond has its min set to key followed by a zero
 * byte (the least key that is greater).
 */
int	qt__manifest_trim(struct qt__manifest_edit *e, uint64_t id,
	    const void *key, size_t len);
int	qt__manifest_job_key(struct qt__manifest_edit *e, struct qt__job *job,
	    const void *key, size_t len);	/* job: &fields->flush or merge */
/* From the manifest that is being made on, a file in big/ is not needed. */
int	qt__manifest_drop(struct qt__manifest_edit *e, uint64_t number);
/* Those with a since of at most upto have been removed. */
void	qt__manifest_dropped(struct qt__manifest_edit *e, uint64_t upto);

/*
 * dirfd is the store's folder. Writes manifest number from + 1 durably and lets
 * CURRENT name it; from then on it counts, whatever happens. Only under
 * MAINTAIN (or while the store is made). On success e is consumed and *out is
 * the new one; on failure e stays the caller's and *out is NULL:
 *
 *	-ESTALE		CURRENT does not name from (any more): somebody else
 *			saved one. Nothing was changed
 *	-QT_ECORRUPT	what is to be written is not what load would take: our
 *			mistake. Nothing was changed
 *	-ENOTRECOVERABLE	the new one is named by CURRENT, but it could not
 *			be made sure of: after a power cut CURRENT may name
 *			either. The caller treats the store as poisoned: no file
 *			is removed, no log recycled, nothing saved from then on,
 *			so that either one finds all that it names
 *	others		the old one is in force, and stays so
 */
int	qt__manifest_save(struct qt__manifest_edit *e, int dirfd,
	    struct qt__manifest **out, struct qt_err *err);
/*
 * Makes sure of what CURRENT names. A maintainer that was killed may have let
 * it name a new manifest and not have come to the fsync behind that; so whoever
 * takes MAINTAIN over from a dead one, or is the first to open the store, calls
 * this before it removes or recycles a file. An error: as -ENOTRECOVERABLE.
 */
int	qt__manifest_settle(int dirfd, struct qt_err *err);
/*
 * number 0: that which CURRENT names. Everything is checked: order of keys,
 * ranges, overlaps. -ENOENT: no such manifest (any more), never for number 0;
 * -QT_EVERSION: of a newer format; -QT_ECORRUPT with the position in err.
 */
int	qt__manifest_load(struct qt__manifest **out, int dirfd, uint64_t number,
	    struct qt_err *err);
/* The number that CURRENT names. -QT_ECORRUPT where there is none. */
int	qt__manifest_current(int dirfd, uint64_t *number, struct qt_err *err);
void	qt__manifest_free(struct qt__manifest *m);
/*
 * Removes manifests with numbers less than keep, never that which CURRENT
 * names. Only under MAINTAIN.
 */
int	qt__manifest_prune(int dirfd, uint64_t keep);

/* The slice of a run that may hold key, or NULL. O(log slices). */
const struct qt__slice *qt__manifest_find(const struct qt__manifest *m,
	    const struct qt__sorted *run, const void *key, size_t len);

#endif /* QT_STORE_MANIFEST_PRIV_H */
