/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen service's loop. See <qt/session/screen.h>.
 *
 * The sessions themselves are screen_session.c's. This process parses hostile
 * bytes, so it keeps nothing that matters, can gain no rights, and has bounded
 * memory. It ends with its host's connection; the next host starts the next
 * one.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>
#include <qt/session/client.h>

#include "screen_priv.h"

#define SLOTS_FIRST	1024u
#define DATA_MAX	(512u << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER	1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER	0
#endif

static void
look_for_new(struct qt__service *s)
{
	struct qt_host_info	info;
	uint64_t		count;

	if (qt_host_info(qt_client_table(s->client), &info) < 0 ||
	    info.created == s->created)
		return;
	count = info.created - s->created;
	s->created = info.created;
	/* The counter may have been written over: no loop is bounded by it. */
	if (count > info.sessions_max)
		qt__service_look_around(s);
	else
		qt__service_look_for(s, count);
}

static int
answer_one(void *ctx, const struct qt_screen_request *req,
    struct qt_screen_answer *a, struct qt_buf *out)
{
	struct qt__service	*s = ctx;
	struct qt_session	rec;
	struct qt__follow	*f;

	if (qt_session_find(qt_client_table(s->client), &req->id, &rec) < 0)
		return -ENOENT;
	f = rec.slot < s->records ? s->record[rec.slot] : NULL;
	if (f == NULL || f->generation != rec.generation) {
		qt__service_look_around(s);
		f = rec.slot < s->records ? s->record[rec.slot] : NULL;
	}
	if (f == NULL)
		return s->is_short ? -QT_EFULL : -ENOENT;
	/* Its points and modes as of now; that may find that it is gone. */
	qt__service_look(s, f);
	f = s->record[rec.slot];
	if (f == NULL)
		return -ENOENT;
	return qt__draw_answer(&s->drawn, f, req, a, out);
}

static void
on_answer(struct qt__service *s, const struct qt_control_head *head)
{
	uint32_t		channel = (head->tag & ~QT__TAG_ATTACH) - 1;
	struct qt__follow	*f;

	if (head->tag == 0 || channel >= s->slots)
		return;
	if (s->pending > 0)
		s->pending--;
	f = s->channel[channel];
	if (f == NULL || (head->tag & QT__TAG_ATTACH) == 0)
		return;
	if (head->type == QT_MSG_ATTACHED) {
		f->is_attached = 1;
		qt__service_look(s, f);
	} else if (!f->is_attached) {
		qt__service_forget(s, f, 1);
	}
}

static int
on_control(struct qt__service *s)
{
	struct qt_control_head	head;
	const void		*body;
	int			rc;

	while ((rc = qt_client_recv(s->client, &head, &body)) > 0)
		on_answer(s, &head);
	if (rc == 0 && s->is_behind && s->pending < QT__PENDING_MAX / 2)
		qt__service_look_around(s);
	return rc;
}

static void
on_bell(struct qt__service *s)
{
	struct qt_bell_slot	*bell;
	uint64_t		count;
	uint32_t		i, why;

	(void)qt_sys_read(qt_client_bell_fd(s->client), &count, sizeof(count));
	look_for_new(s);
	for (i = 0; i < s->used; i++) {
		bell = qt_client_bell(s->client, i);
		if (s->channel[i] == NULL ||
		    atomic_load_explicit(&bell->rung,
		    memory_order_relaxed) == 0)
			continue;
		why = atomic_exchange(&bell->rung, 0);
		if (why & QT_BELL_ENDED)
			qt__service_forget(s, s->channel[i], 1);
		else
			qt__service_look(s, s->channel[i]);
	}
}

static int
sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int
run(struct qt__service *s)
{
	struct pollfd	p[3 + QT__REQUESTS_MAX];
	uint64_t	now;
	uint32_t	i, used;
	int		wait, rc = 0;

	for (;;) {
		wait = qt__service_end_naps(s);
		now = qt_clock_mono_ms();
		wait = sooner(wait, qt__requests_expire(&s->requests, now));
		p[0] = (struct pollfd){ qt_client_fd(s->client), POLLIN, 0 };
		p[1] = (struct pollfd){ qt_client_bell_fd(s->client), POLLIN,
		    0 };
		p[2] = (struct pollfd){
		    qt__requests_has_room(&s->requests, now) ?
		    s->requests.listen_fd : -1, POLLIN, 0 };
		for (i = 0, used = 3; i < QT__REQUESTS_MAX; i++) {
			p[3 + i] = (struct pollfd){ s->requests.request[i].fd,
			    POLLIN, 0 };
			if (p[3 + i].fd >= 0)
				used = 4 + i;
		}
		/* No more entries than RLIMIT_NOFILE, or poll(2) refuses. */
		if (poll(p, used, wait) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents != 0 && (rc = on_control(s)) < 0)
			return rc;
		if (p[1].revents != 0)
			on_bell(s);
		for (i = 0; i < QT__REQUESTS_MAX; i++)
			if (p[3 + i].revents != 0)
				qt__requests_read(&s->requests, i);
		if (p[2].revents != 0)
			qt__requests_accept(&s->requests, qt_clock_mono_ms());
		if (s->is_short)
			return -QT_EFULL;
	}
}

/* No new rights, no children, no cores, no more memory than it needs. */
static void
sandbox(void)
{
	struct rlimit	none = { 0, 0 };
	struct rlimit	data = { DATA_MAX, DATA_MAX };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_NPROC, &none);
	if (!HAS_SANITIZER)	/* whose shadow counts */
		(void)setrlimit(RLIMIT_DATA, &data);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
clear(struct qt__service *s)
{
	uint32_t	i;

	for (i = 0; s->channel != NULL && i < s->slots; i++) {
		if (s->channel[i] == NULL)
			continue;
		qt__draw_drop(&s->drawn, s->channel[i]);
		qt__follow_close(s->channel[i]);
	}
	qt__requests_close(&s->requests);
	free(s->channel);
	free(s->record);
	qt_client_close(s->client);
}

static int
serve(int listen_fd, uint32_t slots, struct qt_err *err)
{
	struct qt__service	s = { .slots = slots };
	struct qt_host_info	info;
	int			rc;

	qt__requests_init(&s.requests, listen_fd, answer_one, &s);
	s.channel = calloc(slots, sizeof(*s.channel));
	if (s.channel == NULL)
		return -ENOMEM;
	rc = qt_client_open(QT_CLIENT_HELPER, QT_ROLE_WRITER, slots,
	    &s.client, err);
	if (rc == 0) {
		if (qt_host_info(qt_client_table(s.client), &info) == 0)
			s.created = info.created;
		qt__service_look_around(&s);
		rc = run(&s);
	}
	clear(&s);
	return rc;
}

int
qt__screen_serve(int listen_fd, uint32_t slots, struct qt_err *err)
{
	int	rc;

	sandbox();
	/* More sessions than bells: once more with twice as many. */
	while ((rc = serve(listen_fd, slots, err)) == -QT_EFULL &&
	    slots < QT_BELL_SLOTS_MAX)
		slots *= 2;
	return rc == -ECONNRESET ? 0 : rc;
}

int
qt_screen_serve(int listen_fd, struct qt_err *err)
{
	return qt__screen_serve(listen_fd, SLOTS_FIRST, err);
}
