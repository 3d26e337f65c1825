/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist tag - names for commands that were run */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/json.h>
#include <qt/base/text.h>
#include <qt/hist/tag.h>

#include "history.h"
#include "print.h"
#include "query.h"
#include "verbs.h"

enum { LAST = 256 };

static const struct qt_opt options[] = {
	{ 'a', "add", "TAG", "give commands this tag" },
	{ 'r', "remove", "TAG", "take it from them" },
	{ LAST, "last", NULL, "the last command of this session that ended" },
	PRINT_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb tag_verb = {
	"tag", tag_main, "[TAG | ID... | QUERY...]",
	"list tags, or what has one; give commands a tag, or take it from them",
	options,
};

struct tagging {
	struct qt_hist_db	*db;
	const char		*name;
	struct query_events	 query;		/* what is to change */
	struct print		 print;
	bool			 is_removal, is_last;
	unsigned long		 shown;
	struct qt_hist_tag_at	*at;
	size_t			 count;
};

static void
fail(int rc, const struct qt_err *err)
{
	qt_die(history_code(rc), "%s: %s", err->text, qt_strerror(rc));
}

/* --- Lists ---------------------------------------------------------------- */

struct tally {
	struct tally_tag {
		char		name[QT_HIST_TAG_MAX + 1];
		uint64_t	events;
	}		*tags;		/* sorted */
	size_t		 count, room;
};

static int
tally_one(struct tally *t, const struct qt_hist_bytes *tag)
{
	char	name[QT_HIST_TAG_MAX + 1];
	size_t	low = 0, high = t->count;

	snprintf(name, sizeof(name), "%.*s", (int)tag->len, tag->data);
	while (low < high) {
		size_t	mid = (low + high) / 2;
		int	order = strcmp(t->tags[mid].name, name);

		if (order == 0) {
			t->tags[mid].events++;
			return 0;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (t->count == t->room) {
		size_t	room = t->room * 2 + 64;
		void	*more = realloc(t->tags, room * sizeof(*t->tags));

		if (more == NULL)
			return -ENOMEM;
		t->tags = more;
		t->room = room;
	}
	memmove(t->tags + low + 1, t->tags + low,
	    (t->count++ - low) * sizeof(*t->tags));
	memcpy(t->tags[low].name, name, sizeof(name));
	t->tags[low].events = 1;
	return 0;
}

static int
tally(void *arg, uint64_t start_us, uint64_t id,
    const struct qt_hist_bytes *tags, size_t count)
{
	int	rc = 0;

	(void)start_us;
	(void)id;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = tally_one(arg, &tags[i]);
	return rc;
}

static void
print_tag(const struct tally_tag *t, enum print_how how)
{
	struct qt_buf	out = QT_BUF_INIT;
	struct qt_json	json = QT_JSON_INIT(&out);

	if (how == PRINT_JSON) {
		qt_json_object(&json, NULL);
		qt_json_str(&json, "tag", t->name);
		qt_json_uint(&json, "commands", t->events);
		qt_json_end(&json);
		(void)qt_buf_add(&out, "\n", 1);
	} else if (how == PRINT_NULL) {
		(void)qt_buf_add(&out, t->name, strlen(t->name) + 1);
	} else if (how == PRINT_LINES && isatty(STDOUT_FILENO)) {
		(void)qt_buf_addf(&out, "%7" PRIu64 "  %s\n", t->events,
		    t->name);
	} else {
		(void)qt_buf_addf(&out, "%s\t%" PRIu64 "\n", t->name,
		    t->events);
	}
	qt_prog_write(out.data, out.len);
	qt_buf_clear(&out);
}

static unsigned long
list_tags(struct tagging *g)
{
	struct tally	t = { NULL, 0, 0 };
	struct qt_err	err = QT_ERR_INIT;
	unsigned long	n;
	int		rc = qt_hist_tags_each(g->db, tally, &t, &err);

	if (rc < 0)
		fail(rc, &err);
	for (size_t i = 0; i < t.count; i++)
		print_tag(&t.tags[i], g->print.how);
	n = t.count;
	free(t.tags);
	return n;
}

/* What has it. An event that is erased at this moment is passed over. */
static int
show_tagged(void *arg, uint64_t start_us, uint64_t id,
    const struct qt_hist_bytes *tags, size_t count)
{
	struct tagging		*g = arg;
	struct qt_hist_event	 e = { 0 };
	struct qt_err		 err = QT_ERR_INIT;
	size_t			 len = strlen(g->name);
	int			 rc;

	for (size_t i = 0; i < count; i++) {
		if (tags[i].len != len ||
		    memcmp(tags[i].data, g->name, len) != 0)
			continue;
		rc = qt_hist_db_get(g->db, start_us, id, &e, &err);
		if (rc == -ENOENT)
			return 0;
		if (rc < 0)
			fail(rc, &err);
		print_out(&g->print, &e, 0, true);
		g->shown++;
		return 0;
	}
	return 0;
}

static unsigned long
list_tagged(struct tagging *g)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_hist_tags_each(g->db, show_tagged, g, &err);

	if (rc < 0)
		fail(rc, &err);
	return g->shown;
}

/* --- Changes -------------------------------------------------------------- */

static void
choose(struct tagging *g, uint64_t start_us, uint64_t id)
{
	struct qt_hist_tag_at	*at;

	if ((g->count & (g->count - 1)) == 0) {
		at = reallocarray(g->at, g->count * 2 + 1, sizeof(*at));
		if (at == NULL)
			qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
		g->at = at;
	}
	g->at[g->count++] = (struct qt_hist_tag_at){ start_us, id };
}

static bool
is_id(const char *text)
{
	uint64_t	start_us, id;

	return qt_hist_name_parse(&start_us, &id, text) == 0;
}

static void
choose_id(struct tagging *g, const char *text)
{
	uint64_t	start_us = 0, id = 0;

	(void)qt_hist_name_parse(&start_us, &id, text);
	choose(g, start_us, id);
}

/* All that match, each time that they were run. */
static void
choose_query(struct tagging *g)
{
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc, has = 0;

	rc = qt_hist_scan_open(g->db, 0, UINT64_MAX, false, &scan, &err);
	if (rc < 0)
		fail(rc, &err);
	while (has >= 0 && (rc = qt_hist_scan_next(scan, &e, &err)) == 1) {
		has = query_events_has(&g->query, g->db, &e);
		if (has == 1)
			choose(g, e.start_us, e.id);
	}
	if (rc < 0 || has < 0)
		fail(rc < 0 ? rc : has, &err);
	qt_hist_scan_close(scan);
}

/* Of this shell; where there is none, of all. */
static void
choose_last(struct tagging *g)
{
	const char		*session = getenv("QT_HIST_SESSION");
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	session = session == NULL ? NULL : strchr(session, '-');
	rc = qt_hist_scan_open(g->db, 0, UINT64_MAX, true, &scan, &err);
	if (rc < 0)
		fail(rc, &err);
	while ((rc = qt_hist_scan_next(scan, &e, &err)) == 1) {
		/* This one runs, where the shell has said so already. */
		if (e.flags & QT_HIST_RUNNING)
			continue;
		if (session == NULL || (strlen(session + 1) ==
		    e.session.len && memcmp(session + 1, e.session.data,
		    e.session.len) == 0))
			break;
	}
	if (rc < 0)
		fail(rc, &err);
	if (rc == 1)
		choose(g, e.start_us, e.id);
	qt_hist_scan_close(scan);
}

static size_t
change(struct tagging *g)
{
	struct qt_err	err = QT_ERR_INIT;
	size_t		changed;
	int		rc = (g->is_removal ? qt_hist_tag_remove_all :
	    qt_hist_tag_add_all)(g->db, g->at, g->count, g->name,
	    strlen(g->name), &changed, &err);

	if (rc < 0)
		fail(rc, &err);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%zu commands %s\n", changed, g->is_removal ?
		    "lost the tag" : "tagged");
	return changed;
}

static void
check_name(const char *name)
{
	int	rc = qt_hist_tag_check(name, strlen(name));

	if (rc == -ENAMETOOLONG)
		qt_die(QT_EXIT_USAGE, "tag '%s': longer than %u bytes", name,
		    QT_HIST_TAG_MAX);
	if (rc < 0)
		qt_die(QT_EXIT_USAGE, "tag '%s': letters, digits and "
		    "- _ . / + @ : make a tag", name);
}

static bool
is_done(struct tagging *g, char **operands)
{
	if (g->is_last)
		choose_last(g);
	else if (g->query.query != NULL)
		choose_query(g);
	else
		for (; *operands != NULL; operands++)
			choose_id(g, *operands);
	return change(g) > 0;
}

/* Ids, all of them; or the words of a query, wrong ones before all else. */
static void
read_operands(struct tagging *g, char **operands, int count)
{
	bool	is_ids = true;

	for (int i = 0; i < count; i++)
		is_ids &= is_id(operands[i]);
	if (is_ids)
		return;
	query_events_read(&g->query, operands, count);
	if (query_events_is_all(&g->query))
		qt_die(QT_EXIT_USAGE, "an empty query is every command");
}

int
tag_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&tag_verb, argc, argv);
	struct tagging	g = { .name = NULL };
	bool		is_change = false, is_any;
	int		id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == LAST)
			g.is_last = true;
		else if (print_option(&g.print, id, o.value))
			continue;
		else if (is_change)
			qt_die(QT_EXIT_USAGE, "one -a or -r at a time");
		else
			is_change = true, g.is_removal = id == 'r',
			g.name = o.value;
	}
	argv += o.index;
	argc -= o.index;
	if (is_change ? g.is_last == (argc > 0) : g.is_last || argc > 1)
		qt_usage(&tag_verb);
	if (!is_change)
		g.name = argv[0];
	if (g.name != NULL)
		check_name(g.name);
	if (is_change)
		read_operands(&g, argv, argc);
	g.db = g.print.db = history_open();
	is_any = is_change ? is_done(&g, argv) :
	    (g.name == NULL ? list_tags(&g) : list_tagged(&g)) > 0;
	history_close(g.db);
	query_events_clear(&g.query);
	free(g.at);
	return is_any ? QT_EXIT_OK : QT_EXIT_NO;
}
