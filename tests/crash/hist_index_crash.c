/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL wherever a history's index is made, brought up to date, made anew or
 * removed: who reads goes on, what says that it is complete is, and the next
 * writer leaves one that answers as one that is made of the history from scratch.
 */

#include <qt/hist/find.h>

#include "../../libcommon/hist/index_priv.h"
#include "../unit/hist/index_compare.h"
#include "../unit/step.h"

#define LINES	4096u

struct killed {
	struct world		 w;
	struct qt_hist_index	*old;	/* a reader's, from before; or NULL */
	bool			 may_lack;	/* there may be none */
};

/* Of one index, in an order that says nothing. */
struct answers {
	char		line[LINES][128];
	uint32_t	count;
};

static struct answers	now, next, scratch;

/* --- What an index answers ------------------------------------------------ */

__attribute__((format(printf, 2, 3)))
static void
note(struct answers *a, const char *format, ...)
{
	va_list	ap;

	step_must(a->count < LINES, "room for answers");
	va_start(ap, format);
	vsnprintf(a->line[a->count++], sizeof(a->line[0]), format, ap);
	va_end(ap);
}

/* Of the same score any may come first. */
static void
ask_completion(struct answers *a, const struct qt_hist_index *ix)
{
	static struct qt_hist_completion	out[QT_HIST_COMPLETE_MAX];
	static const char *const		prefixes[] = { "", "g", "a n",
	    "find . -name 1", "wor", "zzz" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes) * 2; i++) {
		const char	*prefix = prefixes[i / 2];
		uint32_t	 n = qt_hist_index_complete(ix, i % 2 == 0 ?
		    QT_HIST_COMMANDS : QT_HIST_WORDS, prefix, strlen(prefix),
		    out, QT_HIST_COMPLETE_MAX);

		for (uint32_t k = 0; k < n; k++)
			note(a, "complete %zu: %.*s %u", i,
			    (int)out[k].text.len, out[k].text.data,
			    out[k].score);
	}
}

static void
ask_commands(struct answers *a, const struct qt_hist_index *ix)
{
	struct qt_hist_index_next	 n[QT_HIST_NEXT];
	struct qt_hist_index_view	 v;

	qt_hist_index_view(ix, &v);
	for (uint32_t i = 0; i < v.commands; i++) {
		struct qt_hist_bytes	text = qt_hist_index_text(&v, i);
		uint32_t		count = qt_hist_index_next(ix, i, n);

		note(a, "find %.*s: %d", (int)text.len, text.data,
		    qt_hist_index_find(ix, text.data, text.len) == i);
		for (uint32_t k = 0; k < count; k++) {
			struct qt_hist_bytes	b = qt_hist_index_text(&v,
			    n[k].command);

			note(a, "after %.*s: %.*s %u", (int)text.len,
			    text.data, (int)b.len, b.data, n[k].count);
		}
	}
}

static void
ask_events(struct answers *a, const struct qt_hist_index *ix)
{
	struct qt_hist_index_event	e;

	for (uint32_t n = qt_hist_index_first(ix); n <=
	    qt_hist_index_last(ix) && qt_hist_index_event(ix, n, &e); n++)
		note(a, "event %u: %u, %d, before %u %u %u %u", n, e.id,
		    e.status, e.of_command, e.of_place, e.of_session,
		    e.of_host);
}

static void
ask_search(struct answers *a, struct qt_hist_index *ix)
{
	static const char *const	queries[] = { "", "g", "git 1", "new",
	    "cwd:/3 !m", "session:s1 exit:0", "wd" };
	const struct qt_hist_here	here = { .cwd = "/3", .session = "s1" };
	struct qt_hist_found		found[24];
	struct qt_hist_finding		q = { .found = found, .max = 24 };
	struct qt_hist_find		*f;
	struct qt_hist_event		e;

	step_must(qt_hist_find_new(&f, ix, NULL, &here, NULL) == 0, "finder");
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		q.query = queries[i];
		q.len = strlen(q.query);
		step_must(qt_hist_find(f, &q, NULL) == 0, q.query);
		note(a, "search %zu: %u of %u", i, q.count,
		    (unsigned int)q.matched);
		for (uint32_t k = 0; k < q.count; k++) {
			bool	is = qt_hist_find_event(f, found[k].event, &e);

			note(a, "search %zu, %u: %u %.*s %d %u %u", i, k,
			    found[k].event, is ? (int)e.text.len : 0,
			    is ? e.text.data : "", e.status, found[k].match,
			    found[k].prior);
		}
	}
	qt_hist_find_free(f);
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
ask_all(struct answers *a, struct qt_hist_index *ix)
{
	a->count = 0;
	ask_completion(a, ix);
	ask_commands(a, ix);
	ask_events(a, ix);
	ask_search(a, ix);
	qsort(a->line, a->count, sizeof(a->line[0]), by_bytes);
}

static bool
is_same(const struct answers *a, const struct answers *b)
{
	uint32_t	i = 0;

	while (i < a->count && i < b->count &&
	    strcmp(a->line[i], b->line[i]) == 0)
		i++;
	if (i == a->count && i == b->count)
		return true;
	printf("# it is\n# %s\n# from scratch\n# %s\n", i < a->count ?
	    a->line[i] : "nothing", i < b->count ? b->line[i] : "nothing");
	return false;
}

/* --- Worlds --------------------------------------------------------------- */

static struct killed *
begin(uint32_t commands)
{
	struct killed	*k = calloc(1, sizeof(*k));

	step_must(k != NULL, "calloc");
	world_begin(&k->w, 64, commands);
	world_add_random(&k->w, 40);
	world_add_random(&k->w, 20);
	return k;
}

static struct killed *
begin_indexed(uint32_t commands)
{
	struct killed	*k = begin(commands);

	world_add_running(&k->w, 61, "runs on", "s1", "/3");
	world_update(&k->w);
	step_must(qt_hist_index_open(&k->old, k->w.path, NULL) == 0, "open");
	return k;
}

static void *
world_none(int *fd)
{
	struct killed	*k = begin(1024);

	(void)fd;
	k->may_lack = true;
	return k;
}

/* One ends, two commands are new, two are not; the ring is full with them. */
static void *
world_behind(int *fd)
{
	struct killed	*k = begin_indexed(1024);
	struct world	*w = &k->w;
	char		 same[48];

	(void)fd;
	snprintf(same, sizeof(same), "%s", w->e[10].text);
	world_add(w, 61, "runs on", "s1", "/3", 0);
	world_add(w, 62, "a new command", "s9", "/new", 0);
	world_add(w, 63, "a newer command", "s9", "/a", 1);
	world_add(w, 64, same, "s1", "/1", 0);
	world_add(w, 65, "a", "s1", "/1", 0);
	world_add(w, 66, "a new word", "s1", "/1", 0);
	step_watch(w->ix->head, qt_seg_size(w->ix->seg) -
	    qt_seg_offset(w->ix->seg, w->ix->head));
	return k;
}

/* One that is too small for what is to come. */
static void *
world_full(int *fd)
{
	struct killed	*k = begin_indexed(64);
	struct world	*w = &k->w;
	char		 text[32];

	(void)fd;
	for (uint32_t n = 62; n < 200; n++) {
		snprintf(text, sizeof(text), "command %u", n);
		world_note(w, n, text, "s1", "/a", 0);
	}
	for (uint32_t n = 62; n < 200; n += 20) {
		struct qt_hist_event	e[20];
		uint32_t		count = 0;

		for (; count < 20 && n + count < 200; count++)
			world_event(&e[count], &w->e[n + count - 1]);
		step_must(qt_hist_db_add(w->db, e, count, NULL, 0, NULL) == 0,
		    "add");
	}
	step_watch(w->ix->head, sizeof(*w->ix->head));
	return k;
}

static void *
world_removed(int *fd)
{
	struct killed	*k = world_behind(fd);

	k->may_lack = true;
	return k;
}

static void
op_update(void *state)
{
	struct world	*w = &((struct killed *)state)->w;

	if (qt_hist_index_update(&w->ix, w->db, w->path, &w->options, NULL) <
	    0)
		_exit(1);
}

static void
op_remove(void *state)
{
	if (qt_hist_index_remove(((struct killed *)state)->w.path) < 0)
		_exit(1);
}

static void
clean(void *state)
{
	struct killed	*k = state;

	qt_hist_index_close(k->old);
	world_end(&k->w);
	free(k);
}

/* --- Afterwards ----------------------------------------------------------- */

static bool
is_whole(const struct qt_hist_index *ix, uint32_t n, uint64_t *before)
{
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;
	struct qt_hist_event		f;
	bool				is_later;

	qt_hist_index_view(ix, &v);
	if (!qt_hist_index_event(ix, n, &e))
		return false;
	is_later = e.start_us > *before;
	*before = e.start_us;
	return is_later && e.start_us == WORLD_START + e.id *
	    UINT64_C(3600000000) && e.command < v.commands &&
	    qt_hist_index_fact(ix, QT_HIST_FACT_CONTEXT, e.context, &f, NULL) &&
	    qt_hist_index_fact(ix, QT_HIST_FACT_PLACE, e.place, &f, NULL);
}

static bool
are_commands_whole(const struct qt_hist_index *ix)
{
	struct qt_hist_index_view	v;
	uint32_t			i = 0;

	for (qt_hist_index_view(ix, &v); i < v.commands; i++) {
		struct qt_hist_bytes	text = qt_hist_index_text(&v, i);

		if (text.len == 0 || v.signature[i] !=
		    qt_hist_match_signature(text.data, text.len))
			return false;
	}
	return true;
}

/* To the end of a chain. */
static void
follow(const struct qt_hist_index *ix, uint32_t n, size_t field)
{
	struct qt_hist_index_event	e;

	while (qt_hist_index_event(ix, n, &e))
		memcpy(&n, (const char *)&e + field, sizeof(n));
}

/* What is there may lack something, but comes to an end, and has what it had. */
static const char *
read_all(struct qt_hist_index *ix)
{
	static const size_t	fields[] = {
		offsetof(struct qt_hist_index_event, of_command),
		offsetof(struct qt_hist_index_event, of_place),
		offsetof(struct qt_hist_index_event, of_session),
		offsetof(struct qt_hist_index_event, of_host),
	};
	struct qt_hist_completion	out[20];
	uint32_t			count, last, first;
	uint64_t			before = 0;

	last = qt_hist_index_last(ix);
	first = qt_hist_index_first(ix);
	count = qt_hist_index_complete(ix, QT_HIST_COMMANDS, "", 0, out, 20);
	if (last < 60 || last - first < 59 || count != 20)
		return "what was there is not";
	for (uint32_t i = 1; i < count; i++)
		if (out[i].score > out[i - 1].score)
			return "the best is not the first";
	if (!are_commands_whole(ix))
		return "a command is not whole";
	for (uint32_t n = first; n <= last; n++) {
		if (!is_whole(ix, n, &before))
			return "an event is not whole";
		for (size_t i = 0; i < 4; i++)
			follow(ix, n, fields[i]);
	}
	ask_all(&next, ix);
	return NULL;
}

/* Who opens it next, to read: *is_complete is what it says of itself. */
static const char *
read_now(const struct killed *k, bool *is_complete)
{
	struct qt_hist_index	*ix;
	uint64_t		 batch;
	const char		*wrong;
	int			 rc = qt_hist_index_open(&ix, k->w.path, NULL);

	*is_complete = false;
	if (rc < 0)
		return rc == -ENOENT && k->may_lack ? NULL :
		    "nobody can open it";
	wrong = read_all(ix);
	step_must(qt_hist_db_batch(k->w.db, &batch, NULL) == 0, "batch");
	*is_complete = !qt_hist_index_is_outdated(ix) &&
	    qt_hist_index_batch(ix) == batch;
	if (*is_complete)
		ask_all(&now, ix);
	qt_hist_index_close(ix);
	return wrong;
}

static const char *
read_old(const struct killed *k)
{
	if (k->old == NULL)
		return NULL;
	if (qt_seg_is_named(k->old->seg) != 1 &&
	    !qt_hist_index_is_outdated(k->old))
		return "who reads it is not told of the other";
	return read_all(k->old);
}

/* By who had it before, or by a new process. */
static const char *
update(struct killed *k, bool is_new)
{
	struct world	*w = &k->w;
	struct qt_seg	*seg;
	char		 name[QT__IX_NAME];

	if (is_new) {
		qt_hist_index_close(w->ix);
		w->ix = NULL;
	}
	world_update(w);
	step_must(qt__ix_name(name, w->path, ".new") == 0, "name");
	if (qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, NULL) != -ENOENT)
		return "another one was left";
	return NULL;
}

static const char *
check(void *state)
{
	static bool	 is_new;
	struct killed	*k = state;
	const char	*wrong = read_old(k);
	bool		 is_complete;

	is_new = !is_new;
	if (wrong == NULL)
		wrong = read_now(k, &is_complete);
	if (wrong == NULL)
		wrong = update(k, is_new);
	if (wrong == NULL)
		wrong = read_old(k);
	if (wrong != NULL)
		return wrong;
	ask_all(&next, k->w.ix);
	step_must(qt_hist_index_remove(k->w.path) == 0, "remove");
	world_update(&k->w);
	ask_all(&scratch, k->w.ix);
	if (is_complete && !is_same(&now, &scratch))
		return "it says that it is complete, and is not";
	if (!is_same(&next, &scratch))
		return "it does not answer as one from scratch";
	world_compare(&k->w);
	return NULL;
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "make the first index", world_none, NULL, op_update, check,
		    clean },
		{ "bring an index up to date", world_behind, NULL, op_update,
		    check, clean },
		{ "make an index anew", world_full, NULL, op_update, check,
		    clean },
		{ "remove an index", world_removed, NULL, op_remove, check,
		    clean },
	};

	step_limit(100);
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
