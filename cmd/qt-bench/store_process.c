/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: qt-map as whole processes, beside a program that does nothing. */

#include <stdio.h>
#include <stdlib.h>

#include "process.h"
#include "store_rows.h"

#define NOTHING	"a static program that does nothing"

struct programs {
	char		ours[QT_PATH_SIZE], peer[QT_PATH_SIZE];
	char		map[QT_PATH_SIZE];
	uint64_t	runs, records, random, next;
	char		value[WORK_VALUE + 1];
};

/* As many bytes as a key of the others, but such as an argument can be. */
static char *
text_key(uint64_t record, char key[WORK_KEY + 1])
{
	snprintf(key, WORK_KEY + 1, "%016llx", (unsigned long long)(record *
	    UINT64_C(0x9e3779b97f4a7c15)));
	return key;
}

/* The median of the runs; key, if any, is another argument each time. */
static double
run_all(struct programs *p, char *const *argv, char *key, int is_new)
{
	double	*ns = calloc(p->runs, sizeof(*ns)), middle;

	if (ns == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	for (uint64_t i = 0; i < p->runs; i++) {
		if (key != NULL)
			text_key(is_new ? p->records + p->next++ :
			    work_random(&p->random) % p->records, key);
		ns[i] = process_ns(argv);
	}
	middle = median(ns, (uint32_t)p->runs);
	free(ns);
	return middle;
}

static double
run_get(void *arg)
{
	struct programs	*p = arg;
	char		 key[WORK_KEY + 1], *argv[] = { p->ours,
	    (char *)"-m", p->map, (char *)"get", key, NULL };

	return run_all(p, argv, key, 0);
}

static double
run_put(void *arg)
{
	struct programs	*p = arg;
	char		 key[WORK_KEY + 1], *argv[] = { p->ours,
	    (char *)"-m", p->map, (char *)"put", (char *)"--async", key,
	    p->value, NULL };

	return run_all(p, argv, key, 1);
}

static double
run_nothing(void *arg)
{
	struct programs	*p = arg;
	char		*argv[] = { p->peer, NULL };

	return run_all(p, argv, NULL, 0);
}

/* A store as it comes, with the records, which have been synced. */
static void
make_map(const struct programs *p)
{
	struct qt_store_settings	 s;
	struct qt_store_options		 o = { .settings = &s };
	struct qt_store			*store;
	struct qt_err			 err = QT_ERR_INIT;
	char				 key[WORK_KEY + 1];
	int				 rc;

	report_progress("%s", "a map is made");
	qt_store_settings_init(&s);
	rc = qt_store_init(p->map, &s, &err);
	s.mode = QT_STORE_ASYNC;
	if (rc == 0)
		rc = qt_store_open(p->map, &o, &store, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	for (uint64_t i = 0; rc == 0 && i < p->records; i++) {
		struct qt_store_put	put = { .key = text_key(i, key),
		    .key_len = WORK_KEY, .value = work_value(i, 0),
		    .value_len = WORK_VALUE };

		rc = qt_store_put(store, NULL, &put, &err);
	}
	if (rc == 0)
		rc = qt_store_close(store, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
}

/* NULL, or why it cannot be measured. */
static const char *
find_programs(struct programs *p)
{
	const char	*why_not = process_find_nothing(p->peer);

	return process_find(p->ours, "qt-map") ? why_not :
	    "qt-map is not beside qt-bench";
}

void
row_store_process(struct report *r, const struct bench_opt *opt)
{
	static const char	get[] = "qt-map get, a process";
	static const char	put[] = "qt-map put --async, a process";
	struct programs		p = { .runs = opt->items / 5000 + 1,
	    .records = opt->items, .random = 1 };
	struct contest		gets = { .what = "qt-map get",
	    .ours = run_get, .peer = run_nothing, .arg = &p };
	struct contest		puts = { .what = "qt-map put",
	    .ours = run_put, .peer = run_nothing, .arg = &p };
	struct turns		tg, tp;
	const char		*why_not = find_programs(&p);

	if (why_not != NULL) {
		report_skip(r, get, why_not);
		report_skip(r, put, why_not);
		return;
	}
	work_data_start();
	memset(p.value, 'v', WORK_VALUE);
	store_enter(opt);
	store_path("map", p.map);
	make_map(&p);
	turns_run(&tg, &gets, opt);
	turns_run(&tp, &puts, opt);
	store_leave();
	turns_report(r, &tg, &(struct turns_row){ .name = get,
	    .peer_name = NOTHING, .figure = TURNS_TIMES, .bound = 1.7 });
	turns_report(r, &tp, &(struct turns_row){ .name = put,
	    .peer_name = NOTHING, .figure = TURNS_TIMES, .bound = 2 });
}
