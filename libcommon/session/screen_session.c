/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen service's sessions. Every one is attached to as a helper with a
 * bell slot of its own. How eagerly it is followed depends on who looks:
 *
 *	no lead viewer	armed at the next byte: queries wait for our answer.
 *			In a flood it naps for some milliseconds instead.
 *	a lead viewer	naps for a tenth of a second after each look, so that
 *			titles are not old, and is woken earlier only before
 *			the ring could lap it.
 *
 * An idle session costs its struct qt__follow and nothing else.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>

#include "screen_priv.h"

#define MODULE		"screen"
#define NAP_MS		100u
#define FLOOD_NAP_MS	4u
#define FLOOD_BYTES	(16u << 10)
#define REPLIES_MAX	50u	/* of a session, a second */
#define TITLE_MS	100u
#define KEEP_MS		1000u

/* What queries are answered with, for sessions that nobody leads. */
static void
on_query(void *ctx, struct qt__follow *f, const struct qt_scan_seq *seq,
    uint64_t offset)
{
	struct qt__service	*s = ctx;
	struct qt__cursor	cursor = { 0, 0, 0 };
	struct qt_buf		out = QT_BUF_INIT;
	uint64_t		second = qt_clock_mono_ms() / 1000;
	int			is_cursor, rc;

	if (second != f->replied_ms) {
		f->replied_ms = second;
		f->replies = 0;
	}
	if (f->replies++ >= REPLIES_MAX ||
	    qt_buf_add(&out, &f->id, sizeof(f->id)) < 0)
		return;
	rc = qt__screen_reply(seq, &f->modes, &cursor, &is_cursor, &out);
	if (rc == 0 && is_cursor && qt__draw(&s->drawn, f, offset, 0) == 0) {
		cursor.is_known = 1;
		qt_vt_cursor(f->vt, &cursor.col, &cursor.row);
		rc = qt__screen_reply(seq, &f->modes, &cursor, &is_cursor,
		    &out);
	}
	if (rc == 0 && out.len > sizeof(f->id))
		(void)qt_client_send(s->client, QT_MSG_REPLY, 0, 0, out.data,
		    out.len);
	qt_buf_clear(&out);
}

/*
 * Sends a request that will be answered, which goes by its tag: the channel
 * and what it was. Nobody but the host knows how many answers fit into our
 * socket, and it closes those whose are full, so few are under way.
 */
static void
request(struct qt__service *s, enum qt_control_type type, uint32_t channel,
    const void *body, size_t len)
{
	uint32_t	tag = (channel + 1) |
	    (type == QT_MSG_ATTACH ? QT__TAG_ATTACH : 0);

	if (qt_client_send(s->client, type, tag,
	    type == QT_MSG_ATTACH ? 0 : channel, body, len) == 0)
		s->pending++;
}

static void
drop(struct qt__service *s, struct qt__follow *f)
{
	struct qt__follow	**p;

	for (p = &s->napping; *p != NULL; p = &(*p)->nap_next) {
		if (*p == f) {
			*p = f->nap_next;
			break;
		}
	}
	s->channel[f->channel] = NULL;
	s->record[f->slot] = NULL;
	qt__draw_drop(&s->drawn, f);
	qt__follow_close(f);
}

void
qt__service_forget(struct qt__service *s, struct qt__follow *f, int is_over)
{
	/* Whatever its ATTACH comes to. */
	if (!is_over)
		request(s, QT_MSG_DETACH, f->channel, NULL, 0);
	drop(s, f);
}

static void
nap(struct qt__service *s, struct qt__follow *f, uint64_t ms)
{
	uint64_t	wake = qt_clock_mono_ms() + ms;

	if (f->is_napping) {
		if (wake < f->wake_ms)
			f->wake_ms = wake;
		return;
	}
	f->is_napping = 1;
	f->wake_ms = wake;
	f->nap_next = s->napping;
	s->napping = f;
}

/* Arms the bell; 1 when it is too late to sleep. */
static int
arm(struct qt__service *s, struct qt__follow *f, uint64_t distance)
{
	struct qt_bell_slot	*bell = qt_client_bell(s->client, f->channel);
	uint64_t		head, at = f->pos + distance;

	if (bell == NULL || !f->is_attached)
		return 0;
	atomic_store(&bell->wake_at, at);
	qt_ring_range(f->ring, NULL, &head);
	return head >= at;
}

/* Tells the host the title that the program set. */
static void
publish_title(struct qt__service *s, struct qt__follow *f,
    const struct qt_session *rec)
{
	char	body[sizeof(f->id) + sizeof(f->modes.title)];
	size_t	len = strnlen(f->modes.title, sizeof(f->modes.title));

	uint64_t	now = qt_clock_mono_ms();

	if (strcmp(f->modes.title, rec->title) == 0 ||
	    rec->state != QT_STATE_RUNNING)
		return;
	if (now - f->title_ms < TITLE_MS) {
		nap(s, f, TITLE_MS);
		return;
	}
	f->title_ms = now;
	memcpy(body, &f->id, sizeof(f->id));
	memcpy(body + sizeof(f->id), f->modes.title, len);
	(void)qt_client_send(s->client, QT_MSG_TITLE, 0, 0, body,
	    sizeof(f->id) + len);
}

/* 1 when queries of these bytes are ours and not too old. */
static int
is_answering(struct qt__service *s, struct qt__follow *f,
    const struct qt_session *rec)
{
	const struct qt_session_live	*live;
	uint64_t			 now = qt_clock_real_ms(), last;

	if (rec->lead != 0 || rec->state != QT_STATE_RUNNING)
		return 0;
	live = qt_session_live(qt_client_table(s->client), f->slot);
	last = live != NULL ? atomic_load(&live->output_ms) : 0;
	/* Neither old nor, by a clock that was set back, of the future. */
	return last + QT__QUERY_AGE_MS >= now &&
	    last <= now + QT__QUERY_AGE_MS;
}

/*
 * What stands on an alternate screen may have been drawn long ago: a screen
 * that is kept is brought up to date before the ring forgets what it lacks.
 * Not in a flood, which draws everything again anyway.
 */
static void
keep_drawn(struct qt__service *s, struct qt__follow *f)
{
	uint64_t	now, behind;

	if (f->vt == NULL || !(f->modes.dec & QT_MODE_ALT_SCREEN) ||
	    f->vt_offset >= f->pos)
		return;
	behind = f->pos - f->vt_offset;
	if (behind < f->ring_limit / 4 || behind > QT__DRAW_BUDGET)
		return;
	now = qt_clock_mono_ms();
	if (now - f->kept_ms < KEEP_MS)
		return;
	f->kept_ms = now;
	(void)qt__draw(&s->drawn, f, f->pos, f->vt_lines);
}

static void
sleep_on(struct qt__service *s, struct qt__follow *f,
    const struct qt_session *rec, uint64_t moved)
{
	uint64_t	quarter = f->ring_limit / 4;

	if (rec->state != QT_STATE_RUNNING) {
		if (arm(s, f, 1))
			nap(s, f, 1);
		return;
	}
	if (rec->lead == 0 && moved <= FLOOD_BYTES) {
		if (arm(s, f, 1))
			nap(s, f, 0);
		return;
	}
	if (rec->lead != 0 && moved == 0) {	/* the nap is over */
		if (arm(s, f, 1))
			nap(s, f, NAP_MS);
		return;
	}
	nap(s, f, rec->lead == 0 ? FLOOD_NAP_MS : NAP_MS);
	if (arm(s, f, quarter > 0 ? quarter : 1))
		nap(s, f, 1);
}

void
qt__service_look(struct qt__service *s, struct qt__follow *f)
{
	struct qt_session	rec;
	uint64_t		from = f->pos;
	int			rc;

	if (qt_session_get(qt_client_table(s->client), f->slot, &rec) < 0 ||
	    rec.generation != f->generation ||
	    memcmp(&rec.id, &f->id, sizeof(f->id)) != 0) {
		qt__service_forget(s, f, 0);
		return;
	}
	qt__follow_size(f, &rec);
	if (f->live_from < rec.lead_offset)
		f->live_from = rec.lead_offset;
	rc = qt__follow_scan(f, QT__SCAN_BUDGET,
	    is_answering(s, f, &rec) ? on_query : NULL, s);
	publish_title(s, f, &rec);
	keep_drawn(s, f);
	if (rc > 0)
		nap(s, f, 0);	/* more is there: after the others */
	else if (rc == 0)
		sleep_on(s, f, &rec, f->pos - from);
	else if (rc == -QT_EGONE)
		qt__service_forget(s, f, 0);
	else
		qt_log(QT_LOG_WARN, MODULE, "session '%s': %s", rec.name,
		    qt_strerror(rc));
}

static int
grow_records(struct qt__service *s, uint32_t slot)
{
	uint32_t		n = s->records;
	struct qt__follow	**p;

	if (slot < n)
		return 0;
	while (n <= slot)
		n = n == 0 ? 64 : n * 2;
	p = realloc(s->record, n * sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	memset(p + s->records, 0, (n - s->records) * sizeof(*p));
	s->record = p;
	s->records = n;
	return 0;
}

/* A free channel, or -1. */
static int64_t
free_channel(struct qt__service *s)
{
	uint32_t	i;

	for (i = 0; i < s->used; i++)
		if (s->channel[i] == NULL)
			return i;
	return s->used < s->slots ? (int64_t)s->used++ : -1;
}

/* Starts to follow a session that is new to us. */
static void
follow(struct qt__service *s, const struct qt_session *rec)
{
	struct qt_control_attach	req = { .id = rec->id,
	    .role = QT_ROLE_READER, .flags = QT_ATTACH_HELPER |
	    QT_ATTACH_IGNORE_SIZE };
	struct qt_err			err = QT_ERR_INIT;
	struct qt__follow		*f;
	int64_t				channel;
	int				rc;

	channel = free_channel(s);
	if (channel < 0) {
		s->is_short = 1;
		return;
	}
	rc = grow_records(s, rec->slot);
	if (rc == 0)
		rc = qt__follow_open(qt_client_table(s->client),
		    qt_client_segment(s->client), rec, &f, &err);
	if (rc < 0) {
		qt_log(QT_LOG_WARN, MODULE, "follow session '%s': %s: %s",
		    rec->name, err.text, qt_strerror(rc));
		return;
	}
	f->channel = (uint32_t)channel;
	s->channel[channel] = f;
	s->record[rec->slot] = f;
	req.channel = f->channel;
	/* The first look comes with the answer. */
	request(s, QT_MSG_ATTACH, f->channel, &req, sizeof(req));
}

/* Whether we should follow the session of a slot, but do not. */
static int
is_missing(struct qt__service *s, const struct qt_session *rec)
{
	struct qt__follow	*f;

	f = rec->slot < s->records ? s->record[rec->slot] : NULL;
	if (f != NULL && f->generation == rec->generation &&
	    memcmp(&f->id, &rec->id, sizeof(f->id)) == 0)
		return 0;
	if (f != NULL)
		qt__service_forget(s, f, 0);
	return rec->ring_offset != 0 && rec->state != QT_STATE_SPARE;
}

void
qt__service_look_for(struct qt__service *s, uint64_t count)
{
	struct qt_session_table	*table = qt_client_table(s->client);
	uint64_t		 slots = s->records + count + 64, i;
	struct qt_session	 rec;

	for (i = 0; i < slots && count > 0; i++, s->hint++) {
		if (s->hint >= slots)
			s->hint = 0;
		if (qt_session_get(table, s->hint, &rec) < 0 ||
		    !is_missing(s, &rec))
			continue;
		if (s->pending >= QT__PENDING_MAX) {
			s->is_behind = 1;
			return;
		}
		follow(s, &rec);
		count--;
	}
}

void
qt__service_look_around(struct qt__service *s)
{
	struct qt_session_table	*table = qt_client_table(s->client);
	struct qt_session	rec;
	uint64_t		cursor = 0;

	s->is_short = 0;
	s->is_behind = 0;
	while (qt_session_next(table, NULL, &cursor, &rec) > 0) {
		if (!is_missing(s, &rec))
			continue;
		if (s->pending >= QT__PENDING_MAX) {
			s->is_behind = 1;
			return;
		}
		follow(s, &rec);
	}
}

/* Looks at those whose nap is over; ms until the next, or -1. */
int
qt__service_end_naps(struct qt__service *s)
{
	struct qt__follow	*due = NULL, **p = &s->napping, *f;
	uint64_t		now = qt_clock_mono_ms();
	int			wait = -1;

	while ((f = *p) != NULL) {
		if (f->wake_ms > now) {
			p = &f->nap_next;
			continue;
		}
		*p = f->nap_next;
		f->is_napping = 0;
		f->nap_next = due;
		due = f;
	}
	while ((f = due) != NULL) {
		due = f->nap_next;
		f->nap_next = NULL;
		qt__service_look(s, f);
	}
	for (f = s->napping; f != NULL; f = f->nap_next) {
		int left = f->wake_ms > now ? (int)(f->wake_ms - now) : 0;

		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}
