/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the logs of a store are whole. See verify.c.
 *
 * What is damage and what a torn tail is as for recovery: damage is where a
 * good frame says that durability had been beyond a bad one. While somebody
 * writes the log, its end is read earlier than the frames behind it, so a frame
 * that was not there yet looks like damage. So it is read again, and is damage
 * only when it is found at the same place.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "log_priv.h"
#include "verify_priv.h"

#define AGAIN	16

struct log {
	uint64_t		 number, base, end, claim;	/* versions */
	struct qt__log_end	 scan;
	bool			 is_there;
	char			 name[QT__WAL_NAME_SIZE];
	uint8_t			*image;
};

/* 0 with what became of it; -QT_EFORMAT: it is not begun. */
static int
look(struct qt__verify *v, struct log *l, struct qt_err *err)
{
	const struct qt__log_head	*h;
	uint8_t				*image = NULL;
	uint64_t			 store;
	size_t				 len = 0;
	int				 fd, rc;

	free(l->image);
	l->image = NULL;
	l->is_there = false;
	qt__wal_name(l->name, l->number);
	fd = qt_sys_open(v->wal_fd, l->name, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT)
		return 0;
	qt_err_set(err, "read it");
	rc = fd < 0 ? fd : qt__log_read(fd, &image, &len, err);
	if (fd >= 0)
		close(fd);
	h = (const void *)image;
	if (rc == 0) {
		memcpy(&store, v->has_format ? (const void *)v->format.id :
		    &h->store, sizeof(store));
		rc = qt__log_check(h, len, l->number, store, err);
	}
	if (rc == 0) {
		qt__log_scan(&l->scan, image, len);
		l->is_there = true;
		l->base = h->base;
		l->end = h->base + l->scan.end;
		l->claim = l->scan.claim;
	}
	l->image = image;
	return rc;
}

/* What a flush has done of a log is in a run, or dropped. */
static bool
is_flushed(const struct qt__manifest *m, uint64_t number,
    const struct qt__entry *e)
{
	const struct qt__job	*job = &m->flush;

	return job->output != 0 && job->input == number && job->key_len > 0 &&
	    qt__key_compare(e->key, e->key_len, m->heap + job->key_at,
	    job->key_len) <= 0;
}

static int
check_values(struct qt__verify *v, const struct log *l,
    const struct qt__manifest *m)
{
	struct qt__mem	mem = { .log = l->image, .base = l->base };
	char		of[40];
	int		rc = 0;

	snprintf(of, sizeof(of), "wal/%s", l->name);
	for (uint64_t at = QT__LOG_FIRST; at < l->scan.end && rc == 0;) {
		const struct qt__frame	*f = (const void *)(l->image + at);
		struct qt__entry	 e;

		at += qt__frame_size(f);
		qt__frame_entry(&mem, f, &e);
		if (is_flushed(m, l->number, &e))
			continue;
		rc = qt__verify_value(v, &e, of);
		if (rc != -ENOENT)
			continue;
		/* Others may be flushing it, and drop what was overwritten. */
		if (!qt__verify_is_used(v))
			qt__verify_missing(v, &e, of);
		rc = 0;
	}
	return rc;
}

/* One log, which others may write to. */
static int
look_well(struct qt__verify *v, struct log *l)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	end;
	int		rc;

	for (int i = 0; i < AGAIN; i++) {
		end = l->end;
		rc = look(v, l, &err);
		if (rc == -QT_EFORMAT) {
			l->is_there = false;
			return 0;
		}
		if (rc == -QT_ECORRUPT || rc == -QT_EVERSION || rc == -EIO) {
			qt__verify_found(v, "wal/%s at 0: %s: %s", l->name,
			    err.text, qt_strerror(rc));
			return 1;
		}
		if (rc < 0 || !l->is_there || l->claim <= l->end)
			return rc;
		if (!qt__verify_is_used(v) || (i > 0 && l->end == end))
			break;
	}
	if (v->is_used && l->end != end)
		l->claim = l->end;	/* it moves on */
	return 0;
}

/* Frames have come to last since we read it, and then the next log was begun. */
static int
look_again(struct qt__verify *v, struct log *last)
{
	int	rc;

	last->image = NULL;	/* the next one's by now */
	last->end = 0;
	rc = look_well(v, last);
	free(last->image);
	last->image = NULL;
	return rc < 0 ? rc : 0;
}

/* 1: the history ends here. */
static int
go_on(struct qt__verify *v, struct log *l, struct log *last,
    const struct qt__manifest *m)
{
	int	rc = look_well(v, l);

	if (rc != 0 || !l->is_there)
		return rc < 0 ? rc : 1;
	if (last->is_there && l->base != last->end &&
	    qt__verify_is_used(v)) {
		rc = look_again(v, last);
		if (rc < 0)
			return rc;
	}
	if (last->is_there && l->base != last->end) {
		if (!v->is_used)
			qt__verify_note(v, "wal/%s: it begins at %llu, the one "
			    "before ends at %llu", l->name,
			    (unsigned long long)l->base,
			    (unsigned long long)last->end);
		return 1;
	}
	if (l->scan.is_torn && l->claim <= l->end && !v->is_used)
		qt__verify_note(v, "wal/%s at %llu: torn, and nobody was "
		    "promised what lies behind", l->name,
		    (unsigned long long)l->scan.end);
	return check_values(v, l, m);
}

int
qt__verify_logs(struct qt__verify *v, const struct qt__manifest *m)
{
	struct log	l = { .number = m->first_wal }, last = { 0 };
	uint64_t	claim = 0;
	int		rc;

	do {
		rc = go_on(v, &l, &last, m);
		if (l.is_there && l.claim > claim)
			claim = l.claim;
		if (rc == 0)
			last = l;
		l.number++;
	} while (rc == 0);
	free(l.image);
	if (rc < 0)
		return rc;
	if (last.is_there && claim > last.end)
		qt__verify_found(v, "wal/%s at %llu: damaged; what had been "
		    "durable is missing up to version %llu", last.name,
		    (unsigned long long)last.scan.end,
		    (unsigned long long)claim);
	return 0;
}
