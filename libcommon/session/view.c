/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view: the order of what a viewer must be shown. See <qt/session/view.h>.
 *
 *	START ─► STREAM ◄────────────────────── REDRAW
 *	  │        │ lapped, lag; calm            ▲
 *	  ▼        ▼                              │
 *	 ASK ◄─────┘   ASK ─► WAIT ─► [SKIP] ─────┘  (or rough: to STREAM)
 *
 * The size: a viewer that resumes at an offset has the size of that offset, so
 * bytes before size_offset come first, then SIZE. Anybody else is told the
 * size before the first byte. Sizes in between that nobody asked for in time
 * are not told.
 *
 * What a viewer that was lapped is shown is view_lap.c's to decide. A rough
 * stream goes on up to the very byte that the screen was drawn at, so that
 * painting it over leaves nothing out.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>

#include "view_priv.h"

#define LAG_MIN (256u << 10)
#define REPLAY_MAX (16u << 10)

static uint32_t
state_sum(const struct qt_session *s)
{
	uint32_t	sum = 0;
	uint32_t	words[] = { (uint32_t)s->policy, s->lead, s->lead_slot };

	sum = qt_crc32c(sum, s->name, strlen(s->name) + 1);
	sum = qt_crc32c(sum, s->title, strlen(s->title) + 1);
	return qt_crc32c(sum, words, sizeof(words));
}

/* 0, or -ENOENT when the record is another session's or nobody's. */
static int
get_record(const struct qt_view *v, struct qt_session *s)
{
	if (qt_session_get(v->table, v->slot, s) < 0 ||
	    s->generation != v->generation ||
	    memcmp(&s->id, &v->id, sizeof(s->id)) != 0)
		return -ENOENT;
	return 0;
}

static int
is_ended(const struct qt_session *s)
{
	return s->state == QT_STATE_EXITED || s->state == QT_STATE_LOST;
}

/* Chooses where to begin: at the asked offset, at 0, or with a snapshot. */
static int
start(struct qt_view *v, const struct qt_view_opt *opt,
    const struct qt_session *s)
{
	uint64_t	tail, head;

	qt_ring_range(v->ring, &tail, &head);
	v->replay_end = head;
	v->phase = QT__VIEW_ASK;
	if (opt->offset != UINT64_MAX && opt->generation == s->generation &&
	    opt->offset <= head) {
		v->from = v->done = v->next = v->pos = opt->offset;
		v->has_size = 1;
		v->has_skipped = opt->offset < tail;
		if (!v->has_skipped)
			v->phase = QT__VIEW_STREAM;
		return v->has_skipped || v->is_recorder ? 0 :
		    qt__view_prime(v);
	}
	if (tail == 0 && head <= REPLAY_MAX &&
	    (s->size_offset == 0 || s->size_offset >= head))
		v->phase = QT__VIEW_STREAM;
	return 0;
}

int
qt_view_open(struct qt_session_table *table, const struct qt_seg *seg,
    const struct qt_view_opt *opt, struct qt_view **out, struct qt_err *err)
{
	struct qt_session	s;
	struct qt_view		*v;
	int			rc;

	rc = qt_session_find(table, &opt->id, &s);
	if (rc < 0) {
		qt_err_set(err, "view session");
		return rc;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	v->table = table;
	v->id = s.id;
	v->slot = s.slot;
	v->generation = s.generation;
	v->scrollback = opt->scrollback;
	v->is_recorder = opt->is_recorder != 0;
	v->size_seq = s.size_seq - 1;
	v->state_sum = state_sum(&s);
	v->lag_max = opt->lag_max != 0 ? opt->lag_max :
	    s.ring_limit / 2 > LAG_MIN ? s.ring_limit / 2 : LAG_MIN;
	rc = qt_ring_reader_open(seg, s.ring_offset, &v->ring, err);
	if (rc == 0)
		rc = start(v, opt, &s);
	if (rc < 0) {
		qt_err_wrap(err, "view session '%s'", s.name);
		qt_view_close(v);
		return rc;
	}
	*out = v;
	return 0;
}

void
qt_view_close(struct qt_view *v)
{
	if (v == NULL)
		return;
	qt_ring_reader_close(v->ring);
	qt_buf_clear(&v->out);
	qt_buf_clear(&v->redraw);
	free(v->filter);
	free(v);
}

void
qt_view_set_lead(struct qt_view *v, int is_lead)
{
	if ((is_lead != 0) == v->is_lead)
		return;
	v->is_lead = is_lead != 0;
	if (v->is_lead)
		qt_ring_range(v->ring, NULL, &v->replay_end);
	else if (!v->is_recorder && v->phase == QT__VIEW_STREAM &&
	    v->filter == NULL)
		/* Without memory the filter begins in ground state. */
		(void)qt__view_prime(v);
}

static int
give_size(struct qt_view *v, uint16_t cols, uint16_t rows,
    struct qt_view_piece *out)
{
	v->has_size = 1;
	v->cols = cols;
	v->rows = rows;
	out->kind = QT_VIEW_SIZE;
	out->cols = cols;
	out->rows = rows;
	out->offset = v->next;
	return 0;
}

static int
ask(struct qt_view *v, const struct qt_session *s, struct qt_view_piece *out)
{
	uint64_t	head;

	if (!v->has_size || (!v->has_skipped && v->cols == 0)) {
		v->size_seq = s->size_seq;
		return give_size(v, s->cols, s->rows, out);
	}
	qt_ring_range(v->ring, NULL, &head);
	v->is_repaint = v->is_rough && !v->has_skipped;
	v->asked_ms = qt_clock_mono_ms();
	v->phase = QT__VIEW_WAIT;
	out->kind = QT_VIEW_SNAPSHOT;
	out->offset = v->next;
	out->req = (struct qt_screen_request){
		.id = v->id, .form = QT_SCREEN_ANSI, .min_offset = head,
		.scrollback = v->is_repaint ? 0 : v->scrollback,
	};
	return 0;
}

static int
give_skipped(struct qt_view *v, uint64_t to, struct qt_view_piece *out)
{
	out->kind = QT_VIEW_SKIPPED;
	out->offset = to;
	out->count = to > v->from ? to - v->from : 0;
	v->has_skipped = 0;
	v->phase = v->redraw.len > 0 ? QT__VIEW_REDRAW : QT__VIEW_STREAM;
	return 0;
}

/* SIZE if the screen was drawn for another one, then the redraw's bytes. */
static int
redraw(struct qt_view *v, const struct qt_session *s, size_t size_max,
    struct qt_view_piece *out)
{
	size_t	n = v->redraw.len - v->redrawn;

	if (v->redrawn == 0 && (!v->has_size || v->cols != v->redraw_cols ||
	    v->rows != v->redraw_rows))
		return give_size(v, v->redraw_cols, v->redraw_rows, out);
	if (n == 0) {
		qt_buf_clear(&v->redraw);
		qt__view_jump(v, v->redraw_offset);
		if (v->redraw_offset >= s->size_offset &&
		    v->cols == s->cols && v->rows == s->rows)
			v->size_seq = s->size_seq;
		v->is_rough = v->is_cut = 0;
		v->phase = QT__VIEW_STREAM;
		return 1;
	}
	n = n < size_max ? n : size_max;
	out->kind = QT_VIEW_DATA;
	out->is_first = v->redrawn == 0;
	out->is_repaint = v->is_repaint;
	out->offset = v->redraw_offset;
	out->data = v->redraw.data + v->redrawn;
	out->len = n;
	v->redrawn += n;
	return 0;
}

/* Something between the viewer and the head is lost, or to be left out. */
static int
skip(struct qt_view *v, const struct qt_session *s)
{
	v->from = v->next;
	v->has_skipped = 1;
	v->phase = QT__VIEW_ASK;
	qt_buf_clear(&v->redraw);
	/* Nothing laps an ended session: its last screen is worth waiting for. */
	if (!is_ended(s) && !qt__view_may_ask(v))
		qt__view_go_rough(v, qt__view_newest(v));
	return 1;
}

static int
give_exit(struct qt_view *v, const struct qt_session *s,
    struct qt_view_piece *out)
{
	v->phase = QT__VIEW_EXITED;
	out->kind = QT_VIEW_EXIT;
	out->offset = v->pos;
	out->exit_status = s->state == QT_STATE_LOST ? -1 : s->exit_status;
	return 0;
}

/*
 * Where the stream has to stop for now: before bytes of the next size, and
 * where the screen to paint over it was drawn. 1 with a SIZE that is due.
 */
static int
find_limit(struct qt_view *v, const struct qt_session *s, uint64_t *limit,
    struct qt_view_piece *out)
{
	if (v->redraw.len > 0 && *limit > v->redraw_offset)
		*limit = v->redraw_offset;
	if (v->size_seq == s->size_seq)
		return 0;
	if (v->has_size && v->next < s->size_offset &&
	    v->pos < s->size_offset) {
		if (*limit > s->size_offset)
			*limit = s->size_offset;
		return 0;
	}
	v->size_seq = s->size_seq;
	if (v->has_size && v->cols == s->cols && v->rows == s->rows)
		return 0;
	(void)give_size(v, s->cols, s->rows, out);
	return 1;
}

/* The viewer has all that there is: what comes next? */
static int
at_head(struct qt_view *v, const struct qt_session *s, uint64_t head,
    struct qt_view_piece *out)
{
	int	is_end = is_ended(s) && (s->state == QT_STATE_LOST ||
		    head >= s->exit_offset);

	if (v->is_rough && (is_end || qt__view_is_calm(v, &out->wait_ms))) {
		v->phase = QT__VIEW_ASK;
		return 1;
	}
	return is_end ? give_exit(v, s, out) : 0;
}

static int
stream(struct qt_view *v, const struct qt_session *s, size_t size_max,
    struct qt_view_piece *out)
{
	uint64_t	tail, head, limit;
	int		rc;

	if (v->redraw.len > 0 && v->pos >= v->redraw_offset) {
		v->phase = QT__VIEW_REDRAW;
		return 1;
	}
	qt_ring_range(v->ring, &tail, &head);
	limit = head;
	if (find_limit(v, s, &limit, out))
		return 0;
	if (v->pos < tail || (head - v->pos > v->lag_max && !v->is_recorder &&
	    s->state == QT_STATE_RUNNING))
		return skip(v, s);
	rc = qt__view_read(v, limit, size_max, out);
	if (rc == -QT_ELAPPED)
		return skip(v, s);
	if (rc == -QT_EGONE) {
		v->phase = QT__VIEW_LOST;
		out->kind = QT_VIEW_GONE;
		return 0;
	}
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (limit < head)
		return 1;
	return v->pos >= head ? at_head(v, s, head, out) : 0;
}

/* One step of the machine; 1 when it should go on without a piece. */
static int
step(struct qt_view *v, const struct qt_session *s, size_t size_max,
    struct qt_view_piece *out)
{
	switch ((enum qt__view_phase)v->phase) {
	case QT__VIEW_ASK:
		return ask(v, s, out);
	case QT__VIEW_SKIP:
		return give_skipped(v, v->redraw_offset, out);
	case QT__VIEW_REDRAW:
		return redraw(v, s, size_max, out);
	case QT__VIEW_STREAM:
		return stream(v, s, size_max, out);
	default:
		return 0;
	}
}

int
qt_view_next(struct qt_view *v, size_t size_max, struct qt_view_piece *out)
{
	struct qt_session	s;
	uint32_t		sum;
	int			rc;

	*out = (struct qt_view_piece){ .kind = QT_VIEW_IDLE };
	qt__view_release(v);
	v->done = v->next;
	out->offset = v->done;
	if (v->phase == QT__VIEW_LOST || v->phase == QT__VIEW_EXITED)
		return 0;
	if (get_record(v, &s) < 0) {
		v->phase = QT__VIEW_LOST;
		out->kind = QT_VIEW_GONE;
		return 0;
	}
	sum = state_sum(&s);
	if (sum != v->state_sum) {
		v->state_sum = sum;
		out->kind = QT_VIEW_STATE;
		return 0;
	}
	do
		rc = step(v, &s, size_max, out);
	while (rc > 0);
	return rc;
}

int
qt_view_snapshot(struct qt_view *v, const struct qt_screen_answer *a,
    const void *data, size_t len)
{
	uint64_t	head;

	if (v->phase != QT__VIEW_WAIT)
		return -EINVAL;
	qt_ring_range(v->ring, NULL, &head);
	if (a->code < 0 || a->offset > head || len == 0)
		return qt_view_no_snapshot(v);
	qt__view_answered(v);
	if (v->has_skipped && a->offset < qt__view_newest(v)) {
		qt__view_go_rough(v, qt__view_newest(v));
		return 0;
	}
	qt_buf_reset(&v->redraw);
	if (qt_buf_add(&v->redraw, data, len) < 0)
		return -ENOMEM;
	v->redrawn = 0;
	v->redraw_offset = a->offset;
	v->redraw_cols = a->cols;
	v->redraw_rows = a->rows;
	v->phase = v->has_skipped ? QT__VIEW_SKIP :
	    v->is_repaint ? QT__VIEW_STREAM : QT__VIEW_REDRAW;
	return 0;
}

/* No screen to begin with: what the ring has, from its oldest line on. */
static void
replay(struct qt_view *v)
{
	uint64_t	tail, head;

	qt_ring_range(v->ring, &tail, &head);
	v->replay_end = head;
	/* Whoever is further than half the ring behind would lag at once. */
	if (!v->is_recorder && head - tail > v->lag_max)
		tail = head - v->lag_max / 2;
	if (v->has_skipped) {
		qt__view_go_rough(v, tail);
		return;
	}
	qt__view_jump(v, qt__view_sync(v, tail));
	v->phase = QT__VIEW_STREAM;
}

int
qt_view_no_snapshot(struct qt_view *v)
{
	struct qt_session	s;
	int			is_over;

	if (v->phase != QT__VIEW_WAIT)
		return -EINVAL;
	is_over = get_record(v, &s) < 0 || is_ended(&s);
	qt_buf_clear(&v->redraw);
	qt__view_answered(v);
	if (v->is_repaint) {
		v->is_rough = !is_over;
		qt__view_put_off(v);
		v->phase = QT__VIEW_STREAM;
	} else if (v->has_skipped && !is_over) {
		qt__view_go_rough(v, qt__view_newest(v));
	} else {
		replay(v);
	}
	return 0;
}

uint64_t
qt_view_offset(const struct qt_view *v)
{
	return v->is_rough || v->redraw.len > 0 ? UINT64_MAX : v->done;
}

uint64_t
qt_view_position(const struct qt_view *v)
{
	return v->pos;
}

const struct qt_session *
qt_view_session(const struct qt_view *v)
{
	static _Thread_local struct qt_session	s;

	return get_record(v, &s) < 0 ? NULL : &s;
}
