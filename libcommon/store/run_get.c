/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking one key up in a run.
 *
 * The filter says in one cache line that it is not there; else the index names
 * one block, and the block's tags one record. Nothing is allocated or copied,
 * but from blocks that are deflated.
 */

#include <errno.h>
#include <stdlib.h>

#include "run_file_priv.h"

static void
fill(struct qt__entry *e, const struct qt__record *r, const void *key,
    size_t len)
{
	e->key = key;
	e->key_len = (uint32_t)len;
	e->value = r->value;
	e->value_len = r->value_len;
	e->version = r->version;
	e->expires_ms = r->expires_ms;
	e->flags = r->flags;
	e->tag = r->tag;
}

/*
 * What keeps the value readable when the block is let go of: nothing, what was
 * inflated for it, or, as others use what is in the cache, a copy.
 */
static int
keep(struct qt__entry *e, void **own, struct qt__loaded *l)
{
	*own = l->own;
	l->own = NULL;
	if (l->held == NULL)
		return 1;
	*own = malloc(e->value_len > 0 ? e->value_len : 1);
	if (*own == NULL)
		return -ENOMEM;
	memcpy(*own, e->value, e->value_len);
	e->value = *own;
	return 1;
}

/* Looks into block i. */
static int
get_from(struct qt__run *r, uint32_t i, struct qt__entry *e, void **own,
    const void *key, size_t len, uint64_t hash, uint64_t max_version,
    struct qt_err *err)
{
	struct qt__loaded	l;
	struct qt__record	found;
	int			rc = qt__run_load(r, i, true, &l, err);

	if (rc < 0)
		return rc;
	rc = qt__block_get(&l.view, &found, key, len, qt__block_tag(hash),
	    max_version);
	if (rc < 0)
		qt_err_set(err, "run '%012llu.run': block %u has an impossible "
		    "record", (unsigned long long)r->footer.info.number, i);
	if (rc > 0) {
		fill(e, &found, key, len);
		rc = keep(e, own, &l);
	}
	qt__run_unload(&l);
	return rc;
}

int
qt__run_get(struct qt__run *r, struct qt__entry *e, void **own,
    const void *key, size_t len, uint64_t hash, uint64_t max_version,
    struct qt_err *err)
{
	uint32_t	i;
	bool		is_equal;
	int		rc;

	*own = NULL;
	if (!qt__bloom_has(r->filter, r->footer.filter_lines, hash))
		return 0;
	rc = qt__run_index_find(&r->index, &i, &is_equal, key, len);
	while (rc == 0 && i < r->index.count) {
		rc = get_from(r, i, e, own, key, len, hash, max_version, err);
		if (rc != 0 || !is_equal || ++i == r->index.count)
			return rc;
		/* Older versions of it go on in the next block. */
		rc = qt__index_is(&r->index, i, &is_equal, key, len);
	}
	if (rc < 0)
		qt_err_set(err, "run '%012llu.run': index: an impossible "
		    "position", (unsigned long long)r->footer.info.number);
	return rc;
}
