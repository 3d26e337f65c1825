/* SPDX-License-Identifier: Apache-2.0 */
/* What records hold in place of values. See stored_priv.h, big_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include <qt/base/le.h>

#include "handle_priv.h"
#include "stored_priv.h"

/* Values longer than this have a file. */
static uint64_t
big_limit(const struct qt_store *s)
{
	uint64_t	quarter = s->set.memtable_size / 4;

	return quarter < QT__BIG_MIN ? quarter : QT__BIG_MIN;
}

static bool
is_big(const struct qt_store *s, const struct qt_store_put *p)
{
	return p->value_len > big_limit(s) && !(p->flags & QT_STORE_DEL);
}

static bool
is_to_deflate(const struct qt_store *s, const struct qt_store_put *p)
{
	return s->set.level > 0 && p->value_len >= QT__DEFLATE_MIN &&
	    !(p->flags & QT_STORE_DEL);
}

bool
qt__stored_is_due(const struct qt_store *s, const struct qt_store_put *puts,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_to_deflate(s, &puts[i]) || is_big(s, &puts[i]))
			return true;
	return false;
}

/* --- Deflated ------------------------------------------------------------- */

/* What zlib looks back and keeps in mind: no more than there is. */
static int
begin(z_stream *z, size_t len, int level)
{
	int	bits = 9;

	while (bits < 15 && (UINT64_C(1) << bits) < len)
		bits++;
	return deflateInit2(z, level, Z_DEFLATED, bits, bits > 10 ? bits - 7 :
	    4, Z_DEFAULT_STRATEGY) == Z_OK ? 0 : -ENOMEM;
}

/* Bytes of it; 0 when it does not fit. */
static int
deflate_into(uint8_t *out, size_t room, const struct qt_store_put *p,
    int level, size_t *len)
{
	z_stream	z = { .zalloc = NULL };
	int		rc = begin(&z, p->value_len, level);

	if (rc < 0)
		return rc;
	z.next_in = (Bytef *)(uintptr_t)p->value;
	z.avail_in = (uInt)p->value_len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	*len = deflate(&z, Z_FINISH) == Z_STREAM_END ? room - z.avail_out : 0;
	(void)deflateEnd(&z);
	return 0;
}

static int
make_deflated(struct qt__stored *e, const struct qt_store *s,
    const struct qt_store_put *p)
{
	size_t	 room = p->value_len - p->value_len / 8, len;
	uint8_t	*out = malloc(room);
	int	 rc;

	if (out == NULL)
		return -ENOMEM;
	rc = deflate_into(out + 4, room - 4, p, (int)s->set.level, &len);
	if (rc < 0 || len == 0) {
		free(out);
		return rc;
	}
	qt_le_store32(out, (uint32_t)p->value_len);
	e->own = out;
	e->value = out;
	e->len = (uint32_t)(len + 4);
	e->flags = QT__DEFLATED;
	return 0;
}

/* --- Big ------------------------------------------------------------------ */

static int
make_big(struct qt__stored *e, struct qt_store *s,
    const struct qt_store_put *p, struct qt_err *err)
{
	struct qt__big_value	v = { .key = p->key, .key_len = p->key_len,
	    .data = p->value, .len = p->value_len };
	struct qt__big_ref	ref;
	int			rc = qt__store_user(s, err);

	do {
		if (rc == 0 || rc == -EEXIST)
			rc = qt__big_claim(&s->user, &s->ctl->next_big,
			    &e->number);
		if (rc < 0) {
			e->number = 0;
			return rc;
		}
		rc = qt__big_write(s->big_fd, e->number, &v, &ref, err);
		if (rc < 0)
			qt__big_unclaim(&s->user, e->number);
	} while (rc == -EEXIST);
	if (rc < 0) {
		e->number = 0;
		return rc;
	}
	qt__big_ref_pack(e->ref, &ref);
	e->value = e->ref;
	e->len = QT__BIG_REF_SIZE;
	e->flags = QT__BIG;
	return 0;
}

/* --- All of them ---------------------------------------------------------- */

static int
make_one(struct qt__stored *e, struct qt_store *s,
    const struct qt_store_put *p, struct qt_err *err)
{
	e->value = p->value;
	e->len = (uint32_t)p->value_len;
	if (is_big(s, p))
		return make_big(e, s, p, err);
	return is_to_deflate(s, p) ? make_deflated(e, s, p) : 0;
}

int
qt__stored_make(struct qt_store *s, struct qt__stored **out,
    const struct qt_store_put *puts, size_t count, struct qt_err *err)
{
	int	rc = 0;

	*out = calloc(count, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = make_one(&(*out)[i], s, &puts[i], err);
	if (rc == 0)
		return 0;
	qt__stored_free(s, *out, count, false);
	*out = NULL;
	return rc;
}

void
qt__stored_free(struct qt_store *s, struct qt__stored *stored, size_t count,
    bool is_committed)
{
	for (size_t i = 0; stored != NULL && i < count; i++) {
		free(stored[i].own);
		if (stored[i].number == 0)
			continue;
		if (!is_committed)
			(void)qt__big_remove(s->big_fd, stored[i].number);
		qt__big_unclaim(&s->user, stored[i].number);
	}
	free(stored);
}
