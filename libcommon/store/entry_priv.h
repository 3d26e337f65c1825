/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_ENTRY_PRIV_H
#define QT_STORE_ENTRY_PRIV_H
/*
 * A record as every part of the store hands it on, and the cursor by which
 * records are read in order, whatever they are kept in.
 *
 * Order: by key, bytes compared as unsigned numbers, a prefix first; of one key
 * the newest, that with the greatest version, first.
 */
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define QT__DEL		1u	/* the key was deleted; no value */
#define QT__DEFLATED	2u	/* value: 4 bytes of its length, then zlib's */
#define QT__BIG		4u	/* value: 8 bytes of the number of the file in
				   big/ that holds it, 8 of its length, 4 of its
				   CRC32C; all little-endian */

struct qt__entry {
	const uint8_t	*key, *value;	/* borrowed */
	uint32_t	 key_len, value_len;
	uint64_t	 version, expires_ms;	/* 0: never expires */
	uint8_t		 flags, tag;
};

static inline int
qt__key_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint64_t	x, y;
	int		c;

	if (a_len >= 8 && b_len >= 8) {		/* mostly enough */
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		if (x != y)
			return be64toh(x) < be64toh(y) ? -1 : 1;
	}
	c = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static inline int
qt__entry_compare(const struct qt__entry *a, const struct qt__entry *b)
{
	int	c = qt__key_compare(a->key, a->key_len, b->key, b->key_len);

	return c != 0 ? c :
	    (a->version < b->version) - (a->version > b->version);
}

static inline bool
qt__key_equals(const struct qt__entry *e, const void *key, size_t len)
{
	return e->key_len == len && memcmp(e->key, key, len) == 0;
}

/* Deleted, or expired at now_ms: no reader is shown it. */
static inline bool
qt__entry_is_over(const struct qt__entry *e, uint64_t now_ms)
{
	return (e->flags & QT__DEL) != 0 ||
	    (e->expires_ms != 0 && e->expires_ms <= now_ms);
}

/*
 * A cursor is embedded first in its owner. Each call returns 1 when it is on
 * an entry, which is in entry and stays readable until the next call, 0 when
 * there is none (the cursor is then nowhere), or negative. Before the first
 * seek it is nowhere.
 */
struct qt__cursor;
struct qt__cursor_ops {
	/* The first entry whose key is not less than key; "" is the first. */
	int	(*seek)(struct qt__cursor *c, const void *key, size_t len);
	/* The last entry whose key is less than key; NULL: the last of all. */
	int	(*seek_before)(struct qt__cursor *c, const void *key,
		    size_t len);
	int	(*next)(struct qt__cursor *c);
	int	(*prev)(struct qt__cursor *c);
	void	(*close)(struct qt__cursor *c);	/* frees it */
};
struct qt__cursor {
	const struct qt__cursor_ops *ops;
	struct qt__entry	     entry;
};

#endif /* QT_STORE_ENTRY_PRIV_H */
