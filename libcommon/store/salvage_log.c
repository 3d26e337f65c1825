/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sound of logs. See salvage.c.
 *
 *	log 7 [frame][frame][ damaged ][frame][frame]  log 8 [frame] ...
 *	                    ^ gap                ^ claim
 *
 * Up to the first gap everything counts. What lies behind it was being written
 * when the power went: nobody was promised it, and recovery would cut it off.
 * But where a frame claims that it had been durable, everything up to the claim
 * counts, even the rest of a batch of which a part is damaged, and so does what
 * follows the claim without another gap.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/sys.h>

#include "durable_priv.h"
#include "log_priv.h"
#include "numbers_priv.h"
#include "salvage_priv.h"

struct history {
	struct qt__salvage	*s;
	struct qt_buf		 numbers;	/* uint64_t, of logs */
	uint64_t		 claim;		/* durable, as they say */
	uint64_t		 end;		/* where what counts ends so far;
						   NOWHERE: it is lost */
	bool			 has_begun;
};

#define NOWHERE	UINT64_MAX

/* One log that is in memory. */
struct image {
	uint64_t		 number;
	char			 name[4 + QT__WAL_NAME_SIZE];
	uint8_t			*log;
	size_t			 len;
	uint32_t		 seed;
	struct qt__mem		 mem;		/* for its frames' entries */
	struct qt__log_end	 scan;
};

static int
load(struct qt__salvage *s, struct image *l, struct qt_err *err)
{
	const struct qt__log_head	*head;
	uint64_t			 store;
	int				 fd, rc;

	l->log = NULL;
	memcpy(l->name, "wal/", 4);
	qt__wal_name(l->name + 4, l->number);
	fd = qt_sys_open(s->wal_fd, l->name + 4, O_RDONLY | O_NONBLOCK, 0);
	qt_err_set(err, "read it");
	rc = fd < 0 ? fd : qt__log_read(fd, &l->log, &l->len, err);
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return rc;
	head = (const void *)l->log;
	memcpy(&store, s->has_format ? (const void *)s->format.id :
	    &head->store, sizeof(store));
	rc = qt__log_check(head, l->len, l->number, store, err);
	if (rc < 0)
		return rc;
	qt__log_scan(&l->scan, l->log, l->len);
	l->seed = qt__log_seed(head);
	l->mem = (struct qt__mem){ .log = l->log, .base = head->base };
	return 0;
}

/* --- Frames --------------------------------------------------------------- */

static int
put_frame(struct history *h, struct image *l, uint64_t at)
{
	struct qt__entry	e;

	qt__frame_entry(&l->mem, (const void *)(l->log + at), &e);
	return qt__salvage_is_hidden(h->s, &e, 0) ? 0 :
	    qt__salvage_put(h->s, &e, l->name);
}

/* The sound beginning, batch by batch; scan.end is behind a whole one. */
static int
put_beginning(struct history *h, struct image *l)
{
	uint64_t	at = QT__LOG_FIRST;
	int		rc = 0;

	while (at < l->scan.end && rc == 0) {
		rc = put_frame(h, l, at);
		at += qt__frame_size((const void *)(l->log + at));
	}
	return rc;
}

/* Frames that follow each other, up to the one at last. */
static int
put_held(struct history *h, struct image *l, uint64_t at, uint64_t last)
{
	int	rc = 0;

	for (; at <= last && rc == 0;
	    at += qt__frame_size((const void *)(l->log + at)))
		rc = put_frame(h, l, at);
	return rc;
}

/*
 * Behind a gap at from. held is where a batch begins that may not be whole. The
 * number of gaps, or negative.
 */
static int
put_rest(struct history *h, struct image *l, uint64_t from)
{
	uint64_t	budget = qt__log_budget(l->len), held = 0;
	uint64_t	at = from, end = 0;
	int		rc = 0, gaps = 0;

	while (rc == 0 && (at = qt__log_find(l->log, l->len, at, l->seed,
	    &budget)) != 0) {
		const struct qt__frame	*f = (const void *)(l->log + at);
		bool			 is_sure = l->mem.base + at < h->claim;

		if (!is_sure && at != end)
			break;
		gaps += at != (end == 0 ? from : end);
		if (held == 0)
			held = at;
		end = at + qt__frame_size(f);
		if (is_sure || !(QT__KIND_FLAGS(f->kind) & QT__FRAME_MORE)) {
			rc = put_held(h, l, held, at);
			held = 0;
		}
		at = end;
	}
	h->end = l->mem.base + (held != 0 ? held : end != 0 ? end : from);
	return rc < 0 ? rc : gaps + (h->end < h->claim && l->scan.later != 0);
}

static int
put_log(struct history *h, struct image *l)
{
	bool		goes_on = !h->has_begun || l->mem.base == h->end;
	uint64_t	from = QT__LOG_FIRST;
	int		rc = 0;

	if (!goes_on && h->end != NOWHERE && h->claim > h->end)
		qt__salvage_tell(h->s, "%s begins at version %" PRIu64 ", what "
		    "is before it ends at %" PRIu64 ": records between them "
		    "are lost", l->name, l->mem.base, h->end);
	h->has_begun = true;
	if (goes_on) {
		from = l->scan.end;
		h->end = l->mem.base + from;
		rc = put_beginning(h, l);
	}
	if (rc == 0 && h->claim > l->mem.base + from)
		rc = put_rest(h, l, from);
	if (rc > 0)
		qt__salvage_tell(h->s, "%s at %" PRIu64 ": damaged in %d "
		    "place%s, the records there are lost", l->name, from, rc,
		    rc > 1 ? "s" : "");
	return rc < 0 ? rc : 0;
}

/* --- Logs ----------------------------------------------------------------- */

static int
note_log(void *arg, const char *name)
{
	struct history	*h = arg;
	uint64_t	 number = qt__number_of(name, ".wal");

	if (number == 0 || (h->s->manifest != NULL &&
	    number < h->s->manifest->first_wal))
		return 0;
	return qt__numbers_add(&h->numbers, number);
}

/* Each of them twice: to see what had been durable, and to put it. */
static int
each_log(struct history *h, bool is_to_put)
{
	size_t	count = qt__numbers_count(&h->numbers);
	int	rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct image	l = { .number = qt__numbers_at(&h->numbers, i) };
		struct qt_err	err = QT_ERR_INIT;

		rc = load(h->s, &l, &err);
		if (rc == 0 && l.scan.claim > h->claim)
			h->claim = l.scan.claim;
		if (rc == 0 && is_to_put)
			rc = put_log(h, &l);
		else if (rc == -QT_ECORRUPT || rc == -QT_EVERSION ||
		    rc == -EIO) {
			if (is_to_put)
				qt__salvage_tell(h->s, "%s: it is lost: %s: %s",
				    l.name, err.text, qt_strerror(rc));
			h->has_begun = true;
			h->end = NOWHERE;
			rc = 0;
		} else if (rc == -QT_EFORMAT)
			rc = 0;		/* never begun */
		free(l.log);
	}
	return rc;
}

int
qt__salvage_logs(struct qt__salvage *s)
{
	struct history	h = { .s = s };
	int		rc = qt__each_name(s->wal_fd, ".", note_log, &h);

	qt__numbers_sort(&h.numbers);
	if (rc == 0)
		rc = each_log(&h, false);
	h.has_begun = false;
	if (s->manifest != NULL && h.numbers.len > 0 &&
	    qt__numbers_at(&h.numbers, 0) != s->manifest->first_wal) {
		char	name[QT__WAL_NAME_SIZE];

		qt__wal_name(name, s->manifest->first_wal);
		qt__salvage_tell(s, "wal/%s: it is missing", name);
		h.has_begun = true;
		h.end = NOWHERE;
	}
	if (rc == 0)
		rc = each_log(&h, true);
	qt_buf_clear(&h.numbers);
	return rc;
}
