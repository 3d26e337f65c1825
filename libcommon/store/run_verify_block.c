/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a block of a run is as one that was written. See run_verify.c. */

#include "run_verify_priv.h"

/* In what order it stands to the one before, and what says that it is there. */
static void
check_entry(struct qt__run_verify *v, const struct qt__block_view *view,
    uint32_t i, const struct qt__entry *e, uint64_t at)
{
	const struct qt__run_footer	*f = &v->run.footer;
	uint64_t			 hash = qt__run_hash(e->key, e->key_len);
	int				 order = -1;

	if (v->has_last)
		order = qt__key_compare(v->last.data, v->last.len, e->key,
		    e->key_len);
	if (order > 0 || (order == 0 && v->last_version <= e->version))
		qt__run_found(v, at, "record %u is not in order", i);
	if (view->tags[i] != qt__block_tag(hash))
		qt__run_found(v, at, "record %u has a wrong tag", i);
	if (order != 0 && !qt__bloom_has(v->run.filter, f->filter_lines, hash))
		qt__run_found(v, at, "record %u is not in the filter", i);
	if (e->version < f->info.min_version ||
	    e->version > f->info.max_version)
		qt__run_found(v, at, "record %u has a version that the footer "
		    "excludes", i);
	v->last_version = e->version;
	v->sum.records++;
	v->sum.dels += (e->flags & QT__DEL) != 0;
	v->sum.raw_bytes += e->key_len + (uint64_t)e->value_len;
	if (e->version < v->sum.min_version)
		v->sum.min_version = e->version;
	if (e->version > v->sum.max_version)
		v->sum.max_version = e->version;
}

/* Does its first key lie behind the separator before? */
static void
check_first(struct qt__run_verify *v, uint32_t block, const struct qt__entry *e,
    uint64_t at)
{
	const struct qt__index	*ix = &v->run.index;
	const uint8_t		*sep;
	uint32_t		 len;
	int			 order;

	if (block == 0 && (e->key_len != ix->first_len ||
	    memcmp(e->key, ix->first, e->key_len) != 0))
		qt__run_found(v, at, "the first key is not that of the index");
	if (e->key_len < ix->prefix_len ||
	    memcmp(e->key, ix->first, ix->prefix_len) != 0) {
		qt__run_found(v, at, "the first key does not begin as all do");
		return;
	}
	if (block == 0 || qt__index_key(ix, block - 1, &sep, &len) < 0)
		return;
	order = qt__key_compare(sep, len, e->key + ix->prefix_len,
	    e->key_len - ix->prefix_len);
	if (order > 0 || (order == 0 && v->has_last && qt__key_compare(
	    v->last.data, v->last.len, e->key, e->key_len) != 0))
		qt__run_found(v, at, "the separator before is not less");
}

/* Is the separator not less than the last key, and its row its beginning? */
static void
check_last(struct qt__run_verify *v, uint32_t block, uint64_t at)
{
	const struct qt__index	*ix = &v->run.index;
	const uint8_t		*sep, *key = (const uint8_t *)v->last.data;
	uint32_t		 len;

	if (qt__index_key(ix, block, &sep, &len) < 0) {
		qt__run_found(v, v->run.footer.index_at,
		    "index: the separator of block %u is nowhere", block);
		return;
	}
	if (qt__index_prefix(ix, block) != qt__key_prefix(sep, len))
		qt__run_found(v, v->run.footer.index_at,
		    "index: block %u has another separator", block);
	if (v->last.len < ix->prefix_len || qt__key_compare(sep, len,
	    key + ix->prefix_len, v->last.len - ix->prefix_len) < 0)
		qt__run_found(v, at, "the separator is less than the last key");
}

/* 0, or negative when records could not be read. */
static int
check_records(struct qt__run_verify *v, uint32_t block,
    const struct qt__block_view *view, uint64_t at)
{
	const uint8_t		*next = view->records;
	struct qt__entry	 e;
	int			 rc = 0;

	qt__block_reader_set(&v->reader, view);
	for (uint32_t i = 0; i < view->count; i++) {
		rc = qt__block_reader_get(&v->reader, i, &e);
		if (rc < 0) {
			qt__run_found(v, at, "record %u is damaged", i);
			return rc;
		}
		if (qt__block_start(view, i) != (size_t)(next - view->records))
			qt__run_found(v, at, "record %u is not behind the one "
			    "before", i);
		next = e.value + e.value_len;
		if (i == 0)
			check_first(v, block, &e, at);
		check_entry(v, view, i, &e, at);
		qt_buf_reset(&v->last);
		rc = qt_buf_add(&v->last, e.key, e.key_len);
		if (rc < 0)
			return rc;
		v->has_last = true;
	}
	if (next != view->end)
		qt__run_found(v, at, "bytes behind the last record");
	check_last(v, block, at);
	return 0;
}

int
qt__run_check_block(struct qt__run_verify *v, uint32_t i, uint64_t *end)
{
	const struct qt__run_footer *f = &v->run.footer;
	struct qt__loaded	 l;
	struct qt__block_head	 h;
	const char		*what;
	uint64_t		 at, limit;
	int			 rc;

	if (qt__index_block(&v->run.index, f, i, &at, &limit) < 0) {
		qt__run_found(v, f->index_at, "index: block %u is at an "
		    "impossible position", i);
		return -QT_ECORRUPT;
	}
	if (at != qt__round_up(*end, f->align))
		qt__run_found(v, at, "the block is not behind the one before");
	else
		qt__run_check_zeros(v, *end, at);
	*end = limit;
	what = qt__block_head_unpack(&h, v->run.map, at, limit);
	if (what == NULL)
		*end = at + QT__BLOCK_HEADER + h.stored;
	if (what == NULL && h.crc != qt__run_crc(f->info.number, f->salt, at,
	    v->run.map + at + 4, QT__BLOCK_HEADER - 4 + (size_t)h.stored))
		what = "has a wrong checksum";
	rc = what != NULL ? -QT_ECORRUPT :
	    qt__run_load(&v->run, i, false, &l, NULL);
	if (rc == -QT_ECORRUPT)
		qt__run_found(v, at, "the block %s", what != NULL ? what :
		    "cannot be read");
	if (rc < 0)
		return rc;
	rc = check_records(v, i, &l.view, at);
	qt__run_unload(&l);
	return rc;
}
