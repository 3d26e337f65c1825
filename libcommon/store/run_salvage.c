/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sound of a run that may be damaged.
 *
 * Blocks say themselves where they end, and their checksums are bound to file
 * and position, so neither the index nor the order is needed: where a block is
 * not sound, the next place is looked for at which one is. Of header and footer
 * one is needed, for the salt.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <qt/base/le.h>

#include "block_zlib_priv.h"
#include "run_file_priv.h"

/* Bytes that look like large blocks are only believed so often. */
#define PATIENCE	16u
#define SMALL		65536u

struct salvage {
	const uint8_t	*map;
	uint64_t	 size, limit, number, salt;
	uint64_t	 spent;		/* bytes that were no block */
	uint32_t	 align;
	int		 stop;		/* each() has had enough */
	struct qt__block_reader reader;
	int		(*each)(void *arg, const struct qt__entry *e);
	void		*arg;
};

/* Header or footer, whichever is sound. 1 when the footer is, 0, negative. */
static int
read_frame(struct salvage *s)
{
	struct qt__run_header	h;
	struct qt__run_footer	f;
	const uint8_t		*end;
	bool			has_header, has_footer = false;
	int			rc;

	has_header = s->size >= QT__RUN_HEADER &&
	    qt__run_header_unpack(&h, s->map, s->size,
	    qt_le_load64(s->map + 16), &rc) == NULL;
	if (s->size >= QT__RUN_HEADER + QT__RUN_FOOTER) {
		end = s->map + s->size - QT__RUN_FOOTER;
		has_footer = qt__run_footer_unpack(&f, s->map, s->size,
		    qt_le_load64(end + 16), &rc) == NULL;
	}
	if (!has_header && !has_footer)
		return -QT_ECORRUPT;
	s->number = has_header ? h.number : f.info.number;
	s->salt = has_header ? h.salt : f.salt;
	s->align = has_header ? h.align : f.align;
	s->limit = has_footer && s->salt == f.salt ? f.data_end : s->size;
	return has_footer && s->salt == f.salt;
}

/* All records can be read; then each is told. */
static int
tell_block(struct salvage *s, const struct qt__block_view *v)
{
	struct qt__entry	e;
	int			rc = 1;

	qt__block_reader_set(&s->reader, v);
	for (uint32_t i = 0; i < v->count && rc > 0; i++)
		rc = qt__block_reader_get(&s->reader, i, &e);
	for (uint32_t i = 0; i < v->count && rc > 0 && s->stop >= 0; i++) {
		rc = qt__block_reader_get(&s->reader, i, &e);
		if (rc > 0)
			s->stop = s->each(s->arg, &e);
	}
	return rc;
}

/* A block whose checksum is right: 1, 0 when it is not sound, negative. */
static int
read_block(struct salvage *s, const struct qt__block_head *h, uint64_t at)
{
	const uint8_t		*contents = s->map + at + QT__BLOCK_HEADER;
	struct qt__block_view	 v;
	uint8_t			*own = NULL;
	int			 rc = 0;

	if (h->method == QT__BLOCK_ZLIB) {
		own = malloc(h->len > 0 ? h->len : 1);
		rc = own == NULL ? -ENOMEM :
		    qt__inflate(own, h->len, contents, h->stored);
		contents = own;
	}
	if (rc == 0)
		rc = qt__block_view(&v, contents, h->len, h);
	if (rc == 0)
		rc = tell_block(s, &v);
	free(own);
	if (s->stop < 0)
		return s->stop;
	return rc == -QT_ECORRUPT ? 0 : rc;
}

static bool
has_magic(const struct salvage *s, uint64_t at)
{
	return qt_le_load32(s->map + at + 4) == QT__BLOCK_MAGIC;
}

/* Is there a sound block? 1, and *end is where it ends; 0; negative. */
static int
try(struct salvage *s, uint64_t at, uint64_t *end)
{
	struct qt__block_head	h;

	if (!has_magic(s, at) ||
	    qt__block_head_unpack(&h, s->map, at, s->limit) != NULL)
		return 0;
	if (h.stored > SMALL && s->spent / PATIENCE > s->size)
		return 0;
	if (h.crc != qt__run_crc(s->number, s->salt, at, s->map + at + 4,
	    QT__BLOCK_HEADER - 4 + (size_t)h.stored)) {
		s->spent += h.stored;
		return 0;
	}
	*end = at + QT__BLOCK_HEADER + h.stored;
	return read_block(s, &h, at);
}

static int
walk(struct salvage *s)
{
	uint64_t	at = QT__RUN_HEADER, end;
	bool		is_lost = false;
	int		rc, bad = 0;

	while (at < s->limit && s->limit - at >= QT__BLOCK_HEADER) {
		rc = try(s, at, &end);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			bad += bad < INT32_MAX && (!is_lost || has_magic(s, at));
			end = at + 1;
		}
		is_lost = rc == 0;
		at = qt__round_up(end, s->align);
	}
	return bad;
}

int
qt__run_salvage_bytes(const uint8_t *map, uint64_t size,
    int (*each)(void *arg, const struct qt__entry *e), void *arg)
{
	struct salvage	s = {
		.map = map, .size = size, .each = each, .arg = arg,
	};
	int		rc = read_frame(&s), bad;

	if (rc < 0)
		return rc;
	bad = walk(&s);
	qt__block_reader_clear(&s.reader);
	return bad == 0 && rc == 0 ? 1 : bad;
}

int
qt__run_salvage(int dirfd, uint64_t number,
    int (*each)(void *arg, const struct qt__entry *e), void *arg)
{
	void		*map;
	uint64_t	 size;
	int		 rc = qt__run_map(dirfd, number, &map, &size, NULL);

	if (rc < 0)
		return rc;
	rc = qt__run_salvage_bytes(map, size, each, arg);
	if (map != NULL)
		munmap(map, (size_t)size);
	return rc;
}
