/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_HIST_INDEX_COMPARE_H
#define QT_TEST_HIST_INDEX_COMPARE_H
/* What an index says, beside what the list of all that was added does. */

#include <math.h>

#include "index_world.h"

#define HALF_LIFE_S	1209600.0

/* Numbers of events are those of the list, from 1; 0: there is none. */
static inline uint32_t
compare_before(const struct world *w, uint32_t number, size_t field)
{
	const char	*of = (const char *)&w->e[number - 1] + field;

	while (--number > 0)
		if (strcmp((const char *)&w->e[number - 1] + field, of) == 0)
			return number;
	return 0;
}

static inline void
compare_events(const struct world *w)
{
	uint32_t			ring = w->options.ring, first = 1;
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;

	if (ring != 0 && w->count > ring)
		first = w->count - ring + 1;
	qt_hist_index_view(w->ix, &v);
	assert_int_equal(qt_hist_index_last(w->ix), w->count);
	assert_int_equal(qt_hist_index_first(w->ix), first);
	for (uint32_t n = first; n <= w->count; n++) {
		const struct world_event	*m = &w->e[n - 1];
		struct qt_hist_event		 f;

		assert_true(qt_hist_index_event(w->ix, n, &e));
		assert_true(world_is(qt_hist_index_text(&v, e.command),
		    m->text));
		assert_int_equal(e.id, m->number);
		assert_int_equal(e.status, m->status);
		assert_true(qt_hist_index_took_us(e.took) ==
		    m->number * UINT64_C(1000));
		assert_true(qt_hist_index_fact(w->ix, QT_HIST_FACT_PLACE, e.place,
		    &f, NULL));
		assert_true(world_is(f.cwd, m->cwd));
		assert_true(qt_hist_index_fact(w->ix, QT_HIST_FACT_CONTEXT,
		    e.context, &f, NULL));
		assert_true(world_is(f.session, m->session));
		assert_int_equal(e.of_command, compare_before(w, n,
		    offsetof(struct world_event, text)));
		assert_int_equal(e.of_session, compare_before(w, n,
		    offsetof(struct world_event, session)));
		assert_int_equal(e.of_place, compare_before(w, n,
		    offsetof(struct world_event, cwd)));
		assert_int_equal(e.of_host, n - 1);
	}
}

/* Returns whether the nth event is the last of its command. */
static inline bool
compare_command(const struct world *w, const struct qt_hist_index_view *v,
    uint32_t n)
{
	const char	*text = w->e[n - 1].text;
	uint32_t	 id = qt_hist_index_find(w->ix, text, strlen(text));
	uint32_t	 count = 0, successes = 0, last = 0;
	double		 sum = 0, score;

	for (uint32_t i = 1; i <= w->count; i++) {
		if (strcmp(w->e[i - 1].text, text) != 0)
			continue;
		count++;
		successes += w->e[i - 1].status == 0;
		last = i;
		sum += exp2(w->e[i - 1].number * 3600.0 / HALF_LIFE_S);
	}
	if (last != n)
		return false;
	assert_true(id < v->commands);
	assert_int_equal(v->count[id], count);
	assert_int_equal(v->successes[id], successes);
	assert_int_equal(v->last[id], last);
	assert_true(v->signature[id] == qt_hist_match_signature(text,
	    strlen(text)));
	score = log2(sum) + (double)(WORLD_START / 1000000) / HALF_LIFE_S;
	assert_true(fabs(v->score[id] / 1048576.0 - score) < 0.01);
	return true;
}

static inline void
compare_commands(const struct world *w)
{
	struct qt_hist_index_view	v;
	uint32_t			distinct = 0;

	qt_hist_index_view(w->ix, &v);
	for (uint32_t n = 1; n <= w->count; n++)
		distinct += compare_command(w, &v, n);
	assert_int_equal(v.commands, distinct);
}

/* --- Completion ----------------------------------------------------------- */

struct compare_one {
	struct qt_hist_bytes	text;
	uint32_t		score;
};

static inline int
compare_scores(const void *a, const void *b)
{
	const struct compare_one	*x = a, *y = b;

	return x->score == y->score ? 0 : x->score < y->score ? 1 : -1;
}

static inline void
compare_put(struct compare_one *all, uint32_t *count,
    struct qt_hist_bytes text, uint32_t score, const char *prefix)
{
	size_t	len = strlen(prefix);

	if (text.len < len || memcmp(text.data, prefix, len) != 0)
		return;
	for (uint32_t i = 0; i < *count; i++)
		if (all[i].text.len == text.len && memcmp(all[i].text.data,
		    text.data, text.len) == 0) {
			if (all[i].score < score)
				all[i].score = score;
			return;
		}
	all[(*count)++] = (struct compare_one){ text, score };
}

/* All that begin with it, of whatever kind. */
static inline uint32_t
compare_list(const struct world *w, enum qt_hist_complete of,
    const char *prefix, struct compare_one *all)
{
	struct qt_hist_index_view	v;
	uint32_t			count = 0;

	qt_hist_index_view(w->ix, &v);
	for (uint32_t id = 0; id < v.commands; id++) {
		struct qt_hist_bytes	text = qt_hist_index_text(&v, id);
		size_t			from = 0;

		if (of == QT_HIST_COMMANDS)
			compare_put(all, &count, text, v.score[id], prefix);
		for (size_t i = 0; of == QT_HIST_WORDS && i <= text.len;
		    i++) {
			if (i < text.len && text.data[i] != ' ')
				continue;
			if (i - from >= 3)
				compare_put(all, &count,
				    (struct qt_hist_bytes){ text.data + from,
				    i - from }, v.score[id], prefix);
			from = i + 1;
		}
	}
	qsort(all, count, sizeof(*all), compare_scores);
	return count;
}

static inline void
compare_completion(const struct world *w, enum qt_hist_complete of,
    const char *prefix, uint32_t k)
{
	static struct compare_one		all[4 * WORLD_EVENTS];
	static struct qt_hist_completion	out[QT_HIST_COMPLETE_MAX];
	uint32_t	count = compare_list(w, of, prefix, all);
	uint32_t	n = qt_hist_index_complete(w->ix, of, prefix,
	    strlen(prefix), out, k);

	assert_int_equal(n, count < k ? count : k);
	/* Of the same score any may come first, but each once. */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t	at = 0;

		assert_int_equal(out[i].score, all[i].score);
		while (at < count && (all[at].text.len != out[i].text.len ||
		    memcmp(all[at].text.data, out[i].text.data,
		    out[i].text.len) != 0))
			at++;
		assert_true(at < count);
		assert_int_equal(all[at].score, out[i].score);
		all[at].text.len = SIZE_MAX;
	}
}

static inline void
world_compare(const struct world *w)
{
	static const char *const	prefixes[] = { "", "g", "gi", "git",
	    "git 1", "make", "find . -nam", "\xff", "1", "wor", "zzz" };

	compare_events(w);
	compare_commands(w);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		for (uint32_t k = 0; k <= QT_HIST_COMPLETE_MAX; k = k * 4 +
		    1) {
			compare_completion(w, QT_HIST_COMMANDS, prefixes[i],
			    k);
			compare_completion(w, QT_HIST_WORDS, prefixes[i], k);
		}
}

#endif /* QT_TEST_HIST_INDEX_COMPARE_H */
