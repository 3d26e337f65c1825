/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_COMPACT_PRIV_H
#define QT_STORE_COMPACT_PRIV_H
/*
 * Maintenance: memtables into runs, runs into one, in steps. Each step writes a
 * few slices and then one manifest; it knows nothing of shared memory.
 *
 *	manifest N --> step --> run/..., fsync --> manifest N + 1
 *
 * Killed anywhere: manifest N is in force and what was written is nobody's; the
 * next one to do the step writes files of the same numbers. An error: the same,
 * and the files are removed; except for -ENOTRECOVERABLE (see manifest_priv.h)
 * and -ESTALE, where they are left, as somebody may have them.
 *
 * Under MAINTAIN, and the log of a memtable is durable before it is flushed.
 * Files that no manifest names any more, or that a killed maintainer left, are not
 * removed here: collect.c finds them by comparing run/ with the manifests.
 */
#include <stdbool.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

#include "manifest_priv.h"
#include "merge_priv.h"
#include "plan_priv.h"

struct qt__work {
	int		 dirfd, run_dirfd;	/* the store's, its run/ */
	uint32_t	 level;		/* of compression */
	uint64_t	 slice_size;	/* 0: as the store's size has it */
	uint64_t	 memtable_size;
	unsigned int	 threads;	/* a merge of many slices takes up to so
					   many, QT__PARTS at most; 0 as 1 */
	uint64_t	 now_ms;	/* or the manifest's clock_ms, if later */
	/* Nobody uses a manifest before this one (0: not known): big values
	   that were dropped by then are removed. */
	uint64_t	 oldest;
	/* Where threads are more than one, both are called from any of them. */
	struct qt__run_source source;	/* err is not used */
	/* Bytes written to a run just now. May be NULL. */
	void		(*written)(void *arg, uint64_t bytes);
	void		*arg;
};

/*
 * The next part of a frozen memtable. mem gives all its records, and is taken
 * over; max_version is the highest version that it may hold. About budget bytes
 * are written, but not less than a slice. 1: more to do, 0: all of it is in
 * runs, and first_wal is beyond it; either with *to, the new manifest in force.
 */
int	qt__flush_step(struct qt__work *work, const struct qt__manifest *from,
	    struct qt__cursor *mem, uint64_t memtable, uint64_t max_version,
	    uint64_t budget, struct qt__manifest **to, struct qt_err *err);
/*
 * Goes on with the merge that is under way, or begins one if one is due; whole
 * is qt__plan()'s. 1 with *to, or 0: nothing is due, *to is NULL.
 *
 * A reader needs to know nothing of a merge under way: up to its key the output
 * has what there is, and the inputs begin behind it.
 */
int	qt__merge_step(struct qt__work *work, const struct qt__manifest *from,
	    uint64_t budget, uint64_t whole, struct qt__manifest **to,
	    struct qt_err *err);

/* --- Its parts ----------------------------------------------------------- */

/*
 * All that source gives, until it is told to end, more than so many bytes came
 * by, or a key is greater than limit (NULL: no limit); never between versions of
 * one key. Forward only; takes source over; limit must stay.
 */
int	qt__stretch_cursor(struct qt__cursor **out, struct qt__cursor *source,
	    uint64_t bytes, const void *limit, size_t limit_len);
/* The key that it is on is the last. 0 or -ENOMEM. */
int	qt__stretch_end(struct qt__cursor *c);
/* When it gave 0: whether it ended early, and where: that key is done. */
bool	qt__stretch_is_cut(const struct qt__cursor *c, const void **key,
	    size_t *len);

/* Slices being written, one after the other. */
struct qt__output {
	const struct qt__work	*work;
	uint64_t		 slice_size;
	_Atomic uint64_t	*next;		/* number of the next file */
	struct qt__run_writer	*writer;
	struct qt__output_slice	*slices;
	size_t			 count, room;
	uint64_t		 bytes;		/* of those that are finished */
	struct qt_buf		 last;		/* key */
};
/* A new slice begins with e when the last one is full and e's key is new. */
int	qt__output_add(struct qt__output *o, const struct qt__entry *e,
	    struct qt_err *err);
/* Bytes in all; *is_full: the slice is. */
uint64_t qt__output_size(const struct qt__output *o, bool *is_full);
/* Finishes the last slice. */
int	qt__output_finish(struct qt__output *o, struct qt_err *err);
/* Appends all slices to a run. */
int	qt__output_list(const struct qt__output *o,
	    struct qt__manifest_edit *e, uint64_t run);
void	qt__output_remove(struct qt__output *o);	/* the files */
void	qt__output_clear(struct qt__output *o);

#define QT__PARTS	4u

/* What a step has in hand; parts are of keys that follow each other. */
struct qt__step {
	struct qt__work			*work;
	const struct qt__manifest	*from;
	struct qt__manifest_edit	*edit;
	_Atomic uint64_t		 next;	/* file */
	uint64_t			 slice_size;
	bool				 is_bottom;
	size_t				 parts;
	struct qt__part {
		const struct qt__step	*step;
		struct qt__output	 out;
		struct qt_buf		 drops;	/* uint64_t: files of big/ */
	} part[QT__PARTS];
};
int	qt__step_begin(struct qt__step *s, struct qt__work *work,
	    const struct qt__manifest *from);
/* Keys of a part: greater than after, up to limit; NULL: without a bound. */
struct qt__part_keys {
	const void	*after, *limit;
	size_t		 after_len, limit_len;
};
/*
 * Writes what is to be kept of source, which is taken over. 1: cut off at the
 * key in *upto, 0: all that there is.
 */
int	qt__part_write(struct qt__part *p, struct qt__cursor *source,
	    const struct qt__part_keys *bounds, uint64_t budget,
	    struct qt_buf *upto, struct qt_err *err);
/*
 * The same of count adjacent runs, the first of which is run first of from; in
 * several parts at once where that pays.
 */
int	qt__step_merge(struct qt__step *s, uint32_t first, uint32_t count,
	    uint64_t budget, struct qt_buf *upto, struct qt_err *err);
/* Appends what was written to a run. */
int	qt__step_list(struct qt__step *s, uint64_t run);
/* Saves the manifest, when rc is not negative; ends the step. */
int	qt__step_end(struct qt__step *s, int rc, struct qt__manifest **to,
	    struct qt_err *err);

#endif /* QT_STORE_COMPACT_PRIV_H */
