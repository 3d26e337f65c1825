/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm push - put items into a queue */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "thing.h"
#include "verbs.h"
#include "waiting.h"

static const struct qt_opt opts[] = {
	{ 'w', "wait", NULL, "wait while it is full" },
	{ 'W', "timeout", "SECONDS", "wait, but no longer than that" },
	{ '0', "null", NULL, "items of stdin end with NUL, not a new-line" },
	{ 'r', "raw", "SIZE", "stdin is items of SIZE bytes, as they are" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb push_verb = {
	"push", push_main, "SEG/NAME [ITEM ...]",
	"put items in, or the lines of stdin", opts,
};

struct pushing {
	struct thing	 t;
	struct qt_buf	 item;
	uint64_t	 deadline, count;
	int		 is_raw;
};

/* What became of the items before is said with every failure. */
static _Noreturn void
fail(struct pushing *p, int rc, struct qt_err *err)
{
	if (rc == -QT_EFULL || rc == -ETIMEDOUT) {
		qt_warn("%s: it is full; %llu items were put in%s",
		    p->t.target.text, (unsigned long long)p->count,
		    rc == -QT_EFULL ? " (-w waits)" : "");
		exit(QT_EXIT_NO);
	}
	if (rc == -EMSGSIZE)
		qt_err_set(err, "%zu bytes; it takes %s%zu", p->item.len,
		    p->t.has_dtype ? "exactly " : "at most ", p->t.item_max);
	qt_err_wrap(err, "item %llu", (unsigned long long)p->count + 1);
	if (p->count > 0)
		qt_warn("%s: %llu items were put in, then:", p->t.target.text,
		    (unsigned long long)p->count);
	target_die(&p->t.target, rc, err);
}

static void
push_one(struct pushing *p, const char *text, size_t len)
{
	const struct qt_dtype	*dtype = p->is_raw ? NULL :
	    thing_dtype(&p->t);
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = item_scan(dtype, text, len, &p->item,
	    &err);

	if (rc == 0)
		rc = p->t.type->push(&p->t,
		    p->item.data != NULL ? p->item.data : "", p->item.len,
		    p->deadline);
	if (rc < 0)
		fail(p, rc, &err);
	p->count++;
}

int
push_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&push_verb, argc, argv);
	struct lines	 l = LINES_INIT('\n');
	struct pushing	 p = { .item = QT_BUF_INIT };
	const char	*seconds = NULL;
	char		*item;
	size_t		 len;
	int		 id, is_patient = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		is_patient |= id == 'w';
		if (id == 'W')
			seconds = o.value;
		if (id == '0')
			l.end = '\0';
		if (id == 'r')
			l.size = qt_opt_size("-r", o.value, 1, LINE_MAX_SIZE);
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 1)
		qt_usage(&push_verb);
	p.deadline = waiting_deadline(is_patient, seconds);
	thing_open(&p.t, argv[0], QT_SEG_JOIN | THING_PUSH);
	if (p.t.type->push == NULL)
		thing_cannot(&p.t, "push");
	p.is_raw = l.size > 0;
	p.t.end = p.is_raw ? -1 : l.end;
	for (int i = 1; i < argc; i++)
		push_one(&p, argv[i], strlen(argv[i]));
	while (argc == 1 && lines_next(&l, 0, &item, &len) == 1)
		push_one(&p, item, len);
	lines_clear(&l);
	qt_buf_clear(&p.item);
	thing_close(&p.t);
	return QT_EXIT_OK;
}
