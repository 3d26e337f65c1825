/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shells wrote since the index was made, and what is deleted in the end.
 * See pick.h.
 *
 * Taking in may take long where there is much, and ends the program where the
 * history cannot be opened. So a child does it while the picker is there: what
 * it has to say comes through a pipe, whose end is its end.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>
#include <qt/hist/erase.h>

#include "history.h"
#include "pick.h"

#define TOLD_MAX	4096u

/* Nobody who waits for our output shall wait for the child. */
static _Noreturn void
take(struct pick *p, int out)
{
	int		 null = qt_sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	struct qt_hist_index *ix;
	struct qt_hist_db *db;
	sigset_t	 none;

	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(QT_EXIT_SYS);
	close(out);
	close(p->term.fd);
	db = history_open_index(&ix);
	qt_hist_index_close(ix);
	history_close(db);
	exit(QT_EXIT_OK);
}

void
pick_take_start(struct pick *p)
{
	int	fds[2];
	pid_t	pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = qt_sys_fork();
	if (pid == 0) {
		close(fds[0]);
		take(p, fds[1]);
	}
	close(fds[1]);
	p->taker_pid = pid;
	if (pid > 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0)
		p->taker = fds[0];
	else
		close(fds[0]);
}

/* For tags; it does without where it has to. */
static struct qt_hist_db *
open_db(void)
{
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];

	if (history_folder(path, "store", &err) < 0 ||
	    qt_hist_db_open(&db, path, true, &err) < 0)
		return NULL;
	return db;
}

/* The first line, without the program's name. */
static void
show_told(struct pick *p)
{
	const char	*text = p->told.len > 0 ? p->told.data : "", *end;
	const char	*name = strstr(text, ": ");

	if (name != NULL)
		text = name + 2;
	end = strchr(text, '\n');
	if (end != NULL)
		pick_note(p, "%.*s", (int)(end - text), text);
}

static void
use_new(struct pick *p)
{
	struct qt_hist_index	*ix = p->list.ix;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	if (ix == NULL || qt_hist_index_is_outdated(ix))
		ix = history_index_now();
	if (ix == NULL)
		return;	/* it has told why */
	rc = pick_list_use(&p->list, ix, open_db(), &err);
	if (rc < 0)
		pick_note(p, "%s: %s", err.text, qt_strerror(rc));
	pick_find(p, false);
	if (p->is_waiting)
		pick_choose(p, p->is_edit);
}

void
pick_take_read(struct pick *p)
{
	char	piece[512];
	ssize_t	n;

	while ((n = qt_sys_read(p->taker, piece, sizeof(piece))) > 0)
		if (p->told.len < TOLD_MAX)
			(void)qt_buf_add(&p->told, piece, (size_t)n);
	if (n == -EAGAIN)
		return;
	close(p->taker);
	p->taker = -1;
	(void)waitpid(p->taker_pid, NULL, 0);	/* it is at its end */
	p->is_dirty = true;
	show_told(p);
	use_new(p);
}

/* --- Deleting ------------------------------------------------------------- */

static int
judge(void *arg, struct qt_hist_event *e)
{
	return pick_texts_has(arg, &e->text) ? QT_HIST_GOES : QT_HIST_STAYS;
}

int
pick_erase(const struct pick_texts *deleted)
{
	struct pick_texts	 texts = *deleted;
	struct qt_hist_erased	 erased;
	struct qt_hist_db	*db;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	if (deleted->count == 0)
		return QT_EXIT_OK;
	db = history_open();
	/* What was run before goes, wherever it is. */
	(void)history_take_sure(db);
	rc = qt_hist_erase(db, judge, &texts, 0, &erased, &err);
	if (rc < 0)
		qt_warn("%s: %s", err.text, qt_strerror(rc));
	else
		qt_hist_index_close(history_index(db));
	if (rc == 0 && erased.is_held)
		qt_warn("somebody is reading the history: its old files go "
		    "with the next qt-hist that is run after that");
	history_close(db);
	return rc < 0 ? history_code(rc) : QT_EXIT_OK;
}
