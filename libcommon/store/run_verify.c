/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a run is in every respect as one that was written.
 *
 * Each byte is under a checksum or has to be zero. Then the parts are compared
 * with each other: positions, order, separators, tags, the filter, the sums in
 * the footer. So a mistake of the program that wrote the file is found as well,
 * not only damage that came later.
 */

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "run_verify_priv.h"

#define TOLD_MAX 1000	/* then it is enough */

void
qt__run_found(struct qt__run_verify *v, uint64_t at, const char *fmt, ...)
{
	char	text[256];
	va_list	ap;
	int	len;

	if (++v->found > TOLD_MAX)
		return;
	len = snprintf(text, sizeof(text), "run/%012llu.run at %llu: ",
	    (unsigned long long)v->run.footer.info.number,
	    (unsigned long long)at);
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, ap);
	va_end(ap);
	v->tell(v->arg, text);
}

void
qt__run_check_zeros(struct qt__run_verify *v, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at++) {
		if (v->run.map[at] != 0) {
			qt__run_found(v, at, "not zero, between two parts");
			return;
		}
	}
}

/* --- The frame ----------------------------------------------------------- */

/* 0 when it can be gone on with. */
static int
check_frame(struct qt__run_verify *v, const uint8_t *map, uint64_t size,
    uint64_t number)
{
	struct qt__run_footer	*f = &v->run.footer;
	struct qt__run_header	 h;
	const char		*what;
	uint64_t		 end = size < QT__RUN_FOOTER ? 0 :
	    size - QT__RUN_FOOTER;
	int			 rc, rc_end;

	f->info.number = number;
	what = qt__run_header_unpack(&h, map, size, number, &rc);
	if (what != NULL)
		qt__run_found(v, 0, "%s", what);
	what = qt__run_footer_unpack(f, map, size, number, &rc_end);
	f->info.number = number;
	if (what != NULL)
		qt__run_found(v, end, "%s", what);
	if (rc_end < 0)
		return rc_end;
	if (rc == 0 && (h.salt != f->salt || h.align != f->align))
		qt__run_found(v, end, "header and footer are of two files");
	v->run.map = map;
	v->run.size = size;
	v->run.filter = map + f->filter_at;
	if (qt__index_view(&v->run.index, map, f) == 0)
		return 0;
	qt__run_found(v, f->index_at, "index: impossible sizes");
	return -QT_ECORRUPT;
}

static void
check_part(struct qt__run_verify *v, uint64_t at, uint64_t len, uint32_t crc,
    const char *name)
{
	const struct qt__run_footer	*f = &v->run.footer;

	if (crc != qt__run_crc(f->info.number, f->salt, at, v->run.map + at,
	    (size_t)len))
		qt__run_found(v, at, "%s: wrong checksum", name);
}

static void
check_parts(struct qt__run_verify *v)
{
	const struct qt__run_footer	*f = &v->run.footer;

	qt__run_check_zeros(v, f->data_end, f->filter_at);
	check_part(v, f->filter_at, (uint64_t)f->filter_lines *
	    QT__BLOOM_LINE, f->filter_crc, "filter");
	check_part(v, f->index_at, f->index_len, f->index_crc, "index");
	qt__run_check_zeros(v, f->index_at + f->index_len,
	    v->run.size - QT__RUN_FOOTER);
}

/* --- The whole ---------------------------------------------------------- */

static int
check_blocks(struct qt__run_verify *v)
{
	uint64_t	end = QT__RUN_HEADER;
	int		rc;

	v->is_whole = true;
	for (uint32_t i = 0; i < v->run.index.count; i++) {
		rc = qt__run_check_block(v, i, &end);
		if (rc < 0 && rc != -QT_ECORRUPT)
			return rc;
		if (rc < 0)
			v->is_whole = v->has_last = false;
	}
	if (v->is_whole && end != v->run.footer.data_end)
		qt__run_found(v, end, "the blocks end elsewhere");
	return 0;
}

static void
check_sums(struct qt__run_verify *v)
{
	const struct qt__run_info	*i = &v->run.footer.info;
	uint64_t			 at = v->run.size - QT__RUN_FOOTER;

	if (!v->is_whole)
		return;
	if (v->sum.records == 0)
		v->sum.min_version = 0;
	if (i->records != v->sum.records || i->dels != v->sum.dels)
		qt__run_found(v, at, "footer: %llu records, but there are %llu",
		    (unsigned long long)i->records,
		    (unsigned long long)v->sum.records);
	if (i->raw_bytes != v->sum.raw_bytes)
		qt__run_found(v, at, "footer: a wrong number of bytes");
	if (i->min_version != v->sum.min_version ||
	    i->max_version != v->sum.max_version)
		qt__run_found(v, at, "footer: wrong versions");
}

int
qt__run_verify_bytes(const uint8_t *map, uint64_t size, uint64_t number,
    void (*tell)(void *arg, const char *what), void *arg)
{
	struct qt__run_verify	v = {
		.tell = tell, .arg = arg, .sum.min_version = UINT64_MAX,
	};
	int		rc = 0;

	if (check_frame(&v, map, size, number) == 0) {
		check_parts(&v);
		rc = check_blocks(&v);
		check_sums(&v);
	}
	qt__block_reader_clear(&v.reader);
	qt_buf_clear(&v.last);
	return rc < 0 ? rc : v.found;
}

int
qt__run_verify(int dirfd, uint64_t number,
    void (*tell)(void *arg, const char *what), void *arg)
{
	void		*map;
	uint64_t	 size;
	int		 rc = qt__run_map(dirfd, number, &map, &size, NULL);

	if (rc < 0)
		return rc;
	rc = qt__run_verify_bytes(map, size, number, tell, arg);
	if (map != NULL)
		munmap(map, (size_t)size);
	return rc;
}
