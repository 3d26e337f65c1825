/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm wait - until something is so */

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "file.h"
#include "thing.h"
#include "verbs.h"
#include "waiting.h"

#define LOOK_MS		10

enum condition {
	NATURAL = 256, NONEMPTY, NONFULL, EXISTS, GONE
};

static const struct qt_opt opts[] = {
	{ NONEMPTY, "nonempty", NULL, "until there is something in it" },
	{ NONFULL, "nonfull", NULL, "until there is room in it" },
	{ EXISTS, "exists", NULL, "until there is a SEG/NAME, or a SEG" },
	{ GONE, "gone", NULL, "until there is none" },
	{ 'W', "timeout", "SECONDS", "no longer than that" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb wait_verb = {
	"wait", wait_main, "SEG[/NAME]", "wait until something is so", opts,
};

/* Is there one? No message: it may come. */
static int
exists(const struct target *t)
{
	struct file_look	 look;
	struct qt_seg_entry	 e;
	struct qt_seg		*seg;
	char			 name[sizeof(t->seg) + 1];
	int			 rc = file_look(t->seg, &look);

	if (rc < 0 || t->name[0] == '\0')
		return rc == 0;
	snprintf(name, sizeof(name), "/%s", t->seg);
	if (qt_seg_open(name, NULL, QT_SEG_RDONLY, &seg, NULL) < 0)
		return 0;
	rc = qt_seg_entry_get(seg, t->name, &e);
	qt_seg_close(seg);
	return rc == 0;
}

/* Looks at the numbers that stat shows. */
static int
is_so(struct thing *t, enum condition c)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = qt_obj_stat(t->seg, t->target.name, &t->stat,
	    &err);

	if (rc < 0)
		target_die(&t->target, rc, &err);
	return c == NONEMPTY ? t->stat.count > 0 :
	    t->stat.count < t->stat.capacity;
}

static void
nap(void)
{
	struct timespec	ts = { 0, LOOK_MS * 1000000L };

	nanosleep(&ts, NULL);
}

/* 0, or -ETIMEDOUT. */
static int
look_until(const struct target *target, struct thing *t, enum condition c,
    uint64_t deadline)
{
	for (;;) {
		if (t != NULL ? is_so(t, c) : exists(target) == (c == EXISTS))
			return 0;
		if (qt_wait_deadline(0) >= deadline)
			return -ETIMEDOUT;
		nap();
	}
}

static int
wait_thing(const char *operand, enum condition c, uint64_t deadline)
{
	struct thing	t;
	int		rc;

	/* Waiters leave a flag, so that they are woken: a participant. */
	thing_open(&t, operand, c == NATURAL ? QT_SEG_JOIN : QT_SEG_RDONLY);
	if (c == NATURAL && t.type->wait == NULL)
		qt_die(QT_EXIT_USAGE, "%s: what of a %s to wait for? "
		    "--nonempty, --nonfull, --exists or --gone",
		    t.target.text, t.stat.type_name);
	rc = c == NATURAL ? t.type->wait(&t, deadline) :
	    look_until(&t.target, &t, c, deadline);
	if (rc < 0 && rc != -ETIMEDOUT)
		target_die(&t.target, rc, NULL);
	thing_close(&t);
	return rc;
}

int
wait_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&wait_verb, argc, argv);
	struct target	 t;
	enum condition	 c = NATURAL;
	uint64_t	 deadline = QT_WAIT_FOREVER;
	int		 id, rc;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == 'W')
			deadline = waiting_deadline(0, o.value);
		else
			c = (enum condition)id;
	if (argc - o.index != 1)
		qt_usage(&wait_verb);
	target_parse(&t, argv[o.index], TARGET_NAME |
	    (c == EXISTS || c == GONE ? TARGET_SEG : 0));
	rc = c == EXISTS || c == GONE ? look_until(&t, NULL, c, deadline) :
	    wait_thing(argv[o.index], c, deadline);
	return rc < 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
