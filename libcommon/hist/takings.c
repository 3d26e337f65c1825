/* SPDX-License-Identifier: Apache-2.0 */
/* Events of what a shell wrote. See take_priv.h. */

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/proc.h>
#include <qt/hist/redact.h>
#include <qt/hist/root.h>

#include "db_priv.h"
#include "take_priv.h"

/* --- Its shell ------------------------------------------------------------ */

int
qt__shell_read(struct qt__shell *s, const void *data, size_t len)
{
	uint64_t	lost = 0;
	size_t		used;
	int		rc;

	if (qt_hist_spool_token(s->token, data, len) < 0)
		return -QT_EFORMAT;
	rc = qt_buf_add(&s->data, (const char *)data + QT_HIST_SPOOL_HEAD,
	    len - QT_HIST_SPOOL_HEAD);
	if (rc < 0)
		return rc;
	if (qt_hist_spool_next(&s->session, s->token, s->data.data,
	    s->data.len, &used, &lost) != 1 || lost > 0 ||
	    s->session.kind != QT_HIST_SPOOL_SESSION)
		return -QT_EFORMAT;
	s->end = QT_HIST_SPOOL_HEAD + used;
	return 0;
}

/* Host, user and boot are ours, as the folder is; more is not known. */
int
qt__shell_guess(struct qt__shell *s, const char *name, bool is_old)
{
	const struct passwd		*pw = getpwuid(geteuid());
	struct qt_hist_spool_record	*r = &s->session;
	char				 text[256 + QT_PROC_BOOT_SIZE + 256];
	char				*boot = text + 256, *user;

	if (strspn(name, "0123456789abcdef") != QT_HIST_TOKEN)
		return -QT_EFORMAT;
	memset(text, 0, sizeof(text));
	(void)gethostname(text, 255);
	if (!is_old)
		qt_proc_boot_id(boot);
	user = boot + QT_PROC_BOOT_SIZE;
	if (pw != NULL)
		snprintf(user, 256, "%s", pw->pw_name);
	qt_buf_reset(&s->data);
	if (qt_buf_add(&s->data, text, sizeof(text)) < 0)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	memcpy(s->token, name, QT_HIST_TOKEN);
	r->host = (struct qt_hist_bytes){ s->data.data, strlen(text) };
	r->boot = (struct qt_hist_bytes){ s->data.data + 256, strlen(boot) };
	r->user = (struct qt_hist_bytes){ s->data.data + (user - text),
		strlen(user) };
	s->end = 0;
	return 0;
}

void
qt__shell_clear(struct qt__shell *s)
{
	qt_buf_clear(&s->data);
}

/* Is it this machine, since this boot? Where not known: as if. */
static bool
is_this_boot(const struct qt_hist_bytes *boot)
{
	char	text[QT_PROC_BOOT_SIZE];

	qt_proc_boot_id(text);
	return text[0] == '\0' || (strlen(text) == boot->len &&
	    memcmp(text, boot->data, boot->len) == 0);
}

/* Dead, and not waited for: it writes no more. */
static bool
is_zombie(uint64_t pid)
{
	int	state = qt_proc_state(pid);

	return state == 'Z' || state == 'X';
}

bool
qt__shell_is_gone(const struct qt__shell *s)
{
	const struct qt_hist_spool_record	*r = &s->session;
	char					 host[256] = "";

	/* Of another machine that has the same home, nothing can be told. */
	if (gethostname(host, sizeof(host) - 1) < 0 ||
	    strlen(host) != r->host.len ||
	    memcmp(host, r->host.data, r->host.len) != 0)
		return false;
	if (!is_this_boot(&r->boot))
		return true;
	if (r->pid_ns == 0 || r->pid_ns != qt_proc_pid_ns() ||
	    r->pid > INT32_MAX)
		return false;
	return (kill((pid_t)r->pid, 0) < 0 && errno == ESRCH) ||
	    is_zombie(r->pid);
}

/* --- The root of a repository --------------------------------------------- */

void
qt__take_clear(struct qt__take *take)
{
	qt_buf_clear(&take->clean);
	qt_buf_clear(&take->cwd);
	qt_buf_clear(&take->root);
}

/* take->root: of the folder asked about last, most often the same. */
static int
find_root(struct qt__take *take, const struct qt_hist_bytes *cwd)
{
	struct qt_buf	*path = &take->root;

	if (take->cwd.len == cwd->len && take->cwd.data != NULL &&
	    memcmp(take->cwd.data, cwd->data, cwd->len) == 0)
		return 0;
	qt_buf_reset(&take->cwd);
	qt_buf_reset(path);
	if (qt_buf_add(&take->cwd, cwd->data, cwd->len) < 0 ||
	    qt_buf_add(path, cwd->data, cwd->len) < 0)
		return -ENOMEM;
	return qt_hist_root(path);
}

/* --- Events --------------------------------------------------------------- */

void
qt__takings_begin(struct qt__takings *t, struct qt__take *take,
    const struct qt__shell *shell)
{
	*t = (struct qt__takings){ .take = take, .shell = shell };
}

void
qt__takings_end(struct qt__takings *t)
{
	for (size_t i = 0; i < t->text_count; i++) {
		qt_buf_clear(t->texts[i]);
		free(t->texts[i]);
	}
	free(t->texts);
	free(t->events);
	free(t->numbers);
}

/* Bytes that stay as long as t. */
static int
hold(struct qt__takings *t, struct qt_hist_bytes *b)
{
	struct qt_buf	**texts, *copy;

	texts = realloc(t->texts, (t->text_count + 1) * sizeof(*texts));
	if (texts == NULL)
		return -ENOMEM;
	t->texts = texts;
	copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	t->texts[t->text_count++] = copy;
	if (qt_buf_add(copy, b->data, b->len) < 0)
		return -ENOMEM;
	b->data = copy->data;
	return 0;
}

static struct qt_hist_event *
new_event(struct qt__takings *t, uint64_t number)
{
	if (t->count == t->room) {
		size_t			 room = t->room * 2 + 64;
		struct qt_hist_event	*events = realloc(t->events,
		    room * sizeof(*events));
		uint64_t		*numbers;

		if (events != NULL)
			t->events = events;
		numbers = realloc(t->numbers, room * sizeof(*numbers));
		if (numbers != NULL)
			t->numbers = numbers;
		if (events == NULL || numbers == NULL)
			return NULL;
		t->room = room;
	}
	t->numbers[t->count] = number;
	return &t->events[t->count++];
}

/* What began, in these or before them. 1; 0: that was lost; or negative. */
static int
find_begun(struct qt__takings *t, const struct qt_hist_spool_record *r,
    struct qt_hist_event *out, struct qt_err *err)
{
	struct qt_hist_bytes	session = { t->shell->token, QT_HIST_TOKEN };
	int			rc;

	for (size_t i = t->count; i-- > 0;)
		if (t->numbers[i] == r->number) {
			*out = t->events[i];
			return 1;
		}
	rc = qt_hist_db_get(t->take->db, r->start_us,
	    qt_hist_db_id(t->take->db, &session, r->number), out, err);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = hold(t, &out->text);
	if (rc == 0)
		rc = hold(t, &out->cwd);
	if (rc == 0)
		rc = hold(t, &out->root);
	return rc < 0 ? rc : 1;
}

static int
place_of(struct qt__takings *t, struct qt_hist_event *e)
{
	struct qt_hist_bytes	root;
	int			rc = find_root(t->take, &e->cwd);

	if (rc < 0)
		return rc;
	root = (struct qt_hist_bytes){ t->take->root.data,
		t->take->root.len };
	e->root = root;
	/* Most often that is part of the folder's name, which stays. */
	if (root.len <= e->cwd.len && root.len > 0 &&
	    memcmp(root.data, e->cwd.data, root.len) == 0) {
		e->root.data = e->cwd.data;
		return 0;
	}
	return root.len == 0 ? 0 : hold(t, &e->root);
}

/* 1: it is to be added, without its secrets; 0: it is not. */
static int
redact(struct qt__takings *t, struct qt_hist_event *e)
{
	const char	*text = e->text.data;
	int		 rc;

	if (qt__is_deletion(&e->text))
		return 0;
	rc = qt_hist_redact_event(t->take->db->redact, e, &t->take->clean);
	if (rc == 0 && e->text.data != text)
		rc = hold(t, &e->text);
	return rc < 0 ? rc : rc == 0;
}

/* Whether a text is known to be that of another command than the last one. */
static bool
is_another(struct qt__takings *t, const struct qt_hist_spool_record *r)
{
	bool	is_same = t->last.data == NULL || (t->last.len == r->text.len &&
	    memcmp(t->last.data, r->text.data, r->text.len) == 0);

	t->last = r->text;
	return !is_same || !r->is_unsure;
}

int
qt__takings_add(struct qt__takings *t, const struct qt_hist_spool_record *r,
    struct qt_err *err)
{
	const struct qt_hist_spool_record	*s = &t->shell->session;
	struct qt_hist_event			 e = { .status = -1,
	    .took_us = UINT64_MAX }, *to;
	int					 rc = 1;

	if (r->kind == QT_HIST_SPOOL_SESSION)
		return 1;
	if (r->has_text && !is_another(t, r))
		return 1;
	if (!r->has_text) {
		rc = find_begun(t, r, &e, err);
	} else {
		e.text = r->text;
		e.cwd = r->cwd;
		rc = place_of(t, &e);
		if (rc == 0)
			rc = 1;
	}
	e.flags &= QT_HIST_REDACTED;
	if (rc == 1)
		rc = redact(t, &e);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	e.session = (struct qt_hist_bytes){ t->shell->token, QT_HIST_TOKEN };
	e.start_us = r->start_us != 0 ? r->start_us : r->end_us;
	e.id = qt_hist_db_id(t->take->db, &e.session, r->number);
	e.host = s->host;
	e.user = s->user;
	e.tty = s->tty;
	e.shell = s->shell;
	e.qt_session = s->qt_session;
	e.flags |= r->kind == QT_HIST_SPOOL_BEGIN ? QT_HIST_RUNNING : 0;
	e.status = r->status;
	if (r->kind == QT_HIST_SPOOL_END && r->start_us != 0 &&
	    r->end_us >= r->start_us)
		e.took_us = r->end_us - r->start_us;
	e.pipe_count = r->pipe_count;
	memcpy(e.pipe, r->pipe, sizeof(e.pipe));
	to = new_event(t, r->number);
	if (to == NULL)
		return -ENOMEM;
	*to = e;
	return 1;
}
