/* SPDX-License-Identifier: Apache-2.0 */
/* Shown, or asked about and done. See forget.h. */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <qt/base/prog.h>

#include "ask.h"
#include "forget.h"
#include "print.h"

#define PREVIEW	10u		/* events shown before it asks */

struct looking {
	const struct forget	*f;
	struct qt_buf		 out;
	uint64_t		 preview;	/* more to be shown */
	bool			 is_shown, is_told;
};

static void
show(struct looking *l, const struct qt_hist_event *e)
{
	static const struct print	as_list = { .how = PRINT_LINES };

	qt_buf_reset(&l->out);
	print_event(&l->out, &as_list, e, 0, true);
	if (l->is_shown)
		qt_prog_write(l->out.data, l->out.len);
	else
		fwrite(l->out.data, 1, l->out.len, stderr);
}

static int
judge(void *arg, struct qt_hist_event *e)
{
	struct looking		*l = arg;
	struct qt_hist_event	 before = *e;
	int			 rc = l->f->judge(l->f->arg, e);

	if (rc > QT_HIST_STAYS && (l->is_shown || l->preview > 0)) {
		show(l, e);
		l->preview -= l->preview > 0;
	}
	if (rc > QT_HIST_STAYS && l->is_told && l->f->tell != NULL)
		l->f->tell(l->f->arg, &before);
	return rc;
}

static struct qt_hist_erased
look(struct qt_hist_db *db, struct looking *l, unsigned int flags)
{
	struct qt_hist_erased	out;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	if (l->f->restart != NULL)
		l->f->restart(l->f->arg);
	rc = qt_hist_erase(db, judge, l, l->f->flags | flags, &out, &err);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	return out;
}

/* Whether there is any, and it is to go. */
static bool
is_meant(struct qt_hist_db *db, struct looking *l)
{
	struct qt_hist_erased	e;
	uint64_t		n;

	if (!l->is_shown && isatty(STDIN_FILENO))
		l->preview = PREVIEW;
	e = look(db, l, QT_HIST_ERASE_DRY);
	l->preview = 0;
	qt_buf_clear(&l->out);
	n = e.gone + e.changed;
	if (n == 0 || l->is_shown)
		return n > 0;
	if (n > PREVIEW && isatty(STDIN_FILENO))
		fprintf(stderr, "and %" PRIu64 " more\n", n - PREVIEW);
	return ask("%s %" PRIu64 " event%s of the history?", l->f->what, n,
	    n == 1 ? "" : "s");
}

int
forget(struct qt_hist_db *db, const struct forget *f)
{
	struct looking		l = { .f = f, .out = QT_BUF_INIT,
	    .is_shown = f->is_dry };
	struct qt_hist_index	*ix;
	struct qt_hist_erased	e;
	uint64_t		n;
	int			rc;

	/* What was run before goes, wherever it is. */
	rc = history_take_sure(db);
	if ((f->is_dry || !f->is_forced) && !is_meant(db, &l))
		return rc < 0 ? QT_EXIT_SYS : QT_EXIT_NO;
	if (f->is_dry)
		return rc < 0 ? QT_EXIT_SYS : QT_EXIT_OK;
	l.is_told = true;
	ix = history_index_now();
	e = look(db, &l, 0);
	n = e.gone + e.changed;
	/* Who searches next is not to wait for another one. */
	if (ix != NULL && qt_hist_index_is_outdated(ix)) {
		qt_hist_index_close(ix);
		ix = history_index(db);
	}
	qt_hist_index_close(ix);
	if (n > 0 && isatty(STDERR_FILENO))
		qt_warn("%s: done with %" PRIu64 " event%s; %" PRIu64
		    " command%s in no other", f->what, n, n == 1 ? "" : "s",
		    e.commands, e.commands == 1 ? " was" : "s were");
	if (e.is_held)
		qt_warn("somebody is reading the history: its old files go "
		    "with the next qt-hist that is run after that");
	return rc < 0 ? QT_EXIT_SYS : n == 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
