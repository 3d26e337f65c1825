/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of the history's store. See event_priv.h. */

#include <endian.h>
#include <string.h>

#include "event_priv.h"

#define VERSION		1u

/* --- Keys ----------------------------------------------------------------- */

void
qt__event_key(uint8_t out[QT__EVENT_KEY], uint64_t start_us, uint64_t id)
{
	uint64_t	start = htobe64(start_us);

	id = htobe64(id);
	out[0] = 'e';
	memcpy(out + 1, &start, 8);
	memcpy(out + 9, &id, 8);
}

int
qt__event_key_read(struct qt_hist_event *e, const void *key, size_t len)
{
	const uint8_t	*p = key;

	if (len != QT__EVENT_KEY || p[0] != 'e')
		return -QT_ECORRUPT;
	memcpy(&e->start_us, p + 1, 8);
	memcpy(&e->id, p + 9, 8);
	e->start_us = be64toh(e->start_us);
	e->id = be64toh(e->id);
	return 0;
}

/* --- Events --------------------------------------------------------------- */

static void
put32(uint8_t *p, int32_t x)
{
	uint32_t	n = htole32((uint32_t)x);

	memcpy(p, &n, 4);
}

static int32_t
get32(const uint8_t *p)
{
	uint32_t	n;

	memcpy(&n, p, 4);
	return (int32_t)le32toh(n);
}

size_t
qt__event_pack(uint8_t out[QT__EVENT_MAX], const struct qt_hist_event *e,
    const struct qt__event_keys *keys)
{
	uint64_t	took = htole64(e->took_us);
	uint32_t	count = e->pipe_count < QT_HIST_PIPE_MAX ?
	    e->pipe_count : QT_HIST_PIPE_MAX;

	out[0] = VERSION;
	out[1] = (uint8_t)e->flags;
	out[2] = (uint8_t)count;
	out[3] = 0;
	put32(out + 4, e->status);
	memcpy(out + 8, &took, 8);
	memcpy(out + 16, keys->text + 1, QT__HASH);
	memcpy(out + 32, keys->context + 1, QT__HASH);
	memcpy(out + 48, keys->place + 1, QT__HASH);
	for (uint32_t i = 0; i < count; i++)
		put32(out + 64 + 4 * i, e->pipe[i]);
	return 64 + 4 * (size_t)count;
}

static void
read_key(uint8_t out[QT__HASH_KEY], char kind, const uint8_t *hash)
{
	out[0] = (uint8_t)kind;
	memcpy(out + 1, hash, QT__HASH);
}

int
qt__event_unpack(struct qt_hist_event *e, struct qt__event_keys *keys,
    const void *value, size_t len)
{
	const uint8_t	*p = value;

	if (len < 64 || p[0] != VERSION || p[2] > QT_HIST_PIPE_MAX ||
	    len != 64 + 4 * (size_t)p[2])
		return -QT_ECORRUPT;
	e->flags = p[1];
	e->pipe_count = p[2];
	e->status = get32(p + 4);
	memcpy(&e->took_us, p + 8, 8);
	e->took_us = le64toh(e->took_us);
	read_key(keys->text, 'c', p + 16);
	read_key(keys->context, 'x', p + 32);
	read_key(keys->place, 'l', p + 48);
	for (uint32_t i = 0; i < e->pipe_count; i++)
		e->pipe[i] = get32(p + 64 + 4 * i);
	return 0;
}

/* --- What they have in common --------------------------------------------- */

static int
pack(struct qt_buf *b, const struct qt_hist_bytes *const *fields, size_t count)
{
	int	rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = qt_buf_add(b, fields[i]->data, fields[i]->len);
		if (rc == 0)
			rc = qt_buf_add(b, "", 1);
	}
	return rc;
}

static void
unpack(struct qt_hist_bytes *const *fields, size_t count, const void *value,
    size_t len)
{
	const char	*p = value, *end = p + len;

	for (size_t i = 0; i < count; i++) {
		const char	*nul = p == end ? NULL :
		    memchr(p, '\0', (size_t)(end - p));

		*fields[i] = (struct qt_hist_bytes){ p,
			nul == NULL ? 0 : (size_t)(nul - p) };
		p = nul == NULL ? end : nul + 1;
	}
}

int
qt__context_pack(struct qt_buf *b, const struct qt_hist_event *e)
{
	return pack(b, (const struct qt_hist_bytes *[]){ &e->host, &e->user,
	    &e->tty, &e->shell, &e->session, &e->qt_session }, 6);
}

void
qt__context_unpack(struct qt_hist_event *e, const void *value, size_t len)
{
	unpack((struct qt_hist_bytes *[]){ &e->host, &e->user, &e->tty,
	    &e->shell, &e->session, &e->qt_session }, 6, value, len);
}

int
qt__place_pack(struct qt_buf *b, const struct qt_hist_event *e)
{
	return pack(b, (const struct qt_hist_bytes *[]){ &e->cwd, &e->root },
	    2);
}

void
qt__place_unpack(struct qt_hist_event *e, const void *value, size_t len)
{
	unpack((struct qt_hist_bytes *[]){ &e->cwd, &e->root }, 2, value, len);
}
