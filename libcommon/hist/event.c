/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of the history's store. See event_priv.h. */

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/le.h>

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

void
qt_hist_name(char out[QT_HIST_NAME + 1], uint64_t start_us, uint64_t id)
{
	snprintf(out, QT_HIST_NAME + 1, "%016" PRIx64 "%016" PRIx64, start_us,
	    id);
}

int
qt_hist_name_parse(uint64_t *start_us, uint64_t *id, const char *text)
{
	if (strspn(text, "0123456789abcdef") != QT_HIST_NAME ||
	    text[QT_HIST_NAME] != '\0' || sscanf(text, "%16" SCNx64 "%16"
	    SCNx64, start_us, id) != 2)
		return -EINVAL;
	return 0;
}

/* --- Events --------------------------------------------------------------- */

size_t
qt__event_pack(uint8_t out[QT__EVENT_MAX], const struct qt_hist_event *e,
    const struct qt__event_keys *keys)
{
	uint32_t	count = e->pipe_count < QT_HIST_PIPE_MAX ?
	    e->pipe_count : QT_HIST_PIPE_MAX;

	out[0] = VERSION;
	out[1] = (uint8_t)e->flags;
	out[2] = (uint8_t)count;
	out[3] = 0;
	qt_le_store32(out + 4, (uint32_t)e->status);
	qt_le_store64(out + 8, e->took_us);
	memcpy(out + 16, keys->text + 1, QT__HASH);
	memcpy(out + 32, keys->context + 1, QT__HASH);
	memcpy(out + 48, keys->place + 1, QT__HASH);
	for (uint32_t i = 0; i < count; i++)
		qt_le_store32(out + 64 + 4 * i, (uint32_t)e->pipe[i]);
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
	e->status = (int32_t)qt_le_load32(p + 4);
	e->took_us = qt_le_load64(p + 8);
	read_key(keys->text, 'c', p + 16);
	read_key(keys->context, 'x', p + 32);
	read_key(keys->place, 'l', p + 48);
	for (uint32_t i = 0; i < e->pipe_count; i++)
		e->pipe[i] = (int32_t)qt_le_load32(p + 64 + 4 * i);
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
