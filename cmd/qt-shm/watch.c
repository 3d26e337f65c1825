/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qt-shm watch - how much is in structures, and how fast that changes
 *
 * Each look is a row a structure. What its type counts (pushed, popped, ...)
 * is shown with what it grew by a second since the look before.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "grid.h"
#include "names.h"
#include "thing.h"
#include "verbs.h"
#include "waiting.h"

static const struct qt_opt opts[] = {
	{ 'i', "interval", "SECONDS", "between two looks (1)" },
	{ 'n', "count", "N", "looks; the first has no rates" },
	GRID_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb watch_verb = {
	"watch", watch_main, "SEG[/NAME] ...", "print fill and rates", opts,
};

static const struct grid_column columns[] = {
	{ "time", GRID_TEXT, 1 },
	{ "segment", GRID_TEXT, 1 },
	{ "name", GRID_TEXT, 1 },
	{ "type", GRID_TEXT, 1 },
	{ "count", GRID_NUMBER, 1 },
	{ "capacity", GRID_NUMBER, 1 },
	{ "waiting", GRID_BOOL, 1 },
	{ "users", GRID_NUMBER, 1 },
	{ "dead", GRID_NUMBER, 1 },
	{ "rates", GRID_TEXT, 1 },
	{ NULL, GRID_TEXT, 0 },
};

/* What was seen of a structure at the look before. */
struct seen {
	uint64_t		 id, ns;
	struct qt_obj_stat	 stat;
	struct seen		*next;
};

struct watched {
	struct target	 target;
	struct qt_seg	*seg;
	struct seen	*seen;
};

/* NULL the first time; then what is kept of it is replaced. */
static struct seen *
find_seen(struct watched *w, uint64_t id, int *is_new)
{
	struct seen	*s;

	for (s = w->seen; s != NULL && s->id != id; s = s->next)
		;
	*is_new = s == NULL;
	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		qt_die(QT_EXIT_SYS, "no memory");
	s->id = id;
	s->next = w->seen;
	return w->seen = s;
}

/* "pushed=+120.0 popped=+99.5": what grew or shrank, a second. */
static void
fill_rates(struct grid *g, const struct seen *s,
    const struct qt_obj_stat *now, uint64_t ns)
{
	double	seconds = (double)(ns - s->ns) / 1e9;
	char	text[800] = "";
	int	len = 0;

	for (uint32_t i = 0; i < now->number_count && seconds > 0; i++) {
		int64_t	by = (int64_t)(now->number[i].value -
		    s->stat.number[i].value);

		if (by != 0)
			len += snprintf(text + len, sizeof(text) - (size_t)len,
			    "%s%s=%+.1f", len > 0 ? " " : "",
			    now->number[i].name, (double)by / seconds);
	}
	grid_text(g, "rates", "%s", text);
}

static void
count_users(struct grid *g, const struct qt_seg *seg)
{
	struct qt_seg_participant	p;
	uint32_t			cursor = 0, alive = 0, dead = 0;

	while (qt_seg_participant_next(seg, &cursor, &p) == 1)
		if (qt_seg_is_alive(seg, p.id))
			alive++;
		else
			dead++;
	grid_number(g, "users", alive);
	grid_number(g, "dead", dead);
}

static void
look_at(struct grid *g, struct watched *w, const char *name)
{
	struct qt_obj_stat	 now;
	struct seen		*s;
	char			 time[QT_CLOCK_ISO_SIZE];
	uint64_t		 ns = qt_clock_mono_ns();
	int			 is_new;

	/* Erased, or not yet made: no row. */
	if (qt_obj_stat(w->seg, name, &now, NULL) < 0)
		return;
	s = find_seen(w, now.id, &is_new);
	qt_clock_iso(qt_clock_real_ms(), time);
	grid_row(g);
	grid_text(g, "time", "%s", time);
	grid_text(g, "segment", "%s", w->target.seg);
	grid_text(g, "name", "%s", name);
	grid_text(g, "type", "%s", now.type_name);
	grid_number(g, "count", now.count);
	grid_number(g, "capacity", now.capacity);
	grid_number(g, "waiting", now.has_waiters != 0);
	count_users(g, w->seg);
	if (!is_new)
		fill_rates(g, s, &now, ns);
	s->stat = now;
	s->ns = ns;
}

static void
look(struct grid *g, struct watched *w)
{
	struct qt_seg_entry	*all;
	size_t			 count;

	if (w->target.name[0] != '\0') {
		look_at(g, w, w->target.name);
		return;
	}
	count = names_all(w->seg, &all);
	for (size_t i = 0; i < count; i++)
		if (qt_obj_is_type(all[i].type))
			look_at(g, w, all[i].name);
	free(all);
}

static void
open_all(struct watched *w, size_t count, char **words)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_obj_stat	s;
	int			rc;

	for (size_t i = 0; i < count; i++) {
		target_parse(&w[i].target, words[i], TARGET_SEG | TARGET_NAME);
		w[i].seg = target_open(&w[i].target, QT_SEG_RDONLY);
		rc = w[i].target.name[0] == '\0' ? 0 :
		    qt_obj_stat(w[i].seg, w[i].target.name, &s, &err);
		if (rc < 0)
			target_die(&w[i].target, rc, &err);
	}
}

static void
nap(int64_t ms)
{
	struct timespec	ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* A signal ends it between two looks; what was printed is whole. */
static void
run(struct grid *g, struct watched *w, size_t count, uint64_t looks,
    int64_t every_ms)
{
	int	is_quiet = g->no_headings;

	for (uint64_t n = 0; n < looks && stop_signal == 0; n++) {
		if (n > 0)
			nap(every_ms);
		if (stop_signal != 0)
			break;
		for (size_t i = 0; i < count; i++)
			look(g, &w[i]);
		g->no_headings = is_quiet || n > 0;
		grid_print(g);
		if (fflush(stdout) != 0)
			exit(QT_EXIT_SYS);
	}
}

int
watch_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&watch_verb, argc, argv);
	struct watched	*w;
	struct grid	 g;
	uint64_t	 looks = UINT64_MAX;
	int64_t		 every_ms = 1000;
	size_t		 count;
	int		 id;

	grid_init(&g);
	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'i')
			every_ms = target_timeout_ms(o.value);
		else if (id == 'n')
			looks = qt_opt_ulong("-n", o.value, 1, ULONG_MAX);
		else
			(void)grid_option(&g, id, o.value);
	}
	if (o.index == argc)
		qt_usage(&watch_verb);
	if (every_ms < 10)
		qt_die(QT_EXIT_USAGE, "-i: a hundredth of a second at least");
	grid_columns(&g, columns);
	count = (size_t)(argc - o.index);
	w = calloc(count, sizeof(*w));
	if (w == NULL)
		qt_die(QT_EXIT_SYS, "no memory");
	open_all(w, count, argv + o.index);
	stop_on_signals();
	run(&g, w, count, looks, every_ms);
	for (size_t i = 0; i < count; i++) {
		for (struct seen *s = w[i].seen, *next; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
		target_close(w[i].seg);
	}
	free(w);
	return QT_EXIT_OK;
}
