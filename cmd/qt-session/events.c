/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session events - what happened to sessions, as JSON lines */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <qt/shm/ring.h>

#include "find.h"
#include "verbs.h"

#define READ_SIZE	(32u << 10)
#define LOOK_MS		50

static const struct qt_opt opts[] = {
	{ 'f', "follow", NULL, "go on with what happens from now on" },
	{ 'n', "new", NULL, "leave out what happened before" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb events_verb = {
	"events", events_main, "", "what happened to sessions, as JSON lines",
	opts,
};

struct reading {
	struct world		 w;
	struct qt_ring_reader	*ring;
	uint64_t		 pos;
	int			 is_cut;	/* in the middle of a line */
};

static void
reading_open(struct reading *r)
{
	struct qt_host_info	info;
	struct qt_err		err = QT_ERR_INIT;
	const struct qt_seg	*seg;
	int			rc;

	rc = world_look(&r->w);
	if (rc < 0)
		die_err(rc, &err);
	seg = r->w.client != NULL ? qt_client_segment(r->w.client) : r->w.seg;
	rc = qt_host_info(r->w.table, &info);
	if (rc == 0)
		rc = qt_ring_reader_open(seg, info.events_ring, &r->ring, &err);
	if (rc < 0)
		die_err(rc, &err);
	qt_ring_range(r->ring, &r->pos, NULL);
	r->is_cut = r->pos > 0;
}

/* Prints whole lines only: the first one may have lost its beginning. */
static void
print_events(struct reading *r, const char *data, size_t len)
{
	const char	*nl;

	if (r->is_cut) {
		nl = memchr(data, '\n', len);
		if (nl == NULL)
			return;
		len -= (size_t)(nl + 1 - data);
		data = nl + 1;
		r->is_cut = 0;
	}
	qt_prog_write(data, len);
}

static void
print_all(struct reading *r)
{
	char		data[READ_SIZE];
	uint64_t	tail;
	ssize_t		n;

	for (;;) {
		n = qt_ring_read(r->ring, r->pos, data, sizeof(data));
		if (n == 0)
			return;
		if (n == -QT_ELAPPED) {
			qt_ring_range(r->ring, &tail, NULL);
			qt_warn("%llu bytes of events came too fast and were "
			    "lost", (unsigned long long)(tail - r->pos));
			r->pos = tail;
			r->is_cut = 1;
			continue;
		}
		if (n < 0)
			qt_die(QT_EXIT_SYS, "read events: %s",
			    qt_strerror((int)n));
		r->pos += (uint64_t)n;
		print_events(r, data, (size_t)n);
	}
}

int
events_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&events_verb, argc, argv);
	struct reading	r = { .w = WORLD_INIT };
	int		id, is_following = 0, is_new = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'f')
			is_following = 1;
		else
			is_new = 1;
	}
	if (o.index < argc)
		qt_usage(&events_verb);
	reading_open(&r);
	if (is_new) {
		qt_ring_range(r.ring, NULL, &r.pos);
		r.is_cut = 0;
	}
	for (;;) {
		print_all(&r);
		qt_prog_flush();
		if (!is_following)
			break;
		poll(NULL, 0, LOOK_MS);
	}
	qt_ring_reader_close(r.ring);
	world_close(&r.w);
	return QT_EXIT_OK;
}
