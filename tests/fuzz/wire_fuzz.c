/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of qt.1 from a client that means no good, through the dispatcher as
 * the worker runs it: what is around it (WebSocket, viewer, host) is replaced
 * by what checks its arguments.
 *
 * Input: messages, each behind two bytes of length.
 */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/qtd/conn.h"
#include "../../cmd/qtd/viewer.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct options	 opt = { .base = "/" };
static struct shared_slot	 slot;
static struct worker		 worker = { .opt = &opt, .slot = &slot };
static int			 is_closed;

struct viewer { struct viewer_conf conf; };

void *ws_user(const struct ws *ws) { (void)ws; return NULL; }
int ws_can_write(struct ws *ws) { (void)ws; return 1; }
void ws_want_write(struct ws *ws) { (void)ws; }
void ws_pause(struct ws *ws, int yes) { (void)ws; (void)yes; }

int
ws_send(struct ws *ws, void *data, size_t len, int is_binary)
{
	(void)ws;
	assert(len >= QT_WIRE_HEAD_SIZE && is_binary);
	memset((char *)data - WS_PRE, 0, WS_PRE);	/* scratch, as promised */
	return is_closed ? -EPIPE : 0;
}

void
ws_close(struct ws *ws, unsigned int code, const char *reason)
{
	(void)ws, (void)reason;
	assert(code >= 1000 && code < 5000);
	is_closed = 1;
}

int
viewer_open(const struct viewer_conf *conf, struct viewer **out)
{
	*out = calloc(1, sizeof(**out));
	assert(*out != NULL && conf->cols <= QT_SESSION_COLS_MAX);
	(*out)->conf = *conf;
	return 0;
}

void viewer_close(struct viewer *v) { free(v); }
void *viewer_user(const struct viewer *v) { return v->conf.user; }
void viewer_resume(struct viewer *v) { (void)v; }
void viewer_take_lead(struct viewer *v) { (void)v; }
enum qt_role viewer_role(const struct viewer *v) { return v->conf.role; }
int viewer_is_lead(const struct viewer *v) { (void)v; return 0; }
uint32_t viewer_generation(const struct viewer *v) { (void)v; return 1; }

const struct qt_session *
viewer_session(const struct viewer *v)
{
	(void)v;
	return NULL;
}

int
viewer_input(struct viewer *v, const void *data, size_t len)
{
	(void)v;
	assert(len <= QT_WIRE_IN_MAX && (len == 0 || data != NULL));
	return 0;
}

void
viewer_resize(struct viewer *v, uint16_t cols, uint16_t rows)
{
	(void)v;
	assert(cols > 0 && rows > 0);
}

struct qt_client *host_client(struct host *h) { (void)h; return NULL; }
int host_is_full(const struct host *h) { (void)h; return 0; }
void host_forget(struct host *h, const void *arg) { (void)h; (void)arg; }

int
host_ask(struct host *h, enum qt_control_type type, uint32_t channel,
    const void *body, size_t len, host_answer_fn *fn, void *arg)
{
	(void)h, (void)type, (void)channel, (void)body, (void)len;
	fn(arg, 0, "", 0, "");
	return 0;
}

int
host_ask_new(struct host *h, const struct qt_client_new *spec,
    host_answer_fn *fn, void *arg)
{
	struct qt_uuid	id = { { 1 } };

	(void)h;
	assert(spec->name == NULL || qt_session_name_check(spec->name) == 0);
	fn(arg, 0, &id, sizeof(id), "");
	return 0;
}

void watch_changed(struct conn *c) { (void)c; }
void conn_input_taken(struct conn *c) { (void)c; }

#include "../../cmd/qtd/qt1.c"
#undef WINDOW
#define fail open_fail
#define view open_view
#define on_created open_on_created
#include "../../cmd/qtd/qt1_open.c"
#undef on_created
#define find call_find
#include "../../cmd/qtd/qt1_call.c"
#include "../../cmd/qtd/session.c"
#define refuse spec_refuse
#define count spec_count
#include "../../cmd/qtd/spec.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conn	c = { .worker = &worker, .user = { .name = "fuzz",
	    .role = QT_NET_ROLE_ADMIN } };
	size_t		n;

	is_closed = 0;
	qt1_open(&c);
	while (len >= 2 && !is_closed) {
		n = data[0] | (size_t)data[1] << 8;
		data += 2;
		len -= 2;
		if (n > len)
			n = len;
		qt1_message(&c, data, n, 1);
		qt1_writable(&c);
		data += n;
		len -= n;
	}
	qt1_closed(&c);
	return 0;
}
