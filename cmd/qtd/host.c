/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's link to the session host. See host.h. */

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/log.h>

#include "host.h"

#define ASKS_MAX	4096	/* requests under way */
#define RETRY_MIN_MS	50
#define RETRY_MAX_MS	2000
#define INPUT_TAG	0x80000000u	/* or'ed with the slot's index */

struct ask {
	uint32_t	 tag;	/* 0: free */
	host_answer_fn	*fn;
	void		*arg;
};

struct host {
	struct qt_client	 *client;	/* NULL while not connected */
	struct host_conf	  conf;
	struct qt_buf		  out;	/* packets that had to wait */
	size_t			  out_at;	/* of them: sent */
	uv_poll_t		 *control, *bell;
	uv_timer_t		 *retry;
	struct host_slot	**slots;	/* by index */
	uint32_t		 *free_slots;	/* a stack */
	uint32_t		  count, free_count;
	uint32_t		  high;	/* slots used so far: all below */
	uint32_t		  next_tag, retry_ms;
	struct ask		  asks[ASKS_MAX];	/* by tag % ASKS_MAX */
};

static void	on_retry(uv_timer_t *timer);
static void	on_control(uv_poll_t *poll, int status, int events);

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
close_handle(void *slot)
{
	uv_handle_t	**p = slot;

	if (*p != NULL)
		uv_close(*p, free_handle);
	*p = NULL;
}

/* Answers everything under way with code. */
static void
fail_asks(struct host *h, int code, const char *text)
{
	struct ask	ask;

	for (uint32_t i = 0; i < ASKS_MAX; i++) {
		ask = h->asks[i];
		if (ask.tag == 0)
			continue;
		h->asks[i].tag = 0;
		ask.fn(ask.arg, code, NULL, 0, text);
	}
}

static void
disconnect(struct host *h)
{
	close_handle(&h->control);
	close_handle(&h->bell);
	qt_client_close(h->client);
	h->client = NULL;
	qt_buf_clear(&h->out);
	h->out_at = 0;
}

static void
on_lost(struct host *h)
{
	qt_log(QT_LOG_WARN, "qtd", "lost the session host; connecting again");
	/* The owners let go of what they borrowed before the handles go. */
	for (uint32_t i = 0; i < h->high; i++) {
		if (h->slots[i] != NULL)
			h->slots[i]->lost(h->slots[i]);
	}
	disconnect(h);
	fail_asks(h, -QT_ENOHOST, "the session host went away");
	if (h->conf.lost != NULL)
		h->conf.lost(h->conf.arg);
	if (h->conf.drained != NULL)
		h->conf.drained(h->conf.arg);
	h->retry_ms = RETRY_MIN_MS;
	uv_timer_start(h->retry, on_retry, h->retry_ms, 0);
}

/* An ERROR's code and text. */
static int
read_error(const struct qt_control_head *head, const void *body,
    char text[256])
{
	int32_t	code = -QT_EPROTO;
	size_t	len;

	text[0] = '\0';
	if (head->len < sizeof(code))
		return code;
	memcpy(&code, body, sizeof(code));
	len = head->len - sizeof(code);
	if (len > 255)
		len = 255;
	memcpy(text, (const char *)body + sizeof(code), len);
	text[len] = '\0';
	return code < 0 ? code : -QT_EPROTO;
}

/* INPUT is answered only when it was refused. */
static void
input_refused(struct host *h, const struct qt_control_head *head,
    const void *body)
{
	uint32_t	i = head->tag & ~INPUT_TAG;
	char		text[256];
	int		code = read_error(head, body, text);

	if (head->type == QT_MSG_ERROR && i < h->high && h->slots[i] != NULL)
		h->slots[i]->refused(h->slots[i], code, text);
}

static void
answer(struct host *h, const struct qt_control_head *head, const void *body)
{
	struct ask	*slot = &h->asks[head->tag % ASKS_MAX], ask = *slot;
	char		 text[256];
	int		 code;

	if ((head->tag & INPUT_TAG) != 0) {
		input_refused(h, head, body);
		return;
	}
	if (head->tag == 0 || ask.tag != head->tag)
		return;
	slot->tag = 0;
	if (head->type != QT_MSG_ERROR) {
		ask.fn(ask.arg, 0, body, head->len, "");
		return;
	}
	code = read_error(head, body, text);
	ask.fn(ask.arg, code, NULL, 0, text);
}

/* Sends what waited. 0, or negative when the connection is gone. */
static int
flush(struct host *h)
{
	struct qt_control_head	head;
	int			rc = 0;

	while (h->out_at < h->out.len && rc == 0) {
		memcpy(&head, h->out.data + h->out_at, sizeof(head));
		rc = qt_client_send(h->client, head.type, head.tag,
		    head.channel, h->out.data + h->out_at + sizeof(head),
		    head.len);
		if (rc == 0)
			h->out_at += sizeof(head) + head.len;
	}
	if (h->out_at < h->out.len) {
		if (h->out_at > h->out.len / 2) {
			qt_buf_drop(&h->out, h->out_at);
			h->out_at = 0;
		}
		return rc == -EAGAIN ? 0 : rc;
	}
	qt_buf_clear(&h->out);
	h->out_at = 0;
	return uv_poll_start(h->control, UV_READABLE, on_control);
}

/* All packets go this way, so that none overtakes another. */
static int
send_packet(struct host *h, enum qt_control_type type, uint32_t tag,
    uint32_t channel, const void *body, size_t len)
{
	int	rc = -EAGAIN;

	if (h->client == NULL)
		return -QT_ENOHOST;
	if (h->out.len == 0)
		rc = qt_client_send(h->client, type, tag, channel, body, len);
	if (rc != -EAGAIN)
		return rc;
	if (h->out.len - h->out_at + len > HOST_QUEUE_MAX)
		return -EAGAIN;
	rc = qt_control_pack(&h->out, type, tag, channel, body, len);
	if (rc < 0)
		return rc;
	return uv_poll_start(h->control, UV_READABLE | UV_WRITABLE,
	    on_control);
}

static void
on_control(uv_poll_t *poll, int status, int events)
{
	struct host		*h = poll->data;
	struct qt_control_head	 head;
	const void		*body;
	int			 rc = status < 0 ? status : 1;

	if (rc == 1 && (events & UV_WRITABLE) != 0 && h->out.len > 0) {
		rc = flush(h) < 0 ? -ECONNRESET : 1;
		if (rc == 1 && !host_is_full(h) && h->conf.drained != NULL)
			h->conf.drained(h->conf.arg);
	}
	while (rc == 1 && h->client != NULL) {
		rc = qt_client_recv(h->client, &head, &body);
		if (rc == 1)
			answer(h, &head, body);
	}
	if (rc < 0 && h->client != NULL)
		on_lost(h);
}

static void
on_bell(uv_poll_t *poll, int status, int events)
{
	struct host		*h = poll->data;
	struct qt_bell_slot	*bell;
	uint64_t		 count;

	(void)status, (void)events;
	/* The counter is a hint: the slots' own words say who is meant. */
	if (read(qt_client_bell_fd(h->client), &count, sizeof(count)) < 0)
		return;
	for (uint32_t i = 0; i < h->high && h->client != NULL; i++) {
		if (h->slots[i] == NULL)
			continue;
		bell = qt_client_bell(h->client, i);
		if (atomic_load(&bell->rung) != 0 &&
		    atomic_exchange(&bell->rung, 0) != 0)
			h->slots[i]->bell(h->slots[i]);
	}
}

static int
watch(struct host *h, uv_poll_t **out, int fd, uv_poll_cb fn)
{
	uv_poll_t	*poll = calloc(1, sizeof(*poll));
	int		 rc;

	if (poll == NULL)
		return -ENOMEM;
	rc = uv_poll_init(h->conf.loop, poll, fd);
	if (rc < 0) {
		free(poll);
		return rc;
	}
	poll->data = h;
	*out = poll;
	return uv_poll_start(poll, UV_READABLE, fn);
}

static int
connect_host(struct host *h, struct qt_err *err)
{
	int	rc;

	rc = qt_client_open(0, QT_ROLE_OWNER, h->count, &h->client, err);
	if (rc < 0)
		return rc;
	rc = watch(h, &h->control, qt_client_fd(h->client), on_control);
	if (rc == 0)
		rc = watch(h, &h->bell, qt_client_bell_fd(h->client), on_bell);
	if (rc < 0) {
		qt_err_set(err, "watch the session host");
		disconnect(h);
	}
	return rc;
}

static void
on_retry(uv_timer_t *timer)
{
	struct host	*h = timer->data;
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc;

	rc = connect_host(h, &err);
	if (rc < 0) {
		if (h->conf.need != NULL)
			h->conf.need(h->conf.arg);
		h->retry_ms = h->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS :
		    h->retry_ms * 2;
		qt_log(QT_LOG_WARN, "qtd", "%s: %s; again in %u ms", err.text,
		    qt_strerror(rc), h->retry_ms);
		uv_timer_start(h->retry, on_retry, h->retry_ms, 0);
		return;
	}
	qt_log(QT_LOG_INFO, "qtd", "connected to the session host again");
	for (uint32_t i = 0; i < h->high && h->client != NULL; i++) {
		if (h->slots[i] != NULL)
			h->slots[i]->back(h->slots[i]);
	}
}

int
host_new(const struct host_conf *conf, struct host **out, struct qt_err *err)
{
	struct host	*h = calloc(1, sizeof(*h));
	uint32_t	 slots = conf->slots;
	int		 rc = -ENOMEM;

	if (h == NULL)
		return rc;
	h->conf = *conf;
	h->count = slots;
	h->slots = calloc(slots, sizeof(struct host_slot *));
	h->free_slots = calloc(slots, sizeof(*h->free_slots));
	h->retry = calloc(1, sizeof(*h->retry));
	if (h->slots == NULL || h->free_slots == NULL || h->retry == NULL)
		goto err_after_alloc;
	for (uint32_t i = 0; i < slots; i++)
		h->free_slots[i] = slots - 1 - i;
	h->free_count = slots;
	rc = connect_host(h, err);
	if (rc < 0)
		goto err_after_alloc;
	uv_timer_init(conf->loop, h->retry);
	h->retry->data = h;
	*out = h;
	return 0;

err_after_alloc:
	free(h->slots);
	free(h->free_slots);
	free(h->retry);
	free(h);
	return rc;
}

void
host_free(struct host *h)
{
	if (h == NULL)
		return;
	disconnect(h);
	close_handle(&h->retry);
	fail_asks(h, -ECANCELED, "the server ends");
	free(h->slots);
	free(h->free_slots);
	free(h);
}

int
host_is_connected(const struct host *h)
{
	return h->client != NULL;
}

struct qt_client *
host_client(struct host *h)
{
	return h->client;
}

int
host_slot_take(struct host *h, struct host_slot *slot)
{
	assert(!slot->is_taken);
	if (h->free_count == 0)
		return -QT_EFULL;
	slot->index = h->free_slots[--h->free_count];
	slot->is_taken = 1;
	atomic_store(h->conf.in_use, h->count - h->free_count);
	if (slot->index >= h->high)
		h->high = slot->index + 1;
	h->slots[slot->index] = slot;
	return 0;
}

void
host_slot_drop(struct host *h, struct host_slot *slot)
{
	if (!slot->is_taken)
		return;
	if (h->client != NULL) {
		atomic_store(&qt_client_bell(h->client, slot->index)->wake_at,
		    0);
		host_tell(h, QT_MSG_DETACH, slot->index, NULL, 0);
	}
	h->slots[slot->index] = NULL;
	h->free_slots[h->free_count++] = slot->index;
	slot->is_taken = 0;
	atomic_store(h->conf.in_use, h->count - h->free_count);
}

void
host_slot_arm(struct host *h, struct host_slot *slot, uint64_t at)
{
	if (h->client != NULL)
		atomic_store(&qt_client_bell(h->client, slot->index)->wake_at,
		    at);
}

int
host_ask(struct host *h, enum qt_control_type type, uint32_t channel,
    const void *body, size_t len, host_answer_fn *fn, void *arg)
{
	struct ask	*ask;
	int		 rc;

	if (h->client == NULL)
		return -QT_ENOHOST;
	h->next_tag = h->next_tag >= INPUT_TAG - 1 ? 1 : h->next_tag + 1;
	ask = &h->asks[h->next_tag % ASKS_MAX];
	if (ask->tag != 0)
		return -EAGAIN;
	rc = send_packet(h, type, h->next_tag, channel, body, len);
	if (rc == 0)
		*ask = (struct ask){ h->next_tag, fn, arg };
	return rc;
}

int
host_ask_new(struct host *h, const struct qt_client_new *spec,
    host_answer_fn *fn, void *arg)
{
	struct qt_buf	packet = QT_BUF_INIT;
	size_t		head = sizeof(struct qt_control_head);
	int		rc;

	rc = qt_control_pack_new(&packet, 0, &spec->opt, spec->name,
	    spec->owner, spec->cwd, spec->argv, spec->env);
	if (rc == 0)
		rc = host_ask(h, QT_MSG_NEW, 0, packet.data + head,
		    packet.len - head, fn, arg);
	qt_buf_clear(&packet);
	return rc;
}

void
host_forget(struct host *h, const void *arg)
{
	for (uint32_t i = 0; i < ASKS_MAX; i++) {
		if (h->asks[i].arg == arg)
			h->asks[i].tag = 0;
	}
}

int
host_tell(struct host *h, enum qt_control_type type, uint32_t channel,
    const void *body, size_t len)
{
	return send_packet(h, type, 0, channel, body, len);
}

int
host_input(struct host *h, struct host_slot *slot, const void *data,
    size_t len)
{
	return send_packet(h, QT_MSG_INPUT, INPUT_TAG | slot->index,
	    slot->index, data, len);
}

int
host_is_full(const struct host *h)
{
	return h->out.len - h->out_at >= HOST_QUEUE_HIGH;
}
