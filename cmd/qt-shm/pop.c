/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qt-shm pop - take items out of a queue and print them
 *
 * An item is ours when it is taken, and gone when it is released; in between it
 * is written to standard output. So what cannot be written is put back, and
 * what a kill interrupts is delivered again where the queue was made so. A few
 * items are taken at a time, and written in pieces of whole items of at most
 * PIPE_BUF bytes: lines of several consumers with one pipe do not mix.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thing.h"
#include "verbs.h"
#include "waiting.h"

#define BATCH_MAX	16

static const struct qt_opt opts[] = {
	{ 'n', "count", "N", "so many (1)" },
	{ 'a', "all", NULL, "all that are there" },
	{ 'f', "follow", NULL, "wait for more, until it is erased" },
	{ 'w', "wait", NULL, "wait while it is empty" },
	{ 'W', "timeout", "SECONDS", "wait, but no longer than that" },
	{ '0', "null", NULL, "end items with NUL instead of a new-line" },
	{ 'r', "raw", NULL, "bytes as they are, nothing between" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb pop_verb = {
	"pop", pop_main, "SEG/NAME", "take items out and print them", opts,
};

struct popping {
	struct thing	 t;
	struct sink	 sink;
	struct qt_buf	 out;
	struct taken	 item[BATCH_MAX];
	size_t		 end[BATCH_MAX];	/* of each, in out */
	size_t		 count;			/* in hand */
	uint64_t	 left;			/* still wanted */
	uint64_t	 done, deadline;
	int		 is_following;
};

/* Takes what is there, waiting for the first. 0, or why there is none. */
static int
take(struct popping *p)
{
	size_t		 room = p->t.type->batch;
	struct taken	*item = p->item;
	int		 rc = 0;

	p->count = 0;
	qt_buf_reset(&p->out);
	while (p->count < room && p->count < p->left &&
	    p->out.len < PIPE_BUF) {
		rc = p->t.type->take(&p->t, &item[p->count], p->count > 0 ?
		    QT_WAIT_NEVER : waiting_piece(p->deadline));
		if (rc < 0)
			break;
		item_format(thing_dtype(&p->t), item[p->count].data,
		    item[p->count].len, &p->sink, &p->out);
		if (p->sink.end >= 0) {
			char	c = (char)p->sink.end;

			if (qt_buf_add(&p->out, &c, 1) < 0)
				qt_die(QT_EXIT_SYS, "no memory");
		}
		p->end[p->count++] = p->out.len;
	}
	return p->count > 0 ? 0 : rc;
}

/* The items in hand: written and released, or put back. */
static int
give(struct popping *p)
{
	size_t	i = 0, k, from = 0;
	int	rc = 0, bad = 0;

	while (i < p->count) {
		/* At least one, and as many more as make one piece. */
		for (k = i + 1; k < p->count &&
		    p->end[k] - from <= PIPE_BUF; k++)
			;
		rc = waiting_write(p->out.data + from, p->end[k - 1] - from);
		if (rc < 0)
			break;
		from = p->end[k - 1];
		p->done += k - i;
		p->left -= k - i;
		for (; i < k; i++)
			if (p->t.type->release(&p->t, &p->item[i]) < 0)
				bad = -QT_ECORRUPT;
	}
	for (; i < p->count; i++)
		if (p->t.type->requeue(&p->t, &p->item[i]) < 0)
			bad = -QT_ECORRUPT;
	p->count = 0;
	return bad < 0 ? bad : rc;
}

/* Until there is nothing more to do: 0, or why. */
static int
run(struct popping *p)
{
	int	rc = 0;

	while (p->left > 0 && stop_signal == 0) {
		rc = take(p);
		if (rc == 0)
			rc = give(p);
		else if (rc == -ETIMEDOUT && (p->is_following ||
		    qt_wait_deadline(0) < p->deadline))
			rc = 0;
		else if (rc == -QT_EGONE && p->deadline != QT_WAIT_NEVER) {
			/* Erased: nobody waits, but what is in it is ours. */
			p->deadline = QT_WAIT_NEVER;
			rc = 0;
		}
		if (rc < 0)
			return rc;
	}
	return rc;
}

static enum qt_exit
finish(struct popping *p, int rc, int is_all)
{
	struct qt_err	err = QT_ERR_INIT;
	int		is_erased = p->is_following &&
	    p->deadline == QT_WAIT_NEVER;

	if (stop_signal != 0) {
		thing_close(&p->t);
		if (p->is_following)
			return QT_EXIT_OK;
		stop_now();
	}
	if (rc == -QT_EEMPTY || rc == -ETIMEDOUT) {
		thing_close(&p->t);
		return is_erased || (is_all && p->done > 0) ? QT_EXIT_OK :
		    QT_EXIT_NO;
	}
	if (rc == -EPIPE)
		exit(QT_EXIT_SYS);	/* as head(1) wanted it: no message */
	if (rc < 0 && rc > -1024)
		qt_err_set(&err, "write to standard output (what was not "
		    "written is in it again)");
	if (rc < 0)
		target_die(&p->t.target, rc, &err);
	thing_close(&p->t);
	return QT_EXIT_OK;
}

int
pop_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&pop_verb, argc, argv);
	struct popping	 p = { .sink = { .end = '\n' }, .left = 1 };
	const char	*seconds = NULL;
	int		 id, rc, is_all = 0, is_patient = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		is_patient |= id == 'w' || id == 'f';
		p.is_following |= id == 'f';
		is_all |= id == 'a' || id == 'f';
		if (id == 'W')
			seconds = o.value;
		if (id == 'n')
			p.left = qt_opt_ulong("-n", o.value, 1, ULONG_MAX);
		if (id == 'r')
			p.sink = (struct sink){ .end = -1, .is_raw = 1 };
		if (id == '0')
			p.sink.end = '\0';
	}
	if (argc - o.index != 1)
		qt_usage(&pop_verb);
	if (is_all)
		p.left = UINT64_MAX;
	p.deadline = waiting_deadline(is_patient, seconds);
	thing_open(&p.t, argv[o.index], QT_SEG_JOIN | THING_POP);
	if (p.t.type->follow != NULL && !p.is_following)
		qt_die(QT_EXIT_USAGE, "%s: nothing is taken out of a %s; -f "
		    "follows it, peek and get show what is there",
		    p.t.target.text, p.t.stat.type_name);
	if (p.t.type->take == NULL && p.t.type->follow == NULL)
		thing_cannot(&p.t, "pop");
	stop_on_signals();
	rc = p.t.type->follow != NULL ? p.t.type->follow(&p.t, &p.sink, 1) :
	    run(&p);
	qt_buf_clear(&p.out);
	return finish(&p, rc, is_all);
}
