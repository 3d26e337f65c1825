/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events ring: one JSON object a line, for `qt-session events` and for
 * whoever audits. Written like any output; readers follow it by offset.
 */

#include <qt/base/clock.h>

#include "host_priv.h"

void
qt__event_begin(struct qt__event *e, const char *what,
    const struct qt_session *s)
{
	char	text[QT_UUID_TEXT_SIZE > QT_CLOCK_ISO_SIZE ?
	    QT_UUID_TEXT_SIZE : QT_CLOCK_ISO_SIZE];

	e->buf = (struct qt_buf)QT_BUF_INIT;
	e->json = (struct qt_json)QT_JSON_INIT(&e->buf);
	qt_json_object(&e->json, NULL);
	qt_clock_iso(qt_clock_real_ms(), text);
	qt_json_str(&e->json, "time", text);
	qt_json_str(&e->json, "event", what);
	if (s == NULL)
		return;
	qt_uuid_text(&s->id, text);
	qt_json_str(&e->json, "id", text);
	qt_json_str(&e->json, "name", s->name);
}

void
qt__event_end(struct qt__host *h, struct qt__event *e)
{
	qt_json_end(&e->json);
	if (qt_json_status(&e->json) == 0 &&
	    qt_buf_add(&e->buf, "\n", 1) == 0 && h->events != NULL)
		(void)qt_ring_write(h->events, e->buf.data, e->buf.len);
	qt_buf_clear(&e->buf);
}

void
qt__event(struct qt__host *h, const char *what, const struct qt_session *s)
{
	struct qt__event	e;

	qt__event_begin(&e, what, s);
	qt__event_end(h, &e);
}
