/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist tail - the last commands, and those that come */

#include <errno.h>
#include <stdlib.h>

#include <qt/hist/follow.h>

#include "history.h"
#include "last.h"
#include "print.h"
#include "verbs.h"
#include "watch.h"

static const struct qt_opt options[] = {
	{ 'f', "follow", NULL, "go on: what comes is printed as it comes" },
	{ 'n', "lines", "N", "the last N first (10)" },
	PRINT_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb tail_verb = {
	"tail", tail_main, "",
	"print the last commands, and those that are run from now on", options,
};

/* What the first ones were: what comes meanwhile may be among them. */
struct first {
	uint64_t	start_us, id;
	uint32_t	flags;
};
struct tailing {
	struct print		 print;
	bool			 is_followed, has_told;
	struct qt_hist_follow	 follow;
	struct first		*first;
	size_t			 count, room;
};

static void
show_first(void *arg, const struct qt_hist_event *e)
{
	struct tailing	*t = arg;

	print_out(&t->print, e, 0, true);
	if (!t->is_followed)
		return;
	if (t->count == t->room) {
		size_t		 room = t->room * 2 + 16;
		struct first	*more = reallocarray(t->first, room,
		    sizeof(*more));

		if (more == NULL)
			qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
		t->first = more;
		t->room = room;
	}
	t->first[t->count++] = (struct first){ e->start_us, e->id, e->flags };
}

static int
show_next(void *arg, const struct qt_hist_event *e)
{
	struct tailing	*t = arg;

	for (size_t i = 0; i < t->count; i++)
		if (t->first[i].start_us == e->start_us &&
		    t->first[i].id == e->id && t->first[i].flags == e->flags)
			return 0;
	print_out(&t->print, e, 0, true);
	t->has_told = true;
	return 0;
}

static void
check(int rc, const struct qt_err *err)
{
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err->text, qt_strerror(rc));
}

/*
 * The history is open while it is looked at only: so nobody who erases from it
 * has to wait for us, and another one may take its place.
 */
static void
look(struct tailing *t)
{
	struct qt_hist_db	*db = history_open();
	struct qt_err		 err = QT_ERR_INIT;

	t->has_told = false;
	check(qt_hist_follow_each(&t->follow, db, show_next, t, &err), &err);
	history_close(db);
	qt_prog_flush();
	/* What came between the list and the first look is behind us. */
	t->count = 0;
}

static int
follow(struct tailing *t)
{
	struct watch	w;
	int		rc;

	qt_prog_flush();
	watch_open(&w);
	do {
		watch_renew(&w);
		look(t);
		rc = watch_wait(&w, t->has_told);
	} while (rc > 0);
	watch_close(&w);
	return rc == -EPIPE ? QT_EXIT_SYS : QT_EXIT_OK;
}

int
tail_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&tail_verb, argc, argv);
	struct tailing		 t = { .print = { .how = PRINT_LINES } };
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned long		 limit = 10, n = 0;
	int			 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'f')
			t.is_followed = true;
		else if (!print_option(&t.print, id, o.value))
			limit = qt_opt_ulong("-n", o.value, 0, 1000000);
	}
	if (o.index < argc)
		qt_usage(&tail_verb);
	db = history_open();
	check(qt_hist_follow_init(&t.follow, db, &err), &err);
	if (limit > 0)
		n = last_each(db, limit, show_first, &t);
	history_close(db);
	rc = t.is_followed ? follow(&t) : n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
	free(t.first);
	return rc;
}
