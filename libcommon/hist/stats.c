/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of a history. See <qt/hist/stats.h>.
 *
 *	ring --> a tally for each command, place, hour, weekday
 *		commands --> rows; by what they run --> rows of programs
 *		places --> by their folder --> rows of folders
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>
#include <qt/base/hash.h>
#include <qt/hist/stats.h>

#define SECOND		UINT64_C(1000000)
#define DAY_S		86400
#define DAYS_MAX	65536u		/* from 1970 on: until 2149 */
#define QUARTER_S	900		/* zones change at its ends only */

struct making {
	struct qt_hist_stats		*out;
	const struct qt_hist_index	*ix;
	const struct qt_hist_period	*period;
	int32_t				(*zone_s)(int64_t unix_s);
	struct qt_hist_index_view	 view;
	uint32_t			 facts;
	struct qt_hist_tally		*commands, *places;
	uint8_t				*contexts;	/* 1: it was seen */
	uint64_t			 days[DAYS_MAX / 64];
	int64_t				 quarter;	/* of this one */
	int32_t				 ahead_s;
};

static void
count(struct qt_hist_tally *n, const struct qt_hist_index_event *e)
{
	uint64_t	took = qt_hist_index_took_us(e->took);

	n->runs++;
	if ((e->flags & QT_HIST_RUNNING) == 0 && e->status >= 0) {
		n->ended++;
		n->failed += e->status > 0;
	}
	if (took != UINT64_MAX)
		n->took_us += took;
}

static void
merge(struct qt_hist_tally *to, const struct qt_hist_tally *n)
{
	to->runs += n->runs;
	to->ended += n->ended;
	to->failed += n->failed;
	to->took_us += n->took_us;
}

/* --- Events --------------------------------------------------------------- */

/* By the clocks of that time. */
static void
count_time(struct making *m, const struct qt_hist_index_event *e)
{
	struct qt_hist_stats	*out = m->out;
	int64_t			 s = (int64_t)(e->start_us / SECOND), day;

	if (e->start_us == 0)
		return;
	if (s / QUARTER_S != m->quarter) {
		m->quarter = s / QUARTER_S;
		m->ahead_s = m->zone_s == NULL ? 0 : m->zone_s(s);
	}
	s += m->ahead_s;
	s = s < 0 ? 0 : s;
	day = s / DAY_S;
	count(&out->hour[s % DAY_S / 3600], e);
	/* 1970 began on a Thursday. */
	count(&out->weekday[(day + 3) % 7], e);
	if (day < DAYS_MAX)
		m->days[day / 64] |= UINT64_C(1) << day % 64;
	if (out->first_us == 0 || e->start_us < out->first_us)
		out->first_us = e->start_us;
	if (e->start_us > out->last_us)
		out->last_us = e->start_us;
}

static void
count_events(struct making *m)
{
	struct qt_hist_index_event	e;
	uint32_t			last = qt_hist_index_last(m->ix);

	for (uint32_t n = qt_hist_index_first(m->ix); n <= last; n++) {
		if (!qt_hist_index_event(m->ix, n, &e) ||
		    e.start_us < m->period->from_us ||
		    e.start_us >= m->period->to_us)
			continue;
		count(&m->out->all, &e);
		count_time(m, &e);
		if (e.command < m->view.commands)
			count(&m->commands[e.command], &e);
		if (e.place < m->facts)
			count(&m->places[e.place], &e);
		if (e.context < m->facts)
			m->contexts[e.context] = 1;
	}
}

static void
count_sets(struct making *m)
{
	struct qt_hist_event	e;

	for (uint32_t i = 0; i < m->facts; i++)
		m->out->sessions += m->contexts[i] != 0 &&
		    qt_hist_index_fact(m->ix, QT_HIST_FACT_CONTEXT, i, &e,
		    NULL) && e.session.len > 0;
	for (uint32_t i = 0; i < DAYS_MAX / 64; i++)
		m->out->days += (uint32_t)__builtin_popcountll(m->days[i]);
}

/* --- Rows ----------------------------------------------------------------- */

static int
by_runs(const void *va, const void *vb)
{
	const struct qt_hist_stats_row	*a = va, *b = vb;
	size_t				 least;
	int				 order;

	if (a->n.runs != b->n.runs)
		return a->n.runs > b->n.runs ? -1 : 1;
	least = a->name.len < b->name.len ? a->name.len : b->name.len;
	order = memcmp(a->name.data, b->name.data, least);
	return order != 0 ? order : (a->name.len > b->name.len) -
	    (a->name.len < b->name.len);
}

static void
sort(struct qt_hist_stats *s, enum qt_hist_stats_of of)
{
	if (s->count[of] > 1)
		qsort(s->list[of], s->count[of], sizeof(*s->list[of]),
		    by_runs);
}

static int
list_commands(struct making *m)
{
	struct qt_hist_stats_row	*row;

	row = calloc((size_t)m->view.commands + 1, sizeof(*row));
	if (row == NULL)
		return -ENOMEM;
	m->out->list[QT_HIST_STATS_COMMANDS] = row;
	for (uint32_t i = 0; i < m->view.commands; i++)
		if (m->commands[i].runs > 0)
			row[m->out->count[QT_HIST_STATS_COMMANDS]++] =
			    (struct qt_hist_stats_row){
				qt_hist_index_text(&m->view, i),
				m->commands[i] };
	sort(m->out, QT_HIST_STATS_COMMANDS);
	return 0;
}

/* Rows by their name. slots: row + 1, or 0; a power of 2 of them, half empty. */
struct table {
	struct qt_hist_stats_row	*rows;
	uint32_t			*count, *slots, size;
	struct qt_hash_key		 key;
};

static int
table_init(struct table *t, struct qt_hist_stats *out,
    enum qt_hist_stats_of of, uint32_t most)
{
	for (t->size = 16; t->size / 2 < most; t->size *= 2)
		continue;
	t->slots = calloc(t->size, sizeof(*t->slots));
	t->rows = out->list[of] = calloc((size_t)most + 1, sizeof(*t->rows));
	t->count = &out->count[of];
	qt_random(&t->key, sizeof(t->key));
	return t->slots == NULL || t->rows == NULL ? -ENOMEM : 0;
}

/* At most as many names as it was made for. */
static struct qt_hist_stats_row *
table_row(struct table *t, const struct qt_hist_bytes *name, bool *is_new)
{
	uint32_t	i = (uint32_t)qt_hash(&t->key, name->data,
	    name->len);

	for (;; i++) {
		uint32_t			*slot = &t->slots[i &
		    (t->size - 1)];
		struct qt_hist_stats_row	*row;

		*is_new = *slot == 0;
		if (*is_new) {
			*slot = ++*t->count;
			t->rows[*slot - 1].name = *name;
		}
		row = &t->rows[*slot - 1];
		if (row->name.len == name->len &&
		    memcmp(row->name.data, name->data, name->len) == 0)
			return row;
	}
}

static int
list_folders(struct making *m)
{
	struct table		t;
	struct qt_hist_event	e;
	bool			is_new;
	int			rc = table_init(&t, m->out,
	    QT_HIST_STATS_FOLDERS, m->facts);

	for (uint32_t i = 0; i < m->facts && rc == 0; i++)
		if (m->places[i].runs > 0 && qt_hist_index_fact(m->ix,
		    QT_HIST_FACT_PLACE, i, &e, NULL) && e.cwd.len > 0)
			merge(&table_row(&t, &e.cwd, &is_new)->n,
			    &m->places[i]);
	free(t.slots);
	sort(m->out, QT_HIST_STATS_FOLDERS);
	return rc;
}

/* Their names are made of pieces, so they are held. */
static int
list_programs(struct making *m)
{
	const struct qt_hist_stats	*out = m->out;
	uint32_t			 most =
	    out->count[QT_HIST_STATS_COMMANDS];
	char				*names;
	struct table			 t;
	size_t				 used = 0;
	int				 rc;

	rc = table_init(&t, m->out, QT_HIST_STATS_PROGRAMS, most);
	names = rc < 0 ? NULL : malloc((size_t)most * QT_HIST_PROGRAM_MAX + 1);
	if (rc == 0 && names == NULL)
		rc = -ENOMEM;
	m->out->names_ = names;
	for (uint32_t i = 0; i < most && rc == 0; i++) {
		const struct qt_hist_stats_row	*c =
		    &out->list[QT_HIST_STATS_COMMANDS][i];
		struct qt_hist_bytes		 name = { names + used, 0 };
		bool				 is_new;

		name.len = qt_hist_program(names + used, c->name.data,
		    c->name.len);
		if (name.len == 0)
			continue;
		merge(&table_row(&t, &name, &is_new)->n, &c->n);
		used += is_new ? name.len : 0;
	}
	free(t.slots);
	sort(m->out, QT_HIST_STATS_PROGRAMS);
	return rc;
}

/* --- All of it ------------------------------------------------------------ */

int
qt_hist_stats_make(struct qt_hist_stats *out, const struct qt_hist_index *ix,
    const struct qt_hist_period *period, int32_t (*zone_s)(int64_t unix_s),
    struct qt_err *err)
{
	struct qt_hist_index_stat	 stat;
	struct making			*m = calloc(1, sizeof(*m));
	int				 rc = -ENOMEM;

	*out = (struct qt_hist_stats)QT_HIST_STATS_INIT;
	if (m == NULL)
		goto out;
	m->out = out;
	m->ix = ix;
	m->period = period;
	m->zone_s = zone_s;
	m->quarter = -1;
	qt_hist_index_view(ix, &m->view);
	qt_hist_index_stat(ix, &stat);
	m->facts = stat.facts;
	m->commands = calloc((size_t)m->view.commands + 1,
	    sizeof(*m->commands));
	m->places = calloc((size_t)m->facts + 1, sizeof(*m->places));
	m->contexts = calloc((size_t)m->facts + 1, 1);
	if (m->commands == NULL || m->places == NULL || m->contexts == NULL)
		goto out;
	count_events(m);
	count_sets(m);
	out->is_cut = qt_hist_index_first(ix) > 1;
	rc = list_commands(m);
	if (rc == 0)
		rc = list_folders(m);
	if (rc == 0)
		rc = list_programs(m);
out:
	if (m != NULL) {
		free(m->commands);
		free(m->places);
		free(m->contexts);
	}
	free(m);
	if (rc < 0) {
		qt_hist_stats_clear(out);
		qt_err_set(err, "count the history");
	}
	return rc;
}

void
qt_hist_stats_clear(struct qt_hist_stats *s)
{
	for (int i = 0; i < QT_HIST_STATS_LISTS; i++)
		free(s->list[i]);
	free(s->names_);
	*s = (struct qt_hist_stats)QT_HIST_STATS_INIT;
}
