/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist delete - commands are forgotten, in every copy */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/hist/match.h>
#include <qt/hist/tag.h>

#include "forget.h"
#include "query.h"
#include "verbs.h"

enum { ID = 256, EXACT, SESSION, ALL, HISTORY_FILE };

static const struct qt_opt options[] = {
	{ EXACT, "exact", "CMD", "not a query, but exactly this command; -: "
	    "what standard input says" },
	{ ID, "id", "ID", "the event with this id, as list -J has it" },
	{ SESSION, "session", "SESSION", "all of a shell's session, as list -J "
	    "has it" },
	{ ALL, "all", NULL, "everything" },
	{ HISTORY_FILE, "history-file", "FILE", "out of this file of a shell, "
	    "too: ~/.bash_history" },
	{ 'n', "dry-run", NULL, "only show what would go" },
	{ 'f', "force", NULL, "do not ask" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb delete_verb = {
	"delete", delete_main, "[QUERY...]",
	"forget commands: no file, no memory has them any more", options,
};

/* What is asked for; an event goes when one of them is said of it. */
struct deletion {
	struct wanted {
		int			 by;
		uint64_t		 start_us, id;
		struct qt_hist_bytes	 text;
	}		*wanted;
	size_t		 count;
	struct query_events	query;		/* or what this one says */
	struct qt_hist_db	*db;
	const char	*path;
	struct histfile	 file;
};

static bool
is_same(const struct qt_hist_bytes *a, const struct qt_hist_bytes *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
is_wanted(const struct wanted *w, const struct qt_hist_event *e)
{
	switch (w->by) {
	case ID:
		return w->start_us == e->start_us && w->id == e->id;
	case EXACT:
		return is_same(&w->text, &e->text);
	case SESSION:
		return is_same(&w->text, &e->session);
	default:
		return true;
	}
}

static int
judge(void *arg, struct qt_hist_event *e)
{
	struct deletion	*d = arg;

	if (d->query.query != NULL) {
		int	has = query_events_has(&d->query, d->db, e);

		return has < 0 ? has : has ? QT_HIST_GOES : QT_HIST_STAYS;
	}
	for (size_t i = 0; i < d->count; i++)
		if (is_wanted(&d->wanted[i], e))
			return QT_HIST_GOES;
	return QT_HIST_STAYS;
}

static void
add_to_file(struct deletion *d, const struct qt_hist_bytes *text)
{
	if (d->path != NULL && histfile_add(&d->file, text) < 0)
		qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
}

static void
tell(void *arg, const struct qt_hist_event *e)
{
	add_to_file(arg, &e->text);
}

static void
read_id(struct wanted *w, const char *text)
{
	if (qt_hist_name_parse(&w->start_us, &w->id, text) < 0)
		qt_die(QT_EXIT_USAGE, "--id '%s': no id of 32 hex digits",
		    text);
}

/* All of it, without a last newline. */
static struct qt_hist_bytes
read_stdin(void)
{
	struct qt_buf	b = QT_BUF_INIT;
	ssize_t		n;
	size_t		len;

	do {
		if (b.len > QT_HIST_TEXT_MAX)
			qt_die(QT_EXIT_SYS, "--exact -: no command is longer "
			    "than 1 MiB");
		if (qt_buf_reserve(&b, 4096) < 0)
			qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
		n = qt_sys_read(STDIN_FILENO, b.data + b.len, 4096);
		if (n < 0)
			qt_die(QT_EXIT_SYS, "read standard input: %s",
			    qt_strerror((int)n));
		b.len += (size_t)n;
	} while (n > 0);
	len = b.len - (b.len > 0 && b.data[b.len - 1] == '\n');
	return (struct qt_hist_bytes){ qt_buf_detach(&b), len };
}

static void
want(struct deletion *d, int by, const char *value)
{
	struct wanted	*w = realloc(d->wanted, (d->count + 1) * sizeof(*w));

	if (w == NULL)
		qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
	d->wanted = w;
	w += d->count++;
	*w = (struct wanted){ .by = by };
	if (by == ID)
		read_id(w, value);
	else if (by == EXACT && strcmp(value, "-") == 0)
		w->text = read_stdin();
	else if (by != ALL)
		w->text = (struct qt_hist_bytes){ value, strlen(value) };
}

/* Also what the history never had is taken out of a shell's file. */
static int
forget_in_file(struct deletion *d)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	n;
	int		rc;

	for (size_t i = 0; i < d->count; i++)
		if (d->wanted[i].by == EXACT)
			add_to_file(d, &d->wanted[i].text);
	d->file.redact = history_redact();
	rc = histfile_forget(&d->file, d->path, &n, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}

int
delete_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&delete_verb, argc, argv);
	struct deletion		 d = { .file = { .heap = QT_BUF_INIT } };
	struct forget		 f = { .what = "forget", .judge = judge,
	    .arg = &d, .tell = tell };
	int			 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'n')
			f.is_dry = true;
		else if (id == 'f')
			f.is_forced = true;
		else if (id == HISTORY_FILE)
			d.path = o.value;
		else
			want(&d, id, o.value);
	}
	if ((o.index < argc) == (d.count > 0))
		qt_die(QT_EXIT_USAGE, "delete what? a query, or one of --exact,"
		    " --id, --session, --all");
	if (o.index < argc) {
		query_events_read(&d.query, argv + o.index, argc - o.index);
		if (query_events_is_all(&d.query))
			qt_die(QT_EXIT_USAGE, "an empty query is everything: "
			    "--all");
	}
	d.db = history_open();
	rc = forget(d.db, &f);
	history_close(d.db);
	if (d.path != NULL && !f.is_dry && (rc == QT_EXIT_OK || f.is_forced) &&
	    forget_in_file(&d) == QT_EXIT_OK)
		rc = QT_EXIT_OK;
	histfile_clear(&d.file);
	query_events_clear(&d.query);
	free(d.wanted);
	return rc;
}
