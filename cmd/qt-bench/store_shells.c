/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: durable puts by processes that eight start at once, one by one. */

#include <stdio.h>
#include <stdlib.h>

#include "process.h"
#include "store_rows.h"

#define SHELLS	8u

struct shells {
	char		map[QT_PATH_SIZE], ours[QT_PATH_SIZE];
	char		nothing[QT_PATH_SIZE];
	uint32_t	each;		/* puts of a shell */
	uint32_t	round;
	double		*ns;		/* shared: of each put */
	_Atomic uint64_t *errors;	/* shared */
};

static void
key_of(char key[32], uint32_t round, uint32_t shell, uint32_t put)
{
	snprintf(key, 32, "key-%03u-%u-%05u", round, shell, put);
}

static void
shell_puts(struct team *t, uint32_t which, void *arg)
{
	struct shells	*s = arg;
	char		 key[32], *argv[] = { s->ours, (char *)"-m", s->map,
	    (char *)"put", (char *)"--sync", key, (char *)"a value", NULL };

	team_go(t);
	for (uint32_t i = 0; i < s->each; i++) {
		key_of(key, s->round, which, i);
		if (process_run(argv, &s->ns[which * s->each + i]) != 0)
			atomic_fetch_add(s->errors, 1);
	}
}

static void
shell_nothing(struct team *t, uint32_t which, void *arg)
{
	struct shells	*s = arg;
	char		*argv[] = { s->nothing, NULL };
	double		 ns;

	(void)which;
	team_go(t);
	for (uint32_t i = 0; i < s->each; i++)
		if (process_run(argv, &ns) != 0)
			atomic_fetch_add(s->errors, 1);
}

/* Nanoseconds a process. */
static double
run(struct shells *s, void (*member)(struct team *, uint32_t, void *))
{
	struct team	 t;
	struct team_work w = { .count = SHELLS, .member = member, .arg = s };

	return team_run(&w, &t) / (SHELLS * s->each);
}

static double
run_nothing(void *arg)
{
	return run(arg, shell_nothing);
}

/* What was acknowledged has to be there. */
static void
look_for_all(struct shells *s)
{
	struct qt_store		*store;
	struct qt_store_value	 v;
	struct qt_err		 err = QT_ERR_INIT;
	char			 key[32];
	int			 rc = qt_store_open(s->map, NULL, &store, &err);

	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	for (uint32_t i = 0; i < SHELLS * s->each; i++) {
		key_of(key, s->round, i / s->each, i % s->each);
		if (qt_store_get(store, NULL, &v, key, strlen(key), NULL) < 0)
			atomic_fetch_add(s->errors, 1);
		qt_store_value_clear(&v);
	}
	(void)qt_store_close(store, NULL);
}

static double	p99_ms[ROUNDS_MAX];

static double
run_ours(void *arg)
{
	struct shells	*s = arg;
	uint32_t	 count = SHELLS * s->each;
	double		 ns = run(s, shell_puts);

	look_for_all(s);
	qsort(s->ns, count, sizeof(*s->ns), double_compare);
	p99_ms[s->round++] = s->ns[count * 99 / 100] / 1e6;
	return ns;
}

static void
report_all(struct report *r, const struct shells *s, const struct turns *t)
{
	double	middle = median(p99_ms, t->count);

	report_add(r, &(struct report_row){
		.name = "8 x qt-map put, durable: errors", .unit = "",
		.ours = (double)atomic_load(s->errors),
		.figure = (double)atomic_load(s->errors),
		.figure_name = "errors", .rule = REPORT_AT_MOST, .bound = 0 });
	turns_report(r, t, &(struct turns_row){
		.name = "8 x qt-map put, durable",
		.peer_name = "a static program that does nothing",
		.figure = TURNS_SPEEDS, .bound = 0.5 });
	report_add(r, &(struct report_row){
		.name = "8 x qt-map put, durable: the slowest", .unit = "ms",
		.ours = middle, .figure = middle, .figure_name = "p99 ms",
		.rule = REPORT_AT_MOST, .bound = 20, .rounds = t->count,
		.low = p99_ms[0], .high = p99_ms[t->count - 1] });
}

void
row_store_shells(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "8 x qt-map put, durable";
	struct shells		s = { .each = opt->is_quick ? 5 : 100 };
	struct contest		c = { .what = name, .ours = run_ours,
	    .peer = run_nothing, .arg = &s };
	struct turns		t;
	struct qt_err		err = QT_ERR_INIT;
	const char		*why_not = process_find_nothing(s.nothing);
	int			rc;

	if (!process_find(s.ours, "qt-map"))
		why_not = "qt-map is not beside qt-bench";
	if (why_not != NULL) {
		report_skip(r, name, why_not);
		return;
	}
	s.ns = shm_shared(SHELLS * s.each * sizeof(*s.ns));
	s.errors = shm_shared(sizeof(*s.errors));
	store_enter(opt);
	rc = qt_store_init(store_path("map", s.map), NULL, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	turns_run(&t, &c, opt);
	store_leave();
	report_all(r, &s, &t);
}
