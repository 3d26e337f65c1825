/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET api/sessions/NAME/history: the commands that shells in a session ran, the
 * latest first. The monitor runs qt-hist; it writes into our pipe:
 *
 *	HISTORY ─► qt-hist ─► pipe ─► commands ─┐
 *	           its end ─► monitor ─► status ┴─► answer
 *
 * Who may type in the session may see what was typed there, and nobody else: a
 * reader sees the screen, but what is in a history was not always on it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <jansson.h>

#include <qt/base/err.h>
#include <qt/base/sys.h>

#include "api.h"
#include "session.h"

#define LIMIT		50u		/* commands, unless told */
#define BYTES_MAX	(512u << 10)	/* of qt-hist's output */
#define PIECE		(16u << 10)

struct asking {
	struct qt_net_req	*req;	/* NULL: the client left */
	uv_poll_t		 poll;
	struct qt_buf		 out;	/* of qt-hist: an object a line */
	struct mon_message	 end;	/* its end, as the monitor says */
	int			 fd;	/* -1: all was read */
	uint8_t			 is_ended, is_cut, is_any;
	uint8_t			 is_over, is_closed;	/* both: it goes */
};

/* --- The answer ----------------------------------------------------------- */

static void
add_command(struct qt_json *j, const json_t *e)
{
	static const char *const texts[] = { "command", "command_hex", "cwd" };
	static const char *const numbers[] = { "start", "duration" };
	const json_t		*value;

	qt_json_object(j, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		value = json_object_get(e, texts[i]);
		if (json_is_string(value))
			qt_json_strn(j, texts[i], json_string_value(value),
			    json_string_length(value));
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		value = json_object_get(e, numbers[i]);
		if (json_is_number(value))
			qt_json_double(j, numbers[i], json_number_value(value));
	}
	value = json_object_get(e, "exit");
	if (json_is_integer(value))
		qt_json_int(j, "exit", json_integer_value(value));
	qt_json_end(j);
}

/* Whole lines only: the last one may be cut. Returns how many. */
static size_t
add_commands(struct qt_json *j, const struct qt_buf *out)
{
	const char	*p = out->data, *end;
	size_t		 left = out->len, count = 0;
	json_t		*e;

	while (left > 0 && (end = memchr(p, '\n', left)) != NULL) {
		e = json_loadb(p, (size_t)(end - p), 0, NULL);
		if (e != NULL) {
			add_command(j, e);
			count++;
		}
		json_decref(e);
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	return count;
}

/* Why there are none, or not all; NULL: no reason. */
static const char *
reason(const struct asking *a, size_t count)
{
	if (a->end.code == -ENOENT)
		return "qt-hist is not installed";
	if (a->end.code == -ENODATA)
		return "there is no history: no shell runs qt-hist's hooks";
	if (a->is_cut)
		return "what is left out is too long";
	if (count > 0)
		return NULL;
	return a->is_any ? "no command of this session was recorded" :
	    "no command of this session matches";
}

static void
reply_list(struct asking *a)
{
	struct qt_buf	 buf = QT_BUF_INIT;
	struct qt_json	 j = QT_JSON_INIT(&buf);
	size_t		 count;

	qt_json_object(&j, NULL);
	qt_json_array(&j, "commands");
	count = add_commands(&j, &a->out);
	qt_json_end(&j);
	qt_json_str(&j, "reason", reason(a, count));
	qt_json_end(&j);
	if (qt_json_status(&j) == 0)
		qt_net_reply_json(a->req, 200, &buf);
	else
		api_error(a->req, -EAGAIN, NULL);
	qt_buf_clear(&buf);
}

/* The first line of what qt-hist said, without its name. */
static const char *
said(struct asking *a)
{
	static const char	name[] = "qt-hist: ";
	char			*text = a->end.text;

	text[strcspn(text, "\n")] = '\0';
	return strncmp(text, name, sizeof(name) - 1) == 0 ?
	    text + sizeof(name) - 1 : text;
}

/* The query does not parse: {"error", "at"}, at from 0. */
static void
reply_mistake(struct asking *a)
{
	static const char	 place[] = "at byte ";
	const char		*text = said(a), *at = strstr(text, place);
	struct qt_buf		 buf = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&buf);
	unsigned long		 byte = 0;

	if (at != NULL)
		byte = strtoul(at + sizeof(place) - 1, NULL, 10);
	qt_json_object(&j, NULL);
	qt_json_str(&j, "error", text);
	if (byte > 0)
		qt_json_uint(&j, "at", byte - 1);
	qt_json_end(&j);
	qt_net_reply_json(a->req, 400, &buf);
	qt_buf_clear(&buf);
}

static void
reply(struct asking *a)
{
	const struct mon_message	*end = &a->end;

	if (end->code == -EAGAIN) {
		(void)qt_net_reply_header(a->req, "Retry-After", "1");
		api_error(a->req, -EAGAIN, "many ask for histories now");
	} else if (end->code == -ETIMEDOUT) {
		api_error(a->req, -ETIMEDOUT, "the history took too long");
	} else if (end->code == 0 && end->flags == 2) {
		reply_mistake(a);
	} else if ((end->code < 0 && end->code != -ENOENT &&
	    end->code != -ENODATA && !a->is_cut) || end->flags > 1) {
		api_error(a->req, end->code < 0 ? end->code : -EIO, said(a));
	} else {
		reply_list(a);
	}
}

/* --- Reading -------------------------------------------------------------- */

static void
maybe_free(struct asking *a)
{
	if (!a->is_over || !a->is_closed)
		return;
	qt_buf_clear(&a->out);
	free(a);
}

static void
on_closed(uv_handle_t *handle)
{
	struct asking	*a = handle->data;

	a->is_closed = 1;
	maybe_free(a);
}

/*
 * The handle first, and at once: closed later it would take what has the same
 * number by then, another's pipe or a connection, out of the loop.
 */
static void
stop_reading(struct asking *a)
{
	if (a->fd < 0)
		return;
	uv_close((uv_handle_t *)&a->poll, on_closed);
	close(a->fd);		/* who writes more gets SIGPIPE */
	a->fd = -1;
}

/* Nothing of it is asked for any more. */
static void
give_up(struct asking *a)
{
	a->is_over = 1;
	if (a->fd >= 0)
		stop_reading(a);
	else
		maybe_free(a);
}

/* Once the pipe and qt-hist have ended, or it is known that it ended badly. */
static void
maybe_end(struct asking *a)
{
	if (!a->is_ended || (a->fd >= 0 && a->end.code == 0))
		return;
	if (a->req != NULL)
		reply(a);
	a->req = NULL;
	give_up(a);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	static char	 piece[PIECE];
	struct asking	*a = poll->data;
	ssize_t		 n = status < 0 ? 0 :
	    qt_sys_read(a->fd, piece, sizeof(piece));

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n > 0 && a->out.len + (size_t)n <= BYTES_MAX &&
	    qt_buf_add(&a->out, piece, (size_t)n) == 0)
		return;
	a->is_cut = n > 0;
	stop_reading(a);
	maybe_end(a);
}

static void
on_ended(void *arg, const struct mon_message *m, int fd)
{
	struct asking	*a = arg;

	if (fd >= 0)
		close(fd);
	a->is_ended = 1;
	memcpy(&a->end, m, MON_HEAD_SIZE + m->len);
	a->end.text[m->len] = '\0';
	maybe_end(a);
}

static void
on_gone(void *arg)
{
	struct asking	*a = arg;

	a->req = NULL;
	stop_reading(a);
	maybe_end(a);
}

/* --- Asking --------------------------------------------------------------- */

/* q, behind the session's id. 0, or -1 after an answer. */
static int
put_query(struct qt_net_req *req, struct mon_message *m)
{
	char	*query = m->text + m->len;
	long	 n = qt_net_query_get(qt_net_req_query(req), "q", query,
	    sizeof(m->text) - 1 - m->len);

	if (n == -ENOENT)
		n = 0;
	if (n < 0) {
		api_error(req, -EINVAL, n == -ENAMETOOLONG ?
		    "the query is too long" : "q is no text");
		return -1;
	}
	m->len += (uint32_t)n;
	m->text[m->len] = '\0';
	return 0;
}

static int
put_limit(struct qt_net_req *req, struct mon_message *m)
{
	char		text[8];
	unsigned long	n = 0;
	long		len = qt_net_query_get(qt_net_req_query(req), "limit",
	    text, sizeof(text));

	if (len == -ENOENT)
		n = LIMIT;
	else if (len > 0 && strspn(text, "0123456789") == (size_t)len)
		n = strtoul(text, NULL, 10);
	if (n < 1 || n > MON_HISTORY_MAX) {
		api_error(req, -EINVAL, "limit is a number from 1 to 200");
		return -1;
	}
	m->flags = (uint32_t)n;
	return 0;
}

/* Takes fd[0]; fd[1] is for qt-hist. 0 or negative. */
static int
begin(struct worker *w, struct asking *a, struct mon_message *m,
    const int fd[2])
{
	int	rc = uv_poll_init(w->loop, &a->poll, fd[0]);

	if (rc < 0) {
		close(fd[0]);
		free(a);
		return rc;
	}
	a->fd = fd[0];
	a->poll.data = a;
	rc = mon_ask_fd(w->mon, m, fd[1], on_ended, a);
	if (rc == 0)
		rc = uv_poll_start(&a->poll, UV_READABLE, on_readable);
	if (rc < 0) {
		mon_forget(w->mon, a);
		give_up(a);
	}
	return rc;
}

void
history_get(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct mon_message	 m = { .type = MON_HISTORY };
	struct qt_session	 s;
	struct asking		*a;
	struct user		 user;
	int			 fd[2], rc;

	api_user(req, &user);
	if (api_session(w, req, "/history", &s) < 0)
		return;
	if (user_role(w, &user) < QT_ROLE_WRITER) {
		api_error(req, -QT_EROLE, "readers may not see the history");
		return;
	}
	qt_uuid_text(&s.id, m.text);
	m.len = (uint32_t)strlen(m.text);
	m.text[m.len++] = ' ';
	m.pid = s.state == QT_STATE_RUNNING ? s.pid : 0;
	if (put_query(req, &m) < 0 || put_limit(req, &m) < 0)
		return;
	a = calloc(1, sizeof(*a));
	if (a == NULL || pipe2(fd, O_CLOEXEC) < 0) {
		free(a);
		api_error(req, -EAGAIN, NULL);
		return;
	}
	/* Our end only: qt-hist's is like any program's standard output. */
	(void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
	a->is_any = m.len == QT_UUID_TEXT_SIZE;
	rc = begin(w, a, &m, fd);
	close(fd[1]);
	if (rc < 0) {
		api_error(req, rc, NULL);
		return;
	}
	a->req = req;
	qt_net_req_defer(req, on_gone, a);
}
