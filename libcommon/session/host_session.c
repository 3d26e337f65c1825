/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a session in the host's memory, and the end of its child.
 *
 * A child that died is drained: what it wrote before its death is in the pty,
 * all of it (see host_read.c), and only then are exit offset and status
 * published. Its background processes may still hold the pty and write; the
 * session has ended all the same, as a closed terminal window has: the pty is
 * closed, they get SIGHUP or EIO. So an exit offset is final.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>

#include "host_priv.h"

/* More than a pty holds; beyond it only survivors can have written. */
#define DRAIN_MAX (1u << 20)

static int
slots_grow(struct qt__host *h, uint32_t slot)
{
	struct qt__session	**grown;
	uint32_t		  size = h->session_slots > 0 ?
	    h->session_slots : QT__TABLE_BLOCK;

	while (size <= slot)
		size *= 2;
	if (size == h->session_slots)
		return 0;
	grown = reallocarray(h->sessions, size, sizeof(struct qt__session *));
	if (grown == NULL)
		return -ENOMEM;
	memset(grown + h->session_slots, 0,
	    (size - h->session_slots) * sizeof(struct qt__session *));
	h->sessions = grown;
	h->session_slots = size;
	return 0;
}

struct qt__session *
qt__session_of(struct qt__host *h, uint32_t slot)
{
	return slot < h->session_slots ? h->sessions[slot] : NULL;
}

/* For a record that is in the table; without a pty so far. */
struct qt__session *
qt__session_add(struct qt__host *h, uint32_t slot, struct qt_err *err)
{
	struct qt__session	*s = NULL;
	struct qt_session	 rec;

	if (slots_grow(h, slot) == 0)
		s = calloc(1, sizeof(*s));
	if (s == NULL || qt__table_get(h->table, slot, &rec) < 0) {
		qt_err_set(err, "keep a session");
		free(s);
		return NULL;
	}
	s->host = h;
	s->slot = slot;
	s->fd = -1;
	s->live = qt__table_live(h->table, slot);
	s->head = rec.exit_offset;
	s->cols = rec.cols;
	s->rows = rec.rows;
	s->policy = (uint8_t)rec.policy;
	h->sessions[slot] = s;
	return s;
}

/* Whoever freed the session meanwhile left the rest to us. */
static void
on_closed(uv_handle_t *handle)
{
	struct qt__session	*s = (struct qt__session *)(void *)handle;

	s->is_polled = 0;
	if (s->is_freed)
		free(s);
}

static void
drop_from_lists(struct qt__session *s)
{
	struct qt__host		*h = s->host;
	struct qt__session	**p;

	for (p = &h->bell_due; s->is_bell_due && *p != NULL;
	    p = &(*p)->bell_next) {
		if (*p == s) {
			*p = s->bell_next;
			break;
		}
	}
	for (p = &h->hup; s->is_hup && *p != NULL; p = &(*p)->hup_next) {
		if (*p == s) {
			*p = s->hup_next;
			break;
		}
	}
	for (p = &h->pids[s->pid % QT__PID_BUCKETS]; *p != NULL;
	    p = &(*p)->pid_next) {
		if (*p == s) {
			*p = s->pid_next;
			break;
		}
	}
	s->is_bell_due = s->is_hup = 0;
}

/* Lets go of the pty and the ring, not of the attachments. */
static void
disown(struct qt__session *s)
{
	drop_from_lists(s);
	qt__session_fed(s);
	qt_ring_writer_close(s->ring);
	s->ring = NULL;
	qt_buf_clear(&s->input);
	s->input_at = 0;
	if (s->fd >= 0) {
		/*
		 * In this order: closing takes the descriptor's number out of
		 * the loop, and it is soon that of something else.
		 */
		uv_close((uv_handle_t *)&s->poll, on_closed);
		close(s->fd);
	}
	s->fd = -1;
	s->events = 0;
}

void
qt__session_free(struct qt__session *s)
{
	struct qt__host	*h = s->host;

	disown(s);
	h->sessions[s->slot] = NULL;
	s->is_freed = 1;
	if (!s->is_polled)
		free(s);
}

/* From here on it has this pty and this child; not when that fails. */
int
qt__session_own(struct qt__session *s, int fd, pid_t pid, struct qt_err *err)
{
	struct qt__session	**bucket =
	    &s->host->pids[pid % QT__PID_BUCKETS];
	int			  rc;

	rc = uv_poll_init(&s->host->loop, &s->poll, fd);
	if (rc < 0) {
		qt_err_set(err, "watch a pseudo-terminal");
		return rc;
	}
	s->is_polled = 1;
	s->fd = fd;
	s->pid = pid;
	s->pid_next = *bucket;
	*bucket = s;
	return 0;
}

static struct qt__session *
by_pid(struct qt__host *h, pid_t pid)
{
	struct qt__session	*s = h->pids[pid % QT__PID_BUCKETS];

	while (s != NULL && s->pid != pid)
		s = s->pid_next;
	return s;
}

static void
tell_exit(struct qt__host *h, const struct qt_session *rec)
{
	struct qt__event	e;

	qt__event_begin(&e, "exited", rec);
	if (WIFEXITED(rec->exit_status))
		qt_json_int(&e.json, "status", WEXITSTATUS(rec->exit_status));
	else
		qt_json_int(&e.json, "signal", WTERMSIG(rec->exit_status));
	qt_json_uint(&e.json, "output", rec->exit_offset);
	qt__event_end(h, &e);
}

/* The child is dead, and it was running as a session. */
void
qt__session_exit(struct qt__session *s)
{
	struct qt__host		*h = s->host;
	struct qt_session	 rec;
	uint32_t		 slot = s->slot;
	int			 is_forget = s->is_forget || s->is_spare;

	(void)qt__session_read(s, DRAIN_MAX, 1);
	if (s->is_spare)
		h->spares--;
	else
		h->running--;
	atomic_store(&h->info->running, h->running);
	if (qt__table_get(h->table, slot, &rec) == 0) {
		rec.state = QT_STATE_EXITED;
		rec.exit_status = s->status;
		rec.exit_offset = s->head;
		rec.exited_ms = qt_clock_real_ms();
		(void)qt__table_put(h->table, &rec);
		h->exited++;
		if (!s->is_spare) {
			atomic_fetch_add(&h->info->exited, 1);
			tell_exit(h, &rec);
		}
	}
	disown(s);
	qt__bell_change(s);
	if (s->attach == NULL)
		qt__session_free(s);
	/* With viewers it waits until they have seen the end. */
	s = qt__session_of(h, slot);
	if (is_forget && (s == NULL || qt__attach_count(s) == 0))
		qt__session_forget(h, slot);
	qt__host_prune(h);
	qt__host_stop_look(h);
}

static void
child_died(struct qt__host *h, pid_t pid, int status)
{
	struct qt__session	*s = by_pid(h, pid);

	if (s == NULL) {
		(void)qt__screen_reap(h, pid, status);
		return;
	}
	s->is_dead = 1;
	s->status = status;
	/* One that failed to start is the business of host_start.c. */
	if (!s->is_starting)
		qt__session_exit(s);
}

void
qt__host_reap(struct qt__host *h)
{
	pid_t	pid;
	int	status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_died(h, pid, status);
}

/*
 * One that was damaged meanwhile cannot be destroyed: its memory is lost, or
 * the next session in this slot could have no ring.
 */
static void
drop_ring(struct qt__host *h, uint64_t *ring)
{
	int	rc = *ring != 0 ? qt_ring_destroy_at(h->seg, ring) : 0;

	if (rc == 0)
		return;
	qt_log(QT_LOG_WARN, QT__MODULE, "the output of a session cannot be "
	    "freed: %s", qt_strerror(rc));
	atomic_store((_Atomic uint64_t *)(void *)ring, 0);
}

/* Drops a record that is not running: its viewers, ring and slot. */
void
qt__session_forget(struct qt__host *h, uint32_t slot)
{
	struct qt__session	*s = qt__session_of(h, slot);
	uint64_t		*ring = qt__table_ring(h->table, slot);
	struct qt_session	 rec;

	if (s != NULL) {
		s->is_forget = 0;
		while (s->attach != NULL && s->attach->next != NULL)
			qt__attach_end(s->attach, 1);
		/* The last one takes the session with it. */
		if (s->attach != NULL)
			qt__attach_end(s->attach, 1);
		if ((s = qt__session_of(h, slot)) != NULL)
			qt__session_free(s);
	}
	if (qt__table_get(h->table, slot, &rec) == 0) {
		if (rec.state == QT_STATE_EXITED || rec.state == QT_STATE_LOST)
			h->exited--;
		h->name_hint = 0;
		qt__table_del(h->table, slot);
	}
	drop_ring(h, ring);
}

/* Which of two ended records goes first: seen ones, then the older. */
static int
goes_first(const struct qt_session *a, const struct qt_session *b)
{
	uint32_t	a_seen = a->flags & QT_SESSION_SEEN;
	uint32_t	b_seen = b->flags & QT_SESSION_SEEN;

	if (a_seen != b_seen)
		return a_seen != 0;
	return a->exited_ms < b->exited_ms;
}

void
qt__host_prune(struct qt__host *h)
{
	struct qt_session	rec, first = { .slot = 0 };
	uint32_t		slots;
	int			has_one;

	while (h->exited > h->opt.keep) {
		has_one = 0;
		slots = qt__map_slots(&h->table->map);
		for (uint32_t i = 0; i < slots; i++) {
			if (qt__table_get(h->table, i, &rec) < 0 ||
			    (rec.state != QT_STATE_EXITED &&
			    rec.state != QT_STATE_LOST) ||
			    qt__session_of(h, i) != NULL)
				continue;
			if (!has_one || goes_first(&rec, &first))
				first = rec;
			has_one = 1;
		}
		if (!has_one)
			return;
		qt__session_forget(h, first.slot);
	}
}
