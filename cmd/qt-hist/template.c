/* SPDX-License-Identifier: Apache-2.0 */
/* How a command is printed. See template.h. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <qt/base/text.h>

#include "template.h"
#include "when.h"

#define FIELDS(X)	X(id) X(command) X(raw) X(start) X(time) X(ago) X(exit)	\
	X(duration) X(pipe) X(cwd) X(git) X(host) X(user) X(tty) X(shell)	\
	X(session) X(qt_session) X(runs)

enum field {
#define X(name) FIELD_##name,
	FIELDS(X)
#undef X
	FIELD_COUNT
};

#define X(name) " " #name
const char template_names[] = FIELDS(X);
#undef X

static const char *const names[] = {
#define X(name) #name,
	FIELDS(X)
#undef X
};

/* Behind a '{': its field, and where it goes on; or FIELD_COUNT. */
static enum field
field_at(const char **text)
{
	const char	*end = strchr(*text, '}');
	size_t		 len = end == NULL ? 0 : (size_t)(end - *text);

	for (int i = 0; i < FIELD_COUNT && end != NULL; i++)
		if (strlen(names[i]) == len &&
		    memcmp(names[i], *text, len) == 0) {
			*text = end + 1;
			return (enum field)i;
		}
	return FIELD_COUNT;
}

/* The byte that a letter behind a backslash stands for; -1: none. */
static int
byte_of(char c)
{
	switch (c) {
	case 't':	return '\t';
	case 'n':	return '\n';
	case '0':	return '\0';
	case '\\':
	case '{':	return c;
	default:	return -1;
	}
}

const char *
template_check(const char *text)
{
	for (const char *p = text; *p != '\0';) {
		const char	*begin = p;

		if (*p++ == '{') {
			if (field_at(&p) == FIELD_COUNT)
				return begin;
		} else if (*begin == '\\' && byte_of(*p++) < 0) {
			return begin;
		}
	}
	return NULL;
}

/* --- Fields --------------------------------------------------------------- */

static int
add_bytes(struct qt_buf *out, const struct qt_hist_bytes *b)
{
	if (b->len == 0)
		return qt_buf_add(out, "-", 1);
	qt_text_escape(out, b->data, b->len);
	return 0;
}

static int
add_time(struct qt_buf *out, uint64_t start_us)
{
	char	text[WHEN_CLOCK];

	when_clock(text, start_us);
	return qt_buf_addf(out, "%s", text);
}

static int
add_exit(struct qt_buf *out, const struct qt_hist_event *e)
{
	if (e->flags & QT_HIST_RUNNING)
		return qt_buf_addf(out, "runs");
	if (e->status < 0)
		return qt_buf_addf(out, "-");
	return qt_buf_addf(out, "%" PRId32, e->status);
}

static int
add_pipe(struct qt_buf *out, const struct qt_hist_event *e)
{
	int	rc = e->pipe_count == 0 ? qt_buf_addf(out, "-") : 0;

	for (uint32_t i = 0; i < e->pipe_count && rc == 0; i++)
		rc = qt_buf_addf(out, i == 0 ? "%" PRId32 : "|%" PRId32,
		    e->pipe[i]);
	return rc;
}

static int
add_field(struct qt_buf *out, enum field field, const struct qt_hist_event *e,
    uint64_t now_us, uint32_t runs, bool full_id)
{
	char	id[QT_HIST_NAME + 1];

	switch (field) {
	case FIELD_id:
		qt_hist_name(id, e->start_us, e->id);
		return qt_buf_addf(out, "%s", full_id ? id : "-");
	case FIELD_command:	return add_bytes(out, &e->text);
	case FIELD_raw:
		return qt_buf_add(out, e->text.data, e->text.len);
	case FIELD_start:
		return e->start_us == 0 ? qt_buf_addf(out, "-") :
		    qt_buf_addf(out, "%" PRIu64 ".%06" PRIu64,
		    e->start_us / 1000000, e->start_us % 1000000);
	case FIELD_time:	return add_time(out, e->start_us);
	case FIELD_ago:
		if (e->start_us == 0)
			return qt_buf_addf(out, "-");
		qt_text_ago(out, now_us / 1000, e->start_us / 1000);
		return 0;
	case FIELD_exit:	return add_exit(out, e);
	case FIELD_duration:
		return e->took_us == UINT64_MAX ? qt_buf_addf(out, "-") :
		    qt_buf_addf(out, "%" PRIu64 ".%06" PRIu64,
		    e->took_us / 1000000, e->took_us % 1000000);
	case FIELD_pipe:	return add_pipe(out, e);
	case FIELD_cwd:		return add_bytes(out, &e->cwd);
	case FIELD_git:		return add_bytes(out, &e->root);
	case FIELD_host:	return add_bytes(out, &e->host);
	case FIELD_user:	return add_bytes(out, &e->user);
	case FIELD_tty:		return add_bytes(out, &e->tty);
	case FIELD_shell:	return add_bytes(out, &e->shell);
	case FIELD_session:	return add_bytes(out, &e->session);
	case FIELD_qt_session:	return add_bytes(out, &e->qt_session);
	case FIELD_runs:
		return runs == 0 ? qt_buf_addf(out, "-") :
		    qt_buf_addf(out, "%" PRIu32, runs);
	default:		return -EINVAL;
	}
}

int
template_add(struct qt_buf *out, const char *text,
    const struct qt_hist_event *e, uint64_t now_us, uint32_t runs,
    bool full_id)
{
	int	rc = 0;

	for (const char *p = text; *p != '\0' && rc == 0;) {
		char	c = *p++;

		if (c == '{') {
			rc = add_field(out, field_at(&p), e, now_us, runs,
			    full_id);
			continue;
		}
		if (c == '\\')
			c = (char)byte_of(*p++);
		rc = qt_buf_add(out, &c, 1);
	}
	return rc;
}
