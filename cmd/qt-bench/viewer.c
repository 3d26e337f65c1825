/* SPDX-License-Identifier: Apache-2.0 */
/* A viewer that throws away what it sees; and small numbers. See rows.h. */

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/session/view.h>

#include "rows.h"

#define PIECE_SIZE	(64u << 10)
#define BUSY_BYTES	(16u << 10)	/* a drain this large is a flood */
#define WAIT_MS		10000

int
double_compare(const void *a, const void *b)
{
	double	x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), double_compare);
	return count % 2 != 0 ? values[count / 2] :
	    (values[count / 2 - 1] + values[count / 2]) / 2;
}

void
session_new(struct qt_client *c, char *const *argv, struct qt_uuid *id)
{
	struct qt_client_new	spec = { .argv = argv,
	    .opt = { .cols = 80, .rows = 24 } };
	struct qt_err		err = QT_ERR_INIT;
	int			rc = qt_client_new(c, &spec, id, &err);

	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
}

void
viewer_open(struct viewer *v, const struct qt_uuid *id)
{
	struct qt_control_attach	req = { .id = *id, .cols = 80, .rows = 24,
	    .role = QT_ROLE_WRITER };
	struct qt_control_attached	got;
	struct qt_view_opt		opt = { .id = *id, .offset = 0 };
	struct qt_err			err = QT_ERR_INIT;
	int				rc;

	memset(v, 0, sizeof(*v));
	rc = qt_client_open(0, QT_ROLE_OWNER, 4, &v->client, &err);
	if (rc == 0)
		rc = qt_client_attach(v->client, &req, &got, &err);
	if (rc == 0) {
		opt.generation = got.generation;
		rc = qt_view_open(qt_client_table(v->client),
		    qt_client_segment(v->client), &opt, &v->view, &err);
	}
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	qt_view_set_lead(v->view, 1);
}

/* Sleeps until there may be more; see the bell in control.h. */
static void
viewer_sleep(struct viewer *v, uint64_t moved)
{
	struct qt_bell_slot	*bell = qt_client_bell(v->client, 0);
	struct pollfd		 p = { qt_client_bell_fd(v->client), POLLIN, 0 };
	const struct qt_session_live *live;
	uint64_t		 at = qt_view_position(v->view), rung;

	if (moved >= BUSY_BYTES) {
		poll(NULL, 0, 1);
		return;
	}
	atomic_store(&bell->wake_at, at + 1);
	live = qt_session_live(qt_client_table(v->client),
	    qt_view_session(v->view)->slot);
	if (live != NULL && atomic_load(&live->output_bytes) > at)
		return;
	if (poll(&p, 1, WAIT_MS) == 1 && read(p.fd, &rung, sizeof(rung)) < 0)
		qt_die(QT_EXIT_SYS, "read the doorbell");
	atomic_store(&bell->rung, 0);
}

/* No redraw is wanted here: replay from what the ring has. */
static int
viewer_piece(struct viewer *v, const struct qt_view_piece *piece)
{
	switch (piece->kind) {
	case QT_VIEW_DATA:
		v->bytes += piece->count;
		break;
	case QT_VIEW_SKIPPED:
		v->skipped += piece->count;
		break;
	case QT_VIEW_SNAPSHOT:
		qt_view_no_snapshot(v->view);
		break;
	case QT_VIEW_EXIT:
	case QT_VIEW_GONE:
		return 1;
	default:
		break;
	}
	return 0;
}

void
viewer_run(struct viewer *v, uint64_t stop_at)
{
	struct qt_view_piece	piece;
	uint64_t		before = v->bytes;
	int			rc;

	while (v->bytes + v->skipped < stop_at) {
		rc = qt_view_next(v->view, PIECE_SIZE, &piece);
		if (rc < 0)
			qt_die(QT_EXIT_SYS, "view: %s", qt_strerror(rc));
		if (piece.kind == QT_VIEW_IDLE) {
			viewer_sleep(v, v->bytes - before);
			before = v->bytes;
		} else if (viewer_piece(v, &piece)) {
			return;
		}
	}
}

void
viewer_close(struct viewer *v)
{
	qt_view_close(v->view);
	qt_client_close(v->client);
	memset(v, 0, sizeof(*v));
}
