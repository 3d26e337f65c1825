/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MANIFEST_FILE_PRIV_H
#define QT_STORE_MANIFEST_FILE_PRIV_H
/*
 * A manifest as bytes. Numbers are little-endian.
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	     0	   8	"qt-manif"
 *	     8	   4	version of this format, 1
 *	    12	   4	bytes of this head, 168
 *	    16	   8	bytes of the file
 *	    24	   8	number
 *	    32	   8	next_file
 *	    40	   8	first_wal
 *	    48	   8	next_wal
 *	    56	   8	version
 *	    64	   8	made_ms
 *	    72	   8	clock_ms
 *	    80	  32	flush, a job
 *	   112	  32	merge, a job
 *	   144	   4	runs
 *	   148	   4	slices
 *	   152	   8	bytes of the heap
 *	   160	   4	drops
 *	   164	   4	0
 *	   168	  32 r	runs, newest first
 *		  72 s	slices, those of the first run first, by key
 *		  16 d	drops
 *		     h	heap: keys
 *	  last	   4	CRC32C of all before
 *
 *	job: output 8, input 8, inputs 4, 0 4, key_at 4, key_len 4
 *	run: id 8, first 4, count 4, flags 4, level 4, bytes 8
 *	slice: number, size, records, dels, raw_bytes, min_version, max_version
 *		8 each, min_at, min_len, max_at, max_len 4 each
 *	drop: number 8, since 8
 *
 * Rows have the layout of the structures, so that on a little-endian machine
 * they are read where they are; on others they are turned round in place.
 */
#include <endian.h>

#include "manifest_priv.h"

#define QT__MANIFEST_MAGIC	"qt-manif"
#define QT__MANIFEST_FORMAT	1u
#define QT__MANIFEST_HEAD	168u
#define QT__MANIFEST_MAX	(UINT32_C(1) << 30)	/* bytes of a file */
#define QT__MANIFEST_KEY_MAX	(65536u + 1)	/* trimmed: a zero byte more */
#define QT__MANIFEST_NAME_SIZE	40

_Static_assert(sizeof(struct qt__sorted) == 32, "a run's row");
_Static_assert(sizeof(struct qt__slice) == 72, "a slice's row");
_Static_assert(sizeof(struct qt__job) == 32, "a job's row");
_Static_assert(sizeof(struct qt__drop) == 16, "a drop's row");

/* Rows as they are in a file to rows of this machine, or back. */
static inline void
qt__job_turn(struct qt__job *j)
{
	j->output = le64toh(j->output);
	j->input = le64toh(j->input);
	j->inputs = le32toh(j->inputs);
	j->reserved = le32toh(j->reserved);
	j->key_at = le32toh(j->key_at);
	j->key_len = le32toh(j->key_len);
}

static inline void
qt__sorted_turn(struct qt__sorted *r)
{
	r->id = le64toh(r->id);
	r->first = le32toh(r->first);
	r->count = le32toh(r->count);
	r->flags = le32toh(r->flags);
	r->level = le32toh(r->level);
	r->bytes = le64toh(r->bytes);
}

static inline void
qt__slice_turn(struct qt__slice *s)
{
	s->info.number = le64toh(s->info.number);
	s->info.size = le64toh(s->info.size);
	s->info.records = le64toh(s->info.records);
	s->info.dels = le64toh(s->info.dels);
	s->info.raw_bytes = le64toh(s->info.raw_bytes);
	s->info.min_version = le64toh(s->info.min_version);
	s->info.max_version = le64toh(s->info.max_version);
	s->min_at = le32toh(s->min_at);
	s->min_len = le32toh(s->min_len);
	s->max_at = le32toh(s->max_at);
	s->max_len = le32toh(s->max_len);
}

static inline void
qt__drop_turn(struct qt__drop *d)
{
	d->number = le64toh(d->number);
	d->since = le64toh(d->since);
}

/* Tables that grow; m shows them. */
struct qt__manifest_edit {
	struct qt__manifest	 m;
	struct qt__sorted	*runs;
	struct qt__slice	*slices;
	struct qt__drop		*drops;
	uint8_t			*heap;
	uint32_t		 run_room, slice_room, drop_room;
	size_t			 heap_room;
};

/*
 * Fills m from a whole file and checks everything; m borrows data, which is
 * aligned as malloc's. -QT_ECORRUPT, -QT_EVERSION.
 */
int	qt__manifest_parse(struct qt__manifest *m, void *data, size_t len,
	    struct qt_err *err);
/* The same as a file, malloc'ed; number and made_ms as they are in m. */
int	qt__manifest_pack(const struct qt__manifest *m, void **data,
	    size_t *len);
/* Do the rows make sense? Positions are those of a file. */
int	qt__manifest_check(const struct qt__manifest *m, struct qt_err *err);

/* "manifest/000000000012" */
void	qt__manifest_name(char name[QT__MANIFEST_NAME_SIZE], uint64_t number);
/* CURRENT: the number, and the CRC32C at the end of the file of that number. */
#define QT__CURRENT_SIZE	64
int	qt__current_parse(const char *text, size_t len, uint64_t *number,
	    uint32_t *crc);
int	qt__current_read(int dirfd, uint64_t *number, uint32_t *crc,
	    struct qt_err *err);
/* Its CRC must be crc, unless that is NULL. */
int	qt__manifest_read(struct qt__manifest **out, int dirfd,
	    uint64_t number, const uint32_t *crc, struct qt_err *err);

#endif /* QT_STORE_MANIFEST_FILE_PRIV_H */
