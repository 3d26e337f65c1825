/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: to the pty at once while it takes it, else into the session's queue
 * up to QT_SESSION_INPUT_MAX. Beyond that a whole message is refused, never a
 * part of it.
 */

#include <errno.h>

#include <qt/base/clock.h>
#include <qt/base/err.h>
#include <qt/base/sys.h>

#include "host_priv.h"

/* How much the pty took. */
static size_t
push(struct qt__session *s, const char *p, size_t len)
{
	size_t	at = 0;
	ssize_t	n;

	while (at < len) {
		n = qt_sys_write(s->fd, p + at, len - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return at;
}

static void
refuse(struct qt__session *s, size_t len)
{
	struct qt_session	rec;
	struct qt__event	e;

	atomic_fetch_add(&s->live->refused, len);
	if (qt__table_get(s->host->table, s->slot, &rec) < 0)
		return;
	qt__event_begin(&e, "input-refused", &rec);
	qt_json_uint(&e.json, "bytes", len);
	qt__event_end(s->host, &e);
}

int
qt__session_input(struct qt__session *s, const void *data, size_t len)
{
	size_t	queued = s->input.len - s->input_at, done = 0;

	if (s->fd < 0 || s->is_dead)
		return -QT_EGONE;
	if (queued + len > QT_SESSION_INPUT_MAX) {
		refuse(s, len);
		return -QT_EFULL;
	}
	if (queued == 0)
		done = push(s, data, len);
	if (done < len) {
		if (qt_buf_add(&s->input, (const char *)data + done,
		    len - done) < 0)
			return -ENOMEM;
		qt__session_poll(s);
	}
	atomic_fetch_add_explicit(&s->live->input_bytes, len,
	    memory_order_relaxed);
	atomic_store_explicit(&s->live->input_ms, qt_clock_real_ms(),
	    memory_order_relaxed);
	s->host->input_bytes += len;
	atomic_store_explicit(&s->host->info->input_bytes,
	    s->host->input_bytes, memory_order_relaxed);
	return 0;
}

/* The pty takes input again. */
void
qt__session_flush(struct qt__session *s)
{
	s->input_at += push(s, s->input.data + s->input_at,
	    s->input.len - s->input_at);
	if (s->input_at == s->input.len) {
		qt_buf_clear(&s->input);
		s->input_at = 0;
		qt__session_poll(s);
	} else if (s->input_at > s->input.len / 2) {
		qt_buf_drop(&s->input, s->input_at);
		s->input_at = 0;
	}
}
