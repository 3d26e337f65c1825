/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of queries: reading their values, and asking an event. The contract is
 * in <qt/hist/query.h>.
 */

#include <errno.h>
#include <string.h>

#include "query_priv.h"

/* --- Values --------------------------------------------------------------- */

static int
put_text(struct qt__parse *p, struct qt_hist_filter *f, const char *text,
    size_t len)
{
	f->text = p->q->used;
	f->len = (uint32_t)len;
	return qt__query_add(p, text, len);
}

/* Appends the names of a path to q->bytes from f->text on: no ".", no "..",
   one '/' before each. */
static int
add_names(struct qt__parse *p, struct qt_hist_filter *f, const char *path,
    size_t len)
{
	struct qt_hist_query	*q = p->q;
	size_t			 at = 0, n;
	int			 rc;

	for (; at < len; at += n + 1) {
		const char	*slash = memchr(path + at, '/', len - at);

		n = slash == NULL ? len - at : (size_t)(slash - path) - at;
		if (n == 0 || (n == 1 && path[at] == '.'))
			continue;
		if (n == 2 && memcmp(path + at, "..", 2) == 0) {
			while (q->used > f->text &&
			    q->bytes[--q->used] != '/')
				continue;
			continue;
		}
		rc = qt__query_add(p, "/", 1);
		if (rc == 0)
			rc = qt__query_add(p, path + at, n);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A folder: absolute, below ~, or relative to where we are. */
static int
read_folder(struct qt__parse *p, struct qt_hist_filter *f, const char *value,
    size_t len, size_t value_at)
{
	const char	*base = "";
	size_t		 skip = 0;
	int		 rc;

	f->text = p->q->used;
	if (value[0] == '~' && (len == 1 || value[1] == '/')) {
		base = p->here->home;
		skip = 1;
	} else if (value[0] != '/') {
		base = p->here->cwd;
	}
	if (base == NULL)
		return qt__query_fail(p, -EINVAL, value_at, len, skip == 1 ?
		    "an absolute folder: there is no home here" :
		    "an absolute folder: there is no working folder here");
	rc = add_names(p, f, base, strlen(base));
	if (rc == 0)
		rc = add_names(p, f, value + skip, len - skip);
	if (rc == 0 && p->q->used == f->text)
		rc = qt__query_add(p, "/", 1);
	f->len = p->q->used - f->text;
	return rc;
}

/* '.' is the one that we are in. */
static int
read_name(struct qt__parse *p, struct qt_hist_filter *f, const char *value,
    size_t len, size_t value_at, const char *ours)
{
	if (len != 1 || value[0] != '.')
		return put_text(p, f, value, len);
	if (ours == NULL || *ours == '\0')
		return qt__query_fail(p, -EINVAL, value_at, len,
		    f->name == QT_HIST_GIT ?
		    "a repository: this folder is in none" :
		    "a name: this shell has none that '.' could be");
	return put_text(p, f, ours, strlen(ours));
}

static enum qt_hist_compare
read_compare(const char *value, size_t len, size_t *used)
{
	bool	has_equal = len > 1 && value[1] == '=';

	*used = 0;
	switch (len > 0 ? value[0] : '\0') {
	case '!':
		*used = 1;
		return QT_HIST_IS_NOT;
	case '=':
		*used = 1;
		return QT_HIST_IS;
	case '<':
		*used = 1 + has_equal;
		return has_equal ? QT_HIST_LESS_IS : QT_HIST_LESS;
	case '>':
		*used = 1 + has_equal;
		return has_equal ? QT_HIST_MORE_IS : QT_HIST_MORE;
	default:
		return QT_HIST_IS;
	}
}

static bool
equals(const char *value, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(value, word, len) == 0;
}

static int
read_exit(struct qt__parse *p, struct qt_hist_filter *f, const char *value,
    size_t len, size_t value_at)
{
	size_t	at, i;

	if (equals(value, len, "running") || equals(value, len, "unknown")) {
		f->compare = value[0] == 'r' ? QT_HIST_IS_RUNNING :
		    QT_HIST_IS_UNKNOWN;
		return 0;
	}
	f->compare = read_compare(value, len, &at);
	for (i = at; i < len && value[i] >= '0' && value[i] <= '9' &&
	    f->number <= 65535; i++)
		f->number = f->number * 10 + (uint64_t)(value[i] - '0');
	if (i == at || i < len || f->number > 65535)
		return qt__query_fail(p, -EINVAL, value_at, len,
		    "a status, as 0, !0, >0 or <=2; running or unknown");
	return 0;
}

static int
read_dur(struct qt__parse *p, struct qt_hist_filter *f, const char *value,
    size_t len, size_t value_at)
{
	size_t	at;

	f->compare = read_compare(value, len, &at);
	if (at == 0)
		f->compare = QT_HIST_MORE_IS;
	else if (f->compare == QT_HIST_IS || f->compare == QT_HIST_IS_NOT)
		at = len;	/* nothing takes exactly that long */
	if (qt__query_span(&f->number, value + at, len - at, false) < 0)
		return qt__query_fail(p, -EINVAL, value_at, len,
		    "a time that it took, as >10s, <1.5m, >=200ms, 2h");
	return 0;
}

int
qt__query_value(struct qt__parse *p, struct qt_hist_filter *f,
    const char *value, size_t len, size_t value_at)
{
	switch (f->name) {
	case QT_HIST_CWD:
	case QT_HIST_DIR:
		return read_folder(p, f, value, len, value_at);
	case QT_HIST_GIT:
		return memchr(value, '/', len) != NULL || equals(value, len,
		    "~") ? read_folder(p, f, value, len, value_at) :
		    read_name(p, f, value, len, value_at, p->here->git);
	case QT_HIST_HOST:
		return read_name(p, f, value, len, value_at, p->here->host);
	case QT_HIST_SESSION:
		return read_name(p, f, value, len, value_at,
		    p->here->session);
	case QT_HIST_EXIT:
		return read_exit(p, f, value, len, value_at);
	case QT_HIST_DUR:
		return read_dur(p, f, value, len, value_at);
	case QT_HIST_BEFORE:
	case QT_HIST_AFTER:
		f->compare = f->name == QT_HIST_BEFORE ? QT_HIST_LESS :
		    QT_HIST_MORE_IS;
		if (qt__query_time(&f->number, value, len, p->here) < 0)
			return qt__query_fail(p, -EINVAL, value_at, len,
			    "a time, as 2h, 10:30, today, yesterday, friday,"
			    " 2026-11-01, 2026-11-01T10:30");
		return 0;
	default:
		return put_text(p, f, value, len);
	}
}

/* --- Asking --------------------------------------------------------------- */

static unsigned char
fold(char c)
{
	unsigned char	u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? u | 0x20 : u;
}

/* host:web is web, and web.example.org. */
static bool
is_host(const char *want, size_t want_len, const char *value, size_t len)
{
	if (len < want_len || (len > want_len && value[want_len] != '.'))
		return false;
	for (size_t i = 0; i < want_len; i++)
		if (fold(want[i]) != fold(value[i]))
			return false;
	return true;
}

/*
 * Whether what a filter names has this value; is_negated is left to the caller.
 * cwd: the folder; dir: it, or above it; git: the root, or its last name where
 * the filter has no '/'; host: all of it, or up to a dot, without case; session:
 * the beginning of its name; shell, tag: equal.
 */
static bool
has(const struct qt_hist_query *q, const struct qt_hist_filter *f,
    const char *value, size_t len)
{
	const char	*want = q->bytes + f->text;
	const char	*slash;

	switch (f->name) {
	case QT_HIST_HOST:
		return is_host(want, f->len, value, len);
	case QT_HIST_SESSION:
		return len >= f->len && memcmp(value, want, f->len) == 0;
	case QT_HIST_DIR:
		return len >= f->len && memcmp(value, want, f->len) == 0 &&
		    (len == f->len || f->len == 1 || value[f->len] == '/');
	case QT_HIST_GIT:
		slash = len == 0 || want[0] == '/' ? NULL :
		    memrchr(value, '/', len);
		if (slash != NULL) {
			len -= (size_t)(slash + 1 - value);
			value = slash + 1;
		}
		break;
	default:
		break;
	}
	return len == f->len && (len == 0 || memcmp(value, want, len) == 0);
}

static bool
compares(enum qt_hist_compare how, uint64_t value, uint64_t number)
{
	switch (how) {
	case QT_HIST_IS:	return value == number;
	case QT_HIST_IS_NOT:	return value != number;
	case QT_HIST_LESS:	return value < number;
	case QT_HIST_LESS_IS:	return value <= number;
	case QT_HIST_MORE:	return value > number;
	case QT_HIST_MORE_IS:	return value >= number;
	default:		return false;
	}
}

/* exit, dur, before and after: 1, 0, or -1 where it is not known, or f is another
   one: then neither f nor !f passes. */
static int
ask_number(const struct qt_hist_filter *f, const struct qt_hist_event *e)
{
	bool	is_running = (e->flags & QT_HIST_RUNNING) != 0;

	switch (f->name) {
	case QT_HIST_EXIT:
		if (f->compare == QT_HIST_IS_RUNNING)
			return is_running;
		if (f->compare == QT_HIST_IS_UNKNOWN)
			return !is_running && e->status < 0;
		return is_running || e->status < 0 ? -1 :
		    compares(f->compare, (uint64_t)e->status, f->number);
	case QT_HIST_DUR:
		return is_running || e->took_us == UINT64_MAX ? -1 :
		    compares(f->compare, e->took_us, f->number);
	case QT_HIST_BEFORE:
	case QT_HIST_AFTER:
		return e->start_us == 0 ? -1 :
		    compares(f->compare, e->start_us, f->number);
	default:
		return -1;
	}
}

/* 1, 0, or -1: the event does not know. */
static int
ask(const struct qt_hist_query *q, const struct qt_hist_filter *f,
    const struct qt_hist_event *e, const struct qt_hist_bytes *tags,
    size_t tag_count)
{
	const struct qt_hist_bytes	*value;
	bool				 is_name;

	switch (f->name) {
	case QT_HIST_CWD:
	case QT_HIST_DIR:	value = &e->cwd; break;
	case QT_HIST_GIT:	value = &e->root; break;
	case QT_HIST_HOST:	value = &e->host; break;
	case QT_HIST_SHELL:	value = &e->shell; break;
	case QT_HIST_SESSION:
		is_name = e->qt_session.len == f->len && memcmp(
		    e->qt_session.data, q->bytes + f->text, f->len) == 0;
		return is_name || has(q, f, e->session.data, e->session.len);
	case QT_HIST_TAG:
		for (size_t i = 0; i < tag_count; i++)
			if (has(q, f, tags[i].data, tags[i].len))
				return 1;
		return 0;
	default:
		return ask_number(f, e);
	}
	return has(q, f, value->data, value->len);
}

static bool
is_bound(const struct qt_hist_filter *f)
{
	return (f->name == QT_HIST_EXIT || f->name == QT_HIST_DUR) &&
	    f->compare >= QT_HIST_LESS && f->compare <= QT_HIST_MORE_IS;
}

bool
qt_hist_query_passes(const struct qt_hist_query *q,
    const struct qt_hist_event *e, const struct qt_hist_bytes *tags,
    size_t tag_count)
{
	bool	wants[QT_HIST_FILTER_NAMES] = { false };
	bool	has[QT_HIST_FILTER_NAMES] = { false };
	bool	bounds[QT_HIST_FILTER_NAMES] = { false };
	bool	beyond[QT_HIST_FILTER_NAMES] = { false };

	for (uint32_t i = 0; i < q->filter_count; i++) {
		const struct qt_hist_filter	*f = &q->filters[i];
		int				 is = ask(q, f, e, tags,
		    tag_count);

		if (f->is_negated) {
			if (is != 0)
				return false;
			continue;
		}
		wants[f->name] = true;
		if (is_bound(f)) {
			bounds[f->name] = true;
			beyond[f->name] |= is != 1;
		} else {
			has[f->name] |= is == 1;
		}
	}
	for (size_t i = 0; i < QT_HIST_FILTER_NAMES; i++)
		if (wants[i] && !has[i] && !(bounds[i] && !beyond[i]))
			return false;
	return true;
}
