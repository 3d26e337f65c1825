/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shells started ahead (host.spare), so that `new` need not wait for one. A
 * spare is only handed out for what it is: the login shell in the home folder
 * with the host's environment. Its size and name can still be given to it; a
 * folder or an environment cannot.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/log.h>

#include "host_priv.h"

#define REFILL_MS	200
#define RETRY_MS	10000

/* Of an interactive shell's own making, different in each. */
static const char *const volatiles[] = {
	"_", "PWD", "OLDPWD", "SHLVL", "TERM", "COLORTERM", "LINES", "COLUMNS",
	"WINDOWID", "QT_SESSION", "QT_RUNTIME_DIR",
};

static int
is_volatile(const char *entry)
{
	size_t	len = strcspn(entry, "=");

	for (size_t i = 0; i < sizeof(volatiles) / sizeof(volatiles[0]); i++) {
		if (strlen(volatiles[i]) == len &&
		    strncmp(volatiles[i], entry, len) == 0)
			return 1;
	}
	return 0;
}

/* Whether everything that is said in a is said in b, the same way. */
static int
is_covered(char *const *a, char *const *b)
{
	size_t	i;

	for (; a != NULL && *a != NULL; a++) {
		if (is_volatile(*a))
			continue;
		for (i = 0; b != NULL && b[i] != NULL; i++) {
			if (strcmp(*a, b[i]) == 0)
				break;
		}
		if (b == NULL || b[i] == NULL)
			return 0;
	}
	return 1;
}

static int
is_plain(struct qt__host *h, const struct qt__new *n)
{
	const char	*home = getenv("HOME");

	if ((n->argv != NULL && n->argv[0] != NULL) ||
	    n->opt.ring_limit != h->opt.scrollback)
		return 0;
	if (n->cwd[0] != '\0' && (home == NULL || strcmp(n->cwd, home) != 0))
		return 0;
	return is_covered(n->env, environ) &&
	    ((n->opt.flags & QT_NEW_CLEAN_ENV) == 0 ||
	    is_covered(environ, n->env));
}

static struct qt__session *
find_spare(struct qt__host *h)
{
	for (uint32_t i = 0; h->spares > 0 && i < h->session_slots; i++) {
		if (h->sessions[i] != NULL && h->sessions[i]->is_spare &&
		    !h->sessions[i]->is_starting && !h->sessions[i]->is_dead)
			return h->sessions[i];
	}
	return NULL;
}

int
qt__spare_take(struct qt__host *h, const struct qt__new *n)
{
	struct qt__session	*s;
	struct qt_session	 rec, wanted;
	struct qt_err		 err;

	if (!is_plain(h, n) || (s = find_spare(h)) == NULL ||
	    qt__new_record(h, n, &wanted, &err) < 0 ||
	    qt__table_get(h->table, s->slot, &rec) < 0)
		return -ENOENT;
	rec.state = QT_STATE_RUNNING;
	rec.policy = wanted.policy;
	rec.created_ms = qt_clock_real_ms();
	memcpy(rec.name, wanted.name, sizeof(rec.name));
	if (strcmp(rec.owner, wanted.owner) != 0) {
		/* Another owner's list: as a record it is a new one. */
		memcpy(rec.owner, wanted.owner, sizeof(rec.owner));
		if (qt__table_set_owner(h->table, &rec) < 0)
			return -ENOENT;
	} else if (qt__table_put(h->table, &rec) < 0) {
		return -ENOENT;
	}
	s->is_spare = 0;
	s->policy = (uint8_t)rec.policy;
	s->conn = n->conn;
	s->is_forget = (n->opt.flags & QT_NEW_FORGET) != 0;
	qt__bound_set(s, n);
	h->spares--;
	h->running++;
	(void)qt__size_set(s, n->opt.cols, n->opt.rows);
	qt__tell_created(h, &rec, n->conn, n->tag);
	(void)uv_timer_start(&h->spare_timer, qt__spare_fill, REFILL_MS, 0);
	return 0;
}

void
qt__spare_fill(uv_timer_t *timer)
{
	struct qt__host	*h = timer->data;
	struct qt__new	 n = {
		.opt = { .cols = 80, .rows = 24,
		    .ring_limit = h->opt.scrollback },
		.name = "", .owner = "", .cwd = "", .is_spare = 1,
	};
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc;

	while (h->spares < h->opt.spare && !h->is_stopping) {
		rc = qt__session_start(h, &n, &err);
		if (rc == 0)
			continue;
		qt_log(QT_LOG_WARN, QT__MODULE, "start a spare shell: %s: %s",
		    err.text, qt_strerror(rc));
		(void)uv_timer_start(timer, qt__spare_fill, RETRY_MS, 0);
		return;
	}
}
