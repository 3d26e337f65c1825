/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's link to the monitor. See mon.h. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/err.h>

#include "mon.h"

#define ASKS_MAX 256	/* under way */

struct ask {
	uint32_t	 tag;	/* 0: free */
	mon_answer_fn	*fn;
	void		*arg;
};

struct mon {
	const struct mon_ops	*ops;
	void			*arg;
	uv_poll_t		*poll;
	int			 fd;
	uint32_t		 next_tag;
	struct ask		 asks[ASKS_MAX];	/* by tag */
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
answer(struct mon *mon, const struct mon_message *m, int fd)
{
	struct ask	*slot = &mon->asks[m->tag % ASKS_MAX], ask = *slot;

	if (ask.tag != m->tag) {
		if (fd >= 0)
			close(fd);
		return;
	}
	slot->tag = 0;
	ask.fn(ask.arg, m, fd);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct mon		*mon = poll->data;
	struct mon_message	 m;
	int			 fd, rc = status < 0 ? status : 1;

	(void)events;
	while (rc == 1) {
		rc = mon_recv_message(mon->fd, &m, &fd);
		if (rc == 1 && m.tag != 0)
			answer(mon, &m, fd);
		else if (rc == 1)
			mon->ops->told(mon->arg, &m);
	}
	if (rc == -EAGAIN)
		return;
	uv_poll_stop(poll);
	mon->ops->ended(mon->arg);
}

int
mon_new(struct uv_loop_s *loop, int fd, const struct mon_ops *ops, void *arg,
    struct mon **out)
{
	struct mon	*mon = calloc(1, sizeof(*mon));

	if (mon == NULL)
		return -ENOMEM;
	mon->poll = calloc(1, sizeof(*mon->poll));
	if (mon->poll == NULL || uv_poll_init(loop, mon->poll, fd) < 0) {
		free(mon->poll);
		free(mon);
		return -ENOMEM;
	}
	mon->ops = ops;
	mon->arg = arg;
	mon->fd = fd;
	mon->poll->data = mon;
	*out = mon;
	return uv_poll_start(mon->poll, UV_READABLE, on_readable);
}

void
mon_free(struct mon *mon)
{
	if (mon == NULL)
		return;
	uv_close((uv_handle_t *)mon->poll, free_handle);
	close(mon->fd);
	free(mon);
}

int
mon_ask(struct mon *mon, struct mon_message *m, mon_answer_fn *fn, void *arg)
{
	return mon_ask_fd(mon, m, -1, fn, arg);
}

int
mon_ask_fd(struct mon *mon, struct mon_message *m, int fd, mon_answer_fn *fn,
    void *arg)
{
	struct ask	*ask;
	int		 rc;

	if (++mon->next_tag == 0)
		mon->next_tag = 1;
	ask = &mon->asks[mon->next_tag % ASKS_MAX];
	if (ask->tag != 0)
		return -EAGAIN;
	m->tag = mon->next_tag;
	rc = mon_send_message(mon->fd, m, fd);
	if (rc == 0)
		*ask = (struct ask){ m->tag, fn, arg };
	return rc;
}

void
mon_forget(struct mon *mon, const void *arg)
{
	for (size_t i = 0; i < ASKS_MAX; i++) {
		if (mon->asks[i].arg == arg)
			mon->asks[i].tag = 0;
	}
}

int
mon_tell(struct mon *mon, struct mon_message *m)
{
	return mon_tell_fd(mon, m, -1);
}

int
mon_tell_fd(struct mon *mon, struct mon_message *m, int fd)
{
	m->tag = 0;
	return mon_send_message(mon->fd, m, fd);
}
