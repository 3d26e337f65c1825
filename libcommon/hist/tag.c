/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of events, in the history's store. See <qt/hist/tag.h>. */

#include <errno.h>
#include <string.h>

#include <qt/base/utf8.h>
#include <qt/hist/tag.h>

#include "db_priv.h"
#include "tag_priv.h"

#define OTHERS	"-_./+@:"	/* in a name, besides letters and digits */

/* --- Names ---------------------------------------------------------------- */

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr(OTHERS, c) != NULL);
}

int
qt_hist_tag_check(const char *name, size_t len)
{
	size_t	n;
	int	is_valid;

	if (len > QT_HIST_TAG_MAX)
		return -ENAMETOOLONG;
	if (len == 0 || name[0] == '-')
		return -EINVAL;
	for (; len > 0; name += n, len -= n) {
		n = qt_utf8_next(name, len, &is_valid);
		if (n == 1 ? !is_plain(*name) : !is_valid ||
		    qt_utf8_is_control(name, n))
			return -EINVAL;
	}
	return 0;
}

/* --- Records -------------------------------------------------------------- */

static void
tag_key(uint8_t out[QT__EVENT_KEY], uint64_t start_us, uint64_t id)
{
	qt__event_key(out, start_us, id);
	out[0] = 'g';
}

/* 0, or -QT_ECORRUPT. */
static int
unpack(struct qt_hist_bytes of[QT_HIST_TAGS_MAX], size_t *count,
    const char *data, size_t len)
{
	const char	*end = data + len, *nul;

	*count = 0;
	while (data < end) {
		nul = memchr(data, '\0', (size_t)(end - data));
		if (nul == NULL || *count == QT_HIST_TAGS_MAX ||
		    qt_hist_tag_check(data, (size_t)(nul - data)) < 0)
			return -QT_ECORRUPT;
		of[(*count)++] = (struct qt_hist_bytes){ data,
		    (size_t)(nul - data) };
		data = nul + 1;
	}
	return 0;
}

/* version: of the record; 0 where there is none. */
static int
load(struct qt_hist_db *db, const uint8_t key[QT__EVENT_KEY],
    struct qt_hist_tags *out, uint64_t *version, struct qt_err *err)
{
	struct qt_store_value	v;
	size_t			len = 0;
	int			rc;

	out->count = 0;
	*version = 0;
	rc = qt_store_get(db->store, NULL, &v, key, QT__EVENT_KEY, err);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*version = v.version;
	if (v.len <= sizeof(out->bytes)) {
		len = v.len;
		memcpy(out->bytes, v.data, len);
	} else {
		rc = -QT_ECORRUPT;
	}
	qt_store_value_clear(&v);
	if (rc == 0)
		rc = unpack(out->of, &out->count, out->bytes, len);
	if (rc < 0) {
		out->count = 0;
		qt_err_set(err, "an event's tags are damaged");
	}
	return rc;
}

/* On the condition that nobody else has changed them; visible when it returns. */
static int
save(struct qt_hist_db *db, const uint8_t key[QT__EVENT_KEY],
    const struct qt_hist_bytes *tags, size_t count, uint64_t version,
    struct qt_err *err)
{
	struct qt_buf		value = QT_BUF_INIT;
	struct qt_store_put	put = { .key = key, .key_len = QT__EVENT_KEY,
	    .if_version = version,
	    .flags = QT_STORE_IF_VERSION | QT_STORE_ASYNC_NOW };
	int			rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = qt_buf_add(&value, tags[i].data, tags[i].len);
		if (rc == 0)
			rc = qt_buf_add(&value, "", 1);
	}
	put.value = value.data;
	put.value_len = value.len;
	if (count == 0)
		put.flags |= QT_STORE_DEL;
	if (rc == 0)
		rc = qt_store_put(db->store, NULL, &put, err);
	qt_buf_clear(&value);
	return rc;
}

/* --- One event's ---------------------------------------------------------- */

/* Where a name is, or would be. */
static size_t
find(const struct qt_hist_tags *t, const char *name, size_t len,
    bool *is_there)
{
	size_t	i = 0;
	int	order = 1;

	for (; i < t->count; i++) {
		size_t	least = len < t->of[i].len ? len : t->of[i].len;

		order = memcmp(t->of[i].data, name, least);
		if (order == 0)
			order = t->of[i].len < len ? -1 : t->of[i].len > len;
		if (order >= 0)
			break;
	}
	*is_there = i < t->count && order == 0;
	return i;
}

struct change {
	struct qt_hist_db	*db;
	const char		*name;
	size_t			 len;
	bool			 is_removal;
};

static int
add(const struct change *c, const uint8_t key[QT__EVENT_KEY],
    struct qt_err *err)
{
	struct qt_hist_tags	t;
	struct qt_hist_bytes	all[QT_HIST_TAGS_MAX];
	uint8_t			event[QT__EVENT_KEY];
	uint64_t		version;
	size_t			at;
	bool			is_there;
	int			rc;

	rc = load(c->db, key, &t, &version, err);
	memcpy(event, key, sizeof(event));
	event[0] = 'e';
	if (rc == 0)
		rc = qt_store_has(c->db->store, NULL, event, sizeof(event),
		    err);
	if (rc < 0)
		return rc;
	at = find(&t, c->name, c->len, &is_there);
	if (is_there)
		return -EEXIST;
	if (t.count == QT_HIST_TAGS_MAX)
		return -E2BIG;
	memcpy(all, t.of, at * sizeof(*all));
	all[at] = (struct qt_hist_bytes){ c->name, c->len };
	memcpy(all + at + 1, t.of + at, (t.count - at) * sizeof(*all));
	return save(c->db, key, all, t.count + 1, version, err);
}

static int
drop(const struct change *c, const uint8_t key[QT__EVENT_KEY],
    struct qt_err *err)
{
	struct qt_hist_tags	t;
	uint64_t		version;
	size_t			at;
	bool			is_there;
	int			rc;

	rc = load(c->db, key, &t, &version, err);
	if (rc < 0)
		return rc;
	at = find(&t, c->name, c->len, &is_there);
	if (!is_there)
		return -ENOENT;
	t.count--;
	memmove(t.of + at, t.of + at + 1, (t.count - at) * sizeof(*t.of));
	return save(c->db, key, t.of, t.count, version, err);
}

static int
change_one(const struct change *c, uint64_t start_us, uint64_t id,
    struct qt_err *err)
{
	uint8_t	key[QT__EVENT_KEY];
	int	rc;

	tag_key(key, start_us, id);
	/* Stale: somebody else did something to it, which takes as long. */
	do {
		rc = c->is_removal ? drop(c, key, err) : add(c, key, err);
	} while (rc == -ESTALE);
	return rc;
}

/* all: what needs nothing is no error. */
static int
change(const struct change *c, const struct qt_hist_tag_at *at, size_t count,
    size_t *changed, bool is_all, struct qt_err *err)
{
	int	rc = qt_hist_tag_check(c->name, c->len), synced = 0;

	*changed = 0;
	/* What is erased meanwhile would leave its tags. */
	if (rc == 0)
		rc = qt__db_lock(c->db, 0, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = change_one(c, at[i].start_us, at[i].id, err);
		*changed += rc == 0;
		if (is_all && (rc == -EEXIST || rc == -ENOENT))
			rc = 0;
	}
	qt__db_unlock(c->db);
	if (*changed > 0)
		synced = qt_store_sync(c->db->store, 0, err);
	rc = rc == 0 ? synced : rc;
	if (rc < 0)
		qt_err_wrap(err, "%s a tag", c->is_removal ? "remove" : "add");
	return rc;
}

int
qt_hist_tag_add(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    const char *name, size_t len, struct qt_err *err)
{
	struct change	c = { db, name, len, false };
	size_t		changed;

	return change(&c, &(struct qt_hist_tag_at){ start_us, id }, 1,
	    &changed, false, err);
}

int
qt_hist_tag_remove(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    const char *name, size_t len, struct qt_err *err)
{
	struct change	c = { db, name, len, true };
	size_t		changed;

	return change(&c, &(struct qt_hist_tag_at){ start_us, id }, 1,
	    &changed, false, err);
}

int
qt_hist_tag_add_all(struct qt_hist_db *db, const struct qt_hist_tag_at *at,
    size_t count, const char *name, size_t len, size_t *changed,
    struct qt_err *err)
{
	struct change	c = { db, name, len, false };

	return change(&c, at, count, changed, true, err);
}

int
qt_hist_tag_remove_all(struct qt_hist_db *db, const struct qt_hist_tag_at *at,
    size_t count, const char *name, size_t len, size_t *changed,
    struct qt_err *err)
{
	struct change	c = { db, name, len, true };

	return change(&c, at, count, changed, true, err);
}

int
qt__tags_add(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    const char *names, size_t len, struct qt_err *err)
{
	const char	*end = names + len, *nul;
	int		 rc = qt__db_lock(db, 0, err);

	if (rc < 0)
		return rc;
	for (; rc == 0 && names < end && (nul = memchr(names, '\0',
	    (size_t)(end - names))) != NULL; names = nul + 1) {
		struct change	c = { db, names, (size_t)(nul - names),
			false };

		if (qt_hist_tag_check(c.name, c.len) == 0)
			rc = change_one(&c, start_us, id, err);
		if (rc == -EEXIST || rc == -ENOENT || rc == -E2BIG)
			rc = 0;
	}
	qt__db_unlock(db);
	if (rc < 0)
		qt_err_wrap(err, "add tags");
	return rc;
}

int
qt_hist_tags_of(struct qt_hist_db *db, uint64_t start_us, uint64_t id,
    struct qt_hist_tags *out, struct qt_err *err)
{
	uint8_t		key[QT__EVENT_KEY];
	uint64_t	version;

	tag_key(key, start_us, id);
	return load(db, key, out, &version, err);
}

/* --- All ------------------------------------------------------------------ */

static int
each_item(const struct qt_store_item *item, int (*each)(void *arg,
    uint64_t start_us, uint64_t id, const struct qt_hist_bytes *tags,
    size_t count), void *arg)
{
	struct qt_hist_bytes	of[QT_HIST_TAGS_MAX];
	struct qt_hist_event	e;
	uint8_t			key[QT__EVENT_KEY];
	size_t			count;
	int			rc;

	if (item->key_len != sizeof(key))
		return -QT_ECORRUPT;
	memcpy(key, item->key, sizeof(key));
	key[0] = 'e';
	rc = qt__event_key_read(&e, key, sizeof(key));
	if (rc == 0)
		rc = unpack(of, &count, item->value, item->value_len);
	return rc < 0 ? rc : each(arg, e.start_us, e.id, of, count);
}

int
qt_hist_tags_each(struct qt_hist_db *db, int (*each)(void *arg,
    uint64_t start_us, uint64_t id, const struct qt_hist_bytes *tags,
    size_t count), void *arg, struct qt_err *err)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	int			 rc;

	rc = qt_store_scan_open(db->store, NULL, &(struct qt_store_range){
		.prefix = "g", .prefix_len = 1 }, &scan, err);
	if (rc < 0)
		return rc;
	while ((rc = qt_store_scan_next(scan, &item, err)) == 1)
		if ((rc = each_item(&item, each, arg)) != 0)
			break;
	qt_store_scan_close(scan);
	if (rc == -QT_ECORRUPT)
		qt_err_wrap(err, "an event's tags are damaged");
	return rc;
}
